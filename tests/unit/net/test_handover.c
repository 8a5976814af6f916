/* SPDX-License-Identifier: Apache-2.0 */
/* One protocol after another on one connection: no byte of the second is lost, however segments are
 * cut, and whoever speaks too early. */
#include "dialog.h"

#define INNER_REQUEST  "GET /x HTTP/1.1\r\nHost: inner\r\n\r\n"
#define INNER_RESPONSE "HTTP/1.1 204 No\r\n\r\n"
#define INNER_SAID     "\"host\":\"inner\",\"uri\":\"/x\",\"user_agent\":\"\",\"status\":204"
#define CONNECT        "CONNECT bank.mx:443 HTTP/1.1\r\nHost: bank.mx:443\r\n\r\n"
#define CONNECTED      "HTTP/1.1 200 Connection established\r\n\r\n"

static const size_t PIECES[] = {1, 7, DIALOG_WHOLE};

static void
says_all(const struct line *lines, size_t count, uint16_t port, const char *const *parts,
         size_t part_count)
{
    for (unsigned i = 0; i < VG_ARRAY_LEN(PIECES); i++) {
        struct kit_log log;

        dialog_tcp(&log, lines, count, port, PIECES[i]);
        for (size_t p = 0; p < part_count; p++)
            assert_true(kit_says(&log, parts[p]));
        kit_log_free(&log);
    }
    dialog_survives_cuts(lines, count, port, false);
}
#define SAYS_ALL(lines, port, ...)                                                                 \
    says_all(lines, VG_ARRAY_LEN(lines), port, (const char *const[]){__VA_ARGS__},                 \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void
test_behind_the_head(void **state)
{
    static const struct line eager[] = {
        {0, TEXT(CONNECT INNER_REQUEST)},
        {1, TEXT(CONNECTED INNER_RESPONSE)},
    };
    static const struct line server_first[] = {
        {0, TEXT(CONNECT)},
        {1, TEXT(CONNECTED "SSH-2.0-OpenSSH_9.2\r\n")},
        {0, TEXT("SSH-2.0-PuTTY_0.80\r\n")},
    };

    (void)state;
    SAYS_ALL(eager, 3128, "\"method\":\"CONNECT\"", INNER_SAID);
    SAYS_ALL(server_first, 3128, "\"protocol\":\"ssh\"", "\"client\":\"SSH-2.0-PuTTY_0.80\"",
             "\"server\":\"SSH-2.0-OpenSSH_9.2\"");
    dialog_seed("fuzz_net_http", "eager", eager, VG_ARRAY_LEN(eager));
}

/* What was said too early was for the proxy: it asks again, with its password. */
static void
test_refused_first(void **state)
{
    static const struct line lines[] = {
        {0, TEXT(CONNECT CONNECT INNER_REQUEST)},
        {1, TEXT("HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nno\n" CONNECTED INNER_RESPONSE)},
    };

    (void)state;
    SAYS_ALL(lines, 3128, "\"status\":407", "\"status\":200", INNER_SAID);
}

static void
test_socks(void **state)
{
    static const struct line eager[] = {
        {0, TEXT("\5\1\0")},
        {1, TEXT("\5\0")},
        {0, TEXT("\5\1\0\3\7"
                 "bank.mx\1\xbb" INNER_REQUEST)},
        {1, TEXT("\5\0\0\1\0\0\0\0\0\0" INNER_RESPONSE)},
    };

    (void)state;
    SAYS_ALL(eager, 1080, "\"type\":\"socks\"", INNER_SAID);
}

/* MySQL's client does not wait for a word before its ClientHello. */
static void
test_mysql(void **state)
{
    static const struct line lines[] = {
        {1, TEXT("\x4a\0\0\0\x0a"
                 "5.7.42\0\1\0\0\0abcdefgh\0\xff\xff\x21\2\0\xff\xc1\x15"
                 "\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0mysql_native_password")},
        {0, TEXT("\x20\0\0\1\x05\xae\3\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                 "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };

    (void)state;
    SAYS_ALL(lines, 3306, "\"type\":\"mysql\"", "\"type\":\"tls\"");
}

/* Tunnels in a tunnel, without end: the first few are followed. */
static void
test_many_in_one_segment(void **state)
{
    struct line lines[2] = {{0, NULL, 0}, {1, NULL, 0}};
    char *asked, *granted;
    struct kit_log log;

    (void)state;
    lines[0].len = 140 * (sizeof(CONNECT) - 1);
    lines[1].len = 1000 * (sizeof(CONNECTED) - 1);
    lines[0].bytes = asked = malloc(lines[0].len);
    lines[1].bytes = granted = malloc(lines[1].len);
    assert_true(asked != NULL && granted != NULL);
    for (size_t i = 0; i < lines[0].len; i++)
        asked[i] = CONNECT[i % (sizeof(CONNECT) - 1)];
    for (size_t i = 0; i < lines[1].len; i++)
        granted[i] = CONNECTED[i % (sizeof(CONNECTED) - 1)];
    dialog_tcp(&log, lines, 2, 3128, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_FLOW_START], log.count[OBS_FLOW_END]);
    assert_true(log.count[OBS_HTTP] >= 5 && log.count[OBS_HTTP] < 140);
    kit_log_free(&log);
    free(asked);
    free(granted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_behind_the_head),
        cmocka_unit_test(test_refused_first),
        cmocka_unit_test(test_socks),
        cmocka_unit_test(test_mysql),
        cmocka_unit_test(test_many_in_one_segment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
