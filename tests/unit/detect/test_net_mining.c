/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static struct flow_view
spoken(uint16_t port, const char *category, const char *protocol, int64_t lasted_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), port, T0);

    f.state = FLOW_CLOSED;
    f.payload_in = f.payload_out = 4000;
    f.category = str_of(category);
    f.protocol = str_of(protocol);
    f.end_ns = f.start_ns + lasted_ns;
    return f;
}

static void
test_flows(void **state)
{
    static const struct {
        uint16_t port;
        const char *category, *protocol;
        int64_t lasted_ns;
        bool finding, test;
    } CASES[] = {
        {3333, "mining", "", 10 * VG_SEC_NS, true, false},
        {443, "mining", "tls", 10 * VG_MIN_NS, true, false},
        {443, "mining", "tls", 10 * VG_SEC_NS, false, true}, /* somebody reads the pool's page */
        {8333, "", "", 5 * VG_MIN_NS, true, false},
        {8333, "", "", 5 * VG_SEC_NS, false, true},
        {8333, "", "bittorrent", 5 * VG_MIN_NS, false, false},
        {443, "web", "tls", 50 * VG_MIN_NS, false, false},
        {30303, "", "", 5 * VG_MIN_NS, true, false},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(CASES); i++) {
        struct flow_view f =
            spoken(CASES[i].port, CASES[i].category, CASES[i].protocol, CASES[i].lasted_ns);
        void *self = fake_make(&NET_MINING, &judge, NULL);

        see_flow(&NET_MINING, self, OBS_FLOW_END, &f);
        assert_int_equal(judge.count, CASES[i].finding || CASES[i].test);
        if (judge.count > 0)
            assert_int_equal(judge.report[0].is_finding, CASES[i].finding);
        NET_MINING.free(self);
        fake_judge_done(&judge);
    }
}

static void
test_record(void **state)
{
    struct flow_view f = spoken(3333, "mining", "stratum", VG_SEC_NS);
    const struct record_field fields[] = {
        {.name = "method", .type = FIELD_TEXT, .text = str_of("login")},
        {.name = "agent", .type = FIELD_TEXT, .text = str_of("miner/1")}};
    struct record_view r = {.flow = &f, .type = "stratum", .fields = fields, .count = 2};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};
    void *self = fake_make(&NET_MINING, &judge, NULL);

    NET_MINING.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "program")),
                        "miner/1");
    r.type = "ssh";
    NET_MINING.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    NET_MINING.free(self);
    fake_judge_done(&judge);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),
        cmocka_unit_test(test_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
