/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/stream.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 2048 - 24, SLAB_BLOCKS = 64 };
enum { BLOCKS_MAX = STREAM_POOL_BYTES / 2048, SLABS_MAX = BLOCKS_MAX / SLAB_BLOCKS };

struct stream_block {
    struct stream_block *next;
    uint32_t seq, len;
    uint32_t gap; /* bytes after these that were on the wire but not captured */
    bool quiet;   /* not to be handed on */
    bool doubted; /* handed on only when it is acknowledged */
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

static void
drop_waiting(struct stream_pool *pool, struct stream *s)
{
    while (s->waiting != NULL) {
        struct stream_block *b = s->waiting;

        s->waiting = b->next;
        block_give(pool, b);
    }
    s->waiting_bytes = 0;
    s->doubts = false;
}

/* Forgets what waits in doubt and has bytes of [from, from + len). */
static void
drop_doubted(struct stream_pool *pool, struct stream *s, uint32_t from, uint32_t len)
{
    struct stream_block **place = &s->waiting;

    s->doubts = false;
    while (*place != NULL) {
        struct stream_block *b = *place;

        if (b->doubted && seq_diff(b->seq, from + len) < 0 && seq_diff(b->seq + b->len, from) > 0) {
            *place = b->next;
            s->waiting_bytes -= b->len;
            block_give(pool, b);
        } else {
            s->doubts = s->doubts || b->doubted;
            place = &b->next;
        }
    }
}

void
stream_ignore(struct stream_pool *pool, struct stream *s)
{
    drop_waiting(pool, s);
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
deliver_quietly(struct stream_pool *pool, struct stream *s, struct slice bytes)
{
    pool->counters->stream_urgent += bytes.left;
    s->next += (uint32_t)bytes.left;
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

/* Hands on the waiting blocks that begin where `next` is, up to one in doubt. */
static void
drain(struct stream_pool *pool, struct stream *s, const struct stream_user *user)
{
    while (s->waiting != NULL && seq_diff(s->waiting->seq, s->next) <= 0 && !s->waiting->doubted) {
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
        s->late = s->unheard = 0;
        if (b->quiet)
            deliver_quietly(pool, s, bytes);
        else
            deliver(pool, s, bytes, gap, user);
        block_give(pool, b);
        if (s->ignored) {
            stream_ignore(pool, s);
            return;
        }
    }
    deliver_end(s, user);
}

/* Gives the first hole up, and all that is in doubt. */
static void
skip_hole(struct stream_pool *pool, struct stream *s, const struct stream_user *user)
{
    s->late = s->unheard = 0;
    if (s->doubts)
        drop_doubted(pool, s, s->next, STREAM_AHEAD_MAX);
    if (s->waiting == NULL)
        return;
    deliver_gap(pool, s, s->waiting->seq - s->next, user);
    if (s->ignored)
        stream_ignore(pool, s);
    else
        drain(pool, s, user);
}

/* Keeps one piece after *place; false when the pool is empty. */
static bool
keep_piece(struct stream_pool *pool, struct stream *s, struct stream_block **place, uint32_t seq,
           struct slice bytes, uint32_t gap, bool quiet)
{
    struct stream_block *b = block_take(pool);

    if (b == NULL)
        return false;
    b->seq = seq;
    b->len = (uint32_t)bytes.left;
    b->gap = gap;
    b->quiet = quiet;
    b->doubted = false;
    (void)slice_copy(&bytes, b->bytes, bytes.left);
    b->next = *place;
    *place = b;
    s->waiting_bytes += b->len;
    return true;
}

/* The part of `bytes`, which begin at `seq`, that `b` holds already. */
static void
skip_known(struct stream_pool *pool, const struct stream_block *b, uint32_t seq,
           struct slice *bytes)
{
    uint32_t at = seq - b->seq, same = b->len - at;
    struct slice have = slice_of(b->bytes, b->len);
    const uint8_t *again, *before;

    if (same > bytes->left)
        same = (uint32_t)bytes->left;
    slice_skip(&have, at);
    before = slice_take(&have, same);
    again = slice_take(bytes, same);
    pool->counters->stream_overlap += same;
    if (before != NULL && again != NULL && memcmp(before, again, same) != 0)
        pool->counters->stream_conflict += same;
}

/* Keeps what is new of a segment, in pieces between the blocks that are there. */
static bool
keep(struct stream_pool *pool, struct stream *s, uint32_t seq, struct slice bytes, uint32_t gap,
     bool quiet)
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
        if (b != NULL && seq_diff(seq, b->seq) >= 0) {
            size_t left = bytes.left;

            skip_known(pool, b, seq, &bytes);
            seq += (uint32_t)(left - bytes.left);
            continue;
        }
        if (b != NULL && b->seq - seq < room)
            room = b->seq - seq;
        piece = slice_sub(&bytes, room);
        if (!keep_piece(pool, s, place, seq, piece, bytes.left == 0 ? gap : 0, quiet))
            return false;
        seq += room;
        place = &(*place)->next;
    }
    return true;
}

/* Beyond any window: forged, unless so many come that the capture must have lost what was between.
 */
static void
far_ahead(struct stream_pool *pool, struct stream *s, uint32_t seq, struct slice bytes,
          uint32_t gap, const struct stream_user *user)
{
    pool->counters->stream_refused++;
    if (++s->late <= STREAM_LOST_SEGMENTS)
        return;
    while (s->waiting != NULL && !s->ignored)
        skip_hole(pool, s, user);
    s->late = 0;
    if (seq_diff(seq, s->next) > 0)
        deliver_gap(pool, s, seq - s->next, user);
    deliver(pool, s, bytes, gap, user);
}

static void
early(struct stream_pool *pool, struct stream *s, uint32_t seq, const struct stream_segment *seg,
      const struct stream_user *user)
{
    uint32_t gap = seg->wire - (uint32_t)seg->bytes.left;

    pool->counters->stream_out_of_order++;
    if (seq - s->next > STREAM_AHEAD_MAX) {
        far_ahead(pool, s, seq, seg->bytes, gap, user);
        return;
    }
    if (seg->bytes.left == 0) { /* cut off by the snap length: nothing to keep */
        pool->counters->stream_refused++;
        return;
    }
    s->begun = true;
    if (!keep(pool, s, seq, seg->bytes, gap, seg->quiet)) {
        pool->counters->stream_refused++;
        if (s->waiting != NULL)
            skip_hole(pool, s, user);
    }
    if (seg->alone && !s->ignored && s->waiting != NULL && ++s->unheard > STREAM_UNHEARD_SEGMENTS)
        skip_hole(pool, s, user);
    while (s->waiting_bytes > STREAM_PENDING_MAX && !s->ignored)
        skip_hole(pool, s, user);
}

/* `bytes` begin where the stream waits. Where they reach into what waits already, that was first. */
static void
in_order(struct stream_pool *pool, struct stream *s, struct slice bytes, uint32_t gap, bool quiet,
         const struct stream_user *user)
{
    s->begun = s->begun || bytes.left > 0 || gap > 0;
    if (s->waiting != NULL && seq_diff(s->next + (uint32_t)bytes.left, s->waiting->seq) > 0 &&
        keep(pool, s, s->next, bytes, gap, quiet))
        return;
    if (quiet)
        deliver_quietly(pool, s, bytes);
    else
        deliver(pool, s, bytes, gap, user);
}

/* A FIN before bytes that came by, or beyond any window, is forged. */
static void
take_fin(struct stream_pool *pool, struct stream *s, uint32_t at)
{
    int32_t ahead = seq_diff(at, s->next);

    if (ahead < 0 || ahead > STREAM_AHEAD_MAX) {
        pool->counters->stream_refused++;
        return;
    }
    s->fin = true;
    s->fin_at = at;
}

/* Bytes that came with a SYN wait for the answer. */
static void
hold(struct stream_pool *pool, struct stream *s, const struct stream_segment *seg)
{
    drop_waiting(pool, s);
    s->held = keep(pool, s, s->next, seg->bytes, 0, false);
}

/* Whether they count is known: the peer acknowledged the SYN, or the sender went on. */
static void
settle(struct stream_pool *pool, struct stream *s, bool counts, const struct stream_user *user)
{
    s->held = false;
    if (counts) {
        s->begun = true;
        drain(pool, s, user);
    } else {
        pool->counters->stream_early_data++;
        drop_waiting(pool, s);
    }
}

/* Keeps a segment with a wrong checksum, unless its bytes are there already. */
static void
doubt(struct stream_pool *pool, struct stream *s, const struct stream_segment *seg)
{
    uint32_t end = seg->seq + (uint32_t)seg->bytes.left;
    int32_t ahead = seq_diff(seg->seq, s->next);

    if (!s->known || s->held || s->ignored || s->ended || seg->bytes.left == 0 || ahead < 0 ||
        ahead > STREAM_PENDING_MAX || s->waiting_bytes + seg->bytes.left > STREAM_PENDING_MAX)
        return;
    for (const struct stream_block *b = s->waiting; b != NULL; b = b->next)
        if (seq_diff(b->seq, end) < 0 && seq_diff(b->seq + b->len, seg->seq) > 0)
            return;
    (void)keep(pool, s, seg->seq, seg->bytes, seg->wire - (uint32_t)seg->bytes.left, seg->quiet);
    for (struct stream_block *b = s->waiting; b != NULL; b = b->next)
        if (seq_diff(b->seq, seg->seq) >= 0 && seq_diff(b->seq, end) < 0)
            b->doubted = s->doubts = true;
}

/* The peer took it, so it was right when it arrived there. */
static void
believe(struct stream *s, uint32_t ack)
{
    s->doubts = false;
    for (struct stream_block *b = s->waiting; b != NULL; b = b->next) {
        if (seq_diff(ack, b->seq + b->len) >= 0)
            b->doubted = false;
        s->doubts = s->doubts || b->doubted;
    }
}

void
stream_segment(struct stream_pool *pool, struct stream *s, const struct stream_segment *seg,
               const struct stream_user *user)
{
    uint32_t seq = seg->seq + (seg->syn ? 1 : 0), gap = 0;
    struct slice bytes = seg->bytes;
    int32_t ahead;

    if (seg->doubted) {
        doubt(pool, s, seg);
        return;
    }
    if (!s->known || (seg->syn && !s->begun)) {
        s->known = true;
        s->next = seq;
    }
    if (seg->offered && !s->begun && !s->ignored) {
        hold(pool, s, seg);
        return;
    }
    if (s->held)
        settle(pool, s, !seg->syn && seq_diff(seq, s->next) > 0, user);
    if (seg->wire > bytes.left)
        gap = seg->wire - (uint32_t)bytes.left;
    if (s->ignored || s->ended)
        return;
    if (s->doubts && seg->wire > 0)
        drop_doubted(pool, s, seq, seg->wire);
    if (seg->fin && !s->fin)
        take_fin(pool, s, seq + seg->wire);
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
    if (ahead > 0 && seg->wire > 0)
        early(pool, s, seq, seg, user);
    else if (ahead == 0)
        in_order(pool, s, bytes, gap, seg->quiet, user);
    if (s->ignored)
        stream_ignore(pool, s);
    else
        drain(pool, s, user);
}

void
stream_acked(struct stream_pool *pool, struct stream *s, uint32_t ack,
             const struct stream_user *user)
{
    if (!s->known || s->ignored)
        return;
    if (s->held && seq_diff(ack, s->next) >= 0)
        settle(pool, s, seq_diff(ack, s->next) > 0, user);
    if (s->doubts && seq_diff(ack, s->next) <= STREAM_AHEAD_MAX) {
        believe(s, ack);
        drain(pool, s, user);
    }
    if (seq_diff(ack, s->next) > STREAM_AHEAD_MAX && s->late > 0) { /* much was lost */
        while (s->waiting != NULL && !s->ignored)
            skip_hole(pool, s, user);
        if (seq_diff(ack, s->next) > 0)
            deliver_gap(pool, s, ack - s->next, user);
        s->late = 0;
        return;
    }
    if (s->waiting == NULL || seq_diff(ack, s->waiting->seq) <= 0)
        return;
    if (++s->late > STREAM_ACKED_SEGMENTS)
        skip_hole(pool, s, user);
}

void
stream_flush(struct stream_pool *pool, struct stream *s, const struct stream_user *user)
{
    if (s->held)
        settle(pool, s, true, user);
    while (s->waiting != NULL && !s->ignored)
        skip_hole(pool, s, user);
}
