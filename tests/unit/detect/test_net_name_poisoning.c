/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static const struct net_addr EVIL = {4, {192, 168, 1, 66}}, SERVER = {4, {192, 168, 1, 5}},
                             PC = {4, {192, 168, 1, 9}};

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_NAME_POISONING, &judge, NULL);
}

static void
answer(void *self, const char *type, struct net_addr who, const char *name, const char *address,
       int64_t at_ns)
{
    struct flow_view f = flow_of(who, PC, 137, at_ns);
    struct str addresses[] = {str_of(address)}, names[] = {str_of(name)};
    bool list = strcmp(type, "mdns") == 0;
    struct record_field fields[] = {{.name = "response", .type = FIELD_BOOL, .number = 1},
                                    {.name = strcmp(type, "llmnr") == 0 ? "query"
                                             : list                     ? "names"
                                                                        : "name",
                                     .type = list ? FIELD_LIST : FIELD_TEXT,
                                     .text = str_of(name),
                                     .list = names,
                                     .list_count = 1},
                                    {.name = strcmp(type, "llmnr") == 0 ? "answers" : "addresses",
                                     .type = FIELD_LIST,
                                     .list = addresses,
                                     .list_count = 1}};
    struct record_view r = {.type = type, .flow = &f, .fields = fields, .count = 3};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = at_ns, .record = &r};

    NET_NAME_POISONING.observe(self, &obs);
}

static void
login(void *self, struct net_addr to, int64_t at_ns)
{
    struct flow_view f = flow_of(PC, to, 445, at_ns);
    struct login_view v = {.flow = &f, .service = "smb", .user = str_of("maria")};
    struct obs obs = {.kind = OBS_LOGIN, .time_ns = at_ns, .login = &v};

    NET_NAME_POISONING.observe(self, &obs);
}

static void
test_poisoner(void **state)
{
    static const char *const types[] = {"llmnr", "nbns"};

    for (size_t i = 0; i < VG_ARRAY_LEN(types); i++) {
        void *self = start();

        answer(self, types[i], EVIL, "FILESRV", "192.168.1.66", T0);
        answer(self, types[i], EVIL, "filesrv", "192.168.1.66", T0 + 1);
        answer(self, types[i], EVIL, "printsrvv", "192.168.1.66", T0 + 2);
        assert_int_equal(judge.count, 0);
        answer(self, types[i], EVIL, "intranett", "192.168.1.66", T0 + 3);
        assert_int_equal(judge.count, 1);
        assert_string_equal(judge.report[0].subject, "192.168.1.66");
        login(self, EVIL, T0 + VG_SEC_NS);
        assert_int_equal(judge.count, 2);
        assert_int_equal(judge.report[1].severity, SEVERITY_CRITICAL);
        assert_string_equal(judge.report[1].peer, "192.168.1.9");
        NET_NAME_POISONING.free(self);
    }
}

static void
test_proxy(void **state)
{
    void *self = start();

    answer(self, "llmnr", EVIL, "wpad", "192.168.1.66", T0);
    assert_int_equal(judge.count, 1);
    NET_NAME_POISONING.free(self);
}

static void
test_ordinary_life(void **state)
{
    void *self = start();
    char name[32];

    for (unsigned i = 0; i < 200; i++) {
        int64_t at = T0 + i * VG_MIN_NS;

        answer(self, "llmnr", PC, i % 2 == 0 ? "caja-1" : "CAJA-1", "192.168.1.9", at);
        answer(self, "nbns", SERVER, i % 2 == 0 ? "SERVIDOR" : "TIENDA", "192.168.1.5", at);
        login(self, SERVER, at + 1);
        /* a name server of NetBIOS, a reflector of multicast DNS: others' addresses */
        snprintf(name, sizeof(name), "pc-%u", i);
        answer(self, "nbns", ip4(192, 168, 1, 2), name, "192.168.1.77", at);
        answer(self, "mdns", ip4(192, 168, 1, 2), name, "192.168.1.77", at);
        snprintf(name, sizeof(name), "impresora-%u.local", i % 3);
        answer(self, "mdns", ip4(192, 168, 1, 60), name, "192.168.1.60", at);
    }
    assert_int_equal(judge.count, 0);
    NET_NAME_POISONING.free(self);
}

static void
part(void *self, unsigned from, unsigned to)
{
    char name[32], own[20];

    for (unsigned i = from; i < to; i++) {
        struct net_addr who = ip4(192, 168, 1, i % 7);

        snprintf(name, sizeof(name), "name-%u", i % 40);
        answer(self, "llmnr", who, name, net_addr_format(&who, (char[NET_ADDR_TEXT_MAX]){0}),
               T0 + i * VG_MIN_NS);
        snprintf(own, sizeof(own), "192.168.2.%u", i % 200);
        answer(self, "llmnr", ip4(192, 168, 2, i % 200), "x", own, T0 + i * VG_MIN_NS);
        if (i % 11 == 0)
            login(self, who, T0 + i * VG_MIN_NS);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_NAME_POISONING, &whole, NULL),
         *b = fake_make(&NET_NAME_POISONING, &parts, NULL);
    json_t *counters = json_object();

    part(a, 1, 600);
    for (unsigned at = 1; at < 600; at += 37) {
        part(b, at, at + 37 < 600 ? at + 37 : 600);
        b = fake_restart(&NET_NAME_POISONING, b, &store, &parts);
    }
    assert_true(whole.count >= 7);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_NAME_POISONING, &store, &parts);
    NET_NAME_POISONING.health(a, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "answerers")), 128);
    json_decref(counters);
    NET_NAME_POISONING.free(a);
    NET_NAME_POISONING.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poisoner),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_ordinary_life),
        cmocka_unit_test(test_restart_goes_on),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
