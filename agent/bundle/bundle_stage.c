/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bundle/bundle_stage.h"

#include <stdio.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/hex.h"

enum { NAMES_MAX = 500, DEPTH_MAX = 4 };

static enum vg_err
write_file(const char *folder, const char *inside, struct slice bytes)
{
    char path[BUNDLE_PATH_BYTES], parent[BUNDLE_PATH_BYTES];
    enum vg_err err;

    if (snprintf(path, sizeof path, "%s/%s", folder, inside) >= (int)sizeof path)
        return VG_ERR_LIMIT;
    (void)vg_strcpy(parent, sizeof parent, path);
    *strrchr(parent, '/') = '\0';
    err = platform_folder_make(parent, false);
    return err == VG_OK ? platform_file_replace(path, bytes, false) : err;
}

static enum vg_err
copy_file(const char *from, const char *folder, const char *inside)
{
    struct buf bytes = {.data = NULL};
    enum vg_err err = platform_file_slurp(from, BUNDLE_FILE_MAX, &bytes);

    if (err == VG_OK)
        err = write_file(folder, inside, buf_slice(&bytes));
    buf_done(&bytes);
    return err;
}

/* What the program brought and the bundle does not have. */
static enum vg_err
copy_base(const struct bundle *bundle, const char *from, const char *inside, const char *folder,
          unsigned depth)
{
    struct platform_names names;
    struct platform_stat stat;
    char path[BUNDLE_PATH_BYTES], below[BUNDLE_PATH_BYTES];
    enum vg_err err = platform_folder_list(from, NAMES_MAX, &names);

    if (err != VG_OK)
        return err;
    for (size_t i = 0; i < names.count && err == VG_OK; i++) {
        if (snprintf(path, sizeof path, "%s/%s", from, names.name[i]) >= (int)sizeof path ||
            snprintf(below, sizeof below, "%s%s%s", inside, inside[0] != '\0' ? "/" : "",
                     names.name[i]) >= (int)sizeof below)
            err = VG_ERR_LIMIT;
        else
            err = platform_path_stat(path, &stat);
        if (err == VG_OK && stat.folder && depth < DEPTH_MAX)
            err = copy_base(bundle, path, below, folder, depth + 1);
        else if (err == VG_OK && stat.regular && !bundle_is_test(below) &&
                 bundle_find(bundle, below) == NULL)
            err = copy_file(path, folder, below);
    }
    platform_names_free(&names);
    return err;
}

/* Samples are tried where they are, in memory; captures are read from files. */
static bool
on_disk(const struct bundle_file *f)
{
    return f->bytes.left > 0 &&
           (!bundle_is_test(f->path) || strncmp(f->path, "tests/net/", 10) == 0);
}

static enum vg_err
write_bundle(const struct bundle *bundle, const char *folder)
{
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < bundle->count && err == VG_OK; i++)
        if (on_disk(&bundle->file[i]))
            err = write_file(folder, bundle->file[i].path, bundle->file[i].bytes);
    return err;
}

static enum vg_err
stage(const char *state_dir, const char *rules_base, struct slice whole,
      const struct bundle *bundle, const struct bundle_entry *e)
{
    char folder[BUNDLE_PATH_BYTES], copy[BUNDLE_PATH_BYTES], name[32];
    enum vg_err err;

    (void)snprintf(name, sizeof name, "%lld.bundle", (long long)e->version);
    if (!bundle_path(state_dir, e->folder, folder) || !bundle_path(state_dir, name, copy))
        return VG_ERR_LIMIT;
    err = platform_tree_remove(folder);
    if (err == VG_ERR_NOENT)
        err = VG_OK;
    if (err == VG_OK)
        err = platform_folder_make(folder, false);
    if (err == VG_OK)
        err = copy_base(bundle, rules_base, "", folder, 1);
    if (err == VG_OK)
        err = write_bundle(bundle, folder);
    return err == VG_OK ? platform_file_replace(copy, whole, false) : err;
}

enum vg_err
bundle_stage(const char *state_dir, const char *rules_base, struct slice whole,
             const struct bundle *bundle, struct bundle_entry *entry, struct bundle_error *error)
{
    struct bundle_entry e = {.version = bundle->version, .expires_ns = bundle->expires_ns};
    enum vg_err err = bundle_base(rules_base, e.base);

    hex_put(bundle->archive_sha256, BUNDLE_SHA256, e.sha256);
    /* The letter parts two numbers that would look like one of a card. */
    (void)snprintf(e.folder, sizeof e.folder, "%lld-b%s", (long long)e.version, e.base);
    if (err == VG_OK)
        err = stage(state_dir, rules_base, whole, bundle, &e);
    if (err != VG_OK)
        return bundle_refuse(error, err, "disk", "it cannot be written: %s",
                             err == VG_ERR_LIMIT ? "the disk is full" : vg_err_name(err));
    *entry = e;
    return VG_OK;
}
