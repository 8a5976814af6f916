/* SPDX-License-Identifier: Apache-2.0 */
/* pay.new_employee_pattern: somebody who began lately works unlike everybody else: refunds, voids,
 * unusually large sales. There is no own past to hold it against, so it is the others'.
 *
 * For NEW_NS after the first operation cumulative sums (pay_share.h) of the three kinds of operation
 * among all of that employee's, against the others' shares; the smallest p counts for three. Who was
 * there when the log began is not new. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/pay_share.h"
#include "agent/detect/quantile.h"
#include "common/vtime.h"

#define NEW_NS (45 * VG_DAY_NS)
#define PRIOR  30.0
/* Sales of the shop of which so many are larger are large. */
#define LARGE_SHARE 0.02
#define LARGE_LEAST 300.0
/* Sales between two looks at where that begins. */
#define LARGE_EVERY 500

enum { PEOPLE_MAX = 512, STATE_VERSION = 1 };
enum { OP_REFUND, OP_VOID, OP_LARGE, OP_COUNT };
static const char *const OP_NAMES[OP_COUNT] = {"refund", "void", "large"};

struct person {
    int64_t first_ns;
    struct pay_share ops[OP_COUNT];
};

struct pattern {
    struct pay_frame frame; /* tables[0]: person by name */
    struct pay_share all[OP_COUNT];
    struct quantile sizes; /* of sales */
    double large;          /* from here on a sale is large, as of LARGE_EVERY sales ago at most */
    uint32_t sales;        /* since then */
};

struct verdict {
    double p, usual;
    int op;
};

static void
person_put(const void *cell, struct buf *out)
{
    const struct person *p = cell;

    codec_put_i64(out, p->first_ns);
    for (int i = 0; i < OP_COUNT; i++)
        pay_share_put(&p->ops[i], out);
}

static void
person_get(void *cell, struct slice *in)
{
    struct person *p = cell;

    p->first_ns = codec_time(in);
    for (int i = 0; i < OP_COUNT; i++)
        pay_share_get(&p->ops[i], in);
}

