/* SPDX-License-Identifier: Apache-2.0 */
/* Archives by libarchive. Only readers that stay in this process: the others start programs. */
#include "agent/file/unpack_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

enum {
    INPUT_PIECE = 64 * 1024,
    /* Of what is packed as a whole: a few bytes of it may be gigabytes, and the time is looked at once a
     * piece. */
    INPUT_PIECE_PACKED = 4 * 1024,
    MAGIC_BYTES = 8,
    RETRIES = 8,
};

struct input {
    struct unpack *unpack;
    const struct yara_source *source;
    uint64_t at;
    uint8_t *piece;
    size_t piece_bytes;
};

static la_ssize_t
on_read(struct archive *archive, void *ctx, const void **out)
{
    struct input *in = ctx;
    uint64_t left = in->at < in->source->size ? in->source->size - in->at : 0;
    size_t got = 0;

    if (unpack_is_late(in->unpack))
        return -1;
    if (left > 0 &&
        in->source->read(in->source->ctx, in->at, in->piece,
                         left < in->piece_bytes ? (size_t)left : in->piece_bytes, &got) != VG_OK) {
        in->unpack->counts->failed++;
        return -1;
    }
    in->at += got;
    *out = in->piece;
    return (la_ssize_t)got;
}

static la_int64_t
on_skip(struct archive *archive, void *ctx, la_int64_t request)
{
    struct input *in = ctx;
    uint64_t left = in->at < in->source->size ? in->source->size - in->at : 0;
    uint64_t step = request > 0 ? (uint64_t)request : 0;

    if (step > left)
        step = left;
    in->at += step;
    return (la_int64_t)step;
}

static la_int64_t
on_seek(struct archive *archive, void *ctx, la_int64_t offset, int whence)
{
    struct input *in = ctx;
    int64_t size = (int64_t)in->source->size;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_END ? size : (int64_t)in->at;

    if (offset < -base || offset > size - base) /* to where there is nothing */
        return ARCHIVE_FATAL;
    in->at = (uint64_t)(base + offset);
    return (la_int64_t)in->at;
}

/* What may be packed around an archive or a single file, by its first bytes as in unpack.c. */
static const struct {
    const char *bytes;
    size_t len;
    int (*support)(struct archive *);
} FILTERS[] = {
    {"\x1f\x8b", 2, archive_read_support_filter_gzip},
    {"BZh", 3, archive_read_support_filter_bzip2},
    {"\xfd"
     "7zXZ",
     5, archive_read_support_filter_xz},
    {"\x28\xb5\x2f\xfd", 4, archive_read_support_filter_zstd},
    {"\x04\x22\x4d\x18", 4, archive_read_support_filter_lz4},
    {"\x1f\x9d", 2, archive_read_support_filter_compress},
};

/* Only the one that fits: libarchive unpacks as many as it finds, one in the other, and a thousand times
 * a thousand bytes would come of each. What lies in the first one is gone into as a member. */
static bool
set_up_filter(struct archive *a, struct input *in)
{
    uint8_t head[MAGIC_BYTES];
    size_t got = 0;

    in->piece_bytes = INPUT_PIECE;
    if (in->source->read(in->source->ctx, 0, head, sizeof(head), &got) != VG_OK)
        return false;
    for (size_t i = 0; i < VG_ARRAY_LEN(FILTERS); i++) {
        if (got < FILTERS[i].len || memcmp(head, FILTERS[i].bytes, FILTERS[i].len) != 0)
            continue;
        in->piece_bytes = INPUT_PIECE_PACKED;
        return FILTERS[i].support(a) == ARCHIVE_OK;
    }
    return true;
}

/* What begins so is that and nothing else: libarchive goes by its best guess, which for a stored zip at the
 * end of another archive is the zip, and all else in it would go unseen. */
static const struct {
    const char *bytes;
    size_t len;
    int (*support[2])(struct archive *);
} SIGNED[] = {
    {"Rar!\x1a\x07", 6, {archive_read_support_format_rar, archive_read_support_format_rar5}},
    {"7z\xbc\xaf\x27\x1c", 6, {archive_read_support_format_7zip, NULL}},
    {"MSCF\0\0\0\0", 8, {archive_read_support_format_cab, NULL}},
    {"!<arch>\n", 8, {archive_read_support_format_ar, NULL}},
};

