/* SPDX-License-Identifier: Apache-2.0 */
/* The reasons of a score: each cause has the share of it that its own log(1 - p) makes of all, and is
 * split over what raised its odds, by their logarithms. What lowered them is no reason. */
#include "agent/detect/pay_score_private.h"

#include <math.h>

enum reason {
    REASON_HABIT,
    REASON_SPELL,
    REASON_LARGE,
    REASON_TERMINAL,
    REASON_EMPLOYEE,
    REASON_DEVICE,
    REASON_FACET,
    REASONS = REASON_FACET + SCORE_FACETS
};
/* Words of these names stand in rules/detectors/pay.score.yaml. */
static const char *const NAMES[REASONS] = {
    [REASON_HABIT] = "card_habit",
    [REASON_SPELL] = "card_suspicious",
    [REASON_LARGE] = "large_amount",
    [REASON_TERMINAL] = "terminal_frauds",
    [REASON_EMPLOYEE] = "employee_frauds",
    [REASON_DEVICE] = "device_frauds",
    [REASON_FACET + FACET_HOUR] = "hour",
    [REASON_FACET + FACET_PACE] = "card_pace",
    [REASON_FACET + FACET_DECLINES] = "card_declines",
    [REASON_FACET + FACET_ABROAD] = "country_changed",
    [REASON_FACET + FACET_COUNTRY] = "country",
    [REASON_FACET + FACET_FRESH] = "card_age",
    [REASON_FACET + FACET_KIND] = "kind",
    [REASON_FACET + FACET_PLACE] = "terminal_age",
};

/* A hair's breadth is no reason. */
static double
raised(double ratio)
{
    return ratio > 1.01 ? log(ratio) : 0;
}

/* A cause that nothing raised (a base rate alone) gives its share to what names it best. */
static void
split(double share, const double own[REASONS], double *weight, enum reason otherwise)
{
    double sum = 0;

    for (unsigned i = 0; i < REASONS; i++)
        sum += own[i];
    if (!(sum > 0)) {
        weight[otherwise] += share;
        return;
    }
    for (unsigned i = 0; i < REASONS; i++)
        weight[i] += share * own[i] / sum;
}

static void
weigh(const struct score_look *look, double weight[REASONS])
{
    double holder[REASONS] = {0}, large[REASONS] = {0}, part[SCORE_CAUSES], all = 0;
    double spell = look->spell, base = PAY_HOLDER_SPELL;

    for (unsigned i = 0; i < SCORE_CAUSES; i++) {
        part[i] = -log1p(-fmin((double)look->c.p[i], 1 - 1e-9));
        all += part[i];
    }
    if (!(all > 0))
        return;
    for (unsigned f = 0; f < SCORE_FACETS; f++)
        holder[REASON_FACET + f] = large[REASON_FACET + f] = raised(look->facet[f]);
    holder[REASON_HABIT] = raised(look->habit);
    holder[REASON_SPELL] = spell > 0 ? raised(spell / (1 - spell) * (1 - base) / base) : 0;
    large[REASON_LARGE] = raised(look->large);
    split(part[CAUSE_HOLDER] / all, holder, weight, REASON_HABIT);
    split(part[CAUSE_LARGE] / all, large, weight, REASON_LARGE);
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        weight[REASON_TERMINAL + i] += part[CAUSE_PARTY + i] / all;
}

void
score_reasons(const void *look, struct judge_scored *out)
{
    double weight[REASONS] = {0};

    weigh(look, weight);
    out->count = 0;
    for (unsigned k = 0; k < JUDGE_REASONS; k++) {
        unsigned best = 0;

        for (unsigned i = 1; i < REASONS; i++)
            if (weight[i] > weight[best])
                best = i;
        if (!(weight[best] > 0))
            return;
        out->reason[out->count].name = NAMES[best];
        out->reason[out->count++].share = weight[best];
        weight[best] = 0;
    }
}
