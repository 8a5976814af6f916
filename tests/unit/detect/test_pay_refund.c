/* SPDX-License-Identifier: Apache-2.0 */
/* pay.refund, and the sums of sales that it keeps. */
#include "pay_many.h"

#include "agent/detect/pay_sales.h"

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
        many_refund(&s, &t, t.card, t.view.amount, day % 2 == 0 ? "" : "older");
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
        many_refunded(&s);
    }
    assert_int_equal(shop_alerts(&s, "pay.refund"), 0);
    shop_sale(&s, &t);
    t.view.outcome = TXN_APPROVED;
    t.view.amount = 5000;
    shop_give(&s, &t);
    many_refund(&s, &t, t.card, 3000, t.id);
    assert_int_equal(shop_alerts(&s, "pay.refund"), 0);
    many_refund(&s, &t, t.card, 3000, t.id); /* together more than the sale */
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    shop_sale(&s, &t);
    t.view.outcome = TXN_APPROVED;
    shop_give(&s, &t);
    many_refund(&s, &t, "mine", t.view.amount, t.id); /* to another card */
    assert_int_equal(shop_alerts(&s, "pay.refund"), 2);
    many_refund(&s, &t, t.card, 4000, "no-such-sale");
    assert_int_equal(shop_alerts(&s, "pay.refund"), 3);
    json_array_clear(s.kit.events);
    (void)vg_strcpy(t.employee, sizeof t.employee, "emp8");
    for (int i = 0; i < 5; i++)
        many_refund(&s, &t, "mine", 4000, ""); /* names no sale, as every other does: one group */
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    json_array_clear(s.kit.events);
    for (int i = 0; i < 40; i++) { /* one employee refunds all day */
        shop_sale(&s, &t);
        (void)vg_strcpy(t.employee, sizeof t.employee, "emp9");
        t.view.outcome = TXN_APPROVED;
        shop_give(&s, &t);
        many_refund(&s, &t, t.card, t.view.amount, t.id);
    }
    assert_int_equal(shop_alerts(&s, "pay.refund"), 1);
    shop_check_events(&s);
    shop_close(&s);
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
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_refund_quiet),
        cmocka_unit_test(test_sale_sums),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
