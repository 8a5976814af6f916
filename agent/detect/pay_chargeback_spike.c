/* SPDX-License-Identifier: Apache-2.0 */
/* pay.chargeback_spike: since some moment far more sales end in a charge-back than usual.
 *
 * Cumulative sums (pay_share.h) of charge-backs among sales, against the shop's own past: more sales
 * bring more charge-backs, which is no news. A card counts once within CARD_NS: one thief, one cause.
 * The past is MONTHS of thirty days, of which the worst is left out: a wave that is over (a terminal that
 * was tapped) is no measure for the next one. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_share.h"
#include "agent/detect/pay_stamp.h"
#include "common/vtime.h"

#define CARD_NS (30 * VG_DAY_NS)
/* Until more is known: one in so many sales. */
#define PRIOR 400.0

#define MONTH_NS (30 * VG_DAY_NS)

enum { MONTHS = 5, MONTHS_LEAST = 3, CARDS_MAX = 1024, CARDS_VERSION = 1, STATE_VERSION = 2 };

struct month {
    double n, k; /* tries and hits */
};

struct spike {
    struct pay_frame frame; /* tables[0]: when a card was last charged back */
    struct pay_share all;   /* the sums; n and k are the months' */
    int64_t month;          /* since 1970 */
    struct month months[MONTHS];
};

static void
month_begin(struct spike *k, int64_t now_ns)
{
    int64_t month = now_ns / MONTH_NS;

    for (int64_t m = k->month + 1; m <= month && m <= k->month + MONTHS; m++)
        k->months[m % MONTHS] = (struct month){0};
    if (month > k->month)
        k->month = month;
}

static double
usual_of(const struct spike *k)
{
    struct month all = {0}, worst = {0};
    unsigned known = 0;

    for (size_t i = 0; i < MONTHS; i++) {
        const struct month *m = &k->months[i];

        known += m->n > 0;
        all.n += m->n;
        all.k += m->k;
        if (m->k * worst.n > worst.k * m->n || worst.n <= 0)
            worst = *m;
    }
    if (known < MONTHS_LEAST)
        worst = (struct month){0};
    return pay_share_usual(fmax(all.n - worst.n, 0), fmax(all.k - worst.k, 0), PRIOR);
}

/* Whether the shop knows now. */
static bool
report(struct spike *k, const struct txn_view *t, double usual, double p)
{
    const struct pay_share *s = &k->all;
    struct party subject;
    struct test test = {
        .detector = "pay.chargeback_spike", .time_ns = t->time_ns, .subject = &subject, .p = p};

    if (!pay_party(&subject, "log", t->source, NULL))
        party_set(&subject, "log", "-", NULL);
    if (judge_wants(k->frame.judge, p)) {
        test.facts = json_pack(
            "{s:I, s:I, s:I, s:f, s:f, s:I, s:s, s:o}", "chargebacks",
            (json_int_t)llround(s->run_k), "sales", (json_int_t)llround(s->run_n - s->run_k),
            "seconds", (json_int_t)((t->time_ns - s->run_ns) / VG_SEC_NS), "share",
            s->run_k / s->run_n, "usual_share", usual, "total", (json_int_t)llround(s->run_amount),
            "currency", pay_frame_currency(&k->frame, t), "reason", pay_text(t->reason));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    return judge_test(k->frame.judge, &test);
}

static void
spike_observe(void *self, const struct obs *obs)
{
    struct spike *k = self;
    const struct txn_view *t = obs->txn;
    bool hit = t->kind == TXN_CHARGEBACK;
    struct month *now;
    double usual, p, w;

    if (!hit && (t->kind != TXN_SALE || t->outcome != TXN_APPROVED))
        return;
    pay_frame_time(&k->frame, t->time_ns);
    if (hit && pay_stamp(k->frame.tables[0], pay_key("card", t->card), t->time_ns, CARD_NS))
        return;
    month_begin(k, t->time_ns);
    usual = usual_of(k);
    p = pay_frame_learned(&k->frame)
            ? pay_share_see(&k->all, usual, hit, (double)t->amount, t->time_ns)
            : 1;
    if (hit && pay_frame_learned(&k->frame) && !pay_share_is_hushed(&k->all, t->time_ns) &&
        report(k, t, usual, p))
        pay_share_hush(&k->all, t->time_ns);
    w = judge_learn_weight(p);
    now = &k->months[(t->time_ns > 0 ? t->time_ns / MONTH_NS : 0) % MONTHS];
    now->n += w;
    now->k += hit ? w : 0;
}

static void
spike_put(const void *self, struct buf *out)
{
    const struct spike *k = self;

    pay_share_put(&k->all, out);
    codec_put_i64(out, k->month);
    for (size_t i = 0; i < MONTHS; i++) {
        codec_put_f64(out, k->months[i].n);
        codec_put_f64(out, k->months[i].k);
    }
}

static void
spike_get(void *self, struct slice *in)
{
    struct spike *k = self;

    pay_share_get(&k->all, in);
    k->month = codec_time(in);
    for (size_t i = 0; i < MONTHS; i++) {
        k->months[i].n = codec_f64(in);
        k->months[i].k = codec_f64(in);
    }
}

static enum vg_err
spike_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct spike *k = calloc(1, sizeof *k);
    enum vg_err err;

    if (k == NULL)
        return VG_ERR_NOMEM;
    k->frame.version = STATE_VERSION;
    k->frame.put = spike_put;
    k->frame.get = spike_get;
    err = pay_frame_init(&k->frame, env, 30, why);
    if (err == VG_OK)
        err = pay_stamps_new('c', CARDS_VERSION, CARDS_MAX, &k->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(k);
        return err;
    }
    *self = k;
    return VG_OK;
}

const struct detector PAY_CHARGEBACK_SPIKE = {
    .name = "pay.chargeback_spike",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = spike_make,
    .observe = spike_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
