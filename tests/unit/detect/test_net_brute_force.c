/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#define D NET_BRUTE_FORCE

static struct judge judge;
static struct net_addr PC = {4, {192, 168, 1, 20}}, SERVER = {4, {192, 168, 1, 5}},
                       WORLD = {4, {203, 0, 113, 9}};

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&D, &judge, NULL);
}

static void
try_login(void *self, const char *service, const char *user, struct net_addr src,
          struct net_addr dst, enum login_result result, int64_t at)
{
    struct flow_view f = flow_of(src, dst, 22, at);
    struct login_view l = {.flow = &f,
                           .service = service,
                           .user = str_of(user),
                           .domain = str_of(""),
                           .result = result};
    struct obs obs = {.kind = OBS_LOGIN, .time_ns = at, .login = &l};

    D.observe(self, &obs);
}

static const char *
style(size_t i)
{
    return json_string_value(json_object_get(judge.report[i].facts, "style"));
}

static void
many(void *self, const char *service, const char *user, unsigned n, int64_t every_ns)
{
    for (unsigned i = 0; i < n; i++)
        try_login(self, service, user, PC, SERVER, LOGIN_FAILED, T0 + i * every_ns);
}

static void
test_fast(void **state)
{
    void *self = start();

    many(self, "ssh", "", 100, 2 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "fast");
    assert_string_equal(judge.report[0].subject, "192.168.1.20");
    assert_string_equal(judge.report[0].peer, "192.168.1.5");
    assert_int_equal(json_integer_value(json_object_get(judge.report[0].facts, "failed")), 15);
    try_login(self, "ssh", "", PC, SERVER, LOGIN_SUCCEEDED, T0 + 201 * VG_SEC_NS);
    assert_int_equal(judge.count, 2);
    assert_int_equal(judge.report[1].severity, SEVERITY_CRITICAL);
    D.free(self);
}

/* Each service that people log in to, fast from inside and spread over hours from the world. */
static void
test_each_service(void **state)
{
    static const char *const services[] = {"ssh",   "smb",        "ftp",  "smtp",   "pop3",
                                           "imap",  "mysql",      "tds",  "vnc",    "telnet",
                                           "redis", "postgresql", "http", "radius", "ldap"};
    static const char *const users[] = {"admin", "root", "caja", "ana"};

    for (size_t k = 0; k < VG_ARRAY_LEN(services); k++) {
        void *self = start();

        for (unsigned i = 0; i < 60; i++)
            try_login(self, services[k], users[i % 4], PC, SERVER, LOGIN_FAILED,
                      T0 + i * 2 * VG_SEC_NS);
        assert_true(judge.count >= 1);
        assert_string_equal(judge.report[0].subject, "192.168.1.20");
        D.free(self);
        self = start();
        for (unsigned i = 0; i < 72; i++)
            try_login(self, services[k], users[i % 4], WORLD, SERVER, LOGIN_FAILED,
                      T0 + i * 300 * VG_SEC_NS + (i * 37 % 60) * VG_SEC_NS);
        if (judge.count == 0)
            fail_msg("%s over hours", services[k]);
        assert_string_equal(style(0), "slow");
        D.free(self);
    }
}

static void
https(void *self, struct net_addr src, unsigned n, int64_t every_ns, unsigned sizes)
{
    for (unsigned i = 0; i < n; i++) {
        struct flow_view f = flow_of(src, SERVER, 443, T0 + i * every_ns);

        f.state = FLOW_CLOSED;
        f.protocol = str_of("tls");
        f.payload_out = 900 + i % 20;
        f.payload_in = 4200 + i % sizes * 700;
        f.packets_out = f.packets_in = 9;
        f.end_ns = f.start_ns + VG_SEC_NS;
        see_flow(&D, self, OBS_FLOW_END, &f);
    }
}

static void
test_pages_over_tls(void **state)
{
    void *self = start();

    https(self, WORLD, 300, VG_SEC_NS, 5); /* a visitor: pages differ */
    assert_int_equal(judge.count, 0);
    D.free(self);
    self = start();
    https(self, WORLD, 300, VG_MIN_NS, 1); /* somebody looks whether it is up */
    https(self, PC, 300, VG_SEC_NS, 1);    /* a program asks again and again */
    assert_int_equal(judge.count, 0);
    D.free(self);
    self = start();
    https(self, WORLD, 100, VG_SEC_NS, 1);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "web");
    D.free(self);
    self = start();
    https(self, PC, 600, VG_SEC_NS / 5, 1);
    assert_int_equal(judge.count, 1);
    D.free(self);
}

