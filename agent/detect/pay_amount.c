/* SPDX-License-Identifier: Apache-2.0 */
/* pay.amount: an amount that does not fit: this card's or customer's habit, this terminal, this employee,
 * this hour, or the shop's own largest amounts.
 *
 * Each of the five gives a statistic whose tail p comes from the ranks of the same statistic over
 * all transactions, so that no distribution is assumed; they are fused by the weighted Cauchy
 * combination. Habits are exponentially forgotten means and variances; the variance is drawn
 * towards the shop's usual variation relative to the mean, the mean towards the shop's mean. A card
 * that has lately been suspicious is watched more closely (weighted p-values: Genovese, Roeder and
 * Wasserman 2006). What looks suspicious is learned with less weight. Until the shop's amounts are known
 * only one thing is asked, and where the configuration says what the shop is: whether an amount is far
 * over what such shops take (pay_start.h). State: one record a card,
 * customer, terminal and employee, sketches for up to CURRENCIES_MAX currencies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_common.h"
#include "agent/detect/pay_habit.h"
#include "agent/detect/pay_money.h"
#include "agent/detect/pay_start.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

/* Observations of the shop that a new card or terminal starts from. */
#define PRIOR_CARD     2.0
#define PRIOR_TERMINAL 20.0
#define PRIOR_EMPLOYEE 20.0
/* Observations of variation without which nobody's habit is asked: the first card that comes back often
 * enough would have hardly any, and everybody else would be odd by its measure. */
#define VARIATION_LEAST 20.0
/* And ranks of fewer say nothing of a tail. */
#define RANKS_LEAST 200.0
/* Shares of the causes in the combination; sum 1. The card's own habit says most; where the log names
 * the employee a part of its share is that one's. */
#define SHARE_CARD     0.64
#define SHARE_SHOP     0.28
#define SHARE_TERMINAL 0.04
#define SHARE_HOUR     0.04
#define SHARE_EMPLOYEE 0.06
/* Weight of these tests among all (weighted p-values, as below): every sale is one of them, and most
 * very large ones are a customer's good day. */
#define WEIGHT 0.33
/* How much more closely a card in full heat is watched. */
#define HEAT_GAIN 20.0

enum {
    CARDS_MAX = 131072,
    TERMINALS_MAX = 4096,
    EMPLOYEES_MAX = 1024,
    CURRENCIES_MAX = 4,
    HABIT_VERSION = 1
};
static const char *const CAUSE_NAMES[CAUSES] = {"card", "shop", "terminal", "hour", "employee"};
static const double SHARES[2][CAUSES] = {
    {SHARE_CARD, SHARE_SHOP, SHARE_TERMINAL, SHARE_HOUR, 0},
    {SHARE_CARD - SHARE_EMPLOYEE, SHARE_SHOP, SHARE_TERMINAL, SHARE_HOUR, SHARE_EMPLOYEE},
};

struct amount {
    char currency[4];       /* the shop's */
    char kind[24];          /* of shop */
    const json_t *settings; /* borrowed: the phrases of the causes */
    struct judge *judge;
    struct season_clock clock;
    struct keytab *cards, *terminals, *employees;
    struct pay_money *monies[CURRENCIES_MAX];
    double learn_days, learn_count;
    uint64_t other_currencies;
    bool changed;
};

/* Whose habits a transaction is held against; those whom the log does not name have none. */
struct whose {
    struct pay_habit *card, *terminal, *employee, none[3];
};

/* What one transaction looks like before it is learned. */
struct look {
    double x, statistic[CAUSES], p[CAUSES], p_all, usual[CAUSES];
    struct season_slot slot;
    int worst;
};

/* ---- one transaction ---- */

/* Sketches take positive values: distances in thousandths, from 1 on. */
static double
rankable(double distance)
{
    return distance > 0 ? 1 + 1000 * distance : 1;
}

static struct pay_money *
money_of(struct amount *a, const char *currency)
{
    for (size_t i = 0; i < CURRENCIES_MAX; i++) {
        struct pay_money *m = a->monies[i];

        if (m == NULL) {
            a->monies[i] = pay_money_new(currency);
            return a->monies[i];
        }
        if (strcmp(m->currency, currency) == 0)
            return m;
    }
    a->other_currencies++;
    return NULL;
}

static bool
ready(const struct amount *a, const struct pay_money *m, int64_t now_ns)
{
    return (double)m->seen >= a->learn_count &&
           (double)(now_ns - m->since_ns) >= a->learn_days * (double)VG_DAY_NS;
}

