/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_kit: the supervisor with the real store and with workers that misbehave (fake_worker.c). */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/keeper/supervisor_worker.h"
#include "agent/platform/platform.h"
#include "common/json.h"
#include "common/log.h"
#include "common/vtime.h"

struct place {
    char dir[64], program[512], logs[96];
    struct agent_config config;
    struct event_base *loop;
    struct store *store;
    struct supervisor *s;
    unsigned told, idle;
    bool stopped, late;
    unsigned crashes;
};

static inline void
count_events(void *ctx)
{
    ((struct place *)ctx)->told++;
}

static inline void
count_idle(void *ctx)
{
    ((struct place *)ctx)->idle++;
}

static inline void
note_stopped(void *ctx)
{
    struct place *p = ctx;

    p->stopped = true;
    (void)event_base_loopbreak(p->loop);
}

static inline void
on_late(evutil_socket_t unused, short what, void *ctx)
{
    struct place *p = ctx;

    p->late = true;
    (void)event_base_loopbreak(p->loop);
}

static inline void
count_crash(void *ctx, const char *name)
{
    struct place *p = ctx;

    assert_string_equal(name, "net");
    p->crashes++;
}

static inline void
configure(struct place *p, const char *text)
{
    struct conf_error err;

    if (agent_config_parse("test", slice_of(text, strlen(text)), &p->config, &err) != VG_OK)
        fail_msg("%s", err.text);
}

static inline void
open_store(struct place *p)
{
    struct store_options options = {.dir = p->dir,
                                    .bytes_max = 64 * 1024 * 1024,
                                    .alerts_keep_ns = 365 * VG_DAY_NS,
                                    .observations_keep_ns = 7 * VG_DAY_NS};
    char why[STORE_WHY_MAX];

    if (store_open(&options, &p->store, why) != VG_OK)
        fail_msg("%s", why);
}

static inline void
start(struct place *p, const char *mode)
{
    struct supervisor_options options = {.loop = p->loop,
                                         .drives = PLATFORM_NO_HANDLE,
                                         .writers = PLATFORM_NO_HANDLE,
                                         .store = p->store,
                                         .config = &p->config,
                                         .program = p->program,
                                         .sandbox = true,
                                         .on_events = count_events,
                                         .on_idle = count_idle,
                                         .on_crash = count_crash,
                                         .ctx = p};

    assert_int_equal(setenv("VIGIA_FAKE", mode, 1), 0);
    assert_int_equal(supervisor_new(&options, &p->s), VG_OK);
    assert_int_equal(supervisor_start(p->s), VG_OK);
}

static inline json_t *
worker(struct place *p, const char *name)
{
    json_t *all = supervisor_status(p->s), *one, *found = NULL;
    size_t i;

    assert_non_null(all);
    json_array_foreach(all, i, one) if (strcmp(vg_json_str(one, "name", ""), name) == 0) found =
        json_incref(one);
    json_decref(all);
    assert_non_null(found);
    return found;
}

static int64_t
worker_int(struct place *p, const char *name, const char *key)
{
    json_t *w = worker(p, name);
    int64_t value = vg_json_int(w, key, -1);

    json_decref(w);
    return value;
}

static inline bool
restarted(struct place *p, int64_t n)
{
    return worker_int(p, "net", "restarts") >= n;
}

struct tally {
    unsigned alerts, ended;
    char note[64], reason[512];
    int64_t seq;
};

static inline enum vg_err
count_stored(void *ctx, int64_t seq, struct slice json)
{
    struct tally *t = ctx;
    json_t *event;

    assert_int_equal(vg_json_parse(json, EVENT_BYTES_MAX, &event), VG_OK);
    assert_int_equal(seq, ++t->seq);
    if (strcmp(vg_json_str(event, "class", ""), "alert") == 0) {
        t->alerts++;
        (void)vg_strcpy(t->note, sizeof t->note,
                        vg_json_str(json_object_get(event, "facts"), "note", ""));
    }
    if (strcmp(vg_json_str(event, "detector", ""), "agent.worker_ended") == 0) {
        t->ended++;
        (void)vg_strcpy(t->reason, sizeof t->reason,
                        vg_json_str(json_object_get(event, "facts"), "reason", ""));
    }
    json_decref(event);
    return VG_OK;
}

static inline struct tally
stored(struct place *p)
{
    struct tally t = {0};

    assert_int_equal(store_events_after(p->store, 0, 10000, 64 * 1024 * 1024, count_stored, &t),
                     VG_OK);
    return t;
}

static inline bool
has_alert(struct place *p, int64_t n)
{
    return stored(p).alerts >= n;
}

static inline bool
net_acked(struct place *p, int64_t n)
{
    json_t *w = worker(p, "net");
    bool acked = vg_json_int(json_object_get(w, "health"), "acked", 0) >= n;

    json_decref(w);
    return acked;
}

static inline bool
is_idle(struct place *p, int64_t n)
{
    return p->idle >= n;
}

/* Runs the loop until it is so; false when it is not within `seconds`. */
static inline bool
until(struct place *p, bool (*so)(struct place *p, int64_t n), int64_t n, int seconds)
{
    struct timeval wait = {.tv_sec = seconds};
    struct event *late = evtimer_new(p->loop, on_late, p);
    bool is;

    p->late = false;
    (void)evtimer_add(late, &wait);
    while (!(is = so(p, n)) && !p->late)
        (void)event_base_loop(p->loop, EVLOOP_ONCE);
    event_free(late);
    return is;
}

static inline void
stop(struct place *p)
{
    p->stopped = false;
    supervisor_stop(p->s, note_stopped, p);
    assert_false(p->stopped); /* never from inside the call */
    while (!p->stopped)
        (void)event_base_loop(p->loop, EVLOOP_ONCE);
    supervisor_free(p->s);
    p->s = NULL;
}

static inline int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char *path = platform_program_path(), *slash = path != NULL ? strrchr(path, '/') : NULL;

    if (p == NULL || slash == NULL)
        return -1;
    *slash = '\0';
    (void)snprintf(p->program, sizeof p->program, "%s/fake_worker", path);
    free(path);
    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    (void)snprintf(p->logs, sizeof p->logs, "%s/logs", p->dir);
    p->loop = event_base_new();
    log_setup("test", LOG_LEVEL_ERROR);
    open_store(p);
    *state = p;
    return p->loop != NULL ? 0 : -1;
}

static inline int
tear_down(void **state)
{
    struct place *p = *state;
    char command[128];

    supervisor_free(p->s);
    store_close(p->store);
    agent_config_done(&p->config);
    event_base_free(p->loop);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    if (system(command) != 0)
        return -1;
    free(p);
    return 0;
}
