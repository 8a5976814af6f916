/* SPDX-License-Identifier: Apache-2.0 */
/* What banks refuse and take back: pay.decline_rate, pay.chargeback_spike, pay.compromised_terminal. */
#include "pay_many.h"

static void
test_decline_rate(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 41, 100);
    shop_run(&s, 40);
    json_array_clear(s.kit.events);
    for (int i = 0; i < 10; i++) { /* one customer, one card, ten tries */
        s.now_ns += VG_MIN_NS;
        shop_sale(&s, &t);
        (void)vg_strcpy(t.card, sizeof t.card, "card5");
        (void)vg_strcpy(t.terminal, sizeof t.terminal, "caja1");
        t.view.outcome = TXN_DECLINED;
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.decline_rate"), 0);
    for (int i = 0; i < 40; i++) {
        s.now_ns += 15 * VG_MIN_NS;
        shop_sale(&s, &t);
        (void)vg_strcpy(t.terminal, sizeof t.terminal, "caja1");
        t.view.outcome = i % 3 == 0 ? TXN_DECLINED : TXN_APPROVED;
        shop_give(&s, &t);
    }
    assert_int_equal(shop_alerts(&s, "pay.decline_rate"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

static void
test_chargebacks(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 45, 100);
    shop_run(&s, 60);
    many_dispute(&s, NULL, 1);
    shop_run(&s, 10);
    assert_int_equal(shop_alerts(&s, "pay.chargeback_spike"), 0);
    many_dispute(&s, NULL, 12);
    assert_int_equal(shop_alerts(&s, "pay.chargeback_spike"), 1);
    shop_check_events(&s);
    shop_close(&s);

    shop_open_budget(&s, 46, 100);
    shop_run(&s, 60);
    many_dispute(&s, "caja1", 12);
    assert_int_equal(shop_alerts(&s, "pay.compromised_terminal"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* A wave that is over is no measure for the next one; but what comes month after month is. */
static void
test_chargebacks_again(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 52, 100);
    shop_run(&s, 60);
    many_dispute(&s, "caja1", 20);
    shop_run(&s, 45);
    json_array_clear(s.kit.events);
    shop_reopen(&s);
    many_dispute(&s, NULL, 10);
    assert_int_equal(shop_alerts(&s, "pay.chargeback_spike"), 1);
    for (int month = 0; month < 6; month++) {
        json_array_clear(s.kit.events);
        many_dispute(&s, NULL, 10);
        shop_run(&s, 20);
    }
    assert_int_equal(shop_alerts(&s, "pay.chargeback_spike"), 0);
    shop_close(&s);
}

/* What came in the log's name, not a terminal's: a gateway that nobody at a counter sees. */
static void
test_decline_rate_of_log(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 48, 100);
    for (int i = 0; i < 3000; i++) {
        s.now_ns += 15 * VG_MIN_NS;
        shop_sale(&s, &t);
        t.terminal[0] = '\0';
        if (i >= 2950)
            t.view.outcome = i % 3 == 0 ? TXN_DECLINED : TXN_APPROVED;
        shop_give(&s, &t);
        if (i == 2949)
            json_array_clear(s.kit.events);
    }
    assert_int_equal(shop_alerts(&s, "pay.decline_rate"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* The same said by labels: what the bank or the owner found out, without a row of its own. */
static void
test_labelled_terminal(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 49, 100);
    shop_run(&s, 60);
    json_array_clear(s.kit.events);
    for (unsigned i = 0; i < 12; i++) {
        struct shop_txn t;
        struct txn_view sale;
        struct obs obs = {.kind = OBS_LABEL, .txn = &sale};

        shop_sale(&s, &t);
        t.view.outcome = TXN_APPROVED;
        (void)snprintf(t.card, sizeof t.card, "victim%u", i);
        (void)vg_strcpy(t.terminal, sizeof t.terminal, "caja1");
        shop_give(&s, &t);
        shop_run(&s, 1);
        sale = t.view;
        sale.label = 1;
        obs.time_ns = s.now_ns;
        judge_observation_begin(panel_judge(s.panel));
        panel_observe(s.panel, &obs);
    }
    assert_int_equal(shop_alerts(&s, "pay.compromised_terminal"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decline_rate),      cmocka_unit_test(test_decline_rate_of_log),
        cmocka_unit_test(test_chargebacks),       cmocka_unit_test(test_chargebacks_again),
        cmocka_unit_test(test_labelled_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
