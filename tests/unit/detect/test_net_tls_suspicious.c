/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_tls_marks.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static const char ISSUERS[] = "DigiCert; Let's Encrypt";
#define PUBLIC_ISSUER "CN=DigiCert TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US"

static struct cert_view
cert(const char *subject, const char *issuer)
{
    return (struct cert_view){.subject = str_of(subject),
                              .issuer = str_of(issuer),
                              .serial = str_of(""),
                              .sha1 = str_of(""),
                              .not_before_ns = T0 - 100 * VG_DAY_NS,
                              .not_after_ns = T0 + 265 * VG_DAY_NS,
                              .self_signed = strcmp(subject, issuer) == 0};
}

static struct tls_view
hello(const struct flow_view *f, const char *sni, const char *alpn, const struct cert_view *c)
{
    return (struct tls_view){.flow = f,
                             .sni = str_of(sni),
                             .alpn = str_of(alpn),
                             .ja3 = str_of(""),
                             .ja4 = str_of("t12i210700_76e208dd3e22_16bbda4055b2"),
                             .version = 0x0303,
                             .quic_version = str_of(""),
                             .server_version = 0x0303,
                             .cipher = 0xc02f,
                             .server_alpn = str_of(""),
                             .ja3s = str_of(""),
                             .established = true,
                             .cert = c};
}

static void
see(void *self, const struct tls_view *t, int64_t now_ns)
{
    struct obs obs = {.kind = OBS_TLS, .time_ns = now_ns, .tls = t};

    NET_TLS_SUSPICIOUS.observe(self, &obs);
}

static void *
start(void)
{
    void *self;
    json_t *settings = json_pack("{s:s}", "public_issuers", ISSUERS);

    fake_judge_done(&judge);
    self = fake_make(&NET_TLS_SUSPICIOUS, &judge, settings);
    json_decref(settings);
    return self;
}

static double
p_of(const char *subject, const char *issuer, const char *sni, const char *alpn)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0);
    struct cert_view c = cert(subject, issuer);
    struct tls_view t = hello(&f, sni, alpn, &c);

    f.category = f.protocol = str_of("tls");
    return tls_marks_of(&t, str_of(ISSUERS), sni[0] != '\0', T0).p;
}

static void
test_marks_add_up(void **state)
{
    static const char good[] = "CN=www.shop.example,O=Shop,C=MX",
                      openssl[] = "O=Internet Widgits Pty Ltd,ST=Some-State,C=AU";

    assert_true(p_of(good, PUBLIC_ISSUER, "www.shop.example", "h2,http/1.1") == 1);
    assert_true(p_of(good, good, "www.shop.example", "h2") > 1e-3);
    assert_true(p_of(openssl, openssl, "", "") < 1e-5);
    assert_true(p_of(openssl, openssl, "", "h2,http/1.1") >= 1e-4); /* somebody's browser */
    assert_true(p_of("CN=a.shop.example", PUBLIC_ISSUER, "b.shop.example", "h2") == 1);
    assert_true(p_of("CN=a.other.example", PUBLIC_ISSUER, "b.shop.example", "h2") < 0.2);
    assert_true(p_of("CN=www.g6ghvisevf3ibuu5.net", "CN=www.xkgk7fdx362yyyxib.com",
                     "www.ct7ctrgb6cr7.com", "") < 1e-5);
    assert_true(p_of("CN=www.shop.example", "O=Some Company,ST=Some-State,C=AU", "www.shop.example",
                     "") < 3e-5);
}

static void
test_certain(void **state)
{
    static const struct {
        const char *subject;
        bool tool;
    } cases[] = {
        {"CN=Quasar Server CA", true},
        {"CN=Covenant", true},
        {"CN=Covenant Health CA,O=Covenant Health", false},
        {"CN=multiplayer.juegos.example", false},
        {"emailAddress=data@kub.example.net,CN=kub.example.net,OU=data,O=Kub\\, Inc,ST=TX,C=US",
         true},
        {"emailAddress=info@shop.example,CN=shop.example,OU=IT,O=Shop,ST=TX,C=US", false},
        {"CN=nas.local,O=Synology Inc.,C=TW", false},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 77), 8443, T0);
        struct cert_view c = cert(cases[i].subject, cases[i].subject);
        struct tls_view t = hello(&f, "", "", &c);
        void *self = start();

        f.category = f.protocol = str_of("");
        see(self, &t, T0);
        assert_int_equal(judge.count, cases[i].tool); /* inside the shop only what is certain */
        NET_TLS_SUSPICIOUS.free(self);
    }
}

static void
test_curve_suite_and_fallback(void **state)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0);
    struct cert_view c = cert("CN=www.shop.example", PUBLIC_ISSUER);
    struct tls_view t = hello(&f, "www.shop.example", "h2", &c);
    void *self = start();

    f.category = f.protocol = str_of("");
    see(self, &t, T0);
    assert_int_equal(judge.count, 1);
    assert_true(judge.report[0].p == 1);
    c.explicit_curve = true;
    see(self, &t, T0 + 1);
    assert_int_equal(judge.count, 2);
    assert_true(judge.report[1].is_finding);
    c.explicit_curve = false;
    t.cipher = 0x0003; /* RSA_EXPORT_WITH_RC4_40 */
    see(self, &t, T0 + 2);
    assert_int_equal(judge.count, 3);
    t.cipher = 0x0035;
    t.version = t.server_version = 0x0300;
    see(self, &t, T0 + 3);
    assert_int_equal(judge.count, 4);
    assert_string_equal(judge.report[3].group, "fallback");
    NET_TLS_SUSPICIOUS.free(self);
}

static void
test_one_test_a_place(void **state)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0);
    struct cert_view c = cert("CN=dvr", "CN=dvr");
    struct tls_view t = hello(&f, "", "", &c);
    void *self = start();

    f.category = f.protocol = str_of("");
    for (int i = 0; i < 50; i++)
        see(self, &t, T0 + i * VG_HOUR_NS);
    assert_int_equal(judge.count, 1);
    NET_TLS_SUSPICIOUS.free(self);
}

static void
run(struct judge *into, int cut)
{
    static struct fake_store store;
    void *self = start();

    for (int i = 0; i < 60; i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, (unsigned)i % 7 + 2),
                                     ip4(45, 77, 1, (unsigned)i % 20 + 1), 443, T0);
        struct cert_view c = cert("CN=dvr", "CN=dvr");
        struct tls_view t = hello(&f, i % 3 != 0 ? "" : "dvr.example", "", &c);

        f.category = f.protocol = str_of("");
        see(self, &t, T0 + i * 3 * VG_HOUR_NS);
        if (i == cut)
            self = fake_restart(&NET_TLS_SUSPICIOUS, self, &store, &judge);
    }
    NET_TLS_SUSPICIOUS.save(self, fake_out(&store, &NET_TLS_SUSPICIOUS));
    fake_truncate_rows(&NET_TLS_SUSPICIOUS, &store, &judge);
    NET_TLS_SUSPICIOUS.free(self);
    fake_store_done(&store);
    *into = judge;
    memset(&judge, 0, sizeof(judge));
}

static void
test_restart_is_no_difference(void **state)
{
    static struct judge a, b;

    run(&a, -1);
    run(&b, 31);
    assert_true(a.count > 10);
    fake_same_reports(&a, &b);
    fake_judge_done(&a);
    fake_judge_done(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks_add_up),
        cmocka_unit_test(test_certain),
        cmocka_unit_test(test_curve_suite_and_fallback),
        cmocka_unit_test(test_one_test_a_place),
        cmocka_unit_test(test_restart_is_no_difference),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
