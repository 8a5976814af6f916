/* SPDX-License-Identifier: Apache-2.0 */
/* Archives by libarchive. Only readers that stay in this process: the others start programs. */
#include "agent/file/unpack_private.h"

#include <stdlib.h>

#include <archive.h>
#include <archive_entry.h>

enum { INPUT_PIECE = 64 * 1024, RETRIES = 8 };

struct input {
    const struct yara_source *source;
    uint64_t at;
    uint8_t *piece;
};

static la_ssize_t
on_read(struct archive *archive, void *ctx, const void **out)
{
    struct input *in = ctx;
    uint64_t left = in->at < in->source->size ? in->source->size - in->at : 0;
    size_t got = 0;

    if (left > 0 &&
        in->source->read(in->source->ctx, in->at, in->piece,
                         left < INPUT_PIECE ? (size_t)left : INPUT_PIECE, &got) != VG_OK) {
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

static bool
set_up(struct archive *a, struct input *in)
{
    int worst = 0;

    worst |= archive_read_support_format_zip(a);
    worst |= archive_read_support_format_7zip(a);
    worst |= archive_read_support_format_rar(a);
    worst |= archive_read_support_format_rar5(a);
    worst |= archive_read_support_format_tar(a);
    worst |= archive_read_support_format_iso9660(a);
    worst |= archive_read_support_format_cab(a);
    worst |= archive_read_support_format_ar(a);
    worst |= archive_read_support_format_raw(a);
    worst |= archive_read_support_filter_gzip(a);
    worst |= archive_read_support_filter_bzip2(a);
    worst |= archive_read_support_filter_xz(a);
    worst |= archive_read_support_filter_zstd(a);
    worst |= archive_read_support_filter_lz4(a);
    worst |= archive_read_support_filter_compress(a);
    if (worst != ARCHIVE_OK)
        return false;
    return archive_read_set_read_callback(a, on_read) == ARCHIVE_OK &&
           archive_read_set_skip_callback(a, on_skip) == ARCHIVE_OK &&
           archive_read_set_seek_callback(a, on_seek) == ARCHIVE_OK &&
           archive_read_set_callback_data(a, in) == ARCHIVE_OK;
}

/* Whether the archive can be gone on with. */
static bool
take_entry(struct unpack *u, struct archive *a, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    bool more = true;
    int rc = ARCHIVE_OK;

    if (archive_entry_is_data_encrypted(entry) || archive_entry_is_metadata_encrypted(entry)) {
        u->counts->locked++;
        return true;
    }
    if (archive_entry_filetype(entry) == AE_IFDIR || archive_entry_filetype(entry) == AE_IFLNK)
        return true;
    if (!unpack_begin(u, name != NULL ? name : archive_entry_pathname(entry)))
        return false;
    while (more) {
        const void *bytes;
        size_t len;
        la_int64_t offset;

        rc = archive_read_data_block(a, &bytes, &len, &offset);
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            break;
        more = unpack_more(u, bytes, len);
    }
    if (rc != ARCHIVE_EOF && rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        u->level[u->depth].damaged = true;
    unpack_end(u); /* also what came before the damage */
    return more && rc != ARCHIVE_FATAL;
}

void
unpack_archive(struct unpack *u, const struct yara_source *source)
{
    struct input in = {.source = source, .piece = malloc(INPUT_PIECE)};
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    int retries = 0, rc = ARCHIVE_FATAL;

    if (in.piece != NULL && a != NULL && set_up(a, &in) && archive_read_open1(a) == ARCHIVE_OK) {
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
    if (rc != ARCHIVE_EOF && rc != ARCHIVE_OK)
        u->level[u->depth].damaged = true;
    (void)archive_read_free(a);
    free(in.piece);
}
