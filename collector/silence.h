/* SPDX-License-Identifier: Apache-2.0 */
/* silence: agents that say nothing for too long raise agent.silent; it ends when they are heard again.
 *
 * Where the opening hours are known only they count (a PC that is off at night is no news), else it takes
 * a day. Only the time counts in which this collector listened itself: a restart, a machine that slept
 * or a clock that jumped begins it anew. Several of one shop at once are one incident. */
#pragma once

#include "collector/store/store.h"
#include "common/zone.h"

#define SILENCE_OPEN_NS  (INT64_C(30) * 60 * 1000000000)
#define SILENCE_OTHER_NS (INT64_C(24) * 3600 * 1000000000)
/* The settings of a shop, a tenant or the provider may say otherwise: {"silence": {"open_minutes",
 * "other_hours"}}; 0: never. */
enum { SILENCE_MINUTES_MAX = 1440, SILENCE_HOURS_MAX = 720 };
/* Nobody is looked at who was heard of so lately, whatever is set. */
#define SILENCE_LEAST_NS (INT64_C(10) * 60 * 1000000000)
/* A look is due every so often; one that comes so much later than it should, or at which the two clocks
 * disagree by that much, begins anew. */
#define SILENCE_EVERY_NS (INT64_C(60) * 1000000000)
#define SILENCE_JUMP_NS  (INT64_C(120) * 1000000000)
/* So many agents of one shop in one look are one incident of the shop. */
enum { SILENCE_TOGETHER = 3, SILENCE_LOOK_MAX = 50000 };

/* Since when we listen. Zeroed is fine: begins with the first look. */
struct silence_watch {
    int64_t since_ns, wall_ns, mono_ns;
};
/* At each look, on one thread; `wall_ns` and `mono_ns` are the clocks now. Pure. */
void silence_tick(struct silence_watch *w, int64_t wall_ns, int64_t mono_ns);

/* One agent that might be silent. */
struct silence_look {
    int64_t last_seen_ns;
    const char *hours;         /* of its site, JSON text; "": unknown */
    const struct zone *zone;   /* of its site; NULL: unknown */
    int64_t open_ns, other_ns; /* limits with known hours, and without; 0: never */
};
/* Is it too long? Pure. */
bool silence_too_long(const struct silence_look *look, int64_t since_ns, int64_t now_ns);

/* Those of all agents that are silent for too long, in the order of their sites. *out is an array of what
 * agents_quiet() gives; empty: none. */
enum vg_err silence_find(struct storage *s, int64_t since_ns, int64_t now_ns,
                         json_t **out) VG_MUST_CHECK;
/* Raises what silence_find() found, where it is still so; in a transaction. Each of *found has the incident
 * that it came into as "incident": "" where an exception held it back, none where nothing was raised. */
enum vg_err silence_raise(struct storage *s, json_t *found, int64_t now_ns) VG_MUST_CHECK;
/* One that was silent was heard; in a transaction. Ends the incident when nobody else of it is silent. */
enum vg_err silence_heard(struct storage *s, const struct storage_agent *agent,
                          int64_t now_ns) VG_MUST_CHECK;
