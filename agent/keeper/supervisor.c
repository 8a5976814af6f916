/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/supervisor.h"

#include <stdlib.h>
#include <string.h>

#include "agent/keeper/supervisor_worker.h"
#include "common/log.h"
#include "common/vtime.h"

enum { STOP_PATIENCE_S = 5 };

static bool
configured(const struct agent_config *c, const char *name)
{
    if (strcmp(name, "net") == 0)
        return c->net_enabled && c->interface_count + c->replay_count > 0;
    if (strcmp(name, "pay") == 0)
        return c->payment_count > 0;
    if (strcmp(name, "file") == 0)
        return c->file_count > 0;
    return strcmp(name, "host") == 0;
}

/* Has a source that never ends, so that silence there means that time passes. */
static bool
is_live(const struct agent_config *c, const char *name)
{
    return strcmp(name, "net") == 0 ? c->net_enabled && c->interface_count > 0
                                    : configured(c, name);
}

/* ---- time ---- */

static void
on_tick(evutil_socket_t unused, short what, void *ctx)
{
    struct supervisor *s = ctx;
    struct buf now;

    buf_init(&now, 8);
    buf_put_be64(&now, (uint64_t)vtime_now());
    for (size_t i = 1; i < SUPERVISOR_WORKERS && !now.bad; i++) {
        struct supervised *w = &s->worker[i];

        /* One that is busy has the last tick waiting already. */
        if (w->life == LIFE_LIVE && w->out.len == 0 && is_live(s->options.config, w->kind->name))
            supervised_send_frame(w, FRAME_TICK, buf_slice(&now));
    }
    buf_done(&now);
}

void
supervisor_check_idle(struct supervisor *s)
{
    size_t sensors = 0;

    for (size_t i = 1; i < SUPERVISOR_WORKERS; i++) {
        const struct supervised *w = &s->worker[i];

        if (w->life == LIFE_OFF)
            continue;
        sensors++;
        if (is_live(s->options.config, w->kind->name) || !w->done)
            return;
    }
    if (sensors == 0 || s->idle_told || s->options.on_idle == NULL)
        return;
    s->idle_told = true;
    s->options.on_idle(s->options.ctx);
}

/* ---- stopping ---- */

static void
on_stopped(evutil_socket_t unused, short what, void *ctx)
{
    struct supervisor *s = ctx;
    void (*done)(void *ctx) = s->done;

    s->done = NULL;
    if (done != NULL)
        done(s->done_ctx);
}

static void
on_stop_timer(evutil_socket_t unused, short what, void *ctx)
{
    struct supervisor *s = ctx;

    for (size_t i = 0; i < SUPERVISOR_WORKERS; i++)
        if (supervised_alive(&s->worker[i]))
            supervised_end(&s->worker[i], "did not stop in %d s", STOP_PATIENCE_S);
}

/* Sensors first: one may be waiting for a file from the host worker. */
void
supervisor_check_stopped(struct supervisor *s)
{
    struct timeval now = {0};

    for (size_t i = 1; i < SUPERVISOR_WORKERS; i++)
        if (s->worker[i].life != LIFE_OFF && s->worker[i].life != LIFE_STOPPED)
            return;
    if (supervised_alive(&s->worker[0])) {
        supervised_send_frame(&s->worker[0], FRAME_STOP, slice_of(NULL, 0));
        return;
    }
    if (s->worker[0].life == LIFE_ENDING)
        return;
    /* From the loop, never from inside the call that asked for it. */
    if (s->stopped != NULL)
        (void)evtimer_add(s->stopped, &now);
}

void
supervisor_stop(struct supervisor *s, void (*done)(void *ctx), void *ctx)
{
    struct timeval patience = {.tv_sec = STOP_PATIENCE_S};

    s->done = done;
    s->done_ctx = ctx;
    s->stopping = true;
    if (s->tick != NULL)
        (void)event_del(s->tick);
    for (size_t i = 0; i < SUPERVISOR_WORKERS; i++) {
        struct supervised *w = &s->worker[i];

        if (w->life == LIFE_WAITING) {
            (void)event_del(w->timer);
            w->life = LIFE_STOPPED;
        } else if (w->kind->sensor && supervised_alive(w)) {
            supervised_send_frame(w, FRAME_STOP, slice_of(NULL, 0));
        }
    }
    (void)evtimer_add(s->stop_timer, &patience);
    supervisor_check_stopped(s);
}

/* ---- life ---- */