/* One try about every five minutes for six hours, never at an even pace. */
static void
test_slow(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 72; i++)
        try_login(self, "ssh", "", WORLD, SERVER, LOGIN_FAILED,
                  T0 + i * 300 * VG_SEC_NS + (i * 37 % 60) * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "slow");
    D.free(self);
}

static void
test_users(void **state)
{
    static const char *const names[] = {"ana", "bob", "eva", "leo", "admin", "svc", "caja"};
    void *self = start();

    for (unsigned i = 0; i < 7; i++)
        try_login(self, "kerberos", names[i], PC, SERVER, LOGIN_FAILED, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "users");
    try_login(self, "kerberos", "PC20$", PC, SERVER, LOGIN_SUCCEEDED, T0 + 8 * VG_SEC_NS);
    assert_int_equal(judge.count, 1); /* the machine's own account */
    try_login(self, "kerberos", "ana", PC, SERVER, LOGIN_SUCCEEDED, T0 + 9 * VG_SEC_NS);
    assert_int_equal(judge.count, 2);
    D.free(self);
}

static void
test_targets_and_sources(void **state)
{
    void *self = start();

    for (uint8_t i = 0; i < 50; i++)
        try_login(self, "telnet",
                  i % 2 == 0   ? "root"
                  : i % 3 == 0 ? "admin"
                               : "guest",
                  PC, ip4(192, 168, 1, 100 + i % 5), LOGIN_FAILED, T0 + i * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "targets");
    for (uint8_t i = 0; i < 60; i++)
        try_login(self, "ssh", "", ip4(203, 0, 113, 1 + i % 20), SERVER, LOGIN_FAILED,
                  T0 + VG_HOUR_NS + i * 5 * VG_MIN_NS);
    assert_int_equal(judge.count, 2);
    assert_string_equal(style(1), "sources");
    assert_string_equal(judge.report[1].subject, "192.168.1.5");
    D.free(self);
}

static void
test_quiet(void **state)
{
    void *self = start();

    /* who mistypes, and then gets in */
    many(self, "ssh", "", 5, 5 * VG_SEC_NS);
    try_login(self, "ssh", "", PC, SERVER, LOGIN_SUCCEEDED, T0 + VG_MIN_NS);
    /* a mail program with an old password, every five minutes for a week */
    many(self, "imap", "ana@shop.example", 7 * 288, 5 * VG_MIN_NS + 2 * VG_SEC_NS);
    /* a telephone that asks again every thirty seconds */
    many(self, "sip", "101", 2000, 30 * VG_SEC_NS);
    /* a task of the clock whose key is gone */
    for (unsigned i = 0; i < 288; i++)
        try_login(self, "ssh", "", PC, ip4(192, 168, 1, 6), LOGIN_FAILED,
                  T0 + VG_DAY_NS + i * 5 * VG_MIN_NS + (i % 3) * VG_SEC_NS);
    /* a web mail server that logs in for everybody */
    for (unsigned i = 0; i < 200; i++) {
        char user[16];

        snprintf(user, sizeof(user), "user%u", i % 40);
        try_login(self, "ldap", user, ip4(192, 168, 1, 7), SERVER,
                  i % 5 == 0 ? LOGIN_FAILED : LOGIN_SUCCEEDED, T0 + i * VG_MIN_NS);
    }
    assert_int_equal(judge.count, 0);
    D.free(self);
}

static void
see_http(void *self, const char *method, const char *uri, int status, int64_t at)
{
    struct flow_view f = flow_of(PC, SERVER, 80, at);
    struct http_view h = {.flow = &f,
                          .method = str_of(method),
                          .host = str_of("blog.example"),
                          .uri = str_of(uri),
                          .user_agent = str_of(""),
                          .mime = str_of(""),
                          .status = status};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = at, .http = &h};

    D.observe(self, &obs);
}

