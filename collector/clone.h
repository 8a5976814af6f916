/* SPDX-License-Identifier: Apache-2.0 */
/* clone: one identity used by two. An agent's machine and its store stay what they are, or change for good
 * (another disk, a store begun anew); where one that was left comes back, and so does the one that it
 * took turns with, two alternate: a disk was copied, or a certificate was stolen. Then agent.cloned is
 * raised. A disk that is set back to one state again and again (an image, a snapshot, a PC that forgets
 * the day at each start) brings only that one back: what came between never does. */
#pragma once

#include "collector/store/store.h"

/* So many times back within CLONE_SPAN_NS, by two: one alone is a disk that was set back. */
enum { CLONE_RETURNS = 2 };
#define CLONE_SPAN_NS (INT64_C(7) * 86400 * 1000000000)
/* Told again at most so often. */
#define CLONE_TELL_NS (INT64_C(3600) * 1000000000)

/* What an agent says of itself, or NULL where it does not say it; `agent` as it was before. */
struct clone_heard {
    const char *machine, *store, *host, *address;
};
/* In a transaction, before the agent's row learns of it. *incident: what was raised, or "". */
enum vg_err clone_look(struct storage *s, const struct storage_agent *agent,
                       const struct clone_heard *heard, int64_t now_ns,
                       char incident[UUID_TEXT_SIZE]) VG_MUST_CHECK;