/* Whether a cause can be judged at all: whether it has a past, and somebody whose past that is. */
static bool
is_known(const struct pay_money *m, const struct txn_view *t, int cause)
{
    switch (cause) {
    case CAUSE_CARD:
        return m->variation.weight >= VARIATION_LEAST;
    case CAUSE_TERMINAL:
        return m->at_terminal.weight >= VARIATION_LEAST;
    case CAUSE_EMPLOYEE:
        return t->employee.len > 0 && m->at_employee.weight >= VARIATION_LEAST;
    default:
        return true;
    }
}

static void
look_at(struct amount *a, struct pay_money *m, const struct whose *w, const struct txn_view *t,
        struct look *out)
{
    const struct pay_habit_prior of_card = {m->all.mean, m->variation.mean, PRIOR_CARD};
    const struct pay_habit_prior of_terminal = {m->all.mean, m->at_terminal.mean, PRIOR_TERMINAL};
    const struct pay_habit_prior of_employee = {m->all.mean, m->at_employee.mean, PRIOR_EMPLOYEE};
    const double *shares = SHARES[t->employee.len > 0];
    struct moments_expect hour;
    struct cauchy all = {0};
    double worst = INFINITY;

    *out = (struct look){.x = (double)t->amount, .worst = CAUSE_SHOP};
    out->slot = season_at(&a->clock, t->time_ns);
    hour = season_expect(&m->season, out->slot, t->time_ns);
    out->statistic[CAUSE_CARD] =
        rankable(pay_habit_distance(w->card, &of_card, out->x, &out->usual[CAUSE_CARD]));
    out->statistic[CAUSE_SHOP] = out->x + 1;
    out->usual[CAUSE_SHOP] = m->all.mean;
    out->usual[CAUSE_HOUR] = exp(hour.mean) - 1; /* of logarithms: the one in the middle */
    out->statistic[CAUSE_TERMINAL] = rankable(
        pay_habit_distance(w->terminal, &of_terminal, out->x, &out->usual[CAUSE_TERMINAL]));
    out->statistic[CAUSE_HOUR] =
        rankable(hour.variance > 0 ? (log(out->x + 1) - hour.mean) / sqrt(hour.variance) : 0);
    if (t->employee.len > 0)
        out->statistic[CAUSE_EMPLOYEE] = rankable(
            pay_habit_distance(w->employee, &of_employee, out->x, &out->usual[CAUSE_EMPLOYEE]));
    for (int c = 0; c < CAUSES; c++) {
        out->p[c] = 1;
        if (!is_known(m, t, c))
            continue;
        quantile_time(&m->ranks[c], t->time_ns);
        if (quantile_weight(&m->ranks[c]) < RANKS_LEAST)
            continue;
        out->p[c] = tail_upper_p(&m->ranks[c], out->statistic[c]);
        cauchy_add_share(&all, out->p[c], shares[c]);
        if (out->p[c] / shares[c] < worst) {
            worst = out->p[c] / shares[c];
            out->worst = c;
        }
    }
    out->p_all = cauchy_sum(&all);
}

/* A card in heat gets a larger share of the false alarms that we allow, the others a little less. */
static double
watch(struct pay_money *m, const struct pay_habit *card, double p, int64_t now_ns)
{
    double gain = 1 + HEAT_GAIN * (double)card->heat;
    double mean = m->gain.weight > 0 && m->gain.mean > 1 ? m->gain.mean : 1;

    moments_add(&m->gain, gain, 1, now_ns, PAY_MONEY_MEMORY_NS);
    p = p * mean / gain / WEIGHT;
    return p < 1 ? p : 1;
}

/* Variation is learned from those whose mean is known well enough. */
static void
learn_habit(struct moments *variation, struct pay_habit *h, double x, double w, int64_t now_ns)
{
    double seen = (double)h->weight;

    if (seen > 3 && h->mean > 0) {
        double r = (x - (double)h->mean) / (double)h->mean;

        moments_add(variation, r * r * seen / (seen + 1), w, now_ns, PAY_MONEY_MEMORY_NS);
    }
    pay_habit_add(h, x, w);
}

static void
learn(struct pay_money *m, const struct whose *who, const struct txn_view *t,
      const struct look *look, double p)
{
    double w = judge_learn_weight(p), x = look->x;

    for (int c = 0; c < CAUSES; c++)
        if (is_known(m, t, c))
            quantile_add(&m->ranks[c], look->statistic[c], w);
    learn_habit(&m->variation, who->card, x, w, t->time_ns);
    learn_habit(&m->at_terminal, who->terminal, x, w, t->time_ns);
    if (t->employee.len > 0)
        learn_habit(&m->at_employee, who->employee, x, w, t->time_ns);
    moments_add(&m->all, x, w, t->time_ns, PAY_MONEY_MEMORY_NS);
    season_add(&m->season, look->slot, log(x + 1), w, t->time_ns);
    pay_habit_warm(who->card, 1 - w);
    if (m->seen++ == 0)
        m->since_ns = t->time_ns;
}

