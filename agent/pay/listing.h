/* SPDX-License-Identifier: Apache-2.0 */
/* listing: ISO 8583 messages as tools and switches print them for people: a line for the message type,
 * then one for each data element, its number, mostly a name for it, and its value.
 *
 *   MTI..........: 0210                        DEBUG MTI = 0210
 *   F2   Primary Account Number..: 4242        DEBUG DE 002 [PAN] = 4242
 *   F4   Transaction Amount......: 1250        DEBUG field(4): "1250"
 *
 * A number stands behind one of the words that are used for elements ("F", "DE", "field", "bit", "P-"),
 * anywhere in the line, or by itself at its beginning; then comes ':' or '=', then the value. Names of
 * values are the numbers without leading noughts, "0" is the message type (ISO 8583:1987, 4.1). Of a
 * number that comes twice the first counts: subelements are numbered like elements. Lines that are
 * neither are passed over. Bounds: a line is looked at up to LISTING_LOOK bytes. Pure. */
#pragma once

#include "agent/pay/names.h"

enum { LISTING_LOOK = 400, LISTING_ELEMENTS = 192 };

/* The first record: a message, from its type to before the next one's, to an empty line or, with `final`,
 * to the end; or a line that belongs to none. VG_AGAIN: not whole. */
enum vg_err listing_record(struct slice text, bool final, size_t *end, size_t *next,
                           size_t *lines) VG_MUST_CHECK;
/* Its values. VG_END: no message. */
enum vg_err listing_read(struct slice record, const struct names *names,
                         struct values *out) VG_MUST_CHECK;
/* Whether the text holds a message of some elements. */
bool listing_is(struct slice text);
