/* SPDX-License-Identifier: Apache-2.0 */
/* incident: which alerts of a site belong together (DESIGN, Incidents).
 *
 * Key: site, detector family, subject; an alert joins the incident of that key whose time lies within
 * six hours of its own (event time `first` to `last`), as long as the incident stays under
 * INCIDENT_SPAN_MAX: what goes on for days is told once a day. So three agents that see one ARP spoof
 * make one incident, in whatever order their reports come, and one mail. */
#pragma once

#include "collector/store/store.h"

#define INCIDENT_GAP_NS (EVENT_INCIDENT_HOURS * INT64_C(3600) * 1000000000)
/* Whatever an event says of how many it stands for. */
#define INCIDENT_COUNT_MAX   INT64_C(1000000000000)
#define INCIDENT_SPAN_MAX_NS STORAGE_INCIDENT_SPAN_NS

/* Finds or opens the incident of a checked alert, inside the caller's transaction, and queues the
 * owner's mail for a new one. *out is its id; "" for an event that needs none (health, info, or an alert that an
 * exception holds back). */
enum vg_err incident_take(struct storage *s, const struct storage_agent *agent, const json_t *event,
                          const struct storage_event *row, char out[UUID_TEXT_SIZE]) VG_MUST_CHECK;
