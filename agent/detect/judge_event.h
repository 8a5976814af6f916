/* SPDX-License-Identifier: Apache-2.0 */
/* judge_event: what the judge decided, as an event (DESIGN, Event) without the store's stamps. */
#pragma once

#include "agent/detect/judge.h"

enum {
    JUDGE_SLOTS = 6,
    JUDGE_DETECTOR_MAX = 48,
    JUDGE_FACTS_BYTES_MAX = 4096,
    JUDGE_EVIDENCE_BYTES_MAX = 16384
};

/* The strongest test of one detector on one subject within the window. */
struct judge_slot {
    char detector[JUDGE_DETECTOR_MAX]; /* "" free */
    double p;
    int64_t time_ns;
    json_t *facts, *evidence, *peer; /* owned; NULL */
};

struct judge_event {
    const char *sensor;
    const struct texts *texts; /* may be NULL */
    const struct party *subject;
    const struct judge_slot *slots; /* JUDGE_SLOTS; free ones are passed over */
    int64_t time_ns, first_ns, last_ns;
    uint64_t count;
    bool has_p;
    double p, score;
    enum severity severity; /* SEVERITY_INFO: the detector's own */
    bool suppressed;        /* severity info, fact `suppressed` */
};

/* Builds the event: detector is that of the smallest p, fact `also` lists the others. NULL without
 * memory or slots. */
json_t *judge_event_build(const struct judge_event *e);
/* A party as JSON; NULL for NULL. */
json_t *judge_party_json(const struct party *party);
