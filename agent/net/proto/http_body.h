/* SPDX-License-Identifier: Apache-2.0 */
/* http_body: the content of one message on its way to OBS_BODY: content coding undone (gzip,
 * deflate by zlib), growth bounded. Memory of zlib is charged to the engine. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/http_head.h"

enum {
    HTTP_BODY_DECODED_MAX = 32 * 1024 * 1024, /* of one body */
    HTTP_BODY_FREE_BYTES = 1024 * 1024,       /* may grow at any ratio */
    HTTP_BODY_RATIO_MAX = 200,
};

struct http_body {
    bool open, from_server, started;
    enum http_coding coding;
    void *inflater; /* z_stream, owned; NULL while not needed */
    uint64_t stream, offset, taken;
    struct str name, mime, host; /* borrowed: outlive the body */
    unsigned client;             /* direction index */
};

void http_body_begin(struct http_body *b, enum http_coding coding);
void http_body_bytes(struct http_body *b, const struct protocol_call *call, struct slice bytes);
/* Bytes that were never seen: what is coded ends here, what is plain goes on behind the hole. */
void http_body_gap(struct http_body *b, const struct protocol_call *call, uint64_t bytes);
/* Tells the end when anything was told; frees. */
void http_body_end(struct http_body *b, const struct protocol_call *call);
