/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/rounds.h"

#include <stdlib.h>
#include <time.h>

#include "collector/rollout.h"
#include "collector/silence.h"
#include "common/log.h"
#include "common/vtime.h"

enum { ROLLOUT_S = 5 };

struct rounds {
    struct service *service;
    struct event *rollout, *silence;
    bool judging, watching; /* one look at a time */
    struct silence_watch watch;
};

/* ---- bundles on their way ---- */

struct rollout_job {
    struct work_job job;
    struct rounds *rounds;
};

static enum vg_err
rollout_read(struct work_job *job, struct storage *s)
{
    enum vg_err err = rollout_pending(s, vtime_now());

    (void)job;
    return err == VG_OK ? VG_AGAIN : err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
rollout_write(struct work_job *job, struct storage *s)
{
    (void)job;
    return rollout_judge(s, vtime_now());
}

static void
rollout_done(struct work_job *job)
{
    struct rollout_job *j = (struct rollout_job *)job;

    if (job->err != VG_OK)
        log_event(LOG_LEVEL_WARN, "bundle.rollout_failed", "error=%s", vg_err_name(job->err));
    j->rounds->judging = false;
    free(j);
}

static void
on_rollout(evutil_socket_t fd, short what, void *ctx)
{
    struct rounds *r = ctx;
    struct rollout_job *j = r->judging ? NULL : calloc(1, sizeof *j);

    (void)fd, (void)what;
    if (j == NULL)
        return;
    j->rounds = r;
    j->job.read = rollout_read;
    j->job.write = rollout_write;
    j->job.done = rollout_done;
    if (work_add(r->service->work, &j->job) == VG_OK)
        r->judging = true;
    else
        free(j);
}

/* ---- agents that are silent ---- */

struct silence_job {
    struct work_job job;
    struct rounds *rounds;
    int64_t since_ns;
    json_t *found;
};

static enum vg_err
silence_read(struct work_job *job, struct storage *s)
{
    struct silence_job *j = (struct silence_job *)job;
    enum vg_err err = silence_find(s, j->since_ns, vtime_now(), &j->found);

    return err == VG_OK && json_array_size(j->found) > 0 ? VG_AGAIN : err;
}

static enum vg_err
silence_write(struct work_job *job, struct storage *s)
{
    return silence_raise(s, ((struct silence_job *)job)->found, vtime_now());
}

static void
silence_done(struct work_job *job)
{
    struct silence_job *j = (struct silence_job *)job;
    const json_t *row;
    size_t i;

    json_array_foreach(j->found, i, row)
    {
        const char *incident = vg_json_str(row, "incident", "");

        if (job->err == VG_OK && incident[0] != '\0')
            live_changed(j->rounds->service->live, vg_json_str(row, "tenant", ""), incident);
    }
    if (job->err != VG_OK)
        log_event(LOG_LEVEL_WARN, "agent.silence_failed", "error=%s", vg_err_name(job->err));
    j->rounds->watching = false;
    json_decref(j->found);
    free(j);
}

static void
on_silence(evutil_socket_t fd, short what, void *ctx)
{
    struct rounds *r = ctx;
    struct silence_job *j;
    struct timespec mono;

    (void)fd, (void)what;
    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    silence_tick(&r->watch, vtime_now(), mono.tv_sec * VG_SEC_NS + mono.tv_nsec);
    j = r->watching ? NULL : calloc(1, sizeof *j);
    if (j == NULL)
        return;
    j->rounds = r;
    j->since_ns = r->watch.since_ns;
    j->job.read = silence_read;
    j->job.write = silence_write;
    j->job.done = silence_done;
    if (work_add(r->service->work, &j->job) == VG_OK)
        r->watching = true;
    else
        free(j);
}

enum vg_err
rounds_new(struct service *service, struct rounds **out)
{
    static const struct timeval rollout = {.tv_sec = ROLLOUT_S},
                                silence = {.tv_sec = SILENCE_EVERY_NS / VG_SEC_NS};
    struct rounds *r = calloc(1, sizeof *r);

    if (r == NULL)
        return VG_ERR_NOMEM;
    r->service = service;
    r->rollout = event_new(service->loop, -1, EV_PERSIST, on_rollout, r);
    r->silence = event_new(service->loop, -1, EV_PERSIST, on_silence, r);
    if (r->rollout == NULL || r->silence == NULL || event_add(r->rollout, &rollout) != 0 ||
        event_add(r->silence, &silence) != 0) {
        rounds_free(r);
        return VG_ERR_NOMEM;
    }
    on_silence(-1, EV_TIMEOUT, r); /* from now on we listen */
    *out = r;
    return VG_OK;
}

void
rounds_free(struct rounds *r)
{
    if (r == NULL)
        return;
    if (r->rollout != NULL)
        event_free(r->rollout);
    if (r->silence != NULL)
        event_free(r->silence);
    free(r);
}
