/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#include <time.h>

#include "agent/detect/indicator_list.h"

static struct judge judge;

/* ---- the set ---- */

static uint64_t
nth(uint64_t i)
{
    return indicator_hash(INDICATOR_DOMAIN, &i, sizeof(i));
}

/* A million entries: all are found, with their list, strangers are not, in under six bytes each. */
static void
test_a_million(void **state)
{
    enum { N = 1000000 };
    struct indicator_set *set;
    struct timespec begin, built, end;
    size_t wrong = 0;

    (void)state;
    assert_int_equal(indicator_set_new(N, &set), VG_OK);
    timespec_get(&begin, TIME_UTC);
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(indicator_set_add(set, nth(i), (uint8_t)(i % 7)), VG_OK);
    assert_int_equal(indicator_set_add(set, nth(N), 0), VG_OK);
    assert_int_equal(indicator_set_finish(set), VG_OK);
    timespec_get(&built, TIME_UTC);
    assert_int_equal(indicator_set_refused(set), 1);
    assert_int_equal(indicator_set_count(set), N);
    assert_true(indicator_set_bytes(set) <= INDICATOR_SET_BYTES(N));
    for (uint64_t i = 0; i < N; i++)
        wrong += indicator_set_find(set, nth(i)) != (int)(i % 7);
    for (uint64_t i = N; i < 2 * N; i++)
        wrong += indicator_set_find(set, nth(i)) != -1;
    timespec_get(&end, TIME_UTC);
    assert_int_equal(wrong, 0);
    print_message(
        "a million entries: %zu bytes, built in %.0f ms, a look-up takes %.0f ns\n",
        indicator_set_bytes(set),
        (double)(built.tv_sec - begin.tv_sec) * 1e3 + (double)(built.tv_nsec - begin.tv_nsec) / 1e6,
        ((double)(end.tv_sec - built.tv_sec) * 1e9 + (double)(end.tv_nsec - built.tv_nsec)) /
            (2 * N));
    indicator_set_free(set);
}

static void
test_small_sets(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        struct indicator_set *set;

        assert_int_equal(indicator_set_new(100, &set), VG_OK);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(indicator_set_add(set, nth(i), 1), VG_OK);
            assert_int_equal(indicator_set_add(set, nth(i), 2), VG_OK); /* stands twice */
        }
        assert_int_equal(indicator_set_finish(set), VG_OK);
        assert_int_equal(indicator_set_count(set), n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(indicator_set_find(set, nth(i)), 1);
        assert_int_equal(indicator_set_find(set, nth(1000)), -1);
        indicator_set_free(set);
    }
}

/* ---- lists ---- */

static const char TEXT[] = "#! severity: critical\r\n"
                           "#! description_es: prueba\n"
                           "# a comment\n"
                           "Evil.example\n"
                           "0.0.0.0 hosts.example # as a hosts file has it\n"
                           "*.star.example\n"
                           "203.0.113.9\n"
                           "198.51.100.0/24, whatever\n"
                           "2001:db8:bad::/48\n"
                           "E7D705A3286E19EA42F587B344EE6865\n"
                           "t13d1516h2_8daaf6152771_b186095e22b6\n"
                           "6ECE5ECE4192683D2D84E25B0BA7E04F9CB7EB7C\n"
                           "com\n"            /* bad: a suffix */
                           "com.mx\n"         /* bad */
                           "192.168.1.1\n"    /* bad: the shop's own */
                           "1.0.0.0/4\n"      /* bad: too wide */
                           "not a domain!\n"; /* bad */

static void
test_lists(void **state)
{
    struct indicators in = {0};
    struct net_addr a;
    struct str which;

    (void)state;
    assert_int_equal(indicator_set_new(1000, &in.set), VG_OK);
    assert_int_equal(indicators_parse(&in, "proof", slice_of(TEXT, sizeof(TEXT) - 1)), VG_OK);
    assert_int_equal(indicator_set_finish(in.set), VG_OK);
    assert_int_equal(in.lists, 1);
    assert_int_equal(in.list[0].severity, SEVERITY_CRITICAL);
    assert_string_equal(in.list[0].description_es, "prueba");
    assert_int_equal(in.list[0].bad, 5);
    assert_int_equal(in.list[0].bad_line, 13);
    assert_ptr_equal(indicators_domain(&in, str_of("a.b.EVIL.example."), &which), &in.list[0]);
    assert_non_null(indicators_domain(&in, str_of("hosts.example"), &which));
    assert_non_null(indicators_domain(&in, str_of("x.star.example"), &which));
    assert_null(indicators_domain(&in, str_of("notevil.example"), &which));
    assert_null(indicators_domain(&in, str_of("example"), &which));
    assert_true(net_addr_parse(str_of("198.51.100.77"), &a));
    assert_non_null(indicators_address(&in, &a));
    assert_true(net_addr_parse(str_of("198.51.101.77"), &a));
    assert_null(indicators_address(&in, &a));
    assert_true(net_addr_parse(str_of("203.0.113.9"), &a));
    assert_non_null(indicators_address(&in, &a));
    assert_true(net_addr_parse(str_of("203.0.113.8"), &a));
    assert_null(indicators_address(&in, &a));
    assert_true(net_addr_parse(str_of("2001:db8:bad:1::5"), &a));
    assert_non_null(indicators_address(&in, &a));
    assert_true(net_addr_parse(str_of("2001:db8:bae::5"), &a));
    assert_null(indicators_address(&in, &a));
    assert_non_null(
        indicators_print(&in, INDICATOR_JA3, str_of("e7d705a3286e19ea42f587b344ee6865")));
    assert_null(indicators_print(&in, INDICATOR_CERT, str_of("e7d705a3286e19ea42f587b344ee6865")));
    assert_non_null(
        indicators_print(&in, INDICATOR_JA4, str_of("t13d1516h2_8daaf6152771_b186095e22b6")));
    indicators_done(&in);
}

