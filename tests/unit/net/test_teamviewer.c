/* SPDX-License-Identifier: Apache-2.0 */
/* TeamViewer: heads of messages in both forms, and datagrams. */
#include "dialog.h"

#define ZEROS24 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct line STANDBY[] = {
    {0, TEXT("\x17\x24\x0a\x08\0abcdefgh\x17\x24\x28\x02\0zz")},
    {1, TEXT("\x11\x30\x36\0\x18\0\0\0\1\0\0\0\0\0\0\0\x1b\0\0\0\x18\0\0\0" ZEROS24)},
    {0, TEXT("\x11\x30\x3c\0\4\0\0\0\2\0\0\0\0\0\0\0\x1b\0\0\0\x18\0\0\0wxyz")},
};
static const struct line SESSION[] = {
    {0, TEXT("\x17\x24\x0a\x08\0abcdefgh")},
    {1, TEXT("\x17\x24\x24\0\0\x17\x24\x2f\x04\0wxyz")},
    {0, TEXT("\x17\x24\x19\x04\0wxyz")},
};

static void
test_streams(void **state)
{
    static const size_t pieces[] = {DIALOG_WHOLE, 1, 6};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(pieces); i++) {
        struct kit_log log;

        dialog_tcp(&log, STANDBY, VG_ARRAY_LEN(STANDBY), 5938, pieces[i]);
        assert_int_equal(log.count[OBS_RECORD], 1);
        assert_true(kit_says(&log, "\"tool\":\"teamviewer\",\"version\":1,\"session\":false}"));
        assert_true(kit_says(&log, "\"protocol\":\"teamviewer\""));
        kit_log_free(&log);
        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 443, pieces[i]);
        assert_int_equal(log.count[OBS_RECORD], 2);
        assert_true(kit_says(&log, "\"session\":true}"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(STANDBY, VG_ARRAY_LEN(STANDBY), 5938, false);
    dialog_seed("fuzz_net_teamviewer", "standby", STANDBY, VG_ARRAY_LEN(STANDBY));
    dialog_seed("fuzz_net_teamviewer", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

static void
test_datagrams(void **state)
{
    static const struct line udp[] = {
        {0, TEXT("\0\0\0\0\0\0\0\0\0\1\3\x17\x24\x47\x50\0\5\0\0\0\0\0\0\0")},
        {1, TEXT("\0\0\0\0\0\0\0\0\0\1\3\x17\x24\x47\x50\0\5\0\0\0\0\0\0\0")}};
    static const struct line other[] = {
        {0, TEXT("\0\0\0\0\0\0\0\1\0\1\3\x17\x24\x47\x50\0\5\0\0\0\0\0\0\0")}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, udp, VG_ARRAY_LEN(udp), 36037);
    assert_int_equal(log.count[OBS_RECORD], 1);
    assert_true(kit_says(&log, "\"tool\":\"teamviewer\",\"session\":true}"));
    kit_log_free(&log);
    dialog_udp(&log, other, 1, 36037);
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
    dialog_survives_cuts(udp, VG_ARRAY_LEN(udp), 36037, true);
    dialog_seed("fuzz_net_teamviewer_udp", "session", udp, VG_ARRAY_LEN(udp));
}

/* The magic number by chance. */
static void
test_others(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("\x17\x24\x01\x08\0abcdefgh")},
        {0, TEXT("\x17\x24\x0a\x04\0abcdefgh")}, /* the next message is none */
        {0, TEXT("\x11\x30\x36\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0\x1b\0\0\0\x18\0\0\0")},
        {0, TEXT("\x17\x03\x03\0\x10"
                 "0123456789abcdef")},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(lines); i++) {
        struct kit_log log;

        dialog_tcp(&log, &lines[i], 1, 5938, DIALOG_WHOLE);
        assert_int_equal(log.count[OBS_RECORD], 0);
        assert_false(kit_says(&log, "teamviewer"));
        kit_log_free(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_datagrams),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
