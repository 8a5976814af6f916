/* SPDX-License-Identifier: Apache-2.0 */
/* pay_out: the streams of `pay`: transactions as JSON lines, scores as CSV. */
#pragma once

#include <stdio.h>

#include "agent/detect/judge.h"
#include "common/base.h"
#include "common/buf.h"

struct pay_out {
    FILE *to; /* NULL: not asked for */
    struct buf text;
};

bool pay_out_is_dash(const char *path); /* "-": standard output */

/* To the file of that path, "-", or nowhere (NULL); `header` is a first line or NULL. Says what is
 * wrong: VG_EXIT_USAGE. */
enum vg_exit pay_out_open(struct pay_out *out, const char *path, const char *header);
/* One line each (a transaction with its score and reasons, unless `scored` is NULL), where the stream
 * was asked for. VG_ERR_SYS when it cannot be written. */
enum vg_err pay_out_txn(struct pay_out *out, const struct txn_view *t,
                        const struct judge_scored *scored) VG_MUST_CHECK;
enum vg_err pay_out_score(struct pay_out *out, const struct txn_view *t,
                          double score) VG_MUST_CHECK;
/* False when something was not written. Half-open is fine. */
bool pay_out_close(struct pay_out *out);
