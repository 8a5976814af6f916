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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_proxies_and_conversations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
