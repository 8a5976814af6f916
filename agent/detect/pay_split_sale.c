/* SPDX-License-Identifier: Apache-2.0 */
/* pay.split_sale: one purchase in several charges, each just below a round sum from which somebody
 * looks closer (a limit of the bank, of the PIN, of the manager), or the same round sum again and again.
 *
 * A card (else a customer) has a run of charges within RUN_NS, each among the larger amounts of the
 * shop and within BAND below (or at) the same round sum: 1, 2, 2.5 or 5 times a power of ten. How
 * often a charge follows another one in such a way is learned; the second and each further one
 * that follows makes p ten times smaller (people who do it twice rather do it again). A test from the third charge on. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/quantile.h"
#include "common/vtime.h"

#define RUN_NS    (3 * VG_HOUR_NS)
#define MEMORY_NS (90 * VG_DAY_NS)
#define BAND      0.12
/* Charges below this quantile of the shop's are nobody's split. */
#define LARGE_QUANTILE 0.75
/* Sales between two looks at where that is. */
#define LARGE_EVERY 300
#define AGAIN       0.1
#define PRIOR       500.0

enum { RUNS_MAX = 4096, LEAST = 3, STATE_VERSION = 1 };

struct run {
    int64_t last_ns, first_ns, limit, total;
    uint32_t count;
};

struct split {
    struct pay_frame frame; /* tables[0]: run by card or customer */
    struct quantile sizes;
    double least;           /* of a large charge, as of LARGE_EVERY sales ago at most */
    uint32_t sales;         /* since then */
    double large, followed; /* large charges; those that went on a run */
    int64_t folded_ns;
};

/* The round sum that the amount stands just below or at; 0: none. */
static int64_t
limit_of(int64_t amount)
{
    static const int64_t steps[] = {10, 20, 25, 50, 100};
    int64_t power = 1;

    if (amount < 100 || amount > INT64_C(1) << 50)
        return 0;
    while (power * 100 < amount)
        power *= 10;
    for (size_t i = 0; i < VG_ARRAY_LEN(steps); i++) {
        int64_t limit = steps[i] * power;

        if (amount <= limit)
            return (double)(limit - amount) <= BAND * (double)limit ? limit : 0;
    }
    return 0;
}

static void
report(struct split *s, const struct txn_view *t, const struct run *r, double p)
{
    struct party subject, employee;
    struct test test = {
        .detector = "pay.split_sale", .time_ns = t->time_ns, .subject = &subject, .p = p};

    pay_party_of(&subject, t);
    if (pay_party(&employee, "employee", t->employee, NULL))
        test.peer = &employee;
    if (judge_wants(s->frame.judge, p)) {
        test.facts =
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:s}", "charges", (json_int_t)r->count, "seconds",
                      (json_int_t)((t->time_ns - r->first_ns) / VG_SEC_NS), "total",
                      (json_int_t)r->total, "limit", (json_int_t)r->limit, "amount",
                      (json_int_t)t->amount, "currency", pay_frame_currency(&s->frame, t));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(s->frame.judge, &test);
}

static void
see_large(struct split *s, const struct txn_view *t, uint64_t key, int64_t limit)
{
    bool fresh;
    struct run *r = keytab_touch(s->frame.tables[0], key, &fresh);
    double p = 1;

    if (r == NULL)
        return;
    if (fresh || r->limit != limit || t->time_ns - r->last_ns > RUN_NS || t->time_ns < r->last_ns) {
        *r = (struct run){t->time_ns, t->time_ns, limit, t->amount, 1};
        return;
    }
    r->last_ns = t->time_ns;
    r->count = r->count < 1000 ? r->count + 1 : r->count;
    r->total = r->total < INT64_MAX / 4 ? r->total + t->amount : r->total;
    if (r->count >= LEAST) {
        p = (s->followed + 1) / (s->large + PRIOR) * pow(AGAIN, fmin(r->count - 2.0, 12));
        if (pay_frame_learned(&s->frame))
            report(s, t, r, p);
    }
    s->followed += judge_learn_weight(p);
}

static void
split_observe(void *self, const struct obs *obs)
{
    struct split *s = self;
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_PAYER];
    int64_t limit;

    if (t->kind != TXN_SALE || t->outcome != TXN_APPROVED || !t->has_amount || t->amount <= 0)
        return;
    pay_frame_time(&s->frame, t->time_ns);
    quantile_time(&s->sizes, t->time_ns);
    if (t->time_ns - s->folded_ns >= VG_DAY_NS) {
        double keep = exp(-(double)(t->time_ns - s->folded_ns) / (double)MEMORY_NS);

        s->large *= keep;
        s->followed *= keep;
        s->folded_ns = t->time_ns;
    }
    if (key != 0 && s->least > 0 && (double)t->amount >= s->least) {
        s->large += 1;
        limit = limit_of(t->amount);
        if (limit != 0)
            see_large(s, t, key, limit);
    }
    quantile_add(&s->sizes, (double)t->amount, 1);
    if (++s->sales >= LARGE_EVERY) {
        s->sales = 0;
        s->least = quantile_value(&s->sizes, LARGE_QUANTILE);
    }
}

/* ---- state ---- */

static void
run_put(const void *cell, struct buf *out)
{
    const struct run *r = cell;

    codec_put_i64(out, r->last_ns);
    codec_put_i64(out, r->first_ns);
    codec_put_i64(out, r->limit);
    codec_put_i64(out, r->total);
    buf_put_be32(out, r->count);
}

static void
run_get(void *cell, struct slice *in)
{
    struct run *r = cell;

    r->last_ns = codec_time(in);
    r->first_ns = codec_time(in);
    r->limit = codec_amount(in);
    r->total = codec_i64(in);
    r->count = slice_be32(in);
    if (r->total < 0 || r->count > 1000)
        in->bad = true;
}

static void
split_put(const void *self, struct buf *out)
{
    const struct split *s = self;

    quantile_put(&s->sizes, out);
    codec_put_f64(out, s->least);
    buf_put_be32(out, s->sales);
    codec_put_f64(out, s->large);
    codec_put_f64(out, s->followed);
    codec_put_i64(out, s->folded_ns);
}

static void
split_get(void *self, struct slice *in)
{
    struct split *s = self;

    quantile_get(&s->sizes, in);
    s->least = codec_f64(in);
    s->sales = slice_be32(in);
    s->large = codec_f64(in);
    s->followed = codec_f64(in);
    s->folded_ns = codec_time(in);
    if (s->large < 0 || s->followed < 0)
        in->bad = true;
}

static enum vg_err
split_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options runs = {.cell_bytes = sizeof(struct run),
                                               .cells_max = RUNS_MAX,
                                               .row_bits = 6,
                                               .name = 'r',
                                               .version = STATE_VERSION,
                                               .put = run_put,
                                               .get = run_get};
    struct split *s = calloc(1, sizeof *s);
    enum vg_err err;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->frame.version = STATE_VERSION;
    s->frame.put = split_put;
    s->frame.get = split_get;
    quantile_init(&s->sizes, MEMORY_NS);
    err = pay_frame_init(&s->frame, env, 14, why);
    if (err == VG_OK)
        err = keytab_new(&runs, &s->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(s);
        return err;
    }
    *self = s;
    return VG_OK;
}

const struct detector PAY_SPLIT_SALE = {
    .name = "pay.split_sale",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = split_make,
    .observe = split_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
