/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions that the judge is told: which tests and findings they excuse, and until when. */
#include "tests/unit/detect/judge_kit.h"

#include "agent/detect/judge.h"
#include "common/vtime.h"

#define T   (INT64_C(1700000000) * VG_SEC_NS)
#define DAY "2023-11-15T22:13:20Z" /* T and a day */

static struct judge *
make(struct kit *kit)
{
    const struct judge_settings settings = {.budget_per_week = 100, .target_per_week = 50};
    struct judge *judge;

    assert_int_equal(judge_new(&settings, "net", NULL, &kit->sink, &judge), VG_OK);
    return judge;
}

static void
tell(struct judge *judge, const char *list)
{
    json_t *all = json_loads(list, 0, NULL);

    assert_non_null(all);
    judge_exceptions(judge, all);
    json_decref(all);
}

/* Whether a finding gives an alert; `group` keeps it apart from those before. */
static bool
told(struct kit *kit, struct judge *judge, const char *detector, const char *device,
     const char *peer_id, int64_t t)
{
    static int number;
    size_t before = json_array_size(kit->events);
    char group[16];
    struct party who, peer;
    struct finding f = {.detector = detector,
                        .time_ns = t,
                        .subject = &who,
                        .peer = peer_id != NULL ? &peer : NULL,
                        .score = 90,
                        .severity = SEVERITY_HIGH,
                        .group = group,
                        .facts = json_pack("{s:s}", "host", "10.0.0.1")};

    snprintf(group, sizeof group, "%d", number++);
    party_set(&who, "device", device, NULL);
    party_set(&peer, "host", peer_id != NULL ? peer_id : "", NULL);
    judge_finding(judge, &f);
    return json_array_size(kit->events) > before;
}

static void
test_shapes(void **state)
{
    struct kit kit;
    struct judge *judge;
    struct party who;

    (void)state;
    kit_init(&kit);
    judge = make(&kit);
    assert_true(told(&kit, judge, "net.scan", "a", "x", T));
    tell(judge,
         "[{\"detector\":\"net.scan\",\"subject\":{\"kind\":\"device\",\"id\":\"a\"},"
         "\"peer\":{\"id\":\"x\"},\"until\":\"" DAY "\"},"
         "{\"detector\":\"net.tor\",\"subject\":null,\"peer\":{\"id\":\"y\"},\"until\":\"" DAY
         "\"},"
         "{\"detector\":\"net.dga\",\"subject\":null,\"peer\":null,\"until\":\"" DAY "\"},"
         "{\"detector\":\"net.beacon\",\"subject\":{\"kind\":\"device\",\"id\":\"a\"},"
         "\"peer\":null,\"until\":\"" DAY "\"}]");
    assert_false(told(&kit, judge, "net.scan", "a", "x", T + 1));
    assert_false(told(&kit, judge, "net.scan.slow", "a", "x", T + 1)); /* the family */
    assert_true(told(&kit, judge, "net.scan", "a", "z", T + 1));
    assert_true(told(&kit, judge, "net.scan", "a", NULL, T + 1));
    assert_true(told(&kit, judge, "net.scan", "b", "x", T + 1));
    assert_true(told(&kit, judge, "net.scanner", "a", "x", T + 1));
    assert_false(told(&kit, judge, "net.tor", "b", "y", T + 1));
    assert_true(told(&kit, judge, "net.tor", "b", NULL, T + 1));
    assert_false(told(&kit, judge, "net.dga", "b", NULL, T + 1));
    assert_false(told(&kit, judge, "net.beacon", "a", "q", T + 1));
    assert_true(told(&kit, judge, "net.beacon", "b", "q", T + 1));
    party_set(&who, "device", "a", NULL);
    assert_true(judge_learn_share(judge, "net.beacon", &who, NULL, T + 2) == 1);
    /* By event time they end; a set that is told takes the place of the one before. */
    assert_true(told(&kit, judge, "net.dga", "b", NULL, T + VG_DAY_NS));
    tell(judge, "[{\"detector\":\"net.mining\",\"until\":\"2024-11-15T22:13:20Z\"}]");
    assert_true(told(&kit, judge, "net.beacon", "a", "q", T + VG_DAY_NS));
    assert_false(told(&kit, judge, "net.mining", "a", "q", T + VG_DAY_NS));
    tell(judge, "[]");
    assert_true(told(&kit, judge, "net.mining", "a", "q", T + VG_DAY_NS));
    judge_free(judge);
    kit_done(&kit);
}

static void
test_odd_sets(void **state)
{
    struct kit kit;
    struct judge *judge;
    json_t *many = json_array();

    (void)state;
    kit_init(&kit);
    judge = make(&kit);
    tell(judge, "[7, null, {}, {\"detector\":7}, {\"detector\":\"\",\"until\":\"" DAY "\"},"
                "{\"detector\":\"net.scan\",\"until\":\"soon\"}]");
    assert_true(told(&kit, judge, "net.scan", "a", "x", T));
    for (int i = 0; i < 2 * JUDGE_EXCEPTIONS_MAX; i++) {
        char id[16];

        snprintf(id, sizeof id, "d%d", i);
        json_array_append_new(many, json_pack("{ss s{ss ss} ss}", "detector", "net.scan", "subject",
                                              "kind", "device", "id", id, "until", DAY));
    }
    judge_exceptions(judge, many);
    json_decref(many);
    assert_false(told(&kit, judge, "net.scan", "d0", "x", T));
    assert_false(told(&kit, judge, "net.scan", "d511", "x", T));
    assert_true(told(&kit, judge, "net.scan", "d512", "x", T));
    judge_free(judge);
    kit_done(&kit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_odd_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
