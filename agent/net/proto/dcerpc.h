/* SPDX-License-Identifier: Apache-2.0 */
/* dcerpc: remote procedure calls of Windows (DCE 1.1 RPC, C706; MS-RPCE), wherever they travel: a TCP
 * connection (dcerpc.c) or a named pipe of SMB. Interfaces that are bound become names, operation
 * numbers as well; arguments are passed over.
 *
 * Record "dcerpc": interface (name, or UUID of one that we do not know), operation ("bind", name, or
 * number), opnum (not for binds), calls (so far on this association), pipe (where it was one), user,
 * domain and workstation once NTLM showed them. The same operation is told again at its 10th,
 * 100th, ... call, and at the end. A log-in by NTLM is a log-in, service "dcerpc". */
#pragma once

#include "agent/net/protocol.h"
#include "common/str.h"

enum {
    DCERPC_CONTEXTS_MAX = 8,
    DCERPC_OPERATIONS_MAX = 32, /* distinct ones that are told, of one association */
    DCERPC_HEAD_MAX = 4096,     /* of a bind we read the beginning */
    DCERPC_HEADER_BYTES = 16,
    DCERPC_UUID_TEXT = 37,
};

struct dcerpc;

/* `pipe`: the pipe's name, static or outliving it; "" for TCP. NULL at the parsers' cap. */
struct dcerpc *dcerpc_new(const struct protocol_call *call, struct str pipe, unsigned client);
/* The next bytes of call->dir. VG_ERR_FORMAT: this is no DCE/RPC. */
enum vg_err dcerpc_bytes(struct dcerpc *d, const struct protocol_call *call,
                         struct slice bytes) VG_MUST_CHECK;
/* Bytes that were never seen: the rest of the fragment is passed over; where fragments begin is
 * found again at the next call of dcerpc_bytes() that begins with one. */
void dcerpc_gap(struct dcerpc *d, const struct protocol_call *call, uint64_t bytes);
/* Tells what is open and frees. NULL is fine. */
void dcerpc_free(struct dcerpc *d, const struct protocol_call *call);

/* Whether a fragment begins here: PROBE_MORE while too short to tell. */
enum probe dcerpc_looks(struct slice in);

/* ---- names (dcerpc_names.c) ---- */
struct dcerpc_interface;
/* The interface of this UUID (in text), or NULL. */
const struct dcerpc_interface *dcerpc_interface_find(const char *uuid);
const char *dcerpc_interface_name(const struct dcerpc_interface *i);
/* NULL where we know none. */
const char *dcerpc_operation_name(const struct dcerpc_interface *i, uint16_t opnum);
