/* SPDX-License-Identifier: Apache-2.0 */
/* card_number: what a card number is (DESIGN, Payment transaction): 13 to 19 digits that pass the
 * Luhn check (ISO/IEC 7812-1, annex B) and begin with a prefix that is assigned to a network for
 * that length. */
#pragma once

#include "common/base.h"

enum { CARD_DIGITS_MIN = 13, CARD_DIGITS_MAX = 19 };

/* True when n digits (values 0..9) are a card number. */
bool card_valid(const uint8_t *digits, size_t n);

/* Puts X in place of the digits of every card number in `text`: on end, or in the groups in which
 * cards are written (4-4-4-4, 4-6-5, 4-6-4, a last one of 1 to 4 more), with one space, dash, plus,
 * dot, underscore, %20 or %2D between two. Digits that no card has for its number stay. */
void card_mask(char *text, size_t len);

struct card_place {
    size_t at, end; /* of its first digit, behind its last one */
    size_t groups;  /* 1: the digits stand on end */
};
/* The next card number of `text` at or behind `from`, as card_mask() would mask it. */
bool card_find(const char *text, size_t len, size_t from, struct card_place *out);
