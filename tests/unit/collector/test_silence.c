/* SPDX-License-Identifier: Apache-2.0 */
/* Silent agents: what is too long, what a restart and a jumping clock do, and who is told together. */
#include "tests/unit/collector/fleet_world.h"

#include "collector/silence.h"

#define MIN   VG_MIN_NS
#define HOURS "{\"mon-sat\":\"09:00-20:00\"}"

/* 2026-09-21, a Monday, at that local time of Mexico City (UTC-6). */
static int64_t
monday(const struct zone *zone, unsigned day, unsigned hour, unsigned min)
{
    return zone_from_local(zone, 2026, 9, 21 + day, hour, min, 0);
}

static void
test_what_is_too_long(void **state)
{
    struct zone *zone = NULL;
    struct silence_look look = {.hours = HOURS, .open_ns = 30 * MIN, .other_ns = VG_DAY_NS};

    (void)state;
    assert_int_equal(zone_load("America/Mexico_City", &zone), VG_OK);
    look.zone = zone;
    look.last_seen_ns = monday(zone, 0, 12, 0);
    assert_false(silence_too_long(&look, 0, monday(zone, 0, 12, 29)));
    assert_true(silence_too_long(&look, 0, monday(zone, 0, 12, 30)));
    /* Switched off in the evening: news when the shop has been open for half an hour again. */
    look.last_seen_ns = monday(zone, 0, 19, 50);
    assert_false(silence_too_long(&look, 0, monday(zone, 0, 23, 0)));
    assert_false(silence_too_long(&look, 0, monday(zone, 1, 9, 19)));
    assert_true(silence_too_long(&look, 0, monday(zone, 1, 9, 20)));
    /* From Saturday night to Monday it is closed, for more than a day. */
    look.last_seen_ns = monday(zone, 5, 20, 0);
    assert_false(silence_too_long(&look, 0, monday(zone, 7, 9, 29)));
    assert_true(silence_too_long(&look, 0, monday(zone, 7, 9, 30)));
    /* Only what we listened to ourselves counts. */
    look.last_seen_ns = monday(zone, 0, 12, 0);
    assert_false(silence_too_long(&look, monday(zone, 0, 15, 0), monday(zone, 0, 15, 29)));
    assert_true(silence_too_long(&look, monday(zone, 0, 15, 0), monday(zone, 0, 15, 30)));
    /* Hours unknown, or unreadable: a day. */
    look.hours = "";
    assert_false(silence_too_long(&look, 0, monday(zone, 1, 11, 59)));
    assert_true(silence_too_long(&look, 0, monday(zone, 1, 12, 0)));
    look.hours = "{\"mon\":\"nine to five\"}";
    assert_false(silence_too_long(&look, 0, monday(zone, 0, 18, 0)));
    look.open_ns = look.other_ns = 0;
    assert_false(silence_too_long(&look, 0, monday(zone, 9, 12, 0)));
    zone_free(zone);
}

static void
test_restart_and_jumps(void **state)
{
    struct silence_watch w = {0};

    (void)state;
    silence_tick(&w, NOW, 5);
    assert_int_equal(w.since_ns, NOW);
    for (int i = 1; i <= 10; i++)
        silence_tick(&w, NOW + i * MIN, 5 + i * MIN);
    assert_int_equal(w.since_ns, NOW);
    silence_tick(&w, NOW + 15 * MIN, 5 + 15 * MIN); /* it slept, or was busy */
    assert_int_equal(w.since_ns, NOW + 15 * MIN);
    silence_tick(&w, NOW + VG_DAY_NS, 5 + 16 * MIN); /* a day forward */
    assert_int_equal(w.since_ns, NOW + VG_DAY_NS);
    silence_tick(&w, NOW, 5 + 17 * MIN); /* and back */
    assert_int_equal(w.since_ns, NOW);
    silence_tick(&w, NOW + MIN, 5 + 18 * MIN);
    assert_int_equal(w.since_ns, NOW);
}

static void
hear(struct world *w, struct storage_agent agent, int64_t now_ns)
{
    const struct storage_hello hello = {.last_seq = 1};
    struct storage_agent fresh;

    assert_int_equal(w->s->ops->agent_find(w->s, &w->own, agent.id, &fresh), VG_OK);
    assert_int_equal(silence_heard(w->s, &fresh, now_ns), VG_OK);
    assert_int_equal(w->s->ops->agent_hello(w->s, agent.id, &hello, now_ns), VG_OK);
}

static size_t
look(struct world *w, int64_t since_ns, int64_t now_ns)
{
    json_t *found = NULL;
    size_t n;

    assert_int_equal(silence_find(w->s, since_ns, now_ns, &found), VG_OK);
    n = json_array_size(found);
    assert_int_equal(silence_raise(w->s, found, now_ns), VG_OK);
    json_decref(found);
    return n;
}

static void
test_one_is_told_once_and_ends(void **state)
{
    struct world *w = *state;
    struct storage_agent a = world_agent(w, 0), b = world_agent(w, 1), got;
    int64_t due;

    hear(w, a, NOW);
    assert_int_equal(look(w, NOW, NOW + VG_DAY_NS - 1), 0);
    hear(w, b, NOW + VG_DAY_NS);
    assert_int_equal(look(w, NOW, NOW + VG_DAY_NS), 1);
    assert_int_equal(look(w, NOW, NOW + VG_DAY_NS + MIN), 0);
    assert_int_equal(world_incidents(w, "open"), 1);
    assert_int_equal(w->s->ops->agent_find(w->s, &w->own, a.id, &got), VG_OK);
    assert_true(got.silent[0] != '\0');
    assert_int_equal(w->s->ops->mail_next(w->s, &due), VG_OK);
    assert_true(due == INT64_MAX); /* no mail to the owner */
    hear(w, a, NOW + 2 * VG_DAY_NS);
    assert_int_equal(world_incidents(w, "open"), 0);
    assert_int_equal(world_incidents(w, "all"), 1);
    hear(w, a, NOW + 2 * VG_DAY_NS + MIN); /* nothing left to end */
}

