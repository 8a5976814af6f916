/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static const uint8_t ROUTER[6] = {0x00, 0x26, 0x0b, 1, 2, 3},
                     VICTIM[6] = {0x00, 0x21, 0x70, 4, 5, 6}, EVIL[6] = {0x00, 0x25, 0xb3, 7, 8, 9},
                     ALL[6] = {255, 255, 255, 255, 255, 255};
static const struct net_addr GATE = {4, {192, 168, 1, 1}}, PC = {4, {192, 168, 1, 20}},
                             BAD = {4, {192, 168, 1, 66}};

static void
arp(void *self, int64_t t, bool reply, const uint8_t from[6], struct net_addr sender,
    const uint8_t to[6], struct net_addr target)
{
    struct arp_view v = {.reply = reply, .sender = sender, .target = target};
    struct obs obs = {.kind = OBS_ARP, .time_ns = t, .arp = &v};

    memcpy(v.eth_src, from, 6);
    memcpy(v.sender_mac, from, 6);
    memcpy(v.eth_dst, to, 6);
    memcpy(v.target_mac, to, 6);
    NET_ARP_SPOOF.observe(self, &obs);
}

static void
surf(void *self, int64_t t, const uint8_t from[6], struct net_addr src, const uint8_t hop[6])
{
    struct flow_view f = flow_of(src, ip4(93, 184, 216, 34), 443, t);

    f.has_mac = true;
    memcpy(f.src_mac, from, 6);
    memcpy(f.dst_mac, hop, 6);
    see_flow(&NET_ARP_SPOOF, self, OBS_FLOW_START, &f);
}

/* An honest question and its answer. */
static void
ask(void *self, int64_t t, const uint8_t who[6], struct net_addr whose, const uint8_t owner[6],
    struct net_addr addr)
{
    arp(self, t, false, who, whose, ALL, addr);
    arp(self, t + VG_MS_NS, true, owner, addr, who, whose);
}

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_ARP_SPOOF, &judge, NULL);
}

static const char *
fact(size_t i, const char *name)
{
    return json_string_value(json_object_get(judge.report[i].facts, name));
}

static void
poison(void *self)
{
    int64_t t = T0;

    ask(self, t, VICTIM, PC, ROUTER, GATE);
    ask(self, t + VG_SEC_NS, EVIL, BAD, ROUTER, GATE);
    for (int i = 0; i < 20; i++) { /* both ways, every two seconds, as the usual tools do */
        t += 2 * VG_SEC_NS;
        arp(self, t, true, EVIL, GATE, VICTIM, PC);
        arp(self, t, true, EVIL, PC, ROUTER, GATE);
    }
}

static void
test_poisoning(void **state)
{
    void *self = start();

    poison(self);
    bool router = false;

    assert_true(judge.count >= 2 && judge.count <= 4);
    for (size_t i = 0; i < judge.count; i++) {
        assert_string_equal(judge.report[i].subject, "00:25:b3:07:08:09");
        assert_string_equal(judge.report[i].kind, "device");
        assert_string_equal(fact(i, "mac"), "00:25:b3:07:08:09");
        assert_string_equal(fact(i, "style"), "answers");
        assert_string_equal(fact(i, "host"), "192.168.1.66");
        if (strcmp(fact(i, "address"), "192.168.1.1") == 0) {
            router = true;
            assert_int_equal(judge.report[i].severity, SEVERITY_CRITICAL);
        }
    }
    assert_true(router);
    NET_ARP_SPOOF.free(self);
}

/* Poisoning was under way before we looked: the true router comes second and still is not blamed. */
static void
test_attacker_seen_first(void **state)
{
    void *self = start();
    int64_t t = T0;

    for (int i = 0; i < 5; i++)
        arp(self, t += VG_SEC_NS, true, EVIL, GATE, VICTIM, PC);
    for (int i = 0; i < 5; i++) {
        ask(self, t += VG_SEC_NS, VICTIM, PC, ROUTER, GATE);
        arp(self, t += VG_SEC_NS, true, EVIL, GATE, VICTIM, PC);
        arp(self, t += VG_SEC_NS, true, EVIL, GATE, VICTIM, PC);
    }
    assert_true(judge.count >= 1);
    for (size_t i = 0; i < judge.count; i++)
        assert_string_equal(judge.report[i].subject, "00:25:b3:07:08:09");
    NET_ARP_SPOOF.free(self);
}

static void
test_lure(void **state)
{
    void *self = start();

    surf(self, T0, VICTIM, PC, ROUTER); /* ARP of the true router is never seen */
    arp(self, T0 + 4 * VG_SEC_NS, false, EVIL, GATE, VICTIM, PC);
    arp(self, T0 + 4 * VG_SEC_NS + 1, true, VICTIM, PC, EVIL, GATE);
    arp(self, T0 + 4 * VG_SEC_NS + 2, true, EVIL, GATE, VICTIM, PC);
    assert_int_equal(judge.count, 0);
    arp(self, T0 + 14 * VG_SEC_NS, false, EVIL, BAD, ALL, GATE);
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "style"), "lure");
    assert_string_equal(fact(0, "address"), "192.168.1.1");
    assert_string_equal(fact(0, "host"), "192.168.1.66");
    assert_string_equal(judge.report[0].subject, "00:25:b3:07:08:09");
    NET_ARP_SPOOF.free(self);
}

