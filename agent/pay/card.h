/* SPDX-License-Identifier: Apache-2.0 */
/* card: finds card numbers in text and puts keyed tokens in their place, before anything else sees
 * the line.
 *
 * A card number (DESIGN, Payment transaction) has 13 to 19 digits, passes the Luhn check (ISO/IEC
 * 7812-1, annex B) and begins with a prefix that is assigned to a network for that length. How it may
 * be written is card_scan.h's; letters around it (ids, URLs, JSON) do not hide it. A group of digits
 * belongs to a number whole or not at all: more than 19 digits on end are no card number, and 16
 * digits within 18 are none either. Track data behind a number are left out with it: nothing may keep
 * them (PCI DSS 3.3.1.1). */
#pragma once

#include "agent/detect/card_number.h"
#include "agent/pay/token.h"
#include "common/buf.h"

enum { CARD_HITS_MAX = 32 };

struct card_hit {
    size_t at; /* where its token stands in the cleaned text, TOKEN_LEN bytes */
    char bin[7], last4[5];
};
struct card_hits {
    size_t count, more; /* more: beyond CARD_HITS_MAX (cleaned all the same) */
    size_t tracks;      /* so many had track data behind them */
    struct card_hit hit[CARD_HITS_MAX];
};

/* *out is `text` itself when no card number is in it (the usual case, one pass, no copy), else
 * borrows `scratch`, which is cleared first. VG_ERR_LIMIT (scratch too small), VG_ERR_SYS. */
enum vg_err card_clean(struct tokens *tokens, struct slice text, struct buf *scratch,
                       struct slice *out, struct card_hits *hits) VG_MUST_CHECK;
