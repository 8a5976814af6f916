/* SPDX-License-Identifier: Apache-2.0 */
/* card_context: whether a text holds a card number that is meant as one. One number in some twenty
 * of the right length passes for a card's (card_number.h): ids of advertising, orders and devices
 * do. So more is asked: the name of its field or a word before it ("tarjeta", "card", "pan"), the
 * groups in which people write cards, a date of expiry or a security code beside it, several in a
 * row. A number that is part of a longer word is none. Pure. */
#pragma once

#include "common/str.h"

struct card_context {
    char last4[5];  /* of the first one */
    uint32_t count; /* such numbers, those of the same last four digits once in a row */
};

/* False: none that is meant as a card's. */
bool card_in_context(struct str text, struct card_context *out);