/* Any cut of a list is read to its end. */
static void
test_cut_lists(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(TEXT); n++) {
        struct indicators in = {0};
        uint8_t *cut = malloc(n + 1);

        assert_non_null(cut);
        memcpy(cut, TEXT, n);
        assert_int_equal(indicator_set_new(1000, &in.set), VG_OK);
        assert_int_equal(indicators_parse(&in, "cut", slice_of(cut, n)), VG_OK);
        assert_int_equal(indicator_set_finish(in.set), VG_OK);
        indicators_done(&in);
        free(cut);
    }
}

/* A folder that is not there is no mistake; the other one is read. */
static void
test_folders(void **state)
{
    const char *folders[] = {"/nonexistent", "rules/indicators"};
    struct indicators in = {0};
    char why[200] = "";

    (void)state;
    assert_int_equal(indicators_load(folders, 2, 1000, &in, why), VG_OK);
    assert_int_equal(in.unread, 0);
    assert_true(in.lists >= 2);
    indicators_done(&in);
}

/* ---- the detector, with the shipped lists ---- */

static void
look_up(void *self, const char *name, bool answered)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 1), 53, T0);
    struct net_addr a = ip4(203, 0, 113, 9);
    struct dns_view dns = {
        .flow = &f, .query = str_of(name), .qtype = 1, .addresses = &a, .address_count = answered};
    struct obs obs = {.kind = OBS_DNS, .time_ns = T0, .dns = &dns};

    NET_INDICATOR.observe(self, &obs);
}

static void
test_names(void **state)
{
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_INDICATOR, &judge, NULL);
    assert_false(NET_INDICATOR.idle(self));
    look_up(self, "www.example.com", true);
    assert_int_equal(judge.count, 0);
    look_up(self, "c2.vigia-indicator.test", false);
    look_up(self, "c2.vigia-indicator.test", true);
    assert_int_equal(judge.count, 2);
    assert_int_equal(judge.report[0].severity, SEVERITY_MEDIUM); /* in vain */
    assert_int_equal(judge.report[1].severity, SEVERITY_HIGH);
    assert_string_equal(judge.report[1].subject, "192.168.1.9");
    assert_string_equal(json_string_value(json_object_get(judge.report[1].facts, "value")),
                        "vigia-indicator.test");
    NET_INDICATOR.free(self);
}

static void
test_certificate(void **state)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(203, 0, 113, 9), 443, T0);
    struct cert_view cert = {.issuer = str_of(""),
                             .subject = str_of(""),
                             .serial = str_of(""),
                             .sha1 = str_of("6ece5ece4192683d2d84e25b0ba7e04f9cb7eb7c")};
    struct tls_view tls = {.flow = &f,
                           .sni = str_of(""),
                           .alpn = str_of(""),
                           .ja3 = str_of(""),
                           .ja4 = str_of(""),
                           .cert = &cert};
    struct obs obs = {.kind = OBS_TLS, .time_ns = T0, .tls = &tls};
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_INDICATOR, &judge, NULL);
    NET_INDICATOR.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "kind")),
                        "certificate");
    cert.sha1 = str_of("0000000000000000000000000000000000000000");
    NET_INDICATOR.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    NET_INDICATOR.free(self);
}

/* ---- with a list of the shop's own ---- */

struct made_up {
    char folder[64], file[80];
    void *self;
    json_t *settings;
};

