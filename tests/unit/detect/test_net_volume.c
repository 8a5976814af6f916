/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
/* Well under what a shop's threshold is once its hours are counted: about 0.6 a week over some 100
 * tests a week for each device. */
#define STRICT 2e-4
static uint64_t seed;

static double
chance(void) /* xorshift64*, in (0, 1) */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return ((double)(seed * UINT64_C(2685821657736338717) >> 11) + 0.5) / 9007199254740992.0;
}

static void
start_seed(void)
{
    fake_judge_done(&judge);
    seed = 88172645463325252u;
}

static void
send_out(void *self, int64_t t, double bytes)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, t);

    f.state = FLOW_CLOSED;
    f.payload_out = (uint64_t)bytes;
    see_flow(&NET_VOLUME, self, OBS_FLOW_END, &f);
}

/* Two weeks and more of a shop: busy from 9 to 20, about 80 MB an hour with a wide spread. */
static void
ordinary(void *self, int from_hour, int to_hour)
{
    for (int h = from_hour; h < to_hour; h++) {
        int64_t t = T0 - T0 % VG_DAY_NS + h * VG_HOUR_NS;
        bool open = h % 24 >= 9 && h % 24 < 20;

        for (int i = 0; i < 6; i++)
            send_out(self, t + i * 9 * VG_MIN_NS,
                     (open ? 1.3e7 : 2e5) * exp(0.8 * (chance() + chance() - 1)));
    }
}

static size_t
alerts(double below)
{
    size_t n = 0;

    for (size_t i = 0; i < judge.count; i++)
        n += judge.report[i].p < below;
    return n;
}

static void
test_a_theft_by_night(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    ordinary(self, 0, 24 * 21 + 2);
    assert_int_equal(alerts(STRICT), 0);
    for (int i = 0; i < 10; i++)
        send_out(self, T0 - T0 % VG_DAY_NS + (24 * 21 + 2) * VG_HOUR_NS + i * VG_MIN_NS, 4e8);
    ordinary(self, 24 * 21 + 3, 24 * 21 + 5);
    assert_true(alerts(STRICT) >= 1);
    assert_string_equal(judge.report[judge.count - 1].subject, "192.168.1.9");
    NET_VOLUME.free(self);
}

static void
test_learns_first(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    for (int h = 0; h < 24 * 6; h++)
        send_out(self, T0 + h * VG_HOUR_NS, h % 2 == 0 ? 1e3 : 5e9);
    assert_int_equal(judge.count, 0);
    NET_VOLUME.free(self);
}

/* Ten weeks of ordinary hours: about as many small p as their size promises, none tiny. */
static void
test_null_rate(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    ordinary(self, 0, 24 * 70);
    assert_true(judge.count > 300);
    assert_true(alerts(0.01) <= judge.count / 50);
    assert_int_equal(alerts(STRICT), 0);
    NET_VOLUME.free(self);
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a, *b;

    start_seed();
    a = fake_make(&NET_VOLUME, &whole, NULL);
    ordinary(a, 0, 24 * 10);
    start_seed();
    b = fake_make(&NET_VOLUME, &parts, NULL);
    for (int at = 0; at < 24 * 10; at += 31) {
        ordinary(b, at, at + 31 < 24 * 10 ? at + 31 : 24 * 10);
        b = fake_restart(&NET_VOLUME, b, &store, &parts);
    }
    assert_true(whole.count > 5);
    assert_int_equal(whole.count, parts.count);
    for (size_t i = 0; i < whole.count; i++)
        assert_true(whole.report[i].p == parts.report[i].p);
    fake_truncate_rows(&NET_VOLUME, &store, &parts);
    NET_VOLUME.free(a);
    NET_VOLUME.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

/* A long flow is counted as it grows, each byte once. */
static void
test_growing_flow(void **state)
{
    json_t *settings = json_pack("{s:f, s:s}", "hour_mb", 0.001, "learn", "1d");
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, settings);
    for (int h = 0; h < 60; h++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0);

        f.end_ns = T0 + h * VG_HOUR_NS;
        f.payload_out = (uint64_t)h * 1000000;
        see_flow(&NET_VOLUME, self, h == 59 ? OBS_FLOW_END : OBS_FLOW_UPDATE, &f);
    }
    assert_true(judge.count > 20);
    assert_int_equal(alerts(0.001), 0); /* a million each hour, never fifty */
    NET_VOLUME.free(self);
    json_decref(settings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_theft_by_night), cmocka_unit_test(test_learns_first),
        cmocka_unit_test(test_null_rate),        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_growing_flow),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
