/* SPDX-License-Identifier: Apache-2.0 */
/* Redis: log-ins, commands that make a tool of a server, answers of all shapes. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct line SESSION[] = {
    {0, TEXT("*2\r\n$4\r\nauth\r\n$9\r\ns3cret-pw\r\n")},
    {1, TEXT("-WRONGPASS invalid\r\n")},
    {0, TEXT("*3\r\n$4\r\nAUTH\r\n$3\r\nana\r\n$9\r\ns3cret-pw\r\n")},
    {1, TEXT("+OK\r\n")},
    {0, TEXT("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\na\r\n*1\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
             "*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"
             "*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$3\r\ndir\r\n$15\r\n/var/spool/cron\r\n")},
    {1, TEXT("+OK\r\n$6\r\na\r\n-x\n\r\n*3\r\n$1\r\na\r\n$-1\r\n%1\r\n+k\r\n*0\r\n-NOPERM no\r\n")},
    {0, TEXT("CONFIG SET requirepass s3cret-pw\r\n")},
    {1, TEXT("+OK\r\n")},
    {0, TEXT("*3\r\n$7\r\nSLAVEOF\r\n$7\r\n1.2.3.4\r\n$4\r\n6380\r\n")},
    {1, TEXT("+OK\r\n")},
    {0, TEXT("*1\r\n$8\r\nFLUSHALL\r\n")},
};

static void
test_session(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 6380, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"redis\""));
        assert_int_equal(log.count[OBS_LOGIN], 2);
        assert_true(kit_says(&log, "\"service\":\"redis\",\"user\":\"\",\"result\":\"failed\","
                                   "\"cleartext\":true"));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"succeeded\""));
        assert_true(kit_says(&log, "\"command\":\"CONFIG SET\",\"argument\":\"dir\",\"value\":"
                                   "\"/var/spool/cron\",\"error\":\"NOPERM\"}"));
        assert_true(kit_says(&log, "\"command\":\"CONFIG SET\",\"argument\":\"requirepass\"}"));
        assert_true(kit_says(&log, "\"command\":\"SLAVEOF\",\"argument\":\"1.2.3.4\",\"value\":"
                                   "\"6380\"}"));
        assert_true(kit_says(&log, "\"command\":\"FLUSHALL\"}"));
        assert_true(kit_says(&log, "\"commands\":9,\"names\":[\"AUTH\",\"SET\",\"GET\",\"KEYS\","
                                   "\"CONFIG\",\"SLAVEOF\",\"FLUSHALL\"]}"));
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 6379, false);
    dialog_seed("fuzz_net_redis", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

/* Version 3, plain commands, and a server that asks for no log-in. */
static void
test_others(void **state)
{
    static const struct line hello[] = {
        {0, TEXT("*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nana\r\n$6\r\ns3cret\r\n")},
        {1, TEXT(">2\r\n+a\r\n+b\r\n%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n")},
    };
    static const struct line plain[] = {{0, TEXT("INFO\r\n")}, {1, TEXT("$3\r\nabc\r\n")}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, hello, VG_ARRAY_LEN(hello), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"succeeded\""));
    assert_false(kit_says(&log, "s3cret"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_redis", "hello", hello, VG_ARRAY_LEN(hello));
    dialog_tcp(&log, plain, VG_ARRAY_LEN(plain), 6379, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"commands\":1,\"names\":[\"INFO\"],\"unauthenticated\":true}"));
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
    dialog_tcp(&log, plain, VG_ARRAY_LEN(plain), 99, DIALOG_WHOLE);
    assert_false(kit_says(&log, "redis"));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
