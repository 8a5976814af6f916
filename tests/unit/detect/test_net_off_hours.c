/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

/* 2026-03-02 00:00 UTC, a Monday; without hours of the shop, night is from 22 to 6. */
#define DAY0 (INT64_C(1772409600) * VG_SEC_NS)

static void
call(void *self, unsigned device, int64_t t_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, device), ip4(203, 0, 113, device), 443, t_ns);

    f.state = FLOW_CLOSED;
    f.payload_out = 500;
    see_flow(&NET_OFF_HOURS, self, OBS_FLOW_END, &f);
}

/* Nights that pass: something is seen in every hour, device 7 works by day, device 8 every night. */
static void
nights(void *self, unsigned from, unsigned until)
{
    for (unsigned day = from; day < until; day++) {
        for (unsigned hour = 0; hour < 24; hour++) {
            int64_t t = DAY0 + day * VG_DAY_NS + hour * VG_HOUR_NS;
            struct obs tick = {.kind = OBS_TICK, .time_ns = t};

            NET_OFF_HOURS.observe(self, &tick);
            for (unsigned i = 0; i < 6; i++) {
                if (hour >= 9 && hour < 20)
                    call(self, 7, t + i * VG_MIN_NS);
                call(self, 8, t + i * VG_MIN_NS);
            }
            if (day == from && hour == 2) /* once, so that it is known at night */
                call(self, 7, t);
        }
    }
}

static void
test_fires(void **state)
{
    void *self;
    int64_t t = DAY0 + 30 * VG_DAY_NS + 3 * VG_HOUR_NS;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_OFF_HOURS, &judge, NULL);
    nights(self, 0, 30);
    for (size_t i = 0; i < judge.count; i++)
        assert_true(judge.report[i].p > 0.1); /* device 8 is usual: passed tests */
    fake_judge_done(&judge);
    for (unsigned i = 0; i < 6; i++)
        call(self, 7, t + i * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_true(judge.report[0].p < 0.01);
    assert_string_equal(judge.report[0].subject, "192.168.1.7");
    fake_judge_done(&judge);
    for (unsigned i = 0; i < 6; i++)
        call(self, 8, t + i * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_true(judge.report[0].p > 0.1);
    NET_OFF_HOURS.free(self);
}

/* A few nights say nothing, and by day nothing is tested. */
static void
test_learning(void **state)
{
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_OFF_HOURS, &judge, NULL);
    nights(self, 0, 4);
    assert_int_equal(judge.count, 0);
    NET_OFF_HOURS.free(self);
}

/* What was alerted is not learned as a habit. */
static void
test_not_learned(void **state)
{
    void *self;
    double p = 1;

    (void)state;
    fake_judge_done(&judge);
    judge.learn_share_set = true;
    self = fake_make(&NET_OFF_HOURS, &judge, NULL);
    nights(self, 0, 30);
    for (unsigned night = 0; night < 20; night++) {
        fake_judge_done(&judge);
        judge.learn_share_set = true;
        judge.learn_share = 0;
        for (unsigned i = 0; i < 6; i++)
            call(self, 7, DAY0 + (30 + night) * VG_DAY_NS + 3 * VG_HOUR_NS + i * VG_MIN_NS);
        assert_int_equal(judge.count, 1);
        p = judge.report[0].p;
    }
    assert_true(p < 0.02);
    NET_OFF_HOURS.free(self);
}

static void
test_restart(void **state)
{
    static struct fake_store store;
    static struct judge straight;
    void *self, *other;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_OFF_HOURS, &judge, NULL);
    other = fake_make(&NET_OFF_HOURS, &straight, NULL);
    nights(self, 0, 12);
    nights(other, 0, 12);
    self = fake_restart(&NET_OFF_HOURS, self, &store, &judge);
    nights(self, 12, 20);
    nights(other, 12, 20);
    fake_same_reports(&judge, &straight);
    fake_truncate_rows(&NET_OFF_HOURS, &store, &judge);
    NET_OFF_HOURS.free(self);
    NET_OFF_HOURS.free(other);
    fake_store_done(&store);
    fake_judge_done(&straight);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_not_learned),
        cmocka_unit_test(test_restart),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
