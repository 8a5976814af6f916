/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_score_private.h"

#include <math.h>
#include <string.h>

#include "common/vtime.h"

/* How often an amount alone makes a fraud, before labels say: as if BASE_WEIGHT payments had said it. */
#define LARGE_PRIOR 3e-3
#define BASE_WEIGHT 2000.0
/* The same for frauds that look like any payment. */
#define UNSEEN_PRIOR 1e-3
/* No heap of small oddities decides alone. */
#define CIRCUMSTANCES_MIN 0.05
#define CIRCUMSTANCES_MAX 150.0
#define HOLDER_RATIO_MAX  1e4
/* The curve of distances: quarters from -2 to 3, then steps of an eighth or so. */
#define HABIT_BINS   64
#define HABIT_LOW    (-2.0)
#define HABIT_LINEAR 3.0
#define HABIT_FINE   4.0
#define HABIT_STEP   1.12
/* The curve of amounts: this many to a doubling. */
#define LARGE_FINE 16.0
#define LARGE_BINS PAY_CURVE_BINS_MAX

/* What is odd about circumstances before anybody has said: little, and nothing about hours. */
static const struct {
    unsigned bins;
    double prior[PAY_FACET_BINS_MAX];
} FACETS[SCORE_FACETS] = {
    [FACET_HOUR] = {24, {0}},
    [FACET_PACE] = {5, {1, 1, 1.5, 2.5, 5}},
    [FACET_DECLINES] = {4, {1, 1.5, 3, 6}},
    [FACET_ABROAD] = {4, {1, 1, 0.9, 3}},
    [FACET_COUNTRY] = {32, {0}},
    [FACET_FRESH] = {3, {1.2, 1, 1}},
    [FACET_KIND] = {7, {1, 2, 1, 2, 1, 1, 1}},
    [FACET_PLACE] = {4, {1, 1.2, 1, 1}},
};

/* Distances of thieves' payments: broadly above the habit; of the holder's: normal with a heavy tail. */
static void
habit_shape(struct pay_curve *c)
{
    double fraud[HABIT_BINS], usual[HABIT_BINS];
    const unsigned linear = (unsigned)((HABIT_LINEAR - HABIT_LOW) * HABIT_FINE);

    c->bins = HABIT_BINS;
    for (unsigned i = 0; i < HABIT_BINS; i++) {
        bool far = i >= linear;
        double z = far ? HABIT_LINEAR * pow(HABIT_STEP, i - linear) : i / HABIT_FINE + HABIT_LOW;
        double width = far ? z * (HABIT_STEP - 1) : 1 / HABIT_FINE, bell = exp(-z * z / 2);

        usual[i] = width * (bell + 0.02 / (1 + fabs(z * z * z)));
        fraud[i] = width * (z > 0.5 ? 1 / (z + 2) : 0.1 * bell);
    }
    pay_curve_shapes(c, fraud, usual);
}

void
score_money_shape(struct score_money *m)
{
    m->amounts.bins = LARGE_BINS;
    m->median = pay_curve_median(&m->amounts, 12 * (unsigned)LARGE_FINE);
    m->since_shaped = 0;
    score_money_draw(m);
}

void
score_money_draw(struct score_money *m)
{
    double fraud[LARGE_BINS], usual[LARGE_BINS];

    m->amounts.bins = LARGE_BINS;
    for (unsigned i = 0; i < LARGE_BINS; i++) {
        double doublings = ((double)i - m->median) / LARGE_FINE;

        usual[i] = doublings > 0 ? exp(-1.5 * doublings) : exp(0.7 * doublings);
        fraud[i] = doublings > 0 ? exp(-0.7 * fabs(doublings - 3)) : 0.1 * exp(doublings);
    }
    pay_curve_shapes(&m->amounts, fraud, usual);
}

