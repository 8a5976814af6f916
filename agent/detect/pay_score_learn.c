/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_score_private.h"

#include <math.h>
#include <string.h>

#include "common/vtime.h"

/* What the score itself suspects counts this much of a label that says so: enough to tell apart what goes
 * with suspicion in a shop that never gets a label, too little to believe itself. */
#define SELF             0.03
#define TABLES_MEMORY_NS (365 * VG_DAY_NS)
#define MONEY_MEMORY_NS  (90 * VG_DAY_NS)
/* Variation within cards is learned from those whose mean is known from so many payments. */
#define VARIATION_KNOWN 3.0
/* For how long a card's most suspicious payment is what an answer to an alert is about. */
#define WORST_NS    VG_WEEK_NS
#define SHAPE_EVERY 512

/* Once a day at most: the tables are large against one payment. */
static void
tables_forget(struct pay_score *s, int64_t now_ns)
{
    double keep;

    if (s->forgot_ns == 0)
        s->forgot_ns = now_ns;
    if (now_ns - s->forgot_ns < VG_DAY_NS)
        return;
    keep = exp(-(double)(now_ns - s->forgot_ns) / (double)TABLES_MEMORY_NS);
    s->forgot_ns = now_ns;
    pay_curve_forget(&s->habits, keep);
    for (unsigned i = 0; i < SCORE_CURRENCIES_MAX && s->monies[i] != NULL; i++)
        pay_curve_forget(&s->monies[i]->amounts, keep);
    for (unsigned i = 0; i < SCORE_FACETS; i++)
        pay_facet_forget(&s->facets[i], keep);
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        pay_runs_forget(&s->runs[i], keep);
    s->large *= keep;
    s->unseen *= keep;
    s->payments *= keep;
    s->labels *= keep;
}

/* NULL where it has no amount, or its currency's row was lost. */
static struct pay_curve *
amounts_of(struct pay_score *s, const struct pay_case *c)
{
    return c->has_amount && c->money < SCORE_CURRENCIES_MAX && s->monies[c->money] != NULL
               ? &s->monies[c->money]->amounts
               : NULL;
}

/* A payment belongs to ordinary business with weight w (taken back where negative). */
static void
usual_add(struct pay_score *s, const struct pay_case *c, double w)
{
    struct pay_curve *amounts = amounts_of(s, c);

    if (amounts != NULL) {
        pay_curve_add_usual(amounts, (double)c->at_large, w);
        if (c->card != 0)
            pay_curve_add_usual(&s->habits, (double)c->at_habit, w);
    }
    for (unsigned f = 0; f < SCORE_FACETS; f++)
        pay_facet_add_usual(&s->facets[f], c->facet[f], w);
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        if (c->party[i] != 0)
            pay_runs_add_other(&s->runs[i], c->place[i], w);
}

/* A fraud by the card or by its amount, with these weights. */
static void
fraud_add(struct pay_score *s, const struct pay_case *c, double holder, double large)
{
    struct pay_curve *amounts = amounts_of(s, c);

    if (amounts != NULL) {
        pay_curve_add_fraud(amounts, (double)c->at_large, large);
        if (c->card != 0)
            pay_curve_add_fraud(&s->habits, (double)c->at_habit, holder);
    }
    for (unsigned f = 0; f < SCORE_FACETS; f++)
        pay_facet_add_fraud(&s->facets[f], c->facet[f], holder + large);
}

static double
probability(const struct pay_case *c)
{
    double not_fraud = 1;

    for (unsigned i = 0; i < SCORE_CAUSES; i++)
        not_fraud *= 1 - (double)c->p[i];
    return 1 - not_fraud;
}

static void
money_learn(struct score_money *m, const struct pay_holder *h, double x, double w, int64_t now_ns)
{
    double seen = (double)h->weight, mean = (double)h->mean;

    if (seen > VARIATION_KNOWN && mean > 0) {
        double r = (x - mean) / mean;

        moments_add(&m->variation, r * r * seen / (seen + 1), w, now_ns, MONEY_MEMORY_NS);
    }
    moments_add(&m->all, x, w, now_ns, MONEY_MEMORY_NS);
    if (m->since_shaped++ >= SHAPE_EVERY)
        score_money_shape(m);
}

