/* SPDX-License-Identifier: Apache-2.0 */
/* Age and size: what goes first, what is told, and that the chain still holds. */
#include "tests/unit/keeper/store_kit.h"

#define SMALL       (INT64_C(1536) * 1024)
#define SHARE_STORE (INT64_C(8) * 1024 * 1024)

static void
commit_observations(struct store *store, int64_t now_ns, size_t count)
{
    struct batch batch;
    char text[600];

    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"x\":\"", 6);
    memcpy(text + sizeof(text) - 2, "\"}", 2);
    batch_init(&batch, "net");
    for (size_t i = 0; i < count; i++)
        assert_int_equal(batch_observation(&batch, slice_of(text, sizeof(text))), VG_OK);
    assert_int_equal(store_commit(store, &batch, now_ns), VG_OK);
    batch_clear(&batch);
}

static enum vg_err
commit_large(struct store *store, int64_t now_ns, const char *class)
{
    struct batch batch;
    char text[20001];
    json_t *event = event_at(now_ns, "pay.velocity", "high", "x");
    enum vg_err err;

    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    json_object_set_new(event, "class", json_string(class));
    json_object_set_new(event, "evidence", json_pack("[{s:s}]", "text", text));
    batch_init(&batch, "pay");
    assert_int_equal(batch_event(&batch, event), VG_OK);
    err = store_commit(store, &batch, now_ns);
    batch_clear(&batch);
    return err;
}

static json_t *
newest(struct store *store, const char *detector)
{
    struct store_query all = {.class = NULL};
    json_t *events = query_all(store, &all), *event, *found = NULL;
    size_t i;

    json_array_foreach(events, i, event)
    {
        if (found == NULL && strcmp(vg_json_str(event, "detector", ""), detector) == 0)
            found = json_incref(event);
    }
    json_decref(events);
    return found;
}

static void
assert_size(const char *dir, int64_t most)
{
    char path[200];
    struct platform_stat stat;

    snprintf(path, sizeof(path), "%s/vigia.db", dir);
    assert_int_equal(platform_path_stat(path, &stat), VG_OK);
    assert_true((int64_t)stat.size <= most);
}

static void
test_observations_go_first(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, SMALL);
    uint8_t first[32];
    json_t *told;

    for (int i = 0; i < 20; i++)
        commit_event(store, NOW, "keep");
    for (int i = 0; i < 60; i++)
        commit_observations(store, NOW + i * VG_MIN_NS, 100);
    assert_true(store_bytes(store) <= SMALL);
    told = newest(store, "agent.store_trimmed");
    assert_non_null(told);
    assert_string_equal(vg_json_str(told, "class", ""), "health");
    assert_true(vg_json_int(json_object_get(told, "facts"), "observations", 0) > 0);
    assert_int_equal(vg_json_int(json_object_get(told, "facts"), "lost_events", -1), 0);
    json_decref(told);
    assert_int_equal(count_detector(store, "pay.velocity"), 20);
    assert_true(count_detector(store, "agent.store_trimmed") <= 2); /* once an hour */
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    assert_verifies(store, first);
    store_close(store);
    assert_size(p->dir, SMALL);
}

static void
test_shipped_go_before_unshipped(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, SMALL);
    uint8_t first[32];
    json_t *events, *told;

    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(commit_large(store, NOW, "health"), VG_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(commit_large(store, NOW, "alert"), VG_OK);
    assert_int_equal(store_set_shipped(store, 40), VG_OK);
    for (int i = 0; i < 40; i++)
        assert_int_equal(commit_large(store, NOW + VG_MIN_NS, "alert"), VG_OK);
    /* What was shipped made room for what was not. */
    events = query_all(store, &(struct store_query){.class = "alert", .oldest_first = true});
    assert_true(json_array_size(events) >= 40);
    json_decref(events);
    told = newest(store, "agent.store_trimmed");
    assert_non_null(told);
    assert_int_equal(vg_json_int(json_object_get(told, "facts"), "lost_events", -1), 0);
    json_decref(told);
    assert_verifies(store, first);
    store_close(store);
    store = open_with(p->dir, false, SMALL);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_loss_is_told(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, SMALL);
    uint8_t first[32];
    int64_t last = 0;
    size_t i;
    json_t *told, *events, *event;

    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    for (int n = 0; n < 120; n++)
        assert_int_equal(commit_large(store, NOW + n * VG_SEC_NS, "alert"), VG_OK);
    told = newest(store, "agent.store_trimmed");
    assert_non_null(told);
    assert_true(vg_json_int(json_object_get(told, "facts"), "lost_events", 0) > 0);
    assert_string_equal(vg_json_str(told, "severity", ""), "high");
    json_decref(told);
    /* The newest are there, without a gap. */
    events = events_of(store);
    json_array_foreach(events, i, event)
    {
        int64_t seq = vg_json_int(event, "seq", 0);

        assert_true(last == 0 || seq == last + 1);
        last = seq;
    }
    json_decref(events);
    assert_int_equal(last, store_last_seq(store));
    assert_verifies(store, first);
    store_close(store);
    assert_size(p->dir, SMALL);
}

