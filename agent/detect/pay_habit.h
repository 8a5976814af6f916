/* SPDX-License-Identifier: Apache-2.0 */
/* pay_habit: what one card, customer or terminal usually pays or takes.
 *
 * Mean and variance of amounts (minor units), exponentially forgotten with PAY_HABIT_MEMORY_NS, and
 * the heat of one that was lately suspicious, cooling with PAY_HABIT_HEAT_NS. Floats, because there are
 * many of them; they come back bit by bit. Time that goes backwards forgets nothing. */
#pragma once

#include "agent/detect/keytab.h"

#define PAY_HABIT_MEMORY_NS (INT64_C(90) * 24 * 3600 * 1000000000)
#define PAY_HABIT_HEAT_NS   (INT64_C(7) * 24 * 3600 * 1000000000)

struct pay_habit {
    int64_t at_ns;
    float weight, mean, squares;
    float heat; /* 0..1 */
};

/* Where a habit that is hardly known starts from. */
struct pay_habit_prior {
    double mean;      /* of the shop's amounts */
    double variation; /* usual ((x - mean) / mean)^2 */
    double weight;    /* in observations */
};

/* A table of pay_habit: `options` gives cells_max, row_bits, name and version. */
enum vg_err pay_habits_new(struct keytab_options options, struct keytab **out) VG_MUST_CHECK;
void pay_habit_forget(struct pay_habit *h, int64_t now_ns);
void pay_habit_add(struct pay_habit *h, double x, double w);
/* Warms by what makes an observation suspicious (0..1), squared: one odd purchase warms a card little,
 * a plainly foreign one at once. */
void pay_habit_warm(struct pay_habit *h, double suspicion);
/* How many of its usual deviations x lies above the habit's mean, which goes to *mean. */
double pay_habit_distance(const struct pay_habit *h, const struct pay_habit_prior *prior, double x,
                          double *mean);
