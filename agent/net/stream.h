/* SPDX-License-Identifier: Apache-2.0 */
/* stream: one direction of a TCP connection put in order (RFC 9293, 3.4).
 *
 * In-order segments are handed on as they lie in the frame, without a copy. What comes early waits
 * in blocks of a shared pool, within a cap for the direction and one for all. Of bytes that come
 * twice the first copy counts, waiting or not, as it does on Windows since Vista, the system of most
 * of a shop's PCs; other bytes than before are counted. A hole is given up, with a gap notice, when
 * a cap is reached, when the peer acknowledged bytes that never came by, when nobody was heard to
 * acknowledge for long, or at the end. Segments beyond any window are refused. What came with a wrong
 * checksum waits until the peer acknowledges it, and gives way to what comes with a right one. */
#pragma once

#include "agent/net/counters.h"
#include "common/slice.h"

enum {
    STREAM_PENDING_MAX = 256 * 1024,     /* bytes that wait, one direction */
    STREAM_POOL_BYTES = 4 * 1024 * 1024, /* bytes that wait, all */
    STREAM_ACKED_SEGMENTS = 3,           /* a hole below an ACK is given up after this many */
    STREAM_UNHEARD_SEGMENTS = 32,        /* a hole, while the other side was never seen */
    STREAM_AHEAD_MAX = 4 * 1024 * 1024,  /* further ahead than this is no window in use */
    STREAM_LOST_SEGMENTS = 64,           /* as many on end further ahead: much was lost */
};

struct stream_block;

struct stream {
    bool known : 1;   /* `next` means something */
    bool begun : 1;   /* bytes were handed on, or wait: a SYN no longer moves `next` */
    bool ignored : 1; /* nobody wants the bytes: nothing is kept */
    bool ended : 1;   /* FIN delivered or given up */
    bool held : 1;    /* what waits came with the SYN: who answers it says whether it counts */
    bool fin : 1;     /* `fin_at` means something */
    bool doubts : 1;  /* some of what waits is in doubt */
    uint8_t unheard;  /* segments since the hole, while the peer is silent */
    uint16_t late;    /* segments since the hole was acknowledged, or too far ahead */
    uint32_t next;    /* sequence number that is wanted next */
    uint32_t fin_at;
    uint32_t waiting_bytes;
    struct stream_block *waiting; /* sorted, never overlapping; owned by the pool */
};

struct stream_pool;
enum vg_err stream_pool_new(struct net_counters *counters, struct stream_pool **out) VG_MUST_CHECK;
void stream_pool_free(struct stream_pool *pool);

struct stream_user {
    void (*bytes)(void *ctx, struct slice bytes);
    void (*gap)(void *ctx, uint32_t bytes);
    void (*end)(void *ctx); /* FIN, in order */
    void *ctx;
};

struct stream_segment {
    uint32_t seq;
    bool syn, fin;
    bool offered;       /* came with a SYN: counts when it is acknowledged (RFC 9293, 3.10.7) */
    bool quiet;         /* one urgent byte: takes a number, but is not handed on (RFC 6093) */
    bool doubted;       /* its checksum is wrong: counts when its bytes are acknowledged */
    bool alone;         /* the other side was never seen: nobody acknowledges */
    uint32_t wire;      /* payload bytes as the header says */
    struct slice bytes; /* those of them that were captured */
};

/* Takes a segment; calls `user` for all that is in order now. The user may set s->ignored. */
void stream_segment(struct stream_pool *pool, struct stream *s, const struct stream_segment *seg,
                    const struct stream_user *user);
/* The peer acknowledged up to `ack`. */
void stream_acked(struct stream_pool *pool, struct stream *s, uint32_t ack,
                  const struct stream_user *user);
/* Hands on what waits, holes as gaps; afterwards nothing waits. */
void stream_flush(struct stream_pool *pool, struct stream *s, const struct stream_user *user);
/* Forgets what waits and wants nothing more. */
void stream_ignore(struct stream_pool *pool, struct stream *s);
