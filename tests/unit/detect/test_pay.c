/* SPDX-License-Identifier: Apache-2.0 */
/* The payment detectors in a simulated shop: what must alert, what must not. */
#include "pay_kit.h"

#include "agent/detect/pay_sales.h"

/* Eight weeks of ordinary business: within the target of 0.6 a week, with room for chance. */
static void
test_quiet(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 1);
    shop_run(&s, 56);
    print_message("quiet shop: %zu alerts in 8 weeks\n", shop_alerts(&s, NULL));
    assert_in_range(shop_alerts(&s, NULL), 0, 9);
    shop_check_events(&s);
    shop_close(&s);
}

/* While it learns nothing is said, and health says that it learns. */
static void
test_learning(void **state)
{
    struct shop s;
    struct shop_txn t;
    json_t *health = json_object();

    (void)state;
    shop_open(&s, 2);
    shop_run(&s, 2);
    panel_health(s.panel, health);
    assert_int_equal(vg_json_int(health, "pay.amount.learning", 0), 1);
    assert_int_equal(vg_json_int(health, "pay.velocity.learning", 0), 1);
    assert_int_equal(vg_json_int(health, "pay.card_testing.learning", 0), 1);
    shop_sale(&s, &t);
    t.view.amount = 100000000;
    shop_give(&s, &t);
    assert_int_equal(json_array_size(s.kit.events), 0);
    shop_run(&s, 12);
    panel_health(s.panel, health);
    assert_int_equal(vg_json_int(health, "pay.amount.learning", 1), 0);
    json_decref(health);
    shop_close(&s);
}

static void
test_amount(void **state)
{
    struct shop s;
    struct shop_txn t;
    double usual, large;

    (void)state;
    shop_open(&s, 3);
    shop_run(&s, 30);
    shop_sale(&s, &t);
    shop_give(&s, &t);
    usual = s.score;
    /* A card's fivefold is inside the shop's range, yet far outside its own. */
    shop_sale(&s, &t);
    (void)vg_strcpy(t.card, sizeof t.card, "card0");
    t.view.amount = 25000;
    shop_give(&s, &t);
    large = s.score;
    assert_true(large > usual + 15);
    shop_close(&s);

    shop_open(&s, 10);
    shop_run(&s, 30);
    json_array_clear(s.kit.events);
    shop_sale(&s, &t);
    (void)vg_strcpy(t.card, sizeof t.card, "card1");
    t.view.amount = 9000000;
    shop_give(&s, &t);
    assert_int_equal(shop_alerts(&s, "pay.amount"), 1);
    assert_true(s.score > large);
    shop_check_events(&s);
    shop_close(&s);
}

/* On the second day only a charge far over what such shops take is told, and only where it is known what
 * the shop is; a jeweller's is none of a jeweller's. Sales of the shop soon weigh more. */
static void
test_amount_of_kind(void **state)
{
    static const struct {
        const char *kind;
        int64_t amount;
        size_t alerts;
    } cases[] = {{"restaurant", 4500000, 1}, {"restaurant", 120000, 0}, {"jewelry", 4500000, 0},
                 {"any", 4500000, 0},        {NULL, 4500000, 0},        {"no-such", 4500000, 0}};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct shop s;
        struct shop_txn t;

        shop_open_kind(&s, 90, cases[i].kind);
        for (int k = 0; k < 12; k++) {
            s.now_ns += VG_HOUR_NS;
            shop_sale(&s, &t);
            t.view.amount = 20000 + 1500 * k;
            shop_give(&s, &t);
        }
        shop_reopen(&s);
        shop_sale(&s, &t);
        t.view.amount = cases[i].amount;
        shop_give(&s, &t);
        if (shop_alerts(&s, "pay.amount") != cases[i].alerts)
            fail_msg("case %zu: %zu", i, shop_alerts(&s, "pay.amount"));
        shop_check_events(&s);
        shop_close(&s);
    }
}

/* One who sells small things at a till where others sell large ones: a large sale of hers stands out, and
 * says whose habit it does not fit. Nobody's card is known. */
