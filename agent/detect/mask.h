/* SPDX-License-Identifier: Apache-2.0 */
/* mask: names that come from outside (a path, a URI) may hold a card number; before such a text goes
 * into a record, every run of 13 or more digits, also with a few separators between (%2D counts as one),
 * becomes X's. Coarser than the payment sensor's rule on purpose: nobody needs those digits here. */
#pragma once

#include "common/str.h"

/* Copies up to size - 1 bytes, cut at a UTF-8 border, bytes that are not UTF-8 and control bytes
 * as '?'; always terminated. Returns dst. */
const char *mask_text(char *dst, size_t size, const char *text, size_t len);
/* The same of a URI without its query and fragment. */
const char *mask_uri(char *dst, size_t size, struct str uri);
