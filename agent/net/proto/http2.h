/* SPDX-License-Identifier: Apache-2.0 */
/* http2: requests of HTTP/2 in clear text (RFC 9113): begun with its preface, or by an upgrade from
 * HTTP/1.1 (RFC 7540, 3.2). Heads are unpacked (HPACK, RFC 7541, by libnghttp2) and told as those
 * of HTTP/1 are; contents are counted. */
#pragma once

#include "agent/net/protocol.h"

enum {
    HTTP2_STREAMS_MAX = 100,     /* requests of one flow that wait for their response */
    HTTP2_BLOCK_MAX = 64 * 1024, /* a head as it is sent, and unpacked */
    HTTP2_FIELDS_MAX = 256,
    HTTP2_TABLE_MAX = 64 * 1024, /* dynamic table of one direction */
};

/* The parser of PROTOCOL_HTTP2 for a flow whose requests come from direction `client`. NULL: no
 * memory. */
void *http2_new(const struct protocol_call *call, unsigned client);