static void
holder_learn(struct score_look *look, const struct txn_view *t)
{
    struct pay_holder *h = look->holder;

    look->c.evidence = (float)pay_holder_see(h, score_holder_ratio(look));
    h->pace += 1;
    h->declines += t->outcome == TXN_DECLINED;
    if (t->country[0] != '\0')
        memcpy(h->country, t->country, sizeof h->country);
    if (look->c.key != 0 &&
        (look->p >= (double)h->worst_p || t->time_ns - h->worst_ns > WORST_NS)) {
        h->worst = look->c.key;
        h->worst_p = (float)look->p;
        h->worst_ns = t->time_ns;
    }
}

void
score_learn(struct pay_score *s, struct score_look *look, const struct txn_view *t)
{
    struct pay_case *c = &look->c;
    double w = 1 - look->p;

    tables_forget(s, c->time_ns);
    if (look->holder != &look->nobody)
        holder_learn(look, t);
    if (look->money != NULL) {
        money_learn(look->money, look->holder, c->amount, w, c->time_ns);
        pay_holder_learn(look->holder, c->amount, w);
    }
    usual_add(s, c, w);
    fraud_add(s, c, SELF * (double)c->p[CAUSE_HOLDER], SELF * (double)c->p[CAUSE_LARGE]);
    if (s->frauds + s->genuine > 0)
        s->payments++;
}

/* ---- labels ---- */

static void
parties_label(struct pay_score *s, const struct pay_case *c, bool fraud, double share,
              int64_t now_ns)
{
    double silence = s->payments > 0 ? fmin(fmax(1 - s->labels / s->payments, 0), 1) : 0;

    for (unsigned i = 0; i < SCORE_PARTIES; i++) {
        struct score_party_cell *cell =
            c->party[i] != 0 ? keytab_change(s->parties, c->party[i]) : NULL;
        double other = 1;

        for (unsigned k = 0; k < SCORE_CAUSES; k++)
            if (k != CAUSE_PARTY + i)
                other *= 1 - (double)c->p[k];
        if (c->party[i] != 0 && fraud)
            pay_runs_add_fraud(&s->runs[i], c->place[i], share * (double)c->p[CAUSE_PARTY + i]);
        if (cell != NULL)
            pay_run_label(&cell->run, &s->runs[i],
                          &(struct pay_run_label){.fraud = fraud,
                                                  .other = 1 - other,
                                                  .silence = silence,
                                                  .time_ns = c->time_ns,
                                                  .now_ns = now_ns,
                                                  .since_ns = cell->since_ns});
    }
}

static void
holder_label(struct pay_score *s, const struct pay_case *c, bool fraud, int64_t now_ns)
{
    struct pay_holder *h = c->card != 0 ? keytab_change(s->cards, c->card) : NULL;
    struct pay_holder_label label = {.fraud = fraud,
                                     .has_amount = c->has_amount,
                                     .amount = c->amount,
                                     .w = 1 - probability(c),
                                     .evidence = (double)c->evidence,
                                     .time_ns = c->time_ns};
    double other = 1;

    if (h == NULL)
        return;
    for (unsigned k = CAUSE_LARGE; k < SCORE_CAUSES; k++)
        other *= 1 - (double)c->p[k];
    label.other = 1 - other;
    label.responsible = label.w < 1 ? (double)c->p[CAUSE_HOLDER] / (1 - label.w) : 0;
    pay_holder_forget(h, now_ns);
    pay_holder_label(h, &label, now_ns);
}

void
score_label(struct pay_score *s, struct pay_case *c, bool fraud, int64_t now_ns)
{
    double p = probability(c), share = p > 0 ? 1 / p : 0;

    if (c->labelled == (fraud ? PAY_CASE_FRAUD : PAY_CASE_GENUINE))
        return;
    if (c->labelled == PAY_CASE_FRAUD) { /* it was none after all */
        fraud_add(s, c, -share * (double)c->p[CAUSE_HOLDER], -share * (double)c->p[CAUSE_LARGE]);
        usual_add(s, c, 1);
    } else if (c->labelled == PAY_CASE_GENUINE) {
        usual_add(s, c, -1);
    } else {
        usual_add(s, c, fraud ? p - 1 : p);
    }
    if (fraud) {
        fraud_add(s, c, share * (double)c->p[CAUSE_HOLDER], share * (double)c->p[CAUSE_LARGE]);
        s->large += share * (double)c->p[CAUSE_LARGE];
        s->unseen += share * (double)c->p[CAUSE_UNSEEN];
    }
    s->labels += c->labelled == PAY_CASE_UNLABELLED;
    holder_label(s, c, fraud, now_ns);
    parties_label(s, c, fraud, share, now_ns);
    s->frauds += fraud;
    s->genuine += !fraud;
    c->labelled = fraud ? PAY_CASE_FRAUD : PAY_CASE_GENUINE;
}
