/* SPDX-License-Identifier: Apache-2.0 */
/* quantile: a mergeable sketch of a distribution of positive values, with forgetting.
 *
 * DDSketch (Masson, Rim and Lee, VLDB 2019): a histogram with bins that grow by QUANTILE_GROWTH, so
 * that a quantile is off by at most 1.5 % of its value; QUANTILE_BINS bounds the memory (values 1 to
 * 1e13; below 1 and above count in the outermost bins: scale what you put in). Forgetting is
 * forward decay (Cormode and others, ICDE 2009): the unit weight grows instead of all bins
 * shrinking. Weights are real. Pure. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

#define QUANTILE_GROWTH 1.03
enum {
    QUANTILE_BINS = 1024,
    QUANTILE_BLOCK = 32,
    QUANTILE_BLOCKS = QUANTILE_BINS / QUANTILE_BLOCK
};

struct quantile {
    double bins[QUANTILE_BINS], blocks[QUANTILE_BLOCKS], total; /* in units */
    double unit;                                                /* weight of one observation now */
    int64_t at_ns, memory_ns;
};

/* memory_ns 0: never forgets. */
void quantile_init(struct quantile *q, int64_t memory_ns);
/* Lets time pass (by whole minutes); the past does nothing. */
void quantile_time(struct quantile *q, int64_t now_ns);
void quantile_add(struct quantile *q, double x, double w);
/* Effective number of observations now. */
double quantile_weight(const struct quantile *q);
/* Of them, how many are at or above x (interpolated inside the bin). */
double quantile_above(const struct quantile *q, double x);
/* The value below which `share` (0..1) of the weight lies; 0 while empty. */
double quantile_value(const struct quantile *q, double share);
/* The upper end of the highest bin in use; 0 while empty. */
double quantile_top(const struct quantile *q);
/* Adds src to q; both as of their own time, src is brought to the unit of q. */
void quantile_merge(struct quantile *q, const struct quantile *src);

/* Versioned blob; at most 11 KiB. */
void quantile_put(const struct quantile *q, struct buf *out);
void quantile_get(struct quantile *q, struct slice *in);
