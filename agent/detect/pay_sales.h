/* SPDX-License-Identifier: Apache-2.0 */
/* pay_sales: what was sold, so that a refund can be held against it.
 *
 * A sale is kept by the stored hash of its id and, where it differs, of its order: several sales of one
 * order are one sum to refund from, which stops short of an overflow. PAY_SALES_MAX of them, the oldest go first. Owner: pay.refund. */
#pragma once

#include "agent/detect/keytab.h"
#include "agent/detect/pay_common.h"
#include "agent/detect/pay_keys.h"

enum { PAY_SALES_MAX = 65536 };

struct pay_sale {
    int64_t amount, refunded; /* minor units */
    uint64_t card;            /* pay_key() of it; 0: unknown */
};

/* A table of pay_sale whose rows are named `name` and have the form `version`. */
enum vg_err pay_sales_new(char name, uint16_t version, struct keytab **out) VG_MUST_CHECK;
/* Keeps an approved sale that has an amount; passes over others. */
void pay_sales_see(struct keytab *sales, const struct obs *obs);
/* The sale that a refund names, by `original`, else by its order; NULL when unknown. Marked as
 * changed. Borrowed until the next pay_sales_see(). */
struct pay_sale *pay_sales_of(struct keytab *sales, const struct txn_view *t);
/* So much of the sale (minor units, not negative) was paid back. */
void pay_sale_refund(struct pay_sale *s, int64_t amount);
