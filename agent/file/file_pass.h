/* SPDX-License-Identifier: Apache-2.0 */
/* file_pass: when all watched folders are gone through at leisure: once a day, at a quiet hour of the shop.
 *
 * A PC that is off at that hour does it at its next chance: while little else is done on it, at the latest
 * FILE_PASS_PATIENCE_NS after the hour. Pure: times, zone and load come in as arguments. */
#pragma once

#include "agent/config.h"

#define FILE_PASS_QUIET_NS    (INT64_C(3) * 3600 * 1000000000) /* so long after it the hour is quiet */
#define FILE_PASS_PATIENCE_NS (INT64_C(12) * 3600 * 1000000000)
#define FILE_PASS_IDLE        0.5 /* processes that run or want to, a core */

/* Minutes since local midnight: as configured; else in the middle of the longest stretch in which the
 * shop is closed on every day; three at night where its hours are unknown or it never closes. */
unsigned file_pass_minute(const struct agent_config *config);
/* The last instant of that minute at or before now. */
int64_t file_pass_last(const struct zone *zone, unsigned minute, int64_t now_ns);
/* Whether one is to begin now, when the last one ended at done_ns (0: never). */
bool file_pass_due(const struct zone *zone, unsigned minute, int64_t done_ns, int64_t now_ns,
                   double load);
