/* SPDX-License-Identifier: Apache-2.0 */
/* pay.void_abuse: an employee (else a terminal) voids far more sales than the others and than before:
 * the sale is rung up, the customer pays in cash, the sale is voided, the money is pocketed.
 *
 * Cumulative sums of the share of voids (pay_share.h) against the larger of the others' share and
 * the own one of the past: who voids for everybody has always done so. Each void is one test. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/pay_share.h"
#include "common/vtime.h"

/* Of all others, and of the own past, in operations. */
#define PRIOR_OTHERS 50.0
#define PRIOR_OWN    200.0

enum { PEOPLE_MAX = 1024, STATE_VERSION = 1 };

struct voids {
    struct pay_frame frame; /* tables[0]: pay_share by employee or terminal */
    struct pay_share all;
};

/* Whether the shop knows now. */
static bool
report(struct voids *v, const struct txn_view *t, const struct pay_share *s, double usual, double p)
{
    struct party subject;
    struct test test = {
        .detector = "pay.void_abuse", .time_ns = t->time_ns, .subject = &subject, .p = p};

    if (!pay_party(&subject, "employee", t->employee, NULL) &&
        !pay_party(&subject, "terminal", t->terminal, NULL))
        return false;
    if (judge_wants(v->frame.judge, p)) {
        test.facts = json_pack(
            "{s:I, s:I, s:I, s:f, s:f, s:I, s:s}", "voids", (json_int_t)llround(s->run_k),
            "operations", (json_int_t)llround(s->run_n), "seconds",
            (json_int_t)((t->time_ns - s->run_ns) / VG_SEC_NS), "share", s->run_k / s->run_n,
            "usual_share", usual, "total", (json_int_t)llround(s->run_amount), "currency",
            pay_frame_currency(&v->frame, t));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    return judge_test(v->frame.judge, &test);
}

static void
voids_observe(void *self, const struct obs *obs)
{
    struct voids *v = self;
    const struct txn_view *t = obs->txn;
    bool hit = t->kind == TXN_VOID, fresh;
    uint64_t key = obs->keys->key[KEY_PERSON];
    struct pay_share *s;
    double usual, p;

    if ((t->kind != TXN_SALE && !hit) || t->outcome != TXN_APPROVED || key == 0)
        return;
    pay_frame_time(&v->frame, t->time_ns);
    s = keytab_touch(v->frame.tables[0], key, &fresh);
    if (s == NULL)
        return;
    pay_share_forget(s, t->time_ns);
    pay_share_forget(&v->all, t->time_ns);
    usual = fmax(pay_share_usual(fmax(v->all.n - s->n, 0), fmax(v->all.k - s->k, 0), PRIOR_OTHERS),
                 pay_share_usual(s->n, s->k, PRIOR_OWN));
    p = pay_frame_learned(&v->frame) ? pay_share_see(s, usual, hit, (double)t->amount, t->time_ns)
                                     : 1;
    if (hit && pay_frame_learned(&v->frame) && !pay_share_is_hushed(s, t->time_ns) &&
        report(v, t, s, usual, p))
        pay_share_hush(s, t->time_ns);
    pay_share_learn(s, hit, judge_learn_weight(p));
    pay_share_learn(&v->all, hit, judge_learn_weight(p));
}

static void
voids_put(const void *self, struct buf *out)
{
    pay_share_put(&((const struct voids *)self)->all, out);
}

static void
voids_get(void *self, struct slice *in)
{
    pay_share_get(&((struct voids *)self)->all, in);
}

static enum vg_err
voids_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct voids *v = calloc(1, sizeof *v);
    enum vg_err err;

    if (v == NULL)
        return VG_ERR_NOMEM;
    v->frame.version = STATE_VERSION;
    v->frame.put = voids_put;
    v->frame.get = voids_get;
    err = pay_frame_init(&v->frame, env, 21, why);
    if (err == VG_OK)
        err = pay_shares_new('p', STATE_VERSION, PEOPLE_MAX, &v->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(v);
        return err;
    }
    *self = v;
    return VG_OK;
}

const struct detector PAY_VOID_ABUSE = {
    .name = "pay.void_abuse",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = voids_make,
    .observe = voids_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
