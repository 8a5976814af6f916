/* SPDX-License-Identifier: Apache-2.0 */
/* SOCKS: requests of all kinds, and what goes through the proxy afterwards. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct line FIVE[] = {
    {0, TEXT("\5\2\0\2")},
    {1, TEXT("\5\2")},
    {0, TEXT("\1\3ana\6s3cret")},
    {1, TEXT("\1\0")},
    {0, TEXT("\5\1\0\3\x0b"
             "evil.com.mx"
             "\x01\xbb")},
    {1, TEXT("\5\0\0\1\0\0\0\0\0\0")},
    {0, TEXT("GET /x HTTP/1.1\r\nHost: inner\r\n\r\n")},
    {1, TEXT("HTTP/1.1 204 No\r\n\r\n")},
};

static void
test_five(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, FIVE, VG_ARRAY_LEN(FIVE), 1080, pieces[i]);
        assert_true(kit_says(&log,
                             "\"service\":\"socks\",\"user\":\"ana\",\"result\":\"succeeded\","
                             "\"cleartext\":true"));
        assert_true(kit_says(&log, "\"version\":5,\"command\":\"connect\",\"target\":"
                                   "\"evil.com.mx\",\"port\":443,\"user\":\"ana\",\"reply\":0}"));
        assert_true(kit_says(&log, "\"host\":\"inner\""));
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(FIVE, VG_ARRAY_LEN(FIVE), 1080, false);
    dialog_seed("fuzz_net_socks", "five", FIVE, VG_ARRAY_LEN(FIVE));
}

static void
test_others(void **state)
{
    static const struct line four[] = {
        {0, TEXT("\4\1\0\x50\x0a\0\0\x07"
                 "ana\0")},
        {1, TEXT("\0\x5a\0\0\0\0\0\0")},
        {0, TEXT("GET /x HTTP/1.1\r\nHost: inner\r\n\r\n")},
    };
    static const struct line named[] = {
        {0, TEXT("\4\1\0\x50\0\0\0\1"
                 "\0"
                 "x.example\0")},
        {1, TEXT("\0\x5b\0\0\0\0\0\0")},
    };
    static const struct line six[] = {
        {0, TEXT("\5\1\0")},
        {1, TEXT("\5\0")},
        {0, TEXT("\5\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x16")},
    };
    static const struct line refused[] = {
        {0, TEXT("\5\1\2")},
        {1, TEXT("\5\2")},
        {0, TEXT("\1\3ana\1x")},
        {1, TEXT("\1\1")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, four, VG_ARRAY_LEN(four), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"version\":4,\"command\":\"connect\",\"target\":\"10.0.0.7\","
                               "\"port\":80,\"user\":\"ana\",\"reply\":90}"));
    assert_int_equal(log.count[OBS_HTTP], 1);
    kit_log_free(&log);
    dialog_seed("fuzz_net_socks", "four", four, VG_ARRAY_LEN(four));
    dialog_tcp(&log, named, VG_ARRAY_LEN(named), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"target\":\"x.example\",\"port\":80,\"reply\":91}"));
    kit_log_free(&log);
    dialog_tcp(&log, six, VG_ARRAY_LEN(six), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"command\":\"bind\",\"target\":\"::1\",\"port\":22}"));
    kit_log_free(&log);
    dialog_tcp(&log, refused, VG_ARRAY_LEN(refused), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"failed\""));
    kit_log_free(&log);
}

static void
test_looks(void **state)
{
    static const struct {
        const char *head;
        size_t len;
        enum probe answer;
    } cases[] = {
        {TEXT("\5\1\0"), PROBE_YES},
        {TEXT("\5\2\0"), PROBE_MORE},
        {TEXT("\5\1\0\1"), PROBE_NO},
        {TEXT("\5\0\x0b\3"), PROBE_NO}, /* DCE/RPC */
        {TEXT("\5\1\x30"), PROBE_NO},
        {TEXT("\4\1\0\x50\x0a\0\0\7\0"), PROBE_YES},
        {TEXT("\4\1\0\x50\x0a\0\0\7"), PROBE_MORE},
        {TEXT("\4\1\0\x22\0\x35\1\0\xfd\1\0"), PROBE_NO}, /* TDS */
        {TEXT("\4\1\0\0\x0a\0\0\7\0"), PROBE_NO},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(PROTOCOL_SOCKS.probe(slice_of(cases[i].head, cases[i].len), 4000, 1080),
                         cases[i].answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
