/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void
request(void *self, unsigned conn, const char *method, const char *uri, const char *mime,
        int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(203, 0, 113, 9), ip4(192, 168, 1, 5), 80, at_ns);
    struct http_view v = {.flow = &f,
                          .method = str_of(method),
                          .host = str_of("tienda.example"),
                          .uri = str_of(uri),
                          .user_agent = str_of("Mozilla/5.0"),
                          .mime = str_of(mime),
                          .status = 200,
                          .request_body = 60};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = at_ns, .http = &v};

    f.id = conn;
    NET_PROXY_TUNNEL.observe(self, &obs);
}

static void
stream(void *self, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        request(self, i % 3, i % 2 == 0 ? "POST" : "GET", "/a/t.jsp",
                i % 2 == 0 ? "application/octet-stream" : "text/html", T0 + i * VG_SEC_NS);
}

static void
test_script(void **state)
{
    static struct fake_store store;
    void *self = fake_make(&NET_PROXY_TUNNEL, &judge, NULL);

    stream(self, 0, 3);
    assert_int_equal(judge.count, 0);
    self = fake_restart(&NET_PROXY_TUNNEL, self, &store, &judge);
    stream(self, 3, 4);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "203.0.113.9");
    NET_PROXY_TUNNEL.free(self);
    fake_truncate_rows(&NET_PROXY_TUNNEL, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&judge);
    self = fake_make(&NET_PROXY_TUNNEL, &judge, NULL);
    for (unsigned i = 0; i < 100; i++) {
        request(self, i, i % 2 == 0 ? "POST" : "GET", "/ajax.php", "application/json",
                T0 + i * VG_SEC_NS);
        request(self, 7, "POST", "/bajar.php", "application/octet-stream", T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 0);
    NET_PROXY_TUNNEL.free(self);
}

static void
socks(void *self, struct net_addr src, struct net_addr dst, int reply)
{
    struct flow_view f = flow_of(src, dst, 1080, T0);
    const struct record_field field = {.name = "reply", .type = FIELD_NUMBER, .number = reply};
    const struct record_view r = {.flow = &f, .type = "socks", .fields = &field, .count = 1};
    const struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};

    NET_PROXY_TUNNEL.observe(self, &obs);
}

static void
test_proxies_and_conversations(void **state)
{
    void *self = fake_make(&NET_PROXY_TUNNEL, &judge, NULL);
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 443, T0);

    socks(self, ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 5); /* refused */
    socks(self, ip4(192, 168, 1, 20), ip4(192, 168, 1, 1), 0); /* within the shop */
    assert_int_equal(judge.count, 0);
    socks(self, ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 0);
    socks(self, ip4(203, 0, 113, 9), ip4(192, 168, 1, 20), 90);
    assert_int_equal(judge.count, 2);
    assert_int_equal(judge.report[1].severity, SEVERITY_HIGH);
    f.payload_in = f.payload_out = 3 << 20;
    f.category = str_of("tunnel");
    f.end_ns = T0 + VG_MIN_NS;
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_UPDATE, &f); /* a page behind such a service */
    assert_int_equal(judge.count, 2);
    f.end_ns = T0 + 10 * VG_MIN_NS;
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_UPDATE, &f);
    assert_int_equal(judge.count, 3);
    f.category = str_of("");
    f.protocol = str_of("ssh");
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 4);
    f.dport = 22;
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 4);
    NET_PROXY_TUNNEL.free(self);
    fake_judge_done(&judge);
}

static void
upgrade(void *self, const char *uri, const char *odd)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 80, T0);
    struct http_view v = {.flow = &f,
                          .method = str_of("GET"),
                          .host = str_of("www.example.com"),
                          .uri = str_of(uri),
                          .user_agent = str_of("Mozilla/5.0"),
                          .mime = str_of(""),
                          .odd_fields = str_of(odd),
                          .status = 101};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = T0, .http = &v};

    NET_PROXY_TUNNEL.observe(self, &obs);
}

