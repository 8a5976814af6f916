/* SPDX-License-Identifier: Apache-2.0 */
/* card_chain: passes quickly over text in which no card number can begin, many bytes at a time.
 *
 * A number has CARD_DIGITS_MIN digits, with nothing between them but separators: where neither so
 * many digits and separators stand together nor a byte that may begin a longer digit or separator
 * (card_scan.h), there is none. */
#pragma once

#include "agent/pay/bytes.h"

/* What a byte may be. CARD_LEAD: the first byte of what may be a longer digit or separator. */
enum card_byte { CARD_OTHER, CARD_DIGIT, CARD_SEPARATOR, CARD_LEAD };
extern const uint8_t CARD_BYTE[256];

/* Where the next card number at or behind `from` begins at the earliest: a digit or a lead byte;
 * text.left where there is none. `from` is not within a number. */
size_t card_chain_likely(struct slice text, size_t from);
