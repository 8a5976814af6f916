/* SPDX-License-Identifier: Apache-2.0 */
/* judge_private: the inside of the judge, for the judge_*.c files alone.
 *
 * judge.c: life, time, what a p means. judge_feedback.c, judge_exceptions.c: what people said. judge_test.c: tests on one
 * subject, fused, against threshold and budget. judge_finding.c: findings. judge_group.c: what holds
 * alerts together. judge_state.c: rows. judge_event.c, judge_rate.c, judge_tables.c know nothing of the
 * judge itself. */
#pragma once

#include "agent/detect/cauchy.h"
#include "agent/detect/judge_event.h"
#include "agent/detect/judge_rate.h"
#include "agent/detect/judge_tables.h"

/* Tests above this are counted and scored, but remember nothing: about one in a hundred stays. */
#define JUDGE_REMEMBER_P 0.01

struct judge_exception {
    uint64_t key;
    int64_t until_ns;
};
struct judge_exceptions {
    struct judge_exception item[JUDGE_EXCEPTIONS_MAX]; /* by key */
    size_t count;
    unsigned shapes; /* bits: which of subject and peer any of them names */
};

struct judge {
    struct judge_settings settings;
    char sensor[16];
    const struct texts *texts;
    const struct sink *sink;
    bool muted;
    int64_t now_ns;
    struct judge_rate rate;
    struct judge_bucket budget, suppressed_budget;
    struct keytab *subjects, *groups, *verdicts, *beliefs;
    struct judge_exceptions exceptions;
    struct cauchy observation;
    struct judge_scored scored;                             /* of this observation, where told */
    void (*why)(const void *ctx, struct judge_scored *out); /* NULL: asked already */
    const void *why_ctx;
    bool told;
    uint64_t tests, alerts, suppressed, suppressed_uncounted, findings, joined, excused;
};

/* Event time goes on; going backwards does nothing. */
void judge_advance(struct judge *judge, int64_t time_ns);

/* Keys of the tables: stored hashes, chained. */
uint64_t judge_mix(uint64_t h, const char *text);
uint64_t judge_party_key(uint64_t h, const struct party *p);
/* Builds the event and hands it to the sink; one that is not suppressed is counted as an alert. */
void judge_emit(struct judge *judge, const struct judge_event *e);

/* ---- judge_feedback.c ---- */
uint64_t judge_verdict_key(const char *detector, const char *kind, const char *id,
                           const char *peer);
uint64_t judge_party_verdict_key(const char *detector, const struct party *subject,
                                 const struct party *peer);
/* An alert was given: from now on its subject is not learned as normal. */
void judge_verdict_note(struct judge *judge, const char *detector, const struct party *subject,
                        const char *peer_id, int64_t time_ns);
/* Somebody said that this is theirs, or noise: no alert. Counts. */
bool judge_excused(struct judge *judge, uint64_t verdict_key, const char *detector,
                   const struct party *subject, const struct party *peer);
/* ---- judge_exceptions.c ---- */
bool judge_excepted(const struct judge *judge, const char *detector, const struct party *subject,
                    const struct party *peer, int64_t now_ns);
/* How far the detector is believed, from 1/4 to 4 (1: nothing was said): a Beta posterior's odds. */
double judge_belief(const struct judge *judge, const char *detector);

/* Whether the group still takes evidence at this time. */
bool judge_group_open(const struct judge_group *g, int64_t now_ns);
void judge_group_begin(struct judge_group *g, int64_t now_ns, int64_t first_ns, uint64_t count);
/* One more for an open group; true when it has grown enough to speak again. */
bool judge_group_join(struct judge *judge, struct judge_group *g, int64_t time_ns);
/* The detector speaks in this group for the first time: remembers that. */
bool judge_group_new_voice(struct judge_group *g, const char *detector);
/* Count and times of the group, into its event. */
void judge_group_event(struct judge_event *e, const struct judge_group *g);
