/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents: the same family and subject within six hours of the last event. */
#include "tests/unit/keeper/store_kit.h"

#define HOUR VG_HOUR_NS

static void
commit(struct store *store, int64_t time_ns, const char *detector, const char *severity,
       const char *subject)
{
    struct batch batch;

    batch_init(&batch, "pay");
    assert_int_equal(batch_event(&batch, event_at(time_ns, detector, severity, subject)), VG_OK);
    assert_int_equal(store_commit(store, &batch, NOW), VG_OK);
    batch_clear(&batch);
}

static const char *
incident(const json_t *events, size_t i)
{
    return vg_json_str(json_array_get(events, i), "incident", "none");
}

static void
test_keys(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    json_t *events;

    commit(store, NOW, "pay.velocity", "high", "a");
    commit(store, NOW + 5 * HOUR, "pay.velocity", "low", "a");
    store_close(store); /* it is kept */
    store = open_with(p->dir, false, 0);
    commit(store, NOW + 10 * HOUR, "pay.velocity", "high", "a");     /* 5 h after the last */
    commit(store, NOW + 16 * HOUR + 1, "pay.velocity", "high", "a"); /* over 6 h */
    commit(store, NOW, "pay.velocity", "high", "b");                 /* another subject */
    commit(store, NOW + 16 * HOUR, "pay.amount", "high", "a");       /* another family */
    commit(store, NOW + 16 * HOUR, "pay.amount.card", "high", "a");  /* the same family */
    commit(store, NOW + 16 * HOUR, "pay.amount", "info", "a");       /* no alert */
    commit(store, NOW, "net.lateral", "high", "pc");
    commit(store, NOW + HOUR, "net.remote_shell", "high", "pc"); /* the same act */
    events = events_of(store);
    assert_string_equal(incident(events, 0), incident(events, 1));
    assert_string_equal(incident(events, 0), incident(events, 2));
    assert_string_not_equal(incident(events, 0), incident(events, 3));
    assert_string_not_equal(incident(events, 0), incident(events, 4));
    assert_string_not_equal(incident(events, 3), incident(events, 5));
    assert_string_equal(incident(events, 5), incident(events, 6));
    assert_string_equal(incident(events, 7), "none");
    assert_string_equal(incident(events, 8), incident(events, 9));
    json_decref(events);
    store_close(store);
}

static void
test_late_events(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    json_t *events;

    commit(store, NOW, "pay.velocity", "high", "a");
    commit(store, NOW - 5 * HOUR, "pay.velocity", "high", "a");
    commit(store, NOW - 10 * HOUR, "pay.velocity", "high", "a");
    commit(store, NOW + 6 * HOUR, "pay.velocity", "high", "a");
    commit(store, NOW - 24 * HOUR, "pay.velocity", "high", "a");
    events = events_of(store);
    for (size_t i = 1; i < 4; i++)
        assert_string_equal(incident(events, 0), incident(events, i));
    assert_string_not_equal(incident(events, 0), incident(events, 4));
    json_decref(events);
    store_close(store);
}

/* What nobody touched for a month is forgotten. */
static void
test_expiry(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    json_t *events;

    commit(store, NOW, "pay.velocity", "high", "a");
    assert_int_equal(store_retain(store, NOW), VG_OK);
    assert_int_equal(store_retain(store, NOW + 29 * VG_DAY_NS), VG_OK);
    commit(store, NOW, "pay.velocity", "high", "a"); /* touched again, at NOW */
    assert_int_equal(store_retain(store, NOW + 40 * VG_DAY_NS), VG_OK);
    commit(store, NOW, "pay.velocity", "high", "a");
    events = events_of(store);
    assert_string_equal(incident(events, 0), incident(events, 1));
    assert_string_not_equal(incident(events, 0), incident(events, 2));
    json_decref(events);
    store_close(store);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {PLACED(test_keys), PLACED(test_late_events),
                                       PLACED(test_expiry)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
