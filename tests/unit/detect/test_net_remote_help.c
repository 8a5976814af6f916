/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#include "common/zone.h"

#define D NET_REMOTE_HELP

static struct judge judge;
static const struct net_addr PC = {4, {192, 168, 1, 20}}, RELAY = {4, {203, 0, 113, 9}};

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&D, &judge, NULL);
}

static struct flow_view
contact(const char *tool, uint64_t sent, uint64_t received, int64_t at)
{
    struct flow_view f = flow_of(PC, RELAY, 443, at);

    f.state = FLOW_CLOSED;
    f.app = str_of(tool);
    f.category = str_of("remote_help");
    f.payload_out = sent;
    f.payload_in = received;
    f.end_ns = at + VG_MIN_NS;
    return f;
}

static void
see(void *self, enum obs_kind kind, const char *tool, uint64_t sent, uint64_t received, int64_t at)
{
    struct flow_view f = contact(tool, sent, received, at);

    see_flow(&D, self, kind, &f);
}

static const char *
reason(size_t i)
{
    return json_string_value(json_object_get(judge.report[i].facts, "reason"));
}

static void
test_first_session_at_once(void **state)
{
    void *self = start();

    see(self, OBS_FLOW_UPDATE, "anydesk", 400000, 90000, T0);
    assert_int_equal(judge.count, 1);
    assert_string_equal(reason(0), "first");
    assert_string_equal(judge.report[0].peer, "anydesk");
    see(self, OBS_FLOW_END, "anydesk", 800000, 90000, T0);
    assert_int_equal(judge.count, 1);
    see(self, OBS_FLOW_END, "teamviewer", 400000, 90000, T0);
    assert_int_equal(judge.count, 2);
    D.free(self);
}

static void
test_accepted_tool_is_quiet(void **state)
{
    void *self = start();

    judge.learn_share_set = true;
    judge.learn_share = 0; /* alerted on, no answer */
    for (int day = 0; day < 15; day++)
        see(self, OBS_FLOW_END, "anydesk", 400000, 90000, T0 + day * VG_DAY_NS);
    assert_int_equal(judge.count, 3);
    assert_string_equal(reason(1), "again");
    judge.learn_share = 1; /* "mine" */
    for (int day = 15; day < 60; day++)
        see(self, OBS_FLOW_END, "anydesk", 400000, 90000, T0 + day * VG_DAY_NS);
    assert_int_equal(judge.count, 3);
    D.free(self);
}

static void
test_out_of_hours(void **state)
{
    struct shop_hours hours = {.known = true};
    struct zone *zone = zone_utc();
    struct detector_env env = {.judge = &judge, .zone = zone, .hours = &hours};
    char why[DETECT_WHY_MAX];
    void *self;
    int64_t noon = T0 / VG_DAY_NS * VG_DAY_NS + 12 * VG_HOUR_NS;

    fake_judge_done(&judge);
    for (int i = 0; i < 7; i++) {
        hours.day[i].open_min = 9 * 60;
        hours.day[i].close_min = 20 * 60;
    }
    assert_int_equal(D.make(&env, &self, why), VG_OK);
    for (int day = 0; day < 3; day++)
        see(self, OBS_FLOW_END, "anydesk", 400000, 90000, noon + day * VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    see(self, OBS_FLOW_END, "anydesk", 400000, 90000, noon + 3 * VG_DAY_NS + 14 * VG_HOUR_NS);
    assert_int_equal(judge.count, 2);
    assert_string_equal(reason(1), "late");
    D.free(self);
    zone_free(zone);
}

static void
test_standby(void **state)
{
    void *self = start();

    for (int i = 0; i < 10; i++)
        see(self, OBS_FLOW_END, "teamviewer", 2000, 3000, T0 + i * 10 * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(reason(0), "standby");
    assert_int_equal(judge.report[0].severity, SEVERITY_LOW);
    D.free(self);
}

static void
test_quiet(void **state)
{
    void *self = start();
    struct flow_view f;

    for (int i = 0; i < 8; i++) /* the maker's site, and the program fetched from it */
        see(self, OBS_FLOW_END, "anydesk", 3000, 6000000, T0 + i * VG_SEC_NS);
    f = contact("rdp", 4000000, 9000000, T0); /* a server at the provider's */
    see_flow(&D, self, OBS_FLOW_END, &f);
    f = contact("vnc", 4000000, 9000000, T0); /* within the shop */
    f.dst = ip4(192, 168, 1, 9);
    see_flow(&D, self, OBS_FLOW_END, &f);
    f = contact("chrome", 4000000, 9000000, T0);
    f.category = str_of("");
    see_flow(&D, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 0);
    D.free(self);
}

static void
test_record_of_a_session(void **state)
{
    void *self = start();
    struct flow_view f = flow_of(PC, RELAY, 21116, T0);
    struct record_field fields[] = {
        {.name = "tool", .type = FIELD_TEXT, .text = str_of("rustdesk")},
        {.name = "session", .type = FIELD_BOOL, .text = str_of(""), .number = 0}};
    struct record_view r = {.flow = &f, .type = "remote_help", .fields = fields, .count = 2};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};

    D.observe(self, &obs);
    assert_int_equal(judge.count, 0);
    fields[1].number = 1;
    D.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    D.free(self);
}

static void
test_restart_and_damage(void **state)
{
    static struct fake_store store;
    void *self = start();

    see(self, OBS_FLOW_END, "anydesk", 400000, 90000, T0);
    self = fake_restart(&D, self, &store, &judge);
    see(self, OBS_FLOW_END, "anydesk", 400000, 90000, T0 + VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    fake_truncate_rows(&D, &store, &judge);
    fake_store_done(&store);
    for (unsigned i = 0; i < 2000; i++) {
        struct flow_view f = contact("anydesk", 2000, 2000, T0);

        f.src = ip4(10, 0, i / 200, 1 + i % 200);
        see_flow(&D, self, OBS_FLOW_END, &f);
    }
    D.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_session_at_once),
        cmocka_unit_test(test_accepted_tool_is_quiet),
        cmocka_unit_test(test_out_of_hours),
        cmocka_unit_test(test_standby),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_record_of_a_session),
        cmocka_unit_test(test_restart_and_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
