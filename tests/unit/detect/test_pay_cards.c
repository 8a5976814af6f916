/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with cards, orders and payouts: pay.duplicate_charge, pay.split_sale, pay.disposable_email,
 * pay.account_change, pay.benford; and that all go on after a restart. */
#include "pay_many.h"

/* Twice the same; put right; tried again after a decline; a second coffee later. */
static void
test_duplicate_charge(void **state)
{
    struct shop s;
    struct shop_txn t, again;

    (void)state;
    shop_open_budget(&s, 42, 100);
    shop_run(&s, 30);
    for (int round = 0; round < 3; round++) {
        shop_sale(&s, &t);
        t.view.outcome = round == 2 ? TXN_DECLINED : TXN_APPROVED;
        shop_give(&s, &t);
        again = t;
        s.now_ns += round == 1 ? 20 * VG_MIN_NS : 40 * VG_SEC_NS;
        again.view.time_ns = s.now_ns;
        again.view.outcome = TXN_APPROVED;
        (void)snprintf(again.id, sizeof again.id, "t%llu", (unsigned long long)s.next_id++);
        shop_give(&s, &again);
        if (round == 0) {
            s.now_ns += 2 * VG_MIN_NS;
            many_after(&s, &again, TXN_VOID);
        }
        many_later(&s, VG_HOUR_NS);
    }
    assert_int_equal(shop_alerts(&s, "pay.duplicate_charge"), 0);
    many_sale(&s, &t, NULL, NULL);
    again = t;
    s.now_ns += 40 * VG_SEC_NS;
    again.view.time_ns = s.now_ns;
    (void)snprintf(again.id, sizeof again.id, "t%llu", (unsigned long long)s.next_id++);
    shop_give(&s, &again);
    assert_int_equal(shop_alerts(&s, "pay.duplicate_charge"), 0); /* it may yet be put right */
    many_later(&s, 20 * VG_MIN_NS);
    assert_int_equal(shop_alerts(&s, "pay.duplicate_charge"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* A machine where people press twice: never certain, and soon not even odd. */
static void
test_duplicate_habit(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 43, 100);
    for (int day = 0; day < 60; day++) {
        shop_run(&s, 1);
        for (int i = 0; i < 5; i++) {
            shop_sale(&s, &t);
            for (int k = 0; k < 2; k++) {
                t.view.outcome = TXN_APPROVED;
                t.view.time_ns = s.now_ns;
                shop_give(&s, &t);
                s.now_ns += 20 * VG_SEC_NS;
                (void)snprintf(t.id, sizeof t.id, "t%llu", (unsigned long long)s.next_id++);
            }
            many_later(&s, 20 * VG_MIN_NS);
        }
        if (day == 10)
            json_array_clear(s.kit.events);
    }
    assert_int_equal(shop_alerts(&s, "pay.duplicate_charge"), 0);
    shop_close(&s);
}

static void
test_split_sale(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 44, 100);
    shop_run(&s, 30);
    for (int i = 0; i < 6; i++) { /* six sums of all sizes */
        s.now_ns += 5 * VG_MIN_NS;
        shop_sale(&s, &t);
        t.view.outcome = TXN_APPROVED;
        (void)vg_strcpy(t.card, sizeof t.card, "office");
        t.view.amount = 31000 + 11000 * i;
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.split_sale"), 0);
    for (int i = 0; i < 5; i++) {
        s.now_ns += 5 * VG_MIN_NS;
        shop_sale(&s, &t);
        t.view.outcome = TXN_APPROVED;
        (void)vg_strcpy(t.card, sizeof t.card, "splitter");
        t.view.amount = 49900 - 100 * i;
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.split_sale"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* The same round sum again and again, by one who is known only as a customer. */
static void
test_split_round(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 54, 100);
    shop_run(&s, 30);
    for (int i = 0; i < 5; i++) {
        s.now_ns += 5 * VG_MIN_NS;
        shop_sale(&s, &t);
        t.view.outcome = TXN_APPROVED;
        t.card[0] = '\0';
        (void)vg_strcpy(t.customer, sizeof t.customer, "splitter");
        t.view.amount = 50000;
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.split_sale"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

static void
test_disposable_email(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 48, 100);
    many_web_days(&s, 30);
    json_array_clear(s.kit.events);
    many_order(&s, &t, "shy", "MX", "a@mailinator.com"); /* one by itself */
    many_order(&s, &t, "shy", "MX", "a@mailinator.com");
    assert_int_equal(shop_alerts(&s, "pay.disposable_email"), 0);
    for (int i = 0; i < 6; i++) {
        char card[24], mail[48];

        (void)snprintf(card, sizeof card, "bought%d", i);
        (void)snprintf(mail, sizeof mail, "a%d@mx%d.yopmail.com", i, i);
        many_order(&s, &t, card, "MX", mail);
    }
    assert_int_equal(shop_alerts(&s, "pay.disposable_email"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

static void
test_account_change(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 49, 100);
    for (int day = 0; day < 30; day++) {
        s.now_ns += VG_DAY_NS;
        many_office(&s, TXN_PAYOUT, "own", 900000 + 1000 * day);
        if (day % 7 == 0)
            many_office(&s, TXN_SETTINGS, NULL, 0);
        if (day == 20)
            many_office(&s, TXN_SETTINGS, "own", 0);
    }
    assert_int_equal(shop_alerts(&s, NULL), 0);
    many_office(&s, TXN_SETTINGS, "thief", 0);
    assert_int_equal(shop_alerts(&s, "pay.account_change"), 1);
    s.now_ns += VG_DAY_NS;
    many_office(&s, TXN_PAYOUT, "thief", 950000);
    assert_int_equal(shop_alerts(&s, "pay.account_change"), 2);
    s.now_ns += VG_DAY_NS;
    many_office(&s, TXN_PAYOUT, "thief", 950000);
    assert_int_equal(shop_alerts(&s, "pay.account_change"), 2);
    shop_check_events(&s);
    shop_close(&s);
}

/* A key or password was changed: a payout of the usual size is none's business, a far larger one is, to
 * the shop's own account too; weeks later it is large, no more. */
static void
test_key_change(void **state)
{
    static const struct {
        int64_t amount;
        int days;
        bool changed;
        size_t alerts;
    } cases[] = {{900000, 1, true, 0},
                 {9000000, 1, true, 1},
                 {9000000, 1, false, 0},
                 {9000000, 14, true, 0}};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct shop s;

        shop_open_budget(&s, 55, 100);
        for (int day = 0; day < 200; day++) {
            s.now_ns += VG_DAY_NS;
            many_office(&s, TXN_PAYOUT, "own", 900000 + 1000 * (day * 37 % 100));
        }
        if (cases[i].changed)
            many_office(&s, TXN_SETTINGS, NULL, 0);
        shop_reopen(&s);
        s.now_ns += cases[i].days * VG_DAY_NS;
        many_office(&s, TXN_PAYOUT, "own", cases[i].amount);
        if (shop_alerts(&s, "pay.account_change") != cases[i].alerts)
            fail_msg("case %zu: %zu", i, shop_alerts(&s, "pay.account_change"));
        shop_check_events(&s);
        shop_close(&s);
    }
}

static size_t
benford_figures(const struct shop *s)
{
    size_t i, figures = 0;
    json_t *e;

    json_array_foreach(s->kit.events, i, e)
    {
        if (strcmp(vg_json_str(e, "detector", ""), "pay.benford") != 0)
            continue;
        assert_string_equal(vg_json_str(e, "severity", ""), "info"); /* no alert */
        figures++;
    }
    return figures;
}

/* A figure a month above a thousand amounts, never an alert. */
static void
test_benford(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 50, 100);
    shop_run(&s, 75);
    assert_int_equal(benford_figures(&s), 2);
    shop_check_events(&s);
    shop_close(&s);
    for (unsigned amounts = 1000; amounts <= 1001; amounts++) { /* all of them alike */
        struct shop_txn t;

        shop_open_budget(&s, 50, 100);
        for (unsigned i = 0; i < amounts; i++) {
            s.now_ns += VG_MIN_NS;
            shop_sale(&s, &t);
            t.view.outcome = TXN_APPROVED;
            t.view.amount = 7700;
            shop_give(&s, &t);
        }
        t.view.kind = TXN_REFUND; /* counts for nothing */
        shop_give(&s, &t);
        many_later(&s, 31 * VG_DAY_NS);
        assert_int_equal(benford_figures(&s), amounts - 1000);
        assert_int_equal(shop_alerts(&s, "pay.benford"), 0);
        shop_check_events(&s);
        shop_close(&s);
    }
}

/* A month in which all of it happens. */
static void
busy(struct shop *s, int round)
{
    struct shop_txn t;
    char name[24];

    many_days(s, 3);
    many_web_days(s, 2);
    (void)snprintf(name, sizeof name, "acct%d", round / 3);
    many_office(s, TXN_PAYOUT, name, 900000);
    many_office(s, TXN_SETTINGS, round % 2 == 0 ? NULL : name, 0);
    many_dispute(s, "caja1", round % 3);
    for (int i = 0; i < 10; i++) {
        many_sale(s, &t, NULL, round > 9 ? "late" : "emp1");
        if (i % 4 == 0)
            many_after(s, &t, i == 0 ? TXN_VOID : TXN_REFUND);
    }
    for (int i = 0; i < 3; i++) {
        many_order(s, &t, "busy", i == 0 ? "NG" : "MX", "a@yopmail.com");
        s->now_ns += VG_MIN_NS / 2;
        t.view.time_ns = s->now_ns;
        (void)snprintf(t.id, sizeof t.id, "t%llu", (unsigned long long)s->next_id++);
        shop_give(s, &t);
    }
    s->next_id += round % 2 == 0 ? 4 : 0;
}

static void
test_restart(void **state)
{
    struct shop whole, parts;

    (void)state;
    shop_open_budget(&whole, 51, 100);
    shop_open_budget(&parts, 51, 100);
    for (int round = 0; round < 14; round++) {
        busy(&whole, round);
        busy(&parts, round);
        shop_reopen(&parts);
    }
    for (size_t i = 0; i < json_array_size(whole.kit.events); i++)
        if (!json_equal(json_array_get(whole.kit.events, i), json_array_get(parts.kit.events, i)))
            fail_msg("event %zu differs", i);
    assert_true(json_equal(whole.kit.events, parts.kit.events));
    assert_true(json_array_size(whole.kit.events) >= 8);
    shop_check_events(&whole);
    shop_close(&whole);
    shop_close(&parts);
}

/* Rows cut anywhere are refused or taken, never a crash. */
static void
test_damaged_rows(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 52, 100);
    for (int round = 0; round < 3; round++)
        busy(&s, round);
    shop_damage_rows(&s);
    busy(&s, 3);
    shop_close(&s);
}

/* A flood of names of everything: tables stay within their caps. */
static void
test_caps(void **state)
{
    static const char *const names[] = {"pay.decline_rate",        "pay.void_abuse",
                                        "pay.off_hours",           "pay.missing_sales",
                                        "pay.duplicate_charge",    "pay.country_mismatch",
                                        "pay.compromised_terminal"};
    struct shop s;
    json_t *health = json_object();

    (void)state;
    shop_open_budget(&s, 53, 100);
    for (unsigned i = 0; i < 60000; i++) {
        struct shop_txn t;

        s.now_ns += VG_SEC_NS;
        shop_sale(&s, &t);
        (void)snprintf(t.card, sizeof t.card, "c%u", i);
        (void)snprintf(t.terminal, sizeof t.terminal, "t%u", i % 9000);
        (void)snprintf(t.employee, sizeof t.employee, "e%u", i % 9001);
        (void)snprintf(t.id, sizeof t.id, "n%u-%u", i % 5000, i);
        (void)vg_strcpy(t.view.country, sizeof t.view.country, "MX");
        t.view.outcome = TXN_APPROVED;
        shop_give(&s, &t);
    }
    panel_health(s.panel, health);
    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++) {
        char key[80];

        (void)snprintf(key, sizeof key, "%s.turned_away", names[i]);
        if (vg_json_int(health, key, 0) == 0)
            fail_msg("%s turned nothing away", names[i]);
        (void)snprintf(key, sizeof key, "%s.kept", names[i]);
        assert_in_range(vg_json_int(health, key, 0), 1, 40000);
    }
    json_decref(health);
    shop_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duplicate_charge),
        cmocka_unit_test(test_duplicate_habit),
        cmocka_unit_test(test_split_sale),
        cmocka_unit_test(test_split_round),
        cmocka_unit_test(test_key_change),
        cmocka_unit_test(test_disposable_email),
        cmocka_unit_test(test_account_change),
        cmocka_unit_test(test_benford),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_caps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
