/* SPDX-License-Identifier: Apache-2.0 */
/* net.rare_destination and net.long_connection: both learn what is usual first. */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void
see(const struct detector *d, void *self, enum obs_kind kind, unsigned place, const char *name,
    int64_t start_ns, int64_t end_ns)
{
    struct flow_view f =
        flow_of(ip4(192, 168, 1, 9), ip4(45, 77, place >> 8, place & 255), 443, end_ns);

    f.start_ns = start_ns;
    f.state = FLOW_CLOSED;
    f.packets_in = 5;
    f.bytes_out = f.bytes_in = 2000;
    f.payload_out = f.payload_in = 1000;
    f.server_name = str_of(name);
    f.category = f.protocol = str_of("");
    see_flow(d, self, kind, &f);
}

/* A page more every quarter of an hour, all by name. */
static void *
browse(void *self, int first, int last)
{
    char name[32];

    for (int i = first; i < last; i++) {
        int64_t t = T0 + i * 15 * VG_MIN_NS;

        snprintf(name, sizeof(name), "www.site%d.example", i % 200);
        see(&NET_RARE_DESTINATION, self, OBS_FLOW_END, (unsigned)(i % 200), name, t, t + VG_SEC_NS);
    }
    return self;
}

static void
test_new_places(void **state)
{
    const struct detector *d = &NET_RARE_DESTINATION;
    void *self;

    fake_judge_done(&judge);
    self = browse(fake_make(d, &judge, NULL), 0, 400);
    assert_int_equal(judge.count, 0); /* learning, then nothing new */
    see(d, self, OBS_FLOW_END, 5000, "www.new.example", T0 + 5 * VG_DAY_NS, T0 + 5 * VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    assert_true(judge.report[0].p > 0.5); /* one page more */
    see(d, self, OBS_FLOW_END, 5001, "", T0 + 5 * VG_DAY_NS, T0 + 5 * VG_DAY_NS);
    assert_int_equal(judge.count, 2);
    assert_true(judge.report[1].p < 0.01); /* by its bare address: nobody does here */
    assert_non_null(judge.report[1].facts);
    see(d, self, OBS_FLOW_END, 5001, "", T0 + 6 * VG_DAY_NS, T0 + 6 * VG_DAY_NS);
    assert_int_equal(judge.count, 2);
    d->free(self);
}

/* A place is known an hour after its test, unless that alerted. */
static void
test_alerted_places_stay_new(void **state)
{
    const struct detector *d = &NET_RARE_DESTINATION;
    int64_t t = T0 + 5 * VG_DAY_NS;
    void *self;

    fake_judge_done(&judge);
    self = browse(fake_make(d, &judge, NULL), 0, 400);
    judge.learn_share_set = true;
    judge.learn_share = 0;
    see(d, self, OBS_FLOW_END, 5001, "", t, t);
    see(d, self, OBS_FLOW_END, 5001, "", t, t + 30 * VG_MIN_NS);
    assert_int_equal(judge.count, 1); /* the same hour */
    see(d, self, OBS_FLOW_END, 5001, "", t, t + 2 * VG_HOUR_NS);
    assert_int_equal(judge.count, 2);
    assert_true(judge.report[1].p <= judge.report[0].p);
    judge.learn_share = 0.5; /* nobody answered */
    see(d, self, OBS_FLOW_END, 5001, "", t, t + 15 * VG_DAY_NS);
    assert_int_equal(judge.count, 2);
    judge.learn_share_set = false;
    d->free(self);
}

/* More places wait than there is room for: the oldest are learned early. */
static void
test_many_wait(void **state)
{
    const struct detector *d = &NET_RARE_DESTINATION;
    int64_t t = T0 + 5 * VG_DAY_NS;
    void *self;

    fake_judge_done(&judge);
    self = browse(fake_make(d, &judge, NULL), 0, 400);
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < 250; i++)
            see(d, self, OBS_FLOW_END, 7168 + i, "", t, t + i * VG_SEC_NS);
    assert_int_equal(judge.count, 250);
    d->free(self);
}

