/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void
use(void *self, unsigned device, const char *app, uint64_t sent, int64_t t_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, device), ip4(203, 0, 113, 9), 443, t_ns);

    f.app = str_of(app);
    f.category = str_of(strcmp(app, "whatsapp") == 0 ? "messaging" : "ai");
    f.state = FLOW_CLOSED;
    f.payload_out = sent;
    see_flow(&NET_AI_SERVICE, self, OBS_FLOW_END, &f);
}

static const char *
event(size_t i)
{
    const char *text = json_string_value(json_object_get(judge.report[i].facts, "event"));

    return text != NULL ? text : judge.report[i].detector;
}

static void
test_without_list(void **state)
{
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_AI_SERVICE, &judge, NULL);
    use(self, 7, "whatsapp", 900000000, T0);
    assert_int_equal(judge.count, 0);
    use(self, 7, "openai", 2000, T0);
    use(self, 7, "openai", 2000, T0 + VG_HOUR_NS);
    use(self, 8, "openai", 2000, T0 + VG_HOUR_NS);
    assert_int_equal(judge.count, 2); /* once a device */
    assert_int_equal(judge.report[0].severity, SEVERITY_INFO);
    assert_string_equal(event(0), "first");
    for (unsigned i = 0; i < 9; i++)
        use(self, 7, "openai", 10000000, T0 + VG_HOUR_NS + i * VG_MIN_NS);
    assert_int_equal(judge.count, 3); /* one upload a day, whatever the number of conversations */
    assert_string_equal(event(2), "upload");
    assert_int_equal(judge.report[2].severity, SEVERITY_MEDIUM);
    NET_AI_SERVICE.free(self);
}

static void
test_allow_list(void **state)
{
    json_t *settings = json_pack("{s:s}", "allow", "google_gemini openai");
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_AI_SERVICE, &judge, settings);
    use(self, 7, "openai", 2000, T0);
    use(self, 7, "deepseek", 2000, T0);
    use(self, 7, "open", 2000, T0);
    assert_int_equal(judge.count, 3);
    assert_int_equal(judge.report[0].severity, SEVERITY_INFO);
    assert_int_equal(judge.report[1].severity, SEVERITY_MEDIUM);
    assert_int_equal(judge.report[2].severity, SEVERITY_MEDIUM);
    NET_AI_SERVICE.free(self);
    json_decref(settings);
}

/* A long conversation is counted as it grows, once. */
static void
test_long_flow(void **state)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 7), ip4(203, 0, 113, 9), 443, T0);
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_AI_SERVICE, &judge, NULL);
    f.app = str_of("openai");
    f.category = str_of("ai");
    for (unsigned i = 1; i <= 6; i++) {
        f.payload_out = i * UINT64_C(8000000);
        f.end_ns = T0 + i * 5 * VG_MIN_NS;
        see_flow(&NET_AI_SERVICE, self, i == 6 ? OBS_FLOW_END : OBS_FLOW_UPDATE, &f);
    }
    assert_int_equal(judge.count, 1); /* 48 MB are below the mark */
    NET_AI_SERVICE.free(self);
}

/* The figure of a month comes with the first sign of the next, and survives a restart. */
static void
test_month(void **state)
{
    static struct fake_store store;
    struct obs tick = {.kind = OBS_TICK, .time_ns = T0 + 31 * VG_DAY_NS};
    const json_t *facts;
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_AI_SERVICE, &judge, NULL);
    use(self, 7, "openai", 2000, T0);
    use(self, 8, "deepseek", 3000, T0);
    self = fake_restart(&NET_AI_SERVICE, self, &store, &judge);
    fake_truncate_rows(&NET_AI_SERVICE, &store, &judge);
    fake_judge_done(&judge);
    NET_AI_SERVICE.observe(self, &tick);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].detector, "net.ai_month");
    facts = judge.report[0].facts;
    assert_int_equal(json_integer_value(json_object_get(facts, "sent")), 5000);
    assert_int_equal(json_array_size(json_object_get(facts, "services")), 2);
    tick.time_ns += 31 * VG_DAY_NS;
    NET_AI_SERVICE.observe(self, &tick); /* a month without use says nothing */
    assert_int_equal(judge.count, 1);
    NET_AI_SERVICE.free(self);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_list),
        cmocka_unit_test(test_allow_list),
        cmocka_unit_test(test_long_flow),
        cmocka_unit_test(test_month),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
