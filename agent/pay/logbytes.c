/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logbytes.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "common/utf8.h"

enum { RAW_SIZE = 64 * 1024, SKIP_SIZE = 16 * 1024 };

enum kind { KIND_UNKNOWN, KIND_PLAIN, KIND_GZIP, KIND_ZSTD, KIND_UTF16 };

struct logbytes {
    platform_file file;
    enum kind kind;
    enum vg_err broken; /* sticky */
    uint64_t raw_offset, offset;
    uint8_t *raw; /* undecoded: [raw_at, raw_len) */
    size_t raw_at, raw_len;
    bool midway, big_endian;
    bool zlib_open;
    z_stream zlib;
    ZSTD_DStream *zstd;
    uint16_t high; /* first half of a surrogate pair */
    uint8_t held[UTF8_MAX];
    size_t held_at, held_len;
};

enum vg_err
logbytes_new(platform_file file, struct logbytes **out)
{
    struct logbytes *b = calloc(1, sizeof *b);

    if (b == NULL)
        return VG_ERR_NOMEM;
    b->file = file;
    *out = b;
    return VG_OK;
}

static void
decoder_close(struct logbytes *b)
{
    if (b->zlib_open)
        (void)inflateEnd(&b->zlib);
    b->zlib_open = false;
    (void)ZSTD_freeDStream(b->zstd);
    b->zstd = NULL;
}

void
logbytes_free(struct logbytes *b)
{
    if (b == NULL)
        return;
    decoder_close(b);
    free(b->raw);
    free(b);
}

static enum vg_err
decoder_open(struct logbytes *b)
{
    decoder_close(b);
    if (b->kind == KIND_GZIP) {
        memset(&b->zlib, 0, sizeof b->zlib);
        if (inflateInit2(&b->zlib, 16 + MAX_WBITS) != Z_OK)
            return VG_ERR_NOMEM;
        b->zlib_open = true;
    } else if (b->kind == KIND_ZSTD) {
        b->zstd = ZSTD_createDStream();
        if (b->zstd == NULL ||
            ZSTD_isError(ZSTD_DCtx_setParameter(b->zstd, ZSTD_d_windowLogMax, LOGBYTES_WINDOW_LOG)))
            return VG_ERR_NOMEM;
    }
    return VG_OK;
}

static enum kind
kind_of(struct slice head, bool *big_endian, size_t *skip)
{
    uint8_t a = slice_u8(&head), b = slice_u8(&head), c = slice_u8(&head), d = slice_u8(&head);

    *skip = 0;
    *big_endian = false;
    if (a == 0x1f && b == 0x8b)
        return KIND_GZIP;
    if ((a == 0x28 && b == 0xb5 && c == 0x2f && d == 0xfd) ||
        ((a & 0xf0) == 0x50 && b == 0x2a && c == 0x4d && d == 0x18))
        return KIND_ZSTD;
    if ((a == 0xff && b == 0xfe) || (a == 0xfe && b == 0xff)) {
        *skip = 2;
        *big_endian = a == 0xfe;
        return KIND_UTF16;
    }
    if ((a == 0) != (b == 0) && (c == 0) != (d == 0) && (a == 0) == (c == 0)) {
        *big_endian = a == 0;
        return KIND_UTF16;
    }
    return KIND_PLAIN;
}

/* Looks at the first bytes; VG_AGAIN while they are not there. */
static enum vg_err
recognise(struct logbytes *b)
{
    uint8_t head[LOGBYTES_MAGIC];
    size_t got, skip;
    enum vg_err err = platform_file_read(b->file, 0, head, sizeof head, &got);

    if (err != VG_OK)
        return err;
    if (got < sizeof head)
        return VG_AGAIN;
    b->kind = kind_of(slice_of(head, got), &b->big_endian, &skip);
    b->raw_offset = skip;
    if (b->kind != KIND_PLAIN && b->raw == NULL) {
        b->raw = malloc(RAW_SIZE);
        if (b->raw == NULL)
            return VG_ERR_NOMEM;
    }
    return decoder_open(b);
}

static enum vg_err
raw_fill(struct logbytes *b)
{
    size_t got;
    enum vg_err err;

    if (b->raw_at > 0)
        memmove(b->raw, b->raw + b->raw_at, b->raw_len - b->raw_at);
    b->raw_len -= b->raw_at;
    b->raw_at = 0;
    err = platform_file_read(b->file, b->raw_offset, b->raw + b->raw_len, RAW_SIZE - b->raw_len,
                             &got);
    if (err != VG_OK)
        return err;
    b->raw_len += got;
    b->raw_offset += got;
    return VG_OK;
}

static enum vg_err
gzip_step(struct logbytes *b, uint8_t *to, size_t size, size_t *got)
{
    int code;

    b->zlib.next_in = b->raw + b->raw_at;
    b->zlib.avail_in = (uInt)(b->raw_len - b->raw_at);
    b->zlib.next_out = to;
    b->zlib.avail_out = (uInt)size;
    code = inflate(&b->zlib, Z_NO_FLUSH);
    b->raw_at = b->raw_len - b->zlib.avail_in;
    *got = size - b->zlib.avail_out;
    b->midway = code != Z_STREAM_END;
    if (code == Z_STREAM_END) /* another member may follow */
        return inflateReset(&b->zlib) == Z_OK ? VG_OK : VG_ERR_FORMAT;
    return code == Z_OK || code == Z_BUF_ERROR ? VG_OK : VG_ERR_FORMAT;
}

