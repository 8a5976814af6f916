/* SPDX-License-Identifier: Apache-2.0 */
/* http_request: what is kept of a request until its response has come, in the engine's memory, and
 * how it is told. Passwords and card numbers of the URI are masked here, before anybody sees it. */
#pragma once

#include "agent/net/proto/http_head.h"
#include "agent/net/protocol.h"

enum {
    HTTP_URI_MAX = 16 * 1024,
    HTTP_TEXT_MAX = 1024, /* host, user agent, referer */
};

struct http_request {
    struct http_request *next;
    size_t size;
    struct str method, uri, host, user_agent, referer, type, odd;
    struct str user, domain; /* of a log-in */
    bool login, cleartext;   /* somebody says who he is; in the clear */
    bool judged;             /* the log-in is one that the status answers */
    bool incomplete;         /* not seen whole: stopped (RFC 9112, 8), or with holes */
    bool holes;
    uint64_t body, session;
    char card[5]; /* last four digits of a card number in the URI, or "" */
    char text[];
};

/* A copy of the head's texts, cut to their caps; NULL when the engine's memory for parsers is used
 * up. */
struct http_request *http_request_new(const struct protocol_call *call, const struct http_head *h);
void http_request_free(const struct protocol_call *call, struct http_request *r);
/* Tells the request and the try to log in that it was. `status` 0: no response was seen. */
void http_request_tell(const struct http_request *r, const struct protocol_call *call,
                       unsigned client, int status, struct str mime);
/* What the status says of the request's try to log in. */
enum login_result http_request_result(const struct http_request *r, int status);
