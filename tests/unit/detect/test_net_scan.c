/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static size_t
reports(const char *style)
{
    size_t n = 0;

    for (size_t i = 0; i < judge.count; i++)
        n += strcmp(json_string_value(json_object_get(judge.report[i].facts, "style")), style) == 0;
    return n;
}

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_SCAN, &judge, NULL);
}

static void
test_vertical(void **state)
{
    void *self = start();

    for (unsigned port = 1; port <= 200; port++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20),
                                     (uint16_t)(port * 7), T0 + port * VG_SEC_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    /* one finding at the threshold, one when it had grown tenfold; nothing for each port */
    assert_int_equal(judge.count, 2);
    assert_int_equal(reports("ports"), 2);
    assert_string_equal(judge.report[0].subject, "192.168.1.9");
    assert_string_equal(judge.report[0].kind, "device");
    assert_string_equal(judge.report[0].peer, "192.168.1.20");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "host")),
                        "192.168.1.9");
    assert_int_equal(json_integer_value(json_object_get(judge.report[0].facts, "failed")), 12);
    assert_true(json_array_size(judge.report[0].evidence) > 0);
    NET_SCAN.free(self);
}

static void
test_vertical_silent_and_cut(void **state)
{
    void *self = start();

    for (unsigned port = 1; port <= 30; port++) {
        struct flow_view f =
            flow_of(ip4(10, 0, 0, 9), ip4(8, 8, 4, 4), (uint16_t)(port * 31), T0 + port * VG_MS_NS);

        f.state = port % 2 == 0 ? FLOW_CUT : FLOW_UNANSWERED;
        f.packets_in = 0;
        f.flags_in = 0;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(reports("ports"), 1);
    NET_SCAN.free(self);
}

static void
test_horizontal(void **state)
{
    void *self = start();

    for (unsigned i = 1; i <= 30; i++) {
        struct flow_view f =
            flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20 + i), 445, T0 + i * VG_SEC_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(reports("hosts"), 1);
    assert_int_equal(json_integer_value(json_object_get(judge.report[0].facts, "ports")), 1);
    NET_SCAN.free(self);
}

/* Opened and dropped at some, refused at others, all at once: nobody works like that. */
static void
test_burst(void **state)
{
    void *self = start();

    for (unsigned i = 1; i <= 8; i++) {
        struct flow_view f =
            flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20 + i), 80, T0 + i * VG_SEC_NS / 4);

        if (i % 2 == 0) {
            f.state = FLOW_RESET;
            f.flags_in = TCP_SYN | TCP_ACK;
        }
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(reports("hosts"), 1);
    NET_SCAN.free(self);
}

static void
test_worm_to_the_world(void **state)
{
    void *self = start();

    for (unsigned i = 1; i <= 60; i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(60 + i, i, 7, 9),
                                     i % 3 == 0 ? 2323 : 23, T0 + i * VG_SEC_NS);

        f.state = FLOW_UNANSWERED;
        f.packets_in = 0;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_true(reports("hosts") >= 1);
    NET_SCAN.free(self);
}

static void
test_stealth(void **state)
{
    static const uint8_t flags[] = {0, TCP_FIN, TCP_FIN | TCP_PSH | TCP_URG};

    for (size_t kind = 0; kind < VG_ARRAY_LEN(flags); kind++) {
        void *self = start();

        for (unsigned port = 1; port <= 8; port++) {
            struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20),
                                         (uint16_t)(port * 100), T0 + port * VG_SEC_NS);

            f.first_flags = flags[kind];
            f.midstream = true;
            see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
        }
        assert_int_equal(reports("stealth"), 1);
        NET_SCAN.free(self);
    }
}

/* One probe a minute, a few ports of each of five machines. */
static void
test_slow_over_machines(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 120; i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20 + i % 5),
                                     (uint16_t)(20 + i / 5 * 13), T0 + i * VG_MIN_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(reports("pairs"), 1);
    NET_SCAN.free(self);
}

static void
test_udp(void **state)
{
    void *self = start();

    for (unsigned port = 1; port <= 20; port++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20),
                                     (uint16_t)(port * 100), T0 + port * VG_SEC_NS);

        f.proto = 17;
        f.first_flags = 0;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(reports("ports"), 1);
    NET_SCAN.free(self);
}

static void
test_slow(void **state)
{
    void *self = start();

    for (unsigned port = 1; port <= 40; port++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20),
                                     (uint16_t)(port * 100), T0 + port * 20 * VG_MIN_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
        if (port == 24)
            assert_int_equal(judge.count, 0);
    }
    assert_int_equal(reports("ports"), 1);
    NET_SCAN.free(self);
}

/* ---- ordinary life ---- */

static void
test_browser_is_quiet(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 500; i++) {
        struct flow_view f =
            flow_of(ip4(192, 168, 1, 9), ip4(20 + i % 200, i % 251, 3, 4), 443, T0 + i * VG_SEC_NS);

        f.flags_in = TCP_SYN | TCP_ACK;
        f.state = FLOW_CLOSED;
        if (i % 6 == 0) { /* some never answer */
            f.state = FLOW_UNANSWERED;
            f.packets_in = 0;
        }
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_SCAN.free(self);
}

