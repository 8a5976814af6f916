/* SPDX-License-Identifier: Apache-2.0 */
/* card_scan: where the card numbers and the track data of a text lie; card.c puts tokens there.
 *
 * A digit is ASCII or full-width (U+FF10), also as %3x in a URL and as a \u escape of JSON. Between
 * two groups of digits stands one separator: space, dash, dot, underscore or plus, the other spaces and
 * dashes of Unicode, or one of these escaped in the same ways.
 *
 * Groups in which cards are written (by fours with a shorter last one, 4-6-5, 4-6-4, 6-13) may have
 * different separators between them, or the same few separators each time (" - "). Any other grouping
 * counts only with one and the same separator, an everyday length, no date among the groups, and
 * three groups or groups of one length: an order's number beside a date and a time is none. Nor is a
 * part of a UUID, nor an international telephone number (+49...).
 *
 * Track data (ISO/IEC 7813): what follows a number as "=" and seven digits or more (track 2, also
 * with D for =) or as "^NAME^" and its digits (track 1) belongs to it and goes with it. */
#pragma once

#include "agent/detect/card_number.h"
#include "agent/pay/bytes.h"

struct card_found {
    size_t start, end; /* with its track data */
    size_t n;
    uint8_t digits[CARD_DIGITS_MAX];
    bool track; /* track data stood behind it */
};

struct card_scan {
    struct slice text;
    size_t from, at, chain_end;
    size_t floor; /* behind the last one */
};

static inline struct card_scan
card_scan_of(struct slice text)
{
    return (struct card_scan){.text = text};
}
/* The next card number; false when there is none left. */
bool card_scan_next(struct card_scan *s, struct card_found *out);
