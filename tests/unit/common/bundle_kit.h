/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_kit: bundles for tests, also such that nobody honest makes. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

#include "common/bundle.h"
#include "common/bundle_private.h"
#include "common/hex.h"
#include "common/vtime.h"

#define KIT_NOW (INT64_C(1780000000) * VG_SEC_NS)

struct kit_entry {
    const char *path, *bytes;
    const char *in_tar;  /* another name in the archive; NULL: `path` */
    const char *symlink; /* it is a link there */
    const char *hash_of; /* the manifest's hash is of this text; NULL: of `bytes` */
    int more;            /* the manifest's size is larger by so much */
    bool unlisted;       /* in the archive alone */
};

static la_ssize_t
kit_put(struct archive *a, void *ctx, const void *bytes, size_t n)
{
    (void)a;
    buf_put(ctx, bytes, n);
    return (la_ssize_t)n;
}

static inline void
kit_tar_entry(struct archive *a, const char *path, const char *link, const char *bytes)
{
    struct archive_entry *e = archive_entry_new();

    archive_entry_set_pathname(e, path);
    archive_entry_set_filetype(e, link != NULL ? AE_IFLNK : AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, link != NULL ? 0 : (la_int64_t)strlen(bytes));
    if (link != NULL)
        archive_entry_set_symlink(e, link);
    assert_true(archive_write_header(a, e) == ARCHIVE_OK);
    if (link == NULL)
        (void)archive_write_data(a, bytes, strlen(bytes));
    archive_entry_free(e);
}

static inline char *
kit_manifest(int64_t version, int64_t created_ns, int64_t expires_ns, const struct kit_entry *entry)
{
    char created[VTIME_TEXT_MAX], expires[VTIME_TEXT_MAX], hex[65];
    json_t *files = json_array(), *m;
    uint8_t sha256[32];
    char *text;

    for (; entry->path != NULL; entry++) {
        const char *of = entry->hash_of != NULL ? entry->hash_of : entry->bytes;

        if (entry->unlisted)
            continue;
        assert_true(bundle_hash(slice_of(of, strlen(of)), sha256) == VG_OK);
        hex_put(sha256, 32, hex);
        json_array_append_new(files, json_pack("{ss sI ss}", "path", entry->path, "size",
                                               (json_int_t)strlen(entry->bytes) + entry->more,
                                               "sha256", hex));
    }
    m = json_pack("{si sI ss ss so}", "v", 1, "version", (json_int_t)version, "created",
                  vtime_format(created_ns, created), "expires", vtime_format(expires_ns, expires),
                  "files", files);
    text = vg_json_text(m);
    json_decref(m);
    return text;
}

/* Signed with `pem`; `manifest` NULL: the one that the entries ask for. */
static inline void
kit_bundle(struct buf *out, struct slice pem, const char *manifest, int64_t version,
           int64_t created_ns, int64_t expires_ns, const struct kit_entry *entry)
{
    static const uint8_t none[BUNDLE_SIGNATURE];
    struct archive *a = archive_write_new();
    char *text =
        manifest != NULL ? strdup(manifest) : kit_manifest(version, created_ns, expires_ns, entry);

    buf_init(out, 4 * BUNDLE_BYTES_MAX);
    buf_put(out, bundle_magic(), BUNDLE_MAGIC);
    buf_put(out, none, sizeof none);
    archive_write_set_format_ustar(a);
    archive_write_set_bytes_per_block(a, 0);
    assert_true(archive_write_open2(a, out, NULL, kit_put, NULL, NULL) == ARCHIVE_OK);
    kit_tar_entry(a, "manifest.json", NULL, text);
    for (; entry->path != NULL; entry++)
        kit_tar_entry(a, entry->in_tar != NULL ? entry->in_tar : entry->path, entry->symlink,
                      entry->bytes);
    assert_true(archive_write_close(a) == ARCHIVE_OK);
    archive_write_free(a);
    free(text);
    if (out->len <= BUNDLE_BYTES_MAX)
        assert_true(bundle_sign(pem, out) == VG_OK);
}