static void
test_heard_after_it_was_found(void **state)
{
    struct world *w = *state;
    struct storage_agent a = world_agent(w, 0);
    json_t *found = NULL;

    hear(w, a, NOW);
    assert_int_equal(silence_find(w->s, NOW, NOW + VG_DAY_NS, &found), VG_OK);
    assert_int_equal(json_array_size(found), 1);
    hear(w, a, NOW + VG_DAY_NS);
    assert_int_equal(silence_raise(w->s, found, NOW + VG_DAY_NS), VG_OK);
    assert_int_equal(world_incidents(w, "all"), 0);
    json_decref(found);
}

static void
test_a_shop_is_one_incident(void **state)
{
    struct world *w = *state;
    struct storage_agent all[5];

    for (unsigned i = 0; i < 5; i++) {
        all[i] = world_agent(w, i);
        hear(w, all[i], NOW);
    }
    assert_int_equal(w->s->ops->agent_revoke(w->s, &w->own, all[4].id, NOW), VG_OK);
    assert_int_equal(look(w, NOW, NOW + VG_DAY_NS), 4);
    assert_int_equal(world_incidents(w, "all"), 1);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(world_incidents(w, "open"), 1); /* until the last is heard */
        hear(w, all[i], NOW + VG_DAY_NS + 1);
    }
    assert_int_equal(world_incidents(w, "open"), 0);
}

/* Set for a tenant, and otherwise for its shop. */
static void
test_limits_that_are_set(void **state)
{
    struct world *w = *state;

    hear(w, world_agent(w, 0), NOW);
    assert_int_equal(
        w->s->ops->settings_set(w->s, w->site.tenant, "{\"silence\":{\"other_hours\":2}}", NOW),
        VG_OK);
    assert_int_equal(
        w->s->ops->settings_set(w->s, w->site.id, "{\"silence\":{\"other_hours\":0}}", NOW), VG_OK);
    assert_int_equal(look(w, NOW, NOW + 90 * VG_DAY_NS), 0); /* this shop: never */
    assert_int_equal(w->s->ops->settings_set(w->s, w->site.id, "{}", NOW), VG_OK);
    assert_int_equal(look(w, NOW, NOW + 2 * VG_HOUR_NS - 1), 0);
    assert_int_equal(look(w, NOW, NOW + 2 * VG_HOUR_NS), 1);
}

/* An exception holds the silence of one back; when it ends, or when the agent was heard meanwhile, it is
 * looked after like any other. */
static void
test_an_exception_and_its_end(void **state)
{
    struct world *w = *state;
    struct storage_agent a = world_agent(w, 0);
    struct storage_exception x = {
        .detector = "agent.silent", .kind = "mine", .why = "", .who = "ana"};
    int64_t now_ns = NOW + VG_DAY_NS;

    strcpy(x.site, w->site.id);
    x.until_ns = NOW + 30 * VG_DAY_NS;
    assert_int_equal(w->s->ops->exception_add(w->s, &w->own, &x, NOW), VG_OK);
    hear(w, a, NOW);
    assert_int_equal(look(w, NOW, now_ns), 1);
    assert_int_equal(look(w, NOW, now_ns + MIN), 0); /* counted once */
    assert_int_equal(world_incidents(w, "all"), 0);
    hear(w, a, now_ns + 2 * MIN);
    assert_int_equal(look(w, NOW, now_ns + 2 * VG_DAY_NS), 1);
    assert_int_equal(world_incidents(w, "all"), 0);
    assert_int_equal(w->s->ops->exception_end(w->s, &w->own, x.id, "ana", now_ns + 2 * VG_DAY_NS),
                     VG_OK);
    assert_int_equal(look(w, NOW, now_ns + 2 * VG_DAY_NS + MIN), 1);
    assert_int_equal(world_incidents(w, "open"), 1);
    hear(w, a, now_ns + 3 * VG_DAY_NS);
    assert_int_equal(world_incidents(w, "open"), 0);
}

/* Our clock was a year ahead for a while: who was heard in that time and is gone is missed all the same. */
static void
test_heard_in_the_future(void **state)
{
    struct world *w = *state;
    struct storage_agent a = world_agent(w, 0);

    hear(w, a, NOW + 365 * VG_DAY_NS);
    assert_int_equal(look(w, NOW, NOW + VG_DAY_NS - 1), 0); /* listened since the clock went back */
    assert_int_equal(look(w, NOW, NOW + VG_DAY_NS), 1);
    assert_int_equal(world_incidents(w, "open"), 1);
}

static void
test_a_restart_raises_nothing(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < 50; i++)
        hear(w, world_agent(w, i), NOW);
    assert_int_equal(look(w, NOW + 30 * VG_DAY_NS, NOW + 30 * VG_DAY_NS + 6 * VG_HOUR_NS), 0);
    assert_int_equal(world_incidents(w, "all"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_too_long),
        cmocka_unit_test(test_restart_and_jumps),
        cmocka_unit_test_setup_teardown(test_one_is_told_once_and_ends, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_heard_after_it_was_found, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_shop_is_one_incident, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_limits_that_are_set, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_an_exception_and_its_end, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_heard_in_the_future, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_restart_raises_nothing, world_open, world_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
