/* SPDX-License-Identifier: Apache-2.0 */
/* jsonl: objects one after another (JSON lines, a whole-file array, or written over many lines) and
 * their members under flat names: {"data":{"object":{"refunds":[{"amount":5}]}}} holds
 * data.object.refunds.0.amount. RFC 8259, read in one pass without a tree, and lenient where logs
 * are: a bare word counts as a text (a card number that became a token loses its quotes no more
 * than a number had), a name may lack its quotes, a comma too many is passed over.
 *
 * Limits: JSONL_DEPTH_MAX, JSONL_PATH_MAX (deeper or longer: passed over), JSONL_MEMBERS_MAX. */
#pragma once

#include "agent/pay/csv.h"
#include "agent/pay/names.h"

enum { JSONL_DEPTH_MAX = 24, JSONL_PATH_MAX = 256, JSONL_MEMBERS_MAX = 20000 };

/* Where the first object of `text` lies: [*start, *end), the following one begins at *next; *lines
 * line ends lie before *next. VG_AGAIN: not whole. VG_ERR_FORMAT: there is no object here; *next
 * tells where to go on. An object that is torn off by a new line that begins with { ends there. */
enum vg_err jsonl_record(struct slice text, bool final, size_t *start, size_t *end, size_t *next,
                         size_t *lines) VG_MUST_CHECK;

/* Fills the values that `names` wants; null counts as absent. Texts with escapes are unescaped to
 * the arena: *escaped tells, they must be cleaned of card numbers again. VG_ERR_FORMAT,
 * VG_ERR_LIMIT. */
enum vg_err jsonl_read(struct slice record, const struct names *names, struct csv_arena *arena,
                       struct values *out, bool *escaped) VG_MUST_CHECK;

/* All members with their flat names, as they stand (escapes stay), null left out. VG_ERR_FORMAT,
 * VG_ERR_LIMIT. */
enum vg_err jsonl_each(struct slice record,
                       void (*each)(void *ctx, struct slice path, struct slice value),
                       void *ctx) VG_MUST_CHECK;
