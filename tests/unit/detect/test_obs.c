/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/detect/obs.h"

static void
expect_v6(const char *hex, const char *want)
{
    struct net_addr a = {.family = 6};
    char text[NET_ADDR_TEXT_MAX];

    for (int i = 0; i < 16; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        a.bytes[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    assert_string_equal(net_addr_format(&a, text), want);
}

static void
test_format(void **state)
{
    struct net_addr v4 = {.family = 4, .bytes = {192, 168, 0, 255}};
    struct net_addr none = {0};
    char text[NET_ADDR_TEXT_MAX];

    (void)state;
    assert_string_equal(net_addr_format(&v4, text), "192.168.0.255");
    assert_string_equal(net_addr_format(&none, text), "");
    expect_v6("00000000000000000000000000000000", "::");
    expect_v6("00000000000000000000000000000001", "::1");
    expect_v6("fe800000000000000000000000000000", "fe80::");
    expect_v6("20010db8000000000001000000000001", "2001:db8::1:0:0:1");
    expect_v6("20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1");
    expect_v6("00010000000000010000000000000001", "1:0:0:1::1");
    expect_v6("00000000000000000000ffff0a000001", "::ffff:10.0.0.1");
    expect_v6("ffffffffffffffffffffffffffffffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void
test_kinds(void **state)
{
    struct net_addr shop = {4, {172, 31, 9, 9}}, world = {4, {172, 32, 0, 1}};
    struct net_addr all = {4, {10, 0, 0, 255}}, mdns = {4, {224, 0, 0, 251}};
    struct net_addr ula = {6, {0xfd, 1}}, link = {6, {0xfe, 0xbf}}, six = {6, {0x20, 1}};

    (void)state;
    assert_true(net_addr_is_local(&shop));
    assert_false(net_addr_is_local(&world));
    assert_true(net_addr_is_local(&ula));
    assert_true(net_addr_is_local(&link));
    assert_false(net_addr_is_local(&six));
    assert_true(net_addr_is_group(&all));
    assert_true(net_addr_is_group(&mdns));
    assert_false(net_addr_is_group(&world));
    assert_true(net_addr_eq(&shop, &shop));
    assert_false(net_addr_eq(&shop, &world));
    assert_string_equal(flow_state_name(FLOW_CUT), "cut");
    assert_string_equal(txn_kind_name(TXN_SETTINGS), "settings");
    assert_string_equal(txn_outcome_name(TXN_DECLINED), "declined");
    assert_string_equal(flow_state_name((enum flow_state)99), "unknown");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_format), cmocka_unit_test(test_kinds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