static void
test_amount_employee(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct shop s;
        struct shop_txn t;

        shop_open_budget(&s, 11, 100);
        for (int day = 0; day < 40; day++) {
            shop_run(&s, 1);
            for (int k = 0; k < 20; k++) {
                shop_sale(&s, &t);
                (void)vg_strcpy(t.employee, sizeof t.employee, "ana");
                t.card[0] = '\0';
                t.view.amount = 900 + (int64_t)(kit_next(&s.rng) % 400);
                shop_give(&s, &t);
            }
        }
        json_array_clear(s.kit.events);
        shop_sale(&s, &t);
        (void)vg_strcpy(t.employee, sizeof t.employee, i == 0 ? "emp1" : "ana");
        t.card[0] = '\0';
        t.view.amount = 31000;
        shop_reopen(&s);
        shop_give(&s, &t);
        assert_int_equal(shop_alerts(&s, "pay.amount"), i);
        if (i == 1) {
            const json_t *e = json_array_get(s.kit.events, 0), *f = json_object_get(e, "facts");

            assert_string_equal(vg_json_str(f, "because", ""), "employee");
            assert_string_equal(vg_json_str(json_object_get(e, "peer"), "id", ""), "ana");
            assert_in_range(vg_json_int(f, "usual", 0), 900, 2500);
        }
        shop_check_events(&s);
        shop_close(&s);
    }
}

