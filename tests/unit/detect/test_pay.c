/* SPDX-License-Identifier: Apache-2.0 */
/* The payment detectors in a simulated shop: what must alert, what must not. */
#include "pay_many.h"

#include "agent/detect/pay_common.h"

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
        many_attack(&whole, 20 + round, false);
        many_attack(&parts, 20 + round, false);
        many_refunded(&whole);
        many_refunded(&parts);
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
    many_refunded(&s);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_card_number),  cmocka_unit_test(test_restart),
        cmocka_unit_test(test_damaged_rows), cmocka_unit_test(test_odd_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
