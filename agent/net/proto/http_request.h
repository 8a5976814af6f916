/* SPDX-License-Identifier: Apache-2.0 */
/* http_request: what is kept of a request until its response has come, in the engine's memory. */
#pragma once

#include "agent/net/proto/http_head.h"
#include "agent/net/protocol.h"

enum {
    HTTP_URI_MAX = 16 * 1024,
    HTTP_TEXT_MAX = 1024, /* host, user agent, content type */
};

/* One request; kept while its own body or its response's still names it. */
struct http_request {
    struct http_request *next;
    size_t size;
    unsigned users;
    struct str method, uri, host, user_agent, type;
    uint64_t body;
    char text[];
};

/* A copy of the head's texts, cut to their caps, with one user; NULL when the engine's memory for
 * parsers is used up. */
struct http_request *http_request_new(const struct protocol_call *call, const struct http_head *h);
/* One user less; the last one frees it. NULL is fine. */
void http_request_release(const struct protocol_call *call, struct http_request *r);
