/* SPDX-License-Identifier: Apache-2.0 */
/* cauchy: one tail probability from several that may depend on each other.
 *
 * Liu and Xie, "Cauchy combination test", JASA 2020: the mean of tan(pi (1/2 - p_i)) has a Cauchy
 * tail whatever the dependence. Two changes, neither of which touches the tail: a p over one half
 * counts as next to nothing (else one p near 1 would cancel strong evidence), and the sum may stand
 * for the mean where each test was already counted by itself (judge.c does that). */
#pragma once

struct cauchy {
    double sum;
    unsigned count;
};

#define CAUCHY_P_MIN 1e-300

void cauchy_add(struct cauchy *c, double p); /* p in [0, 1]; below CAUCHY_P_MIN is CAUCHY_P_MIN */
/* The same with a share of the whole: where shares add up to 1, cauchy_sum() is the combined p. */
void cauchy_add_share(struct cauchy *c, double p, double share);
/* Combined p in (0, 1); 1 while nothing was added. */
double cauchy_mean(const struct cauchy *c);
/* The same from the sum: at most count times cauchy_mean() for small p, and p for a single one. */
double cauchy_sum(const struct cauchy *c);