static int
made_up_list(void **state)
{
    struct made_up *m = calloc(1, sizeof *m);
    FILE *out;

    if (m == NULL)
        return -1;
    (void)snprintf(m->folder, sizeof m->folder, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(m->folder) == NULL)
        return -1;
    (void)snprintf(m->file, sizeof m->file, "%s/made_up.txt", m->folder);
    out = fopen(m->file, "w");
    if (out == NULL || fwrite(TEXT, 1, sizeof(TEXT) - 1, out) != sizeof(TEXT) - 1)
        return -1;
    if (fclose(out) != 0)
        return -1;
    fake_judge_done(&judge);
    m->settings = json_pack("{s:s}", "folder", m->folder);
    m->self = fake_make(&NET_INDICATOR, &judge, m->settings);
    *state = m;
    return 0;
}

static int
made_up_done(void **state)
{
    struct made_up *m = *state;
    int failed = remove(m->file) | remove(m->folder);

    NET_INDICATOR.free(m->self);
    json_decref(m->settings);
    free(m);
    return failed;
}

static const char *
fact(size_t report, const char *name)
{
    assert_true(report < judge.count);
    return json_string_value(json_object_get(judge.report[report].facts, name));
}

static void
flow(void *self, struct net_addr src, struct net_addr dst, uint32_t got, enum obs_kind kind)
{
    struct flow_view f = flow_of(src, dst, 443, T0);
    struct obs obs = {.kind = kind, .time_ns = T0, .flow = &f};

    f.packets_in = got;
    f.payload_in = got;
    NET_INDICATOR.observe(self, &obs);
}

static void
test_address(void **state)
{
    struct made_up *m = *state;
    struct net_addr till = ip4(192, 168, 1, 9), evil = ip4(203, 0, 113, 9), six = evil;

    assert_true(net_addr_parse(str_of("2001:db8:bad:7::9"), &six));
    flow(m->self, till, ip4(203, 0, 113, 10), 9, OBS_FLOW_END); /* beside it */
    flow(m->self, till, ip4(192, 168, 1, 1), 9, OBS_FLOW_END);
    flow(m->self, evil, till, 0, OBS_FLOW_END); /* knocks, and nobody opens */
    assert_int_equal(judge.count, 0);
    flow(m->self, till, evil, 9, OBS_FLOW_UPDATE);
    flow(m->self, till, evil, 0, OBS_FLOW_END); /* in vain */
    flow(m->self, till, ip4(198, 51, 100, 77), 9, OBS_FLOW_END);
    flow(m->self, till, six, 9, OBS_FLOW_END);
    flow(m->self, evil, till, 9, OBS_FLOW_END); /* let in */
    assert_int_equal(judge.count, 5);
    for (size_t i = 0; i < judge.count; i++) {
        assert_string_equal(fact(i, "kind"), "address");
        assert_string_equal(fact(i, "list"), "made_up");
        assert_string_equal(judge.report[i].subject, "192.168.1.9");
        assert_int_equal(judge.report[i].severity, i == 1 ? SEVERITY_HIGH : SEVERITY_CRITICAL);
    }
    assert_string_equal(fact(0, "value"), "203.0.113.9");
    assert_string_equal(fact(3, "value"), "2001:db8:bad:7::9");
}

static void
client(void *self, const char *ja3, const char *ja4)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(203, 0, 113, 77), 443, T0);
    struct tls_view tls = {.flow = &f,
                           .sni = str_of("cdn.example.com"),
                           .alpn = str_of(""),
                           .ja3 = str_of(ja3),
                           .ja4 = str_of(ja4)};
    struct obs obs = {.kind = OBS_TLS, .time_ns = T0, .tls = &tls};

    NET_INDICATOR.observe(self, &obs);
}

static void
test_clients_by_their_print(void **state)
{
    struct made_up *m = *state;

    client(m->self, "e7d705a3286e19ea42f587b344ee6866", "t13d1516h2_8daaf6152771_b186095e22b7");
    client(m->self, "", "");
    assert_int_equal(judge.count, 0);
    client(m->self, "e7d705a3286e19ea42f587b344ee6865", "");
    client(m->self, "", "t13d1516h2_8daaf6152771_b186095e22b6");
    assert_int_equal(judge.count, 2);
    assert_string_equal(fact(0, "kind"), "ja3");
    assert_string_equal(fact(0, "value"), "e7d705a3286e19ea42f587b344ee6865");
    assert_string_equal(fact(1, "kind"), "ja4");
    assert_string_equal(fact(1, "value"), "t13d1516h2_8daaf6152771_b186095e22b6");
    assert_string_equal(fact(1, "description_es"), "prueba");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_million),
        cmocka_unit_test(test_small_sets),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_cut_lists),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test_setup_teardown(test_address, made_up_list, made_up_done),
        cmocka_unit_test_setup_teardown(test_clients_by_their_print, made_up_list, made_up_done),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
