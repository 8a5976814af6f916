/* SPDX-License-Identifier: Apache-2.0 */
/* pay.velocity: whose pace is watched, and over how long. */
#include "pay_kit.h"

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
      const char *terminal, const char *device)
{
    for (int i = 0; i < count; i++) {
        struct shop_txn t;

        s->now_ns += hours > 0 ? (int64_t)(hours / count * (double)VG_HOUR_NS) : VG_MIN_NS;
        shop_sale(s, &t);
        t.view.outcome = TXN_APPROVED;
        if (customer != NULL || ip != NULL || device != NULL)
            (void)snprintf(t.card, sizeof t.card, "other%d", i);
        (void)vg_strcpy(t.customer, sizeof t.customer, customer != NULL ? customer : "");
        (void)vg_strcpy(t.ip, sizeof t.ip, ip != NULL ? ip : "");
        (void)vg_strcpy(t.device, sizeof t.device, device != NULL ? device : "");
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
        const char *kind, *customer, *ip, *terminal, *device;
        int count;
        double hours;
    } cases[] = {
        {"customer", "ana", NULL, NULL, NULL, 30, 0},
        {"host", NULL, "198.51.100.9", NULL, NULL, 40, 0},
        {"terminal", NULL, NULL, "caja1", NULL, 240, 0},
        {"device", NULL, NULL, NULL, "phone", 40, 0},
        {"customer", "ana", NULL, NULL, NULL, 40, 30},
        {"host", NULL, "198.51.100.9", NULL, NULL, 150, 20},
        {"customer", "ana", NULL, NULL, NULL, 90, 160},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct shop s;
        const json_t *e = NULL, *found = NULL;
        size_t k;

        shop_open_budget(&s, 80 + i, 100);
        shop_run(&s, 45);
        json_array_clear(s.kit.events);
        burst(&s, cases[i].count, cases[i].hours, cases[i].customer, cases[i].ip, cases[i].terminal,
              cases[i].device);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_velocity),
        cmocka_unit_test(test_velocity_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
