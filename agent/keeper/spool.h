/* SPDX-License-Identifier: Apache-2.0 */
/* spool: small JSON objects from a command to the keeper, through a folder (STATE/NAME/UUID.json): it
 * works while `run` runs, and when it does not. */
#pragma once

#include "common/json.h"

enum { SPOOL_FILES_MAX = 64, SPOOL_BYTES_MAX = 4096 };

/* Makes the folder. */
enum vg_err spool_folder(const char *state_dir, const char *name) VG_MUST_CHECK;
/* Leaves `value` (taken; NULL: VG_ERR_NOMEM). Durable on VG_OK. VG_ERR_SYS, VG_ERR_DENIED. */
enum vg_err spool_leave(const char *state_dir, const char *name, json_t *value,
                        int64_t now_ns) VG_MUST_CHECK;

/* Gives each to `fn` in order of its name, SPOOL_FILES_MAX in one call, and removes it when that
 * returned VG_OK. What is none, or for which it returned VG_ERR_FORMAT, is removed and counted in
 * *refused. VG_ERR_NOENT without a folder; what `fn` returned when it failed. */
typedef enum vg_err spool_fn(void *ctx, const json_t *value);
enum vg_err spool_take(const char *state_dir, const char *name, spool_fn *fn, void *ctx,
                       size_t *refused) VG_MUST_CHECK;
