/* SPDX-License-Identifier: Apache-2.0 */
/* frame: the messages between a worker and the keeper (DESIGN, Sensor to keeper).
 *
 * On the stream: length (be32, of what follows), type (1 byte), payload. Text fields inside a
 * payload are a be16 length and bytes. The keeper treats a worker as taken over: frame_gate_pass()
 * says which types it may send, of what size, how often; all else is VG_ERR_DENIED and the end of
 * that worker. Workers trust the keeper but read with the same bounds. */
#pragma once

#include "common/buf.h"

enum { FRAME_BYTES_MAX = 1024 * 1024, FRAME_HEAD_SIZE = 5 };

enum frame_type {
    /* worker to keeper */
    FRAME_READY = 'Y',       /* JSON: what the sandbox holds, capture details */
    FRAME_EVENT = 'E',       /* JSON */
    FRAME_OBSERVATION = 'O', /* JSON */
    FRAME_STATE = 'S',       /* text detector, text key, be16 version, blob to the end */
    FRAME_POSITION = 'P',    /* text source, JSON to the end */
    FRAME_COMMIT = 'C',      /* be64 number, rising by one */
    FRAME_HEALTH = 'H',      /* JSON */
    FRAME_OPEN = 'Q',        /* be32 number, path: open it for me (pay sensor; file sensor) */
    FRAME_WHOSE = 'U',  /* net sensor: be32 number, then whose socket (FRAME_WHOSE_SOCKET bytes:
                              * u8 bits 1 TCP, 2 IPv6; local address[16], be16 port; remote
                              * address[16], be16 port) or which file's fingerprint (be64 number) */
    FRAME_MOVE = 'M',   /* file sensor: be32 number, JSON: a question about a file (worker.h) */
    FRAME_ANSWER = 'W', /* host worker: be32 number, be32 vg_err, JSON; may carry a handle */
    /* keeper to worker */
    FRAME_CONFIG = 'K',   /* JSON tree of the configuration; may carry a handle (worker_drives_take()) */
    FRAME_GO = 'G',       /* empty: rows and positions are complete, begin */
    FRAME_ACK = 'A',      /* be64 number of the commit that is durable */
    FRAME_TICK = 'T',     /* be64 time_ns */
    FRAME_FEEDBACK = 'F', /* JSON */
    FRAME_HANDLE = 'D',   /* be32 number, be32 vg_err; carries the handle on VG_OK */
    FRAME_OWNER = 'V',    /* be32 number, be32 vg_err, JSON: the answer to FRAME_WHOSE */
    FRAME_MOVED = 'N',    /* be32 number, be32 vg_err, JSON: the answer to FRAME_MOVE */
    FRAME_ASK = 'B',      /* to the host worker: be32 number, JSON {"what": "open"|"owner"|...} */
    FRAME_STOP = 'X',     /* commit what you have and end */
    /* FRAME_STATE and FRAME_POSITION also come back, at the start */
};

enum { FRAME_WHOSE_SOCKET = 4 + 1 + 18 + 18, FRAME_WHOSE_FILE = 4 + 8 };

/* Appends a whole frame. Sticky errors as buf. */
void frame_put(struct buf *out, enum frame_type type, struct slice payload);
/* In pieces: begin, put the payload with buf_put*(), end with begin's result. */
size_t frame_begin(struct buf *out, enum frame_type type);
void frame_end(struct buf *out, size_t mark);
void frame_put_text(struct buf *out, const void *text, size_t len); /* be16 length; cut at 65535 */

/* Takes the next whole frame from `in`: VG_OK and *type, *payload (borrowed); VG_AGAIN when it is
 * not all there (`in` untouched); VG_ERR_LIMIT when its length is over FRAME_BYTES_MAX. */
enum vg_err frame_next(struct slice *in, enum frame_type *type,
                       struct slice *payload) VG_MUST_CHECK;
/* A text field; bad slice when short. */
struct slice frame_text(struct slice *payload);

enum { FRAME_ANY_TIMES = 0, FRAME_GATE_MAX = 16 };

struct frame_rule {
    enum frame_type type;
    uint32_t min, max;        /* payload bytes, inclusive */
    uint32_t times_max;       /* in the worker's life, or FRAME_ANY_TIMES */
    uint32_t between_commits; /* how many between two commits, or FRAME_ANY_TIMES */
    uint32_t bytes_between;   /* how many payload bytes between two commits, or FRAME_ANY_TIMES */
    enum vg_err (*handle)(void *role, struct slice payload);
};

struct frame_gate {
    const struct frame_rule *rules; /* borrowed, static, at most FRAME_GATE_MAX */
    size_t count;
    struct {
        uint32_t life, since_commit;
        uint64_t bytes;
    } used[FRAME_GATE_MAX];
};

/* Checks type, size and repetition, then returns what the handler returns; a FRAME_COMMIT that is
 * let through opens the next interval. VG_ERR_DENIED. */
enum vg_err frame_gate_pass(struct frame_gate *gate, void *role, enum frame_type type,
                            struct slice payload) VG_MUST_CHECK;
