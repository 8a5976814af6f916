/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/keeper/supervisor_worker.h"
#include "common/log.h"
#include "common/vtime.h"

#define BACKOFF_FIRST_NS (1 * VG_SEC_NS)
#define BACKOFF_MOST_NS  (5 * VG_MIN_NS)
#define BACKOFF_FINE_NS  (4 * VG_SEC_NS) /* at most, while each life gets something done */
#define GOOD_LIFE_NS     (10 * VG_MIN_NS)
#define REAP_EVERY_NS    (10 * VG_MS_NS)
#define REAP_PATIENCE_NS (2 * VG_SEC_NS)

enum { RELOAD_PATIENCE_S = 15 };

static void
arm(struct event *timer, int64_t wait_ns)
{
    struct timeval wait = {.tv_sec = (time_t)(wait_ns / VG_SEC_NS),
                           .tv_usec = (suseconds_t)(wait_ns % VG_SEC_NS / VG_US_NS)};

    (void)evtimer_add(timer, &wait);
}

bool
supervised_alive(const struct supervised *w)
{
    return w->life == LIFE_STARTING || w->life == LIFE_LIVE;
}

void
supervisor_tell(struct supervisor *s, const char *detector, json_t *facts)
{
    int64_t now_ns = vtime_now();
    char about[64]; /* one worker that fails again and again must not hush up the others */
    unsigned held_back;
    json_t *event;
    enum vg_err err = VG_ERR_NOMEM;

    (void)snprintf(about, sizeof about, "%s %s", detector, vg_json_str(facts, "worker", ""));
    if (!health_allowed(&s->health, about, platform_clock_monotonic(), &held_back)) {
        json_decref(facts);
        return;
    }
    if (held_back > 0)
        (void)json_object_set_new(facts, "held_back", json_integer(held_back));
    event = health_event(detector, SEVERITY_LOW, store_id(s->options.store), now_ns, facts);
    if (event != NULL)
        err = store_event(s->options.store, event, now_ns);
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "keeper.health_lost", "detector=%s err=%s", detector,
                  vg_err_name(err));
    else if (s->options.on_events != NULL)
        s->options.on_events(s->options.ctx);
}

/* What is left of one life goes: an uncommitted batch is done again in the next. */
static void
forget(struct supervised *w)
{
    supervised_deafen(w);
    batch_clear(&w->batch);
    w->commit = w->commit_last = 0;
    if (w->retry != NULL)
        event_free(w->retry);
    w->retry = NULL;
    supervisor_ask_forget(w);
    memset(w->gate.used, 0, sizeof w->gate.used);
}

static void
say_why(struct supervised *w, char out[2 * WORKER_WHY_MAX])
{
    if (w->why[0] != '\0' && w->told[0] != '\0')
        (void)snprintf(out, 2 * WORKER_WHY_MAX, "%s; %s", w->why, w->told);
    else if (w->why[0] != '\0' || w->told[0] != '\0')
        (void)snprintf(out, 2 * WORKER_WHY_MAX, "%s%s", w->why, w->told);
    else if (w->status > 128)
        (void)snprintf(out, 2 * WORKER_WHY_MAX, "signal %d", w->status - 128);
    else
        (void)snprintf(out, 2 * WORKER_WHY_MAX, "exit code %d", w->status);
}

/* 1 s doubling to 5 min. A life in which something was committed got past what ended it, so the
 * next may come soon; one that ends before it commits anything will do so again. */
static int64_t
next_backoff(const struct supervised *w)
{
    int64_t most = w->progress ? BACKOFF_FINE_NS : BACKOFF_MOST_NS;
    int64_t lived = platform_clock_monotonic() - w->started_ns;
    int64_t wait = w->backoff_ns * 2;

    if (w->backoff_ns == 0 || lived >= GOOD_LIFE_NS)
        return BACKOFF_FIRST_NS;
    return wait > most ? most : wait;
}

/* Ended by a signal (also ours, because it broke the rules), or before it had begun: that may be the
 * rules, unless it said itself that it was something else, as an interface that is not there. */
static bool
crashed(const struct supervised *w)
{
    bool said =
        w->told[0] != '\0' && strncmp(w->told, "rules", 5) != 0 && strncmp(w->told, "yara", 4) != 0;

    return w->kind->sensor && (w->status > 128 || (!w->lived && !said));
}

static void
ended(struct supervised *w)
{
    char why[2 * WORKER_WHY_MAX];

    say_why(w, why);
    if (w->reload && !w->s->stopping) {
        w->life = LIFE_WAITING;
        log_event(LOG_LEVEL_INFO, "worker.reloads", "worker=%s status=%d", w->kind->name,
                  w->status);
        arm(w->timer, 0);
        return;
    }
    if (w->s->stopping) {
        w->life = LIFE_STOPPED;
        if (w->status != 0)
            log_event(LOG_LEVEL_WARN, "worker.ended", "worker=%s why=%s", w->kind->name,
                      log_quote(why));
        supervisor_check_stopped(w->s);
        return;
    }
    w->restarts++;
    w->backoff_ns = next_backoff(w);
    w->life = LIFE_WAITING;
    log_event(LOG_LEVEL_WARN, "worker.ended", "worker=%s status=%d again_s=%lld why=%s",
              w->kind->name, w->status, (long long)(w->backoff_ns / VG_SEC_NS), log_quote(why));
    arm(w->timer, w->backoff_ns);
    supervisor_tell(w->s, "agent.worker_ended",
                    json_pack("{s:s, s:s, s:i, s:i, s:I}", "worker", w->kind->name, "reason", why,
                              "status", w->status, "restarts", (int)w->restarts, "again_s",
                              (json_int_t)(w->backoff_ns / VG_SEC_NS)));
    if (crashed(w) && w->s->options.on_crash != NULL)
        w->s->options.on_crash(w->s->options.ctx, w->kind->name);
}

