/* SPDX-License-Identifier: Apache-2.0 */
/* own: alerts of the collector itself about an agent (agent.cloned, agent.silent). They stand in a stream
 * of their own, whose store is the agent's id: no agent has such a store (agents.c refuses it), so
 * nobody else writes there. They are the provider's matter: no owner is mailed (incident.c). */
#pragma once

#include "collector/store/store.h"

struct own_event {
    const char *detector;
    enum severity severity;
    const char *subject_id, *subject_label; /* NULL: the agent */
    json_t *facts;                          /* taken */
};

/* In a transaction. *incident: where it went. VG_ERR_NOMEM, errors of storage. */
enum vg_err own_event_put(struct storage *s, const struct storage_agent *agent,
                          const struct own_event *event, int64_t now_ns,
                          char incident[UUID_TEXT_SIZE]) VG_MUST_CHECK;
