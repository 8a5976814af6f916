/* SPDX-License-Identifier: Apache-2.0 */
/* A card number in every text of a conversation never shows in what is told of it. */
#include "agent/net/cards.h"
#include "agent/net/record.h"
#include "handshakes.h"

#define CARD   "4111111111111111"
#define GROUPS "5500-0000-0000-0004"
#define COVER  "XXXXXXXXXXXXXXXX"

struct told {
    struct kit_log log;
    unsigned masked; /* observations with a number that was covered */
};

/* As detectors and metadata get it; the bytes of a file are what rules look into. */
static void
observe(void *ctx, const struct obs *obs)
{
    struct told *told = ctx;
    struct buf text;

    buf_init(&text, 1 << 20);
    if (obs->kind == OBS_BODY)
        buf_printf(&text, "body %.*s %.*s %.*s %.*s", (int)obs->body->name.len, obs->body->name.at,
                   (int)obs->body->mime.len, obs->body->mime.at, (int)obs->body->host.len,
                   obs->body->host.at, (int)obs->body->flow->server_name.len,
                   obs->body->flow->server_name.at);
    else
        (void)metadata_put(obs, &text);
    told->log.count[obs->kind]++;
    if (text.len > 0) {
        told->masked += strstr(buf_str(&text), "XXXX") != NULL;
        buf_put(&told->log.text, text.data, text.len);
        buf_put_u8(&told->log.text, '\n');
    }
    buf_done(&text);
}

static void
feed(struct told *told, const struct line *lines, size_t count, uint16_t port, bool udp)
{
    uint32_t seq[2] = {1000, 9000};
    int64_t t = 1700000000000000000;
    struct net_engine *e = NULL;

    memset(told, 0, sizeof(*told));
    kit_log_init(&told->log);
    assert_int_equal(net_engine_new(observe, told, 64, &e), VG_OK);
    for (unsigned i = 0; i < 3 && !udp; i++) { /* SYN, SYN+ACK, ACK */
        dialog_packet(e, i == 1, port, seq,
                      i == 0   ? TCP_SYN
                      : i == 1 ? TCP_SYN | TCP_ACK
                               : TCP_ACK,
                      "", 0, t += 1000000);
        seq[i == 1] += i < 2;
    }
    for (size_t i = 0; i < count; i++) {
        dialog_packet(e, lines[i].dir, port, seq, udp ? 0 : TCP_ACK | TCP_PSH, lines[i].bytes,
                      lines[i].len, t += 1000000);
        seq[lines[i].dir] += (uint32_t)lines[i].len;
    }
    net_engine_flush(e);
    net_engine_free(e);
}

/* `masked`: so many observations at least had a number to cover: the test reached the texts. */
static void
never_shows(const struct line *lines, size_t count, uint16_t port, bool udp, const char *type,
            unsigned masked)
{
    struct told told;

    feed(&told, lines, count, port, udp);
    assert_true(kit_says(&told.log, type));
    assert_false(kit_says(&told.log, CARD));
    assert_false(kit_says(&told.log, GROUPS));
    assert_true(told.masked >= masked);
    kit_log_free(&told.log);
}

