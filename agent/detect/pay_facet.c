/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_facet.h"

#include "agent/detect/codec.h"

/* Observations, spread evenly, that ordinary business starts from. */
#define USUAL_PRIOR 200.0

double
pay_facet_ratio(const struct pay_facet *f, unsigned bin)
{
    double usual = f->usual[bin] + USUAL_PRIOR / f->bins;
    double expected = f->fraud_all * usual / (f->usual_all + USUAL_PRIOR);

    return (f->fraud[bin] + PAY_FACET_PRIOR * f->prior[bin]) / (expected + PAY_FACET_PRIOR);
}

/* What is taken back may have been forgotten in part meanwhile: never below nothing. */
static void
add(double *cell, double *all, double w)
{
    double before = *cell;

    *cell = before + w > 0 ? before + w : 0;
    *all += *cell - before;
    if (*all < 0)
        *all = 0;
}

void
pay_facet_add_fraud(struct pay_facet *f, unsigned bin, double w)
{
    add(&f->fraud[bin], &f->fraud_all, w);
}

void
pay_facet_add_usual(struct pay_facet *f, unsigned bin, double w)
{
    add(&f->usual[bin], &f->usual_all, w);
}

void
pay_facet_forget(struct pay_facet *f, double keep)
{
    for (unsigned i = 0; i < f->bins; i++) {
        f->fraud[i] *= keep;
        f->usual[i] *= keep;
    }
    f->fraud_all *= keep;
    f->usual_all *= keep;
}

void
pay_facet_put(const struct pay_facet *f, struct buf *out)
{
    codec_put_f64(out, f->fraud_all);
    codec_put_f64(out, f->usual_all);
    for (unsigned i = 0; i < f->bins; i++) {
        codec_put_f64(out, f->fraud[i]);
        codec_put_f64(out, f->usual[i]);
    }
}

void
pay_facet_get(struct pay_facet *f, struct slice *in)
{
    f->fraud_all = codec_f64(in);
    f->usual_all = codec_f64(in);
    for (unsigned i = 0; i < f->bins; i++) {
        f->fraud[i] = codec_f64(in);
        f->usual[i] = codec_f64(in);
        if (f->fraud[i] < 0 || f->usual[i] < 0)
            in->bad = true;
    }
    if (f->fraud_all < 0 || f->usual_all < 0)
        in->bad = true;
}
