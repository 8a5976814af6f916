/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: start, proof, answer, the switch to TLS. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

#define STARTUP "\0\0\0\x35\0\3\0\0user\0ana\0database\0ventas\0application_name\0p\0\0"

static const struct line SESSION[] = {
    {0, TEXT("\0\0\0\x08\x04\xd2\x16\x2f")}, /* TLS? no */
    {1, TEXT("N")},
    {0, TEXT(STARTUP)},
    {1, TEXT("R\0\0\0\x08\0\0\0\3")},
    {0, TEXT("p\0\0\0\x0bs3cret\0")},
    {1, TEXT("R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\0"
             "15.4\0"
             "K\0\0\0\x0c"
             "abcdefgh"
             "Z\0\0\0\5I")},
    {0, TEXT("Q\0\0\0\x0dSELECT 1\0")},
};

static void
test_session(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 5432, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"postgresql\""));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"database\":\"ventas\",\"application\":"
                                   "\"p\",\"auth\":\"password\",\"version\":\"15.4\"}"));
        assert_true(kit_says(&log, "\"service\":\"postgresql\",\"user\":\"ana\",\"result\":"
                                   "\"succeeded\",\"cleartext\":true"));
        assert_int_equal(log.count[OBS_LOGIN], 1);
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 5432, false);
    dialog_seed("fuzz_net_postgresql", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

/* Statements that make the server run programs, by both protocols; each act once, and no word of them. */
static void
test_tool(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};
    struct line lines[VG_ARRAY_LEN(SESSION) + 4];

    (void)state;
    memcpy(lines, SESSION, sizeof(SESSION));
    lines[7] = (struct line){0, TEXT("Q\0\0\0\x25"
                                     "COPY t FROM/**/ PROGRAM 'id -u';\0")};
    lines[8] = (struct line){1, TEXT("C\0\0\0\x0b"
                                     "COPY 1\0Z\0\0\0\5I")};
    lines[9] = (struct line){0, TEXT("d\0\1\0\0skipped")};
    lines[10] = (struct line){0, TEXT("P\0\0\0\x2es1\0select lo_export(16400, '/var/x');  \0\0\0")};
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, lines, 9, 5432, pieces[i]);
        assert_true(kit_says(&log, "\"type\":\"sql\""));
        assert_true(
            kit_says(&log, "\"service\":\"postgresql\",\"act\":\"run_program\",\"user\":\"ana\""));
        assert_false(kit_says(&log, "id -u"));
        assert_false(kit_says(&log, "write_file"));
        kit_log_free(&log);
    }
    lines[9] = lines[10];
    {
        struct kit_log log;

        dialog_tcp(&log, lines, 10, 5432, DIALOG_WHOLE);
        assert_true(kit_says(&log, "\"act\":\"write_file\""));
        kit_log_free(&log);
    }
    dialog_survives_cuts(lines, 10, 5432, false);
    dialog_seed("fuzz_net_postgresql", "tool", lines, 10);
}

static void
test_refused(void **state)
{
    static const struct line lines[] = {
        {0, TEXT(STARTUP)},
        {1, TEXT("R\0\0\0\x0c\0\0\0\5salt")},
        {0, TEXT("p\0\0\0\x28md5c4ca4238a0b923820dcc509a6f75849b\0")},
        {1, TEXT("E\0\0\0\x1eSFATAL\0C28P01\0Mwrong one\0\0")},
    };
    static const struct line nobase[] = {
        {0, TEXT(STARTUP)},
        {1, TEXT("R\0\0\0\x08\0\0\0\0E\0\0\0\x13SFATAL\0C3D000\0\0")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"auth\":\"md5\",\"error\":\"28P01\"}"));
    assert_true(kit_says(&log, "\"result\":\"failed\",\"cleartext\":false"));
    assert_int_equal(log.count[OBS_LOGIN], 1);
    kit_log_free(&log);
    dialog_seed("fuzz_net_postgresql", "refused", lines, VG_ARRAY_LEN(lines));
    dialog_tcp(&log, nobase, VG_ARRAY_LEN(nobase), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"auth\":\"none\",\"error\":\"3D000\"}"));
    assert_true(kit_says(&log, "\"result\":\"succeeded\""));
    kit_log_free(&log);
}

static void
test_tls_takes_over(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("\0\0\0\x08\x04\xd2\x16\x2f")},
        {1, TEXT("S")},
        {0, TEXT("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 5432, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, "\"type\":\"postgresql\""));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_tool),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tls_takes_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
