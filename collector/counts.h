/* SPDX-License-Identifier: Apache-2.0 */
/* counts: what the agents' calls came to since the start, for GET /api/health. On the loop's thread alone. */
#pragma once

#include <stdint.h>

/* records_refused: no events; records_repeated: known already, nothing done; records_moved: their clock was
 * so wrong that their incident counts as of now; conflicts: other events under the same numbers; malformed: no
 * batch, no JSON; too_large: over a cap once unpacked; stores, too_often: more stores, or certificates in a
 * day, than one agent may have; unknown, revoked, expired: the certificate; busy: sent away because too much
 * waited. */
/* clang-format off */
#define AGENT_COUNTS(X) \
    X(calls) \
    X(batches) \
    X(records) \
    X(records_refused) \
    X(records_repeated) \
    X(records_moved) \
    X(conflicts) \
    X(malformed) \
    X(too_large) \
    X(stores) \
    X(too_often) \
    X(unknown) \
    X(revoked) \
    X(expired) \
    X(busy)
/* clang-format on */

struct agent_counts {
#define AGENT_COUNT_FIELD(name) uint64_t name;
    AGENT_COUNTS(AGENT_COUNT_FIELD)
#undef AGENT_COUNT_FIELD
};