static void
test_web(void **state)
{
    void *self = start();

    for (int i = 0; i < 200; i++) {
        see_http(self, "POST", "/api/items", 200, T0 + i * VG_SEC_NS);
        see_http(self, "GET", "/login", 200, T0 + i * VG_SEC_NS);
        see_http(self, "GET", "/cgi-bin/snapshot.jpg?usr=admin&pwd=*", 200, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 0);
    for (int i = 0; i < 30; i++)
        see_http(self, "POST", "/wp-login.php", 200, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "web");
    see_http(self, "POST", "/wp-login.php", 302, T0 + 31 * VG_SEC_NS);
    assert_int_equal(judge.count, 2);
    assert_int_equal(judge.report[1].severity, SEVERITY_CRITICAL);
    D.free(self);
}

static void
test_slow_web(void **state)
{
    void *self = start();

    for (int i = 0; i < 300; i++) /* a device that logs in every minute, and may */
        see_http(self, "POST", "/login.cgi", 200, T0 + i * VG_MIN_NS + (i * 37 % 60) * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    for (int i = 0; i < 90; i++)
        see_http(self, "POST", "/cgi-bin/login.cgi", 401,
                 T0 + i * VG_MIN_NS + (i * 37 % 60) * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    D.free(self);
}

static void
test_rdp(void **state)
{
    void *self = start();

    for (int i = 0; i < 20; i++) {
        struct flow_view f = flow_of(PC, SERVER, 3389, T0 + i * 3 * VG_SEC_NS);

        f.state = FLOW_CLOSED;
        f.protocol = str_of("tls");
        f.payload_out = 900;
        f.payload_in = 1800;
        see_flow(&D, self, OBS_FLOW_END, &f);
    }
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].group, "rdp");
    D.free(self);
}

static void
see_sip(void *self, const char *method, const char *to, const char *agent, int status, int64_t at)
{
    struct flow_view f = flow_of(PC, SERVER, 5060, at);
    struct record_field fields[] = {
        {.name = "method", .type = FIELD_TEXT, .text = str_of(method)},
        {.name = "to", .type = FIELD_TEXT, .text = str_of(to)},
        {.name = "user_agent", .type = FIELD_TEXT, .text = str_of(agent)},
        {.name = "status", .type = FIELD_NUMBER, .text = str_of(""), .number = status}};
    struct record_view r = {.flow = &f, .type = "sip", .fields = fields, .count = 4};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = at, .record = &r};

    D.observe(self, &obs);
}

static void
test_telephones(void **state)
{
    void *self = start();

    for (int i = 0; i < 100; i++) { /* calls: challenge, then through */
        char to[32];

        snprintf(to, sizeof(to), "sip:55%08d@pbx.example", i);
        see_sip(self, "INVITE", to, "Asterisk PBX", 407, T0 + i * VG_SEC_NS);
        see_sip(self, "INVITE", to, "Asterisk PBX", 200, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 0);
    for (int i = 0; i < 40; i++) {
        char to[32];

        snprintf(to, sizeof(to), "sip:%d@pbx.example", 100 + i);
        see_sip(self, "REGISTER", to, "x", 404, T0 + VG_HOUR_NS + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "voip");
    D.free(self);
    self = start();
    for (int i = 0; i < 40; i++) /* long numbers come masked */
        see_sip(self, "INVITE", "sip:XXXXXXXXXXXXXX@pbx.example", "x", 403, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    D.free(self);
    self = start();
    see_sip(self, "OPTIONS", "sip:100@1.1.1.1", "friendly-scanner", 200, T0);
    assert_int_equal(judge.count, 1);
    assert_string_equal(style(0), "scanner");
    D.free(self);
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&D, &whole, NULL), *b = fake_make(&D, &parts, NULL);

    for (int i = 0; i < 90; i++) {
        int64_t at = T0 + i * 7 * VG_MIN_NS + (i * 13 % 60) * VG_SEC_NS;

        try_login(a, "ssh", "", WORLD, SERVER, LOGIN_FAILED, at);
        try_login(b, "ssh", "", WORLD, SERVER, LOGIN_FAILED, at);
        if (i % 20 == 7)
            b = fake_restart(&D, b, &store, &parts);
    }
    assert_true(whole.count > 0);
    fake_same_reports(&whole, &parts);
    D.free(a);
    D.free(b);
    fake_store_done(&store);
    a = fake_make(&D, &whole, NULL);
    try_login(a, "redis", "", PC, SERVER, LOGIN_FAILED, T0);
    a = fake_restart(&D, a, &store, &whole);
    for (size_t i = 0; i < store.count; i++)
        assert_true(store.row[i].len > 0);
    D.free(a);
    fake_store_done(&store);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
}

static void
test_cap(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 20000; i++)
        try_login(self, "ssh", "", ip4(203, i / 62500, i / 250 % 250, i % 250), SERVER,
                  LOGIN_FAILED, T0 + i * VG_MIN_NS);
    assert_true(judge.count < 100);
    D.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast),
        cmocka_unit_test(test_each_service),
        cmocka_unit_test(test_pages_over_tls),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_targets_and_sources),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_web),
        cmocka_unit_test(test_slow_web),
        cmocka_unit_test(test_rdp),
        cmocka_unit_test(test_telephones),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_restart_goes_on),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
