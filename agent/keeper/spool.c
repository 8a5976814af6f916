/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/uuid.h"

/* STATE/NAME, or a file in it. */
static char *
path_of(const char *state_dir, const char *name, const char *file, const char *suffix)
{
    size_t n = strlen(state_dir) + strlen(name) + strlen(file) + strlen(suffix) + 4;
    char *path = malloc(n);

    if (path != NULL)
        snprintf(path, n, "%s/%s%s%s%s", state_dir, name, file[0] != '\0' ? "/" : "", file, suffix);
    return path;
}

enum vg_err
spool_folder(const char *state_dir, const char *name)
{
    char *path = path_of(state_dir, name, "", "");
    enum vg_err err = path != NULL ? platform_folder_make(path, true) : VG_ERR_NOMEM;

    free(path);
    return err;
}

enum vg_err
spool_leave(const char *state_dir, const char *name, json_t *value, int64_t now_ns)
{
    char file[UUID_TEXT_SIZE];
    char *path = NULL, *text = value != NULL ? vg_json_text(value) : NULL;
    enum vg_err err = spool_folder(state_dir, name);

    if (err == VG_OK)
        err = uuid_v7(now_ns, file);
    if (err == VG_OK)
        path = path_of(state_dir, name, file, ".json");
    /* The keeper may be another user than who typed the command. */
    if (err == VG_OK)
        err = path != NULL && text != NULL
                  ? platform_file_replace(path, slice_of(text, strlen(text)), false)
                  : VG_ERR_NOMEM;
    json_decref(value);
    free(path);
    free(text);
    return err;
}

/* VG_ERR_FORMAT: not one of ours. */
static enum vg_err
take_one(const char *path, spool_fn *fn, void *ctx)
{
    json_t *value = NULL;
    struct buf text = {0};
    enum vg_err err = platform_file_slurp(path, SPOOL_BYTES_MAX, &text);

    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&text), SPOOL_BYTES_MAX, &value);
    if (err == VG_OK)
        err = fn(ctx, value);
    else if (err != VG_ERR_NOMEM && err != VG_ERR_SYS && err != VG_ERR_NOENT)
        err = VG_ERR_FORMAT;
    json_decref(value);
    buf_done(&text);
    return err;
}

static bool
is_ours(const char *name)
{
    size_t n = strlen(name);

    /* A writer's side file ends otherwise. */
    return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".json") == 0;
}

enum vg_err
spool_take(const char *state_dir, const char *name, spool_fn *fn, void *ctx, size_t *refused)
{
    char *folder = path_of(state_dir, name, "", "");
    struct platform_names names;
    enum vg_err err =
        folder != NULL ? platform_folder_list(folder, SPOOL_FILES_MAX, &names) : VG_ERR_NOMEM;

    *refused = 0;
    free(folder);
    if (err != VG_OK)
        return err;
    for (size_t i = 0; i < names.count && err == VG_OK; i++) {
        char *path;

        if (!is_ours(names.name[i]))
            continue;
        path = path_of(state_dir, name, names.name[i], "");
        err = path != NULL ? take_one(path, fn, ctx) : VG_ERR_NOMEM;
        if (err == VG_ERR_FORMAT) {
            (*refused)++;
            err = VG_OK;
        }
        if (err == VG_OK)
            err = platform_file_remove(path);
        if (err == VG_ERR_NOENT)
            err = VG_OK;
        free(path);
    }
    platform_names_free(&names);
    return err;
}
