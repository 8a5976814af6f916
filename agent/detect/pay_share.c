/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_share.h"

#include <math.h>

#include "agent/detect/codec.h"

/* Time is folded in by hours: one exp() an hour of events, not one a try. */
#define FOLD_NS (INT64_C(3600) * 1000000000)
/* Shares beyond this are no longer told apart by multiples. */
#define SHARE_MAX 0.9

double
pay_share_usual(double n, double k, double prior)
{
    double share = (k + 1 + sqrt(k)) / (n + prior);

    return share < SHARE_MAX ? share : SHARE_MAX;
}

void
pay_share_forget(struct pay_share *s, int64_t now_ns)
{
    double keep;

    if (s->at_ns != 0 && now_ns < s->at_ns + FOLD_NS)
        return;
    keep = s->at_ns == 0 ? 0 : exp(-(double)(now_ns - s->at_ns) / (double)PAY_SHARE_MEMORY_NS);
    s->n *= keep;
    s->k *= keep;
    s->at_ns = now_ns;
}

static void
sum_move(double *sum, double usual, double times, bool hit)
{
    double risen = fmin(times * usual, (1 + usual) / 2);

    *sum += hit ? log(risen / usual) : log((1 - risen) / (1 - usual));
    if (*sum < 0)
        *sum = 0;
}

double
pay_share_see(struct pay_share *s, double usual, bool hit, double amount, int64_t now_ns)
{
    bool quiet = s->sums[0] <= 0 && s->sums[1] <= 0;
    double most, p;

    if ((quiet && !hit) || pay_share_is_hushed(s, now_ns))
        return 1;
    if (quiet) {
        s->run_ns = now_ns;
        s->run_n = s->run_k = s->run_amount = 0;
    }
    sum_move(&s->sums[0], usual, PAY_SHARE_TIMES_LITTLE, hit);
    sum_move(&s->sums[1], usual, PAY_SHARE_TIMES_MUCH, hit);
    s->run_n += 1;
    s->run_k += hit ? 1 : 0;
    s->run_amount += hit ? amount : 0;
    most = fmax(s->sums[0], s->sums[1]);
    if (!hit)
        return 1;
    p = fmin(1, 3 * exp(-most));
    if (most > PAY_SHARE_DONE)
        s->sums[0] = s->sums[1] = 0;
    return p;
}

void
pay_share_hush(struct pay_share *s, int64_t now_ns)
{
    s->sums[0] = s->sums[1] = 0;
    s->hushed_ns = now_ns + PAY_SHARE_HUSH_NS;
}

bool
pay_share_is_hushed(const struct pay_share *s, int64_t now_ns)
{
    return s->hushed_ns != 0 && now_ns < s->hushed_ns;
}

void
pay_share_learn(struct pay_share *s, bool hit, double w)
{
    s->n += w;
    s->k += hit ? w : 0;
}

void
pay_share_put(const void *cell, struct buf *out)
{
    const struct pay_share *s = cell;

    codec_put_i64(out, s->at_ns);
    codec_put_f64(out, s->n);
    codec_put_f64(out, s->k);
    codec_put_f64(out, s->sums[0]);
    codec_put_f64(out, s->sums[1]);
    codec_put_i64(out, s->run_ns);
    codec_put_i64(out, s->hushed_ns);
    codec_put_f64(out, s->run_n);
    codec_put_f64(out, s->run_k);
    codec_put_f64(out, s->run_amount);
    buf_put_be64(out, s->last);
    codec_put_i64(out, s->last_ns);
}

void
pay_share_get(void *cell, struct slice *in)
{
    struct pay_share *s = cell;

    s->at_ns = codec_time(in);
    s->n = codec_f64(in);
    s->k = codec_f64(in);
    s->sums[0] = codec_f64(in);
    s->sums[1] = codec_f64(in);
    s->run_ns = codec_time(in);
    s->hushed_ns = codec_time(in);
    s->run_n = codec_f64(in);
    s->run_k = codec_f64(in);
    s->run_amount = codec_f64(in);
    s->last = slice_be64(in);
    s->last_ns = codec_time(in);
    /* A negative count would have no root. */
    if (s->n < 0 || s->k < 0 || s->sums[0] < 0 || s->sums[1] < 0)
        in->bad = true;
}

enum vg_err
pay_shares_new(char name, uint16_t version, size_t cells_max, struct keytab **out)
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct pay_share),
                                           .cells_max = cells_max,
                                           .row_bits = 5,
                                           .name = name,
                                           .version = version,
                                           .put = pay_share_put,
                                           .get = pay_share_get};

    return keytab_new(&options, out);
}
