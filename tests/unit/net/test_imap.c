/* SPDX-License-Identifier: Apache-2.0 */
/* IMAP: log-ins in all their forms, literals, mails that are fetched whole, in pieces, appended. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

#define HEAD "Subject: Hola\r\nContent-Type: image/png; name=p.png\r\n\r\n" /* 54 bytes */

static const struct line SESSION[] = {
    {1, TEXT("* OK [CAPABILITY IMAP4rev1] hi\r\n")},
    {0, TEXT("a1 LOGIN \"ana x\" \"s3cret\"\r\n")},
    {1, TEXT("a1 NO wrong\r\n")},
    {0, TEXT("a2 LOGIN {3}\r\n")},
    {1, TEXT("+ go\r\n")},
    {0, TEXT("ana {6}\r\n")},
    {1, TEXT("+ go\r\n")},
    {0, TEXT("s3cret\r\n")},
    {1, TEXT("a2 NO wrong\r\n")},
    {0, TEXT("a3 AUTHENTICATE PLAIN\r\n")},
    {1, TEXT("+ \r\n")},
    {0, TEXT("AGFuYQBzM2NyZXQ=\r\n")},
    {1, TEXT("* CAPABILITY IMAP4rev1\r\na3 OK in\r\n")},
    {0, TEXT("a4 UID FETCH 1 (BODY[])\r\na5 NOOP\r\n")},
    {1,
     TEXT("* 1 FETCH (UID 9 BODY[HEADER] {4}\r\nab\r\n BODY[] {57}\r\n" HEAD "PNG)\r\na4 OK\r\n")},
    {0, TEXT("a6 UID FETCH 2 (BODY.PEEK[]<0.54>)\r\n")},
    {1, TEXT("* 2 FETCH (UID 10 BODY[]<0> {54}\r\n" HEAD ")\r\na6 OK\r\n")},
    {0, TEXT("a7 UID FETCH 2 (BODY.PEEK[]<54.54>)\r\n")},
    {1, TEXT("* 2 FETCH (UID 10 BODY[]<54> {4}\r\n\x89PNG)\r\na7 OK\r\n")},
    {0, TEXT("a8 APPEND Drafts (\\Seen) {12+}\r\nSubject: up\n\r\na9 LOGOUT\r\n")},
    {1, TEXT("a8 OK\r\n* BYE\r\n")},
};

static void
test_session(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 1430, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"imap\""));
        assert_int_equal(log.count[OBS_LOGIN], 3);
        assert_true(kit_says(&log, "\"service\":\"imap\",\"user\":\"ana x\",\"result\":\"failed\","
                                   "\"cleartext\":true"));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"failed\""));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"succeeded\""));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"subject\":\"Hola\",\"files\":1}"));
        assert_true(kit_says(&log, "\"bytes\":3,\"missing\":0,\"whole\":true"));
        assert_true(kit_says(&log, "\"bytes\":4,\"missing\":0,\"whole\":true"));
        assert_true(kit_says(&log, "\"subject\":\"up\",\"files\":0,\"upload\":true"));
        assert_int_equal(log.count[OBS_RECORD], 5); /* three mails, two files */
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 143, false);
    dialog_seed("fuzz_net_imap", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

static void
test_tls_and_compression(void **state)
{
    static const struct line tls[] = {
        {1, TEXT("* OK hi\r\n")},
        {0, TEXT("1 STARTTLS\r\n")},
        {1, TEXT("1 OK go\r\n")},
        {0, TEXT("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };
    static const struct line deflate[] = {
        {1, TEXT("* PREAUTH IMAP4\r\n")},
        {0, TEXT("1 COMPRESS DEFLATE\r\n")},
        {1, TEXT("1 OK go\r\n")},
        {0, TEXT("2 LOGIN a b\r\n")}, /* not what it looks like any more */
        {1, TEXT("2 OK\r\n")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, tls, VG_ARRAY_LEN(tls), 143, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_TLS], 1);
    kit_log_free(&log);
    dialog_seed("fuzz_net_imap", "starttls", tls, VG_ARRAY_LEN(tls));
    dialog_tcp(&log, deflate, VG_ARRAY_LEN(deflate), 99, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"app\":\"imap\""));
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
}

static void
test_looks(void **state)
{
    static const struct {
        const char *head;
        uint16_t sport, dport;
        enum probe answer;
    } cases[] = {
        {"* OK hi\r\n", 143, 9, PROBE_YES},       {"* OK Dovecot IMAP\r\n", 9, 9, PROBE_YES},
        {"* OK hi\r\n", 9, 9, PROBE_NO},          {"* OK h", 9, 9, PROBE_MORE},
        {"1 LOGIN a b\r\n", 9, 143, PROBE_YES},   {"1 LOGIN a b\r\n", 9, 9, PROBE_NO},
        {"*1\r\n$4\r\nPING\r\n", 9, 9, PROBE_NO},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(PROTOCOL_IMAP.probe(slice_of(cases[i].head, strlen(cases[i].head)),
                                             cases[i].sport, cases[i].dport),
                         cases[i].answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_tls_and_compression),
        cmocka_unit_test(test_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
