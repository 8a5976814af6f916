/* SPDX-License-Identifier: Apache-2.0 */
/* pieces: bytes that come by offset, in any order, over several packets: the CRYPTO frames of QUIC,
 * the fragments of DTLS. Holds what is there; what comes twice is written twice. */
#pragma once

#include "agent/net/engine.h"

enum {
    PIECES_BYTES_MAX = 16 * 1024,
    PIECES_RANGES_MAX = 32, /* separate stretches at a time */
};

struct pieces {
    struct buf bytes; /* with zeros where a piece is missing */
    struct {
        uint16_t from, to;
    } range[PIECES_RANGES_MAX]; /* sorted, neither touching nor overlapping */
    uint8_t count;
};

void pieces_init(struct pieces *p);
void pieces_done(struct net_engine *e, struct pieces *p);
/* Forgets all of it, keeps the memory. */
void pieces_clear(struct pieces *p);
/* VG_ERR_LIMIT beyond PIECES_BYTES_MAX, PIECES_RANGES_MAX or the engine's memory; VG_ERR_NOMEM. */
enum vg_err pieces_put(struct net_engine *e, struct pieces *p, uint64_t offset,
                       struct slice bytes) VG_MUST_CHECK;
/* What is there without a hole, from the beginning. */
struct slice pieces_start(const struct pieces *p);
