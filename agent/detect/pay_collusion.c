/* SPDX-License-Identifier: Apache-2.0 */
/* pay.collusion: one card comes to the same employee again and again, far more often than who is at
 * work explains: goods for friends, sales that are rung up too low, refunds to an own card.
 *
 * Each card has one favourite: a cumulative sum of the log-likelihood ratio "always the favourite"
 * against "whoever is at work". The chance of an employee is the share of the operations of the last
 * hours, so that a regular who always comes in the shift of the same person gains little; and at least
 * how often the shop's cards come back to their favourite at all, so that a barber's do not either.
 * exp(-sum) bounds p (pay_share.h). */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/moments.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_frame.h"
#include "common/vtime.h"

#define SHIFT_NS  (3 * VG_HOUR_NS)
#define MEMORY_NS (120 * VG_DAY_NS)
#define ALWAYS    0.95
#define DONE      16.0
#define HUSH_NS   (30 * VG_DAY_NS)
/* Visits before the habit of the shop is known. */
#define HABIT_LEAST 50.0
/* The chance of an employee is never thought lower: an hour with one operation says little. */
#define CHANCE_MIN 0.15
#define CHANCE_MAX (ALWAYS - 0.01)

enum { CARDS_MAX = 8192, PEOPLE_MAX = 256, VISITS_LEAST = 5, STATE_VERSION = 1 };

struct card {
    int64_t last_ns, run_ns;
    int64_t hushed_ns; /* the shop knows: nothing is said until then */
    uint64_t favourite;
    float sum, total;
    uint16_t visits, hits, refunds;
};

struct person {
    int64_t at_ns;
    double recent;
};

enum { AT_CARDS, AT_PEOPLE };

struct collusion {
    struct pay_frame frame; /* tables: card by token, person by name */
    struct person all;
    struct moments habit; /* 1: a card came to its favourite */
};

static void
fade(struct person *p, int64_t now_ns)
{
    double dt = (double)(now_ns - p->at_ns);

    if (p->at_ns == 0 || dt > 0) {
        p->recent *= p->at_ns == 0 ? 0 : exp(-dt / (double)SHIFT_NS);
        p->at_ns = now_ns;
    }
}