static void
test_two_owners_in_turn(void **state)
{
    void *self = start();

    for (int i = 0; i < 4; i++) {
        arp(self, T0 + i * 4 * VG_SEC_NS, false, VICTIM, PC, ALL, GATE);
        arp(self, T0 + (i * 4 + 2) * VG_SEC_NS, false, EVIL, PC, ALL, GATE);
    }
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "style"), "conflict");
    assert_int_equal(judge.report[0].severity, SEVERITY_MEDIUM);
    NET_ARP_SPOOF.free(self);
}

static void
test_flood(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 200; i++)
        arp(self, T0 + i * 100 * VG_MS_NS, true, EVIL, ip4(192, 168, 1, 2 + i), VICTIM, PC);
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "style"), "flood");
    NET_ARP_SPOOF.free(self);
}

/* ---- ordinary life ---- */

static void
test_lease_moves_on(void **state)
{
    void *self = start();

    ask(self, T0, VICTIM, PC, ROUTER, GATE);
    for (int i = 0; i < 6; i++) {
        arp(self, T0 + VG_HOUR_NS + i * VG_SEC_NS, false, EVIL, PC, ALL, PC); /* announces it */
        ask(self, T0 + VG_HOUR_NS + i * VG_MIN_NS, EVIL, PC, ROUTER, GATE);
    }
    assert_int_equal(judge.count, 0);
    NET_ARP_SPOOF.free(self);
}

static void
test_repeater_answers_for_many(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 40; i++) {
        struct net_addr phone = ip4(192, 168, 1, 100 + i % 8);

        ask(self, T0 + i * 30 * VG_SEC_NS, ROUTER, GATE, EVIL, phone);
    }
    /* a phone walks over to the router and back */
    ask(self, T0 + 1300 * VG_SEC_NS, ROUTER, GATE, VICTIM, ip4(192, 168, 1, 100));
    ask(self, T0 + 1500 * VG_SEC_NS, ROUTER, GATE, EVIL, ip4(192, 168, 1, 100));
    assert_int_equal(judge.count, 0);
    NET_ARP_SPOOF.free(self);
}

/* A bridge that is itself a Wi-Fi client repeats every question under its own MAC. */
static void
test_translating_bridge(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 40; i++) {
        int64_t t = T0 + i * 3 * VG_SEC_NS;

        arp(self, t, false, VICTIM, PC, ALL, GATE);
        arp(self, t + 8000, false, EVIL, PC, ALL, GATE);
        arp(self, t + VG_MS_NS, true, ROUTER, GATE, EVIL, PC);
        arp(self, t + VG_SEC_NS, false, ROUTER, GATE, ALL, PC);
        arp(self, t + VG_SEC_NS + VG_MS_NS, true, VICTIM, PC, ROUTER, GATE);
        arp(self, t + VG_SEC_NS + VG_MS_NS + 7000, true, EVIL, PC, ROUTER, GATE);
    }
    assert_int_equal(judge.count, 0);
    NET_ARP_SPOOF.free(self);
}

static void
test_router_failover(void **state)
{
    static const uint8_t one[6] = {0, 0, 0x5e, 0, 1, 7};
    void *self = start();

    for (unsigned i = 0; i < 50; i++) {
        ask(self, T0 + i * VG_SEC_NS, VICTIM, PC, i % 2 == 0 ? one : ROUTER, GATE);
        arp(self, T0 + i * VG_SEC_NS + 5, true, one, GATE, ALL, GATE);
    }
    /* keepalived without a virtual MAC: the standby announces, the old master is silent */
    ask(self, T0 + 100 * VG_SEC_NS, VICTIM, PC, ROUTER, ip4(192, 168, 1, 254));
    for (unsigned i = 0; i < 10; i++)
        arp(self, T0 + 110 * VG_SEC_NS + i, true, EVIL, ip4(192, 168, 1, 254), ALL,
            ip4(192, 168, 1, 254));
    assert_int_equal(judge.count, 0);
    NET_ARP_SPOOF.free(self);
}

static void
test_probes_claim_nothing(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 100; i++) {
        arp(self, T0 + i * VG_SEC_NS, false, i % 2 == 0 ? EVIL : VICTIM, ip4(0, 0, 0, 0), ALL, PC);
        ask(self, T0 + i * VG_SEC_NS + 5, VICTIM, PC, ROUTER, GATE);
    }
    assert_int_equal(judge.count, 0);
    NET_ARP_SPOOF.free(self);
}

/* ---- state ---- */

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_ARP_SPOOF, &whole, NULL), *b = fake_make(&NET_ARP_SPOOF, &parts, NULL);

    poison(a);
    int64_t t = T0;

    ask(b, t, VICTIM, PC, ROUTER, GATE);
    b = fake_restart(&NET_ARP_SPOOF, b, &store, &parts);
    ask(b, t + VG_SEC_NS, EVIL, BAD, ROUTER, GATE);
    for (int i = 0; i < 20; i++) {
        t += 2 * VG_SEC_NS;
        arp(b, t, true, EVIL, GATE, VICTIM, PC);
        b = fake_restart(&NET_ARP_SPOOF, b, &store, &parts);
        arp(b, t, true, EVIL, PC, ROUTER, GATE);
    }
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_ARP_SPOOF, &store, &parts);
    NET_ARP_SPOOF.free(a);
    NET_ARP_SPOOF.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poisoning),
        cmocka_unit_test(test_attacker_seen_first),
        cmocka_unit_test(test_lure),
        cmocka_unit_test(test_two_owners_in_turn),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_lease_moves_on),
        cmocka_unit_test(test_repeater_answers_for_many),
        cmocka_unit_test(test_translating_bridge),
        cmocka_unit_test(test_router_failover),
        cmocka_unit_test(test_probes_claim_nothing),
        cmocka_unit_test(test_restart_goes_on),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
