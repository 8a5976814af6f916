/* SPDX-License-Identifier: Apache-2.0 */
/* pay_share: whether the share of something (declines, voids, refunds, charge-backs) among what one
 * employee, terminal or shop does has risen.
 *
 * Two cumulative sums of log-likelihood ratios (Page 1954) of a share that is PAY_SHARE_TIMES_*
 * times the usual one against the usual one. Where these are true likelihood ratios a sum exceeds h
 * with a chance of at most exp(-h) at any instant (Kingman's bound for the reflected walk), whatever the
 * share: p = 3 exp(-sum) is honest at every hit (two sums, looked at only where they just rose). The usual share is one standard error above what was counted,
 * because a share that is known badly would give false ratios. What goes on for weeks is told once in
 * PAY_SHARE_HUSH_NS: pay_share_hush() when the judge says that the shop knows. A sum that has gone
 * over PAY_SHARE_DONE begins anew. Pure. */
#pragma once

#include "agent/detect/keytab.h"

#define PAY_SHARE_MEMORY_NS    (INT64_C(120) * 24 * 3600 * 1000000000)
#define PAY_SHARE_TIMES_LITTLE 3.0
#define PAY_SHARE_TIMES_MUCH   10.0
#define PAY_SHARE_DONE         14.0
#define PAY_SHARE_HUSH_NS      (INT64_C(14) * 24 * 3600 * 1000000000)

struct pay_share {
    int64_t at_ns;  /* 0: never */
    double n, k;    /* tries and hits, forgotten with PAY_SHARE_MEMORY_NS */
    double sums[2]; /* of log-likelihood ratios */
    /* Since the larger of the sums left zero. */
    int64_t run_ns;
    double run_n, run_k, run_amount;
    int64_t hushed_ns; /* until then nothing is said */
    uint64_t last;     /* whose hit it was last: for what counts once */
    int64_t last_ns;
};

/* The usual share by n tries with k hits, `prior` tries without one having been seen before. */
double pay_share_usual(double n, double k, double prior);
/* Lets time pass. */
void pay_share_forget(struct pay_share *s, int64_t now_ns);
/* One try against the usual share; p of the run so far (1 where it is no hit). `amount`: of the hit. */
double pay_share_see(struct pay_share *s, double usual, bool hit, double amount, int64_t now_ns);
/* Says nothing for a while: the sums rest. */
void pay_share_hush(struct pay_share *s, int64_t now_ns);
bool pay_share_is_hushed(const struct pay_share *s, int64_t now_ns);
/* Counts it for what is usual. */
void pay_share_learn(struct pay_share *s, bool hit, double w);

void pay_share_put(const void *share, struct buf *out);
void pay_share_get(void *share, struct slice *in);
/* A table of them. */
enum vg_err pay_shares_new(char name, uint16_t version, size_t cells_max,
                           struct keytab **out) VG_MUST_CHECK;
