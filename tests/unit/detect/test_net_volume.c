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
send_to(void *self, int64_t t, struct net_addr where, double bytes)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), where, 443, t);

    f.state = FLOW_CLOSED;
    f.payload_out = (uint64_t)bytes;
    see_flow(&NET_VOLUME, self, OBS_FLOW_END, &f);
}

static int64_t
hour(int h)
{
    return T0 - T0 % VG_DAY_NS + h * VG_HOUR_NS;
}

/* A busy shop from 9 to 20, some 25 MB an hour with a wide spread to many places, little by night. */
static void
ordinary(void *self, int from_hour, int to_hour)
{
    for (int h = from_hour; h < to_hour; h++) {
        bool open = h % 24 >= 9 && h % 24 < 20;

        for (int i = 0; i < 6; i++)
            send_to(self, hour(h) + i * 9 * VG_MIN_NS,
                    ip4(45, 77, (unsigned)(h % 200), (unsigned)i),
                    (open ? 4e6 : 1e4) * exp(0.8 * (chance() + chance() - 1)));
    }
}

/* The night's copy at `h`, in pieces, as large as the day was. */
static void
backup(void *self, int h, double bytes)
{
    bytes *= exp(0.5 * (chance() + chance() - 1));
    for (int i = 0; i < 4; i++)
        send_to(self, hour(h) + i * 5 * VG_MIN_NS, ip4(149, 137, 1, 1), bytes / 4);
}

static size_t
alerts(double below)
{
    size_t n = 0;

    for (size_t i = 0; i < judge.count; i++)
        n += judge.report[i].p < below;
    return n;
}

static const struct fake_report *
first_alert(double below)
{
    size_t i = 0;

    while (i < judge.count && judge.report[i].p >= below)
        i++;
    assert_true(i < judge.count);
    return &judge.report[i];
}

static void
test_a_theft_by_night(void **state)
{
    const struct fake_report *told;
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    ordinary(self, 0, 24 * 21 + 2);
    assert_int_equal(alerts(STRICT), 0);
    for (int i = 0; i < 10; i++)
        send_to(self, hour(24 * 21 + 2) + i * VG_MIN_NS, ip4(185, 1, 1, 1), 2e7);
    assert_true(alerts(STRICT) >= 1); /* at once, not when the hour is over */
    told = first_alert(STRICT);
    assert_string_equal(told->subject, "192.168.1.9");
    assert_string_equal(told->peer, "185.1.1.1");
    assert_string_equal(json_string_value(json_object_get(told->facts, "site")), "185.1.1.1");
    NET_VOLUME.free(self);
}

/* The p of a night's upload to a listed place that nobody called before. */
static double
p_of_upload(const char *site)
{
    struct net_scene_options options = {.geo_dir = NULL};
    struct net_scene *scene;
    struct detector_env env = {.judge = &judge, .rules_dir = "rules"};
    json_t *settings = json_pack("{s:s}", "drop_sites", "we.tl gofile.io");
    char why[DETECT_WHY_MAX];
    void *self;
    double p = 1;

    start_seed();
    assert_int_equal(net_scene_new(&options, &scene), VG_OK);
    env.scene = scene;
    env.settings = settings;
    assert_int_equal(NET_VOLUME.make(&env, &self, why), VG_OK);
    ordinary(self, 0, 20 * 24);
    for (int i = 0; i < 4; i++) {
        int64_t t = hour(20 * 24 + 3) + i * 5 * VG_MIN_NS;
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(149, 137, 9, 9), 443, t);
        struct obs obs = {.kind = OBS_FLOW_END, .time_ns = t, .flow = &f};

        f.state = FLOW_CLOSED;
        f.packets_in = 9;
        f.payload_out = 60 * 1000 * 1000;
        f.server_name = str_of(site);
        f.category = str_of("cloud_storage");
        net_scene_observe(scene, &obs);
        see_flow(&NET_VOLUME, self, OBS_FLOW_END, &f);
    }
    for (size_t i = 0; i < judge.count; i++)
        p = fmin(p, judge.report[i].p);
    NET_VOLUME.free(self);
    net_scene_free(scene);
    json_decref(settings);
    return p;
}

static void
test_sites_for_files(void **state)
{
    assert_true(p_of_upload("nube.example") < STRICT);
    assert_true(p_of_upload("www.gofile.io") > STRICT); /* net.exfiltration tells of it */
}

static void
test_learns_first(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    for (int h = 0; h < 24 * 6; h++)
        send_to(self, T0 + h * VG_HOUR_NS, ip4(45, 77, 1, 2), h % 2 == 0 ? 1e3 : 5e9);
    assert_int_equal(judge.count, 0);
    NET_VOLUME.free(self);
}

/* The nightly backup in another hour, a missed one made up for in the morning, a full one: nothing;
 * as much to another place: an alert. */
