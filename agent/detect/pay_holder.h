/* SPDX-License-Identifier: Apache-2.0 */
/* pay_holder: what a card (or customer) usually pays, and whether it is in somebody else's hands.
 *
 * Habit: mean and variance of its amounts, exponentially forgotten, drawn towards the shop's; a payment
 * counts by how unsuspicious it was, corrected when its label comes. Spell: a hidden state, the holder
 * pays or a thief does for some days, filtered payment by payment: each multiplies the odds by its
 * evidence, and they relax between payments (a two-state hidden Markov model in continuous time). A
 * label replaces the evidence that its payment gave. Floats, because there are many. Time that goes
 * backwards forgets nothing. Pure. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"

#define PAY_HOLDER_MEMORY_NS (INT64_C(90) * 24 * 3600 * 1000000000)
/* How long a stolen card is used, about, and the share of its payments that the thief makes. */
#define PAY_HOLDER_SPELL_NS (INT64_C(5) * 24 * 3600 * 1000000000)
#define PAY_HOLDER_SHARE    0.3
/* How many cards are in a spell at any time: rather too many than too few, for a first oddity counts. */
#define PAY_HOLDER_SPELL 0.01

struct pay_holder {
    int64_t at_ns, since_ns; /* last and first payment; at_ns 0: none */
    int64_t worst_ns;
    uint64_t worst; /* the case of its most suspicious payment lately, for feedback; 0: none */
    float worst_p;
    float weight, mean, squares; /* of amounts */
    float spell;                 /* probability */
    float pace;                  /* payments, forgotten within an hour */
    float declines;              /* forgotten within a day */
    char country[2];             /* of the last payment that had one */
};

/* What a habit that is hardly known starts from: the shop's. */
struct pay_holder_prior {
    double mean, variation; /* usual ((x - mean) / mean)^2 */
};

/* Brings it up to now; the first call begins it. */
void pay_holder_forget(struct pay_holder *h, int64_t now_ns);
/* How many of its usual deviations x lies above its mean. */
double pay_holder_distance(const struct pay_holder *h, const struct pay_holder_prior *prior,
                           double x);
void pay_holder_learn(struct pay_holder *h, double x, double w);

/* Probability that this payment is a thief's; `ratio`: how much likelier a thief makes one like it. */
double pay_holder_p(const struct pay_holder *h, double ratio);
/* The spell goes on by what a payment looked like; returns its evidence (a log ratio), to be kept. */
double pay_holder_see(struct pay_holder *h, double ratio);
/* The label of a payment of `time_ns` that had this evidence and was learned with weight w; `other` is
 * the probability with which something else explains a fraud. pay_holder_forget() first. */
struct pay_holder_label {
    bool fraud;
    bool has_amount;
    double amount, w, evidence, other;
    double responsible; /* probability that a fraud, if it is one, was this card's */
    int64_t time_ns;
};
void pay_holder_label(struct pay_holder *h, const struct pay_holder_label *label, int64_t now_ns);

void pay_holder_put(const void *holder, struct buf *out);
void pay_holder_get(void *holder, struct slice *in);
