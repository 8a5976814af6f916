/* SPDX-License-Identifier: Apache-2.0 */
/* health: the keeper's own events (class health, sensor agent), and a limit on how many. */
#pragma once

#include "common/event.h"

/* An event without stamps, about this agent: subject {agent, store id, host name}. `facts` is taken
 * (NULL: none). NULL without memory. */
json_t *health_event(const char *detector, enum severity severity, const char *store_id,
                     int64_t now_ns, json_t *facts);

/* At most HEALTH_BURST events of one detector (about one worker, where `detector` names that too)
 * within an hour; what was held back is told in the fact `held_back` of the next one that passes. */
enum { HEALTH_NAMES_MAX = 32, HEALTH_BURST = 6 };
struct health_limit {
    struct {
        char detector[64];
        int64_t hour_ns;
        unsigned passed, held_back;
    } name[HEALTH_NAMES_MAX];
    size_t count;
};
/* Whether an event of `detector` may be written now (any clock that only rises); *held_back is how
 * many were not since the last that was. A full table lets all pass. */
bool health_allowed(struct health_limit *limit, const char *detector, int64_t now_ns,
                    unsigned *held_back);
