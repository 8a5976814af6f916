/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/rollout.h"
#include "common/vtime.h"

#define NOW (INT64_C(1780000000) * VG_SEC_NS)

/* ---- the ring ---- */

static json_t *
agents_of(size_t count, int64_t seen_ns)
{
    json_t *all = json_array();
    char id[40];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(id, sizeof id, "0193e0c0-0000-7000-8000-%012zu", i);
        json_array_append_new(all, json_pack("{ss sI}", "id", id, "seen", (json_int_t)seen_ns));
    }
    return all;
}

static json_t *
ring_of(const json_t *agents, int64_t share)
{
    json_t *ring = NULL;

    assert_int_equal(rollout_ring(agents, share, NOW, &ring), VG_OK);
    return ring;
}

static void
test_ring_is_a_share_that_stays(void **state)
{
    static const struct {
        size_t agents, share, ring;
    } cases[] = {{0, 10, 0},    {1, 10, 1},  {10, 10, 1}, {11, 10, 2},
                 {200, 10, 20}, {200, 1, 2}, {3, 99, 3}};
    json_t *agents, *ring, *again, *one;
    size_t i, low = 0;

    (void)state;
    for (size_t n = 0; n < VG_ARRAY_LEN(cases); n++) {
        agents = agents_of(cases[n].agents, NOW);
        ring = ring_of(agents, (int64_t)cases[n].share);
        assert_int_equal(json_array_size(ring), cases[n].ring);
        again = ring_of(agents, (int64_t)cases[n].share);
        assert_true(json_equal(ring, again));
        json_decref(ring);
        json_decref(again);
        json_decref(agents);
    }
    /* By the hash: not those that came first. A wider ring holds the narrower one. */
    agents = agents_of(200, NOW);
    ring = ring_of(agents, 10);
    again = ring_of(agents, 20);
    json_array_foreach(ring, i, one)
    {
        low += atoi(json_string_value(one) + 24) < 100;
        assert_string_equal(json_string_value(one), json_string_value(json_array_get(again, i)));
    }
    assert_in_range(low, 3, 17);
    json_decref(ring);
    json_decref(again);
    json_decref(agents);
}

static void
test_ring_of_those_that_are_there(void **state)
{
    json_t *agents = agents_of(100, NOW - 30 * VG_DAY_NS), *ring;

    (void)state;
    for (size_t i = 0; i < 10; i++)
        json_object_set_new(json_array_get(agents, i), "seen", json_integer(NOW - VG_HOUR_NS));
    ring = ring_of(agents, 10);
    assert_int_equal(json_array_size(ring), 1);
    assert_true(atoi(json_string_value(json_array_get(ring, 0)) + 24) < 10);
    json_decref(ring);
    json_decref(agents);
}

/* ---- the decision ---- */

struct row {
    const char *state;
    bool canary;
    int64_t since_min, seen_min; /* ago */
    int64_t crashes, alerts, before;
};

static enum rollout_verdict
decide(const char *bundle_state, const struct row *row, size_t count, const char *why_has)
{
    struct storage_bundle b = {.version = 7, .quiet_ns = VG_HOUR_NS};
    char why[STORAGE_WHY_MAX] = "";
    json_t *ring = json_array();
    enum rollout_verdict verdict;

    (void)vg_strcpy(b.state, sizeof b.state, bundle_state);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            ring, json_pack("{ss ss sb ss sI sI ss sI sI sI}", "agent", "a", "host", "caja",
                            "canary", row[i].canary, "state", row[i].state, "since",
                            (json_int_t)(NOW - row[i].since_min * VG_MIN_NS), "crashes",
                            (json_int_t)row[i].crashes, "why", "x", "seen",
                            (json_int_t)(NOW - row[i].seen_min * VG_MIN_NS), "alerts",
                            (json_int_t)row[i].alerts, "before", (json_int_t)row[i].before));
    verdict = rollout_decide(&b, ring, NOW, why);
    if (strstr(why, why_has) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", why_has, why);
    json_decref(ring);
    return verdict;
}

