/* SPDX-License-Identifier: Apache-2.0 */
/* dns_names: numbers of DNS as words, and domain names as text. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum { DNS_TYPE_TEXT_MAX = 12, DNS_NAME_TEXT_MAX = 1024, DNS_POINTERS_MAX = 32 };

/* "A", "AAAA"; "TYPE123" (RFC 3597) goes into `number`. */
const char *dns_type_name(uint16_t type, char number[DNS_TYPE_TEXT_MAX]);

/* Reads the name at `in` (which lies within `message`, for compression pointers) and appends its
 * text as in a zone file (RFC 1035, 5.1), without the last dot; the root is "". `in` stands behind
 * the name afterwards. VG_ERR_SHORT, VG_ERR_FORMAT. */
enum vg_err dns_name_read(struct slice message, struct slice *in, struct buf *out) VG_MUST_CHECK;
/* Only moves behind the name; where its pointers lead is not looked at. */
enum vg_err dns_name_skip(struct slice *in) VG_MUST_CHECK;
