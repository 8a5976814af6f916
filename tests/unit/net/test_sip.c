/* SPDX-License-Identifier: Apache-2.0 */
/* SIP: requests with their answers, log-ins by Digest. */
#include "agent/net/proto/sip_message.h"
#include "dialog.h"

#define REGISTER(cseq, more)                                                                       \
    "REGISTER sip:pbx.tienda.mx SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2\r\nFrom: "                    \
    "<sip:ana@tienda.mx>;tag=1\r\nTo: \"Ana\" <sip:ana@tienda.mx>\r\nCall-ID: "                    \
    "abc@x\r\nCSeq: " cseq " REGISTER\r\nUser-Agent: friendly-scanner\r\n" more                    \
    "Content-Length: 0\r\n\r\n"
#define ANSWER(status, cseq)                                                                       \
    "SIP/2.0 " status "\r\nFrom: <sip:ana@tienda.mx>;tag=1\r\nTo: <sip:ana@tienda.mx>\r\n"         \
    "Call-ID: abc@x\r\nCSeq: " cseq " REGISTER\r\nl: 0\r\n\r\n"
#define DIGEST                                                                                     \
    "Authorization: Digest realm=\"pbx\", username=\"ana\", nonce=\"n\", "                         \
    "response=\"6629fae49393a05397450978507c4ef1\"\r\n"

static const struct line LOGIN[] = {
    {0, TEXT(REGISTER("1", ""))},
    {1, TEXT(ANSWER("100 Trying", "1"))},
    {1, TEXT(ANSWER("401 Unauthorized", "1"))},
    {0, TEXT(REGISTER("2", DIGEST))},
    {0, TEXT(REGISTER("2", DIGEST))}, /* said again */
    {1, TEXT(ANSWER("403 Forbidden", "2"))},
    {0, TEXT("\r\n\r\n")},
    {0, TEXT(REGISTER("3", DIGEST))},
    {1, TEXT(ANSWER("200 OK", "3"))},
    {0, TEXT("INVITE tel:+525512345678 SIP/2.0\r\nf: sip:ana@tienda.mx;tag=2\r\nt: "
             "<tel:+525512345678>\r\ni: z\r\nCSeq: 1 INVITE\r\nContent-Length: 5\r\n\r\nv=0\r\n")},
    {0, TEXT("ACK tel:+525512345678 SIP/2.0\r\ni: z\r\nCSeq: 1 ACK\r\n\r\n")},
};

static void
check(struct kit_log *log)
{
    assert_true(kit_says(log, "\"app\":\"sip\""));
    assert_int_equal(log->count[OBS_RECORD], 4);
    assert_int_equal(log->count[OBS_LOGIN], 2);
    assert_true(kit_says(log,
                         "\"method\":\"REGISTER\",\"uri\":\"sip:pbx.tienda.mx\",\"from\":\"sip:"
                         "ana@tienda.mx\",\"to\":\"sip:ana@tienda.mx\",\"user_agent\":"
                         "\"friendly-scanner\",\"status\":401"));
    assert_true(kit_says(log, "\"service\":\"sip\",\"user\":\"ana\",\"result\":\"failed\""));
    assert_true(kit_says(log, "\"service\":\"sip\",\"user\":\"ana\",\"result\":\"succeeded\""));
    assert_true(kit_says(log, "\"method\":\"INVITE\",\"uri\":\"tel:+525512345678\""));
    assert_false(kit_says(log, "6629fae4"));
    kit_log_free(log);
}

static void
test_login(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};
    struct kit_log log;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        dialog_tcp(&log, LOGIN, VG_ARRAY_LEN(LOGIN), 5060, pieces[i]);
        check(&log);
    }
    dialog_udp(&log, LOGIN, VG_ARRAY_LEN(LOGIN), 15060);
    check(&log);
    dialog_survives_cuts(LOGIN, VG_ARRAY_LEN(LOGIN), 5060, false);
    dialog_survives_cuts(LOGIN, VG_ARRAY_LEN(LOGIN), 5060, true);
    dialog_seed("fuzz_net_sip", "login", LOGIN, VG_ARRAY_LEN(LOGIN));
}

static void
test_looks(void **state)
{
    static const struct {
        const char *text;
        int looks;
    } cases[] = {
        {"INVITE sip:", 1},
        {"INVITE sips:x", 1},
        {"SIP/2.0 200", 1},
        {"OPTIONS sip", 1},
        {"OPTIONS /a HTTP", 0},
        {"INVITE http", 0},
        {"HTTP/1.1 200 OK", 0},
        {"SIP", -1},
        {"REG", -1},
        {"REGISTER s", -1},
        {"", -1},
        {"\x16\x03\x01", 0},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(sip_looks(slice_of(cases[i].text, strlen(cases[i].text))), cases[i].looks);
}

/* Card numbers that somebody dials do not reach a record. */
static void
test_masked(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("INVITE sip:4111111111111111@x SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n")}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, lines, 1, 5060);
    assert_int_equal(log.count[OBS_RECORD], 1);
    assert_false(kit_says(&log, "41111111"));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_masked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