static void
test_marks_of_tools(void **state)
{
    const struct record_field field = {.name = "tunnel", .type = FIELD_TEXT, .text = {"venom", 5}};
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(192, 168, 1, 7), 1234, T0);
    struct record_view r = {.flow = &f, .type = "raw", .fields = &field, .count = 1};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};
    void *self = fake_make(&NET_PROXY_TUNNEL, &judge, NULL);

    upgrade(self, "/chat", "");
    upgrade(self, "/frp", "Accept: <b>\n");
    assert_int_equal(judge.count, 0);
    upgrade(self, "/", "Sec-WebSocket-Protocol: chisel-v3\n");
    upgrade(self, "/~!frp", "");
    NET_PROXY_TUNNEL.observe(self, &obs);
    assert_int_equal(judge.count, 3);
    NET_PROXY_TUNNEL.free(self);
    fake_judge_done(&judge);
}

static void
leg(void *self, struct net_addr src, struct net_addr dst, uint16_t port, uint64_t out, uint64_t in,
    int64_t t)
{
    struct flow_view f = flow_of(src, dst, port, t);

    f.start_ns = t;
    f.end_ns = t + VG_MIN_NS;
    f.payload_out = out;
    f.payload_in = in;
    f.packets_in = f.packets_out = 10;
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
}

static void
test_pivot(void **state)
{
    static struct fake_store store;
    const struct net_addr thief = ip4(203, 0, 113, 66), pc = ip4(192, 168, 1, 20),
                          till = ip4(192, 168, 1, 30), other = ip4(192, 168, 1, 40);
    void *self = fake_make(&NET_PROXY_TUNNEL, &judge, NULL);
    int64_t t = T0;

    leg(self, pc, till, 445, 90000, 4000000, t); /* work */
    leg(self, thief, pc, 4444, 20000, 600000, t += VG_HOUR_NS);
    leg(self, pc, till, 3389, 90000, 600000, t); /* other bytes */
    leg(self, thief, pc, 9100, 20000, 600000, t += VG_HOUR_NS);
    leg(self, pc, till, 9100, 20000, 600000, t); /* a page for the printer */
    leg(self, thief, pc, 4444, 20000, 600000, t += VG_HOUR_NS);
    leg(self, pc, till, 3389, 20000, 600000, t + VG_MIN_NS); /* a minute later */
    assert_int_equal(judge.count, 0);
    leg(self, other, pc, 8080, 20000, 600000, t += VG_HOUR_NS);
    leg(self, pc, till, 80, 20010, 600100, t); /* within the shop: weak */
    assert_int_equal(judge.count, 1);
    assert_false(judge.report[0].is_finding);
    leg(self, pc, till, 3389, 20000, 601000, (t += VG_HOUR_NS) + VG_SEC_NS);
    self = fake_restart(&NET_PROXY_TUNNEL, self, &store, &judge);
    leg(self, thief, pc, 4444, 20040, 600000, t); /* whichever ends first */
    assert_int_equal(judge.count, 2);
    assert_string_equal(judge.report[1].subject, "203.0.113.66");
    for (unsigned i = 0; i < 500; i++)
        leg(self, thief, pc, 4444, 20000 + i * 4000, 600000, t += VG_HOUR_NS);
    assert_int_equal(judge.count, 2);
    fake_truncate_rows(&NET_PROXY_TUNNEL, &store, &judge);
    fake_store_done(&store);
    NET_PROXY_TUNNEL.free(self);
    fake_judge_done(&judge);
}

static void
test_first_use(void **state)
{
    static struct fake_store store;
    void *self = fake_make(&NET_PROXY_TUNNEL, &judge, NULL);
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 51820, T0);

    f.payload_in = f.payload_out = 3000;
    f.category = str_of("vpn");
    f.app = str_of("wireguard");
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    self = fake_restart(&NET_PROXY_TUNNEL, self, &store, &judge);
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].detector, "net.tunnel_use");
    f.category = str_of("dns");
    f.app = str_of("encrypted_dns");
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 2);
    f.category = f.app = str_of("");
    f.dport = 1723;
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 3);
    f.proto = 17;
    f.dport = 3544;
    f.payload_in = 0; /* nobody answers */
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    f.payload_in = 400;
    f.dport = 443;
    see_flow(&NET_PROXY_TUNNEL, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 3);
    NET_PROXY_TUNNEL.free(self);
    fake_store_done(&store);
    fake_judge_done(&judge);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script),         cmocka_unit_test(test_proxies_and_conversations),
        cmocka_unit_test(test_marks_of_tools), cmocka_unit_test(test_pivot),
        cmocka_unit_test(test_first_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
