/* SPDX-License-Identifier: Apache-2.0 */
/* http: HTTP/1.x requests with their responses and bodies (RFC 9112), pipelined or not. */
#include <stddef.h>

#include "agent/net/proto/http_body.h"
#include "agent/net/proto/http_request.h"
#include "agent/net/proto/protocols.h"

enum {
    HTTP_PIPELINE_MAX = 64,
    HTTP_LINE_MAX = 4096, /* a chunk's size line, all trailers */
};

enum http_state {
    HTTP_HEAD,
    HTTP_LENGTH, /* `left` bytes of content */
    HTTP_CLOSE,  /* content until the end of the stream */
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_END, /* CRLF after the data */
    HTTP_TRAILER,
    HTTP_LOST, /* until something begins like a head */
};

struct side {
    enum http_state state;
    struct buf head;
    size_t scanned;
    uint64_t left;
    unsigned line; /* bytes of the chunk line or trailer so far; for trailers of its last line */
    unsigned digits;
    struct http_body body;
    struct http_request *about; /* what `body` borrows from */
    char mime[64];
};

struct http {
    struct side side[2]; /* by direction index */
    unsigned client;
    struct http_request *oldest, *newest; /* wait for their response */
    unsigned waiting;
    bool resync; /* responses were lost: the next one answers the newest */
    uint64_t bodies;
};

/* ---- requests ---- */

static void
tell(struct http *http, const struct protocol_call *call, const struct http_request *r, int status,
     struct str mime)
{
    struct flow_view flow;
    struct http_view view = {
        .flow = &flow,
        .method = r->method,
        .host = r->host,
        .uri = r->uri,
        .user_agent = r->user_agent,
        .mime = mime,
        .status = status,
        .request_body = r->body,
    };
    struct obs obs = {.kind = OBS_HTTP, .time_ns = call->time_ns, .http = &view};

    net_flow_view(call, http->client, &flow);
    net_emit(call->engine, &obs);
}

/* Takes the oldest request off the list. */
static struct http_request *
take_oldest(struct http *http)
{
    struct http_request *r = http->oldest;

    if (r == NULL)
        return NULL;
    http->oldest = r->next;
    if (http->oldest == NULL)
        http->newest = NULL;
    http->waiting--;
    return r;
}

static void
give_up_oldest(struct http *http, const struct protocol_call *call)
{
    struct http_request *r = take_oldest(http);

    tell(http, call, r, 0, str_of(""));
    http_request_release(call, r);
}

/* ---- messages ---- */

