/* SPDX-License-Identifier: Apache-2.0 */
/* FTP: log-ins, commands, and files through the connections that they announce. */
#include "agent/net/expect.h"
#include "agent/net/proto/ftp.h"
#include "agent/net/proto/protocols.h"
#include "dialog.h"

static const struct line SESSION[] = {
    {1, TEXT("220-Bienvenido\r\n220-to ftp\r\n220 FTP ready\r\n")},
    {0, TEXT("USER ana\r\n")},
    {1, TEXT("331 password\r\n")},
    {0, TEXT("PASS s3cret-word\r\n")},
    {1, TEXT("530 no\r\n")},
    {0, TEXT("USER ana\r\n")},
    {1, TEXT("331 password\r\n")},
    {0, TEXT("pass s3cret-word2\r\n")},
    {1, TEXT("230-hello\r\n 230 not yet\r\n230 in\r\n")},
    {0, TEXT("SITE EXEC id\r\n")},
    {1, TEXT("500 no\r\n")},
    {0, TEXT("PORT 10,0,0,9,4,1\r\n")},
    {1, TEXT("200 ok\r\n")},
    {0, TEXT("PASV\r\n")},
    {1, TEXT("227 Entering Passive Mode (10,0,0,1,19,137).\r\n")},
    {0, TEXT("STOR cierre caja.csv\r\n")},
    {1, TEXT("150 go\r\n226 done\r\n")},
    {0, TEXT("DELE x\r\n")},
};
enum { PASSIVE_PORT = 19 * 256 + 137 };

static void
test_session(void **state)
{
    static const size_t pieces[] = {1, 7, DIALOG_WHOLE};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct kit_log log;

        dialog_tcp(&log, SESSION, VG_ARRAY_LEN(SESSION), 2100, pieces[i]);
        assert_true(kit_says(&log, "\"app\":\"ftp\""));
        assert_int_equal(log.count[OBS_LOGIN], 2);
        assert_true(kit_says(&log, "\"service\":\"ftp\",\"user\":\"ana\",\"result\":\"failed\","
                                   "\"cleartext\":true,\"inferred\":false"));
        assert_true(kit_says(&log, "\"user\":\"ana\",\"result\":\"succeeded\""));
        assert_true(kit_says(&log, "\"command\":\"SITE\",\"argument\":\"EXEC id\",\"user\":\"ana\","
                                   "\"reply\":500"));
        assert_true(kit_says(&log, "\"command\":\"PORT\",\"argument\":\"10,0,0,9,4,1\""));
        assert_true(kit_says(&log, "\"command\":\"STOR\",\"argument\":\"cierre caja.csv\","
                                   "\"user\":\"ana\",\"reply\":226"));
        assert_true(kit_says(&log, "\"command\":\"DELE\",\"argument\":\"x\",\"user\":\"ana\"}"));
        assert_false(kit_says(&log, "s3cret"));
        assert_int_equal(log.count[OBS_RECORD], 4);
        kit_log_free(&log);
    }
    dialog_survives_cuts(SESSION, VG_ARRAY_LEN(SESSION), 21, false);
    dialog_seed("fuzz_net_ftp", "session", SESSION, VG_ARRAY_LEN(SESSION));
}

static void
say(struct net_engine *e, unsigned dir, uint16_t port, uint32_t seq[2], uint8_t flags,
    const char *text)
{
    dialog_packet(e, dir, port, seq, flags, text, strlen(text), 1700000000000000000);
    seq[dir] += (uint32_t)strlen(text);
}

/* The file passes through the connection that PASV or PORT announced, and is named by STOR. */
static void
transfer(struct kit_log *log, const char *announce, const char *answer, const char *command,
         uint16_t port, unsigned sender)
{
    struct net_engine *e = kit_engine(log);
    uint32_t control[2] = {100, 900}, data[2] = {5, 6};

    say(e, 0, 21, control, TCP_SYN, "");
    control[0]++;
    say(e, 1, 21, control, TCP_SYN | TCP_ACK, "");
    control[1]++;
    say(e, 1, 21, control, TCP_ACK, "220 hi\r\n");
    say(e, 0, 21, control, TCP_ACK, announce);
    say(e, 1, 21, control, TCP_ACK, answer);
    say(e, 0, port, data, TCP_SYN, "");
    data[0]++;
    say(e, 1, port, data, TCP_SYN | TCP_ACK, "");
    data[1]++;
    say(e, 0, 21, control, TCP_ACK, command);
    say(e, sender, port, data, TCP_ACK, "GET / HTTP/1.1\r\n"); /* not what it looks like */
    say(e, sender, port, data, TCP_ACK | TCP_FIN, "");
    say(e, 1, 21, control, TCP_ACK, "226 done\r\n");
    net_engine_flush(e);
    net_engine_free(e);
}

