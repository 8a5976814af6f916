/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_FLOOD, &judge, NULL);
}

static void
one_report(const char *style)
{
    assert_int_equal(judge.count, 1);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "style")), style);
}

static struct flow_view
silent(struct net_addr src, uint16_t sport, uint8_t proto, uint16_t dport, int64_t at_ns)
{
    struct flow_view f = flow_of(src, ip4(192, 168, 1, 20), dport, at_ns);

    f.sport = sport;
    f.proto = proto;
    f.state = FLOW_UNANSWERED;
    f.packets_in = 0;
    f.flags_in = 0;
    f.first_flags = proto == 6 ? TCP_SYN : 0;
    return f;
}

/* Handshakes: one connection after the other, and within one; not what a browser does. */
static void
test_tls(void **state)
{
    struct flow_view f = flow_of(ip4(203, 0, 113, 5), ip4(192, 168, 1, 20), 443, T0);
    struct record_view r = {.flow = &f, .type = "tls-renegotiation"};
    struct tls_view v = {.flow = &f, .sni = str_of(""), .carrier = TLS_OVER_TCP};
    void *self = start();

    for (unsigned i = 0; i < 290; i++) { /* a page of many parts, again and again */
        struct obs obs = {.kind = OBS_TLS, .time_ns = T0 + i * 500 * VG_MS_NS, .tls = &v};

        NET_FLOOD.observe(self, &obs);
    }
    for (unsigned i = 0; i < 3; i++) { /* a server that asks for certificates */
        struct obs obs = {.kind = OBS_RECORD, .time_ns = T0 + i * VG_SEC_NS, .record = &r};

        NET_FLOOD.observe(self, &obs);
    }
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 300; i++) {
        struct obs obs = {
            .kind = OBS_TLS, .time_ns = T0 + VG_HOUR_NS + i * 20 * VG_MS_NS, .tls = &v};

        NET_FLOOD.observe(self, &obs);
    }
    one_report("tls");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 30; i++) {
        struct obs obs = {.kind = OBS_RECORD, .time_ns = T0 + i * 100 * VG_MS_NS, .record = &r};

        NET_FLOOD.observe(self, &obs);
    }
    one_report("tls");
    assert_string_equal(judge.report[0].subject, "203.0.113.5");
    NET_FLOOD.free(self);
}

static void
test_syn(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 300; i++) {
        struct flow_view f = silent(ip4(20 + i % 200, i % 251, 3, 4), (uint16_t)(1024 + i), 6, 443,
                                    T0 + i * 20 * VG_MS_NS);

        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    one_report("syn");
    assert_string_equal(judge.report[0].subject, "192.168.1.20"); /* forged sources: the target */
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 300; i++) {
        struct flow_view f =
            silent(ip4(192, 168, 1, 9), (uint16_t)(1024 + i), 6, 443, T0 + i * 20 * VG_MS_NS);

        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    one_report("syn");
    assert_string_equal(judge.report[0].subject, "192.168.1.9");
    assert_int_equal(judge.report[0].severity, SEVERITY_HIGH);
    NET_FLOOD.free(self);
}

static void
test_udp_and_what_pours(void **state)
{
    void *self = start();
    struct flow_view f;

    for (unsigned i = 0; i < 300; i++) {
        f = silent(ip4(9, 9, 9, 9), (uint16_t)(1024 + i), 17, 4444, T0 + i * 20 * VG_MS_NS);
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    one_report("udp");
    NET_FLOOD.free(self);
    self = start();
    f = silent(ip4(9, 9, 9, 9), 5000, 17, 4444, T0);
    f.packets_out = 90000;
    f.end_ns = T0 + 10 * VG_SEC_NS;
    see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    one_report("udp");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 100; i++) { /* answers of time servers that nobody asked */
        f = silent(ip4(20 + i, 9, 9, 9), 123, 17, (uint16_t)(40000 + i), T0 + i * 20 * VG_MS_NS);
        f.bytes_out = 48000;
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
        f.sport = 40000;
    }
    assert_true(judge.count >= 1);
    NET_FLOOD.free(self);
}

static void
test_sip_slow_http(void **state)
{
    void *self = start();
    struct flow_view f = silent(ip4(9, 9, 9, 9), 5060, 17, 5060, T0);
    struct http_view http = {.flow = &f};
    struct obs obs = {.kind = OBS_HTTP, .http = &http};

    f.packets_out = f.packets_in = 400;
    f.end_ns = T0 + 8 * VG_SEC_NS;
    see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    one_report("sip");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 60; i++) {
        f = flow_of(ip4(9, 9, 9, 9), ip4(192, 168, 1, 20), 80, T0 + i * 50 * VG_MS_NS);
        f.end_ns += 60 * VG_SEC_NS;
        f.flags_out = TCP_SYN | TCP_ACK | TCP_PSH;
        f.payload_out = 230;
        f.state = FLOW_TIMEOUT;
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    one_report("slow");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 2000; i++) {
        obs.time_ns = T0 + i * 5 * VG_MS_NS;
        NET_FLOOD.observe(self, &obs);
    }
    one_report("http");
    NET_FLOOD.free(self);
}