#define CANARIES(...)                                                                              \
    (const struct row[]){__VA_ARGS__},                                                             \
        sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row)

static void
test_quiet_hour(void **state)
{
    (void)state;
    assert_int_equal(decide("canary", NULL, 0, ""), ROLLOUT_WAIT); /* nobody is no proof */
    assert_int_equal(decide("canary", CANARIES({"chosen", true, 90, 1, 0, 0, 0}), ""),
                     ROLLOUT_WAIT);
    assert_int_equal(decide("canary", CANARIES({"running", true, 59, 1, 0, 0, 0}), ""),
                     ROLLOUT_WAIT);
    assert_int_equal(decide("canary", CANARIES({"running", true, 60, 1, 0, 0, 0}), ""),
                     ROLLOUT_PROMOTE);
    /* Silent since: what became of it is not known. */
    assert_int_equal(decide("canary", CANARIES({"running", true, 90, 20, 0, 0, 0}), ""),
                     ROLLOUT_WAIT);
    /* One is switched off for the holidays, and keeps nobody waiting; one that is on does. */
    assert_int_equal(
        decide("canary",
               CANARIES({"running", true, 90, 1, 0, 0, 0}, {"chosen", true, 90, 9000, 0, 0, 0}),
               ""),
        ROLLOUT_PROMOTE);
    assert_int_equal(
        decide("canary",
               CANARIES({"running", true, 90, 1, 0, 0, 0}, {"waiting", true, 90, 1, 0, 0, 0}), ""),
        ROLLOUT_WAIT);
    assert_int_equal(
        decide("canary",
               CANARIES({"running", true, 90, 1, 0, 0, 0}, {"running", true, 20, 1, 0, 0, 0}), ""),
        ROLLOUT_WAIT);
    /* Who took it from a file counts for nothing. */
    assert_int_equal(
        decide("canary",
               CANARIES({"chosen", true, 90, 1, 0, 0, 0}, {"running", false, 90, 1, 0, 0, 0}), ""),
        ROLLOUT_WAIT);
}

static void
test_what_stops_it(void **state)
{
    (void)state;
    assert_int_equal(
        decide("canary",
               CANARIES({"running", true, 90, 1, 0, 0, 0}, {"refused", true, 1, 1, 0, 0, 0}),
               "caja refused it"),
        ROLLOUT_STOP);
    assert_int_equal(decide("canary", CANARIES({"left", true, 1, 9000, 0, 0, 0}), "caja left it"),
                     ROLLOUT_STOP);
    assert_int_equal(decide("canary", CANARIES({"running", true, 90, 1, 1, 0, 0}), "crashed"),
                     ROLLOUT_STOP);
    assert_int_equal(decide("canary", CANARIES({"running", true, 5, 1, 0, 10, 0}), ""),
                     ROLLOUT_WAIT);
    assert_int_equal(decide("canary", CANARIES({"running", true, 5, 1, 0, 11, 0}), "storm"),
                     ROLLOUT_STOP);
    /* A shop that has 1000 alerts a week has six an hour, and thirty are a storm. */
    assert_int_equal(decide("canary", CANARIES({"running", true, 60, 1, 0, 39, 1000}), ""),
                     ROLLOUT_PROMOTE);
    assert_int_equal(decide("canary", CANARIES({"running", true, 60, 1, 0, 41, 1000}), "storm"),
                     ROLLOUT_STOP);
}

static void
test_when_all_have_it(void **state)
{
    struct row many[60];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(many); i++)
        many[i] = (struct row){"running", false, 90, 1, 0, 0, 0};
    assert_int_equal(decide("all", many, VG_ARRAY_LEN(many), ""), ROLLOUT_WAIT);
    many[0].state = "left";
    assert_int_equal(decide("all", many, VG_ARRAY_LEN(many), ""),
                     ROLLOUT_WAIT); /* its own trouble */
    many[1].state = many[2].state = "refused";
    assert_int_equal(decide("all", many, VG_ARRAY_LEN(many), "3 of 60"), ROLLOUT_STOP);
    assert_int_equal(decide("all", many, 2, "2 of 2"), ROLLOUT_STOP);
}

