/* SPDX-License-Identifier: Apache-2.0 */
/* pay.amount: against card, terminal, employee, hour, and what kind of shop it is. */
#include "pay_kit.h"

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

/* At the kiosk only small things are sold: what is ordinary at the other till is none there. */
static void
test_amount_terminal(void **state)
{
    (void)state;
    for (int kiosk = 0; kiosk < 2; kiosk++) {
        struct shop s;
        struct shop_txn t;

        shop_open_budget(&s, 12, 100);
        for (unsigned i = 0; i < 14400; i++) {
            s.now_ns += 6 * VG_MIN_NS;
            shop_sale(&s, &t);
            t.card[0] = t.employee[0] = '\0';
            (void)vg_strcpy(t.terminal, sizeof t.terminal, i % 4 == 0 ? "kiosk" : "caja1");
            if (i % 4 == 0)
                t.view.amount = 900 + (int64_t)(kit_next(&s.rng) % 400);
            shop_give(&s, &t);
        }
        json_array_clear(s.kit.events);
        shop_sale(&s, &t);
        t.card[0] = t.employee[0] = '\0';
        (void)vg_strcpy(t.terminal, sizeof t.terminal, kiosk ? "kiosk" : "caja1");
        t.view.amount = 40000;
        shop_give(&s, &t);
        assert_int_equal(shop_alerts(&s, NULL), kiosk);
        if (kiosk) {
            const json_t *f = json_object_get(json_array_get(s.kit.events, 0), "facts");

            assert_string_equal(vg_json_str(f, "because", ""), "terminal");
            assert_in_range(vg_json_int(f, "usual", 0), 900, 1500);
        }
        shop_check_events(&s);
        shop_close(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amount),
        cmocka_unit_test(test_amount_employee),
        cmocka_unit_test(test_amount_of_kind),
        cmocka_unit_test(test_amount_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
