/* SPDX-License-Identifier: Apache-2.0 */
/* http_body: the content of one message on its way to transfers: codings undone, multipart bodies
 * split into their parts, forms looked through for who logs in. There is none where nobody wants
 * to know: the bytes of such a message are only counted by its reader. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/http_head.h"

struct http_body;

struct http_body_about {
    const struct http_head *head;
    struct str uri, host; /* of the request */
    bool from_server;
    unsigned client; /* direction index */
};

/* All texts are copied. NULL where nobody wants the content, and without memory: all others take
 * NULL then. */
struct http_body *http_body_begin(const struct protocol_call *call,
                                  const struct http_body_about *about);
void http_body_bytes(struct http_body *b, const struct protocol_call *call, struct slice bytes);
/* Bytes that were never seen: what is coded ends here, what is plain goes on behind the hole. */
void http_body_gap(struct http_body *b, const struct protocol_call *call, uint64_t bytes);
/* `whole`: the message said that this was its end. */
void http_body_end(struct http_body *b, const struct protocol_call *call, bool whole);
