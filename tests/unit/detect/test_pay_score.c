/* SPDX-License-Identifier: Apache-2.0 */
/* The payment score: sensible without any feedback, taught by labels of every origin, not upset by some
 * that are wrong, the same after a restart, bounded. */
#include "pay_kit.h"

#include "agent/detect/pay_cases.h"
#include "agent/detect/pay_facet.h"

/* So many times what this card (NULL: any) usually pays. */
static void
sale(struct shop *s, struct shop_txn *t, const char *card, const char *terminal, double times)
{
    shop_sale(s, t);
    while (card != NULL && strcmp(t->card, card) != 0)
        shop_sale(s, t);
    t->view.outcome = TXN_APPROVED;
    if (terminal != NULL)
        (void)vg_strcpy(t->terminal, sizeof t->terminal, terminal);
    t->view.amount = llround((double)t->view.amount * times);
    shop_give(s, t);
}

static void
label(struct shop *s, const struct shop_txn *t, bool fraud)
{
    struct txn_view own = t->view;
    struct obs obs = {.kind = OBS_LABEL, .time_ns = s->now_ns, .txn = &own};

    own.label = fraud;
    own.id = str_of(t->id);                         /* the view may have moved with its texts */
    judge_observation_begin(panel_judge(s->panel)); /* as the sensor does after each transaction */
    panel_observe(s->panel, &obs);
}

static const char *
reason(const struct shop *s, size_t i)
{
    const struct judge_scored *told = judge_observation_told(panel_judge(s->panel));

    assert_non_null(told);
    return i < told->count ? told->reason[i].name : "";
}

static bool
has_reason(const struct shop *s, const char *name)
{
    for (size_t i = 0; i < JUDGE_REASONS; i++)
        if (strcmp(reason(s, i), name) == 0)
            return true;
    return false;
}

/* Without a label: more money is more suspicious, and so is what follows on the same card. */
static void
test_no_labels(void **state)
{
    struct shop s;
    struct shop_txn t;
    double usual, twice, large;

    (void)state;
    shop_open(&s, 1);
    shop_run(&s, 30);
    sale(&s, &t, "card7", "caja1", 1);
    usual = s.score;
    sale(&s, &t, "card8", "caja1", 3);
    twice = s.score;
    sale(&s, &t, "card9", "caja1", 20);
    large = s.score;
    assert_true(usual > 0 && usual < 5);
    assert_true(twice > usual && large > 5 * twice && large <= 100);
    assert_true(has_reason(&s, "card_habit") && has_reason(&s, "large_amount"));
    sale(&s, &t, "card9", "caja1", 1);
    assert_true(s.score > 3 * usual);
    assert_string_equal(reason(&s, 0), "card_suspicious");
    shop_close(&s);
}

/* Some ordinary sales, about which nobody ever says a word. */
static void
business(struct shop *s, unsigned sales)
{
    for (unsigned i = 0; i < sales; i++) {
        struct shop_txn t;

        s->now_ns += 5 * VG_MIN_NS;
        shop_sale(s, &t);
        shop_give(s, &t);
    }
}

/* Ordinary amounts at one terminal that turn out to be fraud: it alone becomes suspicious, until its
 * payments turn out well again. `wrong`: how many of five frauds are called genuine. */
static double
teach_terminal(struct shop *s, unsigned wrong)
{
    struct shop_txn t[20];

    for (unsigned i = 0; i < 20; i++) {
        business(s, 10);
        sale(s, &t[i], NULL, "caja9", 1);
    }
    shop_run(s, 4);
    for (unsigned i = 0; i < 20; i++) {
        label(s, &t[i], i % 5 >= wrong);
        business(s, 10);
    }
    sale(s, &t[0], "card3", "caja9", 1);
    return s->score;
}

static void
test_terminal(void **state)
{
    struct shop s;
    struct shop_txn t[40];
    double before, bad;

    (void)state;
    shop_open(&s, 2);
    shop_run(&s, 20);
    sale(&s, &t[0], "card3", "caja9", 1);
    before = s.score;
    bad = teach_terminal(&s, 0);
    assert_true(bad > 50 && bad > 10 * before);
    assert_string_equal(reason(&s, 0), "terminal_frauds");
    sale(&s, &t[0], "card4", "caja1", 1);
    assert_true(s.score < bad / 5);
    for (unsigned i = 0; i < 40; i++) {
        s.now_ns += VG_HOUR_NS;
        sale(&s, &t[i], NULL, "caja9", 1);
        label(&s, &t[i], false);
    }
    sale(&s, &t[0], "card5", "caja9", 1);
    assert_true(s.score < bad / 5);
    shop_close(&s);
}

