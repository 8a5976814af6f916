/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_holder.h"

#include <math.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "common/vtime.h"

/* Payments that the shop's mean and its variation count for. Cards differ in how much they spend, less in
 * how much that varies against their mean. */
#define MEAN_PRIOR      1.0
#define VARIATION_PRIOR 10.0
/* The spell stays where later payments and labels can move it. */
#define SPELL_LOW      (PAY_HOLDER_SPELL / 4)
#define SPELL_HIGH     0.999
#define SPELL_LABELLED 0.98
/* Something else never explains a fraud with less than this. */
#define OTHER_LEAST 1e-4

void
pay_holder_forget(struct pay_holder *h, int64_t now_ns)
{
    double dt = (double)(now_ns - h->at_ns), keep;

    if (h->at_ns == 0) {
        *h = (struct pay_holder){
            .at_ns = now_ns, .since_ns = now_ns, .spell = (float)PAY_HOLDER_SPELL};
        return;
    }
    if (dt <= 0)
        return;
    keep = exp(-dt / (double)PAY_HOLDER_MEMORY_NS);
    h->weight = (float)((double)h->weight * keep);
    h->squares = (float)((double)h->squares * keep);
    keep = exp(-dt / (double)PAY_HOLDER_SPELL_NS);
    h->spell = (float)(PAY_HOLDER_SPELL + ((double)h->spell - PAY_HOLDER_SPELL) * keep);
    h->declines = dt < 20 * (double)VG_DAY_NS && h->declines > 0
                      ? (float)((double)h->declines * exp(-dt / (double)VG_DAY_NS))
                      : 0;
    h->pace =
        dt < 20 * (double)VG_HOUR_NS ? (float)((double)h->pace * exp(-dt / (double)VG_HOUR_NS)) : 0;
    h->at_ns = now_ns;
}

double
pay_holder_distance(const struct pay_holder *h, const struct pay_holder_prior *prior, double x)
{
    double w = (double)h->weight, all = w + MEAN_PRIOR;
    double mean = (w * (double)h->mean + MEAN_PRIOR * prior->mean) / all;
    double variance = ((double)h->squares + VARIATION_PRIOR * prior->variation * mean * mean) /
                      (w + VARIATION_PRIOR);

    return variance > 0 ? (x - mean) / sqrt(variance * (1 + 1 / all)) : 0;
}

/* West 1979, also backwards. */
void
pay_holder_learn(struct pay_holder *h, double x, double w)
{
    double weight = (double)h->weight + w, d = x - (double)h->mean, squares;

    if (!(weight > 0))
        return;
    h->mean = (float)((double)h->mean + d * w / weight);
    squares = (double)h->squares + w * d * (x - (double)h->mean);
    h->squares = (float)(squares > 0 ? squares : 0);
    h->weight = (float)weight;
}

double
pay_holder_p(const struct pay_holder *h, double ratio)
{
    double spell = (double)h->spell, odds;

    odds = spell * PAY_HOLDER_SHARE * ratio / (1 - spell * PAY_HOLDER_SHARE);
    return odds / (1 + odds);
}

double
pay_holder_see(struct pay_holder *h, double ratio)
{
    double spell = (double)h->spell, evidence = 1 - PAY_HOLDER_SHARE + PAY_HOLDER_SHARE * ratio;

    spell = spell * evidence / (spell * evidence + 1 - spell);
    h->spell = (float)fmin(spell, SPELL_HIGH);
    return log(evidence);
}

/* A fraud that nothing else explains says more than its looks did, never less. */
static double
label_evidence(const struct pay_holder_label *l)
{
    double least = fmax(l->other, OTHER_LEAST), said;

    if (!l->fraud)
        return log(1 - PAY_HOLDER_SHARE);
    said = fmin(log((1 - (1 - PAY_HOLDER_SHARE) * (1 - l->other)) / least),
                log(1 + PAY_HOLDER_SHARE / least));
    return fmax(said, l->evidence + log(fmax(l->responsible, OTHER_LEAST)));
}

void
pay_holder_label(struct pay_holder *h, const struct pay_holder_label *label, int64_t now_ns)
{
    double age = (double)(now_ns - label->time_ns), old, spell = (double)h->spell, logit;

    if (age < 0)
        age = 0;
    old = exp(-age / (double)PAY_HOLDER_MEMORY_NS);
    if (label->has_amount)
        pay_holder_learn(h, label->amount, ((label->fraud ? 0 : 1) - label->w) * old);
    old = exp(-age / (double)PAY_HOLDER_SPELL_NS);
    spell = fmin(fmax(spell, 1e-6), SPELL_HIGH);
    logit = log(spell / (1 - spell)) + old * (label_evidence(label) - label->evidence);
    spell = 1 / (1 + exp(-logit));
    h->spell = (float)fmin(fmax(spell, SPELL_LOW), SPELL_LABELLED);
}

void
pay_holder_put(const void *holder, struct buf *out)
{
    const struct pay_holder *h = holder;

    codec_put_i64(out, h->at_ns);
    codec_put_i64(out, h->since_ns);
    codec_put_i64(out, h->worst_ns);
    buf_put_be64(out, h->worst);
    codec_put_f32(out, h->worst_p);
    codec_put_f32(out, h->weight);
    codec_put_f32(out, h->mean);
    codec_put_f32(out, h->squares);
    codec_put_f32(out, h->spell);
    codec_put_f32(out, h->pace);
    codec_put_f32(out, h->declines);
    buf_put(out, h->country, sizeof h->country);
}

void
pay_holder_get(void *holder, struct slice *in)
{
    struct pay_holder *h = holder;

    h->at_ns = codec_time(in);
    h->since_ns = codec_time(in);
    h->worst_ns = codec_time(in);
    h->worst = slice_be64(in);
    h->worst_p = codec_f32(in);
    h->weight = codec_f32(in);
    h->mean = codec_f32(in);
    h->squares = codec_f32(in);
    h->spell = codec_f32(in);
    h->pace = codec_f32(in);
    h->declines = codec_f32(in);
    (void)slice_copy(in, h->country, sizeof h->country);
    if (h->weight < 0 || h->squares < 0 || !(h->spell > 0 && h->spell < 1))
        in->bad = true;
}