enum vg_err
supervisor_new(const struct supervisor_options *options, struct supervisor **out)
{
    struct supervisor *s = calloc(1, sizeof *s);

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->options = *options;
    s->answer_file = PLATFORM_NO_HANDLE;
    s->brought = brought_new();
    for (size_t i = 0; i < SUPERVISOR_WORKERS; i++) {
        struct supervised *w = &s->worker[i];

        w->s = s;
        w->kind = &WORKER_KINDS[i];
        w->out_file = PLATFORM_NO_HANDLE;
        batch_init(&w->batch, w->kind->name);
    }
    s->tick = event_new(options->loop, -1, EV_PERSIST, on_tick, s);
    s->stop_timer = evtimer_new(options->loop, on_stop_timer, s);
    s->stopped = evtimer_new(options->loop, on_stopped, s);
    if (s->tick == NULL || s->stop_timer == NULL || s->stopped == NULL) {
        supervisor_free(s);
        return VG_ERR_NOMEM;
    }
    *out = s;
    return VG_OK;
}

enum vg_err
supervisor_start(struct supervisor *s)
{
    struct timeval second = {.tv_sec = 1};

    if (event_add(s->tick, &second) != 0)
        return VG_ERR_NOMEM;
    for (size_t i = 0; i < SUPERVISOR_WORKERS; i++)
        if (configured(s->options.config, s->worker[i].kind->name))
            supervised_start(&s->worker[i]);
    return VG_OK;
}

static void
reload_all(struct supervisor *s, size_t from)
{
    for (size_t i = from; i < SUPERVISOR_WORKERS && !s->stopping; i++)
        supervised_reload(&s->worker[i]);
}

void
supervisor_config(struct supervisor *s, const struct agent_config *config)
{
    s->options.config = config;
    reload_all(s, 0);
}

enum vg_err
supervisor_rules(struct supervisor *s, const char *rules_dir)
{
    char *copy = NULL;

    if (rules_dir != NULL && (copy = strdup(rules_dir)) == NULL)
        return VG_ERR_NOMEM;
    free(s->rules_dir);
    s->rules_dir = copy;
    reload_all(s, 1); /* the host worker has none */
    return VG_OK;
}

bool
supervisor_feedback(struct supervisor *s, const char *sensor, const json_t *feedback)
{
    char *text = vg_json_text(feedback);
    bool sent = false;

    for (size_t i = 1; i < SUPERVISOR_WORKERS && text != NULL; i++)
        if (strcmp(s->worker[i].kind->name, sensor) == 0 && s->worker[i].life == LIFE_LIVE) {
            supervised_send_frame(&s->worker[i], FRAME_FEEDBACK, slice_of(text, strlen(text)));
            sent = true;
        }
    free(text);
    return sent;
}

void
supervisor_exceptions(struct supervisor *s, json_t *exceptions)
{
    free(s->exceptions);
    s->exceptions = vg_json_text(exceptions);
    json_decref(exceptions);
    for (size_t i = 1; i < SUPERVISOR_WORKERS && s->exceptions != NULL; i++)
        if (s->worker[i].kind->sensor && s->worker[i].life == LIFE_LIVE)
            supervised_send_frame(&s->worker[i], FRAME_FEEDBACK,
                                  slice_of(s->exceptions, strlen(s->exceptions)));
}

static const char *
life_name(enum life life)
{
    static const char *const names[] = {
        [LIFE_OFF] = "off",       [LIFE_STARTING] = "starting", [LIFE_LIVE] = "running",
        [LIFE_ENDING] = "ending", [LIFE_WAITING] = "waiting",   [LIFE_STOPPED] = "stopped",
    };

    return names[life];
}

json_t *
supervisor_status(const struct supervisor *s)
{
    json_t *all = json_array();

    for (size_t i = 0; all != NULL && i < SUPERVISOR_WORKERS; i++) {
        const struct supervised *w = &s->worker[i];
        json_t *one;

        if (w->life == LIFE_OFF)
            continue;
        one = json_pack("{s:s, s:s, s:I, s:i, s:s, s:O?, s:O?}", "name", w->kind->name, "state",
                        w->full_since_ns != 0 ? "store full" : life_name(w->life), "pid",
                        (json_int_t)w->child.pid, "restarts", (int)w->restarts, "error", w->told,
                        "sandbox", w->sandbox, "health", w->health);
        if (one == NULL || json_array_append_new(all, one) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

void
supervisor_free(struct supervisor *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < SUPERVISOR_WORKERS; i++) {
        struct supervised *w = &s->worker[i];

        if (w->child.pid > 0)
            platform_child_kill(&w->child);
        if (supervised_alive(w))
            platform_stream_close(w->child.stream);
        supervised_deafen(w);
        supervisor_ask_forget(w);
        batch_clear(&w->batch);
        if (w->timer != NULL)
            event_free(w->timer);
        if (w->retry != NULL)
            event_free(w->retry);
        json_decref(w->sandbox);
        json_decref(w->health);
    }
    if (s->tick != NULL)
        event_free(s->tick);
    if (s->stop_timer != NULL)
        event_free(s->stop_timer);
    if (s->stopped != NULL)
        event_free(s->stopped);
    free(s->exceptions);
    free(s->rules_dir);
    brought_free(s->brought);
    free(s);
}
