/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/judge_private.h"

#include <math.h>
#include <stdlib.h>

/* Suppressed alerts that are kept as info events; further ones are counted only. */
#define SUPPRESSED_PER_WEEK 50.0

/* ---- life ---- */

enum vg_err
judge_new(const struct judge_settings *settings, const char *sensor, const struct texts *texts,
          const struct sink *sink, struct judge **out)
{
    struct judge *judge = calloc(1, sizeof *judge);

    if (judge == NULL)
        return VG_ERR_NOMEM;
    judge->settings = *settings;
    (void)vg_strcpy(judge->sensor, sizeof judge->sensor, sensor);
    judge->texts = texts;
    judge->sink = sink;
    judge->now_ns = INT64_MIN;
    judge_rate_init(&judge->rate);
    judge_bucket_init(&judge->budget, settings->budget_per_week);
    judge_bucket_init(&judge->suppressed_budget, SUPPRESSED_PER_WEEK);
    if (judge_subjects_new(&judge->subjects) != VG_OK ||
        judge_groups_new(&judge->groups) != VG_OK ||
        judge_verdicts_new(&judge->verdicts) != VG_OK ||
        judge_beliefs_new(&judge->beliefs) != VG_OK) {
        judge_free(judge);
        return VG_ERR_NOMEM;
    }
    *out = judge;
    return VG_OK;
}

void
judge_free(struct judge *judge)
{
    if (judge == NULL)
        return;
    keytab_free(judge->subjects);
    keytab_free(judge->groups);
    keytab_free(judge->verdicts);
    keytab_free(judge->beliefs);
    free(judge);
}

void
judge_mute(struct judge *judge, bool muted)
{
    judge->muted = muted;
}

bool
judge_wants(const struct judge *judge, double p)
{
    return p < JUDGE_REMEMBER_P && !judge->muted;
}

double
judge_threshold(const struct judge *judge)
{
    return judge_rate_threshold(&judge->rate, judge->settings.target_per_week);
}

double
judge_learn_weight(double p)
{
    double odds;

    if (!(p < 1 / M_E))
        return 1;
    if (p < CAUCHY_P_MIN)
        p = CAUCHY_P_MIN;
    odds = JUDGE_PRIOR_ODDS / (-M_E * p * log(p)); /* the largest Bayes factor that p allows */
    return 1 / (1 + odds);
}

double
judge_score(double p)
{
    double x = -log10(p > CAUCHY_P_MIN ? p : CAUCHY_P_MIN);

    return x > 0 ? 100 * x / (x + 4) : 0;
}
/* ---- time ---- */

void
judge_advance(struct judge *judge, int64_t time_ns)
{
    if (time_ns <= judge->now_ns)
        return;
    judge->now_ns = time_ns;
    judge_rate_time(&judge->rate, time_ns);
}
/* ---- what there is to know ---- */

void
judge_observation_begin(struct judge *judge)
{
    judge->observation = (struct cauchy){0};
    judge->told = false;
}

double
judge_observation_score(const struct judge *judge)
{
    return judge->told ? judge->scored.score : judge_score(cauchy_mean(&judge->observation));
}

void
judge_observation_tell(struct judge *judge, double score,
                       void (*why)(const void *ctx, struct judge_scored *out), const void *ctx)
{
    judge->scored = (struct judge_scored){.score = score};
    judge->why = why;
    judge->why_ctx = ctx;
    judge->told = true;
}

const struct judge_scored *
judge_observation_told(struct judge *judge)
{
    if (judge->told && judge->why != NULL) {
        judge->why(judge->why_ctx, &judge->scored);
        judge->why = NULL;
    }
    return judge->told ? &judge->scored : NULL;
}

void
judge_health(const struct judge *judge, json_t *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"judge.tests", judge->tests},
        {"judge.findings", judge->findings},
        {"judge.alerts", judge->alerts},
        {"judge.joined", judge->joined},
        {"judge.excused", judge->excused},
        {"judge.suppressed", judge->suppressed},
        {"judge.suppressed_not_kept", judge->suppressed_uncounted},
        {"judge.subjects_turned_away", keytab_evicted(judge->subjects)},
        {"judge.groups_turned_away", keytab_evicted(judge->groups)},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(out, rows[i].name, json_integer((json_int_t)rows[i].value));
}
