/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: certain by nature, so they alert at once and spend no budget; their groups keep one
 * thing that goes on from alerting for ever. */
#include "agent/detect/judge_private.h"

#include <math.h>
#include <string.h>

static uint64_t
finding_key(const struct finding *f)
{
    uint64_t h = judge_party_key(judge_mix(2, f->detector), f->subject);

    return judge_mix(judge_party_key(h, f->peer), f->group != NULL ? f->group : "");
}

/* What else stands on this subject, beside the finding: borrowed into its event. */
static void
add_reasons(struct judge *judge, const struct party *subject, struct judge_slot *slots)
{
    const struct judge_subject *s = keytab_find(judge->subjects, judge_party_key(1, subject));
    size_t n = 1;

    for (size_t i = 0; s != NULL && i < JUDGE_SLOTS && n < JUDGE_SLOTS; i++) {
        const struct judge_slot *from = &s->slots[i];

        if (from->detector[0] == '\0' || from->time_ns < judge->now_ns - JUDGE_WINDOW_NS ||
            strcmp(from->detector, slots[0].detector) == 0)
            continue;
        slots[n] = *from;
        json_incref(slots[n].facts);
        json_incref(slots[n].evidence);
        json_incref(slots[n].peer);
        n++;
    }
}

/* From now on tests on this subject are further reasons of the same incident. */
static void
open_subject(struct judge *judge, const struct finding *f)
{
    bool fresh;
    struct judge_group *g = keytab_touch(judge->groups, judge_party_key(1, f->subject), &fresh);

    if (g == NULL)
        return;
    if (fresh || !judge_group_open(g, judge->now_ns))
        judge_group_begin(g, judge->now_ns, f->time_ns, 1);
    g->suppressed = 0;
    (void)judge_group_new_voice(g, f->detector);
}

/* A detector that was called noise again and again speaks one step lower, never below low. */
static enum severity
believed_severity(const struct judge *judge, const struct finding *f)
{
    enum severity s = f->severity;

    if (judge_belief(judge, f->detector) > 0.5)
        return s;
    if (s == SEVERITY_INFO &&
        severity_parse(vg_json_str(texts_detector(judge->texts, f->detector), "severity", "medium"),
                       &s) != VG_OK)
        s = SEVERITY_MEDIUM;
    return s > SEVERITY_LOW ? s - 1 : s;
}

static void
speak(struct judge *judge, struct finding *f, const struct judge_group *g)
{
    struct judge_slot slots[JUDGE_SLOTS] = {0};
    double belief = judge_belief(judge, f->detector);
    struct judge_event e = {.sensor = judge->sensor,
                            .texts = judge->texts,
                            .subject = f->subject,
                            .slots = slots,
                            .time_ns = f->time_ns,
                            .score = fmin(100, f->score * 2 * belief / (1 + belief)),
                            .severity = believed_severity(judge, f)};

    (void)vg_strcpy(slots[0].detector, sizeof slots[0].detector, f->detector);
    slots[0].facts = f->facts;
    slots[0].evidence = f->evidence;
    slots[0].peer = judge_party_json(f->peer);
    f->facts = f->evidence = NULL;
    add_reasons(judge, f->subject, slots);
    judge_group_event(&e, g);
    judge_verdict_note(judge, f->detector, f->subject, f->peer != NULL ? f->peer->id : "",
                       f->time_ns);
    judge_emit(judge, &e);
    for (size_t i = 0; i < JUDGE_SLOTS; i++)
        judge_slot_clear(&slots[i]);
}

/* The inverse of judge_score(). */
static double
p_of(double score)
{
    return pow(10, score < 95 ? -4 * score / (100 - score) : -76);
}

void
judge_finding(struct judge *judge, struct finding *f)
{
    struct judge_group *g, copy;
    struct judge_known own = {0}, *known = f->known != NULL ? f->known : &own;
    bool fresh, speaks = true;

    judge_advance(judge, f->time_ns);
    judge->findings++;
    if (!judge->told)
        cauchy_add(&judge->observation, p_of(f->score));
    if (known->verdict == 0) {
        known->verdict = judge_party_verdict_key(f->detector, f->subject, f->peer);
        known->group = finding_key(f);
    }
    if (judge->muted || judge_excused(judge, known->verdict, f->detector, f->subject, f->peer))
        goto done;
    g = keytab_touch(judge->groups, known->group, &fresh);
    if (g == NULL)
        goto done;
    if (!fresh && judge_group_open(g, judge->now_ns))
        speaks = judge_group_join(judge, g, f->time_ns);
    else
        judge_group_begin(g, judge->now_ns, f->time_ns, 1);
    if (speaks) {
        if (f->fill != NULL)
            f->fill(f, f->ctx);
        copy = *g; /* open_subject() may move it */
        open_subject(judge, f);
        speak(judge, f, &copy);
    }
done:
    json_decref(f->facts);
    json_decref(f->evidence);
    f->facts = f->evidence = NULL;
}
