/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static const struct net_addr PC = {4, {192, 168, 1, 9}}, ROUTER = {4, {192, 168, 1, 1}};

static void *
start(void)
{
    static json_t *settings;
    struct detector_env env = {.judge = &judge, .rules_dir = "rules"};
    char why[DETECT_WHY_MAX];
    void *self = NULL;

    fake_judge_done(&judge);
    if (settings == NULL)
        settings = json_pack("{s:[s], s:[s], s:[s,s], s:[s]}", "banks", "bbva.mx", "names",
                             "microsoft.com", "countries", "MX", "US", "resolvers", "8.8.8.8");
    env.settings = settings;
    assert_int_equal(NET_DNS_HIJACK.make(&env, &self, why), VG_OK);
    return self;
}

static void
one_report(const char *style)
{
    assert_int_equal(judge.count, 1);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "style")), style);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "host")),
                        "192.168.1.9");
}

static void
answer(void *self, struct net_addr resolver, const char *name, struct net_addr with, int64_t at_ns)
{
    struct flow_view f = flow_of(PC, resolver, 53, at_ns);
    struct dns_view d = {.flow = &f,
                         .query = str_of(name),
                         .qtype = 1,
                         .addresses = &with,
                         .address_count = with.family != 0 ? 1 : 0};
    struct obs obs = {.kind = OBS_DNS, .time_ns = at_ns, .dns = &d};

    d.rcode = with.family != 0 ? 0 : 3;
    NET_DNS_HIJACK.observe(self, &obs);
}

static void
request(void *self, const char *host, const char *uri, int64_t at_ns)
{
    struct flow_view f = flow_of(PC, ip4(198, 51, 100, 7), 80, at_ns);
    struct http_view v = {.flow = &f, .host = str_of(host), .uri = str_of(uri)};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = at_ns, .http = &v};

    NET_DNS_HIJACK.observe(self, &obs);
}

static void
lease(void *self, const char *resolver, int64_t at_ns)
{
    struct str list[] = {str_of(resolver)};
    struct record_field fields[] = {
        {.name = "message", .type = FIELD_TEXT, .text = str_of("ack")},
        {.name = "server_id", .type = FIELD_TEXT, .text = str_of("192.168.1.1")},
        {.name = "assigned", .type = FIELD_TEXT, .text = str_of("192.168.1.9")},
        {.name = "dns", .type = FIELD_LIST, .list = list, .list_count = 1}};
    struct record_view r = {.type = "dhcp", .fields = fields, .count = 4};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = at_ns, .record = &r};

    NET_DNS_HIJACK.observe(self, &obs);
}

static void
test_private(void **state)
{
    void *self = start();

    answer(self, ROUTER, "www.bbva.mx", ip4(192, 168, 1, 66), T0);
    one_report("private");
    assert_int_equal(judge.report[0].severity, SEVERITY_HIGH);
    NET_DNS_HIJACK.free(self);
    self = start();
    answer(self, ROUTER, "shop.example", ip4(10, 0, 0, 66), T0);
    answer(self, ROUTER, "news.test", ip4(10, 0, 0, 66), T0);
    assert_int_equal(judge.count, 0);
    answer(self, ROUTER, "bank.invalid", ip4(10, 0, 0, 66), T0);
    one_report("private");
    NET_DNS_HIJACK.free(self);
}

static void
test_one_for_all(void **state)
{
    void *self = start();

    answer(self, ROUTER, "www.google.com", ip4(203, 0, 113, 66), T0);
    answer(self, ROUTER, "www.facebook.com", ip4(203, 0, 113, 66), T0);
    one_report("one_for_all");
    NET_DNS_HIJACK.free(self);
    self = start();
    answer(self, ROUTER, "q7x9kd82lfp3.com", ip4(203, 0, 113, 66), T0);
    answer(self, ROUTER, "zzkwtrplmnbv.net", ip4(203, 0, 113, 66), T0);
    one_report("one_for_all");
    NET_DNS_HIJACK.free(self);
}

static void
test_search_page(void **state)
{
    void *self = start();

    answer(self, ROUTER, "q7x9kd82lfp3.com", ip4(203, 0, 113, 66), T0);
    request(self, "q7x9kd82lfp3.com", "/", T0 + VG_SEC_NS);
    request(self, "guide.example.net", "/search?q=http%3A//q7x9kd82lfp3.com/", T0 + 2 * VG_SEC_NS);
    one_report("search");
    NET_DNS_HIJACK.free(self);
}

