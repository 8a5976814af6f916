/* SPDX-License-Identifier: Apache-2.0 */
/* judge_rate: how many tests a week there are, the threshold that follows, and the budget.
 *
 * Under the null a test's p is uniform, so a threshold of target / (tests a week) lets `target`
 * tests a week pass. The rate is an exponentially forgotten count over an exponentially forgotten
 * time; the prior makes the first thresholds strict (a rate thought too high costs a detection in
 * the first minutes, one thought too low costs false alarms). All times are event times. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

struct judge_rate {
    double tests, weeks; /* forgotten with JUDGE_RATE_MEMORY_NS */
    int64_t folded_ns;   /* INT64_MIN: no time yet */
};

struct judge_bucket {
    double tokens, room, per_week;
    int64_t filled_ns; /* INT64_MIN: no time yet */
};

#define JUDGE_RATE_MEMORY_NS (INT64_C(14) * 24 * 3600 * 1000000000)
/* No test above this alerts by itself, however few tests there are. */
#define JUDGE_P_CEILING 1e-3

void judge_rate_init(struct judge_rate *r);
/* Lets time pass; going backwards does nothing. */
void judge_rate_time(struct judge_rate *r, int64_t now_ns);
static inline void
judge_rate_count(struct judge_rate *r)
{
    r->tests += 1;
}
double judge_rate_threshold(const struct judge_rate *r, double target_per_week);

/* Full at the start; holds whole tokens, one at least: a fraction of one could never be spent. */
void judge_bucket_init(struct judge_bucket *b, double per_week);
/* Refills by event time, then spends one token; false when there is none. */
bool judge_bucket_take(struct judge_bucket *b, int64_t now_ns);

void judge_rate_put(const struct judge_rate *r, struct buf *out);
void judge_rate_get(struct judge_rate *r, struct slice *in);
void judge_bucket_put(const struct judge_bucket *b, struct buf *out);
/* Keeps room and rate of the settings, restores the rest. */
void judge_bucket_get(struct judge_bucket *b, struct slice *in);
