/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the judge: its tables, and one row of the rate, the budgets and the counters. */
#include "agent/detect/judge_private.h"

#include "agent/detect/codec.h"

enum { STATE_VERSION = 2 };

void
judge_save(struct judge *judge)
{
    struct buf blob;

    keytab_save_as(judge->subjects, judge->sink, JUDGE_STATE_NAME);
    keytab_save_as(judge->groups, judge->sink, JUDGE_STATE_NAME);
    keytab_save_as(judge->verdicts, judge->sink, JUDGE_STATE_NAME);
    keytab_save_as(judge->beliefs, judge->sink, JUDGE_STATE_NAME);
    buf_init(&blob, 1024);
    judge_rate_put(&judge->rate, &blob);
    judge_bucket_put(&judge->budget, &blob);
    judge_bucket_put(&judge->suppressed_budget, &blob);
    codec_put_i64(&blob, judge->now_ns);
    buf_put_be64(&blob, judge->tests);
    buf_put_be64(&blob, judge->findings);
    buf_put_be64(&blob, judge->alerts);
    buf_put_be64(&blob, judge->joined);
    buf_put_be64(&blob, judge->suppressed);
    buf_put_be64(&blob, judge->suppressed_uncounted);
    buf_put_be64(&blob, judge->excused);
    if (!blob.bad)
        judge->sink->ops->state(judge->sink->ctx, JUDGE_STATE_NAME, slice_of("m", 1), STATE_VERSION,
                                buf_slice(&blob));
    buf_done(&blob);
}

static enum vg_err
load_main(struct judge *judge, struct slice blob)
{
    struct judge_rate rate;
    struct judge_bucket budget = judge->budget, suppressed = judge->suppressed_budget;
    int64_t now_ns;
    uint64_t counts[7];

    judge_rate_get(&rate, &blob);
    judge_bucket_get(&budget, &blob);
    judge_bucket_get(&suppressed, &blob);
    now_ns = codec_time_or_never(&blob);
    for (size_t i = 0; i < VG_ARRAY_LEN(counts); i++)
        counts[i] = slice_be64(&blob);
    if (blob.bad || blob.left > 0)
        return VG_ERR_FORMAT;
    judge->rate = rate;
    judge->budget = budget;
    judge->suppressed_budget = suppressed;
    judge->now_ns = now_ns;
    judge->tests = counts[0];
    judge->findings = counts[1];
    judge->alerts = counts[2];
    judge->joined = counts[3];
    judge->suppressed = counts[4];
    judge->suppressed_uncounted = counts[5];
    judge->excused = counts[6];
    return VG_OK;
}

enum vg_err
judge_load(struct judge *judge, struct slice key, uint16_t version, struct slice blob)
{
    struct slice name = key;

    struct keytab *const tables[] = {judge->subjects, judge->groups, judge->verdicts,
                                     judge->beliefs};

    for (size_t i = 0; i < VG_ARRAY_LEN(tables); i++)
        if (keytab_owns(tables[i], key))
            return keytab_load(tables[i], key, version, blob);
    if (key.left != 1 || slice_u8(&name) != 'm' || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    return load_main(judge, blob);
}
