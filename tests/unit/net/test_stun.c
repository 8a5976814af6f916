/* SPDX-License-Identifier: Apache-2.0 */
/* STUN: the vectors of RFC 5769, 2.1 and 2.2 (their attributes that we read), and an error. */
#include "dialog.h"

static const uint8_t REQUEST[] = {0x00, 0x01, 0x00, 0x14, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7,
                                  0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
                                  0x80, 0x22, 0x00, 0x10, 'S',  'T',  'U',  'N',  ' ',  't',
                                  'e',  's',  't',  ' ',  'c',  'l',  'i',  'e',  'n',  't'};
static const uint8_t RESPONSE[] = {
    0x01, 0x01, 0x00, 0x1c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 't',  'e',  's',  't',  ' ',  'v',  'e',  'c',
    't',  'o',  'r',  0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43};
static const uint8_t REFUSED[] = {0x01, 0x13, 0x00, 0x14, 0x21, 0x12, 0xa4, 0x42, 1,    2,
                                  3,    4,    5,    6,    7,    8,    9,    10,   11,   12,
                                  0x00, 0x09, 0x00, 0x04, 0,    0,    4,    1,    0x00, 0x14,
                                  0x00, 0x05, 'r',  'e',  'a',  'l',  'm',  0,    0,    0};

static const struct line LINES[] = {{0, BYTES(REQUEST)},
                                    {0, BYTES(REQUEST)}, /* said again */
                                    {1, BYTES(RESPONSE)},
                                    {1, BYTES(REFUSED)}};

static void
check(struct kit_log *log)
{
    assert_true(kit_says(log, "\"app\":\"stun\""));
    assert_int_equal(log->count[OBS_RECORD], 3);
    assert_true(kit_says(log, "\"method\":\"binding\",\"class\":\"request\",\"software\":\"STUN "
                              "test client\""));
    assert_true(kit_says(log, "\"class\":\"success\",\"software\":\"test vector\",\"mapped\":"
                              "\"192.0.2.1\""));
    assert_true(kit_says(log, "\"method\":\"allocate\",\"class\":\"error\",\"realm\":\"realm\","
                              "\"error\":401"));
    kit_log_free(log);
}

static void
test_messages(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 50000);
    check(&log);
    dialog_tcp(&log, LINES, VG_ARRAY_LEN(LINES), 50000, DIALOG_WHOLE);
    check(&log);
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 3478, false);
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 3478, true);
    dialog_seed("fuzz_net_stun", "binding", LINES, VG_ARRAY_LEN(LINES));
}

/* The old form is believed on its port alone. */
static void
test_without_the_cookie(void **state)
{
    static const uint8_t old[] = {0, 1, 0, 0,  1,  2,  3,  4,  5,  6,
                                  7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const struct line lines[] = {{0, BYTES(old)}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, lines, 1, 3478);
    assert_int_equal(log.count[OBS_RECORD], 1);
    kit_log_free(&log);
    dialog_udp(&log, lines, 1, 3479);
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_without_the_cookie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
