/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_kit.h"

#include <math.h>
#include <stdio.h>

#include "common/vtime.h"

static struct judge *
make(struct kit *kit, double budget, double target)
{
    const struct judge_settings settings = {.budget_per_week = budget, .target_per_week = target};
    struct judge *judge = NULL;

    assert_int_equal(judge_new(&settings, "pay", NULL, &kit->sink, &judge), VG_OK);
    return judge;
}

static void
give(struct judge *judge, const char *detector, int64_t t, const char *subject, double p)
{
    struct party who;
    struct test test = {.detector = detector, .time_ns = t, .subject = &who, .p = p};

    party_set(&who, "card", subject, NULL);
    if (judge_wants(judge, p))
        test.facts = json_pack("{s:f}", "x", p);
    judge_test(judge, &test);
}

/* Thousands of tests a week with nothing in them: about `target` alerts a week, also when the tests of a
 * subject depend on each other and when the rate changes tenfold. */
static void
test_null_rate(void **state)
{
    struct kit kit;
    struct judge *judge;
    struct kit_rng rng;
    double weeks = 0;
    int64_t t = INT64_C(1700000000) * VG_SEC_NS;

    (void)state;
    kit_init(&kit);
    kit_seed(&rng, 7);
    judge = make(&kit, 1e9, 4);
    for (int week = 0; week < 40; week++, weeks += 1) {
        int n = week < 20 ? 6000 : 20000;

        for (int i = 0; i < n; i++) {
            char who[16];
            double p = kit_uniform(&rng);

            (void)snprintf(who, sizeof who, "%u", (unsigned)(kit_next(&rng) % 500));
            t += VG_WEEK_NS / n;
            give(judge, "pay.a", t, who, p);
            give(judge, "pay.b", t, who, i % 2 == 0 ? p : kit_uniform(&rng));
        }
    }
    print_message("null: %zu alerts in %.0f weeks, target 4 a week\n", json_array_size(kit.events),
                  weeks);
    assert_in_range(json_array_size(kit.events), 80, 240);
    judge_free(judge);
    kit_done(&kit);
}

static void
test_budget(void **state)
{
    struct kit kit;
    struct judge *judge;
    int64_t t = INT64_C(1700000000) * VG_SEC_NS;
    size_t alerts = 0, suppressed = 0, i;
    json_t *e;

    (void)state;
    kit_init(&kit);
    judge = make(&kit, 3, 1.2);
    for (int k = 0; k < 200; k++) {
        char who[16];

        (void)snprintf(who, sizeof who, "s%d", k);
        give(judge, "pay.a", t += VG_MIN_NS, who, 1e-9);
    }
    json_array_foreach(kit.events, i, e)
    {
        bool info = strcmp(vg_json_str(e, "severity", ""), "info") == 0;

        alerts += !info;
        suppressed += info;
        assert_int_equal(vg_json_bool(json_object_get(e, "facts"), "suppressed", false), info);
    }
    assert_int_equal(alerts, 3);
    assert_int_equal(suppressed, 50);
    judge_free(judge);
    kit_done(&kit);
}

/* Two middling tests of different detectors alert together, neither does alone. */
static void
test_fusion(void **state)
{
    struct kit kit;
    struct judge *judge;
    int64_t t = INT64_C(1700000000) * VG_SEC_NS;
    double p;
    json_t *e;

    (void)state;
    kit_init(&kit);
    judge = make(&kit, 3, 1.2);
    for (int i = 0; i < 10000; i++)
        give(judge, "pay.a", t += VG_MIN_NS, "z", 0.5);
    p = judge_threshold(judge) * 1.5;
    give(judge, "pay.a", t, "x", p);
    give(judge, "pay.b", t + 2 * VG_HOUR_NS, "x", p);
    give(judge, "pay.b", t + 2 * VG_HOUR_NS, "y", p);
    assert_int_equal(json_array_size(kit.events), 0);
    give(judge, "pay.a", t + 2 * VG_HOUR_NS + 1, "x", p * 1.01);
    assert_int_equal(json_array_size(kit.events), 1);
    e = json_array_get(kit.events, 0);
    assert_string_equal(vg_json_str(e, "detector", ""), "pay.b");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json_object_get(e, "facts"), "also"), 0)),
        "pay.a");
    /* what follows joins: pay.a speaks once, as by itself it had not passed before, and again at ten
     * times the count (two tests were in the first) */
    for (int i = 0; i < 30; i++)
        give(judge, "pay.a", t + 2 * VG_HOUR_NS + i, "x", 1e-8);
    assert_int_equal(json_array_size(kit.events), 3);
    assert_string_equal(vg_json_str(json_array_get(kit.events, 1), "detector", ""), "pay.a");
    assert_int_equal(vg_json_int(json_array_get(kit.events, 1), "count", 0), 3);
    assert_int_equal(vg_json_int(json_array_get(kit.events, 2), "count", 0), 20);
    judge_free(judge);
    kit_done(&kit);
}

