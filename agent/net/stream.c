/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/stream.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 2048 - 24, SLAB_BLOCKS = 64 };
enum { BLOCKS_MAX = STREAM_POOL_BYTES / 2048, SLABS_MAX = BLOCKS_MAX / SLAB_BLOCKS };

struct stream_block {
    struct stream_block *next;
    uint32_t seq, len;
    uint32_t gap; /* bytes after these that were on the wire but not captured */
    uint32_t unused;
    uint8_t bytes[BLOCK_BYTES];
};

struct stream_pool {
    struct net_counters *counters;
    struct stream_block *free_blocks;
    struct stream_block *slab[SLABS_MAX]; /* owned */
    size_t slabs;
};

enum vg_err
stream_pool_new(struct net_counters *counters, struct stream_pool **out)
{
    struct stream_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL)
        return VG_ERR_NOMEM;
    pool->counters = counters;
    *out = pool;
    return VG_OK;
}

void
stream_pool_free(struct stream_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->slabs; i++)
        free(pool->slab[i]);
    free(pool);
}

static struct stream_block *
block_take(struct stream_pool *pool)
{
    struct stream_block *b = pool->free_blocks;

    if (b == NULL && pool->slabs < SLABS_MAX) {
        struct stream_block *slab = calloc(SLAB_BLOCKS, sizeof(*slab));

        if (slab == NULL)
            return NULL;
        pool->slab[pool->slabs++] = slab;
        for (size_t i = 0; i < SLAB_BLOCKS; i++) {
            slab[i].next = pool->free_blocks;
            pool->free_blocks = &slab[i];
        }
        b = pool->free_blocks;
    }
    if (b != NULL)
        pool->free_blocks = b->next;
    return b;
}

static void
block_give(struct stream_pool *pool, struct stream_block *b)
{
    b->next = pool->free_blocks;
    pool->free_blocks = b;
}

/* Distance on the circle of sequence numbers; negative: a lies before b. */
static int32_t
seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

void
stream_ignore(struct stream_pool *pool, struct stream *s)
{
    while (s->waiting != NULL) {
        struct stream_block *b = s->waiting;

        s->waiting = b->next;
        block_give(pool, b);
    }
    s->waiting_bytes = 0;
    s->ignored = true;
}

static void
deliver_gap(struct stream_pool *pool, struct stream *s, uint32_t bytes,
            const struct stream_user *user)
{
    if (bytes == 0)
        return;
    pool->counters->stream_gaps++;
    pool->counters->stream_gap_bytes += bytes;
    s->next += bytes;
    if (!s->ignored)
        user->gap(user->ctx, bytes);
}

static void
deliver(struct stream_pool *pool, struct stream *s, struct slice bytes, uint32_t gap,
        const struct stream_user *user)
{
    s->next += (uint32_t)bytes.left;
    if (bytes.left > 0 && !s->ignored)
        user->bytes(user->ctx, bytes);
    deliver_gap(pool, s, gap, user);
}

static void
deliver_end(struct stream *s, const struct stream_user *user)
{
    if (!s->fin || s->ended || seq_diff(s->next, s->fin_at) < 0)
        return;
    s->ended = true;
    if (!s->ignored)
        user->end(user->ctx);
}

/* Hands on the waiting blocks that begin where `next` is. */
static void
drain(struct stream_pool *pool, struct stream *s, const struct stream_user *user)
{
    while (s->waiting != NULL && seq_diff(s->waiting->seq, s->next) <= 0) {
        struct stream_block *b = s->waiting;
        uint32_t old = s->next - b->seq;
        struct slice bytes = slice_of(b->bytes, b->len);
        uint32_t gap = b->gap;

        if (old < b->len) {
            slice_skip(&bytes, old);
        } else { /* all of it was seen; part of the uncaptured tail may be new */
            uint32_t seen = old - b->len;

            bytes = slice_of(NULL, 0);
            gap = seen < gap ? gap - seen : 0;
        }
        s->waiting = b->next;
        s->waiting_bytes -= b->len;
        s->late = 0;
        deliver(pool, s, bytes, gap, user);
        block_give(pool, b);
        if (s->ignored) {
            stream_ignore(pool, s);
            return;
        }
    }
    deliver_end(s, user);
}

/* Gives the first hole up. */
static void
skip_hole(struct stream_pool *pool, struct stream *s, const struct stream_user *user)
{
    s->late = 0;
    deliver_gap(pool, s, s->waiting->seq - s->next, user);
    if (s->ignored)
        stream_ignore(pool, s);
    else
        drain(pool, s, user);
}

