/* SPDX-License-Identifier: Apache-2.0 */
/* RFB up to the result of its log-in, of all versions. */
#include "dialog.h"

#define CHALLENGE "0123456789abcdef"
#define FAILED    "\0\0\0\1\0\0\0\5wrong"

static const struct line NEW[] = {
    {1, TEXT("RFB 003.008\n")}, {0, TEXT("RFB 003.008\n")}, {1, TEXT("\2\1\2")}, {0, TEXT("\2")},
    {1, TEXT(CHALLENGE)},       {0, TEXT(CHALLENGE)},       {1, TEXT(FAILED)}};
static const struct line OLD[] = {{1, TEXT("RFB 004.001\n")},
                                  {0, TEXT("RFB 003.003\n")},
                                  {1, TEXT("\0\0\0\2")},
                                  {1, TEXT(CHALLENGE)},
                                  {0, TEXT(CHALLENGE)},
                                  {1, TEXT("\0\0\0\0")},
                                  {0, TEXT("\1")}};
static const struct line OPEN[] = {{1, TEXT("RFB 003.008\n")}, {0, TEXT("RFB 003.008\n")},
                                   {1, TEXT("\1\1")},          {0, TEXT("\1")},
                                   {1, TEXT("\0\0\0\0")},      {0, TEXT("\1")}};
static const struct line REFUSED[] = {{1, TEXT("RFB 003.008\n")},
                                      {0, TEXT("RFB 003.008\n")},
                                      {1, TEXT("\0\0\0\0\x1aToo many security failures")}};

static const struct {
    const char *name, *record, *login;
    const struct line *lines;
    size_t count;
} CASES[] = {
    {"new", "\"version\":\"3.8\",\"security\":\"vnc\",\"result\":\"failed\"",
     "\"service\":\"vnc\",\"user\":\"\",\"result\":\"failed\",\"cleartext\":false", NEW,
     VG_ARRAY_LEN(NEW)},
    {"old", "\"version\":\"3.3\",\"security\":\"vnc\",\"result\":\"succeeded\"",
     "\"result\":\"succeeded\",\"cleartext\":false", OLD, VG_ARRAY_LEN(OLD)},
    {"open", "\"version\":\"3.8\",\"security\":\"none\",\"result\":\"succeeded\"", NULL, OPEN,
     VG_ARRAY_LEN(OPEN)},
    {"refused", "\"version\":\"3.8\",\"result\":\"failed\"", "\"result\":\"failed\"", REFUSED,
     VG_ARRAY_LEN(REFUSED)},
};

static void
test_sessions(void **state)
{
    static const size_t pieces[] = {1, 5, DIALOG_WHOLE};

    (void)state;
    for (size_t c = 0; c < VG_ARRAY_LEN(CASES); c++) {
        for (unsigned i = 0; i < 3; i++) {
            struct kit_log log;

            dialog_tcp(&log, CASES[c].lines, CASES[c].count, 5901, pieces[i]);
            assert_true(kit_says(&log, "\"app\":\"vnc\""));
            assert_int_equal(log.count[OBS_RECORD], 1);
            assert_true(kit_says(&log, CASES[c].record));
            assert_int_equal(log.count[OBS_LOGIN], CASES[c].login != NULL);
            assert_true(CASES[c].login == NULL || kit_says(&log, CASES[c].login));
            kit_log_free(&log);
        }
        dialog_survives_cuts(CASES[c].lines, CASES[c].count, 5900, false);
        dialog_seed("fuzz_net_vnc", CASES[c].name, CASES[c].lines, CASES[c].count);
    }
}

/* What only begins like it. */
static void
test_others(void **state)
{
    static const struct line lines[] = {{1, TEXT("RFB 00x.008\n")}, {1, TEXT("RFC 003.008\n")}};
    struct kit_log log;

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(lines); i++) {
        dialog_tcp(&log, &lines[i], 1, 5900, DIALOG_WHOLE);
        assert_false(kit_says(&log, "\"app\":\"vnc\""));
        kit_log_free(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
