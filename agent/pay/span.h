/* SPDX-License-Identifier: Apache-2.0 */
/* span: what one content of a log held, and whether one that took its place lacks some of it: a log that
 * was edited, or is shorter than before.
 *
 * A content that took the name of one that is nowhere any more is held against it where both begin
 * with the same transaction: then it is the same log written anew, and up to the newest transaction of
 * the old one as many records must stand in it. A log that begins elsewhere (rotation without a trace,
 * an export of other days) says nothing. Records are counted, not transactions: a payment that is
 * pending today and cancelled tomorrow stands there all the same. Pure. */
#pragma once

#include "agent/detect/obs.h"

struct span {
    int64_t first_ns, last_ns; /* the first transaction; the newest one */
    uint64_t first;            /* what the first one says, hashed; 0: none came yet */
    uint64_t rows;             /* records up to the last transaction */
};

struct spans {
    uint64_t rows; /* records of the content so far */
    struct span is;
    struct span was;     /* the content before; rows 0: none to be compared with */
    uint64_t again_rows; /* records up to the last transaction that `was` covers */
};

/* A transaction of the record that s->rows counted last. */
void span_see(struct spans *s, const struct txn_view *t);
/* A new content takes the place of the one that `old` tells of. */
void span_inherit(struct spans *s, const struct spans *old);
/* Whether the newest transaction is so far beyond what `was` covers that no more of it will come. */
bool span_is_past(const struct spans *s);
/* Records of `was` that are not there, once the content is read to its end or is past it. */
uint64_t span_lost(const struct spans *s);

/* As a text and back; what is none gives an empty one. */
enum { SPAN_TEXT = 10 * 16 };
void span_text(const struct spans *s, char out[SPAN_TEXT + 1]);
void span_parse(struct spans *s, const char *text);
