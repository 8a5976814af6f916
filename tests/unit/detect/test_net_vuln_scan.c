/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static const char SETTINGS[] =
    "{\"agents\": \"nikto sqlmap\", \"paths\": \"/.env /.git/ /wp-login.php /phpmyadmin\"}";

static void *
start(void)
{
    json_t *settings = json_loads(SETTINGS, 0, NULL);
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&NET_VULN_SCAN, &judge, settings);
    json_decref(settings);
    return self;
}

static void
request(void *self, struct net_addr src, const char *uri, const char *agent, int status, int64_t t)
{
    struct flow_view f = flow_of(src, ip4(192, 168, 1, 80), 80, t);
    struct http_view h = {.flow = &f,
                          .method = str_of("GET"),
                          .uri = str_of(uri),
                          .user_agent = str_of(agent),
                          .status = status};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = t, .http = &h};

    NET_VULN_SCAN.observe(self, &obs);
}

static void
lookup(void *self, const char *operation, int64_t calls, int64_t t)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 80), 135, t);
    const struct record_field fields[] = {
        {.name = "interface", .type = FIELD_TEXT, .text = str_of("epm")},
        {.name = "operation", .type = FIELD_TEXT, .text = str_of(operation)},
        {.name = "calls", .type = FIELD_NUMBER, .number = calls}};
    struct record_view r = {.flow = &f, .type = "dcerpc", .fields = fields, .count = 3};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = t, .record = &r};

    NET_VULN_SCAN.observe(self, &obs);
}

static const char *
style(size_t i)
{
    return json_string_value(json_object_get(judge.report[i].facts, "style"));
}

static void
test_styles(void **state)
{
    static const char *const probes[] = {"/.env", "/.git/config", "/wp-login.php", "/phpMyAdmin/"};
    struct net_addr lan = ip4(192, 168, 1, 9);
    void *self = start();

    for (size_t i = 0; i < 3; i++)
        request(self, lan, probes[i], "Mozilla/5.0", 404, T0 + (int64_t)i);
    assert_int_equal(judge.count, 0);
    request(self, lan, probes[3], "Mozilla/5.0", 404, T0 + 9);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "paths");
    request(self, lan, "/", "Mozilla/5.00 (NIKTO/2.1.6)", 200, T0 + 10);
    assert_int_equal(judge.count, 2);
    assert_string_equal(style(1), "agent");
    lookup(self, "ept_lookup", 1, T0 + 11);
    assert_int_equal(judge.count, 2);
    lookup(self, "ept_lookup", 10, T0 + 12);
    assert_int_equal(judge.count, 3);
    assert_string_equal(style(2), "rpc");
    request(self, lan, "/.env", "nikto", 404, T0 + 13); /* once each */
    assert_int_equal(judge.count, 3);
    NET_VULN_SCAN.free(self);
}

static void
test_many_missing_pages(void **state)
{
    struct net_addr world = ip4(198, 51, 100, 5);
    void *self = start();
    char uri[32];

    for (int i = 0; i < 60; i++) {
        snprintf(uri, sizeof(uri), "/p%d", i);
        request(self, world, uri, "", 404, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 1);
    assert_int_equal(judge.report[0].severity, SEVERITY_LOW);
    assert_string_equal(judge.report[0].subject, "192.168.1.80");
    NET_VULN_SCAN.free(self);
}

static void
test_harmless(void **state)
{
    struct net_addr lan = ip4(192, 168, 1, 9);
    void *self = start();
    char uri[32];

    for (int i = 0; i < 200; i++) { /* broken pictures among pages; one missing file all day */
        snprintf(uri, sizeof(uri), "/img/%d.jpg?v=%d", i % 10, i);
        request(self, lan, uri, "Mozilla/5.0", 404, T0 + i * VG_SEC_NS);
        request(self, lan, "/page", "Mozilla/5.0", 200, T0 + i * VG_SEC_NS);
        lookup(self, "ept_map", i + 1, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 0);
    NET_VULN_SCAN.free(self);
}

static void
test_restart(void **state)
{
    struct fake_store store = {.count = 0};
    struct net_addr lan = ip4(192, 168, 1, 9);
    static struct judge other;
    void *self = start();

    fake_judge_done(&other);
    for (int i = 1; i < 5; i++)
        lookup(self, "ept_lookup", i, T0 + i);
    request(self, lan, "/.env", "", 404, T0 + 5);
    self = fake_restart(&NET_VULN_SCAN, self, &store, &judge);
    assert_int_equal(judge.count, 0);
    lookup(self, "ept_lookup", 5, T0 + 6);
    assert_int_equal(judge.count, 1);
    fake_truncate_rows(&NET_VULN_SCAN, &store, &other);
    NET_VULN_SCAN.free(self);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_many_missing_pages),
        cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
