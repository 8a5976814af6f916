/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_decode.h"

#include <zlib.h>

enum { PIECE_BYTES = 16 * 1024 };

struct stage {
    z_stream z;
    enum http_coding coding;
    bool begun, between, ended; /* between: a member is over, perhaps another follows */
};

struct http_decoder {
    unsigned count;
    uint64_t taken, given;
    struct stage stage[HTTP_CODINGS_MAX]; /* in the order in which they are undone */
};

struct sink {
    http_decoded_fn *tell;
    void *ctx;
};

/* zlib's memory with its size before it, for the engine's account. */
union counted {
    size_t size;
    max_align_t align;
};

static void *
counted_alloc(void *ctx, unsigned items, unsigned size)
{
    size_t total = (size_t)items * size + sizeof(union counted);
    union counted *p = net_parser_alloc(ctx, total);

    if (p == NULL)
        return NULL;
    p->size = total;
    return p + 1;
}

static void
counted_free(void *ctx, void *address)
{
    union counted *p = address;

    net_parser_free(ctx, p - 1, p[-1].size);
}

struct http_decoder *
http_decoder_new(struct net_engine *e, const struct http_codings *codings, struct str *left)
{
    struct http_decoder *d;
    unsigned i = codings->count;

    *left = str_of("");
    while (i > 0 && codings->coding[i - 1] != HTTP_CODING_OTHER)
        i--;
    if (i > 0)
        *left = codings->name[i - 1];
    if (i == codings->count || codings->more)
        return NULL;
    d = net_parser_alloc(e, sizeof(*d));
    if (d == NULL) {
        *left = codings->name[codings->count - 1];
        return NULL;
    }
    for (unsigned j = codings->count; j > i; j--)
        d->stage[d->count++].coding = codings->coding[j - 1];
    return d;
}

void
http_decoder_free(struct http_decoder *d, struct net_engine *e)
{
    for (unsigned i = 0; d != NULL && i < d->count; i++)
        if (d->stage[i].begun)
            (void)inflateEnd(&d->stage[i].z);
    net_parser_free(e, d, sizeof(*d));
}

/* "deflate" is zlib's format by the standard (RFC 1950) and raw (RFC 1951) in practice. The first
 * byte tells: a raw stream that begins so would be an empty-looking stored block with a bit of its
 * padding set. */
static int
window_bits(enum http_coding coding, struct slice head)
{
    if (coding == HTTP_GZIP)
        return 15 + 32; /* some call zlib's format gzip */
    return (slice_u8(&head) & 15) == 8 ? 15 : -15;
}

static bool
begin(struct stage *s, struct net_engine *e, struct slice head)
{
    s->z.zalloc = counted_alloc;
    s->z.zfree = counted_free;
    s->z.opaque = e;
    s->begun = inflateInit2(&s->z, window_bits(s->coding, head)) == Z_OK;
    return s->begun;
}

static bool
within_limits(const struct http_decoder *d)
{
    return d->given <= HTTP_DECODED_MAX &&
           (d->given <= HTTP_DECODED_FREE_BYTES || d->given / HTTP_DECODED_RATIO_MAX <= d->taken);
}

/* RFC 1952, 2.2: another member may follow the one that ended. */
static bool
next_member(struct stage *s)
{
    struct slice rest = slice_of(s->z.next_in, s->z.avail_in);

    if (s->z.avail_in == 0)
        return false; /* the next bytes tell */
    s->between = false;
    if (s->coding == HTTP_GZIP && slice_u8(&rest) == 0x1f && inflateReset(&s->z) == Z_OK)
        return true;
    s->ended = true;
    return false;
}

static enum vg_err run(struct http_decoder *d, unsigned i, const struct protocol_call *call,
                       struct slice bytes, const struct sink *sink);

/* One round: up to PIECE_BYTES of output. VG_AGAIN: there may be more. */
static enum vg_err
turn(struct http_decoder *d, unsigned i, const struct protocol_call *call, const struct sink *sink)
{
    struct stage *s = &d->stage[i];
    uint8_t piece[PIECE_BYTES];
    enum vg_err err = VG_OK;
    int status;

    s->z.next_out = piece;
    s->z.avail_out = sizeof(piece);
    status = inflate(&s->z, Z_NO_FLUSH);
    if (s->z.avail_out < sizeof(piece))
        err = run(d, i + 1, call, slice_of(piece, sizeof(piece) - s->z.avail_out), sink);
    if (err != VG_OK)
        return err;
    if (status == Z_STREAM_END) {
        s->between = true;
        return next_member(s) ? VG_AGAIN : VG_OK;
    }
    if (status != Z_OK && status != Z_BUF_ERROR) /* damaged: what came out counts */
        return VG_ERR_FORMAT;
    return s->z.avail_out > 0 ? VG_OK : VG_AGAIN;
}

static enum vg_err
run(struct http_decoder *d, unsigned i, const struct protocol_call *call, struct slice bytes,
    const struct sink *sink)
{
    struct stage *s = &d->stage[i];
    enum vg_err err;

    if (i == d->count) {
        d->given += bytes.left;
        sink->tell(sink->ctx, call, bytes);
        return within_limits(d) ? VG_OK : VG_ERR_LIMIT;
    }
    if (s->ended)
        return VG_OK;
    if (!s->begun && !begin(s, call->engine, bytes))
        return VG_ERR_FORMAT;
    s->z.next_in = (uint8_t *)(uintptr_t)bytes.at; /* zlib does not write there */
    s->z.avail_in = (unsigned)bytes.left;
    if (s->between && !next_member(s))
        return VG_OK;
    do
        err = turn(d, i, call, sink);
    while (err == VG_AGAIN);
    return err;
}

enum vg_err
http_decoder_bytes(struct http_decoder *d, const struct protocol_call *call, struct slice bytes,
                   http_decoded_fn *sink, void *ctx)
{
    struct sink to = {.tell = sink, .ctx = ctx};

    if (bytes.left == 0)
        return VG_OK;
    d->taken += bytes.left;
    return run(d, 0, call, bytes, &to);
}
