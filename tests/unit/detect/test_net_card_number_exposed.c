/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#include "agent/detect/card_context.h"

#define D NET_CARD_NUMBER_EXPOSED

static struct judge judge;

/* Numbers that the brands publish for tests. */
static void
test_what_is_a_card(void **state)
{
    static const char *const cards[] = {
        "name=Ana&cardNumber=4111111111111111&x=1",
        "tarjeta=5555+5555+5555+4444",
        "{\"pan\": \"378282246310005\", \"amount\": 10}",
        "<PAN>6011111111111117</PAN>",
        "Tarjeta: 4111 1111 1111 1111",
        "mi tarjeta de banco es 4111111111111111 gracias",
        "num=4111-1111-1111-1111&cvv=123",
        "/pay?cc=4111111111111111&exp=1227",
        "ana,4111 1111 1111 1111\nbob,5555 5555 5555 4444\neva,4012 8888 8888 1881\n",
    };
    static const char *const others[] = {
        "idfa=4111111111111111&x=1",
        "order=4111111111111111",
        "card_id=4111111111111111",
        "cardToken=4111111111111111",
        "gift_card=4111111111111111",
        "tarjeta=1234567890123456",
        "ts=1750000000000&card=visa",
        "cardhash=ab4111111111111111cd",
        "/card/4111111111111111/image.png",
        "imei=352099001761481",
        "tel=+52 55 5555 5555 4444",
        "4111 1111 1111 1111",
        "0.4111111111111111",
    };
    struct card_context found;

    for (size_t i = 0; i < VG_ARRAY_LEN(cards); i++)
        if (!card_in_context(str_of(cards[i]), &found))
            fail_msg("missed: %s", cards[i]);
    assert_int_equal(found.count, 3);
    assert_string_equal(found.last4, "1111");
    for (size_t i = 0; i < VG_ARRAY_LEN(others); i++)
        if (card_in_context(str_of(others[i]), &found))
            fail_msg("taken: %s", others[i]);
    assert_false(card_in_context(str_n(NULL, 0), &found));
}

static void
body(void *self, const char *text, const char *mime, struct net_addr dst, bool from_server,
     int64_t at)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), dst, 80, at);
    struct body_view b = {.flow = &f,
                          .from_server = from_server,
                          .name = str_of("/pay?x=1"),
                          .mime = str_of(mime),
                          .host = str_of(""),
                          .bytes = (const uint8_t *)text,
                          .len = strlen(text),
                          .first = true};
    struct obs obs = {.kind = OBS_BODY, .time_ns = at, .body = &b};

    D.observe(self, &obs);
}

static void
test_findings(void **state)
{
    static struct fake_store store;
    void *self = fake_make(&D, &judge, NULL);
    const char *form = "cardNumber=4111111111111111&cvv=123";
    struct net_addr world = ip4(203, 0, 113, 9), inside = ip4(192, 168, 1, 5);

    body(self, form, "application/x-www-form-urlencoded", world, false, T0);
    body(self, form, "application/x-www-form-urlencoded", world, false, T0 + VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "last4")), "1111");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "where")), "form");
    body(self, form, "text/plain", inside, false, T0);
    assert_int_equal(judge.count, 2);
    assert_int_equal(judge.report[1].severity, SEVERITY_MEDIUM);
    body(self, "Pruebe con la tarjeta 4111 1111 1111 1111", "text/html", ip4(203, 0, 113, 10), true,
         T0);
    body(self, form, "image/png", ip4(203, 0, 113, 11), false, T0);
    assert_int_equal(judge.count, 2);
    self = fake_restart(&D, self, &store, &judge);
    body(self, form, "application/x-www-form-urlencoded", world, false, T0 + VG_HOUR_NS);
    assert_int_equal(judge.count, 2);
    body(self, form, "application/x-www-form-urlencoded", world, false, T0 + 2 * VG_DAY_NS);
    assert_int_equal(judge.count, 3);
    for (size_t i = 0; i < judge.count; i++) {
        char *text = json_dumps(judge.report[i].facts, 0);

        assert_null(strstr(text, "41111111"));
        free(text);
    }
    fake_truncate_rows(&D, &store, &judge);
    fake_store_done(&store);
    for (unsigned i = 0; i < 2000; i++)
        body(self, form, "", ip4(203, 0, i / 200, 1 + i % 200), false, T0);
    D.free(self);
}

