/* SPDX-License-Identifier: Apache-2.0 */
/* pay_curve: how much likelier a number is in fraud than in ordinary business.
 *
 * Two histograms over the same bins, of fraud and of the rest, each begun with a prior shape; a value
 * lies between two bins and counts for both, so that the ratio has no steps. Shapes are drawn by the
 * caller (pay_curve_shapes()): without any feedback they are all that is known of fraud. Weights may
 * be negative, to take back what was learned before a label came. Bounded by `bins`. Pure. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"

enum { PAY_CURVE_BINS_MAX = 512 };

struct pay_curve {
    unsigned bins;
    double fraud_all, usual_all;
    double fraud[PAY_CURVE_BINS_MAX], usual[PAY_CURVE_BINS_MAX];
    double fraud_shape[PAY_CURVE_BINS_MAX], usual_shape[PAY_CURVE_BINS_MAX]; /* not saved */
};

/* Shapes need not sum to 1: they are made to. `bins` values each. */
void pay_curve_shapes(struct pay_curve *c, const double *fraud, const double *usual);
/* The ratio at a place from 0 to bins - 1. > 0. */
double pay_curve_ratio(const struct pay_curve *c, double at);
void pay_curve_add_fraud(struct pay_curve *c, double at, double w);
void pay_curve_add_usual(struct pay_curve *c, double at, double w);
/* The bin at which half of what is usual is reached; `otherwise` while little is known. */
unsigned pay_curve_median(const struct pay_curve *c, unsigned otherwise);
/* Forgets: all counts times `keep`. */
void pay_curve_forget(struct pay_curve *c, double keep);
void pay_curve_put(const struct pay_curve *c, struct buf *out);
void pay_curve_get(struct pay_curve *c, struct slice *in);