static void
test_resolver(void **state)
{
    void *self = start();

    for (int i = 0; i < 60; i++)
        answer(self, i < 30 ? ROUTER : ip4(203, 0, 113, 53), "a.example", ip4(192, 0, 2, 1),
               T0 + i * VG_SEC_NS);
    one_report("resolver");
    NET_DNS_HIJACK.free(self);
    self = start(); /* one that is known to all, and one that the network gave */
    for (int i = 0; i < 60; i++)
        answer(self, i < 30 ? ROUTER : ip4(8, 8, 8, 8), "a.example", ip4(192, 0, 2, 1),
               T0 + i * VG_SEC_NS);
    lease(self, "203.0.113.53", T0);
    for (int i = 0; i < 60; i++)
        answer(self, ip4(203, 0, 113, 53), "a.example", ip4(192, 0, 2, 1), T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    lease(self, "203.0.113.53", T0 + VG_DAY_NS);
    lease(self, "8.8.8.8", T0 + 2 * VG_DAY_NS);
    lease(self, "203.0.113.53", T0 + 3 * VG_DAY_NS);
    assert_int_equal(judge.count, 0);
    lease(self, "198.51.100.53", T0 + 4 * VG_DAY_NS);
    one_report("handed");
    NET_DNS_HIJACK.free(self);
}

static void
test_guesses(void **state)
{
    void *self = start();
    struct flow_view f = flow_of(PC, ROUTER, 53, T0);

    f.proto = 17;
    f.packets_in = 500;
    see_flow(&NET_DNS_HIJACK, self, OBS_FLOW_END, &f);
    one_report("guesses");
    NET_DNS_HIJACK.free(self);
}

static void
test_ordinary_life(void **state)
{
    void *self = start();
    char name[64];

    for (unsigned i = 0; i < 500; i++) {
        /* shared hosting, blockers, names that are not there, devices at home */
        snprintf(name, sizeof(name), "shop%u.example%u.com", i, i);
        answer(self, ROUTER, name, ip4(203, 0, 113, 7), T0 + i * VG_SEC_NS);
        answer(self, ROUTER, "ads.example.com", ip4(0, 0, 0, 0), T0 + i * VG_SEC_NS);
        answer(self, ROUTER, "microsoft.com", ip4(0, 0, 0, 0), T0 + i * VG_SEC_NS);
        snprintf(name, sizeof(name), "q7x9kd82lf%u.com", i);
        answer(self, ROUTER, name, (struct net_addr){0}, T0 + i * VG_SEC_NS);
        answer(self, ROUTER, "nas.local", ip4(192, 168, 1, 30), T0 + i * VG_SEC_NS);
        answer(self, ROUTER, "192-168-1-30.abc.plex.direct", ip4(192, 168, 1, 30),
               T0 + i * VG_SEC_NS);
        answer(self, ROUTER, "www.google.com", ip4(203, 0, 113, 8), T0 + i * VG_SEC_NS);
        answer(self, ROUTER, "www.facebook.com", ip4(203, 0, 113, 9), T0 + i * VG_SEC_NS);
    }
    /* a site sends on to a log-in that is told where to come back to */
    answer(self, ROUTER, "tienda.example", ip4(203, 0, 113, 8), T0);
    request(self, "tienda.example", "/", T0);
    request(self, "login.example.org", "/?back=http%3A//tienda.example/", T0 + VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    NET_DNS_HIJACK.free(self);
}

static void
answer_again(void *self, const char *name, struct net_addr with, int64_t at_ns)
{
    struct flow_view f = flow_of(PC, ROUTER, 53, at_ns);
    struct dns_view d = {.flow = &f,
                         .query = str_of(name),
                         .qtype = 1,
                         .again = true,
                         .addresses = &with,
                         .address_count = 1};
    struct obs obs = {.kind = OBS_DNS, .time_ns = at_ns, .dns = &d};

    NET_DNS_HIJACK.observe(self, &obs);
}

static void
test_race(void **state)
{
    void *self = start();

    answer(self, ROUTER, "www.shop.example", ip4(203, 0, 113, 8), T0);
    answer_again(self, "www.shop.example", ip4(203, 0, 113, 9), T0 + VG_MS_NS);
    assert_int_equal(judge.count, 0); /* of the same neighbourhood */
    answer_again(self, "www.shop.example", ip4(198, 51, 100, 9), T0 + 2 * VG_MS_NS);
    one_report("race");
    NET_DNS_HIJACK.free(self);
}

static void
part(void *self, unsigned from, unsigned to)
{
    char name[64];

    for (unsigned i = from; i < to; i++) {
        struct net_addr resolver = ip4(203, 0, 113, 50 + i / 40 % 6);

        snprintf(name, sizeof(name), "q7x9kd82lf%u.com", i);
        answer(self, resolver, name, ip4(203, 0, 113, i / 9 % 200), T0 + i * VG_SEC_NS);
        request(self, name, "/", T0 + i * VG_SEC_NS);
        if (i % 30 == 0)
            answer_again(self, name, ip4(198, 51, 100, i % 200), T0 + i * VG_SEC_NS);
        if (i % 50 == 0)
            lease(self, i % 100 == 0 ? "198.51.100.1" : "198.51.100.2", T0 + i * VG_SEC_NS);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_DNS_HIJACK, &whole, NULL),
         *b = fake_make(&NET_DNS_HIJACK, &parts, NULL);

    part(a, 1, 600);
    for (unsigned at = 1; at < 600; at += 37) {
        part(b, at, at + 37 < 600 ? at + 37 : 600);
        b = fake_restart(&NET_DNS_HIJACK, b, &store, &parts);
    }
    assert_true(whole.count >= 10);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_DNS_HIJACK, &store, &parts);
    NET_DNS_HIJACK.free(a);
    NET_DNS_HIJACK.free(b);
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
        answer(self, ROUTER, "a.example", ip4(11, i >> 16 & 255, i >> 8 & 255, i & 255), T0);
    NET_DNS_HIJACK.health(self, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "addresses")), 512);
    json_decref(counters);
    NET_DNS_HIJACK.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private),           cmocka_unit_test(test_one_for_all),
        cmocka_unit_test(test_search_page),       cmocka_unit_test(test_resolver),
        cmocka_unit_test(test_guesses),           cmocka_unit_test(test_race),
        cmocka_unit_test(test_ordinary_life),     cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_memory_is_bounded),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
