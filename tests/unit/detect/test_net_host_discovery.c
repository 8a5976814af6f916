/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static const uint8_t ROUTER[6] = {2, 0, 0, 0, 0, 1}, PC[6] = {2, 0, 0, 0, 0, 9};

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_HOST_DISCOVERY, &judge, NULL);
}

static const char *
style(size_t i)
{
    return json_string_value(json_object_get(judge.report[i].facts, "style"));
}

static void
ping(void *self, struct net_addr src, struct net_addr dst, uint8_t type, int64_t at_ns)
{
    struct icmp_view view = {.src = src, .dst = dst, .type = type};
    struct obs obs = {.kind = OBS_ICMP, .time_ns = at_ns, .icmp = &view};

    NET_HOST_DISCOVERY.observe(self, &obs);
}

static void
arp(void *self, const uint8_t mac[6], struct net_addr src, struct net_addr dst, int64_t at_ns)
{
    struct arp_view view = {.sender = src, .target = dst};
    struct obs obs = {.kind = OBS_ARP, .time_ns = at_ns, .arp = &view};

    memcpy(view.sender_mac, mac, 6);
    NET_HOST_DISCOVERY.observe(self, &obs);
}

static struct flow_view
datagram(struct net_addr src, struct net_addr dst, uint16_t sport, uint16_t dport, int64_t at_ns)
{
    struct flow_view f = flow_of(src, dst, dport, at_ns);

    f.proto = 17;
    f.sport = sport;
    f.state = FLOW_NEW;
    f.packets_in = 0;
    f.payload_out = 50;
    return f;
}

static void
test_ways(void **state)
{
    static const uint8_t types[] = {8, 13, 17};

    for (size_t t = 0; t < VG_ARRAY_LEN(types); t++) {
        void *self = start();

        judge.learn_share_set = true; /* as after an alert */
        for (unsigned i = 1; i <= 60; i++)
            ping(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, i), types[t], T0 + i * VG_SEC_NS);
        assert_int_equal(judge.count, 3); /* at 12, and each time that it has doubled */
        assert_string_equal(style(0), "ping");
        assert_string_equal(judge.report[0].subject, "192.168.1.9");
        NET_HOST_DISCOVERY.free(self);
    }
    {
        void *self = start();

        for (unsigned i = 1; i <= 60; i++)
            arp(self, PC, ip4(192, 168, 1, 9), ip4(192, 168, 1, i), T0 + i * VG_SEC_NS);
        assert_int_equal(judge.count, 1);
        assert_string_equal(style(0), "arp");
        NET_HOST_DISCOVERY.free(self);
    }
}

static void
test_names_and_services(void **state)
{
    static const struct {
        uint16_t sport, dport;
        const char *style;
    } rows[] = {{40000, 137, "netbios"}, {137, 137, "netbios"}, {40000, 161, "services"}};

    for (size_t r = 0; r < VG_ARRAY_LEN(rows); r++) {
        void *self = start();

        for (unsigned i = 1; i <= 20; i++) {
            struct flow_view f = datagram(ip4(192, 168, 1, 9), ip4(192, 168, 1, i), rows[r].sport,
                                          rows[r].dport, T0 + i * VG_SEC_NS);

            see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
        }
        assert_int_equal(judge.count, 1);
        assert_string_equal(style(0), rows[r].style);
        NET_HOST_DISCOVERY.free(self);
    }
}

static void
test_the_world(void **state)
{
    void *self = start();

    /* a game looks for the nearest server */
    for (unsigned i = 0; i < 200; i++)
        ping(self, ip4(192, 168, 1, 9), ip4(20 + i, 7, i % 250, 9), 8, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 60; i++)
        ping(self, ip4(192, 168, 1, 9), ip4(203, 0, 113, i), 8, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    NET_HOST_DISCOVERY.free(self);
    self = start();
    for (unsigned i = 0; i < 60; i++) {
        struct flow_view f =
            datagram(ip4(192, 168, 1, 9), ip4(20 + i, 7, i, 9), 40000, 137, T0 + i * VG_SEC_NS);

        see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
    }
    assert_int_equal(judge.count, 1);
    NET_HOST_DISCOVERY.free(self);
}

static void
test_slow(void **state)
{
    void *self = start();

    for (unsigned i = 1; i <= 40; i++)
        ping(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, i), 8, T0 + i * 5 * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_in_range(json_integer_value(json_object_get(judge.report[0].facts, "asked")), 22, 26);
    NET_HOST_DISCOVERY.free(self);
}

static void
test_ordinary_life(void **state)
{
    void *self = start();
    struct flow_view out = flow_of(ip4(192, 168, 1, 20), ip4(93, 184, 216, 34), 443, T0);

    out.has_mac = true;
    memcpy(out.src_mac, PC, 6);
    memcpy(out.dst_mac, ROUTER, 6);
    see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &out);
    for (unsigned i = 1; i <= 254; i++) {
        int64_t at = T0 + i * VG_SEC_NS;
        struct flow_view f;

        /* the router makes its list, a printer answers questions to the group, Windows asks it */
        arp(self, ROUTER, ip4(192, 168, 1, 1), ip4(192, 168, 1, i), at);
        f = datagram(ip4(192, 168, 1, 60), ip4(192, 168, 1, i), 5353, 5353, at);
        see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
        f = datagram(ip4(192, 168, 1, 21), ip4(192, 168, 1, i), 137, 137, at);
        f.payload_out = 62;
        see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
        f = datagram(ip4(192, 168, 1, 20), ip4(239, 255, 255, i), 50000, 1900, at);
        see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
        /* a PC calls its ten neighbours, and pings the router all day */
        arp(self, PC, ip4(192, 168, 1, 20), ip4(192, 168, 1, 20 + i % 10), at);
        ping(self, ip4(192, 168, 1, 20), ip4(192, 168, 1, 1 + i % 10), 8, at);
        ping(self, ip4(192, 168, 1, 1 + i % 250), ip4(192, 168, 1, 20), 0, at); /* answers */
    }
    assert_int_equal(judge.count, 0);
    NET_HOST_DISCOVERY.free(self);
}

