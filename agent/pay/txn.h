/* SPDX-License-Identifier: Apache-2.0 */
/* txn: a transaction as a JSON line (DESIGN, Payment transaction), and copies that outlive a line. */
#pragma once

#include "agent/detect/obs.h"

/* Appends one compact JSON object without a line end; absent fields are left out. */
void txn_write(const struct txn_view *t, struct buf *out);

/* A transaction with texts of its own, one block of memory; NULL without memory. */
struct txn_view *txn_copy(const struct txn_view *t);
/* The same into `own` and `room` bytes at `texts`; false where these do not suffice. */
bool txn_copy_into(const struct txn_view *t, struct txn_view *own, char *texts, size_t room);
