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
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
