/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: rules, detector settings, indicators and formats on their way from the collector, as one
 * signed file.
 *
 *   "VIGIA-BUNDLE-1\n\0"   16 bytes
 *   signature              64 bytes, Ed25519 (RFC 8032) over "VIGIA-BUNDLE-1\n\0" and the archive;
 *                          zeroes while it is not signed
 *   archive                a plain tar (POSIX ustar), not compressed: `manifest.json`, then the
 *                          files in the order of the manifest
 *
 * manifest.json: {"v": 1, "version": N, "created": TIME, "expires": TIME, "note": TEXT,
 * "files": [{"path", "size", "sha256"}]}, the paths rising by their bytes.
 *
 * Nothing of the archive is looked at before its signature is found good. A path is relative, under
 * one of the known folders, of plain characters, with the ending that its folder takes. An empty
 * file withdraws the file of that name that came with the program. Everything is in memory at once:
 * BUNDLE_BYTES_MAX is the bound. */
#pragma once

#include "common/ed25519.h"
#include "common/json.h"

enum {
    BUNDLE_MAGIC = 16,
    BUNDLE_SIGNATURE = 64,
    BUNDLE_HEAD = BUNDLE_MAGIC + BUNDLE_SIGNATURE,
    BUNDLE_BYTES_MAX = 8 * 1024 * 1024,
    BUNDLE_FILE_MAX = 1024 * 1024,
    BUNDLE_FILES_MAX = 1000,
    BUNDLE_MANIFEST_MAX = 384 * 1024,
    BUNDLE_PATH_MAX = 160, /* with its NUL */
    BUNDLE_DEPTH_MAX = 5,  /* parts of a path */
    BUNDLE_NOTE_MAX = 200,
    BUNDLE_KEY = ED25519_KEY, /* public, raw */
    BUNDLE_KEYS_MAX = 4,
    BUNDLE_SHA256 = 32,
    BUNDLE_WHY_MAX = 240,
};

/* Twelve digits, YYYYMMDDhhmm by default; any number that rises will do. */
#define BUNDLE_VERSION_MAX INT64_C(999999999999)

/* Why a bundle is not taken: a word that is counted and reported, and the whole for people. */
struct bundle_error {
    char word[16]; /* short format signature large path manifest hash | old expired future ... */
    char why[BUNDLE_WHY_MAX];
};
/* Fills *error (NULL is fine); returns `err`. */
enum vg_err bundle_refuse(struct bundle_error *error, enum vg_err err, const char *word,
                          const char *fmt, ...) VG_PRINTF(4, 5);

struct bundle_file {
    char path[BUNDLE_PATH_MAX];
    struct slice bytes; /* in bundle.content */
    uint8_t sha256[BUNDLE_SHA256];
};

struct bundle {
    int64_t version, created_ns, expires_ns;
    char note[BUNDLE_NOTE_MAX + 1];
    struct bundle_file *file; /* rising by path; owned */
    size_t count;
    struct buf content;                    /* owned */
    uint8_t archive_sha256[BUNDLE_SHA256]; /* over the whole file: what the collector names it by */
};

/* ---- reading ---- */

/* One of `keys` signed it. VG_ERR_DENIED ("signature"), VG_ERR_FORMAT, VG_ERR_LIMIT. */
enum vg_err bundle_verify(struct slice whole, const uint8_t (*keys)[BUNDLE_KEY], size_t count,
                          struct bundle_error *error) VG_MUST_CHECK;
/* What is inside of a file whose signature was found good, or that one made oneself: manifest,
 * paths, sizes, hashes. *out: bundle_done(). VG_ERR_SHORT, VG_ERR_FORMAT, VG_ERR_LIMIT,
 * VG_ERR_DENIED (a hash, a path, a link), VG_ERR_NOMEM. */
enum vg_err bundle_read(struct slice whole, struct bundle *out,
                        struct bundle_error *error) VG_MUST_CHECK;
void bundle_done(struct bundle *bundle);
/* May it be taken at this time, after `highest`? VG_ERR_DENIED: "old", "expired", or "future" (made
 * over a day after now: the clock is wrong). */
enum vg_err bundle_fresh(const struct bundle *bundle, int64_t highest, int64_t now_ns,
                         struct bundle_error *error) VG_MUST_CHECK;
/* NULL: may be in a bundle. Else what is wrong with it. */
const char *bundle_path_wrong(const char *path);
/* Of a folder and its ending, row by row; NULL beyond the last. */
const char *bundle_folder(size_t i, const char **ending);
bool bundle_is_test(const char *path); /* under tests/: tried, not installed */
/* The file of that path, NULL where there is none. */
const struct bundle_file *bundle_find(const struct bundle *bundle, const char *path);

/* ---- making ---- */

struct bundle_source {
    char path[BUNDLE_PATH_MAX];
    struct slice bytes;
};
struct bundle_wish {
    int64_t version, created_ns, expires_ns;
    const char *note;             /* "" for none */
    struct bundle_source *source; /* gets sorted */
    size_t count;
};
/* The unsigned file, appended to `out` (cap BUNDLE_BYTES_MAX). VG_ERR_DENIED: a path; VG_ERR_LIMIT;
 * VG_ERR_NOMEM. */
enum vg_err bundle_make(const struct bundle_wish *wish, struct buf *out,
                        struct bundle_error *error) VG_MUST_CHECK;

/* ---- signing (bundle_sign.c; keys: ed25519.h) ---- */

/* Signs in place. */
enum vg_err bundle_sign(struct slice pem, struct buf *whole) VG_MUST_CHECK;