/* Forty lines of twenty to fifty minutes, over five days. */
static void *
hold_lines(void *self, int first, int last)
{
    for (int i = first; i < last; i++) {
        int64_t t = T0 + i * 3 * VG_HOUR_NS;

        see(&NET_LONG_CONNECTION, self, OBS_FLOW_END, 1 + (unsigned)i % 4, "", t,
            t + (20 + i % 30) * VG_MIN_NS);
    }
    return self;
}

static void
hold(void *self, unsigned place, int64_t t)
{
    for (int64_t age = FLOW_UPDATE_NS; age <= 9 * VG_HOUR_NS; age += FLOW_UPDATE_NS)
        see(&NET_LONG_CONNECTION, self, OBS_FLOW_UPDATE, place, "", t, t + age);
}

static void
test_long_lines(void **state)
{
    const struct detector *d = &NET_LONG_CONNECTION;
    void *self;

    fake_judge_done(&judge);
    self = fake_make(d, &judge, NULL);
    hold(self, 77, T0);
    assert_int_equal(judge.count, 0); /* learning */
    (void)hold_lines(self, 0, 40);
    hold(self, 2, T0 + 6 * VG_DAY_NS);
    assert_int_equal(judge.count, 0); /* a place that it held lines to before */
    hold(self, 77, T0 + 6 * VG_DAY_NS);
    assert_int_equal(judge.count, 4); /* after 1, 2, 4 and 8 hours */
    assert_string_equal(judge.report[0].detector, "net.long_connection");
    assert_true(judge.report[0].p < 0.05 && judge.report[3].p <= judge.report[0].p);
    /* what was alerted is not learned: the place stays a new one, until somebody answers */
    judge.learn_share_set = true;
    judge.learn_share = 0;
    see(d, self, OBS_FLOW_END, 77, "", T0 + 6 * VG_DAY_NS, T0 + 6 * VG_DAY_NS + 9 * VG_HOUR_NS);
    hold(self, 77, T0 + 7 * VG_DAY_NS);
    assert_int_equal(judge.count, 8);
    judge.learn_share = 1;
    see(d, self, OBS_FLOW_END, 77, "", T0 + 7 * VG_DAY_NS, T0 + 7 * VG_DAY_NS + 9 * VG_HOUR_NS);
    hold(self, 77, T0 + 8 * VG_DAY_NS);
    assert_int_equal(judge.count, 8);
    d->free(self);
}

static void
test_restart_is_no_difference(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    const struct detector *d = &NET_RARE_DESTINATION;
    void *a = browse(fake_make(d, &whole, NULL), 0, 300);
    void *b = browse(fake_make(d, &parts, NULL), 0, 150);

    b = browse(fake_restart(d, b, &store, &parts), 150, 300);
    for (unsigned i = 0; i < 20; i++) {
        int64_t t = T0 + 5 * VG_DAY_NS + i * 10 * VG_MIN_NS;

        if (i == 10)
            b = fake_restart(d, b, &store, &parts); /* while places wait */
        see(d, a, OBS_FLOW_END, 6000 + i, "", t, t);
        see(d, b, OBS_FLOW_END, 6000 + i, "", t, t);
    }
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(d, &store, &parts);
    d->free(a);
    d->free(b);
    fake_store_done(&store);
    d = &NET_LONG_CONNECTION;
    a = hold_lines(fake_make(d, &whole, NULL), 0, 40);
    b = hold_lines(fake_make(d, &parts, NULL), 0, 20);
    b = hold_lines(fake_restart(d, b, &store, &parts), 20, 40);
    hold(a, 77, T0 + 6 * VG_DAY_NS);
    hold(b, 77, T0 + 6 * VG_DAY_NS);
    assert_true(whole.count > 20);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(d, &store, &parts);
    d->free(a);
    d->free(b);
    fake_store_done(&store);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_places),
        cmocka_unit_test(test_alerted_places_stay_new),
        cmocka_unit_test(test_many_wait),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_restart_is_no_difference),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
