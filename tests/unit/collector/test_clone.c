/* SPDX-License-Identifier: Apache-2.0 */
/* One identity used by two: what alternates is found, what changes for good is not. */
#include "tests/unit/collector/fleet_world.h"

#include "collector/clone.h"

#define STORE_A "018f0000-0000-4000-8000-0000000000b1"
#define STORE_B "018f0000-0000-4000-8000-0000000000b2"

/* A hello, as agents.c takes it. */
static void
hear(struct world *w, const char *machine, const char *store, int64_t now_ns)
{
    const struct clone_heard heard = {machine, store, "caja", "10.0.0.1"};
    const struct storage_hello hello = {.machine = machine, .store = store, .last_seq = 1};
    struct storage_agent agent;
    char incident[UUID_TEXT_SIZE];

    assert_int_equal(w->s->ops->agent_find(w->s, &w->own, AGENT, &agent), VG_OK);
    assert_int_equal(clone_look(w->s, &agent, &heard, now_ns, incident), VG_OK);
    assert_int_equal(w->s->ops->agent_hello(w->s, AGENT, &hello, now_ns), VG_OK);
}

static void
test_a_change_for_good(void **state)
{
    struct world *w = *state;

    (void)world_agent(w, 0);
    for (int i = 0; i < 4; i++)
        hear(w, "m", STORE_A, NOW + i);
    for (int i = 4; i < 8; i++)
        hear(w, "m2", STORE_A, NOW + i); /* another PC got the disk */
    for (int i = 8; i < 12; i++)
        hear(w, "m2", STORE_B, NOW + i); /* a store begun anew */
    assert_int_equal(world_incidents(w, "all"), 0);
}

static void
test_once_back_is_no_copy(void **state)
{
    struct world *w = *state;

    (void)world_agent(w, 0);
    hear(w, "m", STORE_A, NOW);
    hear(w, "m", STORE_B, NOW + 1);
    hear(w, "m", STORE_A, NOW + 2); /* restored from an image */
    assert_int_equal(world_incidents(w, "all"), 0);
    /* The same again after weeks. */
    hear(w, "m", STORE_B, NOW + 4 * CLONE_SPAN_NS);
    assert_int_equal(world_incidents(w, "all"), 0);
}

/* A PC that forgets the day at each start: its store is the image's, then (its numbers being known) a new
 * one, which never comes back. A virtual machine that is set back does the same. */
static void
test_set_back_every_day_is_no_copy(void **state)
{
    struct world *w = *state;
    char store[UUID_TEXT_SIZE];

    (void)world_agent(w, 0);
    for (int day = 0; day < 30; day++) {
        int64_t at = NOW + day * VG_DAY_NS;

        snprintf(store, sizeof store, "018f0000-0000-4000-8000-0000000001%02x", day);
        hear(w, "m", STORE_A, at);
        hear(w, "m", store, at + VG_MIN_NS);
        hear(w, "m", store, at + VG_HOUR_NS);
    }
    assert_int_equal(world_incidents(w, "all"), 0);
}

/* One restore that brings both back, the machine's name and the store. */
static void
test_both_back_at_once_is_no_copy(void **state)
{
    struct world *w = *state;

    (void)world_agent(w, 0);
    hear(w, "m", STORE_A, NOW);
    hear(w, "m2", STORE_B, NOW + 1);
    hear(w, "m", STORE_A, NOW + 2);
    assert_int_equal(world_incidents(w, "all"), 0);
}

static void
test_machines_alternate(void **state)
{
    struct world *w = *state;
    json_t *row = NULL;
    int64_t due;

    (void)world_agent(w, 0);
    for (int i = 0; i < 20; i++)
        hear(w, i % 2 ? "other" : "m", STORE_A, NOW + i * 5 * VG_MIN_NS);
    assert_int_equal(world_incidents(w, "open"), 1);
    assert_int_equal(w->s->ops->agent_get(w->s, &w->own, AGENT, NOW, &row), VG_OK);
    assert_true(json_is_string(json_object_get(row, "cloned")));
    assert_int_equal(json_array_size(json_object_get(row, "faces")),
                     3); /* two machines, one store */
    json_decref(row);
    assert_int_equal(w->s->ops->mail_next(w->s, &due), VG_OK);
    assert_true(due == INT64_MAX);
}

static void
test_stores_alternate(void **state)
{
    struct world *w = *state;

    (void)world_agent(w, 0);
    for (int i = 0; i < 4; i++)
        hear(w, "m", i % 2 ? STORE_B : STORE_A, NOW + i);
    assert_int_equal(world_incidents(w, "open"), 1);
}

static void
test_many_faces_are_forgotten(void **state)
{
    struct world *w = *state;
    char machine[32];
    json_t *row = NULL;

    (void)world_agent(w, 0);
    for (int i = 0; i < 100; i++) {
        snprintf(machine, sizeof machine, "m%d", i);
        hear(w, machine, NULL, NOW + i);
    }
    assert_int_equal(w->s->ops->agent_get(w->s, &w->own, AGENT, NOW, &row), VG_OK);
    assert_int_equal(json_array_size(json_object_get(row, "faces")), STORAGE_FACES_MAX);
    json_decref(row);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_change_for_good, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_once_back_is_no_copy, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_set_back_every_day_is_no_copy, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_both_back_at_once_is_no_copy, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_machines_alternate, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_stores_alternate, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_many_faces_are_forgotten, world_open, world_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