static void
answer(struct judge *judge, int64_t t, const char *detector, const char *id, int verdict)
{
    struct feedback_view view = {.detector = str_of(detector),
                                 .subject_kind = str_of("card"),
                                 .subject_id = str_of(id),
                                 .peer_id = str_of(""),
                                 .verdict = verdict};

    judge_feedback(judge, t, &view);
}

static double
share(const struct judge *judge, const char *id, int64_t t)
{
    struct party who;

    party_set(&who, "card", id, NULL);
    return judge_learn_share(judge, "pay.a", &who, NULL, t);
}

/* What was alerted on is not learned until somebody says that it was harmless; then it is an
 * exception, and its detector is believed less. */
static void
test_feedback(void **state)
{
    struct kit kit;
    struct judge *judge;
    int64_t t = INT64_C(1700000000) * VG_SEC_NS;

    (void)state;
    kit_init(&kit);
    judge = make(&kit, 3, 1.2);
    assert_true(share(judge, "x", t) == 1);
    give(judge, "pay.a", t, "x", 1e-9);
    assert_int_equal(json_array_size(kit.events), 1);
    assert_true(share(judge, "x", t) == 0);
    assert_true(share(judge, "y", t) == 1);
    assert_true(share(judge, "x", t + 15 * VG_DAY_NS) == 0.5);
    answer(judge, t, "pay.a", "x", FEEDBACK_USEFUL);
    assert_true(share(judge, "x", t + 15 * VG_DAY_NS) == 0);
    answer(judge, t, "pay.a", "x", FEEDBACK_NOISE);
    assert_true(share(judge, "x", t) == 1);
    give(judge, "pay.a", t + VG_DAY_NS, "x", 1e-9); /* an exception */
    give(judge, "pay.b", t + VG_DAY_NS, "x", 1e-9); /* of another detector it is none */
    assert_int_equal(json_array_size(kit.events), 2);
    give(judge, "pay.a", t + 120 * VG_DAY_NS, "x", 1e-9); /* noise is asked again after a season */
    assert_int_equal(json_array_size(kit.events), 3);
    for (int i = 0; i < 20; i++)
        answer(judge, t, "pay.a", "other", FEEDBACK_NOISE);
    give(judge, "pay.a", t + 240 * VG_DAY_NS, "z", judge_threshold(judge) / 2);
    assert_int_equal(json_array_size(kit.events), 3);
    judge_free(judge);
    kit_done(&kit);
}

static void
find(struct judge *judge, int64_t t, const char *log)
{
    struct party who;
    struct finding f = {.detector = "pay.card_number_exposed",
                        .time_ns = t,
                        .subject = &who,
                        .score = 90,
                        .facts = json_pack("{s:i}", "cards", 1)};

    party_set(&who, "log", log, NULL);
    judge_finding(judge, &f);
}

static void
test_findings(void **state)
{
    struct kit kit;
    struct judge *judge;
    int64_t t = INT64_C(1700000000) * VG_SEC_NS;

    (void)state;
    kit_init(&kit);
    judge = make(&kit, 1, 1);
    for (int i = 0; i < 100; i++)
        find(judge, t + i, "a.csv");
    find(judge, t, "b.csv");
    assert_int_equal(json_array_size(kit.events), 4); /* a at 1, 10, 100; b at once */
    assert_int_equal(vg_json_int(json_array_get(kit.events, 2), "count", 0), 100);
    find(judge, t + 7 * VG_HOUR_NS, "a.csv");
    assert_int_equal(json_array_size(kit.events), 5);
    judge_mute(judge, true);
    find(judge, t + 7 * VG_HOUR_NS, "c.csv");
    assert_int_equal(json_array_size(kit.events), 5);
    judge_free(judge);
    kit_done(&kit);
}

static void
drive(struct judge *judge, struct kit_rng *rng, int from, int to)
{
    for (int i = from; i < to; i++) {
        char who[16];
        int64_t t = INT64_C(1700000000) * VG_SEC_NS + i * VG_MIN_NS;
        double u = kit_uniform(rng);

        (void)snprintf(who, sizeof who, "%u", (unsigned)(kit_next(rng) % 40));
        give(judge, i % 3 == 0 ? "pay.a" : "pay.b", t, who, u * u * u);
        if (i % 50 == 0)
            find(judge, t, who);
    }
}

static void
load_all(struct judge *judge, const struct kit *kit)
{
    for (size_t i = kit->row_count; i-- > 0;)
        if (kit->rows[i].version != 0)
            assert_int_equal(judge_load(judge, slice_of(kit->rows[i].key, kit->rows[i].key_len),
                                        kit->rows[i].version,
                                        slice_of(kit->rows[i].blob, kit->rows[i].blob_len)),
                             VG_OK);
}

