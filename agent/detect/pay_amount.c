/* SPDX-License-Identifier: Apache-2.0 */
/* pay.amount: an amount that does not fit: this card's or customer's habit, this terminal, this hour,
 * or the shop's own largest amounts.
 *
 * Each of the four gives a statistic whose tail p comes from the ranks of the same statistic over
 * all transactions, so that no distribution is assumed; they are fused by the weighted Cauchy
 * combination. Habits are exponentially forgotten means and variances; the variance is drawn
 * towards the shop's usual variation relative to the mean, the mean towards the shop's mean. A card
 * that has lately been suspicious is watched more closely (weighted p-values: Genovese, Roeder and
 * Wasserman 2006). What looks suspicious is learned with less weight. State: one record a card,
 * customer and terminal, sketches for up to CURRENCIES_MAX currencies. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"
#include "agent/detect/pay_common.h"
#include "agent/detect/season.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

#define MEMORY_NS (90 * VG_DAY_NS)
#define HEAT_NS   (7 * VG_DAY_NS) /* how long a card stays suspicious */
/* Observations of the shop that a new card or terminal starts from. */
#define PRIOR_CARD     2.0
#define PRIOR_TERMINAL 20.0
/* Shares of the four causes in the combination; sum 1. The card's own habit says most. */
#define SHARE_CARD     0.64
#define SHARE_SHOP     0.28
#define SHARE_TERMINAL 0.04
#define SHARE_HOUR     0.04
/* How much more closely a card in full heat is watched. */
#define HEAT_GAIN 20.0

enum { CARDS_MAX = 131072, TERMINALS_MAX = 4096, CURRENCIES_MAX = 4, STATE_VERSION = 1 };
enum { CAUSE_CARD, CAUSE_SHOP, CAUSE_TERMINAL, CAUSE_HOUR, CAUSES };
static const char *const CAUSE_NAMES[CAUSES] = {"card", "shop", "terminal", "hour"};
static const double SHARES[CAUSES] = {SHARE_CARD, SHARE_SHOP, SHARE_TERMINAL, SHARE_HOUR};

struct habit {
    int64_t at_ns;
    float weight, mean, squares, heat;
};

struct money {
    char currency[4];
    struct moments all;            /* of amounts */
    struct moments variation;      /* of ((x - mean) / mean)^2 within cards */
    struct moments at_terminal;    /* the same within terminals */
    struct moments gain;           /* of the watch weights, to keep their mean at 1 */
    struct quantile ranks[CAUSES]; /* of the statistics */
    struct season season;          /* of log amounts */
    int64_t since_ns;
    uint64_t seen;
};

struct amount {
    char currency[4]; /* the shop's */
    struct judge *judge;
    struct season_clock clock;
    struct keytab *cards, *terminals;
    struct money *monies[CURRENCIES_MAX];
    double learn_days, learn_count;
    uint64_t other_currencies;
    bool changed;
};

/* What one transaction looks like before it is learned. */
struct look {
    double x, statistic[CAUSES], p[CAUSES], p_all, usual;
    struct season_slot slot;
    int worst;
};

static void
habit_put(const void *cell, struct buf *out)
{
    const struct habit *h = cell;

    codec_put_i64(out, h->at_ns);
    codec_put_f32(out, h->weight);
    codec_put_f32(out, h->mean);
    codec_put_f32(out, h->squares);
    codec_put_f32(out, h->heat);
}

static void
habit_get(void *cell, struct slice *in)
{
    struct habit *h = cell;

    h->at_ns = codec_i64(in);
    h->weight = codec_f32(in);
    h->mean = codec_f32(in);
    h->squares = codec_f32(in);
    h->heat = codec_f32(in);
}

static void
habit_forget(struct habit *h, int64_t now_ns)
{
    double dt = (double)(now_ns - h->at_ns), keep;

    if (h->weight <= 0)
        h->at_ns = now_ns;
    if (h->weight <= 0 || dt <= 0)
        return;
    keep = exp(-dt / (double)MEMORY_NS);
    h->weight = (float)(h->weight * keep);
    h->squares = (float)(h->squares * keep);
    if (h->heat > 1e-3F)
        h->heat = (float)(h->heat * exp(-dt / (double)HEAT_NS));
    h->at_ns = now_ns;
}

