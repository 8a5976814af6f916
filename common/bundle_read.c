/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to files: the tar is read by libarchive, and held against its manifest. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "common/bundle.h"
#include "common/bundle_private.h"
#include "common/hex.h"
#include "common/vtime.h"

/* ---- the manifest ---- */

static bool
time_of(const json_t *manifest, const char *key, int64_t *out)
{
    const char *text = vg_json_str(manifest, key, "");

    return vtime_parse(text, strlen(text), out) == VG_OK;
}

/* The folders above a path must not be files themselves. */
static bool
stands_on_a_file(const struct bundle *b, const char *path)
{
    char above[BUNDLE_PATH_MAX];

    (void)vg_strcpy(above, sizeof above, path);
    for (char *slash = strrchr(above, '/'); slash != NULL; slash = strrchr(above, '/')) {
        *slash = '\0';
        if (bundle_find(b, above) != NULL)
            return true;
    }
    return false;
}

/* One row of "files" into the next place: its bytes come later, `left` says how many are allowed. */
static enum vg_err
take_row(struct bundle *b, const json_t *row, size_t *left, struct bundle_error *error)
{
    struct bundle_file *f = &b->file[b->count];
    const char *path = vg_json_str(row, "path", ""), *wrong = bundle_path_wrong(path);
    int64_t size = vg_json_int(row, "size", -1);

    if (wrong != NULL || !vg_strcpy(f->path, sizeof f->path, path))
        return bundle_refuse(error, VG_ERR_DENIED, "path", "%.100s: %s", path,
                             wrong != NULL ? wrong : "the path is too long");
    if (b->count > 0 && strcmp(b->file[b->count - 1].path, path) >= 0)
        return bundle_refuse(error, VG_ERR_FORMAT, "manifest", "%s is out of order", path);
    if (stands_on_a_file(b, path))
        return bundle_refuse(error, VG_ERR_DENIED, "path", "%s: a folder above it is a file", path);
    if (size < 0 ||
        hex_parse_str(vg_json_str(row, "sha256", ""), f->sha256, BUNDLE_SHA256) != VG_OK)
        return bundle_refuse(error, VG_ERR_FORMAT, "manifest", "%s has no size or no hash", path);
    if (size > BUNDLE_FILE_MAX || (size_t)size > *left)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "%s is larger than allowed", path);
    *left -= (size_t)size;
    f->bytes = (struct slice){.left = (size_t)size};
    b->count++;
    return VG_OK;
}

static enum vg_err
take_manifest(struct bundle *b, const json_t *m, struct bundle_error *error)
{
    const json_t *files = json_object_get(m, "files"), *row;
    const char *note = vg_json_str(m, "note", "");
    size_t i, left = BUNDLE_BYTES_MAX;
    enum vg_err err = VG_OK;

    b->version = vg_json_int(m, "version", 0);
    if (vg_json_int(m, "v", 0) != 1 || b->version <= 0 || b->version > BUNDLE_VERSION_MAX ||
        !time_of(m, "created", &b->created_ns) || !time_of(m, "expires", &b->expires_ns) ||
        b->expires_ns <= b->created_ns || !json_is_array(files) ||
        !vg_strcpy(b->note, sizeof b->note, note))
        return bundle_refuse(error, VG_ERR_FORMAT, "manifest",
                             "the manifest lacks a version, its times or its files");
    if (json_array_size(files) > BUNDLE_FILES_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "more than %d files", BUNDLE_FILES_MAX);
    b->file = calloc(json_array_size(files) + 1, sizeof *b->file);
    if (b->file == NULL)
        return VG_ERR_NOMEM;
    json_array_foreach(files, i, row)
    {
        err = take_row(b, row, &left, error);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

/* ---- the archive ---- */

/* A plain file of that name and no other thing; *size as the archive says. */
static enum vg_err
next_entry(struct archive *a, const char *name, size_t *size, struct bundle_error *error)
{
    struct archive_entry *entry;
    const char *path;
    int rc = archive_read_next_header(a, &entry);

    if (rc == ARCHIVE_EOF)
        return bundle_refuse(error, VG_ERR_SHORT, "short", "%s is not in the archive", name);
    if (rc != ARCHIVE_OK)
        return bundle_refuse(error, VG_ERR_FORMAT, "format", "the archive is damaged before %s",
                             name);
    path = archive_entry_pathname(entry);
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL ||
        archive_entry_symlink(entry) != NULL || archive_entry_sparse_count(entry) > 0)
        return bundle_refuse(error, VG_ERR_DENIED, "link", "%.100s is a link or no plain file",
                             path != NULL ? path : "an entry");
    if (path == NULL || strcmp(path, name) != 0)
        return bundle_refuse(error, VG_ERR_DENIED, "path",
                             "%.100s is in the archive, where the manifest names %s",
                             path != NULL ? path : "an entry", name);
    if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0 ||
        archive_entry_size(entry) > BUNDLE_FILE_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "%s is larger than allowed", name);
    *size = (size_t)archive_entry_size(entry);
    return VG_OK;
}