static const struct line HTTP[] = {
    {0, TEXT("POST /pay/" CARD "?pan=" GROUPS " HTTP/1.1\r\nHost: " CARD ".tienda.mx\r\n"
             "User-Agent: caja " CARD "\r\nAuthorization: Digest username=\"" CARD "\", "
             "response=\"0\"\r\nContent-Type: application/x-" CARD "\r\n"
             "Content-Length: 4\r\n\r\nPK\3\4")},
    {1, TEXT("HTTP/1.1 200 OK\r\nContent-Type: text/" CARD "\r\nContent-Disposition: attachment; "
             "filename=\"" CARD ".zip\"\r\nContent-Length: 4\r\n\r\nPK\3\4")},
    {0, TEXT("POST /login HTTP/1.1\r\nHost: tienda.mx\r\nContent-Type: "
             "application/x-www-form-urlencoded\r\nContent-Length: 38\r\n\r\n"
             "user=" CARD "&password=secreto")},
    {1, TEXT("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")},
};
static const struct line FTP[] = {
    {1, TEXT("220 FTP ready\r\n")}, {0, TEXT("USER " CARD "\r\n")},
    {1, TEXT("331 password\r\n")},  {0, TEXT("PASS s3cret\r\n")},
    {1, TEXT("230 in\r\n")},        {0, TEXT("STOR " GROUPS ".csv\r\n")},
    {1, TEXT("550 no\r\n")},
};
static const struct line SMTP[] = {
    {1, TEXT("220 mx.x.mx ready\r\n")},
    {0, TEXT("EHLO caja" CARD "\r\n")},
    {1, TEXT("250 mx.x.mx\r\n")},
    {0, TEXT("MAIL FROM:<" CARD "@x.mx>\r\n")},
    {1, TEXT("250 ok\r\n")},
    {0, TEXT("RCPT TO:<" CARD "@y.mx>\r\n")},
    {1, TEXT("250 ok\r\n")},
    {0, TEXT("DATA\r\n")},
    {1, TEXT("354 go\r\n")},
    {0, TEXT("From: " CARD "@x.mx\r\nSubject: Pago " GROUPS "\r\nMessage-ID: <" CARD "@x>\r\n"
             "Content-Type: application/zip; name=" CARD ".zip\r\n\r\nPK\3\4\r\n.\r\n")},
    {1, TEXT("250 2.0.0 queued\r\n")},
};
static const struct line POP3[] = {
    {1, TEXT("+OK POP3 ready\r\n")}, {0, TEXT("USER " CARD "\r\n")}, {1, TEXT("+OK\r\n")},
    {0, TEXT("PASS s3cret\r\n")},    {1, TEXT("-ERR no\r\n")},
};
static const struct line IMAP[] = {
    {1, TEXT("* OK IMAP4rev1 ready\r\n")},
    {0, TEXT("a1 LOGIN " CARD " s3cret\r\n")},
    {1, TEXT("a1 OK in\r\n")},
};
static const struct line SIP[] = {
    {0, TEXT("INVITE sip:" CARD "@x SIP/2.0\r\nFrom: <sip:" CARD "@x>;tag=1\r\nTo: "
             "<sip:" GROUPS "@x>\r\nCall-ID: a\r\nUser-Agent: " CARD "\r\nCSeq: 1 INVITE\r\n\r\n")},
    {1, TEXT("SIP/2.0 404 No\r\nFrom: <sip:" CARD "@x>;tag=1\r\nTo: <sip:" GROUPS
             "@x>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n")},
};
static const struct line REDIS[] = {
    {0, TEXT("*3\r\n$4\r\nAUTH\r\n$16\r\n" CARD "\r\n$6\r\ns3cret\r\n")},
    {1, TEXT("-WRONGPASS invalid\r\n")},
};
/* Query and answer (TXT): both hold it. */
#define DNS_NAME "\20" CARD "\2mx\0\0\20\0\1"
static const struct line DNS[] = {
    {0, TEXT("\0\7\1\0\0\1\0\0\0\0\0\0" DNS_NAME)},
    {1, TEXT("\0\7\x81\x80\0\1\0\1\0\0\0\0" DNS_NAME "\xc0\x0c\0\20\0\1\0\0\0\x3c\0\21\20" CARD)},
};

