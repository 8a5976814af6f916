/* SPDX-License-Identifier: Apache-2.0 */
/* pull: the next n bytes of one direction in one piece, however segments cut them.
 *
 * Nothing is copied while what is wanted lies in one segment; otherwise just the bytes that were
 * asked for are gathered. Used as
 *
 *     while (pull_peek(&p, call, &bytes, 4, &head) == VG_OK) { ...; pull_done(&p, &bytes, 4); }
 */
#pragma once

#include "agent/net/engine.h"

enum { PULL_KEEP_BYTES = 256 }; /* an empty buffer larger than this is given back */

struct pull {
    struct buf kept; /* the beginning of what was asked for */
};

/* `most`: no peek asks for more. */
void pull_init(struct pull *p, size_t most);
void pull_free(struct pull *p, struct net_engine *e);

/* *out: the next n bytes, borrowed until the next call. VG_AGAIN: they are not all there yet, and
 * all of *bytes was kept. VG_ERR_LIMIT, VG_ERR_NOMEM: the engine's memory for parsers is used up. */
enum vg_err pull_peek(struct pull *p, const struct protocol_call *call, struct slice *bytes,
                      size_t n, struct slice *out) VG_MUST_CHECK;
/* Takes n bytes that were peeked. */
void pull_done(struct pull *p, const struct protocol_call *call, struct slice *bytes, size_t n);
/* Forgets what was kept (after a hole); returns how much that was. */
size_t pull_forget(struct pull *p, const struct protocol_call *call);
