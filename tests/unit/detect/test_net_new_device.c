/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_NEW_DEVICE, &judge, NULL);
}

static void
hello(void *self, uint8_t id, int64_t t)
{
    struct arp_view v = {.sender = ip4(192, 168, 1, id), .target = ip4(192, 168, 1, 1)};
    struct obs obs = {.kind = OBS_ARP, .time_ns = t, .arp = &v};

    memcpy(v.sender_mac, (uint8_t[]){0x00, 0x11, 0x22, 0x33, 0x44, id}, 6);
    NET_NEW_DEVICE.observe(self, &obs);
}

/* Station `id` calls a port of 192.168.1.`to`. */
static void
calls(void *self, uint8_t id, uint8_t to, uint16_t port, int64_t t)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, id), ip4(192, 168, 1, to), port, t);

    f.proto = 6;
    f.has_mac = true;
    memcpy(f.src_mac, (uint8_t[]){0x00, 0x11, 0x22, 0x33, 0x44, id}, 6);
    see_flow(&NET_NEW_DEVICE, self, OBS_FLOW_START, &f);
}

static bool
is_learning(void *self)
{
    json_t *all = json_object();
    bool yes;

    NET_NEW_DEVICE.health(self, all);
    yes = json_is_true(json_object_get(all, "learning"));
    json_decref(all);
    return yes;
}

static void
test_quiet_while_learning(void **state)
{
    void *self = start();

    for (int i = 0; i < 200; i++)
        hello(self, (uint8_t)(10 + i), T0 + i * VG_HOUR_NS / 3);
    assert_int_equal(judge.count, 0);
    assert_true(is_learning(self));
    NET_NEW_DEVICE.free(self);
}

static void
test_new_one_after_learning(void **state)
{
    void *self = start();

    for (int h = 0; h < 100; h++)
        for (uint8_t id = 10; id < 15; id++)
            hello(self, id, T0 + h * VG_HOUR_NS + id * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    assert_false(is_learning(self));
    hello(self, 66, T0 + 5 * VG_DAY_NS);
    calls(self, 66, 1, 80, T0 + 5 * VG_DAY_NS + VG_SEC_NS);        /* the router's page */
    calls(self, 66, 30, 9100, T0 + 5 * VG_DAY_NS + 2 * VG_SEC_NS); /* prints */
    calls(self, 10, 11, 445, T0 + 5 * VG_DAY_NS + 3 * VG_SEC_NS);  /* a known one may */
    assert_int_equal(judge.count, 0);
    calls(self, 66, 11, 445, T0 + 5 * VG_DAY_NS + VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "00:11:22:33:44:42");
    assert_string_equal(judge.report[0].peer, "192.168.1.11");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "host")),
                        "192.168.1.66");
    assert_int_equal(json_integer_value(json_object_get(judge.report[0].facts, "known")), 5);
    assert_int_equal(json_integer_value(json_object_get(judge.report[0].facts, "here_seconds")),
                     60);
    for (int i = 0; i < 50; i++)
        calls(self, 66, 12, 3389, T0 + 6 * VG_DAY_NS + i * VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    NET_NEW_DEVICE.free(self);
}

/* Two looks at a network, weeks apart, are no learning. */
static void
test_gap_is_not_learning(void **state)
{
    void *self = start();

    hello(self, 10, T0);
    for (int i = 0; i < 10; i++)
        hello(self, (uint8_t)(20 + i % 3), T0 + 40 * VG_DAY_NS + i * VG_MIN_NS);
    assert_int_equal(judge.count, 0);
    assert_true(is_learning(self));
    NET_NEW_DEVICE.free(self);
}

static void
test_routers_side_is_no_device(void **state)
{
    void *self = start();

    hello(self, 10, T0);
    for (int i = 0; i < 10; i++) {
        struct flow_view f = flow_of(ip4(93, 184, 216, 34), ip4(192, 168, 1, 10), 443,
                                     T0 + 9 * VG_DAY_NS + i * VG_MIN_NS);

        f.has_mac = true;
        memcpy(f.src_mac, (uint8_t[]){2, 9, 9, 9, 9, 9}, 6);
        f.dport = 445;
        see_flow(&NET_NEW_DEVICE, self, OBS_FLOW_START, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_NEW_DEVICE.free(self);
}

static void
part(void *self, int from, int to)
{
    for (int i = from; i < to; i++) {
        uint8_t id = (uint8_t)(10 + (i < 100 ? i % 5 : i % 9));

        hello(self, id, T0 + i * 2 * VG_HOUR_NS);
        if (i % 7 == 3)
            calls(self, id, 10, 445, T0 + i * 2 * VG_HOUR_NS + VG_MIN_NS);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_NEW_DEVICE, &whole, NULL);
    void *b = fake_make(&NET_NEW_DEVICE, &parts, NULL);

    part(a, 0, 200);
    for (int at = 0; at < 200; at += 9) {
        part(b, at, at + 9 < 200 ? at + 9 : 200);
        b = fake_restart(&NET_NEW_DEVICE, b, &store, &parts);
    }
    assert_int_equal(whole.count, 4);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_NEW_DEVICE, &store, &parts);
    NET_NEW_DEVICE.free(a);
    NET_NEW_DEVICE.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet_while_learning),
        cmocka_unit_test(test_new_one_after_learning),
        cmocka_unit_test(test_gap_is_not_learning),
        cmocka_unit_test(test_routers_side_is_no_device),
        cmocka_unit_test(test_restart_goes_on),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