static void
test_backup(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    for (int day = 0; day < 30; day++) {
        ordinary(self, day * 24, day * 24 + 2);
        if (day != 20)
            backup(self, day * 24 + (day < 10 ? 2 : 2 + day % 4), day % 14 == 13 ? 4e8 : 8e7);
        ordinary(self, day * 24 + 6, day * 24 + 9);
        if (day == 20)
            backup(self, day * 24 + 9, 8e7);
        ordinary(self, day * 24 + 10, day * 24 + 24);
    }
    assert_int_equal(alerts(0.003), 0);
    send_to(self, hour(30 * 24 + 3), ip4(149, 137, 1, 2), 8e7);
    assert_int_equal(alerts(STRICT), 1);
    NET_VOLUME.free(self);
}

/* A thousand times as much to the usual place is no backup. */
static void
test_far_more_to_the_usual_place(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    for (int day = 0; day < 20; day++)
        backup(self, day * 24 + 2, 2e7);
    assert_int_equal(judge.count, 0);
    send_to(self, hour(20 * 24 + 2), ip4(149, 137, 1, 1), 2e10);
    assert_int_equal(alerts(STRICT), 1);
    NET_VOLUME.free(self);
}

/* What was alerted makes no habit. */
static void
test_alerted_is_not_learned(void **state)
{
    void *self;
    size_t before;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    ordinary(self, 0, 24 * 15); /* a Monday follows */
    judge.learn_share_set = true;
    for (int day = 15; day < 20; day++) {
        before = alerts(STRICT);
        send_to(self, hour(day * 24 + 3), ip4(185, 1, 1, 1), 3e8);
        assert_true(alerts(STRICT) > before);
        ordinary(self, day * 24 + 4, day * 24 + 24);
    }
    judge.learn_share = 1; /* `mine` */
    for (int day = 20; day < 24; day++) {
        before = alerts(STRICT);
        send_to(self, hour(day * 24 + 3), ip4(185, 1, 1, 1), 3e8);
        ordinary(self, day * 24 + 4, day * 24 + 24);
    }
    assert_int_equal(alerts(STRICT), before);
    NET_VOLUME.free(self);
}

/* Somebody who sends films to anywhere: it is on so many of their days. */
static void
test_large_mails_now_and_then(void **state)
{
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, NULL);
    for (int day = 0; day < 60; day++) {
        ordinary(self, day * 24, day * 24 + 15);
        if (day % 6 == 2)
            send_to(self, hour(day * 24 + 15), ip4(185, 1, 1, (unsigned)day), 1.5e8);
        ordinary(self, day * 24 + 16, day * 24 + 24);
    }
    assert_int_equal(alerts(STRICT), 0);
    NET_VOLUME.free(self);
}

/* Ten weeks of ordinary hours: about as many small p as their size promises, none tiny. */
static void
test_null_rate(void **state)
{
    json_t *settings = json_pack("{s:f, s:f}", "hour_mb", 20.0, "day_mb", 20.0);
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, settings);
    ordinary(self, 0, 24 * 70);
    assert_true(judge.count > 300);
    assert_true(alerts(0.01) <= judge.count / 50);
    assert_int_equal(alerts(STRICT), 0);
    NET_VOLUME.free(self);
    json_decref(settings);
}

static void
weeks_with_a_theft(void *self, int from_hour, int to_hour)
{
    for (int h = from_hour; h < to_hour; h++) {
        ordinary(self, h, h + 1);
        if (h % 24 == 2)
            backup(self, h, 8e7);
        if (h % 50 == 33)
            send_to(self, hour(h) + 50 * VG_MIN_NS, ip4(185, 1, 1, (unsigned)h % 200), 1e6 * h);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a, *b;

    start_seed();
    a = fake_make(&NET_VOLUME, &whole, NULL);
    weeks_with_a_theft(a, 0, 24 * 20);
    start_seed();
    b = fake_make(&NET_VOLUME, &parts, NULL);
    for (int at = 0; at < 24 * 20; at += 31) {
        weeks_with_a_theft(b, at, at + 31 < 24 * 20 ? at + 31 : 24 * 20);
        b = fake_restart(&NET_VOLUME, b, &store, &parts);
    }
    assert_true(whole.count >= 5);
    fake_same_reports(&whole, &parts);
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
    json_t *settings = json_pack("{s:f, s:s}", "hour_mb", 0.9, "learn", "1d");
    void *self;

    start_seed();
    self = fake_make(&NET_VOLUME, &judge, settings);
    for (int h = 0; h < 60; h++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0);

        f.end_ns = T0 + h * VG_HOUR_NS;
        f.payload_out = (uint64_t)h * 1000000;
        see_flow(&NET_VOLUME, self, h == 59 ? OBS_FLOW_END : OBS_FLOW_UPDATE, &f);
    }
    assert_true(judge.count > 5);
    for (size_t i = 0; i < judge.count; i++)
        if (judge.report[i].facts != NULL)
            assert_int_equal(json_integer_value(json_object_get(judge.report[i].facts, "bytes")),
                             1000000);
    NET_VOLUME.free(self);
    json_decref(settings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sites_for_files),
        cmocka_unit_test(test_a_theft_by_night),
        cmocka_unit_test(test_learns_first),
        cmocka_unit_test(test_null_rate),
        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_growing_flow),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_far_more_to_the_usual_place),
        cmocka_unit_test(test_alerted_is_not_learned),
        cmocka_unit_test(test_large_mails_now_and_then),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
