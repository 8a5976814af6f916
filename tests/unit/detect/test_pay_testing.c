/* SPDX-License-Identifier: Apache-2.0 */
/* pay.card_testing by what the tries have in common: e-mail addresses of one pattern or one mailbox, cards
 * of one range, made up one after the other; and a busy shop in which much of that is everyday. */
#include "pay_many.h"

/* A card of this range with these last four digits, tried now at the web shop. */
static void
try_card(struct shop *s, struct shop_txn *t, const char *bin, unsigned last4, bool declined)
{
    shop_sale(s, t);
    (void)snprintf(t->card, sizeof t->card, "%s-%04u", bin, last4 % 10000);
    (void)snprintf(t->view.last4, sizeof t->view.last4, "%04u", last4 % 10000);
    (void)vg_strcpy(t->view.bin, sizeof t->view.bin, bin);
    (void)vg_strcpy(t->terminal, sizeof t->terminal, "web");
    t->employee[0] = '\0';
    (void)snprintf(t->ip, sizeof t->ip, "198.51.%u.%u", (unsigned)(kit_next(&s->rng) % 250),
                   (unsigned)(kit_next(&s->rng) % 250));
    t->view.outcome = declined ? TXN_DECLINED : TXN_APPROVED;
}

static unsigned
any(struct shop *s, unsigned below)
{
    return (unsigned)(kit_next(&s->rng) % below);
}

static void
mail_of(struct shop *s, struct shop_txn *t, const char *shape, const char *mailbox)
{
    (void)snprintf(t->mail, sizeof t->mail, "mail%u", any(s, 1000000));
    (void)vg_strcpy(t->shape, sizeof t->shape, shape);
    (void)vg_strcpy(t->mailbox, sizeof t->mailbox, mailbox != NULL ? mailbox : t->mail);
}

/* Days of a busy web shop: customers of all banks, most of them with an address of one large service. */
static void
web_days(struct shop *s, int days, unsigned orders)
{
    static const char *const shapes[] = {"a@gmail.com",   "a0@gmail.com",   "a.a@gmail.com",
                                         "a0@gmail.com",  "a@hotmail.com",  "a0@hotmail.com",
                                         "a@example.org", "a.a@outlook.com"};
    static const char *const bins[] = {"411111", "411111", "424242", "510510", "555555", "378282"};

    for (int day = 0; day < days; day++) {
        int64_t midnight = s->now_ns - s->now_ns % VG_DAY_NS;

        for (unsigned i = 0; i < orders; i++) {
            struct shop_txn t;

            s->now_ns =
                midnight + VG_DAY_NS / 24 * 8 + (int64_t)(i * (15 * 3600 / orders)) * VG_SEC_NS;
            try_card(s, &t, bins[any(s, VG_ARRAY_LEN(bins))], any(s, 10000), any(s, 100) < 8);
            mail_of(s, &t, shapes[any(s, VG_ARRAY_LEN(shapes))], NULL);
            shop_give(s, &t);
        }
        s->now_ns = midnight + VG_DAY_NS;
    }
}

static void
check_one(struct shop *s, const char *kind, const char *sign)
{
    const json_t *e;

    assert_int_equal(shop_alerts(s, "pay.card_testing"), 1);
    e = json_array_get(s->kit.events, 0);
    assert_string_equal(vg_json_str(json_object_get(e, "subject"), "kind", ""), kind);
    if (strstr(vg_json_str(json_object_get(e, "facts"), "sign_en", ""), sign) == NULL)
        fail_msg("%s", vg_json_str(json_object_get(e, "facts"), "sign_en", ""));
    shop_check_events(s);
}

/* 150 orders a day, one in twelve declined, most of the addresses with one service: nothing. Then a
 * sale day with three times as many. */
static void
test_busy(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 61, 100);
    web_days(&s, 60, 150);
    web_days(&s, 1, 450);
    assert_int_equal(shop_alerts(&s, "pay.card_testing"), 0);
    shop_close(&s);
}