/* ---- in the database ---- */

struct db {
    char folder[32], path[64];
    struct storage *s;
};

static void
db_open(struct db *d)
{
    char why[STORAGE_WHY_MAX];

    (void)vg_strcpy(d->folder, sizeof d->folder, "/tmp/vigia-rollout-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    (void)snprintf(d->path, sizeof d->path, "%s/c.sqlite", d->folder);
    assert_int_equal(storage_open(d->path, STORAGE_WRITE, &d->s, why), VG_OK);
}

static void
db_close(struct db *d)
{
    storage_close(d->s);
    (void)unlink(d->path);
    (void)rmdir(d->folder);
}

/* A tenant with one site and one agent. */
static void
add_shop(struct db *d, const char *name, const char *agent, char tenant[UUID_TEXT_SIZE])
{
    struct storage_site site = {.zone = "UTC", .language = "es-MX"};
    struct storage_agent a = {.host = "caja", .machine = "m", .version = "1"};

    assert_int_equal(d->s->ops->tenant_add(d->s, name, NOW, tenant), VG_OK);
    (void)vg_strcpy(site.name, sizeof site.name, name);
    (void)vg_strcpy(site.tenant, sizeof site.tenant, tenant);
    assert_int_equal(d->s->ops->site_add(d->s, &site, NOW, a.site), VG_OK);
    (void)vg_strcpy(a.tenant, sizeof a.tenant, tenant);
    (void)vg_strcpy(a.id, sizeof a.id, agent);
    assert_int_equal(d->s->ops->agent_add(d->s, &a, NOW), VG_OK);
}

static size_t
ring_size(struct db *d, int64_t version)
{
    json_t *ring = NULL;
    size_t n;

    assert_int_equal(d->s->ops->bundle_ring(d->s, version, &ring), VG_OK);
    n = json_array_size(ring);
    json_decref(ring);
    return n;
}

#define AGENT_A "018f0000-0000-7000-8000-0000000000a1"
#define AGENT_B "018f0000-0000-7000-8000-0000000000b1"

/* What is for one tenant's shops cannot be stopped by an agent of another's. */
static void
test_no_say_in_what_is_for_others(void **state)
{
    struct storage_bundle b = {
        .version = 7, .size = 1, .expires_ns = NOW + VG_DAY_NS, .share = 100};
    char tenant[2][UUID_TEXT_SIZE];
    struct storage_report r = {.version = 7, .state = "refused", .why = "no"};
    struct db d;

    (void)state;
    db_open(&d);
    add_shop(&d, "uno", AGENT_A, tenant[0]);
    add_shop(&d, "dos", AGENT_B, tenant[1]);
    assert_int_equal(rollout_publish(d.s, &b, slice_of("x", 1), tenant, 1, "test", NOW), VG_OK);
    assert_int_equal(d.s->ops->bundle_report(d.s, AGENT_B, &r, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 7), 0);
    assert_int_equal(d.s->ops->bundle_report(d.s, AGENT_A, &r, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 7), 1);
    b.version = 8;
    assert_int_equal(rollout_publish(d.s, &b, slice_of("x", 1), NULL, 0, "test", NOW), VG_OK);
    r.version = 8; /* for all */
    assert_int_equal(d.s->ops->bundle_report(d.s, AGENT_B, &r, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 8), 1);
    db_close(&d);
}

/* Nobody was there when it was published, or who was chosen is there no more. */
static void
test_a_ring_without_anybody_is_chosen_again(void **state)
{
    struct storage_bundle b = {.version = 7, .size = 1, .expires_ns = NOW + VG_DAY_NS, .share = 10};
    char tenant[UUID_TEXT_SIZE];
    struct db d;

    (void)state;
    db_open(&d);
    assert_int_equal(rollout_publish(d.s, &b, slice_of("x", 1), NULL, 0, "test", NOW), VG_OK);
    assert_int_equal(rollout_judge(d.s, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 7), 0);
    add_shop(&d, "uno", AGENT_A, tenant);
    assert_int_equal(rollout_judge(d.s, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 7), 1);
    assert_int_equal(d.s->ops->agent_revoke(d.s, &STORAGE_EVERYTHING, AGENT_A, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 7), 0);
    add_shop(&d, "dos", AGENT_B, tenant);
    assert_int_equal(rollout_judge(d.s, NOW), VG_OK);
    assert_int_equal(ring_size(&d, 7), 1);
    db_close(&d);
}

/* No time for a trial is a matter of the machine; and what an agent says steers no terminal. */
static void
test_what_an_agent_says(void **state)
{
    struct storage_bundle b = {
        .version = 7, .size = 1, .expires_ns = NOW + VG_DAY_NS, .share = 100};
    char tenant[UUID_TEXT_SIZE];
    json_t *told, *ring = NULL;
    struct db d;

    (void)state;
    db_open(&d);
    add_shop(&d, "uno", AGENT_A, tenant);
    assert_int_equal(rollout_publish(d.s, &b, slice_of("x", 1), NULL, 0, "test", NOW), VG_OK);
    told = json_pack("{sI s{sI ss ss}}", "version", (json_int_t)6, "refused", "version",
                     (json_int_t)7, "word", "busy", "why", "\033]0;x\007");
    assert_int_equal(rollout_heard(d.s, AGENT_A, told, NOW), VG_OK);
    json_decref(told);
    assert_int_equal(d.s->ops->bundle_ring(d.s, 7, &ring), VG_OK);
    assert_string_equal(vg_json_str(json_array_get(ring, 0), "state", ""), "waiting");
    assert_string_equal(vg_json_str(json_array_get(ring, 0), "why", ""), "busy: ?]0;x?");
    json_decref(ring);
    db_close(&d);
}

static void
test_content_comes_back(void **state)
{
    struct db d;
    struct storage_bundle b = {.version = 7, .expires_ns = NOW + VG_DAY_NS, .share = 100}, got;
    size_t size = 2 * STORAGE_BUNDLE_PIECE + 5;
    uint8_t *bytes = malloc(size);
    struct storage *s;
    struct buf back;

    (void)state;
    db_open(&d);
    s = d.s;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    b.size = (int64_t)size;
    assert_int_equal(rollout_publish(s, &b, slice_of(bytes, size), NULL, 0, "test", NOW), VG_OK);
    assert_int_equal(rollout_publish(s, &b, slice_of(bytes, size), NULL, 0, "test", NOW),
                     VG_ERR_EXISTS);
    b.version = 6;
    assert_int_equal(rollout_publish(s, &b, slice_of(bytes, size), NULL, 0, "test", NOW),
                     VG_ERR_EXISTS);
    buf_init(&back, size);
    for (int64_t part = 0; part < 3; part++)
        assert_int_equal(s->ops->bundle_piece(s, 7, part, &back), VG_OK);
    assert_int_equal(s->ops->bundle_piece(s, 7, 3, &back), VG_ERR_NOENT);
    assert_int_equal(back.len, size);
    assert_memory_equal(back.data, bytes, size);
    assert_int_equal(s->ops->bundle_get(s, 7, &got), VG_OK);
    assert_string_equal(got.state, "all");
    assert_int_equal(rollout_pending(s, NOW), VG_OK);
    assert_int_equal(rollout_pending(s, NOW + 2 * VG_DAY_NS), VG_ERR_NOENT); /* ran out */
    assert_int_equal(rollout_judge(s, NOW), VG_OK);
    buf_done(&back);
    free(bytes);
    db_close(&d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_is_a_share_that_stays),
        cmocka_unit_test(test_ring_of_those_that_are_there),
        cmocka_unit_test(test_quiet_hour),
        cmocka_unit_test(test_what_stops_it),
        cmocka_unit_test(test_when_all_have_it),
        cmocka_unit_test(test_no_say_in_what_is_for_others),
        cmocka_unit_test(test_a_ring_without_anybody_is_chosen_again),
        cmocka_unit_test(test_what_an_agent_says),
        cmocka_unit_test(test_content_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
