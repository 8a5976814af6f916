/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void
hello(void *self, unsigned server, const char *sni, const char *category,
      const struct cert_view *cert, int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, server), 443, at_ns);
    struct tls_view v = {.flow = &f, .sni = str_of(sni), .cert = cert};
    struct obs obs = {.kind = OBS_TLS, .time_ns = at_ns, .tls = &v};

    f.category = str_of(category);
    NET_TOR.observe(self, &obs);
}

static void
test_signs(void **state)
{
    void *self = fake_make(&NET_TOR, &judge, NULL);
    const struct cert_view cert = {.issuer = str_of("CN=www.xkgk7fdx362yyyxib.com"),
                                   .subject = str_of("CN=www.q4cyamnc6mtokj.net")};

    hello(self, 1, "www.k4rqz7xw2fjhn.com", "", NULL, T0);
    assert_int_equal(judge.count, 0); /* one name alone is a name */
    hello(self, 1, "www.k4rqz7xw2fjhn.com", "", NULL, T0 + VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    hello(self, 2, "www.qvzx3kd6wjpt.net", "", NULL, T0 + 2 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    hello(self, 3, "x", "tor", NULL, T0 + 3 * VG_SEC_NS);
    assert_int_equal(judge.count, 2);
    hello(self, 4, "", "", &cert, T0 + 5 * VG_HOUR_NS);
    assert_int_equal(judge.count, 3);
    assert_string_equal(judge.report[2].subject, "192.168.1.20");
    NET_TOR.free(self);
    fake_judge_done(&judge);
}

static void
test_look_alikes(void **state)
{
    static const char *const NAMES[] = {"www.mercado.com", "www.tiendadedulces.com",
                                        "www.torproject.org", "cdn.k4rqz7xw2fjhn.com", ""};
    void *self = fake_make(&NET_TOR, &judge, NULL);

    for (unsigned i = 0; i < 50; i++)
        hello(self, i, NAMES[i % VG_ARRAY_LEN(NAMES)], "", NULL, T0 + i * VG_SEC_NS);
    hello(self, 60, "www.torproject.org", "tor", NULL, T0);
    hello(self, 61, "dist.torproject.org", "tor", NULL, T0);
    assert_int_equal(judge.count, 0);
    NET_TOR.free(self);
}

static void
ask(void *self, const char *name, int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(192, 168, 1, 1), 53, at_ns);
    struct dns_view d = {.flow = &f, .query = str_of(name), .rcode = 0};
    struct obs obs = {.kind = OBS_DNS, .time_ns = at_ns, .dns = &d};

    NET_TOR.observe(self, &obs);
}

static void
dtls(void *self, unsigned server, int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, server), 51820, at_ns);
    struct tls_view v = {.flow = &f, .sni = str_of(""), .carrier = TLS_OVER_UDP};
    struct obs obs = {.kind = OBS_TLS, .time_ns = at_ns, .tls = &v};

    NET_TOR.observe(self, &obs);
}

static void
sealed(void *self, unsigned server, uint64_t bytes, const char *category, int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, server), 4431, at_ns);
    struct record_field field = {.name = "sealed", .type = FIELD_BOOL, .number = 1};
    struct record_view r = {.flow = &f, .type = "raw", .fields = &field, .count = 1};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = at_ns, .record = &r};

    f.category = str_of(category);
    f.payload_in = bytes;
    NET_TOR.observe(self, &obs);
}

static const char *
last_sign(void)
{
    return json_string_value(json_object_get(judge.report[judge.count - 1].facts, "sign"));
}

static void
test_names_of_bridges(void **state)
{
    void *self = fake_make(&NET_TOR, &judge, NULL);

    static const char *const fronts[] = {"bridges.torproject.org", "www.cdn77.com",
                                         "other.azureedge.net", "ajax.aspnetcdn.com"};

    for (unsigned i = 0; i < VG_ARRAY_LEN(fronts); i++)
        hello(self, i, fronts[i], "", NULL, T0);
    assert_int_equal(judge.count, 0);
    hello(self, 1, "Snowflake-Broker.torproject.net", "", NULL, T0);
    assert_int_equal(judge.count, 1);
    assert_string_equal(last_sign(), "bridge");
    hello(self, 1, "1098762253.rsc.cdn77.org", "", NULL, T0);
    assert_int_equal(judge.count, 2);
    assert_true(judge.report[1].is_finding);
    NET_TOR.free(self);
    fake_judge_done(&judge);
}

static void
test_snowflake(void **state)
{
    static struct fake_store store;
    void *self = fake_make(&NET_TOR, &judge, NULL);

    /* A call: one provider's servers, and the usual one. */
    for (unsigned i = 0; i < 4; i++)
        ask(self, i % 2 == 0 ? "stun.l.google.com" : "stun1.l.google.com", T0);
    ask(self, "stun.example.net", T0);
    ask(self, "stun.eu.example.net", T0);
    dtls(self, 1, T0 + VG_SEC_NS);
    /* The servers one after the other over a day. */
    ask(self, "stun.one.test", T0 + 2 * VG_HOUR_NS);
    ask(self, "stun.two.test", T0 + 4 * VG_HOUR_NS);
    ask(self, "stun.three.test", T0 + 6 * VG_HOUR_NS);
    dtls(self, 2, T0 + 6 * VG_HOUR_NS);
    assert_int_equal(judge.count, 0);
    ask(self, "stun.one.test", T0 + 9 * VG_HOUR_NS);
    ask(self, "stun.two.test", T0 + 9 * VG_HOUR_NS);
    self = fake_restart(&NET_TOR, self, &store, &judge);
    ask(self, "stun.example.net", T0 + 9 * VG_HOUR_NS);
    dtls(self, 3, T0 + 9 * VG_HOUR_NS + 20 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(last_sign(), "snowflake");
    dtls(self, 3, T0 + 10 * VG_HOUR_NS); /* too late to belong together */
    assert_int_equal(judge.count, 1);
    NET_TOR.free(self);
    fake_store_done(&store);
    fake_judge_done(&judge);
}

/* A hint for the first two, of little weight among many, none for what is known or short. */
static void
test_sealed(void **state)
{
    void *self = fake_make(&NET_TOR, &judge, NULL);

    sealed(self, 1, 100, "", T0);
    sealed(self, 1, 100000, "messaging", T0);
    assert_int_equal(judge.count, 0);
    for (unsigned i = 1; i < 9; i++)
        sealed(self, i, 100000, "", T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 4); /* then it counts no further */
    for (unsigned i = 0; i < 4; i++) {
        assert_false(judge.report[i].is_finding);
        assert_true(i < 2 ? judge.report[i].p < 0.01 && judge.report[i].p > 1e-4
                          : judge.report[i].p > 0.1);
    }
    sealed(self, 1, 100000, "", T0 + 10 * VG_SEC_NS); /* the same again */
    assert_int_equal(judge.count, 4);
    NET_TOR.free(self);
    fake_judge_done(&judge);
}

static void
test_restart(void **state)
{
    static struct fake_store store;
    void *self = fake_make(&NET_TOR, &judge, NULL);

    hello(self, 1, "www.k4rqz7xw2fjhn.com", "", NULL, T0);
    self = fake_restart(&NET_TOR, self, &store, &judge);
    hello(self, 2, "www.qvzx3kd6wjpt.com", "", NULL, T0 + VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    NET_TOR.free(self);
    fake_truncate_rows(&NET_TOR, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&judge);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signs),     cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_restart),   cmocka_unit_test(test_names_of_bridges),
        cmocka_unit_test(test_snowflake), cmocka_unit_test(test_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