static void
test_file_sharing_is_quiet(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 3000; i++) {
        struct flow_view f =
            flow_of(ip4(192, 168, 1, 9), ip4(20 + i % 200, i % 251, i % 13, 4),
                    (uint16_t)(i % 9 == 0 ? 6881 : 1024 + (i * 7919) % 60000), T0 + i * VG_SEC_NS);

        f.proto = i % 2 == 0 ? 17 : 6;
        f.state = FLOW_UNANSWERED;
        f.packets_in = 0;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_SCAN.free(self);
}

static void
test_server_and_midstream_are_quiet(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 300; i++) {
        /* the answers of a server to clients that hung up, picked up midway */
        struct flow_view f = flow_of(ip4(192, 168, 1, 1), ip4(192, 168, 1, 20),
                                     (uint16_t)(1024 + i * 13), T0 + i * VG_SEC_NS);

        f.sport = 443;
        f.midstream = true;
        f.first_flags = TCP_ACK | TCP_PSH;
        f.payload_out = 100;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
        f.first_flags = TCP_SYN | TCP_ACK;
        f.payload_out = 0;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
        /* a resolver answers late: the port is closed by then */
        f.proto = 17;
        f.sport = 53;
        f.midstream = false;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_SCAN.free(self);
}

static void
test_discovery_protocols_are_quiet(void **state)
{
    static const uint16_t ports[] = {53, 123, 1900, 5353, 5355, 3702};
    void *self = start();

    for (unsigned i = 0; i < 1200; i++) {
        struct flow_view f = flow_of(
            ip4(192, 168, 1, 9), i % 2 == 0 ? ip4(239, 255, 255, i % 251) : ip4(9, 9, i % 90, 9),
            ports[i % VG_ARRAY_LEN(ports)], T0 + i * VG_SEC_NS);

        f.proto = 17;
        f.state = FLOW_UNANSWERED;
        f.packets_in = 0;
        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_SCAN.free(self);
}

static void
test_call_backs_are_quiet(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 300; i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 40), ip4(192, 168, 1, 20),
                                     (uint16_t)(49152 + i), T0 + i * VG_SEC_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_SCAN.free(self);
}

/* ---- state ---- */

static void
scan_part(void *self, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 20 + i % 3),
                                     (uint16_t)(i * 11), T0 + i * VG_SEC_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_SCAN, &whole, NULL), *b = fake_make(&NET_SCAN, &parts, NULL);

    scan_part(a, 1, 600);
    for (unsigned at = 1; at < 600; at += 37) {
        scan_part(b, at, at + 37 < 600 ? at + 37 : 600);
        b = fake_restart(&NET_SCAN, b, &store, &parts);
    }
    assert_true(whole.count >= 3);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_SCAN, &store, &parts);
    NET_SCAN.free(a);
    NET_SCAN.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

static void
test_memory_is_bounded_and_saving_is_small(void **state)
{
    static struct fake_store store;
    void *self = start();
    json_t *counters = json_object();

    for (unsigned i = 0; i < 20000; i++) {
        struct flow_view f = flow_of(ip4(11, i >> 16 & 255, i >> 8 & 255, i & 255),
                                     ip4(192, 168, 1, 20), 80, T0 + i * VG_MS_NS);

        see_flow(&NET_SCAN, self, OBS_FLOW_END, &f);
    }
    NET_SCAN.health(self, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "tallies")), 1024);
    assert_true(json_integer_value(json_object_get(counters, "evicted")) > 10000);
    NET_SCAN.save(self, fake_out(&store, &NET_SCAN));
    assert_int_equal(store.count, 1024);
    store.written = 0;
    NET_SCAN.save(self, fake_out(&store, &NET_SCAN));
    assert_int_equal(store.written, 0);
    json_decref(counters);
    fake_store_done(&store);
    NET_SCAN.free(self);
}

static void
test_settings(void **state)
{
    struct detector_env env = {.judge = &judge};
    char why[DETECT_WHY_MAX] = "";
    void *self = NULL;
    json_t *bad = json_pack("{s:s}", "ports", "many");

    env.settings = bad;
    assert_int_equal(NET_SCAN.make(&env, &self, why), VG_ERR_CONFIG);
    assert_non_null(strstr(why, "ports"));
    json_decref(bad);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vertical),
        cmocka_unit_test(test_vertical_silent_and_cut),
        cmocka_unit_test(test_horizontal),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_worm_to_the_world),
        cmocka_unit_test(test_stealth),
        cmocka_unit_test(test_slow_over_machines),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_browser_is_quiet),
        cmocka_unit_test(test_file_sharing_is_quiet),
        cmocka_unit_test(test_server_and_midstream_are_quiet),
        cmocka_unit_test(test_discovery_protocols_are_quiet),
        cmocka_unit_test(test_call_backs_are_quiet),
        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_memory_is_bounded_and_saving_is_small),
        cmocka_unit_test(test_settings),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