void
score_tables_init(struct pay_score *s)
{
    habit_shape(&s->habits);
    for (unsigned f = 0; f < SCORE_FACETS; f++) {
        s->facets[f].bins = FACETS[f].bins;
        for (unsigned i = 0; i < FACETS[f].bins; i++)
            s->facets[f].prior[i] = FACETS[f].prior[0] > 0 ? FACETS[f].prior[i] : 1;
    }
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        pay_runs_init(&s->runs[i]);
}

static double
habit_place(double z)
{
    if (z < HABIT_LINEAR)
        return z > HABIT_LOW ? (z - HABIT_LOW) * HABIT_FINE : 0;
    return (HABIT_LINEAR - HABIT_LOW) * HABIT_FINE + log(z / HABIT_LINEAR) / log(HABIT_STEP);
}

/* ---- circumstances ---- */

static unsigned
step_of(double value, const double *steps, unsigned count)
{
    unsigned i = 0;

    while (i < count && value >= steps[i])
        i++;
    return i;
}

static unsigned
kind_of(const struct txn_view *t)
{
    bool refused = t->outcome == TXN_DECLINED || t->outcome == TXN_ERROR;

    switch (t->kind) {
    case TXN_SALE:
        return refused;
    case TXN_AUTH:
        return 2 + refused;
    case TXN_REFUND:
        return 4;
    case TXN_VOID:
        return 5;
    default:
        return 6;
    }
}

static unsigned
country_of(const char *code)
{
    return code[0] == '\0' ? 0
                           : 1 + ((unsigned char)code[0] * 26U + (unsigned char)code[1]) %
                                     (PAY_FACET_BINS_MAX - 1);
}

static unsigned
abroad_of(const struct pay_holder *h, const char *code)
{
    if (code[0] == '\0')
        return 0;
    if (h->country[0] == '\0')
        return 1;
    return memcmp(h->country, code, sizeof h->country) == 0 ? 2 : 3;
}

static void
look_around(struct pay_score *s, const struct txn_view *t, int64_t place_since_ns,
            struct score_look *out)
{
    static const double paces[] = {0.5, 1.5, 3, 7}, declines[] = {0.5, 1.5, 3};
    static const double days[] = {1, 7};
    const struct pay_holder *h = out->holder;
    uint8_t *facet = out->c.facet;
    double all = 1;

    facet[FACET_HOUR] = season_at(&s->clock, t->time_ns).fine % 24;
    facet[FACET_PACE] = (uint8_t)step_of((double)h->pace, paces, 4);
    facet[FACET_DECLINES] = (uint8_t)step_of((double)h->declines, declines, 3);
    facet[FACET_ABROAD] = (uint8_t)abroad_of(h, t->country);
    facet[FACET_COUNTRY] = (uint8_t)country_of(t->country);
    facet[FACET_FRESH] =
        (uint8_t)step_of((double)(t->time_ns - h->since_ns) / (double)VG_DAY_NS, days, 2);
    facet[FACET_KIND] = (uint8_t)kind_of(t);
    facet[FACET_PLACE] =
        place_since_ns == 0
            ? 0
            : (uint8_t)(1 + step_of((double)(t->time_ns - place_since_ns) / (double)VG_DAY_NS, days,
                                    2));
    for (unsigned f = 0; f < SCORE_FACETS; f++) {
        out->facet[f] = pay_facet_ratio(&s->facets[f], facet[f]);
        all *= out->facet[f];
    }
    out->circumstances = fmin(fmax(all, CIRCUMSTANCES_MIN), CIRCUMSTANCES_MAX);
}

/* ---- amounts ---- */

static struct score_money *
money_of(struct pay_score *s, const char *currency, uint8_t *index)
{
    for (uint8_t i = 0; i < SCORE_CURRENCIES_MAX; i++) {
        *index = i;
        if (s->monies[i] == NULL) {
            s->monies[i] = score_money_new(currency);
            return s->monies[i];
        }
        if (strcmp(s->monies[i]->currency, currency) == 0)
            return s->monies[i];
    }
    *index = SCORE_CURRENCIES_MAX;
    s->other_currencies++;
    return NULL;
}