/* Saving and loading midway changes nothing that comes after. */
static void
test_restart(void **state)
{
    struct kit whole, first, second;
    struct judge *judge;
    struct kit_rng rng;
    json_t *joined;

    (void)state;
    kit_init(&whole);
    kit_init(&first);
    kit_init(&second);
    kit_seed(&rng, 3);
    judge = make(&whole, 3, 50);
    drive(judge, &rng, 0, 20000);
    judge_free(judge);

    kit_seed(&rng, 3);
    judge = make(&first, 3, 50);
    drive(judge, &rng, 0, 5000);
    judge_save(judge);
    drive(judge, &rng, 5000, 9000);
    judge_save(judge);
    judge_free(judge);
    judge = make(&second, 3, 50);
    load_all(judge, &first);
    drive(judge, &rng, 9000, 20000);
    judge_free(judge);
    joined = json_copy(first.events);
    assert_int_equal(json_array_extend(joined, second.events), 0);
    assert_true(json_array_size(second.events) > 5);
    assert_true(json_equal(joined, whole.events));
    json_decref(joined);
    kit_done(&whole);
    kit_done(&first);
    kit_done(&second);
}

/* More evidence than a row takes: what does not fit is left out before the restart as after it. */
static void
test_restart_large(void **state)
{
    char text[1001] = "";
    const int64_t t = INT64_C(1700000000) * VG_SEC_NS;
    struct party who;
    struct test test = {.detector = "pay.a", .time_ns = t, .subject = &who, .p = 5e-3};
    struct kit first, second;
    struct judge *judge, *back;
    const json_t *evidence;

    (void)state;
    kit_init(&first);
    kit_init(&second);
    judge = make(&first, 3, 1.2);
    back = make(&second, 3, 1.2);
    party_set(&who, "card", "x", NULL);
    memset(text, 'e', sizeof text - 1);
    test.facts = json_pack("{s:i}", "x", 1);
    test.evidence = json_array();
    for (int i = 0; i < EVENT_EVIDENCE_MAX; i++)
        (void)json_array_append_new(test.evidence, json_pack("{s:i, s:s}", "n", i, "text", text));
    judge_test(judge, &test);
    judge_save(judge);
    load_all(back, &first);
    give(judge, "pay.b", t + VG_MIN_NS, "x", 1e-12);
    give(back, "pay.b", t + VG_MIN_NS, "x", 1e-12);
    assert_int_equal(json_array_size(first.events), 1);
    assert_true(json_equal(first.events, second.events));
    evidence = json_object_get(json_array_get(first.events, 0), "evidence");
    assert_in_range(json_array_size(evidence), 10, 16);
    assert_int_equal(vg_json_int(json_array_get(evidence, 0), "n", -1), 0);
    judge_free(judge);
    judge_free(back);
    kit_done(&first);
    kit_done(&second);
}

static void
test_score(void **state)
{
    struct kit kit;
    struct judge *judge;
    double last = -1;

    (void)state;
    kit_init(&kit);
    judge = make(&kit, 3, 1.2);
    for (double p = 0.999; p > 1e-30; p *= 0.99) {
        char text[2][32];
        double score;

        judge_observation_begin(judge);
        give(judge, "pay.a", 1, "x", p);
        score = judge_observation_score(judge);
        (void)snprintf(text[0], sizeof text[0], "%.6g", last);
        (void)snprintf(text[1], sizeof text[1], "%.6g", score);
        assert_true(score > last && strcmp(text[0], text[1]) != 0);
        last = score;
    }
    assert_true(fabs(judge_score(1e-4) - 50) < 1e-9);
    assert_true(judge_learn_weight(0.1) > 0.98 && judge_learn_weight(1e-4) < 0.25);
    judge_free(judge);
    kit_done(&kit);
}

/* Token and last four, or the first six alone: never all three in one event. */
static void
test_cards_of_a_range(void **state)
{
    static const char *const ids[] = {"card_x", "bin:411111"};
    struct kit kit;
    struct judge *judge;

    (void)state;
    kit_init(&kit);
    judge = make(&kit, 3, 1.2);
    for (size_t i = 0; i < VG_ARRAY_LEN(ids); i++) {
        struct party who;
        struct finding f = {.detector = "pay.a",
                            .time_ns = 1,
                            .subject = &who,
                            .score = 90,
                            .facts = json_pack("{s:i}", "x", 1),
                            .evidence = json_pack("[{s:s, s:s, s:s, s:s}]", "type", "transaction",
                                                  "id", "T1", "card", "card_x", "last4", "1111")};
        json_t *kept;

        party_set(&who, "card", ids[i], NULL);
        judge_finding(judge, &f);
        kept = json_array_get(json_object_get(json_array_get(kit.events, i), "evidence"), 0);
        assert_string_equal(vg_json_str(kept, "id", ""), "T1");
        assert_int_equal(json_object_get(kept, "card") != NULL, i == 0);
        assert_int_equal(json_object_get(kept, "last4") != NULL, i == 0);
    }
    judge_free(judge);
    kit_done(&kit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_rate),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_fusion),
        cmocka_unit_test(test_feedback),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_restart_large),
        cmocka_unit_test(test_cards_of_a_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
