/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/writers.h"

#include <stdlib.h>
#include <string.h>

#include "common/vtime.h"

enum { WRITERS_SHARE = 400, WRITERS_AT_ONCE = 64 };
#define WRITERS_SAVED_NS (100 * VG_MS_NS)

struct writers {
    struct platform_writers *kernel;
    char *const *roots;
    size_t count;
    struct meter meter;
    uint64_t missed;
    size_t next; /* slot to be written */
    struct {
        struct platform_identity file; /* zeroed: none */
        char name[64], path[256];
    } slot[WRITERS_MAX];
};

enum vg_err
writers_new(platform_file drives, char *const *roots, size_t count, struct writers **out)
{
    struct writers *w = calloc(1, sizeof *w);
    enum vg_err err;

    if (w == NULL) {
        platform_file_close(drives);
        return VG_ERR_NOMEM;
    }
    err = platform_writers_new(drives, &w->kernel);
    if (err != VG_OK) {
        free(w);
        return err;
    }
    w->roots = roots;
    w->count = count;
    w->meter = meter_of(WRITERS_SHARE, WRITERS_SAVED_NS, platform_clock_monotonic());
    *out = w;
    return VG_OK;
}

void
writers_free(struct writers *w)
{
    if (w == NULL)
        return;
    platform_writers_free(w->kernel);
    free(w);
}

platform_handle
writers_handle(const struct writers *w)
{
    return platform_writers_handle(w->kernel);
}

uint64_t
writers_missed(const struct writers *w)
{
    return w->missed + platform_writers_overflows(w->kernel);
}

static bool
is_watched(const struct writers *w, const char *path)
{
    for (size_t i = 0; i < w->count; i++) {
        size_t len = w->roots[i] != NULL ? strlen(w->roots[i]) : 0;

        if (len > 0 && strncmp(path, w->roots[i], len) == 0 && (path[len] == '/' || len == 1))
            return true;
    }
    return false;
}

static void
remember(struct writers *w, const struct platform_written *written)
{
    struct platform_owner owner;
    size_t i = w->next;

    platform_process_name(written->pid, &owner);
    if (owner.name[0] == '\0')
        return; /* it has ended */
    for (size_t k = 0; k < WRITERS_MAX; k++)
        if (memcmp(&w->slot[k].file, &written->stat.identity, sizeof w->slot[k].file) == 0)
            i = k;
    if (i == w->next)
        w->next = (w->next + 1) % WRITERS_MAX;
    w->slot[i].file = written->stat.identity;
    (void)vg_strcpy(w->slot[i].name, sizeof w->slot[i].name, owner.name);
    (void)vg_strcpy(w->slot[i].path, sizeof w->slot[i].path, owner.path);
}

bool
writers_work(struct writers *w)
{
    bool open = meter_open(&w->meter, platform_clock_monotonic());
    int64_t before = platform_cpu_time();
    struct platform_written written;
    enum vg_err err = VG_OK;

    for (int i = 0; i < WRITERS_AT_ONCE && err == VG_OK; i++) {
        err = platform_writers_next(w->kernel, &written);
        if (err != VG_OK || !is_watched(w, written.path))
            continue;
        if (open)
            remember(w, &written);
        else
            w->missed++;
    }
    meter_spend(&w->meter, platform_cpu_time() - before);
    return err == VG_OK;
}

enum vg_err
writers_of(const struct writers *w, const struct platform_identity *file, json_t **answer)
{
    for (size_t i = 0; i < WRITERS_MAX; i++) {
        json_t *name, *path;

        if (w->slot[i].name[0] == '\0' || memcmp(&w->slot[i].file, file, sizeof *file) != 0)
            continue;
        /* Bytes that anybody chose: none where they are no UTF-8. */
        name = json_string(w->slot[i].name);
        path = json_string(w->slot[i].path);
        *answer = json_pack("{s:o*, s:o*}", "program", name, "program_path", path);
        return *answer != NULL ? VG_OK : VG_ERR_NOMEM;
    }
    return VG_ERR_NOENT;
}