static void
habit_add(struct habit *h, double x, double w)
{
    double d = x - (double)h->mean, weight = (double)h->weight + w;

    if (!(w > 0))
        return;
    h->mean = (float)((double)h->mean + d * w / weight);
    h->squares = (float)((double)h->squares + w * d * (x - (double)h->mean));
    h->weight = (float)weight;
}

/* How many of its usual deviations x lies above the habit's mean. */
static double
habit_distance(const struct habit *h, const struct money *m, double variation, double prior,
               double x, double *mean)
{
    double w = (double)h->weight, all = w + prior;
    double variance;

    *mean = (w * (double)h->mean + prior * m->all.mean) / all;
    variance = ((double)h->squares + prior * variation * *mean * *mean) / all;
    return variance > 0 ? (x - *mean) / sqrt(variance * (1 + 1 / all)) : 0;
}

/* Sketches take positive values: distances in thousandths, from 1 on. */
static double
rankable(double distance)
{
    return distance > 0 ? 1 + 1000 * distance : 1;
}

static struct money *
money_of(struct amount *a, const char *currency)
{
    for (size_t i = 0; i < CURRENCIES_MAX; i++) {
        struct money *m = a->monies[i];

        if (m == NULL) {
            m = a->monies[i] = calloc(1, sizeof *m);
            if (m == NULL)
                return NULL;
            (void)vg_strcpy(m->currency, sizeof m->currency, currency);
            for (size_t k = 0; k < CAUSES; k++)
                quantile_init(&m->ranks[k], MEMORY_NS);
            return m;
        }
        if (strcmp(m->currency, currency) == 0)
            return m;
    }
    a->other_currencies++;
    return NULL;
}

static bool
ready(const struct amount *a, const struct money *m, int64_t now_ns)
{
    return (double)m->seen >= a->learn_count &&
           (double)(now_ns - m->since_ns) >= a->learn_days * (double)VG_DAY_NS;
}

static void
look_at(struct amount *a, struct money *m, const struct habit *card, const struct habit *terminal,
        const struct txn_view *t, struct look *out)
{
    struct moments_expect hour;
    struct cauchy all = {0};
    double mean;

    *out = (struct look){.x = (double)t->amount, .worst = CAUSE_CARD};
    out->slot = season_at(&a->clock, t->time_ns);
    hour = season_expect(&m->season, out->slot, t->time_ns);
    out->statistic[CAUSE_CARD] =
        rankable(habit_distance(card, m, m->variation.mean, PRIOR_CARD, out->x, &out->usual));
    out->statistic[CAUSE_SHOP] = out->x + 1;
    out->statistic[CAUSE_TERMINAL] =
        rankable(habit_distance(terminal, m, m->at_terminal.mean, PRIOR_TERMINAL, out->x, &mean));
    out->statistic[CAUSE_HOUR] =
        rankable(hour.variance > 0 ? (log(out->x + 1) - hour.mean) / sqrt(hour.variance) : 0);
    for (int c = 0; c < CAUSES; c++) {
        quantile_time(&m->ranks[c], t->time_ns);
        out->p[c] = tail_upper_p(&m->ranks[c], out->statistic[c]);
        cauchy_add_share(&all, out->p[c], SHARES[c]);
        if (out->p[c] / SHARES[c] < out->p[out->worst] / SHARES[out->worst])
            out->worst = c;
    }
    out->p_all = cauchy_sum(&all);
}

/* A card in heat gets a larger share of the false alarms that we allow, the others a little less. */
static double
watch(struct money *m, const struct habit *card, double p, int64_t now_ns)
{
    double gain = 1 + HEAT_GAIN * (double)card->heat;
    double mean = m->gain.weight > 0 && m->gain.mean > 1 ? m->gain.mean : 1;

    moments_add(&m->gain, gain, 1, now_ns, MEMORY_NS);
    p = p * mean / gain;
    return p < 1 ? p : 1;
}

