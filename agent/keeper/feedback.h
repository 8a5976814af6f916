/* SPDX-License-Identifier: Apache-2.0 */
/* feedback: what a person says about an alert, from the command to the keeper (spool.h). */
#pragma once

#include "agent/keeper/spool.h"

enum { FEEDBACK_FILES_MAX = SPOOL_FILES_MAX, FEEDBACK_BYTES_MAX = SPOOL_BYTES_MAX };

/* "useful", "noise" or "mine". */
bool feedback_verdict_known(const char *verdict);

/* Leaves {"event", "verdict", "time"} for the keeper. VG_ERR_SYS, VG_ERR_DENIED, VG_ERR_NOMEM. */
enum vg_err feedback_leave(const char *state_dir, const char *event_id, const char *verdict,
                           int64_t now_ns) VG_MUST_CHECK;

/* Gives each to `fn` in order of its name, FEEDBACK_FILES_MAX in one call, and removes it when that
 * returned VG_OK. What is no feedback is removed and counted in *refused. VG_ERR_NOENT without a
 * folder; what `fn` returned when it failed. */
typedef enum vg_err feedback_fn(void *ctx, const char *event_id, const char *verdict);
enum vg_err feedback_take(const char *state_dir, feedback_fn *fn, void *ctx,
                          size_t *refused) VG_MUST_CHECK;
/* Makes the folder. */
enum vg_err feedback_folder(const char *state_dir) VG_MUST_CHECK;
