/* SPDX-License-Identifier: Apache-2.0 */
/* pay_run: a terminal (an employee, a device) in whose hands payments turn to fraud.
 *
 * A skimmed terminal or a dishonest employee gives frauds that look ordinary one by one: only
 * feedback shows them. For each of them a hidden state, in such a run or not, is filtered by Bayes's
 * rule from every label, in the order in which they come: a fraud counts by how little else explains
 * it, a genuine payment against it by how few of a run's payments are called genuine, which is itself
 * learned (labels are sometimes wrong); where only frauds are ever told, payments that nobody called
 * anything count as genuine. How likely the next payment is to be fraud, by that state and
 * by the age of the run, is a table of its own, learned from what became of such payments: how long
 * runs last is nowhere assumed beyond a prior. State: 24 bytes each, 12 KiB a kind. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"

enum { PAY_RUN_STATES = 8, PAY_RUN_AGES = 64 };

struct pay_run {
    int64_t at_ns;    /* of the last labelled payment; 0: none */
    int64_t start_ns; /* of the run; 0: never one */
    float state;      /* probability that it is in a run, as of at_ns */
    float handled;    /* payments since that label */
};

/* What is learned of all of one kind. */
struct pay_runs {
    double frauds[PAY_RUN_STATES][PAY_RUN_AGES], others[PAY_RUN_STATES][PAY_RUN_AGES];
    double called_fraud, in_run; /* of payments within runs: how many were called fraud */
    double prior[PAY_RUN_STATES][PAY_RUN_AGES]; /* not saved: pay_runs_init() */
};

void pay_runs_init(struct pay_runs *all);

/* Where a payment stands in the table; kept until its label comes. */
struct pay_run_place {
    uint8_t state, age; /* in 1/32 of a state, 1/4 of an age */
};

struct pay_run_place pay_run_place(const struct pay_run *r, int64_t now_ns);
/* The probability, in (0, 1), that this payment is fraud because of who handled it. */
double pay_runs_p(const struct pay_runs *all, struct pay_run_place at);
void pay_runs_add_fraud(struct pay_runs *all, struct pay_run_place at, double w);
void pay_runs_add_other(struct pay_runs *all, struct pay_run_place at, double w);
/* One more payment by it. */
void pay_run_handle(struct pay_run *r);
struct pay_run_label {
    bool fraud;
    double other;   /* probability with which something else explains a fraud */
    double silence; /* share of payments that never get a label: they count as genuine, then */
    int64_t time_ns, now_ns, since_ns; /* of the payment; of the label; when it was first seen */
};
void pay_run_label(struct pay_run *r, struct pay_runs *all, const struct pay_run_label *label);
void pay_runs_forget(struct pay_runs *all, double keep);
void pay_runs_put(const struct pay_runs *all, struct buf *out);
void pay_runs_get(struct pay_runs *all, struct slice *in);
void pay_run_put(const void *run, struct buf *out);
void pay_run_get(void *run, struct slice *in);
