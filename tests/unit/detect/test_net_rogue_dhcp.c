/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_ROGUE_DHCP, &judge, NULL);
}

static void
one_report(const char *style)
{
    assert_int_equal(judge.count, 1);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "style")), style);
}

static void
offer(void *self, const char *server, const char *router, const char *wpad, const char *mac,
      int64_t at_ns)
{
    struct str list[] = {str_of(router)};
    struct record_field fields[] = {
        {.name = "message", .type = FIELD_TEXT, .text = str_of("offer")},
        {.name = "server_id", .type = FIELD_TEXT, .text = str_of(server)},
        {.name = "client_mac", .type = FIELD_TEXT, .text = str_of(mac)},
        {.name = "routers", .type = FIELD_LIST, .list = list, .list_count = 1},
        {.name = "dns", .type = FIELD_LIST, .list = list, .list_count = 1},
        {.name = "wpad", .type = FIELD_TEXT, .text = str_of(wpad)}};
    struct record_view r = {.type = "dhcp", .fields = fields, .count = 6};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = at_ns, .record = &r};

    NET_ROGUE_DHCP.observe(self, &obs);
}

static void
advertise(void *self, unsigned router, uint16_t lifetime_s, int64_t at_ns)
{
    struct ndp_view ndp = {.type = 134, .lifetime_s = lifetime_s};
    struct icmp_view i = {.src = {6, {0xfe, 0x80}}, .type = 134, .v6 = true, .ndp = &ndp};
    struct obs obs = {.kind = OBS_ICMP, .time_ns = at_ns, .icmp = &i};

    i.src.bytes[15] = (uint8_t)router;
    NET_ROGUE_DHCP.observe(self, &obs);
}

static void
test_second_server(void **state)
{
    void *self = start();

    offer(self, "192.168.1.1", "192.168.1.1", "", "02:00:00:00:00:01", T0);
    offer(self, "192.168.1.66", "192.168.1.66", "", "02:00:00:00:00:02", T0 + VG_HOUR_NS);
    offer(self, "192.168.1.66", "192.168.1.66", "", "02:00:00:00:00:03", T0 + 2 * VG_HOUR_NS);
    one_report("server");
    assert_string_equal(judge.report[0].subject, "192.168.1.66");
    NET_ROGUE_DHCP.free(self);
    self = start(); /* a modem plugged in the wrong way, of another network */
    offer(self, "192.168.1.1", "192.168.1.1", "", "02:00:00:00:00:01", T0);
    offer(self, "192.168.0.1", "192.168.0.1", "", "02:00:00:00:00:01", T0 + VG_SEC_NS);
    one_report("server");
    NET_ROGUE_DHCP.free(self);
    self = start();
    offer(self, "192.168.1.1", "192.168.1.1", "", "02:00:00:00:00:01", T0);
    offer(self, "192.168.1.1", "192.168.1.1", "http://192.168.1.66/w", "02:00:00:00:00:01",
          T0 + VG_HOUR_NS);
    one_report("wpad");
    NET_ROGUE_DHCP.free(self);
}

static void
test_routers(void **state)
{
    void *self = start();

    advertise(self, 1, 1800, T0);
    advertise(self, 9, 1800, T0 + VG_MIN_NS);
    assert_int_equal(judge.count, 0);
    advertise(self, 1, 1800, T0 + 2 * VG_MIN_NS);
    advertise(self, 9, 1800, T0 + 3 * VG_MIN_NS);
    one_report("router");
    NET_ROGUE_DHCP.free(self);
    self = start();
    for (unsigned i = 0; i < 20; i++)
        advertise(self, i, 1800, T0 + i * VG_MS_NS);
    one_report("routers");
    NET_ROGUE_DHCP.free(self);
}

static void
test_ordinary_life(void **state)
{
    void *self = start();

    for (int i = 0; i < 100; i++) {
        int64_t at = T0 + i * VG_HOUR_NS;

        /* a pair that agrees; a smart home's border router; a laptop that goes home at night */
        offer(self, "192.168.1.2", "192.168.1.1", "", "02:00:00:00:00:01", at);
        offer(self, "192.168.1.3", "192.168.1.1", "", "02:00:00:00:00:01", at + VG_SEC_NS);
        advertise(self, 1, 1800, at);
        advertise(self, 7, 0, at);
    }
    offer(self, "10.0.0.1", "10.0.0.1", "", "02:00:00:00:00:01", T0 + 101 * VG_HOUR_NS);
    advertise(self, 3, 1800, T0 + 101 * VG_HOUR_NS);
    advertise(self, 3, 1800, T0 + 102 * VG_HOUR_NS);
    assert_int_equal(judge.count, 0);
    NET_ROGUE_DHCP.free(self);
}

static void
part(void *self, unsigned from, unsigned to)
{
    char server[20];

    for (unsigned i = from; i < to; i++) {
        snprintf(server, sizeof(server), "192.168.%u.%u", i % 3, 1 + i % 50);
        offer(self, server, server, i % 70 == 0 ? "w" : "", "02:00:00:00:00:01",
              T0 + i * VG_SEC_NS);
        advertise(self, i / 10 % 20, 1800, T0 + i * VG_SEC_NS);
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_ROGUE_DHCP, &whole, NULL),
         *b = fake_make(&NET_ROGUE_DHCP, &parts, NULL);
    json_t *counters = json_object();

    part(a, 1, 600);
    for (unsigned at = 1; at < 600; at += 37) {
        part(b, at, at + 37 < 600 ? at + 37 : 600);
        b = fake_restart(&NET_ROGUE_DHCP, b, &store, &parts);
    }
    assert_true(whole.count >= 10);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_ROGUE_DHCP, &store, &parts);
    NET_ROGUE_DHCP.health(a, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "servers")), 32);
    assert_true(json_integer_value(json_object_get(counters, "evicted")) > 0);
    json_decref(counters);
    NET_ROGUE_DHCP.free(a);
    NET_ROGUE_DHCP.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_server),
        cmocka_unit_test(test_routers),
        cmocka_unit_test(test_ordinary_life),
        cmocka_unit_test(test_restart_goes_on),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
