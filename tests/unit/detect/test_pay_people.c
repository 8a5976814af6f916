/* SPDX-License-Identifier: Apache-2.0 */
/* What those at the till do: pay.void_abuse, pay.new_employee_pattern, pay.collusion, pay.off_hours,
 * refunds after closing time, pay.missing_sales. */
#include "pay_many.h"

#include "agent/detect/pay_share.h"

/* One of four voids a tenth of the sales for two weeks; told once, not every day. */
static void
test_void_abuse(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 21, 100);
    many_days(&s, 40);
    assert_int_equal(shop_alerts(&s, "pay.void_abuse"), 0);
    for (int i = 0; i < 40; i++) {
        shop_run(&s, i % 3 == 0);
        for (int k = 0; k < 4; k++)
            many_sale(&s, &t, NULL, "emp1");
        many_after(&s, &t, TXN_VOID);
    }
    assert_int_equal(shop_alerts(&s, "pay.void_abuse"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* Who has always voided for the others is nobody's news. */
static void
test_void_supervisor(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 22, 100);
    for (int day = 0; day < 90; day++) {
        shop_run(&s, 1);
        for (int k = 0; k < 6; k++)
            many_sale(&s, &t, NULL, "eva");
        if (day % 2 == 0)
            many_after(&s, &t, TXN_VOID);
    }
    assert_int_equal(shop_alerts(&s, "pay.void_abuse"), 0);
    shop_close(&s);
}

/* Twenty days of somebody; of 100 sales so many are followed by this (a sale: a large one). */
static void
somebody(struct shop *s, const char *name, unsigned in_100, enum txn_kind kind)
{
    struct shop_txn t;

    for (int day = 0; day < 20; day++) {
        shop_run(s, 1);
        for (int k = 0; k < 15; k++) {
            many_sale(s, &t, NULL, name);
            if (kit_next(&s->rng) % 100 >= in_100)
                continue;
            if (kind != TXN_SALE) {
                many_after(s, &t, kind);
                continue;
            }
            (void)snprintf(t.id, sizeof t.id, "t%llu", (unsigned long long)s->next_id++);
            t.view.amount = 200000;
            shop_give(s, &t);
        }
    }
}

static void
test_new_employee(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 23, 100);
    many_days(&s, 60);
    somebody(&s, "honest", 1, TXN_REFUND);
    assert_int_equal(shop_alerts(&s, "pay.new_employee_pattern"), 0);
    somebody(&s, "thief", 15, TXN_REFUND);
    assert_in_range(shop_alerts(&s, "pay.new_employee_pattern"), 1, 2);
    shop_check_events(&s);
    shop_close(&s);
}

/* What a newcomer can do unlike the others; who was there when the log began is no newcomer. */
static void
test_new_employee_ways(void **state)
{
    static const struct {
        enum txn_kind kind;
        const char *name, *what;
    } cases[] = {{TXN_VOID, "thief", "void"},
                 {TXN_SALE, "thief", "large"},
                 {TXN_REFUND, "emp1", NULL},
                 {TXN_VOID, "emp1", NULL}};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct shop s;
        size_t k, told = 0;
        json_t *e;

        shop_open_budget(&s, 30 + i, 100);
        many_days(&s, 60);
        json_array_clear(s.kit.events);
        somebody(&s, cases[i].name, 15, cases[i].kind);
        json_array_foreach(s.kit.events, k, e)
        {
            if (strcmp(vg_json_str(e, "detector", ""), "pay.new_employee_pattern") != 0)
                continue;
            told++;
            assert_string_equal(vg_json_str(json_object_get(e, "subject"), "id", ""), "thief");
        }
        if ((told > 0) != (cases[i].what != NULL) || told > 2)
            fail_msg("case %zu: told %zu times", i, told);
        shop_check_events(&s);
        shop_close(&s);
    }
}

/* A card that comes again and again, always to one of the four at work, or to whoever is free. */
static void
regular(struct shop *s, const char *card, bool same)
{
    for (int day = 0; day < 40; day++) {
        struct shop_txn t;

        shop_run(s, 1);
        shop_sale(s, &t);
        t.view.outcome = TXN_APPROVED;
        (void)vg_strcpy(t.card, sizeof t.card, card);
        if (same)
            (void)vg_strcpy(t.employee, sizeof t.employee, "emp2");
        shop_give(s, &t);
    }
}

