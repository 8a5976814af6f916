/* SPDX-License-Identifier: Apache-2.0 */
/* amount: money as people and machines write it, to integer minor units (ISO 4217 decimals). */
#pragma once

#include "agent/pay/bytes.h"

/* Which mark separates the decimals. Decided for a whole column, never for one cell: "9.700" alone
 * may be nine or nine thousand seven hundred. */
enum amount_style { AMOUNT_DOT, AMOUNT_COMMA };

/* Larger amounts are refused: with 12 digits no amount can look like a card number. */
#define AMOUNT_MAX INT64_C(999999999999)

/* 0, 2 or 3 (ISO 4217 list one); 2 for what is unknown. Upper case. */
unsigned amount_decimals(const char currency[4]);

/* Three letters to upper case, or an ISO 4217 number ("484") to its letters; false when it is no
 * currency code. */
bool amount_currency(struct slice text, char out[4]);

/* "1,500.00" "-$0.93" "(12.00)" "79" "1.234,56 MXN": `decimals` digits are kept, more are rounded
 * half away from zero, fewer filled up. `minor`: the text is in minor units already. May be
 * negative. VG_ERR_FORMAT, VG_ERR_LIMIT (over AMOUNT_MAX). */
enum vg_err amount_parse(struct slice text, enum amount_style style, unsigned decimals, bool minor,
                         int64_t *out) VG_MUST_CHECK;

/* Evidence about a column's style, cell by cell over the head of a file. */
struct amount_evidence {
    unsigned dot, comma;             /* cells that can only have this decimal mark */
    unsigned dot_group, comma_group; /* cells with three digits behind one such mark */
};
void amount_look(struct amount_evidence *e, struct slice text);
/* `other`: evidence of the row's other columns, which decides where the column's own does not; NULL:
 * none. */
enum amount_style amount_decide(const struct amount_evidence *e,
                                const struct amount_evidence *other);