/* `kind`: held against what such shops take. */
static json_t *
facts_of(const struct amount *a, const struct pay_money *m, const struct pay_habit *card,
         const struct txn_view *t, const struct look *look, bool kind)
{
    double above = quantile_above(&m->ranks[CAUSE_SHOP], look->statistic[CAUSE_SHOP]);
    /* A card that is seen for the first time has no habit: what is meant is the shop's. */
    int cause = look->worst == CAUSE_CARD && card->weight < 1 ? (int)CAUSE_SHOP : look->worst;
    double usual = look->usual[cause];
    const char *name = kind ? "kind" : CAUSE_NAMES[cause];
    char es[24], en[24];

    (void)snprintf(es, sizeof es, "%s_es", name);
    (void)snprintf(en, sizeof en, "%s_en", name);
    return json_pack(
        "{s:I, s:s, s:I, s:f, s:f, s:I, s:s, s:s, s:s}", "amount", (json_int_t)t->amount,
        "currency", m->currency, "usual", (json_int_t)llround(usual), "times",
        usual > 0 ? round(10 * look->x / usual) / 10 : 0, "shop_share",
        above / (quantile_weight(&m->ranks[CAUSE_SHOP]) + 1), "seen",
        (json_int_t)llround((double)card->weight), "because", name, "whose_es",
        vg_json_str(a->settings, es, name), "whose_en", vg_json_str(a->settings, en, name));
}

static void
report(struct amount *a, const struct pay_money *m, const struct pay_habit *card,
       const struct txn_view *t, const struct look *look, double p, bool kind)
{
    struct party subject, peer;
    struct test test = {
        .detector = "pay.amount", .time_ns = t->time_ns, .subject = &subject, .p = p};

    if (judge_test_idle(a->judge, t->time_ns, p))
        return;
    pay_party_of(&subject, t);
    if ((look->worst == CAUSE_EMPLOYEE && pay_party(&peer, "employee", t->employee, NULL)) ||
        (strcmp(subject.kind, "terminal") != 0 && pay_party(&peer, "terminal", t->terminal, NULL)))
        test.peer = &peer;
    if (judge_wants(a->judge, p)) {
        test.facts = facts_of(a, m, card, t, look, kind);
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(a->judge, &test);
}

/* False without memory. */
static bool
whose_of(struct amount *a, const struct obs *obs, struct whose *w)
{
    const struct txn_view *t = obs->txn;
    uint64_t card = obs->keys->key[KEY_HOLDER], terminal = obs->keys->key[KEY_TERMINAL];
    uint64_t employee = obs->keys->key[KEY_EMPLOYEE];

    *w = (struct whose){.card = &w->none[0], .terminal = &w->none[1], .employee = &w->none[2]};
    if (card != 0)
        w->card = keytab_touch(a->cards, card, NULL);
    if (terminal != 0)
        w->terminal = keytab_touch(a->terminals, terminal, NULL);
    if (employee != 0)
        w->employee = keytab_touch(a->employees, employee, NULL);
    if (w->card == NULL || w->terminal == NULL || w->employee == NULL)
        return false;
    pay_habit_forget(w->card, t->time_ns);
    pay_habit_forget(w->terminal, t->time_ns);
    pay_habit_forget(w->employee, t->time_ns);
    return true;
}

/* Against what shops of this kind take and what this one has taken so far. The p. */
static double
start(struct amount *a, const struct pay_money *m, const struct whose *whose,
      const struct txn_view *t, struct look *look)
{
    struct moments_expect kind, now;
    double p;

    if (!pay_start_of(a->settings, a->kind, m->currency, &kind))
        return 1;
    now = moments_shrink(&m->season.all, &kind, PAY_START_WEIGHT);
    p = fmin(1, moments_upper_p(&now, log(look->x + 1)) / WEIGHT);
    look->worst = CAUSE_SHOP;
    look->usual[CAUSE_SHOP] = exp(now.mean) - 1;
    report(a, m, whose->card, t, look, p, true);
    return p;
}

static void
amount_observe(void *self, const struct obs *obs)
{
    struct amount *a = self;
    const struct txn_view *t = obs->txn;
    struct whose whose;
    struct pay_money *m;
    struct look look;
    double p;

    if ((t->kind != TXN_SALE && t->kind != TXN_AUTH) || !t->has_amount || t->amount <= 0)
        return;
    m = money_of(a, t->currency[0] != '\0' ? t->currency : a->currency);
    if (m == NULL || !whose_of(a, obs, &whose))
        return;
    a->changed = true;
    look_at(a, m, &whose, t, &look);
    p = watch(m, whose.card, look.p_all, t->time_ns);
    if (ready(a, m, t->time_ns))
        report(a, m, whose.card, t, &look, p, false);
    else
        p = fmin(p, start(a, m, &whose, t, &look));
    learn(m, &whose, t, &look, p);
}

/* ---- state ---- */

static void
amount_save(void *self, struct state_out *out)
{
    struct amount *a = self;
    struct buf blob;

    keytab_save(a->cards, out);
    keytab_save(a->terminals, out);
    keytab_save(a->employees, out);
    if (!a->changed)
        return;
    a->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    for (uint8_t i = 0; i < CURRENCIES_MAX && a->monies[i] != NULL; i++) {
        const uint8_t key[2] = {'m', i};

        buf_clear(&blob);
        pay_money_put(a->monies[i], &blob);
        if (!blob.bad)
            state_put(out, slice_of(key, 2), PAY_MONEY_VERSION, buf_slice(&blob));
    }
    buf_done(&blob);
}

static enum vg_err
amount_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct amount *a = self;
    struct pay_money *m;
    uint8_t i;

    if (keytab_owns(a->cards, key))
        return keytab_load(a->cards, key, version, blob);
    if (keytab_owns(a->terminals, key))
        return keytab_load(a->terminals, key, version, blob);
    if (keytab_owns(a->employees, key))
        return keytab_load(a->employees, key, version, blob);
    slice_skip(&key, 1);
    i = slice_u8(&key);
    if (key.bad || key.left > 0 || i >= CURRENCIES_MAX || version < 1 ||
        version > PAY_MONEY_VERSION)
        return VG_ERR_FORMAT;
    m = pay_money_new("");
    if (m == NULL)
        return VG_ERR_NOMEM;
    pay_money_get(m, version, &blob);
    if (blob.bad || blob.left > 0) {
        free(m);
        return VG_ERR_FORMAT;
    }
    free(a->monies[i]);
    a->monies[i] = m;
    return VG_OK;
}

