/* SPDX-License-Identifier: Apache-2.0 */
/* tail: how rare a value is against what a sketch has seen, as an upper-tail probability.
 *
 * By ranks: p = (at or above + 1) / (n + 1), which is valid whatever the distribution (Phipson and
 * Smyth 2010: the +1 keeps p from 0). Above the largest value seen ranks say no more than 1/(n+1);
 * there p goes on falling by a Pareto tail whose index is Hill's estimate (1975) from the top
 * TAIL_TOP_SHARE, kept within TAIL_INDEX_MIN..MAX, so that two values beyond the largest are still
 * told apart. test_stats.c shows the false-alarm rates. Pure. */
#pragma once

#include "agent/detect/quantile.h"

#define TAIL_TOP_SHARE 0.02
#define TAIL_INDEX_MIN 1.0
#define TAIL_INDEX_MAX 20.0

/* In (0, 1]; 1 while the sketch is empty. */
double tail_upper_p(const struct quantile *q, double x);
