/* SPDX-License-Identifier: Apache-2.0 */
/* POP3: log-ins and fetched mails. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct line SESSION[] = {
    {1, TEXT("+OK POP3 ready <1.2@x>\r\n")},
    {0, TEXT("CAPA\r\n")},
    {1, TEXT("+OK\r\nUSER\r\n-ERR is no reply here\r\n.\r\n")},
    {0, TEXT("USER ana\r\n")},
    {1, TEXT("+OK\r\n")},
    {0, TEXT("PASS s3cret one\r\n")},
    {1, TEXT("-ERR no\r\n")},
    {0, TEXT("AUTH PLAIN\r\n")},
    {1, TEXT("+ \r\n")},
    {0, TEXT("AGFuYQBzM2NyZXQ=\r\n")},
    {1, TEXT("+OK in\r\n")},
    {0, TEXT("LIST\r\nRETR 1\r\nDELE 1\r\n")},
    {1, TEXT("+OK 1\r\n1 99\r\n.\r\n+OK 99 octets\r\nFrom: b@x.mx\r\nSubject: Factura\r\n"
             "Content-Type: application/pdf; name=f.pdf\r\n\r\n%PDF-\r\n..x\r\n.\r\n+OK gone\r\n")},
    {0, TEXT("QUIT\r\n")},
    {1, TEXT("+OK bye\r\n")},
};

static void
test_session(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 1100, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"pop3\""));
        assert_int_equal(log.count[OBS_LOGIN], 2);
        assert_true(kit_says(&log, "\"service\":\"pop3\",\"user\":\"ana\",\"result\":\"failed\","
                                   "\"cleartext\":true"));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"succeeded\",\"cleartext\":true"));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"from\":\"b@x.mx\",\"subject\":\"Factura\","
                                   "\"files\":1}"));
        assert_true(kit_says(&log, "\"name\":\"f.pdf\",\"mime\":\"application/pdf\""));
        assert_true(kit_says(&log, "%PDF-\r\n.x "));
        assert_true(kit_says(&log, "\"whole\":true"));
        assert_false(kit_says(&log, "s3cret"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 110, false);
    dialog_seed("fuzz_net_pop3", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

/* APOP sends a digest; after STLS there is nothing to read. */
static void
test_apop_and_stls(void **state)
{
    static const struct line lines[] = {
        {1, TEXT("+OK <1.2@x>\r\n")},
        {0, TEXT("APOP ana c4c9334bac560ecc979e58001b3e22fb\r\n")},
        {1, TEXT("+OK\r\n")},
        {0, TEXT("STLS\r\n")},
        {1, TEXT("+OK go\r\n")},
        {0, TEXT("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 110, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"result\":\"succeeded\",\"cleartext\":false"));
    assert_true(kit_says(&log, "\"type\":\"pop3\""));
    assert_int_equal(log.count[OBS_TLS], 1);
    kit_log_free(&log);
    dialog_seed("fuzz_net_pop3", "stls", lines, VG_ARRAY_LEN(lines));
}

static void
test_looks(void **state)
{
    static const struct {
        const char *head;
        uint16_t sport, dport;
        enum probe answer;
    } cases[] = {
        {"+OK hi\r\n", 110, 9, PROBE_YES}, {"+OK POP server\r\n", 9, 9, PROBE_YES},
        {"+OK\r\n", 6379, 9, PROBE_NO},    {"+OK", 9, 9, PROBE_MORE},
        {"+OK\r\n", 110, 9, PROBE_NO},     {"USER a\r\n", 9, 110, PROBE_YES},
        {"USER a\r\n", 9, 21, PROBE_NO},   {"+PONG\r\n", 9, 9, PROBE_NO},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(PROTOCOL_POP3.probe(slice_of(cases[i].head, strlen(cases[i].head)),
                                             cases[i].sport, cases[i].dport),
                         cases[i].answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_apop_and_stls),
        cmocka_unit_test(test_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
