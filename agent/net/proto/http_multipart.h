/* SPDX-License-Identifier: Apache-2.0 */
/* http_multipart: the parts of a multipart body (RFC 2046, 5.1; uploads: RFC 7578; several ranges:
 * RFC 9110, 14.6), as they come by. Bytes between delimiters are handed on as they lie; only the
 * heads of parts are gathered. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/http_head.h"

enum { HTTP_BOUNDARY_MAX = 70, HTTP_PART_HEAD_MAX = 8 * 1024 };

struct http_multipart;

struct http_part_user {
    void (*begin)(void *ctx, const struct protocol_call *call, const struct http_head *fields);
    void (*bytes)(void *ctx, const struct protocol_call *call, struct slice bytes);
    /* `whole`: the delimiter behind it was seen. */
    void (*end)(void *ctx, const struct protocol_call *call, bool whole);
    void *ctx;
};

/* NULL: no usable boundary, or no memory. `user` is copied. */
struct http_multipart *http_multipart_new(struct net_engine *e, struct str boundary,
                                          const struct http_part_user *user);
/* Ends a part that is open. */
void http_multipart_free(struct http_multipart *m, const struct protocol_call *call);
void http_multipart_bytes(struct http_multipart *m, const struct protocol_call *call,
                          struct slice bytes);
/* Bytes are missing; the next ones may be anything but the rest of a delimiter. Whether they
 * belong to the part that is open is for the user to say: its end is told at the next delimiter. */
void http_multipart_gap(struct http_multipart *m, const struct protocol_call *call);
