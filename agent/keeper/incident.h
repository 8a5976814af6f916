/* SPDX-License-Identifier: Apache-2.0 */
/* incident: which incident an event belongs to: the same detector family and subject, not more than
 * EVENT_INCIDENT_HOURS after the last event of it (or before its first, for a replay). Lives in the
 * store's database and moves with its transactions. */
#pragma once

#include <sqlite3.h>

#include "common/event.h"
#include "common/uuid.h"

enum { INCIDENT_ROWS_MAX = 20000 };

/* Finds or begins the incident of `event` in the open transaction; false (and out "") when it
 * belongs to none: severity info. VG_ERR_SYS, VG_ERR_NOMEM, VG_ERR_LIMIT (database full). */
enum vg_err incident_of(sqlite3 *db, const json_t *event, int64_t now_ns,
                        char out[UUID_TEXT_SIZE]) VG_MUST_CHECK;
/* Forgets incidents that were not touched for a month, and the oldest over the cap. */
enum vg_err incident_expire(sqlite3 *db, int64_t now_ns) VG_MUST_CHECK;
