/* SPDX-License-Identifier: Apache-2.0 */
/* pay.duplicate_charge: one card was charged the same amount twice at one terminal (or by one online
 * shop) within WINDOW_NS.
 *
 * A finding, where that is as rare as it is in most shops. Where people do buy the same thing twice in
 * a row (a ticket machine), the shop's own rate of it is the p of a test. Nothing is said when the
 * mistake is put right within WAIT_NS: a refund or void of either charge. A declined charge that is
 * tried again is none. State: recent charges by what they have in common; pairs that wait. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_tries.h"
#include "common/vtime.h"

#define WINDOW_NS (2 * VG_MIN_NS)
#define WAIT_NS   (15 * VG_MIN_NS)
#define MEMORY_NS (60 * VG_DAY_NS)
/* Pairs among so many charges that are still a mistake of somebody, not a habit of the shop. */
#define RARE_SHARE 0.002
#define RARE_PRIOR 0.5

enum { CHARGES_MAX = 4096, WAITING_MAX = 16, STATE_VERSION = 1 };

/* A charge by card, amount and place. */
struct charge {
    int64_t at_ns;
    uint64_t id;
    char name[48];
};

struct waiting {
    int64_t due_ns; /* 0: free */
    uint64_t key, ids[2];
    double share; /* of pairs, as it was then */
    int64_t apart_ns;
    char first[48];
    struct pay_try second;
};

struct duplicate {
    struct pay_frame frame; /* tables[0]: charge */
    struct waiting waiting[WAITING_MAX];
    double charges, pairs;
    int64_t folded_ns;
    uint64_t turned_away;
};

/* ---- pairs that wait ---- */

static void
speak(struct duplicate *d, const struct waiting *w)
{
    const struct pay_try *k = &w->second;
    struct party card, terminal, *peer = NULL;
    char label[32];
    json_t *facts;

    (void)snprintf(label, sizeof label, "•••• %.4s", k->last4);
    if (!pay_party(&card, "card", str_of(k->card), k->last4[0] != '\0' ? label : NULL))
        return;
    if (pay_party(&terminal, "terminal", str_of(k->terminal), NULL))
        peer = &terminal;
    facts = json_pack("{s:I, s:s, s:I, s:o, s:o, s:o}", "amount", (json_int_t)k->amount, "currency",
                      k->currency[0] != '\0' ? k->currency : d->frame.currency, "seconds",
                      (json_int_t)(w->apart_ns / VG_SEC_NS), "first", pay_text(str_of(w->first)),
                      "second", pay_text(str_of(k->id)), "terminal", pay_text(str_of(k->terminal)));
    if (w->share < RARE_SHARE) {
        struct finding f = {.detector = "pay.duplicate_charge",
                            .time_ns = w->due_ns,
                            .subject = &card,
                            .peer = peer,
                            .score = 70,
                            .facts = facts,
                            .evidence = json_pack("[o]", pay_try_evidence(k))};

        judge_finding(d->frame.judge, &f);
    } else {
        struct test test = {.detector = "pay.duplicate_charge",
                            .time_ns = w->due_ns,
                            .subject = &card,
                            .peer = peer,
                            .p = w->share,
                            .facts = facts,
                            .evidence = json_pack("[o]", pay_try_evidence(k))};

        judge_test(d->frame.judge, &test);
    }
}

static void
release(struct duplicate *d, int64_t now_ns)
{
    for (size_t i = 0; i < WAITING_MAX; i++) {
        struct waiting *w = &d->waiting[i];

        if (w->due_ns == 0 || w->due_ns > now_ns)
            continue;
        speak(d, w);
        w->due_ns = 0;
    }
}

/* A refund or void that names either charge, or is of the same card, place and amount. */
static void
put_right(struct duplicate *d, const struct obs *obs)
{
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_CHARGE];
    uint64_t names[3] = {pay_key("id", t->original), pay_key("id", t->order),
                         obs->keys->key[KEY_ID]};

    for (size_t i = 0; i < WAITING_MAX; i++) {
        struct waiting *w = &d->waiting[i];
        bool same = key != 0 && key == w->key;

        for (size_t k = 0; k < 6; k++)
            same = same || (names[k / 2] != 0 && names[k / 2] == w->ids[k % 2]);
        if (same)
            w->due_ns = 0;
    }
}

static void
wait(struct duplicate *d, const struct txn_view *t, uint64_t key, const struct charge *first)
{
    struct waiting *w = NULL;

    for (size_t i = 0; i < WAITING_MAX && w == NULL; i++)
        if (d->waiting[i].due_ns == 0)
            w = &d->waiting[i];
    if (w == NULL) {
        d->turned_away++;
        return;
    }
    *w = (struct waiting){.due_ns = t->time_ns + WAIT_NS,
                          .key = key,
                          .ids = {first->id, pay_key("id", t->id)},
                          .share = (d->pairs + RARE_PRIOR) / (d->charges + 1),
                          .apart_ns = t->time_ns - first->at_ns};
    if (d->charges <
        RARE_PRIOR / RARE_SHARE) /* hardly anything is known: most shops are like most */
        w->share = RARE_SHARE / 2;
    pay_frame_copy(w->first, sizeof w->first, str_of(first->name));
    pay_try_set(&w->second, t);
}

