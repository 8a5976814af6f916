/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: what keeps one incident from speaking again and again, and whom they are kept by. */
#include "agent/detect/judge_private.h"

#include <math.h>
#include <string.h>

#define GROUP_NS (EVENT_INCIDENT_HOURS * JUDGE_WINDOW_NS)
/* A group that grows by this factor says so in a new event. */
enum { GROWTH = 10 };

uint64_t
judge_mix(uint64_t h, const char *text)
{
    uint64_t pair[2] = {h, str_hash(&STR_HASH_STORED, text, strlen(text))};

    return str_hash(&STR_HASH_STORED, pair, sizeof pair);
}

uint64_t
judge_party_key(uint64_t h, const struct party *p)
{
    return p != NULL ? judge_mix(judge_mix(h, p->kind), p->id) : judge_mix(h, "");
}

/* A reason with a smaller share than this is not worth naming, unless it is the only one. */
#define REASON_LEAST 0.01

/* What the model says of the transaction that gives this event, and why. */
static void
risk_set(json_t *event, const struct judge_scored *scored)
{
    json_t *facts = json_object_get(event, "facts"), *reasons = json_array();

    for (size_t i = 0; i < scored->count && (i == 0 || scored->reason[i].share >= REASON_LEAST);
         i++)
        (void)json_array_append_new(reasons, json_string(scored->reason[i].name));
    (void)json_object_set_new(facts, "risk", json_real(round(10 * scored->score) / 10));
    (void)json_object_set_new(facts, "reasons", reasons);
}

void
judge_emit(struct judge *judge, const struct judge_event *e)
{
    json_t *event = judge_event_build(e);

    if (event == NULL)
        return;
    if (judge->told)
        risk_set(event, judge_observation_told(judge));
    if (!e->suppressed)
        judge->alerts++;
    judge->sink->ops->event(judge->sink->ctx, event);
}

bool
judge_group_open(const struct judge_group *g, int64_t now_ns)
{
    return now_ns - g->last_ns <= GROUP_NS && now_ns - g->opened_ns <= JUDGE_GROUP_LIFE_NS;
}

void
judge_group_begin(struct judge_group *g, int64_t now_ns, int64_t first_ns, uint64_t count)
{
    *g = (struct judge_group){.opened_ns = now_ns,
                              .first_ns = first_ns,
                              .last_ns = now_ns,
                              .count = count,
                              .next = count * GROWTH};
}

bool
judge_group_join(struct judge *judge, struct judge_group *g, int64_t time_ns)
{
    judge->joined++;
    g->count++;
    if (time_ns > g->last_ns)
        g->last_ns = time_ns;
    if (g->count < g->next)
        return false;
    g->next *= GROWTH;
    return true;
}

bool
judge_group_new_voice(struct judge_group *g, const char *detector)
{
    uint32_t voice = (uint32_t)judge_mix(5, detector);

    for (size_t i = 0; i < g->voices; i++) {
        if (g->voice[i] == voice)
            return false;
    }
    if (g->voices == JUDGE_SLOTS)
        return false;
    g->voice[g->voices++] = voice;
    return true;
}

void
judge_group_event(struct judge_event *e, const struct judge_group *g)
{
    e->count = g->count;
    e->first_ns = g->first_ns;
    e->last_ns = g->last_ns;
}