static enum vg_err
append_bytes(struct archive *a, size_t size, struct buf *out)
{
    uint8_t piece[8192];

    while (size > 0) {
        size_t want = size < sizeof piece ? size : sizeof piece;
        la_ssize_t n = archive_read_data(a, piece, want);

        if (n <= 0)
            return VG_ERR_SHORT;
        buf_put(out, piece, (size_t)n);
        size -= (size_t)n;
    }
    return out->bad ? VG_ERR_NOMEM : VG_OK;
}

static enum vg_err
read_manifest(struct archive *a, struct bundle *b, struct bundle_error *error)
{
    struct buf text;
    json_t *manifest = NULL;
    size_t size = 0;
    enum vg_err err = next_entry(a, BUNDLE_MANIFEST, &size, error);

    if (err != VG_OK)
        return err;
    if (size > BUNDLE_MANIFEST_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "the manifest is larger than allowed");
    buf_init(&text, BUNDLE_MANIFEST_MAX);
    err = append_bytes(a, size, &text);
    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&text), BUNDLE_MANIFEST_MAX, &manifest);
    if (err != VG_OK)
        err = bundle_refuse(error, err, err == VG_ERR_SHORT ? "short" : "manifest",
                            "the manifest cannot be read");
    else
        err = take_manifest(b, manifest, error);
    json_decref(manifest);
    buf_done(&text);
    return err;
}

static enum vg_err
read_file(struct archive *a, struct bundle *b, struct bundle_file *f, struct bundle_error *error)
{
    size_t size = 0, told = f->bytes.left;
    enum vg_err err = next_entry(a, f->path, &size, error);

    if (err != VG_OK)
        return err;
    if (size != told)
        return bundle_refuse(error, VG_ERR_DENIED, "hash",
                             "%s has another size than the manifest says", f->path);
    err = append_bytes(a, size, &b->content);
    if (err == VG_ERR_SHORT)
        return bundle_refuse(error, err, "short", "%s is cut off", f->path);
    return err;
}

/* The content does not move any more: every file gets its place in it, and is hashed there. */
static enum vg_err
place_files(struct bundle *b, struct bundle_error *error)
{
    struct slice content = buf_slice(&b->content);
    uint8_t sha256[BUNDLE_SHA256];

    for (size_t i = 0; i < b->count; i++) {
        struct bundle_file *f = &b->file[i];

        f->bytes = slice_sub(&content, f->bytes.left);
        if (f->bytes.bad || bundle_hash(f->bytes, sha256) != VG_OK)
            return VG_ERR_NOMEM;
        if (memcmp(sha256, f->sha256, BUNDLE_SHA256) != 0)
            return bundle_refuse(error, VG_ERR_DENIED, "hash",
                                 "%s has another content than the manifest says", f->path);
    }
    return VG_OK;
}

static enum vg_err
read_all(struct archive *a, struct bundle *b, struct bundle_error *error)
{
    struct archive_entry *entry;
    enum vg_err err = read_manifest(a, b, error);

    for (size_t i = 0; err == VG_OK && i < b->count; i++)
        err = read_file(a, b, &b->file[i], error);
    if (err == VG_OK && archive_read_next_header(a, &entry) != ARCHIVE_EOF)
        err = bundle_refuse(error, VG_ERR_DENIED, "path",
                            "there is more in the archive than the manifest names");
    return err == VG_OK ? place_files(b, error) : err;
}

enum vg_err
bundle_read(struct slice whole, struct bundle *out, struct bundle_error *error)
{
    struct bundle b = {.version = 0};
    struct archive *a;
    struct slice magic, tar = whole;
    enum vg_err err;

    if (whole.left > BUNDLE_BYTES_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "it is larger than %d bytes",
                             BUNDLE_BYTES_MAX);
    magic = slice_sub(&tar, BUNDLE_MAGIC);
    slice_skip(&tar, BUNDLE_SIGNATURE);
    if (tar.bad)
        return bundle_refuse(error, VG_ERR_SHORT, "short", "it is cut off");
    if (memcmp(magic.at, bundle_magic(), BUNDLE_MAGIC) != 0)
        return bundle_refuse(error, VG_ERR_FORMAT, "format", "it is no bundle of Vigia's");
    buf_init(&b.content, BUNDLE_BYTES_MAX);
    a = archive_read_new();
    if (a == NULL || archive_read_support_format_tar(a) != ARCHIVE_OK) {
        (void)archive_read_free(a);
        return VG_ERR_NOMEM;
    }
    err = bundle_hash(whole, b.archive_sha256);
    if (err == VG_OK && archive_read_open_memory(a, tar.at, tar.left) != ARCHIVE_OK)
        err = bundle_refuse(error, VG_ERR_FORMAT, "format", "there is no archive in it");
    if (err == VG_OK)
        err = read_all(a, &b, error);
    (void)archive_read_free(a);
    if (err == VG_ERR_NOMEM)
        (void)bundle_refuse(error, err, "memory", "no memory to read it");
    if (err != VG_OK) {
        bundle_done(&b);
        return err;
    }
    *out = b;
    return VG_OK;
}
