/* SPDX-License-Identifier: Apache-2.0 */
/* TDS: what comes before the log-in, the log-in, its answer. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

#define ENCRYPTION(e)                                                                              \
    "\x00\0\x0b\0\6"                                                                               \
    "\x01\0\x11\0\1"                                                                               \
    "\xff"                                                                                         \
    "\x10\0\x03\xe8\0\0" e
#define PRELOGIN(e)  "\x12\1\0\x1a\0\0\1\0" ENCRYPTION(e)
#define PREANSWER(e) "\x04\1\0\x1a\0\0\1\0" ENCRYPTION(e)

/* LOGIN7: texts are put behind the table as they come. */
static size_t
login(uint8_t out[512], const char *const texts[9])
{
    struct buf b = {.cap = 512}, data = {.cap = 512};
    size_t len;

    for (unsigned i = 0; i < 36; i++)
        buf_put_u8(&b, i == 7 ? 0x74 : 0);
    for (unsigned i = 0; i < 9; i++) {
        size_t n = strlen(texts[i]), at = 94 + data.len;

        buf_put_u8(&b, (uint8_t)at);
        buf_put_u8(&b, (uint8_t)(at >> 8));
        buf_put_u8(&b, (uint8_t)n);
        buf_put_u8(&b, 0);
        for (size_t k = 0; k < n; k++) {
            buf_put_u8(&data, (uint8_t)texts[i][k]);
            buf_put_u8(&data, 0);
        }
    }
    while (b.len < 94)
        buf_put_u8(&b, 0);
    buf_put(&b, data.data, data.len);
    b.data[0] = (uint8_t)b.len;
    b.data[1] = (uint8_t)(b.len >> 8);
    len = b.len + 8;
    memcpy(out, "\x10\1", 2);
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    memcpy(out + 4, "\0\0\1\0", 4);
    memcpy(out + 8, b.data, b.len);
    buf_done(&b);
    buf_done(&data);
    return len;
}

static const char *const TEXTS[9] = {"CAJA1", "sa",  "S3CRET", "app",   "sql1",
                                     "",      "lib", "",       "ventas"};

static void
test_logins(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};
    uint8_t login7[512];
    size_t len = login(login7, TEXTS);
    struct line lines[] = {
        {0, TEXT(PRELOGIN("\2"))},
        {1, TEXT(PREANSWER("\2"))},
        {0, login7, len},
        {1, TEXT("\x04\1\0\x19\0\0\1\0\xaa\x0b\0\x18\x48\0\0\1\x0e\0\0\0\0\0\xfd\2\0")},
    };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 1433, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"tds\""));
        assert_true(kit_says(&log, "\"version\":\"16.0.1000\",\"user\":\"sa\",\"host\":\"CAJA1\","
                                   "\"application\":\"app\",\"server\":\"sql1\",\"database\":"
                                   "\"ventas\",\"tls\":\"off\",\"error\":18456}"));
        assert_true(kit_says(&log, "\"service\":\"tds\",\"user\":\"sa\",\"result\":\"failed\","
                                   "\"cleartext\":true"));
        assert_int_equal(log.count[OBS_LOGIN], 1);
        assert_false(kit_says(&log, "S3CRET"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(lines, VG_ARRAY_LEN(lines), 1433, false);
    dialog_seed("fuzz_net_tds", "login", lines, VG_ARRAY_LEN(lines));
    lines[3] = (struct line){1, TEXT("\x04\1\0\x17\0\0\1\0\xab\2\0zz\xad\7\0\1\x74\0\0\4\0\0")};
    {
        struct kit_log log;

        dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 99, DIALOG_WHOLE);
        assert_true(kit_says(&log, "\"user\":\"sa\",\"result\":\"succeeded\""));
        kit_log_free(&log);
    }
}

/* A batch in UTF-16LE, as it is sent. */
static size_t
batch(uint8_t *out, const char *text)
{
    size_t len = 8;

    for (; *text != '\0'; text++) {
        out[len++] = (uint8_t)*text;
        out[len++] = 0;
    }
    memcpy(out, "\1\1\0\0\0\0\1\0", 8);
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    return len;
}

/* After the log-in, also where only that was hidden. */
static void
test_tool(void **state)
{
    static const char *const said[] = {"SELECT xp FROM ventas",
                                       "exec sp_configure 'xp_cmdshell', 1; reconfigure",
                                       "EXEC master..xp_cmdshell 'whoami'"};
    uint8_t packets[3][256];
    struct line lines[] = {
        {0, TEXT(PRELOGIN("\0"))},
        {1, TEXT(PREANSWER("\0"))},
        {0, TEXT("\x12\1\0\x0a\0\0\0\0\x16\3")},
        {1, TEXT("\x12\1\0\x0a\0\0\0\0\x16\3")},
        {0, TEXT("\x17\3\3\0\2ab")},
        {1, TEXT("\x04\1\0\x12\0\0\1\0\xad\7\0\1\x74\0\0\4\0\0")},
        {0, packets[0], batch(packets[0], said[0])},
        {0, packets[1], batch(packets[1], said[1])},
        {0, packets[2], batch(packets[2], said[2])},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, 7, 1433, DIALOG_WHOLE);
    assert_false(kit_says(&log, "\"type\":\"sql\""));
    kit_log_free(&log);
    dialog_tcp(&log, lines, 8, 1433, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"service\":\"tds\",\"act\":\"enable_programs\""));
    assert_false(kit_says(&log, "run_program"));
    kit_log_free(&log);
    for (size_t piece = 1; piece < 8; piece += 6) {
        dialog_tcp(&log, lines, 9, 1433, piece);
        assert_true(kit_says(&log, "\"act\":\"run_program\""));
        assert_false(kit_says(&log, "whoami"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(lines, VG_ARRAY_LEN(lines), 1433, false);
    dialog_seed("fuzz_net_tds", "tool", lines, VG_ARRAY_LEN(lines));
}

/* Hidden altogether; hidden but for the answer; picked up later. */
static void
test_hidden(void **state)
{
    static const struct line on[] = {
        {0, TEXT(PRELOGIN("\1"))}, {1, TEXT(PREANSWER("\1"))}, {0, TEXT("\x12\1\0\x0a\0\0\0\0zz")}};
    static const struct line half[] = {
        {0, TEXT(PRELOGIN("\0"))},
        {1, TEXT(PREANSWER("\0"))},
        {0, TEXT("\x12\1\0\x0a\0\0\0\0\x16\3")},
        {1, TEXT("\x12\1\0\x0a\0\0\0\0\x16\3")},
        {0, TEXT("\x17\3\3\0\2ab")},
        {1, TEXT("\x04\1\0\x12\0\0\1\0\xad\7\0\1\x74\0\0\4\0\0")},
    };
    static const struct line later[] = {{0, TEXT("\x03\1\0\x0a\0\0\1\0zz")}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, on, VG_ARRAY_LEN(on), 1433, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"version\":\"16.0.1000\",\"tls\":\"on\"}"));
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
    dialog_tcp(&log, half, VG_ARRAY_LEN(half), 1433, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"tls\":\"login\"}"));
    assert_true(kit_says(&log, "\"user\":\"\",\"result\":\"succeeded\",\"cleartext\":false"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_tds", "half", half, VG_ARRAY_LEN(half));
    dialog_tcp(&log, later, VG_ARRAY_LEN(later), 1433, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"app\":\"tds\""));
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_tool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
