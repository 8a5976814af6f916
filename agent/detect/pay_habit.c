/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_habit.h"

#include <math.h>

#include "agent/detect/codec.h"

static void
habit_put(const void *cell, struct buf *out)
{
    const struct pay_habit *h = cell;

    codec_put_i64(out, h->at_ns);
    codec_put_f32(out, h->weight);
    codec_put_f32(out, h->mean);
    codec_put_f32(out, h->squares);
    codec_put_f32(out, h->heat);
}

static void
habit_get(void *cell, struct slice *in)
{
    struct pay_habit *h = cell;

    h->at_ns = codec_time(in);
    h->weight = codec_f32(in);
    h->mean = codec_f32(in);
    h->squares = codec_f32(in);
    h->heat = codec_f32(in);
}

void
pay_habit_forget(struct pay_habit *h, int64_t now_ns)
{
    double dt = (double)(now_ns - h->at_ns), keep;

    if (h->weight <= 0)
        h->at_ns = now_ns;
    if (h->weight <= 0 || dt <= 0)
        return;
    keep = exp(-dt / (double)PAY_HABIT_MEMORY_NS);
    h->weight = (float)(h->weight * keep);
    h->squares = (float)(h->squares * keep);
    if (h->heat > 1e-3F)
        h->heat = (float)(h->heat * exp(-dt / (double)PAY_HABIT_HEAT_NS));
    h->at_ns = now_ns;
}

void
pay_habit_add(struct pay_habit *h, double x, double w)
{
    double d = x - (double)h->mean, weight = (double)h->weight + w;

    if (!(w > 0))
        return;
    h->mean = (float)((double)h->mean + d * w / weight);
    h->squares = (float)((double)h->squares + w * d * (x - (double)h->mean));
    h->weight = (float)weight;
}

double
pay_habit_distance(const struct pay_habit *h, const struct pay_habit_prior *prior, double x,
                   double *mean)
{
    double w = (double)h->weight, all = w + prior->weight;
    double variance;

    *mean = (w * (double)h->mean + prior->weight * prior->mean) / all;
    variance = ((double)h->squares + prior->weight * prior->variation * *mean * *mean) / all;
    return variance > 0 ? (x - *mean) / sqrt(variance * (1 + 1 / all)) : 0;
}

void
pay_habit_warm(struct pay_habit *h, double suspicion)
{
    h->heat = (float)((double)h->heat + (1 - (double)h->heat) * suspicion * suspicion);
}

enum vg_err
pay_habits_new(struct keytab_options options, struct keytab **out)
{
    options.cell_bytes = sizeof(struct pay_habit);
    options.put = habit_put;
    options.get = habit_get;
    return keytab_new(&options, out);
}
