/* SPDX-License-Identifier: Apache-2.0 */
/* moments: weight, mean and variance that forget exponentially by event time.
 *
 * West 1979 (weighted incremental mean and variance); forgetting multiplies weight and squares by
 * exp(-dt / memory), so that the effective number of observations is at most rate * memory. Pure. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

struct moments {
    double weight, mean, squares; /* squares: weighted sum of (x - mean)^2 */
    int64_t at_ns;                /* weight and squares are as of then */
};

/* Forgets up to now_ns; the past does nothing. memory_ns > 0. */
void moments_forget(struct moments *m, int64_t now_ns, int64_t memory_ns);
/* Adds x with weight w >= 0, after forgetting. */
void moments_add(struct moments *m, double x, double w, int64_t now_ns, int64_t memory_ns);
double moments_variance(const struct moments *m); /* 0 without weight */

/* What to expect of the next value: the child's moments drawn towards a parent's, as if
 * `prior_weight` observations of the parent had been seen first (normal-inverse-gamma update). A
 * child without weight gives the parent's. */
struct moments_expect {
    double mean, variance, weight; /* weight: the child's plus the prior's */
};
struct moments_expect moments_shrink(const struct moments *child,
                                     const struct moments_expect *parent, double prior_weight);
struct moments_expect moments_plain(const struct moments *m);

/* Upper-tail p of x under Student's t with `weight` degrees of freedom, for the
 * predictive distribution of the next value. In (0, 1]. */
double moments_upper_p(const struct moments_expect *e, double x);

void moments_put(const struct moments *m, struct buf *out);
void moments_get(struct moments *m, struct slice *in);
