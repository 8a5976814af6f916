/* SPDX-License-Identifier: Apache-2.0 */
/* From files to bytes. The same files, version and times give the same bytes on every machine. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "common/bundle.h"
#include "common/bundle_private.h"
#include "common/hex.h"
#include "common/vtime.h"

static int
by_path(const void *a, const void *b)
{
    const struct bundle_source *x = a, *y = b;

    return strcmp(x->path, y->path);
}

static enum vg_err
check_sources(const struct bundle_wish *w, struct bundle_error *error)
{
    if (w->count > BUNDLE_FILES_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "more than %d files", BUNDLE_FILES_MAX);
    for (size_t i = 0; i < w->count; i++) {
        const char *wrong = bundle_path_wrong(w->source[i].path);

        if (wrong != NULL)
            return bundle_refuse(error, VG_ERR_DENIED, "path", "%.100s: %s", w->source[i].path,
                                 wrong);
        if (w->source[i].bytes.left > BUNDLE_FILE_MAX)
            return bundle_refuse(error, VG_ERR_LIMIT, "large", "%s is larger than %d bytes",
                                 w->source[i].path, BUNDLE_FILE_MAX);
        if (i > 0 && strcmp(w->source[i - 1].path, w->source[i].path) == 0)
            return bundle_refuse(error, VG_ERR_DENIED, "path", "%s is there twice",
                                 w->source[i].path);
    }
    return VG_OK;
}

static json_t *
manifest_of(const struct bundle_wish *w)
{
    char created[VTIME_TEXT_MAX], expires[VTIME_TEXT_MAX], hex[2 * BUNDLE_SHA256 + 1];
    uint8_t sha256[BUNDLE_SHA256];
    json_t *files = json_array();

    for (size_t i = 0; files != NULL && i < w->count; i++) {
        if (bundle_hash(w->source[i].bytes, sha256) != VG_OK) {
            json_decref(files);
            return NULL;
        }
        hex_put(sha256, sizeof sha256, hex);
        (void)json_array_append_new(files,
                                    json_pack("{ss sI ss}", "path", w->source[i].path, "size",
                                              (json_int_t)w->source[i].bytes.left, "sha256", hex));
    }
    return json_pack("{si sI ss ss ss so}", "v", 1, "version", (json_int_t)w->version, "created",
                     vtime_format(w->created_ns, created), "expires",
                     vtime_format(w->expires_ns, expires), "note", w->note, "files", files);
}

static la_ssize_t
put_bytes(struct archive *a, void *ctx, const void *bytes, size_t n)
{
    struct buf *out = ctx;

    (void)a;
    buf_put(out, bytes, n);
    return out->bad ? ARCHIVE_FATAL : (la_ssize_t)n;
}

static bool
put_entry(struct archive *a, const char *path, struct slice bytes, int64_t time_ns)
{
    struct archive_entry *e = archive_entry_new();
    bool done = false;

    if (e != NULL) {
        archive_entry_set_pathname(e, path);
        archive_entry_set_size(e, (la_int64_t)bytes.left);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_mtime(e, (time_t)(time_ns / VG_SEC_NS), 0);
        done = archive_write_header(a, e) == ARCHIVE_OK &&
               (bytes.left == 0 ||
                archive_write_data(a, bytes.at, bytes.left) == (la_ssize_t)bytes.left);
    }
    archive_entry_free(e);
    return done;
}

static enum vg_err
put_archive(const struct bundle_wish *w, struct slice manifest, struct buf *out)
{
    struct archive *a = archive_write_new();
    bool good = a != NULL && archive_write_set_format_ustar(a) == ARCHIVE_OK &&
                archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK &&
                archive_write_open2(a, out, NULL, put_bytes, NULL, NULL) == ARCHIVE_OK &&
                put_entry(a, BUNDLE_MANIFEST, manifest, w->created_ns);

    for (size_t i = 0; good && i < w->count; i++)
        good = put_entry(a, w->source[i].path, w->source[i].bytes, w->created_ns);
    good = good && archive_write_close(a) == ARCHIVE_OK;
    (void)archive_write_free(a);
    return good ? VG_OK : VG_ERR_LIMIT;
}

enum vg_err
bundle_make(const struct bundle_wish *wish, struct buf *out, struct bundle_error *error)
{
    static const uint8_t unsigned_yet[BUNDLE_SIGNATURE];
    struct bundle check;
    json_t *manifest = NULL;
    char *text = NULL;
    enum vg_err err;

    if (wish->count > 0)
        qsort(wish->source, wish->count, sizeof *wish->source, by_path);
    err = check_sources(wish, error);
    if (err != VG_OK)
        return err;
    manifest = manifest_of(wish);
    text = manifest != NULL ? vg_json_text(manifest) : NULL;
    json_decref(manifest);
    if (text == NULL)
        return VG_ERR_NOMEM;
    buf_put(out, bundle_magic(), BUNDLE_MAGIC);
    buf_put(out, unsigned_yet, sizeof unsigned_yet);
    err = put_archive(wish, slice_of(text, strlen(text)), out);
    free(text);
    if (err != VG_OK || out->bad)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "together they are larger than %d bytes",
                             BUNDLE_BYTES_MAX);
    /* Whoever reads it asks for more: better to hear it here. */
    err = bundle_read(buf_slice(out), &check, error);
    if (err == VG_OK)
        bundle_done(&check);
    return err;
}
