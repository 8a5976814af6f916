/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_curve.h"

#include "agent/detect/codec.h"

/* How many observations the prior shapes count for. */
#define FRAUD_PRIOR 20.0
#define USUAL_PRIOR 50.0

struct between {
    unsigned low;
    double high_share;
};

static struct between
between(const struct pay_curve *c, double at)
{
    struct between b = {0, 0};

    if (!(at > 0))
        return b;
    if (at >= c->bins - 1)
        return (struct between){c->bins - 2, 1};
    b.low = (unsigned)at;
    b.high_share = at - b.low;
    return b;
}

static double
read_at(const double *cell, struct between b)
{
    return (1 - b.high_share) * cell[b.low] + b.high_share * cell[b.low + 1];
}

/* What is taken back may have been forgotten in part meanwhile: never below nothing. */
static void
add_at(double *cell, double *all, struct between b, double w)
{
    double share[2] = {(1 - b.high_share) * w, b.high_share * w};

    for (unsigned i = 0; i < 2; i++) {
        double before = cell[b.low + i], after = before + share[i];

        cell[b.low + i] = after > 0 ? after : 0;
        *all += cell[b.low + i] - before;
    }
    if (*all < 0)
        *all = 0;
}

static void
shape(double *to, const double *from, unsigned bins)
{
    double sum = 0;

    for (unsigned i = 0; i < bins; i++)
        sum += from[i];
    for (unsigned i = 0; i < bins; i++)
        to[i] = from[i] / sum;
}

void
pay_curve_shapes(struct pay_curve *c, const double *fraud, const double *usual)
{
    shape(c->fraud_shape, fraud, c->bins);
    shape(c->usual_shape, usual, c->bins);
}

double
pay_curve_ratio(const struct pay_curve *c, double at)
{
    struct between b = between(c, at);
    double fraud = read_at(c->fraud, b) + FRAUD_PRIOR * read_at(c->fraud_shape, b);
    double usual = read_at(c->usual, b) + USUAL_PRIOR * read_at(c->usual_shape, b);

    return fraud * (c->usual_all + USUAL_PRIOR) / (usual * (c->fraud_all + FRAUD_PRIOR));
}

void
pay_curve_add_fraud(struct pay_curve *c, double at, double w)
{
    add_at(c->fraud, &c->fraud_all, between(c, at), w);
}

void
pay_curve_add_usual(struct pay_curve *c, double at, double w)
{
    add_at(c->usual, &c->usual_all, between(c, at), w);
}

unsigned
pay_curve_median(const struct pay_curve *c, unsigned otherwise)
{
    double sum = 0;

    if (c->usual_all < USUAL_PRIOR)
        return otherwise;
    for (unsigned i = 0; i < c->bins; i++) {
        sum += c->usual[i];
        if (sum >= c->usual_all / 2)
            return i;
    }
    return otherwise;
}

void
pay_curve_forget(struct pay_curve *c, double keep)
{
    for (unsigned i = 0; i < c->bins; i++) {
        c->fraud[i] *= keep;
        c->usual[i] *= keep;
    }
    c->fraud_all *= keep;
    c->usual_all *= keep;
}

/* Most bins of a young curve are empty: only those that hold something are written. */
void
pay_curve_put(const struct pay_curve *c, struct buf *out)
{
    uint32_t held = 0;

    for (unsigned i = 0; i < c->bins; i++)
        held += c->fraud[i] > 0 || c->usual[i] > 0;
    codec_put_f64(out, c->fraud_all);
    codec_put_f64(out, c->usual_all);
    buf_put_be32(out, held);
    for (unsigned i = 0; i < c->bins; i++) {
        if (!(c->fraud[i] > 0) && !(c->usual[i] > 0))
            continue;
        buf_put_be16(out, (uint16_t)i);
        codec_put_f64(out, c->fraud[i]);
        codec_put_f64(out, c->usual[i]);
    }
}

void
pay_curve_get(struct pay_curve *c, struct slice *in)
{
    uint32_t held;

    c->fraud_all = codec_f64(in);
    c->usual_all = codec_f64(in);
    held = slice_be32(in);
    if (held > c->bins)
        in->bad = true;
    for (uint32_t i = 0; i < held && !in->bad; i++) {
        unsigned bin = slice_be16(in);
        double fraud = codec_f64(in), usual = codec_f64(in);

        if (bin >= c->bins || fraud < 0 || usual < 0) {
            in->bad = true;
            return;
        }
        c->fraud[bin] = fraud;
        c->usual[bin] = usual;
    }
    if (c->fraud_all < 0 || c->usual_all < 0)
        in->bad = true;
}
