/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_request.h"

#include "agent/net/engine.h"

void
http_request_release(const struct protocol_call *call, struct http_request *r)
{
    if (r != NULL && --r->users == 0)
        net_parser_free(call->engine, r, r->size);
}

static struct str
copy_text(struct http_request *r, size_t *used, struct str s, size_t max)
{
    char *to = r->text + *used;
    size_t n = s.len < max ? s.len : max;

    memcpy(to, s.at, n);
    *used += n;
    return str_n(to, n);
}

static size_t
at_most(size_t n, size_t max)
{
    return n < max ? n : max;
}

struct http_request *
http_request_new(const struct protocol_call *call, const struct http_head *h)
{
    size_t size = sizeof(struct http_request) + h->method.len + at_most(h->uri.len, HTTP_URI_MAX) +
                  at_most(h->host.len, HTTP_TEXT_MAX) + at_most(h->user_agent.len, HTTP_TEXT_MAX) +
                  at_most(h->content_type.len, HTTP_TEXT_MAX);
    struct http_request *r = net_parser_alloc(call->engine, size);
    size_t used = 0;

    if (r == NULL)
        return NULL;
    r->size = size;
    r->users = 1;
    r->method = copy_text(r, &used, h->method, HTTP_METHOD_MAX);
    r->uri = copy_text(r, &used, h->uri, HTTP_URI_MAX);
    r->host = copy_text(r, &used, h->host, HTTP_TEXT_MAX);
    r->user_agent = copy_text(r, &used, h->user_agent, HTTP_TEXT_MAX);
    r->type = copy_text(r, &used, h->content_type, HTTP_TEXT_MAX);
    return r;
}