/* ---- what happens ---- */

static void
forget(struct duplicate *d, int64_t now_ns)
{
    double keep;

    if (d->folded_ns != 0 && now_ns - d->folded_ns < VG_HOUR_NS)
        return;
    keep = d->folded_ns == 0 ? 1 : exp(-(double)(now_ns - d->folded_ns) / (double)MEMORY_NS);
    d->charges *= keep;
    d->pairs *= keep;
    d->folded_ns = now_ns;
}

static void
see_charge(struct duplicate *d, const struct obs *obs)
{
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_CHARGE];
    struct charge *c;
    bool fresh;

    if (key == 0 || !t->has_amount || t->amount <= 0)
        return;
    c = keytab_touch(d->frame.tables[0], key, &fresh);
    if (c == NULL)
        return;
    if (!fresh && t->time_ns >= c->at_ns && t->time_ns - c->at_ns < WINDOW_NS) {
        wait(d, t, key, c);
        d->pairs += 1;
    }
    d->charges += 1;
    c->at_ns = t->time_ns;
    c->id = obs->keys->key[KEY_ID];
    pay_frame_copy(c->name, sizeof c->name, t->id);
}

static void
duplicate_observe(void *self, const struct obs *obs)
{
    struct duplicate *d = self;
    const struct txn_view *t = obs->txn;

    pay_frame_time(&d->frame, obs->time_ns);
    forget(d, obs->time_ns);
    release(d, obs->time_ns);
    if (t->outcome != TXN_APPROVED)
        return;
    if (t->kind == TXN_SALE)
        see_charge(d, obs);
    else if (t->kind == TXN_REFUND || t->kind == TXN_VOID)
        put_right(d, obs);
}

/* ---- state ---- */

static void
charge_put(const void *cell, struct buf *out)
{
    const struct charge *c = cell;

    codec_put_i64(out, c->at_ns);
    buf_put_be64(out, c->id);
    pay_frame_put_text(c->name, out);
}

static void
charge_get(void *cell, struct slice *in)
{
    struct charge *c = cell;

    c->at_ns = codec_time(in);
    c->id = slice_be64(in);
    pay_frame_get_text(c->name, sizeof c->name, in);
}

static void
duplicate_put(const void *self, struct buf *out)
{
    const struct duplicate *d = self;

    codec_put_f64(out, d->charges);
    codec_put_f64(out, d->pairs);
    codec_put_i64(out, d->folded_ns);
    for (size_t i = 0; i < WAITING_MAX; i++) {
        const struct waiting *w = &d->waiting[i];

        codec_put_i64(out, w->due_ns);
        if (w->due_ns == 0)
            continue;
        buf_put_be64(out, w->key);
        buf_put_be64(out, w->ids[0]);
        buf_put_be64(out, w->ids[1]);
        codec_put_f64(out, w->share);
        codec_put_i64(out, w->apart_ns);
        pay_frame_put_text(w->first, out);
        pay_try_put(&w->second, out);
    }
}

static void
duplicate_get(void *self, struct slice *in)
{
    struct duplicate *d = self;

    d->charges = codec_f64(in);
    d->pairs = codec_f64(in);
    d->folded_ns = codec_time(in);
    for (size_t i = 0; i < WAITING_MAX && !in->bad; i++) {
        struct waiting *w = &d->waiting[i];

        w->due_ns = codec_time(in);
        if (w->due_ns == 0)
            continue;
        w->key = slice_be64(in);
        w->ids[0] = slice_be64(in);
        w->ids[1] = slice_be64(in);
        w->share = codec_f64(in);
        w->apart_ns = codec_time(in);
        pay_frame_get_text(w->first, sizeof w->first, in);
        pay_try_get(&w->second, in);
        if (in->bad || w->share <= 0)
            w->due_ns = 0;
    }
}

static enum vg_err
duplicate_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options charges = {.cell_bytes = sizeof(struct charge),
                                                  .cells_max = CHARGES_MAX,
                                                  .roomy = true,
                                                  .row_bits = 6,
                                                  .name = 'c',
                                                  .version = STATE_VERSION,
                                                  .put = charge_put,
                                                  .get = charge_get};
    struct duplicate *d = calloc(1, sizeof *d);
    enum vg_err err;

    if (d == NULL)
        return VG_ERR_NOMEM;
    d->frame.version = STATE_VERSION;
    d->frame.put = duplicate_put;
    d->frame.get = duplicate_get;
    err = pay_frame_init(&d->frame, env, 0, why);
    if (err == VG_OK)
        err = keytab_new(&charges, &d->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(d);
        return err;
    }
    pay_ahead_add(env->ahead, d->frame.tables[0], KEY_CHARGE);
    *self = d;
    return VG_OK;
}

static void
duplicate_health(const void *self, json_t *counters)
{
    const struct duplicate *d = self;

    pay_frame_health(self, counters);
    (void)json_object_set_new(counters, "pairs_turned_away",
                              json_integer((json_int_t)d->turned_away));
}

const struct detector PAY_DUPLICATE_CHARGE = {
    .name = "pay.duplicate_charge",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = duplicate_make,
    .observe = duplicate_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = duplicate_health,
};