/* Whether the shop knows now. */
static bool
report(struct pattern *n, const struct txn_view *t, const struct person *p, const struct verdict *v)
{
    const struct pay_share *s = &p->ops[v->op];
    struct party subject;
    char es[32], en[32];
    struct test test = {
        .detector = "pay.new_employee_pattern", .time_ns = t->time_ns, .subject = &subject};

    test.p = fmin(1, v->p * OP_COUNT);
    if (!pay_party(&subject, "employee", t->employee, NULL))
        return false;
    if (judge_wants(n->frame.judge, test.p)) {
        (void)snprintf(es, sizeof es, "%s_es", OP_NAMES[v->op]);
        (void)snprintf(en, sizeof en, "%s_en", OP_NAMES[v->op]);
        test.facts = json_pack("{s:I, s:I, s:I, s:f, s:f, s:I, s:s, s:s, s:s}", "days",
                               (json_int_t)((t->time_ns - p->first_ns) / VG_DAY_NS + 1), "times",
                               (json_int_t)llround(s->run_k), "operations",
                               (json_int_t)llround(s->run_n), "share", s->run_k / s->run_n,
                               "usual_share", v->usual, "total", (json_int_t)llround(s->run_amount),
                               "currency", pay_frame_currency(&n->frame, t), "what_es",
                               vg_json_str(n->frame.settings, es, OP_NAMES[v->op]), "what_en",
                               vg_json_str(n->frame.settings, en, OP_NAMES[v->op]));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    return judge_test(n->frame.judge, &test);
}

static bool
is_large(const struct pattern *n, const struct txn_view *t)
{
    return t->has_amount && n->large > 0 && (double)t->amount > n->large;
}

static struct verdict
see(struct pattern *n, const struct txn_view *t, struct person *p, const bool hit[OP_COUNT])
{
    bool judged =
        pay_frame_learned(&n->frame) && t->time_ns - p->first_ns < NEW_NS &&
        (double)(p->first_ns - n->frame.since_ns) >= n->frame.learn_days * (double)VG_DAY_NS;
    struct verdict out = {.p = 2};

    for (int op = 0; op < OP_COUNT; op++) {
        struct pay_share *s = &p->ops[op], *all = &n->all[op];
        double usual, one = 1;

        pay_share_forget(s, t->time_ns);
        pay_share_forget(all, t->time_ns);
        usual = pay_share_usual(fmax(all->n - s->n, 0), fmax(all->k - s->k, 0), PRIOR);
        if (judged)
            one = pay_share_see(s, usual, hit[op], (double)t->amount, t->time_ns);
        if (judged && hit[op] && one < out.p)
            out = (struct verdict){one, usual, op};
        pay_share_learn(s, hit[op], judge_learn_weight(one));
        pay_share_learn(all, hit[op], judge_learn_weight(one));
    }
    return out;
}

static void
pattern_observe(void *self, const struct obs *obs)
{
    struct pattern *n = self;
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_EMPLOYEE];
    bool hit[OP_COUNT] = {t->kind == TXN_REFUND, t->kind == TXN_VOID, false}, fresh;
    struct person *p;
    struct verdict v;

    if (key == 0 || (t->kind != TXN_SALE && t->kind != TXN_REFUND && t->kind != TXN_VOID) ||
        t->outcome != TXN_APPROVED)
        return;
    pay_frame_time(&n->frame, t->time_ns);
    p = keytab_touch(n->frame.tables[0], key, &fresh);
    if (p == NULL)
        return;
    if (fresh)
        p->first_ns = t->time_ns;
    quantile_time(&n->sizes, t->time_ns);
    hit[OP_LARGE] = t->kind == TXN_SALE && is_large(n, t);
    v = see(n, t, p, hit);
    if (v.p <= 1 && !pay_share_is_hushed(&p->ops[v.op], t->time_ns) && report(n, t, p, &v))
        pay_share_hush(&p->ops[v.op], t->time_ns);
    if (t->kind == TXN_SALE && t->has_amount) {
        quantile_add(&n->sizes, (double)t->amount + 1, 1);
        if (++n->sales >= LARGE_EVERY) {
            n->sales = 0;
            n->large = quantile_value(&n->sizes, 1 - LARGE_SHARE);
        }
    }
}

static void
pattern_put(const void *self, struct buf *out)
{
    const struct pattern *n = self;

    for (int i = 0; i < OP_COUNT; i++)
        pay_share_put(&n->all[i], out);
    quantile_put(&n->sizes, out);
    codec_put_f64(out, n->large);
    buf_put_be32(out, n->sales);
}

static void
pattern_get(void *self, struct slice *in)
{
    struct pattern *n = self;

    for (int i = 0; i < OP_COUNT; i++)
        pay_share_get(&n->all[i], in);
    quantile_get(&n->sizes, in);
    n->large = codec_f64(in);
    n->sales = slice_be32(in);
}

static enum vg_err
pattern_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options people = {.cell_bytes = sizeof(struct person),
                                                 .cells_max = PEOPLE_MAX,
                                                 .row_bits = 4,
                                                 .name = 'p',
                                                 .version = STATE_VERSION,
                                                 .put = person_put,
                                                 .get = person_get};
    struct pattern *n = calloc(1, sizeof *n);
    enum vg_err err;

    if (n == NULL)
        return VG_ERR_NOMEM;
    n->frame.version = STATE_VERSION;
    n->frame.put = pattern_put;
    n->frame.get = pattern_get;
    quantile_init(&n->sizes, 90 * VG_DAY_NS);
    err = pay_frame_init(&n->frame, env, 30, why);
    if (err == VG_OK)
        err = keytab_new(&people, &n->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(n);
        return err;
    }
    *self = n;
    return VG_OK;
}

const struct detector PAY_NEW_EMPLOYEE_PATTERN = {
    .name = "pay.new_employee_pattern",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = pattern_make,
    .observe = pattern_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
