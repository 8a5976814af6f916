/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/feedback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/uuid.h"
#include "common/vtime.h"

bool
feedback_verdict_known(const char *verdict)
{
    return strcmp(verdict, "useful") == 0 || strcmp(verdict, "noise") == 0 ||
           strcmp(verdict, "mine") == 0;
}

static char *
path_of(const char *state_dir, const char *name, const char *suffix)
{
    size_t n = strlen(state_dir) + strlen(name) + strlen(suffix) + 16;
    char *path = malloc(n);

    if (path != NULL)
        snprintf(path, n, "%s/feedback%s%s%s", state_dir, name[0] != '\0' ? "/" : "", name, suffix);
    return path;
}

enum vg_err
feedback_folder(const char *state_dir)
{
    char *path = path_of(state_dir, "", "");
    enum vg_err err = path != NULL ? platform_folder_make(path, true) : VG_ERR_NOMEM;

    free(path);
    return err;
}

enum vg_err
feedback_leave(const char *state_dir, const char *event_id, const char *verdict, int64_t now_ns)
{
    char name[UUID_TEXT_SIZE], time[VTIME_TEXT_MAX];
    char *path = NULL, *text = NULL;
    json_t *value = NULL;
    enum vg_err err = feedback_folder(state_dir);

    if (err == VG_OK)
        err = uuid_v7(now_ns, name);
    if (err != VG_OK)
        return err;
    value = json_pack("{s:s, s:s, s:s}", "event", event_id, "verdict", verdict, "time",
                      vtime_format(now_ns, time));
    path = path_of(state_dir, name, ".json");
    text = value != NULL ? vg_json_text(value) : NULL;
    /* The keeper may be another user than who typed the command. */
    err = path != NULL && text != NULL
              ? platform_file_replace(path, slice_of(text, strlen(text)), false)
              : VG_ERR_NOMEM;
    json_decref(value);
    free(path);
    free(text);
    return err;
}

/* VG_ERR_FORMAT: no feedback. */
static enum vg_err
take_one(const char *path, feedback_fn *fn, void *ctx)
{
    const char *event, *verdict;
    json_t *value = NULL;
    struct buf text = {0};
    enum vg_err err = platform_file_slurp(path, FEEDBACK_BYTES_MAX, &text);

    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&text), FEEDBACK_BYTES_MAX, &value);
    if (err == VG_OK) {
        event = vg_json_str(value, "event", "");
        verdict = vg_json_str(value, "verdict", "");
        err = uuid_valid(event) && feedback_verdict_known(verdict) ? fn(ctx, event, verdict)
                                                                   : VG_ERR_FORMAT;
    } else if (err != VG_ERR_NOMEM && err != VG_ERR_SYS && err != VG_ERR_NOENT) {
        err = VG_ERR_FORMAT;
    }
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
feedback_take(const char *state_dir, feedback_fn *fn, void *ctx, size_t *refused)
{
    char *folder = path_of(state_dir, "", "");
    struct platform_names names;
    enum vg_err err =
        folder != NULL ? platform_folder_list(folder, FEEDBACK_FILES_MAX, &names) : VG_ERR_NOMEM;

    *refused = 0;
    free(folder);
    if (err != VG_OK)
        return err;
    for (size_t i = 0; i < names.count && err == VG_OK; i++) {
        char *path;

        if (!is_ours(names.name[i]))
            continue;
        path = path_of(state_dir, names.name[i], "");
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
