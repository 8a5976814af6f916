/* SPDX-License-Identifier: Apache-2.0 */
/* counts: what the agents' calls came to since the start, for GET /api/health. On the loop's thread alone. */
#pragma once

#include <stdint.h>

/* records_refused: no events; records_repeated: known already, nothing done; records_moved: their clock was
 * so wrong that their incident counts as of now; conflicts: other events under the same numbers; malformed: no
 * batch, no JSON; too_large: over a cap once unpacked; unknown, revoked, expired: the certificate; busy: sent
 * away because too much waited. */
#define AGENT_COUNTS(X)                                                                            \
    X(calls)                                                                                       \
    X(batches)                                                                                     \
    X(records)                                                                                     \
    X(records_refused)                                                                             \
    X(records_repeated)                                                                            \
    X(records_moved) X(conflicts) X(malformed) X(too_large) X(unknown) X(revoked) X(expired)       \
        X(busy)

struct agent_counts {
#define AGENT_COUNT_FIELD(name) uint64_t name;
    AGENT_COUNTS(AGENT_COUNT_FIELD)
#undef AGENT_COUNT_FIELD
};
