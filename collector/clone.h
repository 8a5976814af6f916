/* SPDX-License-Identifier: Apache-2.0 */
/* clone: one identity used by two. An agent's machine and its store stay what they are, or change for good
 * (another disk, a store begun anew); where one that was left comes back, and again, two alternate: a
 * disk was copied, or a certificate was stolen. Then agent.cloned is raised. */
#pragma once

#include "collector/store/store.h"

/* So many times back within CLONE_SPAN_NS: once may be a disk that was restored. */
enum { CLONE_RETURNS = 2 };
#define CLONE_SPAN_NS (INT64_C(7) * 86400 * 1000000000)
/* Told again at most so often. */
#define CLONE_TELL_NS (INT64_C(3600) * 1000000000)

/* What an agent says of itself, or NULL where it does not say it; `agent` as it was before. */
struct clone_heard {
    const char *machine, *store, *host, *address;
};
/* In a transaction, before the agent's row learns of it. */
enum vg_err clone_look(struct storage *s, const struct storage_agent *agent,
                       const struct clone_heard *heard, int64_t now_ns) VG_MUST_CHECK;
