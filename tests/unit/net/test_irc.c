/* SPDX-License-Identifier: Apache-2.0 */
/* IRC: names and channels, never words. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct line SESSION[] = {
    {0, TEXT("PASS s3cret\r\nNICK bot|7\r\nUSER x 0 * :el bot\r\n")},
    {1, TEXT(":irc.x NOTICE * :looking\r\n:irc.x 001 bot|7 :Welcome\r\n")},
    {0, TEXT("JOIN #caja,#otra key\r\n")},
    {1, TEXT(":bot|7!x@h JOIN :#caja\r\n")},
    {0, TEXT("PRIVMSG #caja :s3cret words\r\n")},
};

static void
test_session(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 7000, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"irc\""));
        assert_true(kit_says(&log, "\"nick\":\"bot|7\",\"user\":\"x\",\"real_name\":\"el bot\","
                                   "\"server\":\"irc.x\",\"channel\":\"#caja\"}"));
        assert_true(kit_says(&log, "\"channel\":\"#otra\"}"));
        assert_true(kit_says(&log, "\"server\":\"irc.x\",\"messages\":1}"));
        assert_true(kit_says(&log, "\"service\":\"irc\",\"user\":\"bot|7\",\"result\":"
                                   "\"succeeded\",\"cleartext\":true"));
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 6667, false);
    dialog_seed("fuzz_net_irc", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

static void
test_looks(void **state)
{
    static const struct {
        const char *head;
        enum probe answer;
    } cases[] = {
        {"NICK ana\r\n", PROBE_YES},      {"NICK an", PROBE_MORE},
        {"USER a 0 * :b\r\n", PROBE_YES}, {"USER a\r\n", PROBE_NO},
        {"PASS x\r\n", PROBE_MORE},       {"PASS x\r\nNICK a\r\n", PROBE_YES},
        {"PASS x\r\nSTAT\r\n", PROBE_NO}, {":a.b NOTICE * :x\r\n", PROBE_YES},
        {":a b c\r\n", PROBE_NO},         {"CAP LS 302\r\n", PROBE_YES},
        {"CAPA\r\n", PROBE_NO},           {"POST / HTTP/1.1\r\n", PROBE_NO},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(
            PROTOCOL_IRC.probe(slice_of(cases[i].head, strlen(cases[i].head)), 4000, 7000),
            cases[i].answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
