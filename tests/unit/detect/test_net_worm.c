/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_WORM, &judge, NULL);
}

static struct net_addr
shop(unsigned n)
{
    return ip4(192, 168, 1, n);
}

static struct net_addr
world(unsigned n)
{
    return ip4(203, 0, 113, n);
}

static void
dial(void *self, struct net_addr src, struct net_addr dst, uint16_t port, int64_t t)
{
    struct flow_view f = flow_of(src, dst, port, t);

    see_flow(&NET_WORM, self, OBS_FLOW_START, &f);
}

/* A conversation that began at `t` and is over. */
static void
talk(void *self, struct net_addr src, struct net_addr dst, uint16_t port, int64_t t)
{
    struct flow_view f = flow_of(src, dst, port, t);

    see_flow(&NET_WORM, self, OBS_FLOW_START, &f);
    f.state = FLOW_CLOSED;
    f.payload_out = f.payload_in = 900;
    f.end_ns = t + VG_SEC_NS;
    see_flow(&NET_WORM, self, OBS_FLOW_END, &f);
}

static const char *
fact(size_t report, const char *name)
{
    assert_true(report < judge.count);
    return json_string_value(json_object_get(judge.report[report].facts, name));
}

static void
test_calls_the_world(void **state)
{
    void *self = start();

    (void)state;
    for (unsigned i = 0; i < 40; i++) { /* browsing */
        dial(self, shop(5), world(i), 443, T0 + i * VG_SEC_NS);
        dial(self, shop(5), world(i % 3), 22, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 40; i++)
        dial(self, shop(6), world(i), i % 3 == 0 ? 2323 : 23, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "kind"), "world");
    assert_string_equal(fact(0, "host"), "192.168.1.6");
    NET_WORM.free(self);
}

static void
test_slow_calls_are_quiet(void **state)
{
    void *self = start();

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        dial(self, shop(6), world(i), 22, T0 + i * 2 * VG_MIN_NS);
    assert_int_equal(judge.count, 0);
    NET_WORM.free(self);
}

static void
test_chain(void **state)
{
    void *self = start();

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        talk(self, shop(5), shop(10 + i), 445, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 6; i++)
        dial(self, shop(12), shop(20 + i), 445, T0 + (60 + i) * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "kind"), "chain");
    assert_string_equal(fact(0, "host"), "192.168.1.12");
    NET_WORM.free(self);
}

static void
test_server_is_no_chain(void **state)
{
    void *self = start();

    (void)state;
    for (unsigned i = 0; i < 30; i++) /* a backup of all PCs */
        talk(self, shop(2), shop(10 + i), 445, T0 + i * VG_SEC_NS);
    for (unsigned i = 0; i < 30; i++) /* who also all use their server */
        talk(self, shop(10 + i), shop(2), 445, T0 + (40 + i) * VG_SEC_NS);
    for (unsigned i = 0; i < 30; i++)
        talk(self, shop(2), shop(10 + i), 445, T0 + (90 + i) * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    NET_WORM.free(self);
}

static void
give(void *self, unsigned from, unsigned to, const char *name)
{
    struct flow_view f = flow_of(shop(from), shop(to), 445, T0);
    struct record_field all[] = {
        {.name = "service", .type = FIELD_TEXT, .text = str_of("smb")},
        {.name = "name", .type = FIELD_TEXT, .text = str_of(name)},
        {.name = "from_server", .type = FIELD_BOOL},
    };
    struct record_view r = {.flow = &f, .type = "file", .fields = all, .count = 3};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};

    NET_WORM.observe(self, &obs);
}

static void
test_programs_into_shares(void **state)
{
    void *self = start();

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        give(self, 5, 10 + i, "fotos\\a.jpg");
        give(self, 6, 10, "setup.exe");
    }
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 9; i++)
        give(self, 5, 10 + i, "Public\\photo.scr");
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "kind"), "shares");
    NET_WORM.free(self);
}

static void
test_mail(void **state)
{
    void *self = start();

    (void)state;
    for (unsigned i = 0; i < 60; i++)
        dial(self, shop(5), world(i % 4), 25, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 60; i++)
        dial(self, shop(5), world(i), 25, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "kind"), "mail");
    NET_WORM.free(self);
}

static void
ask_mx(void *self, const char *name, int64_t t)
{
    struct flow_view f = flow_of(shop(5), world(1), 53, T0);
    struct dns_view d = {.flow = &f, .query = str_of(name), .qtype = 15, .rcode = 0};
    struct obs obs = {.kind = OBS_DNS, .time_ns = t, .dns = &d};

    NET_WORM.observe(self, &obs);
}

/* Mail to many domains; a tunnel in names of one. */
static void
test_mail_domains(void **state)
{
    void *self = start();
    char name[40];

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "%08x.tunnel.example", i * 2654435761u);
        ask_mx(self, name, T0 + i * VG_SEC_NS / 2);
    }
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "firma%u.example", i);
        ask_mx(self, name, T0 + i * VG_SEC_NS / 2);
    }
    assert_int_equal(judge.count, 1);
    NET_WORM.free(self);
}

static void
test_forms(void **state)
{
    void *self = start();
    struct flow_view f = flow_of(shop(5), world(1), 1434, T0);
    struct http_view h = {.flow = &f,
                          .method = str_of("GET"),
                          .uri = str_of("/scripts/..%c1%1c../winnt/system32/cmd.exe?/c+dir")};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = T0, .http = &h};

    (void)state;
    f.proto = 17;
    f.payload_out = 1;
    see_flow(&NET_WORM, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 0);
    f.payload_out = 376;
    see_flow(&NET_WORM, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 1);
    NET_WORM.observe(self, &obs);
    assert_int_equal(judge.count, 2);
    assert_string_equal(fact(1, "detail"), "Nimda");
    NET_WORM.free(self);
}

static void
test_restart_and_damage(void **state)
{
    struct judge *other = calloc(1, sizeof(*other));
    struct fake_store *store = calloc(1, sizeof(*store));
    void *self = start(), *twin = fake_make(&NET_WORM, other, NULL);

    (void)state;
    assert_non_null(store);
    for (unsigned i = 0; i < 3000; i++) {
        struct net_addr from = shop(2 + i % 9 + i / 300),
                        to = i % 2 ? world(i % 250) : shop(i % 250);
        uint16_t port = (uint16_t)(i % 5 == 0 ? 445 : i % 5 == 1 ? 25 : 23);

        talk(self, from, to, port, T0 + i * VG_SEC_NS);
        talk(twin, from, to, port, T0 + i * VG_SEC_NS);
        if (i % 400 == 250)
            self = fake_restart(&NET_WORM, self, store, &judge);
    }
    assert_true(judge.count > 0);
    fake_same_reports(&judge, other);
    fake_truncate_rows(&NET_WORM, store, &judge);
    NET_WORM.free(self);
    NET_WORM.free(twin);
    fake_judge_done(other);
    fake_store_done(store);
    free(store);
    free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_the_world),
        cmocka_unit_test(test_slow_calls_are_quiet),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_server_is_no_chain),
        cmocka_unit_test(test_programs_into_shares),
        cmocka_unit_test(test_mail),
        cmocka_unit_test(test_mail_domains),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_restart_and_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
