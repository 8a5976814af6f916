/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store share: a folder of their own, events, batches, counters. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/keeper/store.h"
#include "agent/platform/platform.h"
#include "common/uuid.h"
#include "common/vtime.h"

#define NOW (INT64_C(1763800000) * VG_SEC_NS)

struct place {
    char dir[128];
};

/* A shell line about two paths, $A and $B. */
static inline void
run_shell(const char *line, const char *a, const char *b)
{
    assert_int_equal(setenv("A", a, 1), 0);
    assert_int_equal(setenv("B", b, 1), 0);
    assert_int_equal(system(line), 0);
}

static inline int
place_make(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return -1;
    snprintf(p->dir, sizeof(p->dir), "/tmp/vigia-store-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    *state = p;
    return 0;
}

static inline int
place_remove(void **state)
{
    struct place *p = *state;

    run_shell("rm -rf $A", p->dir, "");
    free(p);
    return 0;
}

static inline struct store *
open_with(const char *dir, bool read_only, int64_t bytes_max)
{
    struct store_options options = {.dir = dir, .read_only = read_only, .bytes_max = bytes_max};
    struct store *store = NULL;
    char why[STORE_WHY_MAX];
    enum vg_err err = store_open(&options, &store, why);

    if (err != VG_OK)
        fail_msg("store_open: %s: %s", vg_err_name(err), why);
    return store;
}

static inline json_t *
event_at(int64_t time_ns, const char *detector, const char *severity, const char *subject)
{
    char time[VTIME_TEXT_MAX];

    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s}, s:{}}", "v", 1, "time",
                     vtime_format(time_ns, time), "class", "alert", "sensor", "pay", "detector",
                     detector, "severity", severity, "score", 50, "subject", "kind", "card", "id",
                     subject, "label", subject, "facts");
}

static inline void
commit_event(struct store *store, int64_t now_ns, const char *subject)
{
    struct batch batch;

    batch_init(&batch, "pay");
    assert_int_equal(batch_event(&batch, event_at(now_ns, "pay.velocity", "high", subject)), VG_OK);
    assert_int_equal(store_commit(store, &batch, now_ns), VG_OK);
    batch_clear(&batch);
}

struct gathered {
    json_t *events; /* array */
    int64_t last_seq;
};

static inline enum vg_err
gather(void *ctx, int64_t seq, struct slice json)
{
    struct gathered *g = ctx;
    json_t *event;

    assert_int_equal(vg_json_parse(json, EVENT_BYTES_MAX, &event), VG_OK);
    json_array_append_new(g->events, event);
    g->last_seq = seq;
    return VG_OK;
}

/* All events of the current store id, in order; to be freed with json_decref(). */
static inline json_t *
events_of(struct store *store)
{
    struct gathered g = {.events = json_array()};

    assert_int_equal(store_events_after(store, 0, 1000000, SIZE_MAX, gather, &g), VG_OK);
    return g.events;
}

static inline json_t *
query_all(struct store *store, const struct store_query *query)
{
    struct gathered g = {.events = json_array()};

    assert_int_equal(store_query(store, query, gather, &g), VG_OK);
    return g.events;
}

static inline size_t
count_detector(struct store *store, const char *detector)
{
    struct store_query all = {.class = NULL};
    json_t *events = query_all(store, &all), *event;
    size_t i, n = 0;

    json_array_foreach(events, i, event)
    {
        n += strcmp(vg_json_str(event, "detector", ""), detector) == 0;
    }
    json_decref(events);
    return n;
}

static inline void
assert_verifies(struct store *store, const uint8_t first[32])
{
    struct store_verdict verdict;

    if (store_verify(store, first, &verdict) != VG_OK)
        fail_msg("verify: event %lld: %s", (long long)verdict.broken_seq, verdict.why);
}
