/* SPDX-License-Identifier: Apache-2.0 */
/* A database with two customers, their shops, people and an agent each, for tests of triage. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/incident.h"
#include "collector/search.h"
#include "collector/store/store.h"
#include "common/vtime.h"

#define KIT_NOW   INT64_C(1790000000000000000) /* 2026-09-21T14:13:20Z */
#define KIT_STORE "018f0000-0000-4000-8000-0000000000b1"

struct kit {
    char dir[64], path[96];
    struct storage *s;
    const struct storage_ops *ops;
    struct storage_site site[2];   /* of two customers */
    struct storage_scope own[2];   /* what their people see */
    struct storage_agent agent[2]; /* one in each shop */
    int64_t stream[2], seq;
    struct storage_user ana, eva,
        oto; /* provider: sees all; given the first; owner of the second */
    struct zone *utc;
};

static inline void
kit_user(struct kit *k, struct storage_user *u, const char *name, const char *tenant, bool given)
{
    *u = (struct storage_user){
        .role = STORAGE_TECHNICIAN, .language = "es-MX", .password = "x", .given = given};
    strcpy(u->name, name);
    strcpy(u->tenant, tenant);
    assert_int_equal(k->ops->user_add(k->s, u, KIT_NOW), VG_OK);
    assert_int_equal(k->ops->user_find(k->s, name, u), VG_OK);
}

static inline void
kit_fill(struct kit *k)
{
    static const char *const tenants[] = {"Farmacias Ámbar", "Tacos"};
    static const char *const sites[] = {"Centro", "Norte"};
    int64_t durable;

    for (int i = 0; i < 2; i++) {
        struct storage_site *site = &k->site[i];
        struct storage_agent *a = &k->agent[i];
        char id[UUID_TEXT_SIZE];

        *site = (struct storage_site){
            .zone = "America/Mexico_City", .language = "es-MX", .mail = "dueno@example.mx"};
        strcpy(site->name, sites[i]);
        assert_int_equal(k->ops->tenant_add(k->s, tenants[i], KIT_NOW, site->tenant), VG_OK);
        assert_int_equal(k->ops->site_add(k->s, site, KIT_NOW, id), VG_OK);
        assert_int_equal(k->ops->site_find(k->s, &STORAGE_EVERYTHING, id, site), VG_OK);
        k->own[i] = storage_scope_tenant(site->tenant);
        *a = (struct storage_agent){.host = "caja", .machine = "m", .version = "0.1.0"};
        assert_int_equal(uuid_v7(KIT_NOW, a->id), VG_OK);
        strcpy(a->tenant, site->tenant);
        strcpy(a->site, site->id);
        assert_int_equal(k->ops->agent_add(k->s, a, KIT_NOW), VG_OK);
        assert_int_equal(
            k->ops->stream_open(k->s, a->id, KIT_STORE, KIT_NOW, &k->stream[i], &durable), VG_OK);
    }
    kit_user(k, &k->ana, "ana", STORAGE_ALL, false);
    kit_user(k, &k->eva, "eva", STORAGE_ALL, true);
    kit_user(k, &k->oto, "oto", k->site[1].tenant, false);
    assert_int_equal(k->ops->user_give(k->s, k->eva.id, k->site[0].tenant), VG_OK);
}

static inline int
kit_setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    char why[STORAGE_WHY_MAX];

    strcpy(k->dir, "/tmp/vg-triage-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    snprintf(k->path, sizeof k->path, "%s/c.sqlite", k->dir);
    assert_int_equal(storage_open(k->path, STORAGE_WRITE, &k->s, why), VG_OK);
    k->ops = k->s->ops;
    k->utc = zone_utc();
    kit_fill(k);
    *state = k;
    return 0;
}

static inline int
kit_teardown(void **state)
{
    struct kit *k = *state;
    char command[128];

    storage_close(k->s);
    zone_free(k->utc);
    snprintf(command, sizeof command, "rm -r %s", k->dir);
    assert_int_equal(system(command), 0);
    free(k);
    return 0;
}

struct kit_alert {
    const char *detector, *subject, *peer; /* peer NULL: none */
    const char *fact;                      /* of one text fact; NULL: none */
    enum severity severity;
    int64_t time_ns;
};

/* As it comes from the agent of the shop: *incident is what it came into, "" for none. */
static inline void
kit_take(struct kit *k, int at, const struct kit_alert *a, char incident[UUID_TEXT_SIZE])
{
    struct storage_event row = {.stream = k->stream[at],
                                .seq = ++k->seq,
                                .tenant = k->site[at].tenant,
                                .site = k->site[at].id,
                                .class = "alert",
                                .detector = a->detector,
                                .severity = a->severity,
                                .time_ns = a->time_ns,
                                .recorded_ns = a->time_ns,
                                .received_ns = KIT_NOW};
    char id[UUID_TEXT_SIZE], time[VTIME_TEXT_MAX], *body;
    json_t *event;

    assert_int_equal(uuid_v7(KIT_NOW, id), VG_OK);
    row.id = id;
    event = json_pack("{ss ss ss ss s{ss ss ss} s{ss}}", "id", id, "time",
                      vtime_format(a->time_ns, time), "first", time, "detector", a->detector,
                      "subject", "kind", "device", "id", a->subject, "label", a->subject, "facts",
                      "what", a->fact != NULL ? a->fact : "");
    if (a->peer != NULL)
        (void)json_object_set_new(
            event, "peer",
            json_pack("{ss ss ss}", "kind", "host", "id", a->peer, "label", a->peer));
    body = vg_json_text(event);
    row.body = slice_of(body, strlen(body));
    assert_int_equal(incident_take(k->s, &k->agent[at], event, &row, incident), VG_OK);
    row.incident = incident[0] != '\0' ? incident : NULL;
    assert_int_equal(k->ops->event_put(k->s, &row), VG_OK);
    free(body);
    json_decref(event);
}

/* How many incidents the scope finds by what is typed, in all states unless `state` says. */
static inline size_t
kit_found(struct kit *k, const struct storage_scope *scope, const char *state, const char *typed)
{
    struct search search;
    struct storage_incident_query q = {.state = state,
                                       .severity = "",
                                       .site = "",
                                       .detector = "",
                                       .search = &search,
                                       .me = k->ana.id,
                                       .cursor = "",
                                       .limit = STORAGE_PAGE_MAX};
    json_t *page;
    size_t n;

    search_parse(typed, k->utc, &search);
    assert_int_equal(k->ops->incidents(k->s, scope, &q, &page), VG_OK);
    n = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    return n;
}
