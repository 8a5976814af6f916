/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/vtime.h"

static char *
path_of(const char *state_dir, const char *name)
{
    size_t n = strlen(state_dir) + strlen(name) + 2;
    char *path = malloc(n);

    if (path != NULL)
        snprintf(path, n, "%s/%s", state_dir, name);
    return path;
}

/* Whether a keeper holds the store. Where that cannot be told it is believed. */
static bool
somebody_lives(const char *state_dir)
{
    char *path = path_of(state_dir, "lock");
    struct platform_stat stat;
    platform_file lock;
    enum vg_err err = path != NULL ? platform_path_stat(path, &stat) : VG_ERR_NOMEM;
    bool lives = err != VG_ERR_NOENT; /* never make it: another user's keeper could not use it */

    if (err == VG_OK && platform_lock(path, &lock) == VG_OK) {
        platform_unlock(lock);
        lives = false;
    }
    free(path);
    return lives;
}

enum vg_err
status_init(struct status_file *s, const char *state_dir)
{
    *s = (struct status_file){.path = path_of(state_dir, "status.json")};
    return s->path != NULL ? VG_OK : VG_ERR_NOMEM;
}

enum vg_err
status_begin(const struct status_file *s, const char *state_dir)
{
    struct platform_stat stat;
    enum vg_err err;

    if (platform_path_stat(s->path, &stat) != VG_OK)
        return VG_OK;
    if (somebody_lives(state_dir))
        return VG_ERR_EXISTS;
    err = platform_file_remove(s->path);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

void
status_force(struct status_file *s)
{
    free(s->last);
    s->last = NULL;
}

void
status_done(struct status_file *s)
{
    free(s->path);
    free(s->last);
    *s = (struct status_file){0};
}

/* Whether `said` must be written now. The clock may have jumped: then it is. */
static bool
is_due(const struct status_file *s, const char *said, int64_t now_ns)
{
    int64_t age = now_ns - s->written_ns;
    bool young = now_ns >= s->first_ns && now_ns - s->first_ns < STATUS_YOUNG_NS;

    if (s->last == NULL || age < 0 || age >= STATUS_FRESH_NS)
        return true;
    return young && age >= STATUS_CHANGE_NS && strcmp(s->last, said) != 0;
}

enum vg_err
status_write(struct status_file *s, json_t *status, int64_t now_ns)
{
    char time[VTIME_TEXT_MAX];
    char *said = status != NULL ? vg_json_text(status) : NULL, *text = NULL;
    enum vg_err err = VG_OK;

    if (said == NULL) {
        json_decref(status);
        return VG_ERR_NOMEM;
    }
    if (!is_due(s, said, now_ns))
        goto done;
    if (s->last == NULL)
        s->first_ns = now_ns;
    if (json_object_set_new(status, "time", json_string(vtime_format(now_ns, time))) != 0 ||
        (text = vg_json_text(status)) == NULL)
        err = VG_ERR_NOMEM;
    if (err == VG_OK)
        err = platform_file_replace(s->path, slice_of(text, strlen(text)), false);
    if (err == VG_OK) {
        char *old = s->last;

        s->last = said;
        said = old;
        s->written_ns = now_ns;
    }
done:
    free(said);
    free(text);
    json_decref(status);
    return err;
}

enum vg_err
status_read(const char *state_dir, int64_t now_ns, json_t **out)
{
    char *path = path_of(state_dir, "status.json");
    struct buf text = {0};
    json_t *status = NULL;
    const char *time;
    int64_t written = 0;
    bool stale, killed = !somebody_lives(state_dir); /* before the file: a new one removes it */
    enum vg_err err =
        path != NULL ? platform_file_slurp(path, STATUS_BYTES_MAX, &text) : VG_ERR_NOMEM;

    free(path);
    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&text), STATUS_BYTES_MAX, &status);
    buf_done(&text);
    if (err == VG_OK && !json_is_object(status))
        err = VG_ERR_FORMAT;
    if (err != VG_OK) {
        json_decref(status);
        return err;
    }
    time = vg_json_str(status, "time", "");
    killed = killed && strcmp(vg_json_str(status, "state", ""), "stopped") != 0;
    stale = killed || vtime_parse(time, strlen(time), &written) != VG_OK ||
            now_ns - written > STATUS_STALE_NS || written - now_ns > STATUS_STALE_NS;
    if (json_object_set_new(status, "stale", json_boolean(stale)) != 0 ||
        (killed && (json_object_set_new(status, "state", json_string("killed")) != 0 ||
                    json_object_set_new(status, "workers", json_array()) != 0))) {
        json_decref(status);
        return VG_ERR_NOMEM;
    }
    *out = status;
    return VG_OK;
}
