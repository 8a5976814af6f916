/* SPDX-License-Identifier: Apache-2.0 */
/* isomsg: one ISO 8583 message as it goes over the wire: a type, one or two bitmaps, and the elements that
 * they name, by the standard's own formats (ISO 8583:1987, 4.2 to 4.4).
 *
 *   ISO_TEXT      characters all through, the bitmap as 16 hexadecimal digits
 *   ISO_MIXED     characters, the bitmap as eight bytes
 *   ISO_PACKED    type, numbers and lengths as packed decimals (two digits a byte), the rest characters
 *   ISO_PACKED_CURRENCY   the same with currencies as numbers (elements 49 to 51)
 *
 * What a message means is found out by trying: only a form in which every element is what it must be
 * and nothing is left over counts. Private elements may lie otherwise in some networks; such
 * messages are none. PIN blocks (52) and chip data (55) are passed over. Pure. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum iso_form { ISO_TEXT, ISO_MIXED, ISO_PACKED, ISO_PACKED_CURRENCY, ISO_FORMS };

enum { ISO_MESSAGE_MAX = 2048, ISO_ELEMENTS = 128 };

/* Appends a line for the type and for each element, as listing.h reads them ("MTI: 0210", "F4: 000000012950");
 * NULL: only whether it is a message. *elements: how many it has. VG_ERR_FORMAT: none of this form. */
enum vg_err isomsg_list(struct slice message, enum iso_form form, struct buf *out,
                        size_t *elements) VG_MUST_CHECK;
