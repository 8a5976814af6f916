/* SPDX-License-Identifier: Apache-2.0 */
/* RustDesk: its rendezvous messages over UDP and TCP. */
#include "dialog.h"

/* Field 6 with {1: id, 2: serial}; 7 with {2: true}; 8 with {1: peer, 3: key}; 18 with {1, 2, 4}. */
#define REGISTER                                                                                   \
    "\x32\x0d\x0a\x09"                                                                             \
    "123456789"                                                                                    \
    "\x10\x07"
#define REGISTERED "\x3a\x02\x10\x01"
#define PUNCH                                                                                      \
    "\x42\x10\x0a\x09"                                                                             \
    "987654321"                                                                                    \
    "\x1a\x03"                                                                                     \
    "key"
#define RELAY                                                                                      \
    "\x92\x01\x11\x0a\x09"                                                                         \
    "987654321"                                                                                    \
    "\x12\x04"                                                                                     \
    "uuid"

static const struct line UDP[] = {
    {0, TEXT(REGISTER)}, {1, TEXT(REGISTERED)}, {0, TEXT(REGISTER)}, {1, TEXT("\x4a\x02\x12\x00")}};

static void
test_udp(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, UDP, VG_ARRAY_LEN(UDP), 21116);
    assert_int_equal(log.count[OBS_RECORD], 2);
    assert_true(kit_says(&log, "\"tool\":\"rustdesk\",\"message\":\"register_peer\","
                               "\"id\":\"123456789\",\"session\":false}"));
    assert_true(kit_says(&log, "\"message\":\"punch_hole\",\"session\":true}"));
    assert_true(kit_says(&log, "\"protocol\":\"rustdesk\""));
    kit_log_free(&log);
    dialog_udp(&log, UDP, VG_ARRAY_LEN(UDP), 8000); /* a port of somebody else's */
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
    dialog_survives_cuts(UDP, VG_ARRAY_LEN(UDP), 21116, true);
    dialog_seed("fuzz_net_rustdesk_udp", "register", UDP, VG_ARRAY_LEN(UDP));
}

static const struct line TCP[] = {{0, TEXT("\x48" PUNCH)},
                                  {1, TEXT("\x14"
                                           "\x5a\x03\x0a\x01x")},
                                  {0, TEXT("\x51\0" RELAY)}};

static void
test_tcp(void **state)
{
    static const size_t pieces[] = {DIALOG_WHOLE, 1};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(pieces); i++) {
        struct kit_log log;

        dialog_tcp(&log, TCP, VG_ARRAY_LEN(TCP), 21116, pieces[i]);
        assert_int_equal(log.count[OBS_RECORD], 1);
        assert_true(kit_says(&log, "\"message\":\"punch_hole_request\",\"peer\":\"987654321\","
                                   "\"session\":true}"));
        kit_log_free(&log);
        dialog_tcp(&log, TCP + 2, 1, 21117, pieces[i]);
        assert_true(kit_says(&log, "\"message\":\"request_relay\",\"peer\":\"987654321\""));
        kit_log_free(&log);
    }
    dialog_survives_cuts(TCP, VG_ARRAY_LEN(TCP), 21116, false);
    dialog_seed("fuzz_net_rustdesk", "punch", TCP, VG_ARRAY_LEN(TCP));
    dialog_seed("fuzz_net_rustdesk", "relay", TCP + 2, 1);
}

static void
test_others(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("\x32\x0d\x0a\x09"
                 "12345678 "
                 "\x10\x07")},         /* no id */
        {0, TEXT("\x32\x02\x10\x07")}, /* nobody registers */
        {0, TEXT(REGISTER "x")},
        {0, TEXT("\x32\x0e\x0a\x09"
                 "123456789"
                 "\x10\x07")},
        {0, TEXT("\xfa\x01\x01x")}, /* field 31 */
        {0, TEXT("\x30\x01")},
        {0, TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(lines); i++) {
        struct kit_log log;

        dialog_udp(&log, &lines[i], 1, 21116);
        assert_int_equal(log.count[OBS_RECORD], 0);
        kit_log_free(&log);
        dialog_tcp(&log, &lines[i], 1, 21116, DIALOG_WHOLE);
        assert_int_equal(log.count[OBS_RECORD], 0);
        kit_log_free(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
