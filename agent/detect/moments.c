/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/moments.h"

#include <math.h>

#include "agent/detect/beta.h"
#include "agent/detect/codec.h"

/* Forgetting goes by steps this fine, so that a run of observations costs one exp(). */
enum { FORGET_STEPS = 8192 };

void
moments_forget(struct moments *m, int64_t now_ns, int64_t memory_ns)
{
    double keep;

    if (m->weight <= 0) {
        m->at_ns = now_ns;
        return;
    }
    if (now_ns - m->at_ns < memory_ns / FORGET_STEPS)
        return;
    keep = exp(-(double)(now_ns - m->at_ns) / (double)memory_ns);
    m->weight *= keep;
    m->squares *= keep;
    m->at_ns = now_ns;
}

void
moments_add(struct moments *m, double x, double w, int64_t now_ns, int64_t memory_ns)
{
    double d = x - m->mean;

    moments_forget(m, now_ns, memory_ns);
    if (!(w > 0))
        return;
    if (m->weight <= 0) {
        *m = (struct moments){.weight = w, .mean = x, .at_ns = now_ns};
        return;
    }
    m->weight += w;
    m->mean += d * w / m->weight;
    m->squares += w * d * (x - m->mean);
}

double
moments_variance(const struct moments *m)
{
    return m->weight > 0 ? m->squares / m->weight : 0;
}

struct moments_expect
moments_plain(const struct moments *m)
{
    return (struct moments_expect){
        .mean = m->mean, .variance = moments_variance(m), .weight = m->weight};
}

struct moments_expect
moments_shrink(const struct moments *child, const struct moments_expect *parent,
               double prior_weight)
{
    double w = child->weight, k = prior_weight, all = w + k;
    double gap = child->mean - parent->mean;

    if (w <= 0)
        return (struct moments_expect){parent->mean, parent->variance, k};
    return (struct moments_expect){
        .mean = (w * child->mean + k * parent->mean) / all,
        .variance = (child->squares + k * parent->variance + w * k / all * gap * gap) / all,
        .weight = all,
    };
}

double
moments_upper_p(const struct moments_expect *e, double x)
{
    double df = e->weight > 1 ? e->weight : 1;
    double spread = e->variance * (1 + 1 / (e->weight > 0 ? e->weight : 1));
    double t, p;

    if (!(spread > 0))
        return x > e->mean ? 1 / (df + 1) : 1;
    t = (x - e->mean) / sqrt(spread);
    p = 0.5 * beta_lower(df / 2, 0.5, df / (df + t * t));
    p = t >= 0 ? p : 1 - p;
    return p > 1e-300 ? p : 1e-300;
}

void
moments_put(const struct moments *m, struct buf *out)
{
    codec_put_f64(out, m->weight);
    codec_put_f64(out, m->mean);
    codec_put_f64(out, m->squares);
    codec_put_i64(out, m->at_ns);
}

void
moments_get(struct moments *m, struct slice *in)
{
    m->weight = codec_f64(in);
    m->mean = codec_f64(in);
    m->squares = codec_f64(in);
    m->at_ns = codec_time(in);
}
