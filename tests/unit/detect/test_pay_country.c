/* SPDX-License-Identifier: Apache-2.0 */
/* pay.country_mismatch: by the range of the card, the customer, the address. */
#include "pay_many.h"

static void
test_country_mismatch(void **state)
{
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 47, 100);
    many_web_days(&s, 40);
    json_array_clear(s.kit.events);
    many_order(&s, &t, "web7", "US", "a7@example.com"); /* a gift, as others send */
    assert_int_equal(shop_alerts(&s, "pay.country_mismatch"), 0);
    for (int i = 0; i < 3; i++)
        many_order(&s, &t, "stolen", "NG", "x@example.com");
    assert_int_equal(shop_alerts(&s, "pay.country_mismatch"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* A shop all of whose orders come from one country for weeks; then a regular sends a gift abroad every
 * twelve days: told once for each new country at most, and never again. Four strangers' orders to a
 * country that nobody ever sent to are still told. */
static void
test_gifts_abroad(void **state)
{
    static const char *const countries[] = {"US", "ES", "US", "CA", "US", "ES", "US", "CA"};
    struct shop s;
    struct shop_txn t;

    (void)state;
    shop_open_budget(&s, 51, 100);
    for (int day = 0; day < 130; day++) {
        shop_run(&s, 1);
        for (int i = 0; i < 30; i++) {
            char card[24];

            (void)snprintf(card, sizeof card, "web%u", (unsigned)(kit_next(&s.rng) % 200));
            many_order(&s, &t, card, "MX", "a@example.com");
        }
        if (day >= 50 && day % 10 == 0)
            many_order(&s, &t, "web7", countries[(day - 50) / 10], "a@example.com");
        if (day == 90)
            shop_reopen(&s);
    }
    assert_in_range(shop_alerts(&s, "pay.country_mismatch"), 0, 3);
    json_array_clear(s.kit.events);
    for (unsigned i = 0; i < 4; i++) {
        char card[24];

        (void)snprintf(card, sizeof card, "stolen%u", i);
        many_order(&s, &t, card, "NG", "x@example.com");
    }
    assert_true(shop_alerts(&s, "pay.country_mismatch") >= 1);
    shop_check_events(&s);
    shop_close(&s);
}

/* The address is the registry's: an order that is paid and sent at home from a country where none ever
 * came from. Nobody knows card or customer. */
static void
test_address(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct shop s;
        struct shop_txn t;

        shop_open_budget(&s, 60, 100);
        panel_free(s.panel);
        s.geo_dir = known ? "tests/fixtures/geo" : NULL;
        shop_panel(&s);
        for (int day = 0; day < 40; day++) {
            shop_run(&s, 1);
            for (unsigned i = 0; i < 20; i++) {
                s.now_ns += 7 * VG_MIN_NS;
                shop_sale(&s, &t);
                t.view.outcome = TXN_APPROVED;
                (void)vg_strcpy(t.view.country, sizeof t.view.country, "MX");
                (void)snprintf(t.ip, sizeof t.ip, "198.51.100.%u", i); /* MX */
                shop_give(&s, &t);
            }
        }
        json_array_clear(s.kit.events);
        shop_reopen(&s);
        for (unsigned i = 0; i < 4; i++) { /* sent abroad, ordered from a third country */
            s.now_ns += VG_HOUR_NS;
            shop_sale(&s, &t);
            t.view.outcome = TXN_APPROVED;
            t.view.bin[0] = '\0';
            (void)snprintf(t.card, sizeof t.card, "new%u", i);
            (void)vg_strcpy(t.view.country, sizeof t.view.country, "NG");
            (void)vg_strcpy(t.ip, sizeof t.ip, "203.0.113.7"); /* NL */
            shop_give(&s, &t);
        }
        assert_int_equal(shop_alerts(&s, "pay.country_mismatch") > 0, known);
        if (known) {
            const json_t *f = json_object_get(json_array_get(s.kit.events, 0), "facts");

            assert_string_equal(vg_json_str(f, "other", ""), "NL");
            assert_string_equal(vg_json_str(f, "country", ""), "NG");
        }
        shop_check_events(&s);
        shop_close(&s);
    }
}

/* An order of this shop, from a card of this range and an address of this country, to that one. */
static void
sent(struct shop *s, const char *bin, const char *address, const char *to)
{
    struct shop_txn t;

    s->now_ns += 90 * VG_SEC_NS;
    shop_sale(s, &t);
    t.view.outcome = TXN_APPROVED;
    (void)snprintf(t.card, sizeof t.card, "%s-%u", bin, (unsigned)(kit_next(&s->rng) % 100000));
    (void)vg_strcpy(t.view.bin, sizeof t.view.bin, bin);
    (void)vg_strcpy(t.ip, sizeof t.ip, address);
    (void)vg_strcpy(t.view.country, sizeof t.view.country, to);
    shop_give(s, &t);
}

/* A shop on a border: half of a thousand orders a day come from either side, and dozens cross it. However
 * many they are, none is told, and they do not hide what goes where nothing ever went. */
static void
test_border(void **state)
{
    struct shop s;

    (void)state;
    shop_open_budget(&s, 61, 100);
    panel_free(s.panel);
    s.geo_dir = "tests/fixtures/geo";
    shop_panel(&s);
    for (unsigned i = 0; i < 26000; i++) {
        if (i % 2 == 0)
            sent(&s, "411111", "198.51.100.7", "MX");
        else
            sent(&s, "424242", "192.0.2.7", i % 24 == 1 ? "MX" : "US");
    }
    assert_int_equal(shop_alerts(&s, "pay.country_mismatch"), 0);
    shop_reopen(&s);
    sent(&s, "411111", "198.51.100.7", "NG");
    assert_int_equal(shop_alerts(&s, "pay.country_mismatch"), 1);
    shop_check_events(&s);
    shop_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_country_mismatch),
        cmocka_unit_test(test_gifts_abroad),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_border),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