static void
test_texts_of_many_protocols(void **state)
{
    (void)state;
    never_shows(HTTP, VG_ARRAY_LEN(HTTP), 80, false, "\"type\":\"http\"", 5);
    never_shows(FTP, VG_ARRAY_LEN(FTP), 21, false, "\"type\":\"ftp\"", 2);
    never_shows(SMTP, VG_ARRAY_LEN(SMTP), 25, false, "\"type\":\"smtp\"", 2);
    never_shows(POP3, VG_ARRAY_LEN(POP3), 110, false, "\"type\":\"login\"", 1);
    never_shows(IMAP, VG_ARRAY_LEN(IMAP), 143, false, "\"type\":\"login\"", 1);
    never_shows(SIP, VG_ARRAY_LEN(SIP), 5060, false, "\"type\":\"sip\"", 1);
    never_shows(SIP, VG_ARRAY_LEN(SIP), 5060, true, "\"type\":\"sip\"", 1);
    never_shows(REDIS, VG_ARRAY_LEN(REDIS), 6379, false, "\"type\":\"login\"", 1);
    never_shows(DNS, VG_ARRAY_LEN(DNS), 53, true, "\"answers\":[\"" COVER "\"]", 1);
}

/* A handshake whose server name, in the hello and in the certificate, is as long as a number. */
static void
test_names_of_tls(void **state)
{
    static const char name[] = "pagos.example.mx";
    struct handshake h = handshake_load("tls12");
    unsigned swapped = 0;

    (void)state;
    for (size_t i = 0; i < h.count; i++)
        for (size_t at = 0; at + sizeof(name) - 1 <= h.line[i].len; at++)
            if (memcmp(h.bytes[i] + at, name, sizeof(name) - 1) == 0) {
                memcpy(h.bytes[i] + at, CARD, sizeof(name) - 1);
                swapped++;
            }
    assert_true(swapped >= 2);
    never_shows(h.line, h.count, 443, false, "\"sni\":\"" COVER "\"", 2);
    handshake_free(&h);
}

static void
test_hashes_stay(void **state)
{
    static const char hash[] = "a" CARD "b" CARD "cdef01234567890123456789abcdefab";
    struct record_field fields[] = {{.name = "sha256", .type = FIELD_TEXT, .text = str_of(hash)},
                                    {.name = "name", .type = FIELD_TEXT, .text = str_of(CARD)}};
    struct record_view r = {.type = "file", .fields = fields, .count = 2};
    struct obs obs = {.kind = OBS_RECORD, .record = &r};
    struct cards cards = {0};
    const struct obs *told;
    uint64_t left_out = 0;

    (void)state;
    told = cards_cover(&cards, &obs, &left_out);
    assert_ptr_not_equal(told, &obs);
    assert_true(str_is(record_text(told->record, "sha256"), hash));
    assert_true(str_is(record_text(told->record, "name"), COVER));
    assert_true(str_is(fields[1].text, CARD)); /* what was given is left as it is */
    r.count = 1;
    assert_ptr_equal(cards_cover(&cards, &obs, &left_out), &obs);
    assert_int_equal(left_out, 0);
    cards_done(&cards);
}

/* More than there is room for is left out, never shown. */
static void
test_too_much_is_left_out(void **state)
{
    enum { LONG = CARDS_BYTES / 2 };
    char *text = malloc(LONG);
    struct str list[3] = {str_n(text, LONG), str_n(text, LONG), str_of("a")};
    struct record_field field = {
        .name = "names", .type = FIELD_LIST, .list = list, .list_count = 3};
    struct record_view r = {.type = "x", .fields = &field, .count = 1};
    struct obs obs = {.kind = OBS_RECORD, .record = &r};
    struct cards cards = {0};
    const struct str *told;
    uint64_t left_out = 0;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', LONG);
    memcpy(text + LONG - 16, CARD, 16);
    told = cards_cover(&cards, &obs, &left_out)->record->fields[0].list;
    assert_int_equal(left_out, 1);
    assert_memory_equal(told[0].at + LONG - 16, COVER, 16);
    assert_int_equal(told[1].len, 0);
    assert_true(str_is(told[2], "a"));
    cards_done(&cards);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_of_many_protocols),
        cmocka_unit_test(test_names_of_tls),
        cmocka_unit_test(test_hashes_stay),
        cmocka_unit_test(test_too_much_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