/* Sixty cards in fifteen minutes at one address, most declined, small amounts. */
static void
attack(struct shop *s, int tries, bool same_card)
{
    for (int i = 0; i < tries; i++) {
        struct shop_txn t;

        s->now_ns += 15 * VG_SEC_NS;
        shop_sale(s, &t);
        (void)snprintf(t.card, sizeof t.card, "stolen%d", same_card ? 0 : i);
        (void)vg_strcpy(t.ip, sizeof t.ip, "198.51.100.7");
        (void)vg_strcpy(t.terminal, sizeof t.terminal, "web");
        t.view.amount = 100 + i;
        t.view.outcome = i % 5 == 4 ? TXN_APPROVED : TXN_DECLINED;
        shop_give(s, &t);
    }
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
    attack(&s, 60, false);
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
    attack(&s, 12, true);
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

static void
test_velocity(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open(&s, 5);
    shop_run(&s, 30);
    json_array_clear(s.kit.events);
    for (int i = 0; i < 3; i++) { /* three coffees are nobody's burst */
        s.now_ns += VG_MIN_NS;
        shop_sale(&s, &t);
        (void)vg_strcpy(t.card, sizeof t.card, "card8");
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.velocity"), 0);
    for (int i = 0; i < 30; i++) {
        s.now_ns += VG_MIN_NS;
        shop_sale(&s, &t);
        (void)vg_strcpy(t.card, sizeof t.card, "card7");
        t.view.outcome = TXN_APPROVED;
        t.view.amount = 5700;
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.velocity"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* Payments of one party, a minute apart or spread over `hours`. */
static void
burst(struct shop *s, int count, double hours, const char *customer, const char *ip,
      const char *terminal)
{
    for (int i = 0; i < count; i++) {
        struct shop_txn t;

        s->now_ns += hours > 0 ? (int64_t)(hours / count * (double)VG_HOUR_NS) : VG_MIN_NS;
        shop_sale(s, &t);
        t.view.outcome = TXN_APPROVED;
        if (customer != NULL || ip != NULL)
            (void)snprintf(t.card, sizeof t.card, "other%d", i);
        (void)vg_strcpy(t.customer, sizeof t.customer, customer != NULL ? customer : "");
        (void)vg_strcpy(t.ip, sizeof t.ip, ip != NULL ? ip : "");
        if (terminal != NULL)
            (void)vg_strcpy(t.terminal, sizeof t.terminal, terminal);
        shop_give(s, &t);
    }
}

/* Each of those whose pace is watched; within the hour, the day, the week. */
static void
test_velocity_of_all(void **state)
{
    static const struct {
        const char *kind, *customer, *ip, *terminal;
        int count;
        double hours;
    } cases[] = {
        {"customer", "ana", NULL, NULL, 30, 0},        {"host", NULL, "198.51.100.9", NULL, 40, 0},
        {"terminal", NULL, NULL, "caja1", 240, 0},     {"customer", "ana", NULL, NULL, 40, 30},
        {"host", NULL, "198.51.100.9", NULL, 150, 20}, {"customer", "ana", NULL, NULL, 90, 160},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct shop s;
        const json_t *e = NULL, *found = NULL;
        size_t k;

        shop_open_budget(&s, 80 + i, 100);
        shop_run(&s, 45);
        json_array_clear(s.kit.events);
        burst(&s, cases[i].count, cases[i].hours, cases[i].customer, cases[i].ip,
              cases[i].terminal);
        json_array_foreach(s.kit.events, k, e)
        {
            if (strcmp(vg_json_str(e, "detector", ""), "pay.velocity") == 0 &&
                strcmp(vg_json_str(json_object_get(e, "subject"), "kind", ""), cases[i].kind) == 0)
                found = e;
        }
        if (found == NULL)
            fail_msg("case %zu: %zu events", i, json_array_size(s.kit.events));
        shop_check_events(&s);
        shop_close(&s);
    }
}

static void
give_refund(struct shop *s, const struct shop_txn *sale, const char *card, int64_t amount,
            const char *original)
{
    struct shop_txn t = *sale;

    s->now_ns += VG_MIN_NS;
    t.view.time_ns = s->now_ns;
    t.view.kind = TXN_REFUND;
    t.view.outcome = TXN_APPROVED;
    t.view.amount = amount;
    (void)snprintf(t.id, sizeof t.id, "r%llu", (unsigned long long)s->next_id++);
    (void)vg_strcpy(t.card, sizeof t.card, card);
    (void)vg_strcpy(t.original, sizeof t.original, original);
    shop_give(s, &t);
}

/* A sale and its refund, as they happen. */
static void
ordinary_refund(struct shop *s)
{
    struct shop_txn t;

    shop_sale(s, &t);
    t.view.outcome = TXN_APPROVED;
    shop_give(s, &t);
    give_refund(s, &t, t.card, t.view.amount, t.id);
}

/* Where refunds never name their sale, one that does not is nothing; nor is one of a sale that was
 * before the log began. */
static void
test_refund_quiet(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open(&s, 12);
    for (int day = 0; day < 30; day++) {
        shop_run(&s, 1);
        shop_sale(&s, &t);
        give_refund(&s, &t, t.card, t.view.amount, day % 2 == 0 ? "" : "older");
    }
    assert_int_equal(shop_alerts(&s, "pay.refund"), 0);
    shop_close(&s);
}

static void
test_refund(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 6, 100);
    for (int day = 0; day < 60; day++) {
        shop_run(&s, 1);
        ordinary_refund(&s);
    }
    assert_int_equal(shop_alerts(&s, "pay.refund"), 0);
    shop_sale(&s, &t);
    t.view.outcome = TXN_APPROVED;
    t.view.amount = 5000;
    shop_give(&s, &t);
    give_refund(&s, &t, t.card, 3000, t.id);
    assert_int_equal(shop_alerts(&s, "pay.refund"), 0);
    give_refund(&s, &t, t.card, 3000, t.id); /* together more than the sale */
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    shop_sale(&s, &t);
    t.view.outcome = TXN_APPROVED;
    shop_give(&s, &t);
    give_refund(&s, &t, "mine", t.view.amount, t.id); /* to another card */
    assert_int_equal(shop_alerts(&s, "pay.refund"), 2);
    give_refund(&s, &t, t.card, 4000, "no-such-sale");
    assert_int_equal(shop_alerts(&s, "pay.refund"), 3);
    json_array_clear(s.kit.events);
    (void)vg_strcpy(t.employee, sizeof t.employee, "emp8");
    for (int i = 0; i < 5; i++)
        give_refund(&s, &t, "mine", 4000, ""); /* names no sale, as every other does: one group */
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    json_array_clear(s.kit.events);
    for (int i = 0; i < 40; i++) { /* one employee refunds all day */
        shop_sale(&s, &t);
        (void)vg_strcpy(t.employee, sizeof t.employee, "emp9");
        t.view.outcome = TXN_APPROVED;
        shop_give(&s, &t);
        give_refund(&s, &t, t.card, t.view.amount, t.id);
    }
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

static void
test_card_number(void **state)
{
    struct shop s;
    json_t *facts;

    (void)state;
    shop_open(&s, 7);
    for (uint64_t i = 0; i < 100; i++) {
        char token[16];
        struct card_view card = {.source = str_of("ventas.csv"),
                                 .line = i + 1,
                                 .field = str_of("tarjeta"),
                                 .last4 = "4242"};
        struct obs obs = {.kind = OBS_CARD, .time_ns = s.now_ns, .card = &card};

        (void)snprintf(token, sizeof token, "tok%u", (unsigned)(i % 50));
        card.token = str_of(token);
        panel_observe(s.panel, &obs);
    }
    assert_int_equal(json_array_size(s.kit.events), 3); /* the 1st, 10th, 100th */
    facts = json_object_get(json_array_get(s.kit.events, 2), "facts");
    assert_int_equal(vg_json_int(facts, "numbers", 0), 100);
    assert_in_range(vg_json_int(facts, "cards", 0), 45, 55);
    shop_check_events(&s);
    shop_close(&s);
}

/* Scores and events after a restart are those of a run that never stopped, bit by bit. */
static void
test_restart(void **state)
{
    struct shop whole, parts;

    (void)state;
    shop_open(&whole, 8);
    shop_open(&parts, 8);
    for (int round = 0; round < 6; round++) {
        shop_run(&whole, 7);
        shop_run(&parts, 7);
        attack(&whole, 20 + round, false);
        attack(&parts, 20 + round, false);
        ordinary_refund(&whole);
        ordinary_refund(&parts);
        assert_true(memcmp(&whole.score, &parts.score, sizeof whole.score) == 0);
        shop_reopen(&parts);
    }
    assert_true(json_array_size(whole.kit.events) >= 3);
    assert_true(json_equal(whole.kit.events, parts.kit.events));
    shop_check_events(&whole);
    shop_close(&whole);
    shop_close(&parts);
}

/* Rows cut short anywhere are refused or taken, never a crash; each in a block of its own. */
static void
test_damaged_rows(void **state)
{
    struct shop s;

    (void)state;
    shop_open(&s, 9);
    shop_run(&s, 15);
    ordinary_refund(&s);
    shop_damage_rows(&s);
    shop_run(&s, 1);
    shop_close(&s);
}

/* Evidence holds what a log holds, but nothing that a reader of JSON refuses. */
static void
test_odd_text(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } rows[] = {{"caja 1", 6, "caja 1"},
                {"", 0, "-"},
                {"Ni\xc3\xb1o", 5, "Ni\xc3\xb1o"},
                {"Ni\xf1o", 4, "Ni?o"},
                {"a\0b", 3, "a?b"}};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        json_t *v = pay_text(str_n(rows[i].text, rows[i].len)), *back = NULL;
        char *text = json_dumps(v, JSON_ENCODE_ANY);

        assert_string_equal(json_string_value(v), rows[i].want);
        assert_int_equal(vg_json_parse(slice_of(text, strlen(text)), 100, &back), VG_OK);
        json_decref(back);
        json_decref(v);
        free(text);
    }
}

/* One order number on every sale of a till: the sum grows, and stops before it overflows. */
static void
test_sale_sums(void **state)
{
    const struct txn_view sale = {.id = str_of(""),
                                  .order = str_of("1"),
                                  .outcome = TXN_APPROVED,
                                  .has_amount = true,
                                  .amount = 999999999999};
    struct pay_keys keys;
    const struct obs obs = {.kind = OBS_TXN, .txn = &sale, .keys = &keys};
    struct keytab *sales = NULL;
    struct pay_sale *s;
    int64_t before;

    (void)state;
    pay_keys_make(&sale, &keys);
    assert_int_equal(pay_sales_new('s', 1, &sales), VG_OK);
    for (int i = 0; i < 3; i++)
        pay_sales_see(sales, &obs);
    s = pay_sales_of(sales, &sale);
    assert_non_null(s);
    assert_true(s->amount == 3 * sale.amount);
    s->amount = s->refunded = before = (INT64_C(1) << 60) - 5;
    pay_sales_see(sales, &obs);
    s = pay_sales_of(sales, &sale);
    pay_sale_refund(s, sale.amount);
    assert_true(s->amount == before && s->refunded == before);
    pay_sale_refund(s, 5);
    assert_true(s->refunded == before + 5);
    keytab_free(sales);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_amount),
        cmocka_unit_test(test_amount_employee),
        cmocka_unit_test(test_amount_of_kind),
        cmocka_unit_test(test_card_testing),
        cmocka_unit_test(test_nameless_card_testing),
        cmocka_unit_test(test_velocity),
        cmocka_unit_test(test_velocity_of_all),
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_refund_quiet),
        cmocka_unit_test(test_card_number),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_odd_text),
        cmocka_unit_test(test_sale_sums),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