/* One label in five is wrong: the terminal stands out all the same. */
static void
test_wrong_labels(void **state)
{
    struct shop s;
    double bad;

    (void)state;
    shop_open(&s, 3);
    shop_run(&s, 20);
    (void)teach_terminal(&s, 1);
    bad = teach_terminal(&s, 1);
    assert_true(bad > 40);
    assert_string_equal(reason(&s, 0), "terminal_frauds");
    shop_close(&s);
}

/* A label about a card moves the card, both ways, and an amount that was fraud is suspicious anywhere. */
static void
test_card(void **state)
{
    struct shop s, other;
    struct shop_txn t;
    double usual, odd;

    (void)state;
    shop_open(&s, 4);
    shop_open(&other, 4);
    shop_run(&s, 30);
    shop_run(&other, 30);
    sale(&s, &t, "card7", "caja1", 6);
    label(&s, &t, true);
    sale(&other, &t, "card7", "caja1", 6);
    sale(&s, &t, "card7", "caja1", 1);
    odd = s.score;
    sale(&other, &t, "card7", "caja1", 1);
    usual = other.score;
    assert_true(odd > usual);
    shop_close(&s);
    shop_close(&other);
    shop_open(&s, 4);
    shop_run(&s, 30);
    sale(&s, &t, "card7", "caja1", 6);
    label(&s, &t, false);
    sale(&s, &t, "card7", "caja1", 1);
    assert_true(s.score < usual);
    shop_close(&s);
}

/* Frauds that come at night teach the hour. */
static void
test_hour(void **state)
{
    struct shop s;
    struct shop_txn t;
    double night, noon;

    (void)state;
    shop_open(&s, 5);
    for (unsigned night_of = 0; night_of < 30; night_of++) {
        shop_run(&s, 1);
        s.now_ns += VG_DAY_NS - s.now_ns % VG_DAY_NS + 3 * VG_HOUR_NS;
        sale(&s, &t, NULL, NULL, 4);
        label(&s, &t, true);
        sale(&s, &t, NULL, NULL, 4);
        label(&s, &t, true);
    }
    s.now_ns += 20 * VG_DAY_NS; /* spells are over */
    sale(&s, &t, "card11", "caja1", 1.5);
    night = s.score;
    assert_true(has_reason(&s, "hour"));
    s.now_ns += 9 * VG_HOUR_NS;
    sale(&s, &t, "card12", "caja1", 1.5);
    noon = s.score;
    assert_true(night > 2 * noon);
    shop_close(&s);
}

/* A charge-back that names its sale, a log's own label, and the owner's answer teach as a label does. */
static void
test_origins(void **state)
{
    struct feedback_view answer = {.detector = str_of("pay.amount"),
                                   .subject_kind = str_of("card"),
                                   .subject_id = str_of("card7"),
                                   .verdict = FEEDBACK_USEFUL};
    struct obs feedback = {.kind = OBS_FEEDBACK, .feedback = &answer};
    double score[4];

    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct shop s;
        struct shop_txn t, back;

        shop_open(&s, 6);
        shop_run(&s, 20);
        do
            shop_sale(&s, &t);
        while (strcmp(t.card, "card7") != 0);
        t.view.outcome = TXN_APPROVED;
        t.view.label = way == 1 ? 1 : -1;
        shop_give(&s, &t);
        s.now_ns += VG_HOUR_NS;
        feedback.time_ns = s.now_ns;
        if (way == 2) {
            shop_sale(&s, &back);
            back.view.kind = TXN_CHARGEBACK;
            (void)vg_strcpy(back.card, sizeof back.card, "other");
            (void)vg_strcpy(back.original, sizeof back.original, t.id);
            shop_give(&s, &back);
        } else if (way == 3) {
            panel_observe(s.panel, &feedback);
        }
        sale(&s, &back, "card7", "caja1", 1);
        score[way] = s.score;
        shop_close(&s);
    }
    for (unsigned way = 1; way < 4; way++)
        assert_true(score[way] > 2 * score[0]);
}

/* Scores after restarts, with labels that come after them, are those of one run, bit by bit. */
static void
test_restart(void **state)
{
    struct shop whole, parts;

    (void)state;
    shop_open(&whole, 8);
    shop_open(&parts, 8);
    for (unsigned round = 0; round < 8; round++) {
        struct shop *const both[] = {&whole, &parts};
        struct shop_txn bad[2][5];

        for (unsigned k = 0; k < 2; k++) {
            for (unsigned i = 0; i < 5; i++)
                sale(both[k], &bad[k][i], NULL, i < 3 ? "caja9" : NULL, i < 3 ? 1 : 9);
            shop_run(both[k], 5);
        }
        shop_reopen(&parts);
        for (unsigned k = 0; k < 2; k++) {
            for (unsigned i = 0; i < 5; i++)
                label(both[k], &bad[k][i], i != 4);
            shop_run(both[k], 1);
        }
        assert_true(memcmp(&whole.score, &parts.score, sizeof whole.score) == 0);
    }
    assert_true(json_equal(whole.kit.events, parts.kit.events));
    shop_check_events(&whole);
    shop_close(&whole);
    shop_close(&parts);
}