/* Cards of many banks, from many addresses of the internet, but made-up customers. */
static void
test_mail_pattern(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 62, 100);
    web_days(&s, 40, 60);
    json_array_clear(s.kit.events);
    for (unsigned i = 0; i < 16; i++) {
        struct shop_txn t;
        char bin[8];

        s.now_ns += 70 * VG_SEC_NS;
        (void)snprintf(bin, sizeof bin, "4%05u", any(&s, 100000));
        try_card(&s, &t, bin, any(&s, 10000), i % 6 != 5);
        t.terminal[0] = '\0';
        mail_of(&s, &t, "a0@protonmail.com", NULL);
        shop_give(&s, &t);
        if (i % 3 == 0) /* and an honest one between them */
            many_later(&s, VG_SEC_NS);
    }
    check_one(&s, "customer", "one pattern");
    shop_close(&s);
}

/* One mailbox, each time written another way: tags and dots, so that no two shapes are equal. */
static void
test_mailbox(void **state)
{
    static const char *const shapes[] = {"a@gmail.com",      "a.a@gmail.com", "a.a.a@gmail.com",
                                         "a+a@gmail.com",    "a+0@gmail.com", "a.a+0@gmail.com",
                                         "a.a+a0@gmail.com", "a0@gmail.com"};
    struct shop s;

    (void)state;
    shop_open_budget(&s, 63, 100);
    web_days(&s, 40, 60);
    json_array_clear(s.kit.events);
    for (unsigned i = 0; i < 14; i++) {
        struct shop_txn t;
        char bin[8];

        s.now_ns += 100 * VG_SEC_NS;
        (void)snprintf(bin, sizeof bin, "5%05u", any(&s, 100000));
        try_card(&s, &t, bin, any(&s, 10000), true);
        t.terminal[0] = '\0';
        mail_of(&s, &t, shapes[i % VG_ARRAY_LEN(shapes)], "mail_box");
        shop_give(&s, &t);
    }
    assert_true(shop_alerts(&s, "pay.card_testing") == 1);
    shop_close(&s);
}

/* One try in an hour, each from elsewhere: cards of a range that go up by about ten, in disorder, or
 * anywhere within the range. */
static void
range(struct shop *s, unsigned step, unsigned count)
{
    unsigned at = any(s, 5000);

    for (unsigned i = 0; i < count; i++) {
        struct shop_txn t;

        s->now_ns += 50 * VG_MIN_NS;
        at = step == 0 ? any(s, 10000) : at + step / 2 + any(s, step);
        try_card(s, &t, "409999", at, i % 7 != 3);
        t.terminal[0] = '\0';
        if (i % 7 == 3)
            t.view.amount = 90;
        shop_give(s, &t);
        many_later(s, VG_MIN_NS);
    }
}

static void
test_range(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 64, 100);
    web_days(&s, 40, 60);
    json_array_clear(s.kit.events);
    range(&s, 10, 8); /* few, but one after the other */
    check_one(&s, "card", "close together");
    shop_close(&s);

    shop_open_budget(&s, 65, 100);
    web_days(&s, 40, 60);
    json_array_clear(s.kit.events);
    range(&s, 0, 24);
    check_one(&s, "card", "one bank");
    shop_close(&s);
}

/* Five people of one firm, whose cards were issued together, pay one after the other; and one of them
 * tries his own again and again. */
static void
test_colleagues(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 66, 100);
    web_days(&s, 40, 60);
    json_array_clear(s.kit.events);
    for (unsigned i = 0; i < 16; i++) {
        struct shop_txn t;

        s.now_ns += VG_MIN_NS;
        try_card(&s, &t, "409999", 1000 + 9 * (i < 5 ? i : 2), i >= 5);
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.card_testing"), 0);
    shop_close(&s);
}

