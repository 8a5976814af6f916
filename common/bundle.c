/* SPDX-License-Identifier: Apache-2.0 */
/* What may be in a bundle: paths, folders, times. */
#include "common/bundle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/bundle_private.h"
#include "common/vtime.h"

/* The folders under rules/ that programs read, and what they read there. tests/ is tried and then
 * left behind: any name. */
static const struct {
    const char *name, *ending;
} FOLDERS[] = {
    {"answer", ".yar"},      {"detectors", ".yaml"}, {"formats", ".yaml"}, {"indicators", ".txt"},
    {"indicators", ".yaml"}, {"request", ".yar"},    {"tests", ""},        {"yara", ".yar"},
};

const char *
bundle_folder(size_t i, const char **ending)
{
    if (i >= VG_ARRAY_LEN(FOLDERS))
        return NULL;
    *ending = FOLDERS[i].ending;
    return FOLDERS[i].name;
}

enum vg_err
bundle_refuse(struct bundle_error *error, enum vg_err err, const char *word, const char *fmt, ...)
{
    va_list args;

    if (error == NULL)
        return err;
    (void)vg_strcpy(error->word, sizeof error->word, word);
    va_start(args, fmt);
    (void)vsnprintf(error->why, sizeof error->why, fmt, args);
    va_end(args);
    return err;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

static bool
folder_known(const char *path)
{
    const char *slash = strchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;

    for (size_t i = 0; n > 0 && i < VG_ARRAY_LEN(FOLDERS); i++)
        if (strlen(FOLDERS[i].name) == n && strncmp(path, FOLDERS[i].name, n) == 0 &&
            ends_with(slash + 1, FOLDERS[i].ending))
            return true;
    return false;
}

/* Every part of plain characters; none begins with a dot, so there is no "..", no hidden file and no
 * side file of a writer. Nothing that another system takes for a drive, a device or another folder. */
const char *
bundle_path_wrong(const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t parts = 0;
    const char *at = path;

    if (strlen(path) >= BUNDLE_PATH_MAX)
        return "the path is too long";
    for (;;) {
        size_t n = strspn(at, plain);

        if (n == 0 || at[0] == '.' || at[n - 1] == '.' || (at[n] != '/' && at[n] != '\0'))
            return "the path leads elsewhere, or has letters that are not allowed";
        if (++parts > BUNDLE_DEPTH_MAX)
            return "the path is too deep";
        if (at[n] == '\0')
            break;
        at += n + 1;
    }
    return folder_known(path) ? NULL : "no file of this kind belongs into a bundle";
}

bool
bundle_is_test(const char *path)
{
    return strncmp(path, "tests/", 6) == 0;
}

static int
by_path(const void *a, const void *b)
{
    const struct bundle_file *x = a, *y = b;

    return strcmp(x->path, y->path);
}

const struct bundle_file *
bundle_find(const struct bundle *bundle, const char *path)
{
    struct bundle_file key;

    if (bundle->count == 0 || !vg_strcpy(key.path, sizeof key.path, path))
        return NULL;
    return bsearch(&key, bundle->file, bundle->count, sizeof *bundle->file, by_path);
}

enum vg_err
bundle_hash(struct slice bytes, uint8_t out[BUNDLE_SHA256])
{
    size_t n = 0;

    return EVP_Q_digest(NULL, "SHA256", NULL, bytes.at, bytes.left, out, &n) == 1 &&
                   n == BUNDLE_SHA256
               ? VG_OK
               : VG_ERR_NOMEM;
}

void
bundle_done(struct bundle *bundle)
{
    free(bundle->file);
    buf_done(&bundle->content);
    memset(bundle, 0, sizeof *bundle);
}

enum vg_err
bundle_fresh(const struct bundle *bundle, int64_t highest, int64_t now_ns,
             struct bundle_error *error)
{
    char text[VTIME_TEXT_MAX];

    if (bundle->version <= highest)
        return bundle_refuse(error, VG_ERR_DENIED, "old",
                             "version %lld does not rise: %lld was here already",
                             (long long)bundle->version, (long long)highest);
    if (now_ns > bundle->expires_ns)
        return bundle_refuse(error, VG_ERR_DENIED, "expired", "it ran out at %s",
                             vtime_format(bundle->expires_ns, text));
    if (bundle->created_ns - now_ns > VG_DAY_NS)
        return bundle_refuse(error, VG_ERR_DENIED, "future",
                             "it was made at %s, which is still to come: a clock is wrong",
                             vtime_format(bundle->created_ns, text));
    return VG_OK;
}