static int
set_up_formats(struct archive *a, const struct input *in)
{
    uint8_t head[MAGIC_BYTES];
    size_t got = 0;
    int worst = 0;

    if (in->source->read(in->source->ctx, 0, head, sizeof(head), &got) != VG_OK)
        return ARCHIVE_FATAL;
    for (size_t i = 0; i < VG_ARRAY_LEN(SIGNED); i++) {
        if (got < SIGNED[i].len || memcmp(head, SIGNED[i].bytes, SIGNED[i].len) != 0)
            continue;
        worst = SIGNED[i].support[0](a);
        return SIGNED[i].support[1] != NULL ? worst | SIGNED[i].support[1](a) : worst;
    }
    worst |= archive_read_support_format_zip(a);
    worst |= archive_read_support_format_7zip(a);
    worst |= archive_read_support_format_rar(a);
    worst |= archive_read_support_format_rar5(a);
    worst |= archive_read_support_format_tar(a);
    worst |= archive_read_support_format_iso9660(a);
    worst |= archive_read_support_format_cab(a);
    worst |= archive_read_support_format_ar(a);
    worst |= archive_read_support_format_raw(a);
    return worst;
}

static bool
set_up(struct archive *a, struct input *in)
{
    if (set_up_formats(a, in) != ARCHIVE_OK || !set_up_filter(a, in)) {
        in->unpack->counts->failed++; /* the file or the memory: what it holds plays no part yet */
        return false;
    }
    return archive_read_set_read_callback(a, on_read) == ARCHIVE_OK &&
           archive_read_set_skip_callback(a, on_skip) == ARCHIVE_OK &&
           archive_read_set_seek_callback(a, on_seek) == ARCHIVE_OK &&
           archive_read_set_callback_data(a, in) == ARCHIVE_OK;
}

/* Part of it cannot be read. Not every filter of libarchive has a number for a want of memory. */
static void
damaged(struct unpack *u, struct archive *a)
{
    const char *why = a != NULL ? archive_error_string(a) : NULL;

    u->level[u->depth].damaged = true;
    u->counts->failed +=
        a == NULL || archive_errno(a) == ENOMEM || (why != NULL && strstr(why, "memory") != NULL);
}

/* The content of an entry, `begun` or passed by; whether the archive can be gone on with. Reading it here
 * keeps to the limits also where an entry has content that it should not have. */
static bool
take_content(struct unpack *u, struct archive *a, bool begun)
{
    bool more = true;
    int rc = ARCHIVE_OK;

    while (more) {
        const void *bytes;
        size_t len;
        la_int64_t offset;

        rc = archive_read_data_block(a, &bytes, &len, &offset);
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            break;
        more = begun ? unpack_more(u, bytes, len) : unpack_pass(u, len);
    }
    if (rc != ARCHIVE_EOF && rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        damaged(u, a);
    return more && rc != ARCHIVE_FATAL;
}

static bool
take_entry(struct unpack *u, struct archive *a, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    bool more;

    if (archive_entry_is_data_encrypted(entry) || archive_entry_is_metadata_encrypted(entry)) {
        u->counts->locked++;
        return unpack_entry(u);
    }
    if (archive_entry_filetype(entry) == AE_IFDIR || archive_entry_filetype(entry) == AE_IFLNK)
        return unpack_entry(u) && take_content(u, a, false);
    if (!unpack_begin(u, name != NULL ? name : archive_entry_pathname(entry)))
        return false;
    more = take_content(u, a, true);
    unpack_end(u); /* also what came before the damage */
    return more;
}

/* Whether it can be read, and is packed no more than once around: bombs are. */
static bool
opened(struct unpack *u, struct archive *a)
{
    if (archive_read_open1(a) != ARCHIVE_OK)
        return false;
    if (archive_filter_count(a) <= 2) /* with the one that only reads */
        return true;
    u->level[u->depth].capped = true;
    return false;
}

void
unpack_archive(struct unpack *u, const struct yara_source *source)
{
    struct input in = {.unpack = u, .source = source, .piece = malloc(INPUT_PIECE)};
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    int retries = 0, rc = ARCHIVE_FATAL;

    if (in.piece != NULL && a != NULL && set_up(a, &in) && opened(u, a)) {
        for (;;) {
            rc = archive_read_next_header(a, &entry);
            if (rc == ARCHIVE_RETRY && ++retries < RETRIES)
                continue;
            if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
                break;
            /* Raw is for what is packed around a single file, not for what is nothing we know. */
            if (archive_format(a) == ARCHIVE_FORMAT_RAW && archive_filter_count(a) <= 1)
                rc = ARCHIVE_EOF;
            else if (take_entry(u, a, entry))
                continue;
            else
                rc = ARCHIVE_OK; /* a limit, or damage: either is noted */
            break;
        }
    }
    u->counts->failed += in.piece == NULL;
    if (rc != ARCHIVE_EOF && rc != ARCHIVE_OK && !u->level[u->depth].capped)
        damaged(u, a);
    (void)archive_read_free(a);
    free(in.piece);
}
