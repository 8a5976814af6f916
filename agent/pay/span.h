/* SPDX-License-Identifier: Apache-2.0 */
/* span: what one content of a log held, and whether one that took its place lacks some of it: a log that
 * was edited, or is shorter than before.
 *
 * A content that took the name of one that is nowhere any more is held against it where both begin
 * with the same transaction: then it is the same log written anew, and up to the newest transaction of
 * the old one as many records must stand in it. Records are counted, not transactions: a payment that is
 * pending today and cancelled tomorrow stands there all the same.
 *
 * One that begins elsewhere mostly says nothing (rotation without a trace, an export of other days),
 * but for two cases. It begins with a transaction near the old one's beginning, and has become
 * shorter: its first rows were taken out, of the middle of a day (a sliding export drops days and gains
 * others; a ring stays as long as it is). And a log of days began anew within an hour of business,
 * with little in it: it was emptied. Pure. */
#pragma once

#include "agent/detect/obs.h"

enum { SPAN_HEAD = 4 };

struct span {
    struct {
        uint64_t hash; /* what it says; 0: none came yet */
        int64_t time_ns;
    } head[SPAN_HEAD]; /* the first transactions */
    int64_t last_ns;   /* the newest one */
    uint64_t rows;     /* records up to the last transaction */
};

/* How a content lies to the one before: begins with the same, near its beginning, right behind it. */
enum span_how { SPAN_SAME, SPAN_CUT, SPAN_EMPTIED };

struct spans {
    uint64_t rows; /* records of the content so far */
    struct span is;
    struct span was;     /* the content before; rows 0: none to be compared with */
    uint64_t how;        /* enum span_how, once a transaction came */
    uint64_t again_rows; /* records up to the last transaction that `was` covers */
};

/* A transaction of the record that s->rows counted last. */
void span_see(struct spans *s, const struct txn_view *t);
/* A new content takes the place of the one that `old` tells of. */
void span_inherit(struct spans *s, const struct spans *old);
/* Whether the newest transaction is so far beyond what `was` covers that no more of it will come. */
bool span_is_past(const struct spans *s);
/* Records of `was` that are not there, once the content is read to its end or is past it; all of them
 * only where it was emptied. */
uint64_t span_lost(const struct spans *s);

/* As a text and back; what is none gives an empty one. */
enum { SPAN_TEXT = (2 * (2 * SPAN_HEAD + 2) + 3) * 16 };
void span_text(const struct spans *s, char out[SPAN_TEXT + 1]);
void span_parse(struct spans *s, const char *text);
