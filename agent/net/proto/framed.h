/* SPDX-License-Identifier: Apache-2.0 */
/* framed: one direction of a protocol whose messages say their length. A message that lies whole
 * within a segment is lent without a copy; what is incomplete waits, and is wiped when it was used,
 * as it may hold a password. */
#pragma once

#include "agent/net/protocol.h"
#include "common/buf.h"

enum { FRAMED_KEEP_MAX = 128 * 1024 };

struct framed {
    struct buf part;
    uint64_t skip; /* bytes to come that nobody wants */
};

/* Takes one message from the beginning of *in. VG_AGAIN: it is not whole yet (*in is put back); any
 * other but VG_OK ends the conversation. It may set skip for what follows. */
typedef enum vg_err framed_fn(void *self, const struct protocol_call *call, struct slice *in);

void framed_init(struct framed *f, size_t keep_max);
void framed_done(struct framed *f, const struct protocol_call *call);
/* Calls `take` as long as there is something; stops when the flow is handed over. */
enum vg_err framed_bytes(struct framed *f, const struct protocol_call *call, struct slice bytes,
                         framed_fn *take, void *self) VG_MUST_CHECK;
/* A hole: true where it lay in what nobody wants, and the next message can be found. */
bool framed_gap(struct framed *f, uint64_t bytes);
