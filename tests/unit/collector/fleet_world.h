/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_world: a database of its own with one tenant, one site and agents, for the tests of the fleet. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/store/store.h"
#include "common/vtime.h"

#define NOW   INT64_C(1790000000000000000)
#define AGENT "018f0000-0000-7000-8000-0000000000a1"

struct world {
    char dir[64];
    struct storage *s;
    struct storage_site site;
    struct storage_scope own; /* who sees the tenant of `site` */
};

static int
world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char why[STORAGE_WHY_MAX], path[96];

    strcpy(w->dir, "/tmp/vg-fleet-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(path, sizeof path, "%s/c.sqlite", w->dir);
    assert_int_equal(storage_open(path, STORAGE_WRITE, &w->s, why), VG_OK);
    w->site = (struct storage_site){
        .name = "Centro", .zone = "America/Mexico_City", .language = "es-MX", .mail = "a@b.mx"};
    assert_int_equal(w->s->ops->tenant_add(w->s, "Clientes", NOW, w->site.tenant), VG_OK);
    assert_int_equal(w->s->ops->site_add(w->s, &w->site, NOW, w->site.id), VG_OK);
    w->own = storage_scope_tenant(w->site.tenant);
    *state = w;
    return 0;
}

static int
world_close(void **state)
{
    struct world *w = *state;
    char command[128];

    storage_close(w->s);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* With the id AGENT, or (n > 0) one like it. */
static inline struct storage_agent
world_agent(struct world *w, unsigned n)
{
    struct storage_agent agent = {.machine = "m", .version = "0.1"};

    snprintf(agent.id, sizeof agent.id, "018f0000-0000-7000-8000-0000000000%02x", 0xa1 + n);
    snprintf(agent.host, sizeof agent.host, "caja-%u", n + 1);
    strcpy(agent.tenant, w->site.tenant);
    strcpy(agent.site, w->site.id);
    assert_int_equal(w->s->ops->agent_add(w->s, &agent, NOW), VG_OK);
    return agent;
}

/* How many incidents there are in that state ("open", "all"). */
static inline size_t
world_incidents(struct world *w, const char *state)
{
    const struct storage_incident_query query = {
        .state = state,
        .severity = "",
        .site = "",
        .detector = "",
        .cursor = "",
        .limit = STORAGE_PAGE_MAX,
    };
    json_t *page = NULL;
    size_t n;

    assert_int_equal(w->s->ops->incidents(w->s, &w->own, &query, &page), VG_OK);
    n = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    return n;
}
