/* SPDX-License-Identifier: Apache-2.0 */
/* pay.score: each transaction's score from 0 to 100, the probability that it is fraud, with its three
 * strongest reasons, before it is learned from. How it works: pay_score_private.h.
 *
 * Labels come as OBS_LABEL (--labels), as charge-backs in the log that name their sale, as a log's own
 * label, and as the owner's answer to an alert about a card: it is taken for one about the card's most
 * suspicious payment of the week before. Once labels have been learned the score is a test of its own:
 * payments that are more likely fraud than not, by ranks of the scores. Memory:
 * SCORE_CARDS_MAX, SCORE_PARTIES_MAX, PAY_CASES_MAX, the one touched longest ago goes, counted. */
#include "agent/detect/pay_score_private.h"

#include <math.h>
#include <stdlib.h>

#include "agent/detect/detectors.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

/* So many confirmed frauds before the score alerts by itself, and on what is likelier fraud than not. */
#define ALERT_FRAUDS    10
#define ALERT_P         0.5
#define RANKS_MEMORY_NS (90 * VG_DAY_NS)

static double
rankable(double p)
{
    return 1 + 1e4 * p / fmax(1 - p, 1e-9);
}

static void
report(struct pay_score *s, const struct score_look *look, const struct txn_view *t)
{
    struct party subject, terminal;
    struct test test = {
        .detector = "pay.score", .time_ns = t->time_ns, .subject = &subject, .p = 1};

    if (s->frauds < ALERT_FRAUDS)
        return;
    if (look->p >= ALERT_P)
        test.p = tail_upper_p(&s->ranks, rankable(look->p));
    if (judge_test_idle(s->judge, t->time_ns, test.p))
        return;
    pay_party_of(&subject, t);
    if (strcmp(subject.kind, "terminal") != 0 &&
        pay_party(&terminal, "terminal", t->terminal, NULL))
        test.peer = &terminal;
    if (judge_wants(s->judge, test.p)) {
        test.facts = json_pack("{s:I, s:s, s:I}", "amount", (json_int_t)t->amount, "currency",
                               t->currency[0] != '\0' ? t->currency : s->currency, "frauds",
                               (json_int_t)s->frauds);
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(s->judge, &test);
}

static void
label_known(struct pay_score *s, uint64_t key, bool fraud, int64_t now_ns)
{
    struct pay_case *c = key != 0 ? pay_cases_change(s->cases, key) : NULL;

    s->changed = true;
    if (c == NULL)
        s->unknown++;
    else
        score_label(s, c, fraud, now_ns);
}

static void
take_txn(struct pay_score *s, const struct obs *obs)
{
    const struct txn_view *t = obs->txn;
    struct score_look *look = &s->look;
    struct pay_case *kept = NULL;

    if (!score_look(s, obs, look))
        return;
    s->changed = true;
    judge_observation_tell(s->judge, 100 * look->p, score_reasons, look);
    quantile_time(&s->ranks, t->time_ns);
    report(s, look, t);
    quantile_add(&s->ranks, rankable(look->p), 1);
    score_learn(s, look, t);
    if (look->c.key != 0)
        kept = pay_cases_keep(s->cases, &look->c);
    if (t->label >= 0)
        score_label(s, kept != NULL ? kept : &look->c, t->label == 1, t->time_ns);
    if (t->kind == TXN_CHARGEBACK && t->original.len > 0)
        label_known(s, pay_key("case", t->original), true, t->time_ns);
}

/* An answer to an alert about a card. */
static void
take_feedback(struct pay_score *s, const struct feedback_view *f, int64_t now_ns)
{
    const char *role = str_eq(f->subject_kind, str_of("card"))       ? "card"
                       : str_eq(f->subject_kind, str_of("customer")) ? "customer"
                                                                     : NULL;
    const struct pay_holder *h =
        role != NULL ? keytab_find(s->cards, pay_key(role, f->subject_id)) : NULL;

    if (h != NULL && h->worst != 0 && f->detector.len > 4 && memcmp(f->detector.at, "pay.", 4) == 0)
        label_known(s, h->worst, f->verdict == FEEDBACK_USEFUL, now_ns);
}

static void
score_observe(void *self, const struct obs *obs)
{
    struct pay_score *s = self;

    if (obs->kind == OBS_TXN)
        take_txn(s, obs);
    else if (obs->kind == OBS_LABEL)
        label_known(s, obs->keys->key[KEY_CASE], obs->txn->label == 1, obs->time_ns);
    else if (obs->kind == OBS_FEEDBACK)
        take_feedback(s, obs->feedback, obs->time_ns);
}

static void
score_free(void *self)
{
    struct pay_score *s = self;

    if (s == NULL)
        return;
    keytab_free(s->cards);
    keytab_free(s->parties);
    pay_cases_free(s->cases);
    for (size_t i = 0; i < SCORE_CURRENCIES_MAX; i++)
        free(s->monies[i]);
    free(s);
}

static enum vg_err
score_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct pay_score *s = calloc(1, sizeof *s);
    enum vg_err err;

    (void)why;
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    (void)vg_strcpy(s->currency, sizeof s->currency, env->currency != NULL ? env->currency : "");
    season_clock_init(&s->clock, env->zone);
    quantile_init(&s->ranks, RANKS_MEMORY_NS);
    score_tables_init(s);
    err = score_tables_new(s);
    if (err != VG_OK) {
        score_free(s);
        return err;
    }
    pay_ahead_add(env->ahead, s->cards, KEY_HOLDER);
    pay_ahead_add(env->ahead, s->parties, KEY_GADGET);
    pay_ahead_call(env->ahead, pay_cases_expect, s->cases, KEY_CASE);
    *self = s;
    return VG_OK;
}

static void
score_health(const void *self, json_t *counters)
{
    const struct pay_score *s = self;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"frauds", s->frauds},
        {"genuine", s->genuine},
        {"labels_unknown", s->unknown},
        {"cards", keytab_count(s->cards)},
        {"cards_turned_away", keytab_evicted(s->cards)},
        {"parties_turned_away", keytab_evicted(s->parties)},
        {"cases_turned_away", pay_cases_lost(s->cases)},
        {"other_currencies", s->other_currencies},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(counters, rows[i].name, json_integer((json_int_t)rows[i].value));
}

const struct detector PAY_SCORE = {
    .name = "pay.score",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN | UINT32_C(1) << OBS_LABEL | UINT32_C(1) << OBS_FEEDBACK,
    .make = score_make,
    .observe = score_observe,
    .save = score_save,
    .load = score_load,
    .free = score_free,
    .health = score_health,
};
