/* SPDX-License-Identifier: Apache-2.0 */
/* raw: TCP streams that no protocol claims: whether somebody types into a shell there, whether a
 * program is handed over, whether a machine introduces itself to whoever steers it.
 *
 * conversation.c keeps one for each such flow, shows it what others refused, and gives it the flow
 * when they have given up. Texts stay in here: only what was recognised goes out. Some hundred bytes
 * a flow, and RAW_BYTES_MAX of each direction are looked at. */
#pragma once

#include "agent/net/protocol.h"

enum { RAW_BYTES_MAX = 16 * 1024 };

struct raw;

struct raw *raw_new(const struct protocol_call *call); /* NULL without memory */
/* Tells what it has seen (once), unless `quiet`, and frees. NULL is fine. */
void raw_free(struct raw *raw, const struct protocol_call *call, bool quiet);
/* VG_END: enough. */
enum vg_err raw_bytes(struct raw *raw, const struct protocol_call *call, struct slice bytes);

/* For flow->protocol: without a name, and never asked by a probe. */
extern const struct protocol PROTOCOL_RAW;
