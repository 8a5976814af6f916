/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t L2TP[] = {0xc8, 0x02, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
static const uint8_t RMCP[] = {0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x00, 0x00, 0x00};
/* clang-format on */

static void
named_is(const struct line *lines, size_t count, uint16_t port, const char *name)
{
    struct kit_log log;
    char part[64];

    snprintf(part, sizeof(part), "\"protocol\":\"%s\"", name);
    dialog_udp(&log, lines, count, port);
    assert_true(kit_says(&log, part));
    kit_log_free(&log);
    dialog_survives_cuts(lines, count, port, true);
}

static const struct line SYSLOG[] = {{0, TEXT("<34>Oct 11 22:14:15 caja su: failed")}};
static const struct line BROKEN[] = {{0, TEXT("<340>x")}, {0, TEXT("<34 x")}, {0, TEXT("34>x")}};
static const struct line IPMI[] = {{0, BYTES(RMCP)}};
static const struct line TUNNEL[] = {{0, BYTES(L2TP)}};

static void
test_flows_are_named(void **state)
{
    (void)state;
    named_is(SYSLOG, 1, 514, "syslog");
    named_is(BROKEN, 3, 514, "");
    named_is(IPMI, 1, 623, "ipmi");
    named_is(IPMI, 1, 624, "");
    named_is(TUNNEL, 1, 1701, "l2tp");
    dialog_seed("fuzz_net_syslog", "dialog", SYSLOG, 1);
    dialog_seed("fuzz_net_ipmi", "dialog", IPMI, 1);
    dialog_seed("fuzz_net_l2tp", "dialog", TUNNEL, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