/* What each of these protocols gives: no kind of content, a name of its own (agent/net/bodies). */
static void
test_files_and_mails(void **state)
{
    static const struct {
        const char *name;
        uint16_t port;
        bool from_server, taken;
        struct net_addr server;
    } cases[] = {
        {"clientes.csv", 20, false, true, {.family = 4, .bytes = {203, 0, 113, 21}}}, /* FTP, up */
        {"clientes.csv", 20, true, true, {.family = 4, .bytes = {192, 168, 1, 21}}},  /* and down */
        {"", 25, false, true, {.family = 4, .bytes = {203, 0, 113, 25}}},             /* SMTP */
        {"", 110, true, false, {.family = 4, .bytes = {203, 0, 113, 26}}}, /* what others write */
        {"caja\\\\cobros.txt",
         445,
         false,
         true,
         {.family = 4, .bytes = {192, 168, 1, 22}}}, /* SMB */
        {"caja\\\\cobros.txt", 445, true, true, {.family = 4, .bytes = {192, 168, 1, 23}}},
    };
    static const char text[] = "nombre,tarjeta\r\nAna,4111 1111 1111 1111\r\n"
                               "Bob,5555 5555 5555 4444\r\n";
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&D, &judge, NULL);
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct flow_view f = flow_of(ip4(192, 168, 1, 20), cases[i].server, cases[i].port, T0);
        struct body_view b = {.flow = &f,
                              .from_server = cases[i].from_server,
                              .name = str_of(cases[i].name),
                              .mime = str_of(""),
                              .host = str_of(""),
                              .bytes = (const uint8_t *)text,
                              .len = sizeof text - 1,
                              .first = true};
        struct obs obs = {.kind = OBS_BODY, .time_ns = T0, .body = &b};
        size_t before = judge.count;
        const json_t *facts;
        char *said;

        D.observe(self, &obs);
        assert_int_equal(judge.count - before, cases[i].taken);
        if (!cases[i].taken)
            continue;
        facts = judge.report[before].facts;
        assert_string_equal(json_string_value(json_object_get(facts, "where")), "file");
        assert_int_equal(json_integer_value(json_object_get(facts, "cards")), 2);
        said = json_dumps(facts, 0);
        assert_null(strstr(said, "4111 1111"));
        free(said);
    }
    D.free(self);
    fake_judge_done(&judge);
}

static void
record(void *self, const char *service, struct net_addr dst, bool from_server, int64_t at)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), dst, 5000, at);
    struct record_field fields[] = {
        {.name = "service", .type = FIELD_TEXT, .text = str_of(service)},
        {.name = "from_server", .type = FIELD_BOOL, .number = from_server},
        {.name = "cards", .type = FIELD_NUMBER, .number = 2},
        {.name = "last4", .type = FIELD_TEXT, .text = str_of("1111")}};
    struct record_view r = {
        .flow = &f, .type = "card", .fields = fields, .count = VG_ARRAY_LEN(fields)};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = at, .record = &r};

    D.observe(self, &obs);
}

static void
test_terminals_and_streams(void **state)
{
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&D, &judge, NULL);
    record(self, "raw", ip4(203, 0, 113, 9), true, T0); /* what the world shows */
    assert_int_equal(judge.count, 0);
    record(self, "raw", ip4(203, 0, 113, 9), false, T0);
    record(self, "telnet", ip4(192, 168, 1, 5), true, T0);
    assert_int_equal(judge.count, 2);
    assert_string_equal(json_string_value(json_object_get(judge.report[1].facts, "where")),
                        "terminal");
    D.free(self);
    fake_judge_done(&judge);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminals_and_streams),
        cmocka_unit_test(test_files_and_mails),
        cmocka_unit_test(test_what_is_a_card),
        cmocka_unit_test(test_findings),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
