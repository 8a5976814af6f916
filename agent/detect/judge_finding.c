/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: certain by nature, so they alert at once and spend no budget; their groups keep one
 * thing that goes on from alerting for ever. */
#include "agent/detect/judge_private.h"

#include <math.h>

static uint64_t
finding_key(const struct finding *f)
{
    uint64_t h = judge_party_key(judge_mix(2, f->detector), f->subject);

    return judge_mix(judge_party_key(h, f->peer), f->group != NULL ? f->group : "");
}

void
judge_finding(struct judge *judge, struct finding *f)
{
    struct judge_slot slots[JUDGE_SLOTS] = {0};
    struct judge_event e = {.sensor = judge->sensor,
                            .texts = judge->texts,
                            .subject = f->subject,
                            .slots = slots,
                            .time_ns = f->time_ns,
                            .score = f->score,
                            .severity = f->severity};
    struct judge_group *g;
    bool fresh, speak = true;
    double x = f->score < 95 ? 4 * f->score / (100 - f->score) : 76;

    judge_advance(judge, f->time_ns);
    judge->findings++;
    cauchy_add(&judge->observation, pow(10, -x)); /* the inverse of judge_score() */
    g = judge->muted ? NULL : keytab_touch(judge->groups, finding_key(f), &fresh);
    if (g != NULL && !fresh && judge_group_open(g, judge->now_ns))
        speak = judge_group_join(judge, g, f->time_ns);
    else if (g != NULL)
        judge_group_begin(g, judge->now_ns, f->time_ns, 1);
    (void)vg_strcpy(slots[0].detector, sizeof slots[0].detector, f->detector);
    slots[0].facts = f->facts;
    slots[0].evidence = f->evidence;
    slots[0].peer = judge_party_json(f->peer);
    f->facts = f->evidence = NULL;
    if (g != NULL && speak) {
        judge_group_event(&e, g);
        judge_emit(judge, &e);
    }
    judge_slot_clear(&slots[0]);
}
