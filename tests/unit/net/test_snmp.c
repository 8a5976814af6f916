/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t GET[] = {0x30, 0x26, 0x02, 0x01, 0x01, 0x04, 0x06, 0x70, 0x75, 0x62, 0x6c, 0x69, 0x63, 0xa0, 0x19, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x05, 0x00};
static const uint8_t RESPONSE[] = {0x30, 0x2b, 0x02, 0x01, 0x01, 0x04, 0x06, 0x70, 0x75, 0x62, 0x6c, 0x69, 0x63, 0xa2, 0x1e, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x13, 0x30, 0x11, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x04, 0x05, 0x4c, 0x69, 0x6e, 0x75, 0x78};
static const uint8_t SET[] = {0x30, 0x29, 0x02, 0x01, 0x00, 0x04, 0x08, 0x73, 0x65, 0x63, 0x72, 0x65, 0x74, 0x6f, 0x31, 0xa3, 0x1a, 0x02, 0x01, 0x02, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0f, 0x30, 0x0d, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x05, 0x00, 0x04, 0x01, 0x78};
static const uint8_t VERSION3[] = {0x30, 0x51, 0x02, 0x01, 0x03, 0x30, 0x0d, 0x02, 0x01, 0x01, 0x02, 0x02, 0x10, 0x00, 0x04, 0x01, 0x03, 0x02, 0x01, 0x03, 0x04, 0x2e, 0x30, 0x2c, 0x04, 0x03, 0x65, 0x6e, 0x67, 0x02, 0x01, 0x01, 0x02, 0x01, 0x02, 0x04, 0x07, 0x6d, 0x6f, 0x6e, 0x69, 0x74, 0x6f, 0x72, 0x04, 0x0c, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x04, 0x08, 0x62, 0x62, 0x62, 0x62, 0x62, 0x62, 0x62, 0x62, 0x04, 0x0d, 0x65, 0x6e, 0x63, 0x72, 0x79, 0x70, 0x74, 0x65, 0x64, 0x2e, 0x2e, 0x2e, 0x2e};
/* clang-format on */

static const struct line LINES[] = {
    {0, BYTES(GET)}, {0, BYTES(GET)}, {1, BYTES(RESPONSE)}, {0, BYTES(SET)}, {0, BYTES(VERSION3)}};

static void
test_what_is_told(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 161);
    assert_int_equal(log.count[OBS_RECORD], 4);
    assert_int_equal(log.count[OBS_LOGIN], 1);
    assert_true(kit_says(&log, "\"version\":\"2c\",\"pdu\":\"get\",\"oid\":\"1.3.6.1.2.1.1.1.0\","
                               "\"community_default\":true}"));
    assert_true(kit_says(&log, "\"pdu\":\"response\""));
    assert_true(kit_says(&log, "\"version\":\"1\",\"pdu\":\"set\",\"oid\":\"1.3.6.1.2.1.1.5.0\","
                               "\"community_default\":false}"));
    assert_true(kit_says(
        &log,
        "\"version\":\"3\",\"pdu\":\"encrypted\",\"user\":\"monitor\",\"security\":\"authPriv\"}"));
    assert_true(kit_says(
        &log, "\"service\":\"snmp\",\"user\":\"\",\"result\":\"succeeded\",\"cleartext\":true"));
    assert_false(kit_says(&log, "secreto1"));
    assert_false(kit_says(&log, "\"src\":\"10.0.0.1\""));
    kit_log_free(&log);
    dialog_seed("fuzz_net_snmp", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 161, true);
}

static void
test_unanswered_is_a_try(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, 2, 161);
    assert_int_equal(log.count[OBS_LOGIN], 1);
    assert_true(kit_says(&log, "\"service\":\"snmp\",\"user\":\"\",\"result\":\"unknown\""));
    kit_log_free(&log);
}

static void
test_other_ports_need_a_certain_look(void **state)
{
    static const struct line set[] = {{0, BYTES(SET)}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, set, 1, 5000);
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
    dialog_udp(&log, LINES, 1, 5000);
    assert_int_equal(log.count[OBS_RECORD], 1);
    kit_log_free(&log);
}

/* Guesses: another community each time, and no answer. */
static void
test_guessing(void **state)
{
    static uint8_t get[5][sizeof(GET)];
    struct line lines[5];
    struct kit_log log;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        memcpy(get[i], GET, sizeof(GET));
        get[i][7] = (uint8_t)('a' + i % 4); /* of "public"; the last is the first again */
        lines[i] = (struct line){0, get[i], sizeof(GET)};
    }
    dialog_udp(&log, lines, 5, 161);
    assert_int_equal(log.count[OBS_LOGIN], 3 + 1);
    assert_true(kit_says(&log, "\"service\":\"snmp\",\"user\":\"\",\"result\":\"failed\""));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_unanswered_is_a_try),
        cmocka_unit_test(test_guessing),
        cmocka_unit_test(test_other_ports_need_a_certain_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
