/* SPDX-License-Identifier: Apache-2.0 */
/* pay_labels: what a back-test is told afterwards: a file of id,fraud and the transactions that wait
 * until their delay has passed in event time (`pay --labels`, `--label-delay`). */
#pragma once

#include "agent/detect/detector.h"
#include "agent/pay/token.h"

enum { PAY_LABELS_MAX = 8 * 1024 * 1024, PAY_LABELS_WAITING_MAX = 4 * 1024 * 1024 };

struct pay_labels;

/* Reads the file (plain, gzip or zstd; a first line that is no label is a header). Card numbers in
 * ids become their tokens. VG_ERR_NOENT, VG_ERR_FORMAT (no label in it), VG_ERR_LIMIT. */
enum vg_err pay_labels_load(const char *path, struct tokens *tokens, int64_t delay_ns,
                            struct pay_labels **out) VG_MUST_CHECK;
void pay_labels_free(struct pay_labels *l);

/* Remembers the transaction when a label for its id is known. VG_ERR_NOMEM. */
enum vg_err pay_labels_wait(struct pay_labels *l, const struct txn_view *t) VG_MUST_CHECK;
/* Gives all whose delay has passed at `now_ns` to the panel (NULL: to nobody), oldest first. */
void pay_labels_release(struct pay_labels *l, int64_t now_ns, struct panel *panel);
/* How many transactions wait. */
size_t pay_labels_waiting(const struct pay_labels *l);