/* The media type without its parameters, in lower case. */
static struct str
mime_of(struct str type, char out[64])
{
    size_t n = 0;

    while (n < type.len && n < 63 && type.at[n] != ';' && type.at[n] != ' ' && type.at[n] != ',') {
        char c = type.at[n];

        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return str_n(out, n);
}

static void
body_over(struct side *s, const struct protocol_call *call)
{
    http_body_end(&s->body, call);
    http_request_release(call, s->about);
    s->about = NULL;
    s->state = HTTP_HEAD;
    s->scanned = 0;
}

static void
begin_body(struct http *http, struct side *s, const struct protocol_call *call,
           const struct http_head *h, struct http_request *about, bool until_close)
{
    bool from_server = call->dir != http->client;

    if (h->chunked)
        s->state = HTTP_CHUNK_SIZE;
    else if (h->has_length)
        s->state = HTTP_LENGTH;
    else
        s->state = HTTP_CLOSE;
    if (!h->chunked && (h->has_length ? h->length == 0 : !until_close)) {
        s->state = HTTP_HEAD;
        return;
    }
    s->left = h->length;
    s->line = s->digits = 0;
    if (about != NULL)
        about->users++;
    s->about = about;
    s->body.from_server = from_server;
    s->body.client = http->client;
    s->body.stream = call->flow->id + ++http->bodies;
    s->body.name = about != NULL ? about->uri : str_of("");
    s->body.host = about != NULL ? about->host : str_of("");
    s->body.mime = mime_of(h->content_type, s->mime);
    http_body_begin(&s->body, h->coding);
}

static enum vg_err
on_request(struct http *http, struct side *s, const struct protocol_call *call,
           const struct http_head *h)
{
    struct http_request *r = http_request_new(call, h);

    if (r == NULL)
        return VG_ERR_LIMIT;
    if (http->waiting == HTTP_PIPELINE_MAX)
        give_up_oldest(http, call);
    if (http->newest != NULL)
        http->newest->next = r;
    else
        http->oldest = r;
    http->newest = r;
    http->waiting++;
    net_flow_name_server(call->flow, r->host);
    begin_body(http, s, call, h, r, false);
    return VG_OK;
}

static enum vg_err
on_response(struct http *http, struct side *s, const struct protocol_call *call,
            const struct http_head *h)
{
    struct http_request *r;
    char mime[64];
    bool none, connect;

    if (h->status < 200 && h->status != 101) /* the real one is still to come */
        return VG_OK;
    while (http->resync && http->waiting > 1)
        give_up_oldest(http, call);
    http->resync = false;
    r = take_oldest(http);
    if (r != NULL)
        tell(http, call, r, h->status, mime_of(h->content_type, mime));
    connect = r != NULL && str_is(r->method, "CONNECT") && h->status / 100 == 2;
    none = h->status == 204 || h->status == 304 || (r != NULL && str_is(r->method, "HEAD"));
    if (!none && !connect && h->status != 101)
        begin_body(http, s, call, h, r, true);
    http_request_release(call, r);
    if (connect)
        net_flow_handover(call->flow);
    return connect || h->status == 101 ? VG_END : VG_OK;
}

static enum vg_err
on_head(struct http *http, struct side *s, const struct protocol_call *call, struct slice head)
{
    struct http_head h;

    s->scanned = 0;
    if (http_head_read(head, &h) != VG_OK || h.response != (call->dir != http->client)) {
        s->state = HTTP_LOST;
        if (call->dir != http->client)
            http->resync = true;
        return VG_OK;
    }
    return h.response ? on_response(http, s, call, &h) : on_request(http, s, call, &h);
}

/* ---- the states: each takes what it can from *in ---- */

static enum vg_err
in_head(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    struct slice all = *in;
    enum vg_err err;
    size_t end;

    if (s->head.len == 0) {
        struct slice peek = *in;
        uint8_t c = slice_u8(&peek);

        if (c == '\r' || c == '\n') { /* RFC 9112, 2.2: empty lines before a request */
            *in = peek;
            return VG_OK;
        }
        if (http_head_looks(*in) == 0) {
            s->state = HTTP_LOST;
            if (call->dir != http->client)
                http->resync = true;
            return VG_OK;
        }
        end = http_head_end(all, &s->scanned);
        if (end > 0)
            return on_head(http, s, call, slice_sub(in, end));
    }
    if (net_gather(call->engine, &s->head, in->at, in->left) != VG_OK) {
        net_engine_counters(call->engine)->parser_refused++;
        return VG_ERR_LIMIT;
    }
    end = http_head_end(buf_slice(&s->head), &s->scanned);
    if (end == 0) {
        slice_skip(in, in->left);
        return VG_OK;
    }
    slice_skip(in, in->left - (s->head.len - end));
    all = buf_slice(&s->head);
    err = on_head(http, s, call, slice_sub(&all, end));
    net_gather_done(call->engine, &s->head);
    return err;
}

static void
in_content(struct side *s, const struct protocol_call *call, struct slice *in)
{
    size_t n = s->state != HTTP_CLOSE && s->left < in->left ? (size_t)s->left : in->left;

    if (s->about != NULL && !s->body.from_server)
        s->about->body += n;
    http_body_bytes(&s->body, call, slice_sub(in, n));
    if (s->state == HTTP_CLOSE)
        return;
    s->left -= n;
    if (s->left == 0 && s->state == HTTP_LENGTH)
        body_over(s, call);
    else if (s->left == 0)
        s->state = HTTP_CHUNK_END;
}

static void
lose(struct http *http, struct side *s, const struct protocol_call *call)
{
    body_over(s, call);
    s->state = HTTP_LOST;
    if (call->dir != http->client)
        http->resync = true;
}

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 9112, 7.1: the size in hex, extensions up to the end of the line. */
static void
in_chunk_size(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    while (in->left > 0) {
        uint8_t c = slice_u8(in);
        int digit = s->line == s->digits ? hex_digit(c) : -1;

        if (s->line == 0)
            s->left = 0;
        if (++s->line > HTTP_LINE_MAX || s->digits > 15) {
            lose(http, s, call);
            return;
        }
        if (digit >= 0) {
            s->digits++;
            s->left = s->left << 4 | (unsigned)digit;
        }
        if (c != '\n')
            continue;
        if (s->digits == 0) {
            lose(http, s, call);
            return;
        }
        s->line = s->digits = 0;
        s->state = s->left > 0 ? HTTP_CHUNK_DATA : HTTP_TRAILER;
        return;
    }
}

static void
in_chunk_end(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    uint8_t c = slice_u8(in);

    if (c == '\n')
        s->state = HTTP_CHUNK_SIZE;
    else if (c != '\r')
        lose(http, s, call);
}

static void
in_trailer(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    while (in->left > 0) {
        uint8_t c = slice_u8(in);

        if (c == '\n' && s->line == 0) {
            body_over(s, call);
            return;
        }
        if (c == '\n')
            s->line = 0;
        else if (c != '\r' && ++s->line > HTTP_LINE_MAX) {
            lose(http, s, call);
            return;
        }
    }
}

static enum vg_err
http_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct http *http = self;
    struct side *s = &http->side[call->dir];
    enum vg_err err = VG_OK;

    while (bytes.left > 0 && err == VG_OK) {
        switch (s->state) {
        case HTTP_HEAD:
            err = in_head(http, s, call, &bytes);
            break;
        case HTTP_LENGTH:
        case HTTP_CLOSE:
        case HTTP_CHUNK_DATA:
            in_content(s, call, &bytes);
            break;
        case HTTP_CHUNK_SIZE:
            in_chunk_size(http, s, call, &bytes);
            break;
        case HTTP_CHUNK_END:
            in_chunk_end(http, s, call, &bytes);
            break;
        case HTTP_TRAILER:
            in_trailer(http, s, call, &bytes);
            break;
        case HTTP_LOST:
            if (http_head_looks(bytes) != 1)
                return VG_OK; /* a later piece may begin with a head */
            s->state = HTTP_HEAD;
            s->scanned = 0;
            break;
        }
    }
    return err;
}

