/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP: mails, log-ins, chunks, pipelining, and TLS after STARTTLS. */
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct line MAIL[] = {
    {1, TEXT("220 mx.x.mx ready\r\n")},
    {0, TEXT("EHLO caja1\r\n")},
    {1, TEXT("250-mx.x.mx\r\n250-AUTH PLAIN LOGIN\r\n250 PIPELINING\r\n")},
    {0, TEXT("AUTH LOGIN\r\n")},
    {1, TEXT("334 VXNlcm5hbWU6\r\n")},
    {0, TEXT("YW5h\r\n")},
    {1, TEXT("334 UGFzc3dvcmQ6\r\n")},
    {0, TEXT("czNjcmV0\r\n")},
    {1, TEXT("535 5.7.8 no\r\n")},
    {0, TEXT("AUTH PLAIN AGFuYQBzM2NyZXQ=\r\n")},
    {1, TEXT("235 2.7.0 ok\r\n")},
    {0, TEXT("MAIL FROM:<ana@x.mx> SIZE=3\r\nRCPT TO:<b@y.mx>\r\nRCPT TO:<c@y.mx>\r\nDATA\r\n")},
    {1, TEXT("250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n")},
    {0, TEXT("From: ana@x.mx\r\nSubject: Hola\r\nMessage-ID: <1@x>\r\n"
             "Content-Type: application/zip; name=a.zip\r\n\r\nPK\3\4\r\n..two\r\n.\r\n")},
    {1, TEXT("250 2.0.0 queued\r\n")},
    {0, TEXT("MAIL FROM:<d@x.mx>\r\n")},
    {1, TEXT("250 ok\r\n")},
    {0, TEXT("RCPT TO:<e@y.mx>\r\n")},
    {1, TEXT("250 ok\r\n")},
    {0, TEXT("BDAT 20\r\nSubject: chunked\r\n\r\nBDAT 5 LAST\r\na\r\nb\n")},
    {1, TEXT("250 ok\r\n250 queued\r\n")},
    {0, TEXT("QUIT\r\n")},
    {1, TEXT("221 bye\r\n")},
};

static void
test_mails(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, MAIL, VG_ARRAY_LEN(MAIL), 25, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"smtp\""));
        assert_true(kit_says(&log, "\"service\":\"smtp\",\"user\":\"ana\",\"result\":\"failed\","
                                   "\"cleartext\":true"));
        assert_true(
            kit_says(&log, "\"service\":\"smtp\",\"user\":\"ana\",\"result\":\"succeeded\""));
        assert_int_equal(log.count[OBS_LOGIN], 2);
        assert_true(kit_says(&log, "\"helo\":\"caja1\",\"mail_from\":\"ana@x.mx\",\"rcpt_to\":["
                                   "\"b@y.mx\",\"c@y.mx\"],\"from\":\"ana@x.mx\",\"subject\":"
                                   "\"Hola\",\"message_id\":\"<1@x>\",\"files\":1,\"reply\":250"));
        assert_true(kit_says(&log, "\"service\":\"smtp\",\"name\":\"a.zip\""));
        assert_true(kit_says(&log, "PK\3\4\r\n.two "));
        assert_true(kit_says(&log, "\"mail_from\":\"d@x.mx\",\"rcpt_to\":[\"e@y.mx\"],"
                                   "\"subject\":\"chunked\",\"files\":0,\"reply\":250"));
        assert_false(kit_says(&log, "s3cret"));
        assert_false(kit_says(&log, "czNj"));
        kit_log_free(&log);
    }
    dialog_survives_cuts(MAIL, VG_ARRAY_LEN(MAIL), 25, false);
    dialog_seed("fuzz_net_smtp", "mails", MAIL, VG_ARRAY_LEN(MAIL));
}

/* A refused DATA is no mail; a session without one is told once. */
static void
test_refused(void **state)
{
    static const struct line lines[] = {
        {1, TEXT("220 x ESMTP\r\n")},
        {0, TEXT("HELO spam\r\n")},
        {1, TEXT("250 x\r\n")},
        {0, TEXT("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")},
        {1, TEXT("250 ok\r\n550 no\r\n")},
        {1, TEXT("503 no\r\n")},
        {0, TEXT("QUIT\r\n")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 99, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_RECORD], 1);
    assert_true(kit_says(&log, "\"reply\":503"));
    kit_log_free(&log);
}

static void
test_tls_takes_over(void **state)
{
    static const struct line lines[] = {
        {1, TEXT("220 x ESMTP\r\n")},
        {0, TEXT("EHLO a\r\n")},
        {1, TEXT("250 STARTTLS\r\n")},
        {0, TEXT("STARTTLS\r\n")},
        {1, TEXT("220 go\r\n")},
        {0, TEXT("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 587, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, "\"type\":\"smtp\""));
    kit_log_free(&log);
    dialog_seed("fuzz_net_smtp", "starttls", lines, VG_ARRAY_LEN(lines));
}

static void
test_looks(void **state)
{
    static const struct {
        const char *head;
        uint16_t sport;
        enum probe answer;
    } cases[] = {
        {"220 hi\r\n", 25, PROBE_YES},
        {"220 hi ESMTP\r\n", 99, PROBE_YES},
        {"220 hi\r\n", 99, PROBE_NO},
        {"220 hi", 99, PROBE_MORE},
        {"220 FTP\r\n", 21, PROBE_NO},
        {"EHLO a\r\n", 4000, PROBE_YES},
        {"EHL", 4000, PROBE_MORE},
        {"554 no\r\n", 25, PROBE_YES},
        {"HTTP/1.1 220 x\r\n", 25, PROBE_NO},
        {"HELLO\r\n", 99, PROBE_NO},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(PROTOCOL_SMTP.probe(slice_of(cases[i].head, strlen(cases[i].head)),
                                             cases[i].sport, 5000),
                         cases[i].answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mails),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tls_takes_over),
        cmocka_unit_test(test_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
