/* SPDX-License-Identifier: Apache-2.0 */
/* pay_facet: how much likelier one of a few cases (an hour, a kind of answer) is in fraud than in
 * ordinary business.
 *
 * The rate of fraud in each case against what its share of ordinary business lets expect, drawn
 * towards the prior ratio by PAY_FACET_PRIOR expected frauds (gamma-Poisson): a case that was hardly
 * ever seen says what the prior says, however rare it is. Fixed size. Pure. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum { PAY_FACET_BINS_MAX = 32 };
#define PAY_FACET_PRIOR 20.0

struct pay_facet {
    unsigned bins;
    double fraud_all, usual_all;
    double fraud[PAY_FACET_BINS_MAX], usual[PAY_FACET_BINS_MAX];
    double prior[PAY_FACET_BINS_MAX]; /* ratio that is assumed at first; not saved */
};

double pay_facet_ratio(const struct pay_facet *f, unsigned bin);
void pay_facet_add_fraud(struct pay_facet *f, unsigned bin, double w);
void pay_facet_add_usual(struct pay_facet *f, unsigned bin, double w);
void pay_facet_forget(struct pay_facet *f, double keep);
void pay_facet_put(const struct pay_facet *f, struct buf *out);
void pay_facet_get(struct pay_facet *f, struct slice *in);
