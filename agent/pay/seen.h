/* SPDX-License-Identifier: Apache-2.0 */
/* seen: the transactions that were counted already, so that overlapping exports, repeated webhooks
 * and copies of a log count each once. Keyed 64-bit digests in order of arrival, in chunks; beyond
 * SEEN_MAX the oldest chunk is forgotten. At most one chunk or two change between two commits. */
#pragma once

#include "agent/detect/obs.h"
#include "agent/detect/sink.h"
#include "agent/pay/span.h"

enum { SEEN_CHUNK = 2048, SEEN_CHUNKS = 512, SEEN_MAX = SEEN_CHUNK * SEEN_CHUNKS };
#define SEEN_STATE_NAME "pay.seen"

struct seen;

/* `key` is secret, so that nobody can make a transaction that collides with another. */
enum vg_err seen_new(const struct hash_key *key, struct seen **out) VG_MUST_CHECK;
void seen_free(struct seen *s);

/* What (family, id, kind) is known by. Announcements (pending) are kept apart from results. What bears
 * the id of its own `original` has none of its own (two refunds of one sale): there time and amount
 * count, too. */
uint64_t seen_id(const struct seen *s, const char *family, const struct txn_view *t);

/* For transactions without an id: what they say, and how many times one file has said it. */
enum { SEEN_RECENT = 64 };
struct seen_recent {
    uint64_t digest[SEEN_RECENT];
    uint16_t times[SEEN_RECENT];
    unsigned next;
    /* Records since it was told last how the file can be read, and how many of them cannot; how far the
     * open log's own counters are in that (they begin anew when it is opened again). */
    uint64_t untold, untold_bad, counted, counted_bad;
    struct spans spans; /* of this content, in all its lives */
};
/* The second "same sale in the same second" of a file is the second one in another export of the
 * same day as well: both count, and neither counts again. */
uint64_t seen_content(const struct seen *s, const char *family, const struct txn_view *t,
                      struct seen_recent *recent);

/* Says that it will be asked for soon: lets its place be fetched meanwhile. */
void seen_expect(const struct seen *s, uint64_t digest);
/* True when it was there already; remembers it. VG_ERR_NOMEM. */
enum vg_err seen_before(struct seen *s, uint64_t digest, bool *before) VG_MUST_CHECK;

/* Rows to the sink, before a commit. */
void seen_save(struct seen *s, const struct sink *sink);
/* Rows back, in any order; seen_loaded() once they are all there. */
enum vg_err seen_load(struct seen *s, struct slice key, uint16_t version,
                      struct slice blob) VG_MUST_CHECK;
enum vg_err seen_loaded(struct seen *s) VG_MUST_CHECK;

size_t seen_count(const struct seen *s);