static void
learn(struct money *m, struct habit *card, struct habit *terminal, const struct txn_view *t,
      const struct look *look, double p)
{
    double w = judge_learn_weight(p), x = look->x;
    double seen[2] = {(double)card->weight, (double)terminal->weight};

    for (int c = 0; c < CAUSES; c++)
        quantile_add(&m->ranks[c], look->statistic[c], w);
    /* Variation is learned from cards and terminals whose mean is known well enough. */
    if (seen[0] > 3 && card->mean > 0) {
        double r = (x - (double)card->mean) / (double)card->mean;
        moments_add(&m->variation, r * r * seen[0] / (seen[0] + 1), w, t->time_ns, MEMORY_NS);
    }
    if (seen[1] > 3 && terminal->mean > 0) {
        double r = (x - (double)terminal->mean) / (double)terminal->mean;
        moments_add(&m->at_terminal, r * r * seen[1] / (seen[1] + 1), w, t->time_ns, MEMORY_NS);
    }
    moments_add(&m->all, x, w, t->time_ns, MEMORY_NS);
    season_add(&m->season, look->slot, log(x + 1), w, t->time_ns);
    habit_add(card, x, w);
    habit_add(terminal, x, w);
    /* Squared: one odd purchase warms a card little, a plainly foreign one at once. */
    card->heat = (float)((double)card->heat + (1 - (double)card->heat) * (1 - w) * (1 - w));
    if (m->seen++ == 0)
        m->since_ns = t->time_ns;
}

