/* SPDX-License-Identifier: Apache-2.0 */
/* What people said of alerts: exceptions, what may be learned as normal, and how far each detector
 * is believed. */
#include "agent/detect/judge_private.h"

#include <math.h>
#include <string.h>

#include "common/vtime.h"

/* Unanswered for so long, an alert was probably nothing: its subject is learned at half weight. */
#define UNANSWERED_NS (14 * VG_DAY_NS)
/* "Noise" is an exception for a season, "mine" for good. */
#define NOISE_NS (90 * VG_DAY_NS)
/* The belief in a detector starts as if so many alerts had been useful and as many not. */
#define BELIEF_PRIOR 3.0
#define BELIEF_MAX   4.0

uint64_t
judge_verdict_key(const char *detector, const char *kind, const char *id, const char *peer)
{
    return judge_mix(judge_mix(judge_mix(judge_mix(3, detector), kind), id), peer);
}

uint64_t
judge_party_verdict_key(const char *detector, const struct party *subject, const struct party *peer)
{
    return judge_verdict_key(detector, subject->kind, subject->id, peer != NULL ? peer->id : "");
}

/* ---- what was said ---- */

/* A text of a view as a terminated one; too long: cut, as the id in the event was. */
static const char *
terminated(char out[PARTY_ID_MAX], struct str text)
{
    size_t len = text.len < PARTY_ID_MAX ? text.len : PARTY_ID_MAX - 1;

    if (len > 0) /* an absent text has no place either */
        memcpy(out, text.at, len);
    out[len] = '\0';
    return out;
}

void
judge_feedback(struct judge *judge, int64_t time_ns, const struct feedback_view *view)
{
    char detector[PARTY_ID_MAX], kind[PARTY_ID_MAX], id[PARTY_ID_MAX], peer[PARTY_ID_MAX];
    struct judge_verdict *v;
    struct judge_belief *b;

    v = keytab_touch(judge->verdicts,
                     judge_verdict_key(
                         terminated(detector, view->detector), terminated(kind, view->subject_kind),
                         terminated(id, view->subject_id), terminated(peer, view->peer_id)),
                     NULL);
    if (v == NULL)
        return;
    v->said_ns = time_ns;
    v->said = view->verdict == FEEDBACK_USEFUL  ? JUDGE_SAID_USEFUL
              : view->verdict == FEEDBACK_NOISE ? JUDGE_SAID_NOISE
                                                : JUDGE_SAID_MINE;
    b = keytab_touch(judge->beliefs, judge_mix(4, detector), NULL);
    if (b == NULL)
        return;
    /* "mine" was no attack, but what the detector says of it was true */
    b->useful += v->said == JUDGE_SAID_USEFUL ? 1 : v->said == JUDGE_SAID_MINE ? 0.5 : 0;
    b->noise += v->said == JUDGE_SAID_NOISE ? 1 : v->said == JUDGE_SAID_MINE ? 0.5 : 0;
}

/* ---- what follows ---- */

void
judge_verdict_note(struct judge *judge, const char *detector, const struct party *subject,
                   const char *peer_id, int64_t time_ns)
{
    struct judge_verdict *v = keytab_touch(
        judge->verdicts, judge_verdict_key(detector, subject->kind, subject->id, peer_id), NULL);

    if (v != NULL && v->alert_ns == 0)
        v->alert_ns = time_ns;
}

bool
judge_excused(struct judge *judge, uint64_t verdict_key, const char *detector,
              const struct party *subject, const struct party *peer)
{
    const struct judge_verdict *v = keytab_find(judge->verdicts, verdict_key);
    bool excused =
        (v != NULL && (v->said == JUDGE_SAID_MINE ||
                       (v->said == JUDGE_SAID_NOISE && judge->now_ns - v->said_ns < NOISE_NS))) ||
        judge_excepted(judge, detector, subject, peer, judge->now_ns);

    judge->excused += excused;
    return excused;
}

double
judge_learn_share(const struct judge *judge, const char *detector, const struct party *subject,
                  const struct party *peer, int64_t now_ns)
{
    const struct judge_verdict *v =
        keytab_find(judge->verdicts, judge_party_verdict_key(detector, subject, peer));

    if (v == NULL || v->said == JUDGE_SAID_MINE || v->said == JUDGE_SAID_NOISE ||
        judge_excepted(judge, detector, subject, peer, now_ns))
        return 1;
    if (v->said == JUDGE_SAID_USEFUL)
        return 0;
    return now_ns - v->alert_ns < UNANSWERED_NS ? 0 : 0.5;
}

double
judge_belief(const struct judge *judge, const char *detector)
{
    const struct judge_belief *b = keytab_find(judge->beliefs, judge_mix(4, detector));
    double odds = b != NULL ? (b->useful + BELIEF_PRIOR) / (b->noise + BELIEF_PRIOR) : 1;

    return fmax(1 / BELIEF_MAX, fmin(BELIEF_MAX, odds));
}