static void
sweep(void *self, int64_t from_ns)
{
    for (unsigned i = 1; i <= 30; i++)
        ping(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, i), 8, from_ns + i * VG_SEC_NS);
}

static void
test_a_monitor_is_learned(void **state)
{
    void *self = start();
    size_t told;

    /* alerted: never usual by itself, but not told every day */
    judge.learn_share_set = true;
    judge.learn_share = 0;
    for (int day = 0; day < 6; day++)
        sweep(self, T0 + day * VG_DAY_NS);
    assert_int_equal(judge.count, 2);
    sweep(self, T0 + 12 * VG_DAY_NS);
    assert_int_equal(judge.count, 3);
    sweep(self, T0 + 13 * VG_DAY_NS);
    assert_int_equal(judge.count, 3);
    /* in history, or after feedback */
    judge.learn_share = 1;
    for (int day = 21; day < 24; day++)
        sweep(self, T0 + day * VG_DAY_NS);
    told = judge.count;
    for (int day = 30; day < 60; day++)
        sweep(self, T0 + day * VG_DAY_NS);
    assert_int_equal(judge.count, told);
    for (unsigned i = 1; i <= 250; i++) /* but not this */
        ping(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, i), 8,
             T0 + 61 * VG_DAY_NS + i * VG_SEC_NS);
    assert_true(judge.count > told);
    NET_HOST_DISCOVERY.free(self);
}

static void
part(void *self, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct flow_view f = datagram(ip4(192, 168, 1, i % 5), ip4(192, 168, 1, i % 251), 40000,
                                      161, T0 + i * VG_SEC_NS);

        f.has_mac = true;
        memcpy(f.src_mac, PC, 6);
        memcpy(f.dst_mac, ROUTER, 6);
        see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
        f.dst = ip4(9, 9, 9, 9);
        f.dst_mac[5] = (uint8_t)(i % 11);
        see_flow(&NET_HOST_DISCOVERY, self, OBS_FLOW_START, &f);
        arp(self, PC, ip4(192, 168, 2, 9), ip4(192, 168, 2, i % 251), T0 + i * VG_SEC_NS);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_HOST_DISCOVERY, &whole, NULL),
         *b = fake_make(&NET_HOST_DISCOVERY, &parts, NULL);

    part(a, 1, 600);
    for (unsigned at = 1; at < 600; at += 37) {
        part(b, at, at + 37 < 600 ? at + 37 : 600);
        b = fake_restart(&NET_HOST_DISCOVERY, b, &store, &parts);
    }
    assert_true(whole.count >= 3);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_HOST_DISCOVERY, &store, &parts);
    NET_HOST_DISCOVERY.free(a);
    NET_HOST_DISCOVERY.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

static void
test_memory_is_bounded(void **state)
{
    void *self = start();
    json_t *counters = json_object();

    for (unsigned i = 0; i < 20000; i++)
        ping(self, ip4(11, i >> 16 & 255, i >> 8 & 255, i & 255), ip4(192, 168, 1, 20), 8,
             T0 + i * VG_MS_NS);
    NET_HOST_DISCOVERY.health(self, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "sources")), 256);
    assert_true(json_integer_value(json_object_get(counters, "evicted")) > 10000);
    assert_int_equal(judge.count, 0);
    json_decref(counters);
    NET_HOST_DISCOVERY.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_names_and_services),
        cmocka_unit_test(test_the_world),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_ordinary_life),
        cmocka_unit_test(test_a_monitor_is_learned),
        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_memory_is_bounded),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