static void
test_ping_arp_mac_dhcp(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 1000; i++) {
        struct icmp_view ping = {.src = ip4(9, 9, 9, 9), .dst = ip4(192, 168, 1, 20), .type = 8};
        struct obs obs = {.kind = OBS_ICMP, .time_ns = T0 + i * 2 * VG_MS_NS, .icmp = &ping};

        NET_FLOOD.observe(self, &obs);
    }
    one_report("ping");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 1500; i++) {
        struct arp_view ask = {.sender = ip4(192, 168, 1, 9), .target = ip4(192, 168, 1, 1)};
        struct obs obs = {.kind = OBS_ARP, .time_ns = T0 + i * 2 * VG_MS_NS, .arp = &ask};

        NET_FLOOD.observe(self, &obs);
    }
    one_report("arp");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 100; i++) { /* as macof sends them */
        struct flow_view f = silent(ip4(20 + i, 7, i, 9), (uint16_t)(i * 77), 6, (uint16_t)(i * 99),
                                    T0 + i * VG_MS_NS);

        f.has_mac = true;
        memcpy(f.src_mac, &i, sizeof(i));
        see_flow(&NET_FLOOD, self, OBS_FLOW_START, &f);
    }
    one_report("mac");
    NET_FLOOD.free(self);
    self = start();
    for (unsigned i = 0; i < 40; i++) {
        char mac[18];
        struct record_field fields[] = {
            {.name = "message", .type = FIELD_TEXT, .text = str_of("discover")},
            {.name = "client_mac", .type = FIELD_TEXT}};
        struct record_view r = {.type = "dhcp", .fields = fields, .count = 2};
        struct obs obs = {.kind = OBS_RECORD, .time_ns = T0 + i * 2 * VG_MS_NS, .record = &r};

        snprintf(mac, sizeof(mac), "02:00:00:00:00:%02x", i);
        fields[1].text = str_of(mac);
        NET_FLOOD.observe(self, &obs);
    }
    one_report("dhcp");
    NET_FLOOD.free(self);
}

static void
test_ordinary_life(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 3000; i++) {
        int64_t at = T0 + i * 40 * VG_MS_NS;
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(20 + i % 200, 9, 9, 9), 443, at);

        /* a busy browser */
        f.payload_out = 900;
        f.payload_in = 90000;
        f.flags_out = TCP_SYN | TCP_ACK;
        f.state = FLOW_CLOSED;
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
        /* a program whose server is off, and one that refuses */
        if (i % 10 == 0) {
            f = silent(ip4(192, 168, 1, 21), (uint16_t)(1024 + i), 6, 3306, at);
            see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
        }
        f = flow_of(ip4(192, 168, 1, 22), ip4(192, 168, 1, 20), 8080, at);
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
        /* questions to a resolver that is away */
        f = silent(ip4(192, 168, 1, 9), (uint16_t)(1024 + i), 17, 53, at);
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    { /* a camera, a download over QUIC, a call */
        struct flow_view f = silent(ip4(192, 168, 1, 70), 5000, 17, 9000, T0);

        f.packets_out = 300000;
        f.end_ns = T0 + 600 * VG_SEC_NS;
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
        f.dport = 443;
        f.packets_in = 900000;
        f.end_ns = T0 + 60 * VG_SEC_NS;
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
        f.dport = 5060;
        f.packets_in = f.packets_out = 900;
        f.end_ns = T0 + 3600 * VG_SEC_NS;
        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 0);
    NET_FLOOD.free(self);
}

static void
part(void *self, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct flow_view f = silent(ip4(9, 9, i % 3 == 0 ? 9 : i % 251, 9), (uint16_t)(1024 + i),
                                    i % 2 == 0 ? 17 : 6, 4444, T0 + i * 10 * VG_MS_NS);

        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_FLOOD, &whole, NULL), *b = fake_make(&NET_FLOOD, &parts, NULL);

    part(a, 1, 900);
    for (unsigned at = 1; at < 900; at += 37) {
        part(b, at, at + 37 < 900 ? at + 37 : 900);
        b = fake_restart(&NET_FLOOD, b, &store, &parts);
    }
    assert_true(whole.count >= 2);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_FLOOD, &store, &parts);
    NET_FLOOD.free(a);
    NET_FLOOD.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

static void
test_memory_is_bounded(void **state)
{
    void *self = start();
    json_t *counters = json_object();

    for (unsigned i = 0; i < 20000; i++) {
        struct flow_view f = silent(ip4(9, 9, 9, 9), 5000, 17, (uint16_t)i, T0 + i * VG_MS_NS);

        see_flow(&NET_FLOOD, self, OBS_FLOW_END, &f);
    }
    NET_FLOOD.health(self, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "tallies")), 512);
    assert_true(json_integer_value(json_object_get(counters, "evicted")) > 10000);
    json_decref(counters);
    NET_FLOOD.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syn),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_udp_and_what_pours),
        cmocka_unit_test(test_sip_slow_http),
        cmocka_unit_test(test_ping_arp_mac_dhcp),
        cmocka_unit_test(test_ordinary_life),
        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_memory_is_bounded),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