static void
test_files(void **state)
{
    struct kit_log log;

    (void)state;
    transfer(&log, "PASV\r\n", "227 ok 10,0,0,1,19,137\r\n", "STOR a/b.txt\r\n", PASSIVE_PORT, 0);
    assert_true(kit_says(&log, "\"app\":\"ftp-data\""));
    assert_true(kit_says(&log, "\"type\":\"file\""));
    assert_true(kit_says(&log, "\"service\":\"ftp\",\"name\":\"a/b.txt\""));
    assert_true(kit_says(&log, "\"from_server\":false,\"bytes\":16,\"missing\":0,\"whole\":true"));
    assert_true(kit_says(&log, "body client a/b.txt"));
    kit_log_free(&log);

    transfer(&log, "EPSV\r\n", "229 ok (|||5001|)\r\n", "RETR c\r\n", 5001, 1);
    assert_true(kit_says(&log, "\"name\":\"c\""));
    assert_true(kit_says(&log, "\"from_server\":true,\"bytes\":16"));
    kit_log_free(&log);

    /* the other way: the server comes to the client's port (the kit's clients have this one) */
    transfer(&log, "PORT 10,0,0,2,156,64\r\n", "200 ok\r\n", "RETR c\r\n", 20, 1);
    assert_true(kit_says(&log, "\"app\":\"ftp-data\""));
    assert_true(kit_says(&log, "\"from_server\":true,\"bytes\":16"));
    kit_log_free(&log);

    transfer(&log, "PASV\r\n", "227 ok 10,0,0,1,19,137\r\n", "LIST\r\n", PASSIVE_PORT, 1);
    assert_true(kit_says(&log, "\"app\":\"ftp-data\""));
    assert_false(kit_says(&log, "\"type\":\"file\""));
    kit_log_free(&log);
}

static void
test_tls_takes_over(void **state)
{
    static const struct line lines[] = {
        {1, TEXT("220 FTP\r\n")},
        {0, TEXT("AUTH TLS\r\n")},
        {1, TEXT("234 go\r\n")},
        {0, TEXT("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                 "01234567890123456789012345678901\x00\x00\x04\x13\x01\x13\x02\x01\x00")},
    };
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, VG_ARRAY_LEN(lines), 21, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"app\":\"tls\""));
    assert_int_equal(log.count[OBS_TLS], 1);
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
        {"220 hello\r\n", 21, 4000, PROBE_YES},     {"220 ProFTPD\r\n", 99, 4000, PROBE_YES},
        {"220 hello\r\n", 99, 4000, PROBE_NO},      {"220 hel", 99, 4000, PROBE_MORE},
        {"220 mail ESMTP\r\n", 99, 4000, PROBE_NO}, {"220 ftp\r\n", 25, 4000, PROBE_NO},
        {"USER ana\r\n", 4000, 99, PROBE_YES},      {"USER ana\r\n", 4000, 110, PROBE_NO},
        {"USER a 0 * :b\r\n", 4000, 99, PROBE_NO},  {"AUTH TLS\r\n", 4000, 99, PROBE_YES},
        {"AUTH LOGIN\r\n", 4000, 99, PROBE_NO},     {"HTTP/1.1 220 OK\r\n", 21, 99, PROBE_NO},
        {"530 full\r\n", 21, 4000, PROBE_YES},      {"530 full\r\n", 119, 4000, PROBE_NO},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        assert_int_equal(PROTOCOL_FTP.probe(slice_of(cases[i].head, strlen(cases[i].head)),
                                            cases[i].sport, cases[i].dport),
                         cases[i].answer);
}

static void
test_ports(void **state)
{
    uint8_t addr[4];

    (void)state;
    assert_int_equal(ftp_port_of_six(str_of("Mode 2 (127,0,0,1,1,2)"), addr), 258);
    assert_memory_equal(addr, "\x7f\0\0\x01", 4);
    assert_int_equal(ftp_port_of_six(str_of("1,2,3,4,5,256"), addr), 0);
    assert_int_equal(ftp_port_of_six(str_of("1,2,3,4,5"), addr), 0);
    assert_int_equal(ftp_port_extended(str_of("|2|::1|6446|")), 6446);
    assert_int_equal(ftp_port_extended(str_of("ok (|||99|)")), 99);
    assert_int_equal(ftp_port_extended(str_of("|||65536|")), 0);
    assert_int_equal(ftp_port_extended(str_of("")), 0);
}

/* What waits has a number of places and a time. */
static void
test_expectations(void **state)
{
    struct expect x;
    struct flow flow = {.key.family = 4, .key.addr[1] = {10, 0, 0, 1}};
    uint64_t id;

    (void)state;
    expect_init(&x);
    assert_false(expect_take(&x, 0, &flow));
    id = expect_add(&x, 0, &flow, 1, 7000, true, &PROTOCOL_FTP_DATA);
    assert_int_not_equal(id, 0);
    expect_name(&x, id, str_of("n"), true);
    flow.key.port[0] = 7000; /* the other end */
    assert_false(expect_take(&x, 0, &flow));
    flow.key.port[1] = 7000;
    assert_false(expect_take(&x, EXPECT_NS + 1, &flow));
    assert_true(expect_take(&x, EXPECT_NS, &flow));
    assert_int_equal(x.came.end, 1);
    assert_true(x.came.up && x.came.file && x.came.serves);
    assert_string_equal(x.came.name, "n");
    assert_false(expect_take(&x, 0, &flow));

    for (uint16_t port = 1; port <= EXPECT_MAX + 1; port++)
        (void)expect_add(&x, port, &flow, 1, port, true, &PROTOCOL_FTP_DATA);
    assert_int_equal(x.waiting, EXPECT_MAX);
    flow.key.port[1] = 1;
    assert_false(expect_take(&x, EXPECT_MAX, &flow)); /* the oldest gave way */
    flow.key.port[1] = 2;
    assert_true(expect_take(&x, EXPECT_MAX, &flow));
    (void)expect_add(&x, EXPECT_MAX, &flow, 1, 3, true,
                     &PROTOCOL_FTP_DATA); /* again: no place more */
    assert_int_equal(x.waiting, EXPECT_MAX - 1);
    expect_reset(&x);
    assert_false(expect_take(&x, EXPECT_MAX, &flow));
    expect_done(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_tls_takes_over), cmocka_unit_test(test_looks),
        cmocka_unit_test(test_ports),          cmocka_unit_test(test_expectations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
