/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/judge_rate.h"

#include <math.h>

#include "agent/detect/codec.h"
#include "common/vtime.h"

/* The prior: as if 100 tests had come in one hour before the first one. */
#define PRIOR_TESTS 100.0
#define PRIOR_WEEKS (1.0 / 168)
/* Time is folded in by whole minutes: one exp() a minute of events, not one a test. */
#define FOLD_NS VG_MIN_NS

void
judge_rate_init(struct judge_rate *r)
{
    *r = (struct judge_rate){.tests = PRIOR_TESTS, .weeks = PRIOR_WEEKS, .folded_ns = INT64_MIN};
}

void
judge_rate_time(struct judge_rate *r, int64_t now_ns)
{
    const double memory_weeks = (double)JUDGE_RATE_MEMORY_NS / (double)VG_WEEK_NS;
    double keep;

    if (r->folded_ns == INT64_MIN)
        r->folded_ns = now_ns;
    if (now_ns < r->folded_ns || now_ns - r->folded_ns < FOLD_NS)
        return;
    keep = exp(-(double)(now_ns - r->folded_ns) / (double)JUDGE_RATE_MEMORY_NS);
    r->tests *= keep;
    r->weeks = r->weeks * keep + memory_weeks * (1 - keep);
    r->folded_ns = now_ns;
}

double
judge_rate_threshold(const struct judge_rate *r, double target_per_week)
{
    double p = r->tests > 0 ? target_per_week * r->weeks / r->tests : JUDGE_P_CEILING;

    return p < JUDGE_P_CEILING ? p : JUDGE_P_CEILING;
}

void
judge_bucket_init(struct judge_bucket *b, double per_week)
{
    double room = per_week > 1 ? ceil(per_week) : 1;

    *b = (struct judge_bucket){
        .tokens = room, .room = room, .per_week = per_week, .filled_ns = INT64_MIN};
}

bool
judge_bucket_take(struct judge_bucket *b, int64_t now_ns)
{
    if (b->filled_ns == INT64_MIN)
        b->filled_ns = now_ns;
    if (now_ns > b->filled_ns) {
        b->tokens += b->per_week * ((double)(now_ns - b->filled_ns) / (double)VG_WEEK_NS);
        if (b->tokens > b->room)
            b->tokens = b->room;
        b->filled_ns = now_ns;
    }
    if (b->per_week <= 0 || b->tokens < 1)
        return false;
    b->tokens -= 1;
    return true;
}

void
judge_rate_put(const struct judge_rate *r, struct buf *out)
{
    codec_put_f64(out, r->tests);
    codec_put_f64(out, r->weeks);
    codec_put_i64(out, r->folded_ns);
}

void
judge_rate_get(struct judge_rate *r, struct slice *in)
{
    r->tests = codec_f64(in);
    r->weeks = codec_f64(in);
    r->folded_ns = codec_time_or_never(in);
}

void
judge_bucket_put(const struct judge_bucket *b, struct buf *out)
{
    codec_put_f64(out, b->tokens);
    codec_put_i64(out, b->filled_ns);
}

void
judge_bucket_get(struct judge_bucket *b, struct slice *in)
{
    b->tokens = codec_f64(in);
    b->filled_ns = codec_time_or_never(in);
    if (!(b->tokens <= b->room))
        b->tokens = b->room;
}
