/* SPDX-License-Identifier: Apache-2.0 */
/* propose: a format profile for a log that none fits (`format new`): from the names of its columns, in
 * English, Spanish or Portuguese, and from what stands in them. A person reads it and corrects it; what
 * is only guessed says so in a comment. */
#pragma once

#include "agent/pay/csv.h"
#include "common/buf.h"

enum { PROPOSE_COLUMNS_MAX = 200, PROPOSE_ROWS_MAX = 200 };

/* The profile as YAML to `out`, for a log that begins with `head` (valid UTF-8 without a mark);
 * `whole`: that is all of it. `name` is the format's. VG_ERR_NOENT: neither a table with a header
 * line nor JSON objects; VG_ERR_FORMAT: no column that could be the time; VG_ERR_NOMEM. */
enum vg_err propose_profile(struct slice head, bool whole, const char *name,
                            struct buf *out) VG_MUST_CHECK;
