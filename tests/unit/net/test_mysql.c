/* SPDX-License-Identifier: Apache-2.0 */
/* MySQL: greeting, log-in in both forms, the answer, the switch to TLS. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

#define GREETING                                                                                   \
    "\x4a\0\0\0\x0a"                                                                               \
    "8.0.36\0"                                                                                     \
    "\x11\0\0\0"                                                                                   \
    "abcdefgh\0"                                                                                   \
    "\xff\xff\xff\2\0\xff\xdf\x15"                                                                 \
    "\0\0\0\0\0\0\0\0\0\0"                                                                         \
    "abcdefghijkl\0"                                                                               \
    "mysql_native_password\0"
#define ZEROS_23 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
/* 41, secure, with a database and a plugin */
#define LOGIN                                                                                      \
    "\x53\0\0\1\x08\x82\x08\0\0\0\0\1\x21" ZEROS_23 "root\0"                                       \
    "\x14"                                                                                         \
    "SECRETSECRETSECRET!!"                                                                         \
    "ventas\0"                                                                                     \
    "caching_sha2_pass\0"

static void
session(struct kit_log *log, const char *answer, size_t len, size_t piece)
{
    struct line lines[] = {
        {1, TEXT(GREETING)},
        {0, TEXT(LOGIN)},
        {1, TEXT("\x06\0\0\2\xfe"
                 "xyz\0z")},
        {0, TEXT("\x02\0\0\3zz")},
        {1, answer, len},
    };

    dialog_tcp(log, lines, VG_ARRAY_LEN(lines), 3306, piece);
}

static void
test_logins(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        session(&log, TEXT("\x09\0\0\4\xff\x15\x04#28000"), pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"mysql\""));
        assert_true(kit_says(&log, "\"version\":\"8.0.36\",\"user\":\"root\",\"database\":"
                                   "\"ventas\",\"plugin\":\"xyz\",\"error\":1045}"));
        assert_true(kit_says(&log, "\"service\":\"mysql\",\"user\":\"root\",\"result\":\"failed\","
                                   "\"cleartext\":false"));
        assert_false(kit_says(&log, "SECRET"));
        assert_int_equal(log.count[OBS_LOGIN], 1);
        kit_log_free(&log);
        session(&log, TEXT("\x07\0\0\4\0\0\0\2\0\0\0"), pieces[i]);
        assert_true(kit_says(&log, "\"user\":\"root\",\"result\":\"succeeded\""));
        kit_log_free(&log);
    }
}

/* Statements after the log-in: those that make a tool of the server are told, and only that they are. */
static void
test_tool(void **state)
{
    static const char quiet[] = "\3select * from ventas into outfile '/tmp/ventas.txt'";
    static const char dump[] = "\3SELECT 0x7f454c46 INTO/* */DUMPFILE '/usr/lib/mysql/plugin/u.so'";
    static const char library[] = "\3create function sys_eval returns string SONAME 'u.so'";
    static const char run[] = "\x16SELECT sys_eval('id')";
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};
    const struct {
        const char *text;
        size_t len;
    } said[] = {{TEXT(quiet)}, {TEXT(dump)}, {TEXT(library)}, {TEXT(run)}};
    char packets[4][128];
    struct line lines[3 + 4] = {
        {1, TEXT(GREETING)}, {0, TEXT(LOGIN)}, {1, TEXT("\7\0\0\2\0\0\0\2\0\0\0")}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        memcpy(packets[i], (char[]){(char)said[i].len, 0, 0, 0}, 4);
        memcpy(packets[i] + 4, said[i].text, said[i].len);
        lines[3 + i] = (struct line){0, packets[i], 4 + said[i].len};
    }
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, lines, 4, 3306, pieces[i]);
        assert_false(kit_says(&log, "\"type\":\"sql\""));
        kit_log_free(&log);
        dialog_tcp(&log, lines, 7, 3306, pieces[i]);
        assert_true(
            kit_says(&log, "\"service\":\"mysql\",\"act\":\"write_file\",\"user\":\"root\""));
        assert_true(kit_says(&log, "\"act\":\"load_library\""));
        assert_true(kit_says(&log, "\"act\":\"run_program\""));
        assert_false(kit_says(&log, "plugin/u.so"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(lines, 7, 3306, false);
    dialog_seed("fuzz_net_mysql", "tool", lines, 7);
}

static void
test_cuts(void **state)
{
    static const struct line lines[] = {
        {1, TEXT(GREETING)}, {0, TEXT(LOGIN)}, {1, TEXT("\x09\0\0\2\xff\x15\x04#28000")}};

    (void)state;
    dialog_survives_cuts(lines, VG_ARRAY_LEN(lines), 3306, false);
    dialog_seed("fuzz_net_mysql", "login", lines, VG_ARRAY_LEN(lines));
}

static void
test_other_beginnings(void **state)
{
    static const struct line tls[] = {
        {1, TEXT(GREETING)},
        {0, TEXT("\x20\0\0\1\x00\x8a\x08\0\0\0\0\1\x21" ZEROS_23)},
        {0, TEXT("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };
    static const struct line refused[] = {
        {1, TEXT("\x0a\0\0\0\xff\x6a\x04Host no")},
    };
    static const struct line old[] = {
        {1, TEXT(GREETING)},
        {0, TEXT("\x0e\0\0\1\x01\0\0\0\1old\0proof")},
        {1, TEXT("\x07\0\0\2\0\0\0\2\0\0\0")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, tls, VG_ARRAY_LEN(tls), 3306, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"version\":\"8.0.36\",\"tls\":true}"));
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
    dialog_seed("fuzz_net_mysql", "tls", tls, VG_ARRAY_LEN(tls));
    dialog_tcp(&log, refused, VG_ARRAY_LEN(refused), 3306, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"error\":1130}"));
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
    dialog_tcp(&log, old, VG_ARRAY_LEN(old), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"user\":\"old\",\"result\":\"succeeded\""));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_tool),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_other_beginnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
