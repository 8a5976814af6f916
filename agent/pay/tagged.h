/* SPDX-License-Identifier: Apache-2.0 */
/* tagged: files of tags, <STMTTRN> ... </STMTTRN>: where their records lie, what stands around them,
 * and the records of SGML, whose leaves need no end tag (OFX 1.6, 2.3; XML records: xmlrec.h).
 *
 * Names are without their namespace's prefix; in SGML records and around records they are flat, the
 * last tag alone ("CURDEF"), an attribute is "log@at". CDATA, comments and the five entities of XML
 * and numeric ones are understood; whatever else stands in a file is passed over. */
#pragma once

#include "agent/pay/csv.h"
#include "agent/pay/names.h"

enum { TAGGED_TAGS_MAX = 20000, TAGGED_RECORDS_MAX = 4 };

/* The first element of one of these names: [*start, *end) with its tags. VG_AGAIN: not whole, or
 * none; with `final` one that is never closed is VG_ERR_FORMAT. An element within one of its own name
 * belongs to it. */
enum vg_err tagged_record(struct slice text, const struct str *records, size_t count, bool final,
                          size_t *start, size_t *end, size_t *next, size_t *lines) VG_MUST_CHECK;

/* The values of an SGML record, or of any text: the first of each name counts. Values with entities
 * go to the arena: *escaped tells. VG_ERR_LIMIT. */
enum vg_err tagged_read(struct slice text, const struct names *names, struct csv_arena *arena,
                        struct values *out, bool *escaped) VG_MUST_CHECK;