static void
report(struct amount *a, const struct money *m, const struct habit *card, const struct txn_view *t,
       const struct look *look, double p)
{
    struct party subject, terminal;
    struct test test = {
        .detector = "pay.amount", .time_ns = t->time_ns, .subject = &subject, .p = p};

    pay_party_of(&subject, t);
    if (strcmp(subject.kind, "terminal") != 0 &&
        pay_party(&terminal, "terminal", t->terminal, NULL))
        test.peer = &terminal;
    if (judge_wants(a->judge, p)) {
        double above = quantile_above(&m->ranks[CAUSE_SHOP], look->statistic[CAUSE_SHOP]);

        test.facts = json_pack(
            "{s:I, s:s, s:I, s:f, s:f, s:I, s:s}", "amount", (json_int_t)t->amount, "currency",
            m->currency, "usual", (json_int_t)llround(look->usual), "times",
            look->usual > 0 ? round(10 * look->x / look->usual) / 10 : 0, "shop_share",
            above / (quantile_weight(&m->ranks[CAUSE_SHOP]) + 1), "seen",
            (json_int_t)llround((double)card->weight), "because", CAUSE_NAMES[look->worst]);
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(a->judge, &test);
}

static void
amount_observe(void *self, const struct obs *obs)
{
    struct amount *a = self;
    const struct txn_view *t = obs->txn;
    uint64_t card_key = pay_key("card", t->card), terminal_key = pay_key("terminal", t->terminal);
    struct habit *card, *terminal, nobody = {0}, nowhere = {0};
    struct money *m;
    struct look look;
    double p;
    bool fresh;

    if ((t->kind != TXN_SALE && t->kind != TXN_AUTH) || !t->has_amount || t->amount <= 0)
        return;
    m = money_of(a, t->currency[0] != '\0' ? t->currency : a->currency);
    if (m == NULL)
        return;
    if (card_key == 0)
        card_key = pay_key("customer", t->customer);
    keytab_expect(a->terminals, terminal_key);
    card = card_key != 0 ? keytab_touch(a->cards, card_key, &fresh) : &nobody;
    terminal = terminal_key != 0 ? keytab_touch(a->terminals, terminal_key, &fresh) : &nowhere;
    if (card == NULL || terminal == NULL)
        return;
    a->changed = true;
    habit_forget(card, t->time_ns);
    habit_forget(terminal, t->time_ns);
    look_at(a, m, card, terminal, t, &look);
    p = watch(m, card, look.p_all, t->time_ns);
    if (ready(a, m, t->time_ns))
        report(a, m, card, t, &look, p);
    learn(m, card, terminal, t, &look, p);
}

/* ---- state ---- */

static void
money_put(const struct money *m, struct buf *out)
{
    codec_put_text(out, m->currency, strlen(m->currency));
    moments_put(&m->all, out);
    moments_put(&m->variation, out);
    moments_put(&m->at_terminal, out);
    moments_put(&m->gain, out);
    for (size_t c = 0; c < CAUSES; c++)
        quantile_put(&m->ranks[c], out);
    season_put(&m->season, out);
    codec_put_i64(out, m->since_ns);
    buf_put_be64(out, m->seen);
}

static void
money_get(struct money *m, struct slice *in)
{
    struct slice name = slice_sub(in, slice_be32(in));

    if (name.left >= sizeof m->currency) {
        in->bad = true;
        return;
    }
    (void)slice_copy(&name, m->currency, name.left);
    moments_get(&m->all, in);
    moments_get(&m->variation, in);
    moments_get(&m->at_terminal, in);
    moments_get(&m->gain, in);
    for (size_t c = 0; c < CAUSES; c++) {
        quantile_init(&m->ranks[c], MEMORY_NS);
        quantile_get(&m->ranks[c], in);
    }
    season_get(&m->season, in);
    m->since_ns = codec_i64(in);
    m->seen = slice_be64(in);
}

static void
amount_save(void *self, struct state_out *out)
{
    struct amount *a = self;
    struct buf blob;

    keytab_save(a->cards, out);
    keytab_save(a->terminals, out);
    if (!a->changed)
        return;
    a->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    for (uint8_t i = 0; i < CURRENCIES_MAX && a->monies[i] != NULL; i++) {
        const uint8_t key[2] = {'m', i};

        buf_clear(&blob);
        money_put(a->monies[i], &blob);
        if (!blob.bad)
            state_put(out, slice_of(key, 2), STATE_VERSION, buf_slice(&blob));
    }
    buf_done(&blob);
}

static enum vg_err
amount_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct amount *a = self;
    struct money *m;
    uint8_t i;

    if (keytab_owns(a->cards, key))
        return keytab_load(a->cards, key, version, blob);
    if (keytab_owns(a->terminals, key))
        return keytab_load(a->terminals, key, version, blob);
    slice_skip(&key, 1);
    i = slice_u8(&key);
    if (key.bad || key.left > 0 || i >= CURRENCIES_MAX || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return VG_ERR_NOMEM;
    money_get(m, &blob);
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
    for (size_t i = 0; i < CURRENCIES_MAX; i++)
        free(a->monies[i]);
    free(a);
}

static enum vg_err
amount_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options cards = {.cell_bytes = sizeof(struct habit),
                                                .cells_max = CARDS_MAX,
                                                .row_bits = 11,
                                                .name = 'c',
                                                .version = STATE_VERSION,
                                                .put = habit_put,
                                                .get = habit_get};
    struct keytab_options terminals = cards;
    struct amount *a = calloc(1, sizeof *a);
    enum vg_err err = VG_ERR_NOMEM;

    if (a == NULL)
        return VG_ERR_NOMEM;
    terminals.cells_max = TERMINALS_MAX;
    terminals.row_bits = 6;
    terminals.name = 't';
    a->judge = env->judge;
    (void)vg_strcpy(a->currency, sizeof a->currency, env->currency != NULL ? env->currency : "");
    season_clock_init(&a->clock, env->zone);
    err = pay_setting(env->settings, "learn_days", 7, 0, 365, &a->learn_days, why);
    if (err == VG_OK)
        err = pay_setting(env->settings, "learn_transactions", 500, 50, 1e6, &a->learn_count, why);
    if (err == VG_OK)
        err = keytab_new(&cards, &a->cards);
    if (err == VG_OK)
        err = keytab_new(&terminals, &a->terminals);
    if (err != VG_OK) {
        amount_free(a);
        return err;
    }
    *self = a;
    return VG_OK;
}

static void
amount_health(const void *self, json_t *counters)
{
    const struct amount *a = self;
    const struct money *m = a->monies[0];
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