/* A case that was hardly ever seen says what the prior says, however rare it is. */
static void
test_facet(void **state)
{
    struct pay_facet f = {.bins = 3, .prior = {1, 1, 2}};

    (void)state;
    for (int i = 0; i < 10000; i++)
        pay_facet_add_usual(&f, 0, 1);
    assert_true(fabs(pay_facet_ratio(&f, 1) - 1) < 1e-9);
    assert_true(fabs(pay_facet_ratio(&f, 2) - 2) < 1e-9);
    pay_facet_add_fraud(&f, 1, 1);
    assert_true(pay_facet_ratio(&f, 1) < 1.1);
    for (int i = 0; i < 100; i++)
        pay_facet_add_fraud(&f, 1, 1);
    assert_true(pay_facet_ratio(&f, 1) > 4);
    assert_true(pay_facet_ratio(&f, 0) < 0.5);
    pay_facet_add_fraud(&f, 1, -1000); /* more than there is: nothing, not less */
    assert_true(pay_facet_ratio(&f, 1) > 0);
}

/* The ring holds its cap, the oldest goes, and the newest of one key is meant. */
static void
test_cases(void **state)
{
    struct pay_cases *cases;

    (void)state;
    assert_int_equal(pay_cases_new(&cases), VG_OK);
    for (uint64_t i = 1; i <= PAY_CASES_MAX + 1000; i++) {
        const struct pay_case c = {.key = i * UINT64_C(0x9e3779b97f4a7c15), .amount = (double)i};

        pay_cases_expect(cases, c.key);
        assert_non_null(pay_cases_keep(cases, &c));
    }
    assert_int_equal(pay_cases_count(cases), PAY_CASES_MAX);
    assert_int_equal(pay_cases_lost(cases), 1000);
    assert_null(pay_cases_change(cases, UINT64_C(0x9e3779b97f4a7c15)));
    for (uint64_t i = 1001; i <= PAY_CASES_MAX + 1000; i += 997) {
        struct pay_case *c = pay_cases_change(cases, i * UINT64_C(0x9e3779b97f4a7c15)), newer;

        assert_non_null(c);
        assert_true(c->amount == (double)i);
        newer = *c;
        newer.amount = -1;
        assert_non_null(pay_cases_keep(cases, &newer));
        assert_true(pay_cases_change(cases, newer.key)->amount == -1);
    }
    pay_cases_free(cases);
}

/* An alert says its reasons in words, in both languages. */
static void
test_words(void **state)
{
    static const char *const names[] = {"card_habit",
                                        "card_suspicious",
                                        "large_amount",
                                        "terminal_frauds",
                                        "employee_frauds",
                                        "device_frauds",
                                        "hour",
                                        "card_pace",
                                        "card_declines",
                                        "country_changed",
                                        "country",
                                        "card_age",
                                        "kind",
                                        "terminal_age"};
    static const char *const languages[] = {"es-MX", "en"};
    struct shop s;

    (void)state;
    shop_open(&s, 9);
    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++) {
        json_t *event =
            json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:{s:i, s:s, s:i, s:f, s:[s]}}", "detector",
                      "pay.score", "time", "2026-01-01T12:00:00Z", "subject", "kind", "card", "id",
                      "x", "label", "x", "facts", "amount", 5000, "currency", "MXN", "frauds", 20,
                      "risk", 88.5, "reasons", names[i]);

        for (size_t k = 0; k < VG_ARRAY_LEN(languages); k++) {
            const struct text_view view = {languages[k], "Tacos", s.zone};
            struct text_message m;

            assert_int_equal(texts_render(s.texts, event, &view, &m), VG_OK);
            assert_null(strchr(m.what, '?'));
            assert_null(strchr(m.what, '_')); /* a word, not its name */
            texts_message_done(&m);
        }
        json_decref(event);
    }
    shop_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_labels),    cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_wrong_labels), cmocka_unit_test(test_card),
        cmocka_unit_test(test_hour),         cmocka_unit_test(test_origins),
        cmocka_unit_test(test_restart),      cmocka_unit_test(test_facet),
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