static void
amount_free(void *self)
{
    struct amount *a = self;

    if (a == NULL)
        return;
    keytab_free(a->cards);
    keytab_free(a->terminals);
    keytab_free(a->employees);
    for (size_t i = 0; i < CURRENCIES_MAX; i++)
        free(a->monies[i]);
    free(a);
}

static enum vg_err
amount_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options cards = {.cells_max = CARDS_MAX,
                                                .roomy = true,
                                                .row_bits = 11,
                                                .name = 'c',
                                                .version = HABIT_VERSION};
    static const struct keytab_options terminals = {
        .cells_max = TERMINALS_MAX, .row_bits = 6, .name = 't', .version = HABIT_VERSION};
    static const struct keytab_options employees = {
        .cells_max = EMPLOYEES_MAX, .row_bits = 4, .name = 'e', .version = HABIT_VERSION};
    struct amount *a = calloc(1, sizeof *a);
    enum vg_err err = VG_ERR_NOMEM;

    if (a == NULL)
        return VG_ERR_NOMEM;
    a->judge = env->judge;
    a->settings = env->settings;
    (void)vg_strcpy(a->kind, sizeof a->kind, env->shop_kind != NULL ? env->shop_kind : "any");
    (void)vg_strcpy(a->currency, sizeof a->currency, env->currency != NULL ? env->currency : "");
    season_clock_init(&a->clock, env->zone);
    err = pay_setting(env->settings, "learn_days", 7, 0, 365, &a->learn_days, why);
    if (err == VG_OK)
        err = pay_setting(env->settings, "learn_transactions", 500, 50, 1e6, &a->learn_count, why);
    if (err == VG_OK)
        err = pay_habits_new(cards, &a->cards);
    if (err == VG_OK)
        err = pay_habits_new(terminals, &a->terminals);
    if (err == VG_OK)
        err = pay_habits_new(employees, &a->employees);
    if (err != VG_OK) {
        amount_free(a);
        return err;
    }
    pay_ahead_add(env->ahead, a->cards, KEY_HOLDER);
    *self = a;
    return VG_OK;
}

static void
amount_health(const void *self, json_t *counters)
{
    const struct amount *a = self;
    const struct pay_money *m = a->monies[0];
    bool learning = m == NULL || !ready(a, m, m->all.at_ns);

    (void)json_object_set_new(counters, "learning", json_integer(learning));
    (void)json_object_set_new(counters, "cards", json_integer((json_int_t)keytab_count(a->cards)));
    (void)json_object_set_new(counters, "cards_turned_away",
                              json_integer((json_int_t)keytab_evicted(a->cards)));
    (void)json_object_set_new(counters, "other_currencies",
                              json_integer((json_int_t)a->other_currencies));
}

const struct detector PAY_AMOUNT = {
    .name = "pay.amount",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = amount_make,
    .observe = amount_observe,
    .save = amount_save,
    .load = amount_load,
    .free = amount_free,
    .health = amount_health,
};