static enum vg_err
http_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct http *http = self;
    struct side *s = &http->side[call->dir];

    if (s->state == HTTP_CLOSE) {
        http_body_gap(&s->body, call, bytes);
    } else if ((s->state == HTTP_LENGTH || s->state == HTTP_CHUNK_DATA) && bytes <= s->left) {
        http_body_gap(&s->body, call, bytes);
        s->left -= bytes;
        if (s->left == 0 && s->state == HTTP_LENGTH)
            body_over(s, call);
        else if (s->left == 0)
            s->state = HTTP_CHUNK_END;
    } else {
        net_gather_done(call->engine, &s->head);
        lose(http, s, call);
    }
    return VG_OK;
}

/* ---- its life ---- */

static enum probe
http_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    int looks = http_head_looks(head);

    (void)sport;
    (void)dport;
    return looks == 0 ? PROBE_NO : looks == 1 ? PROBE_YES : PROBE_MORE;
}

static void *
http_open(const struct protocol_call *call)
{
    struct http *http = net_parser_alloc(call->engine, sizeof(*http));

    if (http == NULL)
        return NULL;
    buf_init(&http->side[0].head, HTTP_HEAD_MAX);
    buf_init(&http->side[1].head, HTTP_HEAD_MAX);
    http->client = 2; /* the first head tells */
    return http;
}

/* Who sends requests: told by the first bytes, whoever opened the connection. */
static enum vg_err
http_first_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct http *http = self;

    if (http->client == 2) {
        struct slice peek = bytes;
        bool response = slice_be32(&peek) == 0x48545450; /* "HTTP" */

        http->client = response ? 1 - call->dir : call->dir;
        if (call->flow->midstream)
            call->flow->client = (uint8_t)http->client;
    }
    return http_bytes(self, call, bytes);
}

static void
http_end(void *self, const struct protocol_call *call)
{
    struct http *http = self;
    struct side *s = &http->side[call->dir];

    if (s->state == HTTP_CLOSE)
        body_over(s, call);
}

static void
http_close(void *self, const struct protocol_call *call)
{
    struct http *http = self;

    for (unsigned d = 0; d < 2; d++) {
        body_over(&http->side[d], call);
        net_gather_done(call->engine, &http->side[d].head);
    }
    while (http->oldest != NULL)
        give_up_oldest(http, call);
    net_parser_free(call->engine, http, sizeof(*http));
}

const struct protocol PROTOCOL_HTTP = {
    .name = "http",
    .probe = http_probe,
    .open = http_open,
    .bytes = http_first_bytes,
    .gap = http_gap,
    .end = http_end,
    .close = http_close,
};
