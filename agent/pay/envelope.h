/* SPDX-License-Identifier: Apache-2.0 */
/* envelope: pages of an interface, {"paging": {...}, "results": [{...}, {...}]}: the objects within
 * are the records, all around them is passed over. Nothing is kept from call to call, so that reading
 * goes on at any record. */
#pragma once

#include "agent/pay/jsonl.h"

enum { ENVELOPE_LOOK = 16 * 1024, ENVELOPE_NAMES_MAX = 4 };

/* As jsonl_record(), the records being the elements of arrays under one of these names. */
enum vg_err envelope_record(struct slice text, const struct str *inside, size_t count, bool final,
                            size_t *start, size_t *end, size_t *next, size_t *lines) VG_MUST_CHECK;