/* Whether the shop knows now. */
static bool
report(struct collusion *c, const struct txn_view *t, const struct card *k, double chance, double p)
{
    struct party subject, card;
    struct test test = {.detector = "pay.collusion",
                        .time_ns = t->time_ns,
                        .subject = &subject,
                        .peer = &card,
                        .p = p};

    if (!pay_party(&subject, "employee", t->employee, NULL))
        return false;
    pay_party_card(&card, t);
    if (judge_wants(c->frame.judge, p)) {
        test.facts = json_pack(
            "{s:I, s:I, s:I, s:f, s:I, s:I, s:s}", "visits", (json_int_t)k->visits, "same",
            (json_int_t)k->hits, "refunds", (json_int_t)k->refunds, "chance", chance, "seconds",
            (json_int_t)((t->time_ns - k->run_ns) / VG_SEC_NS), "total",
            (json_int_t)llround((double)k->total), "currency", pay_frame_currency(&c->frame, t));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    return judge_test(c->frame.judge, &test);
}

static void
begin(struct card *k, const struct txn_view *t, uint64_t person)
{
    *k = (struct card){.last_ns = t->time_ns, .run_ns = t->time_ns, .favourite = person};
}

static void
visit(struct collusion *c, const struct txn_view *t, struct card *k, uint64_t person, double chance)
{
    bool same = person == k->favourite;
    bool told = false;
    double p;

    if (c->habit.weight >= HABIT_LEAST)
        chance = fmin(fmax(chance, c->habit.mean), CHANCE_MAX);
    moments_add(&c->habit, same ? 1 : 0, 1, t->time_ns, MEMORY_NS);
    k->visits = k->visits < UINT16_MAX ? (uint16_t)(k->visits + 1) : k->visits;
    k->sum += (float)(same ? log(ALWAYS / chance) : log((1 - ALWAYS) / (1 - chance)));
    if (k->sum <= 0) {
        begin(k, t, person);
        return;
    }
    k->last_ns = t->time_ns;
    if (same) {
        k->hits = k->hits < UINT16_MAX ? (uint16_t)(k->hits + 1) : k->hits;
        k->refunds = (uint16_t)(k->refunds + (t->kind == TXN_REFUND && k->refunds < UINT16_MAX));
        k->total += (float)(t->has_amount ? t->amount : 0);
    }
    p = exp(-(double)k->sum);
    if (same && k->hits >= VISITS_LEAST && pay_frame_learned(&c->frame))
        told = report(c, t, k, chance, p);
    if (told || (double)k->sum > DONE)
        begin(k, t, person);
    if (told)
        k->hushed_ns = t->time_ns + HUSH_NS;
}

static void
collusion_observe(void *self, const struct obs *obs)
{
    struct collusion *c = self;
    const struct txn_view *t = obs->txn;
    uint64_t card = obs->keys->key[KEY_CARD], person = obs->keys->key[KEY_EMPLOYEE];
    struct person *p;
    struct card *k;
    double chance;
    bool fresh;

    if (card == 0 || person == 0 || (t->kind != TXN_SALE && t->kind != TXN_REFUND) ||
        t->outcome != TXN_APPROVED)
        return;
    pay_frame_time(&c->frame, t->time_ns);
    p = keytab_touch(c->frame.tables[AT_PEOPLE], person, &fresh);
    k = keytab_touch(c->frame.tables[AT_CARDS], card, &fresh);
    if (p == NULL || k == NULL)
        return;
    fade(p, t->time_ns);
    fade(&c->all, t->time_ns);
    chance = (p->recent + 1) / (c->all.recent + 2);
    chance = fmin(fmax(chance, CHANCE_MIN), CHANCE_MAX);
    p->recent += 1;
    c->all.recent += 1;
    if (fresh || t->time_ns - k->last_ns > MEMORY_NS)
        begin(k, t, person);
    else if (k->hushed_ns == 0 || t->time_ns >= k->hushed_ns)
        visit(c, t, k, person, chance);
}

/* ---- state ---- */

static void
card_put(const void *cell, struct buf *out)
{
    const struct card *k = cell;

    codec_put_i64(out, k->last_ns);
    codec_put_i64(out, k->run_ns);
    codec_put_i64(out, k->hushed_ns);
    buf_put_be64(out, k->favourite);
    codec_put_f32(out, k->sum);
    codec_put_f32(out, k->total);
    buf_put_be16(out, k->visits);
    buf_put_be16(out, k->hits);
    buf_put_be16(out, k->refunds);
}

static void
card_get(void *cell, struct slice *in)
{
    struct card *k = cell;

    k->last_ns = codec_time(in);
    k->run_ns = codec_time(in);
    k->hushed_ns = codec_time(in);
    k->favourite = slice_be64(in);
    k->sum = codec_f32(in);
    k->total = codec_f32(in);
    k->visits = slice_be16(in);
    k->hits = slice_be16(in);
    k->refunds = slice_be16(in);
    if (k->sum < 0)
        in->bad = true;
}

static void
person_put(const void *cell, struct buf *out)
{
    codec_put_i64(out, ((const struct person *)cell)->at_ns);
    codec_put_f64(out, ((const struct person *)cell)->recent);
}

static void
person_get(void *cell, struct slice *in)
{
    struct person *p = cell;

    p->at_ns = codec_time(in);
    p->recent = codec_f64(in);
    if (p->recent < 0)
        in->bad = true;
}

static void
collusion_put(const void *self, struct buf *out)
{
    const struct collusion *c = self;

    person_put(&c->all, out);
    moments_put(&c->habit, out);
}

static void
collusion_get(void *self, struct slice *in)
{
    struct collusion *c = self;

    person_get(&c->all, in);
    moments_get(&c->habit, in);
}

static enum vg_err
collusion_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options cards = {.cell_bytes = sizeof(struct card),
                                                .cells_max = CARDS_MAX,
                                                .roomy = true,
                                                .row_bits = 7,
                                                .name = 'c',
                                                .version = STATE_VERSION,
                                                .put = card_put,
                                                .get = card_get};
    static const struct keytab_options people = {.cell_bytes = sizeof(struct person),
                                                 .cells_max = PEOPLE_MAX,
                                                 .row_bits = 3,
                                                 .name = 'p',
                                                 .version = STATE_VERSION,
                                                 .put = person_put,
                                                 .get = person_get};
    struct collusion *c = calloc(1, sizeof *c);
    enum vg_err err;

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->frame.version = STATE_VERSION;
    c->frame.put = collusion_put;
    c->frame.get = collusion_get;
    err = pay_frame_init(&c->frame, env, 30, why);
    if (err == VG_OK)
        err = keytab_new(&cards, &c->frame.tables[AT_CARDS]);
    if (err == VG_OK)
        err = keytab_new(&people, &c->frame.tables[AT_PEOPLE]);
    if (err != VG_OK) {
        pay_frame_free(c);
        return err;
    }
    pay_ahead_add(env->ahead, c->frame.tables[AT_CARDS], KEY_CARD);
    *self = c;
    return VG_OK;
}

const struct detector PAY_COLLUSION = {
    .name = "pay.collusion",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = collusion_make,
    .observe = collusion_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