static void
look_amount(struct pay_score *s, const struct txn_view *t, struct score_look *out)
{
    struct pay_holder_prior prior;
    struct score_money *m;
    double x = (double)t->amount;

    out->habit = out->large = 1;
    out->c.money = SCORE_CURRENCIES_MAX;
    if ((t->kind != TXN_SALE && t->kind != TXN_AUTH) || !t->has_amount || t->amount <= 0)
        return;
    m = money_of(s, t->currency[0] != '\0' ? t->currency : s->currency, &out->c.money);
    if (m == NULL)
        return;
    out->money = m;
    out->c.has_amount = true;
    out->c.amount = x;
    out->c.at_large = (float)(LARGE_FINE * log2(x + 1));
    out->large = pay_curve_ratio(&m->amounts, (double)out->c.at_large);
    if (out->holder == &out->nobody || !(m->all.weight > 0))
        return;
    prior =
        (struct pay_holder_prior){m->all.mean, m->variation.weight > 0 ? m->variation.mean : 0.5};
    out->c.at_habit = (float)habit_place(pay_holder_distance(out->holder, &prior, x));
    out->habit = pay_curve_ratio(&s->habits, (double)out->c.at_habit);
}

/* ---- all together ---- */

double
score_holder_ratio(const struct score_look *look)
{
    return fmin(look->habit * look->circumstances, HOLDER_RATIO_MAX);
}

static void
look_causes(struct pay_score *s, struct score_look *out)
{
    double base = (s->large + LARGE_PRIOR * BASE_WEIGHT) / (s->payments + BASE_WEIGHT), odds;
    double not_fraud = 1;

    out->spell = (double)out->holder->spell;
    out->c.p[CAUSE_HOLDER] =
        out->holder == &out->nobody ? 0 : (float)pay_holder_p(out->holder, score_holder_ratio(out));
    odds = base * out->large * out->circumstances;
    out->c.p[CAUSE_LARGE] = (float)(odds / (1 + odds));
    out->c.p[CAUSE_UNSEEN] =
        (float)fmin((s->unseen + UNSEEN_PRIOR * BASE_WEIGHT) / (s->payments + BASE_WEIGHT), 0.5);
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        out->c.p[CAUSE_PARTY + i] =
            out->c.party[i] != 0 ? (float)pay_runs_p(&s->runs[i], out->c.place[i]) : 0;
    for (unsigned i = 0; i < SCORE_CAUSES; i++)
        not_fraud *= 1 - (double)out->c.p[i];
    out->p = 1 - not_fraud;
}

bool
score_look(struct pay_score *s, const struct obs *obs, struct score_look *out)
{
    static const enum pay_key_kind handlers[SCORE_PARTIES] = {KEY_TERMINAL, KEY_EMPLOYEE,
                                                              KEY_GADGET};
    const struct txn_view *t = obs->txn;
    const uint64_t *key = obs->keys->key;
    int64_t place_since_ns = 0;
    bool fresh;

    *out = (struct score_look){
        .c = {.key = key[KEY_CASE], .time_ns = t->time_ns, .card = key[KEY_HOLDER]}};
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        out->c.party[i] = key[handlers[i]];
    out->holder = out->c.card != 0 ? keytab_touch(s->cards, out->c.card, &fresh) : &out->nobody;
    if (out->holder == NULL)
        return false;
    pay_holder_forget(out->holder, t->time_ns);
    for (unsigned i = 0; i < SCORE_PARTIES; i++) {
        struct score_party_cell *cell;

        if (out->c.party[i] == 0)
            continue;
        cell = keytab_touch(s->parties, out->c.party[i], &fresh);
        if (cell == NULL)
            return false;
        if (fresh)
            cell->since_ns = t->time_ns;
        if (i == PARTY_TERMINAL)
            place_since_ns = cell->since_ns;
        out->c.place[i] = pay_run_place(&cell->run, t->time_ns);
        pay_run_handle(&cell->run);
    }
    look_around(s, t, place_since_ns, out);
    look_amount(s, t, out);
    look_causes(s, out);
    return true;
}
