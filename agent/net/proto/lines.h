/* SPDX-License-Identifier: Apache-2.0 */
/* lines: one direction of a text protocol cut into its lines (LF, CR before it dropped).
 *
 * A line that lies whole within a segment is lent without a copy; what is incomplete waits in a
 * buffer of at most LINES_KEEP_MAX bytes, longer lines come in pieces. Lines may hold passwords:
 * the buffer is wiped as soon as its line was used.
 *
 *     while (lines_next(&s->lines, call, &bytes, &piece))
 *         if (piece.begins) ...piece.text is the line, or its first LINES_KEEP_MAX bytes
 */
#pragma once

#include "agent/net/protocol.h"
#include "common/buf.h"
#include "common/str.h"

enum { LINES_KEEP_MAX = 1024 };

struct lines {
    struct buf part; /* the beginning of a line */
    bool lent;       /* `part` was given out: to be wiped */
    bool inside;     /* a piece of the line at hand was given out */
};

struct line_piece {
    struct str text; /* borrowed until the next call */
    bool begins, ends;
    uint8_t end_bytes; /* of its end: 2 CR LF, 1 LF, 0 */
};

void lines_init(struct lines *l);
/* Wipes and frees. */
void lines_done(struct lines *l, const struct protocol_call *call);

/* The next line or piece of one, taken from *in. False: *in is used up, what was left of it waits.
 * Where memory for waiting is refused the line comes in pieces. */
bool lines_next(struct lines *l, const struct protocol_call *call, struct slice *in,
                struct line_piece *out);
/* What waits, without its end, as a last piece; false where nothing does. */
bool lines_rest(struct lines *l, struct line_piece *out);
/* A hole: what waited is forgotten, and what comes belongs to no line until one begins. */
void lines_gap(struct lines *l);