/* Baselines are never given up: a batch that cannot fit is refused whole, and the store goes on. */
static void
test_full(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, SMALL);
    struct batch batch;
    static char blob[100000];
    uint8_t first[32];
    int64_t before;

    commit_event(store, NOW, "x");
    before = store_last_seq(store);
    memset(blob, 'b', sizeof(blob));
    batch_init(&batch, "pay");
    for (int i = 0; i < 30; i++) {
        char key[16];

        snprintf(key, sizeof(key), "%d", i);
        assert_int_equal(batch_row(&batch, slice_of("pay.amount", 10), slice_of(key, strlen(key)),
                                   1, slice_of(blob, sizeof(blob))),
                         VG_OK);
    }
    assert_int_equal(batch_event(&batch, event_at(NOW, "pay.amount", "high", "lost")), VG_OK);
    assert_int_equal(store_commit(store, &batch, NOW), VG_ERR_LIMIT);
    batch_clear(&batch);
    assert_int_equal(count_detector(store, "pay.amount"), 0);
    assert_true(store_last_seq(store) >= before);
    commit_event(store, NOW, "y");
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_age(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    struct store_verdict verdict;
    uint8_t first[32];
    json_t *events;

    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    for (int day = 0; day < 400; day += 20) {
        commit_event(store, NOW + day * VG_DAY_NS, "x");
        assert_int_equal(store_retain(store, NOW + day * VG_DAY_NS), VG_OK);
    }
    events = events_of(store);
    assert_int_equal(json_array_size(events), 19); /* day 0 is over a year old on day 380 */
    json_decref(events);
    assert_int_equal(store_verify(store, first, &verdict), VG_OK);
    assert_int_equal(verdict.from_seq, 2);
    assert_int_equal(verdict.to_seq, 20);
    store_close(store);
    store = open_with(p->dir, false, 0);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_age_waits_for_the_collector(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    json_t *events;

    for (int i = 0; i < 4; i++)
        commit_event(store, NOW, "x");
    assert_int_equal(store_set_shipped(store, 2), VG_OK);
    for (int day = 0; day <= 400; day += 20)
        assert_int_equal(store_retain(store, NOW + day * VG_DAY_NS), VG_OK);
    events = events_of(store);
    assert_int_equal(json_array_size(events), 2);
    json_decref(events);
    store_close(store);
}

static void
test_clock_jumps_ahead(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    json_t *events;

    commit_event(store, NOW, "x");
    assert_int_equal(store_retain(store, NOW), VG_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(store_retain(store, NOW + 800 * VG_DAY_NS), VG_OK);
    assert_int_equal(store_retain(store, NOW + VG_HOUR_NS), VG_OK); /* back again */
    events = events_of(store);
    assert_int_equal(json_array_size(events), 1);
    json_decref(events);
    /* It stays there: after a day it is believed. */
    for (int i = 0; i < 30; i++)
        assert_int_equal(store_retain(store, NOW + 800 * VG_DAY_NS + i * VG_HOUR_NS), VG_OK);
    events = events_of(store);
    assert_int_equal(json_array_size(events), 0);
    json_decref(events);
    store_close(store);
}

static void
test_observations_by_age(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    int64_t before;

    commit_observations(store, NOW, 2000);
    before = store_bytes(store);
    assert_int_equal(store_retain(store, NOW + VG_DAY_NS), VG_OK);
    assert_int_equal(store_bytes(store), before);
    assert_int_equal(store_retain(store, NOW + 8 * VG_DAY_NS), VG_OK);
    assert_true(store_bytes(store) < before / 4);
    store_close(store);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

/* A sensor that only ever adds rows is stopped while there is room for the others' events. */
static void
test_rows_have_a_share(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, SHARE_STORE);
    static const uint8_t blob[8192];
    enum vg_err err = VG_OK;
    size_t commits = 0;

    commit_event(store, NOW, "c1");
    for (; err == VG_OK && commits < SHARE_STORE / sizeof blob; commits++) {
        struct batch batch;
        char key[32];

        batch_init(&batch, "net");
        (void)snprintf(key, sizeof key, "%zu", commits);
        assert_int_equal(batch_row(&batch, slice_of("net.scan", 8), slice_of(key, strlen(key)), 1,
                                   slice_of(blob, sizeof blob)),
                         VG_OK);
        err = store_commit(store, &batch, NOW);
        batch_clear(&batch);
    }
    assert_int_equal(err, VG_ERR_DENIED);
    assert_in_range(commits * sizeof blob, SHARE_STORE / 3, SHARE_STORE * 2 / 3);
    commit_event(store, NOW, "c2");
    assert_int_equal(count_detector(store, "pay.velocity"), 2);
    assert_int_equal(count_detector(store, "agent.store_trimmed"), 0);
    store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(test_observations_go_first),
        PLACED(test_shipped_go_before_unshipped),
        PLACED(test_loss_is_told),
        PLACED(test_full),
        PLACED(test_rows_have_a_share),
        PLACED(test_age),
        PLACED(test_age_waits_for_the_collector),
        PLACED(test_clock_jumps_ahead),
        PLACED(test_observations_by_age),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