/* The log names no bank and no token, only the last four digits. */
static void
test_last_four_only(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 67, 100);
    web_days(&s, 40, 60);
    json_array_clear(s.kit.events);
    for (unsigned i = 0; i < 9; i++) {
        struct shop_txn t;

        s.now_ns += 40 * VG_MIN_NS;
        try_card(&s, &t, "", 7000 + 11 * i, true);
        t.card[0] = t.terminal[0] = '\0';
        shop_give(&s, &t);
    }
    check_one(&s, "log", "close together");
    shop_close(&s);
}

static void
test_restart(void **state)
{
    struct shop whole, parts;

    (void)state;
    shop_open_budget(&whole, 68, 100);
    shop_open_budget(&parts, 68, 100);
    for (int round = 0; round < 4; round++) {
        web_days(&whole, 10, 60);
        web_days(&parts, 10, 60);
        range(&whole, 10 * (unsigned)(round % 2), 5);
        range(&parts, 10 * (unsigned)(round % 2), 5);
        shop_reopen(&parts);
        range(&whole, 12, 5);
        range(&parts, 12, 5);
        assert_true(whole.score == parts.score);
        assert_int_equal(json_array_size(whole.kit.events), json_array_size(parts.kit.events));
    }
    assert_true(shop_alerts(&whole, "pay.card_testing") > 0);
    shop_close(&whole);
    shop_damage_rows(&parts);
    shop_close(&parts);
}

static void
test_card_testing(void **state)
{
    struct shop s;
    json_t *e;

    (void)state;
    shop_open(&s, 4);
    shop_run(&s, 21);
    json_array_clear(s.kit.events);
    many_attack(&s, 60, false);
    assert_int_equal(shop_alerts(&s, NULL), 1); /* one attack, one alert (and no second subject) */
    e = json_array_get(s.kit.events, 0);
    assert_string_equal(vg_json_str(e, "detector", ""), "pay.card_testing");
    assert_true(json_array_size(json_object_get(e, "evidence")) >= 5);
    shop_check_events(&s);
    shop_close(&s);

    /* one customer who tries one card again and again is no card testing */
    shop_open(&s, 4);
    shop_run(&s, 21);
    json_array_clear(s.kit.events);
    many_attack(&s, 12, true);
    assert_int_equal(shop_alerts(&s, "pay.card_testing"), 0);
    shop_close(&s);
}

/* The access log of a checkout names no card: attempts from one address are told by their number. */
static void
tries(struct shop *s, int count, bool declined)
{
    for (int i = 0; i < count; i++) {
        struct shop_txn t;

        s->now_ns += 20 * VG_SEC_NS;
        shop_sale(s, &t);
        t.card[0] = t.terminal[0] = t.employee[0] = '\0';
        t.view.last4[0] = t.view.bin[0] = '\0';
        (void)vg_strcpy(t.ip, sizeof t.ip, "198.51.100.7");
        t.view.kind = TXN_AUTH;
        t.view.has_amount = false;
        t.view.line = (uint64_t)i + 1;
        t.view.outcome = declined ? TXN_DECLINED : TXN_APPROVED;
        shop_give(s, &t);
    }
}

static void
test_nameless_card_testing(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 4);
    shop_run(&s, 21);
    json_array_clear(s.kit.events);
    tries(&s, 4, true); /* somebody mistypes */
    tries(&s, 12, false);
    assert_int_equal(shop_alerts(&s, "pay.card_testing"), 0);
    s.now_ns += 3 * VG_HOUR_NS;
    tries(&s, 12, true);
    assert_int_equal(shop_alerts(&s, "pay.card_testing"), 1);
    shop_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_card_testing), cmocka_unit_test(test_nameless_card_testing),
        cmocka_unit_test(test_busy),         cmocka_unit_test(test_mail_pattern),
        cmocka_unit_test(test_mailbox),      cmocka_unit_test(test_range),
        cmocka_unit_test(test_colleagues),   cmocka_unit_test(test_last_four_only),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