static enum vg_err
zstd_step(struct logbytes *b, uint8_t *to, size_t size, size_t *got)
{
    ZSTD_inBuffer in = {b->raw, b->raw_len, b->raw_at};
    ZSTD_outBuffer out = {to, size, 0};
    size_t left = ZSTD_decompressStream(b->zstd, &out, &in);

    if (ZSTD_isError(left))
        return VG_ERR_FORMAT;
    b->raw_at = in.pos;
    *got = out.pos;
    b->midway = left != 0;
    return VG_OK;
}

/* One unit to at most one character; 0 for the first half of a pair. */
static uint32_t
utf16_unit(struct logbytes *b, uint16_t unit)
{
    uint32_t c = unit;

    if (unit >= 0xd800 && unit < 0xdc00) {
        c = b->high != 0 ? 0xfffd : 0;
        b->high = unit;
        return c;
    }
    if (unit >= 0xdc00 && unit < 0xe000)
        c = b->high != 0 ? 0x10000 + ((uint32_t)(b->high - 0xd800) << 10) + (unit - 0xdc00U)
                         : 0xfffd;
    b->high = 0;
    return c == 0 ? ' ' : c;
}

static enum vg_err
utf16_step(struct logbytes *b, uint8_t *to, size_t size, size_t *got)
{
    struct slice in = slice_of(b->raw + b->raw_at, b->raw_len - b->raw_at);
    size_t n = 0;

    while (n < size) {
        if (b->held_at < b->held_len) {
            to[n++] = b->held[b->held_at++];
        } else if (in.left >= 2) {
            uint32_t c = utf16_unit(b, b->big_endian ? slice_be16(&in) : slice_le16(&in));

            b->raw_at += 2;
            b->held_at = 0;
            b->held_len = c != 0 ? utf8_encode(c, b->held) : 0;
        } else {
            break;
        }
    }
    *got = n;
    return VG_OK;
}

static enum vg_err
decode(struct logbytes *b, uint8_t *to, size_t size, size_t *got)
{
    switch (b->kind) {
    case KIND_GZIP:
        return gzip_step(b, to, size, got);
    case KIND_ZSTD:
        return zstd_step(b, to, size, got);
    default:
        return utf16_step(b, to, size, got);
    }
}

static enum vg_err
decoded_read(struct logbytes *b, uint8_t *to, size_t size, size_t *got)
{
    for (;;) {
        uint64_t raw_before;
        size_t at_before;
        enum vg_err err = raw_fill(b);

        if (err != VG_OK)
            return err;
        *got = 0;
        if (b->raw_at == b->raw_len && b->kind != KIND_UTF16 && !b->midway)
            return VG_OK;
        raw_before = b->raw_offset;
        at_before = b->raw_at;
        err = decode(b, to, size, got);
        if (err != VG_OK || *got > 0)
            return err;
        if (b->raw_at == at_before && b->raw_offset == raw_before)
            return VG_OK; /* no progress: wait for more input */
    }
}

static enum vg_err
read_kind(struct logbytes *b, void *to, size_t size, size_t *got)
{
    enum vg_err err;

    if (b->kind == KIND_UNKNOWN) {
        err = recognise(b);
        if (err != VG_OK)
            return err;
    }
    if (b->kind != KIND_PLAIN)
        return decoded_read(b, to, size, got);
    err = platform_file_read(b->file, b->raw_offset, to, size, got);
    if (err == VG_OK)
        b->raw_offset += *got;
    return err;
}

enum vg_err
logbytes_read(struct logbytes *b, void *to, size_t size, size_t *got)
{
    enum vg_err err;

    *got = 0;
    if (b->broken != VG_OK)
        return b->broken;
    err = read_kind(b, to, size, got);
    if (err == VG_AGAIN)
        return VG_OK;
    b->offset += *got;
    if (err == VG_OK && b->offset > LOGBYTES_MAX)
        err = VG_ERR_LIMIT;
    if (err == VG_ERR_FORMAT || err == VG_ERR_LIMIT)
        b->broken = err;
    return err;
}

enum vg_err
logbytes_seek(struct logbytes *b, uint64_t offset)
{
    uint8_t skip[SKIP_SIZE];

    b->kind = KIND_UNKNOWN;
    b->broken = VG_OK;
    b->raw_offset = b->offset = 0;
    b->raw_at = b->raw_len = b->held_at = b->held_len = 0;
    b->midway = false;
    b->high = 0;
    while (b->offset < offset) {
        uint64_t left = offset - b->offset;
        size_t got;
        enum vg_err err =
            logbytes_read(b, skip, left < sizeof skip ? (size_t)left : sizeof skip, &got);

        if (err != VG_OK)
            return err;
        if (got == 0)
            return VG_ERR_SHORT;
        if (b->kind == KIND_PLAIN) {
            b->raw_offset = b->offset = offset;
            return VG_OK;
        }
    }
    return VG_OK;
}

uint64_t
logbytes_offset(const struct logbytes *b)
{
    return b->offset;
}

bool
logbytes_plain(const struct logbytes *b)
{
    return b->kind == KIND_PLAIN;
}

bool
logbytes_midway(const struct logbytes *b)
{
    return b->midway;
}