static void
test_collusion(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 24, 100);
    shop_run(&s, 35);
    regular(&s, "regular", false);
    json_array_clear(s.kit.events);
    regular(&s, "regular", false);
    assert_int_equal(shop_alerts(&s, "pay.collusion"), 0);
    regular(&s, "friend", true);
    assert_int_equal(shop_alerts(&s, "pay.collusion"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* The same with refunds: to a card of her own. */
static void
test_collusion_refunds(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 27, 100);
    many_days(&s, 60);
    json_array_clear(s.kit.events);
    for (int day = 0; day < 20; day++) {
        shop_run(&s, 1);
        many_sale(&s, &t, NULL, "emp2");
        s.now_ns += VG_MIN_NS;
        (void)vg_strcpy(t.card, sizeof t.card, "own");
        many_after(&s, &t, TXN_REFUND);
    }
    assert_int_equal(shop_alerts(&s, "pay.collusion"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* A barber's: everybody has a favourite. */
static void
test_collusion_habit(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 25, 100);
    for (int day = 0; day < 120; day++) {
        s.now_ns += VG_DAY_NS;
        for (unsigned k = 0; k < 20; k++) {
            s.now_ns += VG_MIN_NS;
            shop_sale(&s, &t);
            t.view.outcome = TXN_APPROVED;
            (void)snprintf(t.card, sizeof t.card, "client%u", (unsigned)(kit_next(&s.rng) % 100));
            (void)snprintf(t.employee, sizeof t.employee, "barber%u", (unsigned)(t.card[6] % 4));
            shop_give(&s, &t);
        }
    }
    assert_int_equal(shop_alerts(&s, "pay.collusion"), 0);
    shop_close(&s);
}

/* At four in the morning; half an hour after closing is nothing. */
static void
test_off_hours(void **state)
{
    struct shop s;
    struct shop_txn t;
    int64_t midnight;

    (void)state;
    shop_open_budget(&s, 26, 100);
    shop_run(&s, 60);
    midnight = s.now_ns - s.now_ns % VG_DAY_NS;
    s.now_ns = midnight + 21 * VG_HOUR_NS + 30 * VG_MIN_NS;
    many_sale(&s, &t, "caja1", "emp1");
    assert_int_equal(shop_alerts(&s, "pay.off_hours"), 0);
    s.now_ns = midnight + 28 * VG_HOUR_NS;
    many_sale(&s, &t, "caja1", "emp1");
    s.now_ns += 4 * VG_MIN_NS;
    many_sale(&s, &t, "caja1", "emp1");
    assert_int_equal(shop_alerts(&s, "pay.off_hours"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* In the middle of the night, with nothing left of the budget. */
static void
test_deep_night(void **state)
{
    struct shop s;
    struct shop_txn t;
    int64_t midnight;

    (void)state;
    shop_open_budget(&s, 29, 0);
    shop_run(&s, 60);
    midnight = s.now_ns - s.now_ns % VG_DAY_NS;
    s.now_ns = midnight + 22 * VG_HOUR_NS + 30 * VG_MIN_NS; /* closing late is not that */
    many_sale(&s, &t, "caja1", "emp1");
    assert_int_equal(shop_alerts(&s, "pay.off_hours"), 0);
    s.now_ns = midnight + 27 * VG_HOUR_NS;
    for (int i = 0; i < 5; i++, s.now_ns += 20 * VG_MIN_NS)
        many_sale(&s, &t, "caja1", "emp1");
    assert_int_equal(shop_alerts(&s, "pay.off_hours"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

static void
test_refund_after_closing(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 27, 100);
    many_days(&s, 60);
    assert_int_equal(shop_alerts(&s, "pay.refund"), 0);
    for (int i = 0; i < 8; i++) {
        shop_run(&s, 1);
        many_sale(&s, &t, NULL, "emp3");
        s.now_ns += 21 * VG_HOUR_NS + 25 * VG_MIN_NS - s.now_ns % VG_DAY_NS;
        many_after(&s, &t, TXN_REFUND);
    }
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* The ids of the shop count up by one. */
static void
test_missing_sales(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 28, 100);
    shop_run(&s, 60);
    assert_int_equal(shop_alerts(&s, "pay.missing_sales"), 0);
    s.next_id += 7; /* seven sales are gone */
    shop_run(&s, 2);
    assert_int_equal(shop_alerts(&s, "pay.missing_sales"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* Three logs that lack rows in a month are told, with nothing left of the budget; then it is this shop's
 * way. What the other detectors of logs make of it: nothing. */
static void
test_edited_log(void **state)
{
    struct shop s;
    struct log_view v = {.source = str_of("caja.log"), .like = {"", 0}, .lost = 3, .held = 420};
    struct obs obs = {.kind = OBS_LOG, .log = &v};

    (void)state;
    shop_open_budget(&s, 33, 0);
    shop_run(&s, 3);
    for (unsigned day = 0; day < 6; day++) {
        v.first_ns = s.now_ns - VG_DAY_NS;
        v.last_ns = s.now_ns;
        obs.time_ns = s.now_ns;
        panel_observe(s.panel, &obs);
        panel_observe(s.panel, &obs); /* the same incident */
        s.now_ns += 2 * VG_DAY_NS;
        if (day == 1)
            shop_reopen(&s);
    }
    assert_int_equal(shop_alerts(&s, NULL), shop_alerts(&s, "pay.missing_sales"));
    assert_in_range(shop_alerts(&s, "pay.missing_sales"), 2, 4);
    v.lost = v.held; /* emptied: told once more, then it is rotated */
    for (unsigned month = 0; month < 4; month++) {
        json_array_clear(s.kit.events);
        s.now_ns += 31 * VG_DAY_NS;
        obs.time_ns = s.now_ns;
        panel_observe(s.panel, &obs);
        assert_int_equal(shop_alerts(&s, "pay.missing_sales"), month == 0);
        if (month == 0)
            shop_check_events(&s);
        if (month == 1)
            shop_reopen(&s);
    }
    shop_check_events(&s);
    shop_close(&s);
}

/* Rows that come late fill the gap; a series with gaps at every turn hears nothing. */
static void
test_missing_sales_quiet(void **state)
{
    struct shop s;
    struct shop_txn late, t;

    (void)state;
    shop_open_budget(&s, 29, 100);
    shop_run(&s, 60);
    shop_sale(&s, &late);
    late.view.outcome = TXN_APPROVED;
    many_sale(&s, &t, NULL, NULL);
    shop_give(&s, &late);
    shop_run(&s, 2);
    assert_int_equal(shop_alerts(&s, "pay.missing_sales"), 0);
    shop_close(&s);

    shop_open_budget(&s, 31, 100);
    for (int day = 0; day < 120; day++) { /* a counter that is set on each evening */
        shop_run(&s, 1);
        s.next_id += 40;
    }
    assert_int_equal(shop_alerts(&s, "pay.missing_sales"), 0);
    shop_close(&s);
}

/* p of a share that has not risen is honest: at most so often as it says, at any time. */
static void
test_share_honest(void **state)
{
    struct kit_rng rng;
    unsigned below[2] = {0}, hits = 0;

    (void)state;
    kit_seed(&rng, 30);
    for (int run = 0; run < 400; run++) {
        struct pay_share s = {.at_ns = 0};

        for (int i = 0; i < 2000; i++) {
            bool hit = kit_uniform(&rng) < 0.03;
            double p;

            pay_share_forget(&s, SHOP_START + i * VG_MIN_NS);
            p = pay_share_see(&s, pay_share_usual(s.n, s.k, 50), hit, 0,
                              SHOP_START + i * VG_MIN_NS);
            pay_share_learn(&s, hit, 1);
            hits += hit;
            below[0] += p < 1e-2;
            below[1] += p < 1e-3;
        }
    }
    print_message("p < 0.01: %.5f, p < 0.001: %.5f\n", (double)below[0] / hits,
                  (double)below[1] / hits);
    assert_true(below[0] <= 1e-2 * hits && below[1] <= 1e-3 * hits);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_void_abuse),          cmocka_unit_test(test_void_supervisor),
        cmocka_unit_test(test_new_employee),        cmocka_unit_test(test_new_employee_ways),
        cmocka_unit_test(test_collusion),           cmocka_unit_test(test_collusion_habit),
        cmocka_unit_test(test_collusion_refunds),   cmocka_unit_test(test_off_hours),
        cmocka_unit_test(test_deep_night),          cmocka_unit_test(test_refund_after_closing),
        cmocka_unit_test(test_missing_sales),       cmocka_unit_test(test_edited_log),
        cmocka_unit_test(test_missing_sales_quiet), cmocka_unit_test(test_share_honest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
