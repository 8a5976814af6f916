/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/quantile.h"

#include <math.h>

#include "agent/detect/codec.h"
#include "common/vtime.h"

#define LOG_GROWTH 0.029558802241544391 /* log(QUANTILE_GROWTH) */
/* Beyond this all weights are brought back to a unit of 1, well inside a double's range. */
#define UNIT_MAX 1e12
enum { FORMAT = 1 };

void
quantile_init(struct quantile *q, int64_t memory_ns)
{
    *q = (struct quantile){.unit = 1, .at_ns = INT64_MIN, .memory_ns = memory_ns};
}

static void
rescale(struct quantile *q)
{
    for (int i = 0; i < QUANTILE_BINS; i++)
        q->bins[i] /= q->unit;
    for (int i = 0; i < QUANTILE_BLOCKS; i++)
        q->blocks[i] /= q->unit;
    q->total /= q->unit;
    q->unit = 1;
}

void
quantile_time(struct quantile *q, int64_t now_ns)
{
    double steps;

    if (q->memory_ns <= 0)
        return;
    if (q->at_ns == INT64_MIN)
        q->at_ns = now_ns;
    if (now_ns < q->at_ns || now_ns - q->at_ns < VG_MIN_NS)
        return;
    steps = (double)(now_ns - q->at_ns) / (double)q->memory_ns;
    if (steps > 20) /* longer than anything is remembered */
        steps = 20;
    q->unit *= exp(steps);
    q->at_ns = now_ns;
    if (q->unit > UNIT_MAX)
        rescale(q);
}

/* Place of x in units of bins: its whole part is the bin. */
static double
place_of(double x)
{
    double at = x > 1 ? log(x) / LOG_GROWTH : 0;

    return at < QUANTILE_BINS - 1e-6 ? at : QUANTILE_BINS - 1e-6;
}

void
quantile_add(struct quantile *q, double x, double w)
{
    int i = (int)place_of(x);

    if (!(w > 0))
        return;
    q->bins[i] += w * q->unit;
    q->blocks[i / QUANTILE_BLOCK] += w * q->unit;
    q->total += w * q->unit;
}

double
quantile_weight(const struct quantile *q)
{
    return q->total / q->unit;
}

/* In four sums, which need not wait for each other. */
static double
sum_of(const double *x, int count)
{
    double sum[4] = {0, 0, 0, 0};
    int i = 0;

    for (; i + 4 <= count; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += x[i + k];
    for (; i < count; i++)
        sum[0] += x[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

double
quantile_above(const struct quantile *q, double x)
{
    double at = place_of(x);
    int i = (int)at, block = i / QUANTILE_BLOCK;
    double above = q->bins[i] * (1 - (at - i));

    above += sum_of(q->bins + i + 1, (block + 1) * QUANTILE_BLOCK - (i + 1));
    above += sum_of(q->blocks + block + 1, QUANTILE_BLOCKS - (block + 1));
    return above / q->unit;
}

double
quantile_value(const struct quantile *q, double share)
{
    double want = share * q->total, seen = 0;
    int last = -1;

    for (int i = 0; i < QUANTILE_BINS; i++) {
        if (q->bins[i] <= 0)
            continue;
        last = i;
        if (seen + q->bins[i] >= want)
            return exp((i + (want - seen) / q->bins[i]) * LOG_GROWTH);
        seen += q->bins[i];
    }
    return last < 0 ? 0 : exp((last + 1) * LOG_GROWTH);
}

double
quantile_top(const struct quantile *q)
{
    for (int i = QUANTILE_BINS; i > 0; i--)
        if (q->bins[i - 1] > 0)
            return exp(i * LOG_GROWTH);
    return 0;
}

void
quantile_merge(struct quantile *q, const struct quantile *src)
{
    double f = q->unit / src->unit;

    for (int i = 0; i < QUANTILE_BINS; i++)
        q->bins[i] += src->bins[i] * f;
    for (int i = 0; i < QUANTILE_BLOCKS; i++)
        q->blocks[i] += src->blocks[i] * f;
    q->total += src->total * f;
    if (src->at_ns > q->at_ns)
        q->at_ns = src->at_ns;
}

void
quantile_put(const struct quantile *q, struct buf *out)
{
    uint16_t used = 0;

    for (int i = 0; i < QUANTILE_BINS; i++)
        used = (uint16_t)(used + (q->bins[i] > 0));
    buf_put_u8(out, FORMAT);
    codec_put_f64(out, q->unit);
    codec_put_f64(out, q->total);
    codec_put_i64(out, q->at_ns);
    /* Block sums are kept as they are: adding the bins anew would round differently. */
    for (int i = 0; i < QUANTILE_BLOCKS; i++)
        codec_put_f64(out, q->blocks[i]);
    buf_put_be16(out, used);
    for (int i = 0; i < QUANTILE_BINS; i++) {
        if (q->bins[i] <= 0)
            continue;
        buf_put_be16(out, (uint16_t)i);
        codec_put_f64(out, q->bins[i]);
    }
}

void
quantile_get(struct quantile *q, struct slice *in)
{
    uint16_t used;

    quantile_init(q, q->memory_ns);
    if (slice_u8(in) != FORMAT)
        in->bad = true;
    q->unit = codec_f64(in);
    q->total = codec_f64(in);
    q->at_ns = codec_time_or_never(in);
    for (int i = 0; i < QUANTILE_BLOCKS; i++)
        q->blocks[i] = codec_f64(in);
    used = slice_be16(in);
    for (unsigned k = 0; k < used && !in->bad; k++) {
        uint16_t i = slice_be16(in);
        double v = codec_f64(in);

        if (i >= QUANTILE_BINS)
            in->bad = true;
        else
            q->bins[i] = v;
    }
    if (in->bad || !(q->unit >= 1))
        quantile_init(q, q->memory_ns);
}
