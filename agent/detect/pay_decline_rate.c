/* SPDX-License-Identifier: Apache-2.0 */
/* pay.decline_rate: since some moment far more payments are declined than usual, at a terminal or in
 * the whole log: a terminal that fails, an issuer or gateway in trouble, or somebody who tries cards
 * too slowly for pay.card_testing.
 *
 * A change point by cumulative sums (pay_share.h) for each terminal (for the log where it names none),
 * against its own past: a web shop always has more of them than a counter. A card that is declined
 * again and again within RETRY_NS counts once, that is one customer; so does whatever is declined
 * within BURST_NS: one customer with several cards, or a burst, which is pay.card_testing's. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/pay_share.h"
#include "common/vtime.h"

#define RETRY_NS VG_HOUR_NS
#define BURST_NS (10 * VG_MIN_NS)
/* As if so many payments had gone well before the first one. */
#define PRIOR 20.0
/* Payments of a place before it has a past. */
#define LEAST 100.0

enum { PLACES_MAX = 1024, STATE_VERSION = 1 };

struct decline {
    struct pay_frame frame; /* tables[0]: pay_share by place */
};

/* Whether the shop knows now. */
static bool
report(struct decline *d, const struct txn_view *t, const struct pay_share *s, double usual,
       double p)
{
    struct party subject;
    struct test test = {
        .detector = "pay.decline_rate", .time_ns = t->time_ns, .subject = &subject, .p = p};

    if (!pay_party(&subject, "terminal", t->terminal, NULL) &&
        !pay_party(&subject, "log", t->source, NULL))
        return false;
    if (judge_wants(d->frame.judge, p)) {
        test.facts =
            json_pack("{s:I, s:I, s:I, s:f, s:f, s:o}", "declined", (json_int_t)llround(s->run_k),
                      "tries", (json_int_t)llround(s->run_n), "seconds",
                      (json_int_t)((t->time_ns - s->run_ns) / VG_SEC_NS), "share",
                      s->run_k / s->run_n, "usual_share", usual, "reason", pay_text(t->reason));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    return judge_test(d->frame.judge, &test);
}

/* Whether this declined payment is the one before once more. */
static bool
is_retry(const struct pay_share *s, uint64_t who, int64_t now_ns)
{
    int64_t apart = now_ns - s->last_ns;

    return s->last_ns != 0 && apart >= 0 &&
           (apart < BURST_NS || (who != 0 && who == s->last && apart < RETRY_NS));
}

static void
decline_observe(void *self, const struct obs *obs)
{
    struct decline *d = self;
    const struct txn_view *t = obs->txn;
    bool hit = t->outcome == TXN_DECLINED, learned, fresh;
    uint64_t who = obs->keys->key[KEY_PAYER], key = obs->keys->key[KEY_PLACE];
    struct pay_share *s;
    double usual, p = 1;

    if ((t->kind != TXN_SALE && t->kind != TXN_AUTH) || (t->outcome != TXN_APPROVED && !hit) ||
        key == 0)
        return;
    pay_frame_time(&d->frame, t->time_ns);
    s = keytab_touch(d->frame.tables[0], key, &fresh);
    if (s == NULL || (hit && is_retry(s, who, t->time_ns)))
        return;
    if (hit) {
        s->last = who;
        s->last_ns = t->time_ns;
    }
    learned = pay_frame_learned(&d->frame) && s->n >= LEAST;
    pay_share_forget(s, t->time_ns);
    usual = pay_share_usual(s->n, s->k, PRIOR);
    if (learned)
        p = pay_share_see(s, usual, hit, (double)t->amount, t->time_ns);
    if (hit && learned && !pay_share_is_hushed(s, t->time_ns) && report(d, t, s, usual, p))
        pay_share_hush(s, t->time_ns);
    pay_share_learn(s, hit, judge_learn_weight(p));
}

static enum vg_err
decline_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct decline *d = calloc(1, sizeof *d);
    enum vg_err err;

    if (d == NULL)
        return VG_ERR_NOMEM;
    d->frame.version = STATE_VERSION;
    err = pay_frame_init(&d->frame, env, 14, why);
    if (err == VG_OK)
        err = pay_shares_new('p', STATE_VERSION, PLACES_MAX, &d->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(d);
        return err;
    }
    *self = d;
    return VG_OK;
}

const struct detector PAY_DECLINE_RATE = {
    .name = "pay.decline_rate",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = decline_make,
    .observe = decline_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
