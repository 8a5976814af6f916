/* SPDX-License-Identifier: Apache-2.0 */
/* ingest: a body of POST /v1/events, from bytes of an agent that may be taken over to rows.
 *
 * First ingest_parse(), on any thread; then ingest_commit(), inside a transaction: the answer may go
 * out once that is durable. Repeating a body changes nothing. */
#pragma once

#include "collector/store/store.h"
#include "common/buf.h"

enum {
    INGEST_BODY_MAX = 1024 * 1024,      /* as it comes, compressed */
    INGEST_PLAIN_MAX = 8 * 1024 * 1024, /* unpacked */
    INGEST_RECORDS_MAX = 4000,
    INGEST_REFUSED_SHOWN = 50,
    INGEST_TOUCHED_MAX = 64,
};

struct ingest_record {
    int64_t seq;
    json_t *event;     /* owned; NULL: refused */
    struct slice line; /* in ingest.plain */
    char why[EVENT_WHY_MAX];
};

struct ingest {
    struct buf plain;
    struct ingest_record *records; /* seq strictly rising */
    size_t count;
    size_t repeated, moved;                           /* of the last ingest_commit() */
    char touched[INGEST_TOUCHED_MAX][UUID_TEXT_SIZE]; /* incidents, of the same: the first ones */
    size_t touched_count;
};

/* An event from so far ahead, or recorded so long ago, has a clock that cannot be right: its incident counts
 * as of when it was received, so that it neither stands above all others for years nor is buried. */
#define INGEST_AHEAD_NS  (INT64_C(24) * 3600 * 1000000000)
#define INGEST_BEHIND_NS (INT64_C(400) * 86400 * 1000000000)

/* `store`: of the header X-Vigia-Store; `first`: of X-Vigia-Seq, the number of the first line, or 0.
 * A line that is no event is a refused record as long as its number is known: from itself, or by
 * following the line before (or `first`). Lines whose numbers do not rise: VG_ERR_FORMAT for the
 * whole body, as for what is no zstd; VG_ERR_LIMIT over the caps; VG_ERR_NOMEM. */
enum vg_err ingest_parse(struct slice body, bool packed, const char *store, int64_t first,
                         struct ingest *out) VG_MUST_CHECK;
void ingest_done(struct ingest *in);

/* *durable: the highest number that is held once the transaction is. VG_ERR_EXISTS: another event is
 * known under one of these numbers (nothing of the body may be kept: undo). VG_ERR_DENIED: too many stores. */
enum vg_err ingest_commit(struct storage *s, const struct storage_agent *agent, const char *store,
                          struct ingest *in, int64_t now_ns, int64_t *durable) VG_MUST_CHECK;

/* [{"seq","why"}] of refused records, NULL where there is none. */
json_t *ingest_refused(const struct ingest *in);