/* Reaps while ending, starts again after the back-off. */
static void
on_timer(evutil_socket_t unused, short what, void *ctx)
{
    struct supervised *w = ctx;
    enum vg_err err;

    if (w->life == LIFE_WAITING) {
        supervised_start(w);
        return;
    }
    if (supervised_alive(w)) { /* told to end because of other rules */
        supervised_end(w, "did not stop in %d s", RELOAD_PATIENCE_S);
        return;
    }
    err = platform_child_wait(&w->child, &w->status);
    if (err == VG_AGAIN) {
        if (platform_clock_monotonic() >= w->kill_at_ns)
            platform_child_kill(&w->child);
        arm(w->timer, REAP_EVERY_NS);
        return;
    }
    ended(w);
}

static void
begin_to_end(struct supervised *w, int64_t patience_ns)
{
    w->life = LIFE_ENDING;
    w->kill_at_ns = platform_clock_monotonic() + patience_ns;
    forget(w);
    platform_stream_close(w->child.stream);
    arm(w->timer, patience_ns > 0 ? 0 : REAP_EVERY_NS);
}

void
supervised_reload(struct supervised *w)
{
    if (!supervised_alive(w) || w->reload)
        return; /* or its next life has them anyhow */
    w->reload = true;
    arm(w->timer, RELOAD_PATIENCE_S * VG_SEC_NS);
    supervised_send_frame(w, FRAME_STOP, slice_of(NULL, 0));
}

void
supervised_gone(struct supervised *w)
{
    if (supervised_alive(w))
        begin_to_end(w, REAP_PATIENCE_NS);
}

void
supervised_end(struct supervised *w, const char *fmt, ...)
{
    va_list args;

    if (!supervised_alive(w))
        return;
    va_start(args, fmt);
    if (w->why[0] == '\0')
        (void)vsnprintf(w->why, sizeof w->why, fmt, args);
    va_end(args);
    platform_child_kill(&w->child);
    begin_to_end(w, 0);
}

/* Could not even be started: as an end of a life that did nothing. */
static void
not_started(struct supervised *w, enum vg_err err)
{
    (void)snprintf(w->why, sizeof w->why, "cannot be started: %s", vg_err_name(err));
    w->status = VG_EXIT_INTERNAL;
    ended(w);
}

/* What the keeper opened for it while it had the right goes with its configuration. */
static void
attach_drives(struct supervised *w)
{
    const struct supervisor_options *o = &w->s->options;
    platform_file drives = !w->kind->sensor                     ? o->writers
                           : strcmp(w->kind->name, "file") == 0 ? o->drives
                                                                : PLATFORM_NO_HANDLE;

    if (drives != PLATFORM_NO_HANDLE && platform_file_again(drives, &w->out_file) == VG_OK)
        w->out_file_at = w->out.len;
}

static void
send_config(struct supervised *w)
{
    json_t *tree = agent_config_for_worker(w->s->options.config);
    bool sandbox = w->s->options.sandbox && w->s->options.config->sandbox;
    const char *key = strcmp(w->kind->name, "pay") == 0 ? w->s->options.token_key : NULL;
    const char *rules = w->s->rules_dir;
    size_t mark;

    if (tree == NULL || json_object_set_new(tree, "sandbox", json_boolean(sandbox)) != 0 ||
        (key != NULL && json_object_set_new(tree, "token_key", json_string(key)) != 0) ||
        (rules != NULL && json_object_set_new(tree, "rules", json_string(rules)) != 0)) {
        json_decref(tree);
        supervised_end(w, "no memory for its configuration");
        return;
    }
    attach_drives(w);
    mark = frame_begin(&w->out, FRAME_CONFIG);
    vg_json_write(tree, &w->out);
    frame_end(&w->out, mark);
    json_decref(tree);
    supervised_send(w);
}

void
supervised_start(struct supervised *w)
{
    const char *argv[] = {w->s->options.program, "--worker", w->kind->name, NULL};
    unsigned rights = w->kind->rights;
    enum vg_err err;

    if (w->timer == NULL)
        w->timer = evtimer_new(w->s->options.loop, on_timer, w);
    if (w->timer == NULL) {
        log_event(LOG_LEVEL_ERROR, "keeper.no_memory", "worker=%s", w->kind->name);
        return;
    }
    w->why[0] = w->told[0] = '\0';
    w->progress = w->done = w->reload = w->lived = false;
    w->started_ns = platform_clock_monotonic();
    if (!w->kind->sensor && w->s->options.config->scan.quarantine)
        rights |= PLATFORM_RIGHT_MOVE;
    err = platform_child_start(argv, rights, NULL, &w->child);
    if (err != VG_OK) {
        not_started(w, err);
        return;
    }
    w->life = LIFE_STARTING;
    w->gate = (struct frame_gate){.rules = w->kind->rules, .count = w->kind->rule_count};
    err = supervised_listen(w);
    if (err != VG_OK)
        supervised_end(w, "no memory for its stream");
    else
        send_config(w);
}