/* Keeps one piece after *place; false when the pool is empty. */
static bool
keep_piece(struct stream_pool *pool, struct stream *s, struct stream_block **place, uint32_t seq,
           struct slice bytes, uint32_t gap)
{
    struct stream_block *b = block_take(pool);

    if (b == NULL)
        return false;
    b->seq = seq;
    b->len = (uint32_t)bytes.left;
    b->gap = gap;
    (void)slice_copy(&bytes, b->bytes, bytes.left);
    b->next = *place;
    *place = b;
    s->waiting_bytes += b->len;
    return true;
}

/* Keeps what is new of an early segment, in pieces between the blocks that are there. */
static bool
keep(struct stream_pool *pool, struct stream *s, uint32_t seq, struct slice bytes, uint32_t gap)
{
    struct stream_block **place = &s->waiting;

    while (bytes.left > 0) {
        uint32_t room = (uint32_t)(bytes.left < BLOCK_BYTES ? bytes.left : BLOCK_BYTES);
        struct stream_block *b = *place;
        struct slice piece;

        if (b != NULL && seq_diff(seq, b->seq + b->len) >= 0) {
            place = &b->next;
            continue;
        }
        if (b != NULL && seq_diff(seq, b->seq) >= 0) { /* known already */
            uint32_t same = b->seq + b->len - seq;

            if (same > bytes.left)
                same = (uint32_t)bytes.left;
            pool->counters->stream_overlap += same;
            slice_skip(&bytes, same);
            seq += same;
            continue;
        }
        if (b != NULL && b->seq - seq < room)
            room = b->seq - seq;
        piece = slice_sub(&bytes, room);
        if (!keep_piece(pool, s, place, seq, piece, bytes.left == 0 ? gap : 0))
            return false;
        seq += room;
        place = &(*place)->next;
    }
    return true;
}

static void
early(struct stream_pool *pool, struct stream *s, uint32_t seq, struct slice bytes, uint32_t gap,
      const struct stream_user *user)
{
    pool->counters->stream_out_of_order++;
    if (seq - s->next > (1U << 30) || bytes.left == 0) { /* not of this connection's window */
        pool->counters->stream_refused++;
        return;
    }
    if (!keep(pool, s, seq, bytes, gap)) {
        pool->counters->stream_refused++;
        if (s->waiting != NULL)
            skip_hole(pool, s, user);
    }
    while (s->waiting_bytes > STREAM_PENDING_MAX && !s->ignored)
        skip_hole(pool, s, user);
}

void
stream_segment(struct stream_pool *pool, struct stream *s, const struct stream_segment *seg,
               const struct stream_user *user)
{
    uint32_t seq = seg->seq + (seg->syn ? 1 : 0), gap = 0;
    struct slice bytes = seg->bytes;
    int32_t ahead;

    if (!s->known) {
        s->known = true;
        s->next = seq;
    }
    if (seg->wire > bytes.left)
        gap = seg->wire - (uint32_t)bytes.left;
    if (seg->fin && !s->fin) {
        s->fin = true;
        s->fin_at = seq + seg->wire;
    }
    if (s->ignored || s->ended)
        return;
    ahead = seq_diff(seq, s->next);
    if (ahead < 0) {
        uint32_t old = s->next - seq;

        if (old >= seg->wire) {
            pool->counters->stream_overlap += seg->wire;
            deliver_end(s, user);
            return;
        }
        pool->counters->stream_overlap += old;
        if (old < bytes.left) {
            slice_skip(&bytes, old);
        } else {
            gap -= old - (uint32_t)bytes.left;
            bytes = slice_of(NULL, 0);
        }
        ahead = 0;
    }
    if (ahead > 0 && seg->wire > 0) {
        early(pool, s, seq, bytes, gap, user);
        return;
    }
    if (ahead == 0)
        deliver(pool, s, bytes, gap, user);
    if (s->ignored)
        stream_ignore(pool, s);
    else
        drain(pool, s, user);
}

void
stream_acked(struct stream_pool *pool, struct stream *s, uint32_t ack,
             const struct stream_user *user)
{
    if (s->ignored || s->waiting == NULL || seq_diff(ack, s->waiting->seq) <= 0)
        return;
    if (++s->late > STREAM_ACKED_SEGMENTS)
        skip_hole(pool, s, user);
}

void
stream_flush(struct stream_pool *pool, struct stream *s, const struct stream_user *user)
{
    while (s->waiting != NULL && !s->ignored)
        skip_hole(pool, s, user);
}
