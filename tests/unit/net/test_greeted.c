/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols that are only named: by their own first bytes, and by no other's. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct {
    const char *app;
    uint16_t port;
    struct line line;
} ROWS[] = {
    {"xmpp", 99, {0, TEXT("<?xml version='1.0'?><stream:stream to='x'>")}},
    {"xmpp", 99, {0, TEXT("<stream:stream to='x'>")}},
    {"nntp", 99, {1, TEXT("200 news.x NNTP ready\r\n")}},
    {"nntp", 119, {1, TEXT("201 hi\r\n")}},
    {"rsync", 99, {1, TEXT("@RSYNCD: 31.0\n")}},
    {"git", 99, {0, TEXT("0033git-upload-pack /p.git\0host=x\0")}},
    {"memcached", 11211, {0, TEXT("stats\r\n")}},
    {"amqp", 99, {0, TEXT("AMQP\0\0\x09\1")}},
    {"mongodb", 99, {0, TEXT("\x25\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0\0\0\0\0\0\x10\0\0\0")}},
};

static void
test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(ROWS); i++) {
        struct kit_log log;
        char app[32];

        dialog_tcp(&log, &ROWS[i].line, 1, ROWS[i].port, DIALOG_WHOLE);
        snprintf(app, sizeof(app), "\"app\":\"%s\"", ROWS[i].app);
        assert_true(kit_says(&log, app));
        kit_log_free(&log);
        dialog_survives_cuts(&ROWS[i].line, 1, ROWS[i].port, false);
    }
}

static void
test_others(void **state)
{
    static const struct line others[] = {
        {1, TEXT("200 OK\r\n")},
        {0, TEXT("<?xml version='1.0'?><a/>"
                 "                        "
                 "                                                                              ")},
        {0, TEXT("stats\r\n")},
        {0, TEXT("00zzgit-upload-pack ")},
        {0, TEXT("AMQP\x09\1\1\1")},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(others); i++) {
        struct kit_log log;

        dialog_tcp(&log, &others[i], 1, 99, DIALOG_WHOLE);
        assert_true(kit_says(&log, "\"app\":\"\""));
        kit_log_free(&log);
    }
}

/* Answers that are much longer than questions make memcached a weapon: name it over UDP too. */
static void
test_memcached_datagrams(void **state)
{
    static const struct line lines[] = {{0, TEXT("\0\1\0\0\0\1\0\0stats\r\n")}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, lines, 1, 11211);
    assert_true(kit_says(&log, "\"app\":\"memcached\""));
    kit_log_free(&log);
    dialog_survives_cuts(lines, 1, 11211, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_memcached_datagrams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
