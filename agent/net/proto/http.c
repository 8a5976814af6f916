/* SPDX-License-Identifier: Apache-2.0 */
/* http: HTTP/1.x requests with their responses and bodies (RFC 9112), pipelined or not.
 *
 * One OBS_HTTP for each request, when its response's head has come or the flow ends; a request that
 * was not seen whole until then is marked incomplete. Contents go through http_body.h. A hole in a
 * body of known length is skipped by counting; after any other hole a direction is listened to again
 * from the next segment that begins like a head. CONNECT hands the flow over to what is in the
 * tunnel, also to what the client sent there before the answer; an upgrade to h2c goes on with
 * http2.h. */
#include <stddef.h>

#include "agent/net/proto/http2.h"
#include "agent/net/proto/http_body.h"
#include "agent/net/proto/http_chunks.h"
#include "agent/net/proto/http_request.h"
#include "agent/net/proto/protocols.h"

enum { HTTP_PIPELINE_MAX = 64, CLIENT_UNKNOWN = 2, HTTP_EARLY_MAX = 8 * 1024 };

enum http_state {
    HTTP_HEAD,
    HTTP_LENGTH, /* `left` bytes of content */
    HTTP_CLOSE,  /* content until the end of the stream */
    HTTP_CHUNKED,
    HTTP_LOST,  /* until something begins like a head */
    HTTP_EARLY, /* behind CONNECT: gathered until it is answered */
};

struct side {
    uint8_t state;
    struct buf head;
    size_t scanned;
    union {
        uint64_t left;
        struct http_chunks chunks;
    };
    struct http_body *body; /* NULL: nobody wants it */
};

struct http {
    struct side side[2]; /* by direction index */
    uint8_t client;
    bool resync; /* responses were lost: the next one answers the newest */
    unsigned waiting;
    struct http_request *oldest, *newest; /* wait for their response */
    struct http_request *current;         /* of them: the one whose body is on its way */
    uint64_t known;                       /* hash of the user that logged in here last */
    void *http2;                          /* after an upgrade: PROTOCOL_HTTP2's parser */
};

static enum vg_err http_bytes(struct http *http, const struct protocol_call *call,
                              struct slice bytes);

/* ---- requests ---- */

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
    if (http->current == r)
        http->current = NULL;
    return r;
}

static void
add_newest(struct http *http, struct http_request *r)
{
    if (http->newest != NULL)
        http->newest->next = r;
    else
        http->oldest = r;
    http->newest = r;
    http->waiting++;
}

/* The same user on every request of a connection logged in once. */
static void
forget_known_user(struct http *http, struct http_request *r, int status)
{
    uint64_t hash = str_hash(&STR_HASH_STORED, r->user.at, r->user.len);

    if (!r->login || http_request_result(r, status) != LOGIN_SUCCEEDED)
        return;
    if (hash == http->known)
        r->login = false;
    http->known = hash;
}

static void
tell(struct http *http, const struct protocol_call *call, struct http_request *r, int status,
     struct str mime)
{
    forget_known_user(http, r, status);
    http_request_tell(r, call, http->client, status, mime);
}

static void
give_up_oldest(struct http *http, const struct protocol_call *call)
{
    struct http_request *r = take_oldest(http);

    tell(http, call, r, 0, str_of(""));
    http_request_free(call, r);
}

/* ---- messages ---- */

static bool
from_client(const struct http *http, const struct protocol_call *call)
{
    return call->dir == http->client;
}

static void
body_over(struct http *http, struct side *s, const struct protocol_call *call, bool whole)
{
    http_body_end(s->body, call, whole);
    s->body = NULL;
    s->state = HTTP_HEAD;
    s->scanned = 0;
    if (from_client(http, call)) {
        if (http->current != NULL && whole && !http->current->holes)
            http->current->incomplete = false;
        http->current = NULL;
    }
}

static void
lose(struct http *http, struct side *s, const struct protocol_call *call)
{
    if (s->state == HTTP_EARLY)
        net_gather_done(call->engine, &s->head);
    body_over(http, s, call, false);
    s->state = HTTP_LOST;
    if (!from_client(http, call))
        http->resync = true;
}

/* `about`: the request that asks for it or carries it, NULL where it was not seen. */
static void
begin_body(struct http *http, struct side *s, const struct protocol_call *call,
           const struct http_head *h, const struct http_request *about)
{
    struct http_body_about body = {
        .head = h,
        .uri = about != NULL ? about->uri : str_of(""),
        .host = about != NULL ? about->host : str_of(""),
        .from_server = h->response,
        .client = http->client,
    };

    if (h->chunked) {
        s->state = HTTP_CHUNKED;
        s->chunks = (struct http_chunks){.left = 0};
    } else if (h->has_length ? h->length == 0 : !h->response) {
        s->state = HTTP_HEAD;
        return;
    } else {
        s->state = h->has_length ? HTTP_LENGTH : HTTP_CLOSE;
        s->left = h->length;
    }
    s->body = http_body_begin(call, &body);
}

/* `cut`: the head's end is missing, and with it where the body begins. */
static void
on_request(struct http *http, struct side *s, const struct protocol_call *call,
           const struct http_head *h, bool cut)
{
    struct http_request *r = http_request_new(call, h);

    if (http->waiting == HTTP_PIPELINE_MAX)
        give_up_oldest(http, call);
    if (r != NULL) {
        add_newest(http, r);
        net_flow_name_server(call->flow, r->host);
    }
    if (!cut)
        begin_body(http, s, call, h, r);
    if (r != NULL && (cut || s->state != HTTP_HEAD)) {
        r->incomplete = true;
        http->current = cut ? NULL : r;
    }
    if (s->state == HTTP_HEAD && str_is(h->method, "CONNECT"))
        s->state = HTTP_EARLY;
}

/* The proxy let the client through, or did not: then what it sent early was meant for the proxy. */
static void
end_early(struct http *http, const struct protocol_call *call, bool connected)
{
    struct side *s = &http->side[http->client];
    struct protocol_call client = *call;
    struct buf early = s->head;

    if (s->state != HTTP_EARLY)
        return;
    s->state = HTTP_HEAD;
    if (connected) {
        net_handover_early(call, &s->head);
        return;
    }
    client.dir = http->client;
    buf_init(&s->head, HTTP_HEAD_MAX);
    if (http_head_looks(buf_slice(&early)) == 1)
        (void)http_bytes(http, &client, buf_slice(&early));
    net_gather_done(call->engine, &early);
}

static enum vg_err
on_response(struct http *http, struct side *s, const struct protocol_call *call,
            const struct http_head *h, bool cut)
{
    struct http_request *r;
    char mime[HTTP_MIME_MAX];
    bool none, connect, asked;

    if (h->status < 200 && h->status != 101) /* the real one is still to come */
        return VG_OK;
    while (http->resync && http->waiting > 1)
        give_up_oldest(http, call);
    http->resync = false;
    r = take_oldest(http);
    if (r != NULL)
        tell(http, call, r, h->status, http_media_type(h->content_type, mime));
    asked = r != NULL && str_is(r->method, "CONNECT");
    connect = asked && h->status / 100 == 2;
    none = h->status == 204 || h->status == 304 || (r != NULL && str_is(r->method, "HEAD"));
    if (!none && !connect && h->status != 101 && !cut)
        begin_body(http, s, call, h, r);
    http_request_free(call, r);
    if (asked)
        end_early(http, call, connect);
    if (connect)
        net_flow_handover(call->flow);
    if (h->status == 101 && h->upgrade == HTTP_UPGRADE_H2C)
        http->http2 = http2_new(call, http->client);
    return connect || (h->status == 101 && http->http2 == NULL) ? VG_END : VG_OK;
}

static enum vg_err
on_head(struct http *http, struct side *s, const struct protocol_call *call, struct slice head,
        bool cut)
{
    struct http_head h;

    s->scanned = 0;
    if (http_head_read(head, &h) != VG_OK || h.response == from_client(http, call)) {
        lose(http, s, call);
        return VG_OK;
    }
    if (h.response)
        return on_response(http, s, call, &h, cut);
    on_request(http, s, call, &h, cut);
    return VG_OK;
}

/* What there is of a head whose end will not come, as far as its first line is whole. */
static enum vg_err
on_cut_head(struct http *http, struct side *s, const struct protocol_call *call)
{
    enum vg_err err = VG_OK;

    if (s->head.len > 0 && memchr(s->head.data, '\n', s->head.len) != NULL)
        err = on_head(http, s, call, buf_slice(&s->head), true);
    net_gather_done(call->engine, &s->head);
    lose(http, s, call);
    return err;
}

/* ---- the states: each takes what it can from *in ---- */

/* Goes on with a head that came in several pieces. */
static enum vg_err
gather_head(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    size_t room = s->head.cap - s->head.len, n = in->left < room ? in->left : room, end;
    struct slice peek = *in, part = slice_sub(&peek, n), all;
    enum vg_err err;

    if (n == 0 || net_gather(call->engine, &s->head, part.at, part.left) != VG_OK) {
        net_engine_counters(call->engine)->parser_refused++;
        return on_cut_head(http, s, call);
    }
    end = http_head_end(buf_slice(&s->head), &s->scanned);
    if (end == 0) {
        *in = peek;
        return VG_OK;
    }
    all = buf_slice(&s->head);
    slice_skip(in, n - (all.left - end));
    err = on_head(http, s, call, slice_sub(&all, end), false);
    net_gather_done(call->engine, &s->head);
    return err;
}

static enum vg_err
in_head(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    struct slice peek = *in;
    uint8_t c = slice_u8(&peek);
    size_t end;

    if (s->head.len > 0)
        return gather_head(http, s, call, in);
    if (c == '\r' || c == '\n') { /* RFC 9112, 2.2: empty lines before a request */
        *in = peek;
        return VG_OK;
    }
    if (http_head_looks(*in) == 0) {
        lose(http, s, call);
        return VG_OK;
    }
    s->scanned = 0;
    end = http_head_end(*in, &s->scanned);
    if (end > 0)
        return on_head(http, s, call, slice_sub(in, end), false);
    s->scanned = 0;
    return gather_head(http, s, call, in);
}

static enum vg_err
in_early(struct side *s, const struct protocol_call *call, struct slice *in)
{
    size_t n = in->left;
    const uint8_t *bytes = slice_take(in, n);

    if (s->head.len + n <= HTTP_EARLY_MAX && net_gather(call->engine, &s->head, bytes, n) == VG_OK)
        return VG_OK;
    net_gather_done(call->engine, &s->head);
    s->state = HTTP_LOST;
    return VG_OK;
}

static void
give_content(struct http *http, struct side *s, const struct protocol_call *call,
             struct slice bytes)
{
    if (http->current != NULL && from_client(http, call))
        http->current->body += bytes.left;
    http_body_bytes(s->body, call, bytes);
}

static void
in_content(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    size_t n = s->state == HTTP_LENGTH && s->left < in->left ? (size_t)s->left : in->left;

    give_content(http, s, call, slice_sub(in, n));
    if (s->state == HTTP_LENGTH && (s->left -= n) == 0)
        body_over(http, s, call, true);
}

static void
in_chunked(struct http *http, struct side *s, const struct protocol_call *call, struct slice *in)
{
    struct slice data;

    switch (http_chunks_next(&s->chunks, in, &data)) {
    case VG_OK:
        give_content(http, s, call, data);
        break;
    case VG_END:
        body_over(http, s, call, true);
        break;
    default: /* nothing of it is missing: it is wrong */
        if (http->current != NULL && from_client(http, call))
            http->current->incomplete = false;
        lose(http, s, call);
    }
}

static enum vg_err
http_bytes(struct http *http, const struct protocol_call *call, struct slice bytes)
{
    struct side *s = &http->side[call->dir];
    enum vg_err err = VG_OK;

    while (bytes.left > 0 && err == VG_OK) {
        if (http->http2 != NULL)
            return PROTOCOL_HTTP2.bytes(http->http2, call, bytes);
        switch (s->state) {
        case HTTP_HEAD:
            err = in_head(http, s, call, &bytes);
            break;
        case HTTP_LENGTH:
        case HTTP_CLOSE:
            in_content(http, s, call, &bytes);
            break;
        case HTTP_CHUNKED:
            in_chunked(http, s, call, &bytes);
            break;
        case HTTP_EARLY:
            err = in_early(s, call, &bytes);
            break;
        default:
            if (http_head_looks(bytes) != 1)
                return VG_OK; /* a later piece may begin with a head */
            s->state = HTTP_HEAD;
            s->scanned = 0;
        }
    }
    if (call->flow->handover)
        net_handover_rest(call, bytes.left);
    return err;
}

/* A hole in the body; what it takes of it is skipped. */
static void
skip_content(struct http *http, struct side *s, const struct protocol_call *call, uint64_t bytes)
{
    http_body_gap(s->body, call, bytes);
    if (http->current != NULL && from_client(http, call))
        http->current->holes = true;
    if (s->state == HTTP_LENGTH && (s->left -= bytes) == 0)
        body_over(http, s, call, true);
}

static enum vg_err
http_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct http *http = self;
    struct side *s = &http->side[call->dir];

    if (http->http2 != NULL)
        return PROTOCOL_HTTP2.gap(http->http2, call, bytes);
    if (s->state == HTTP_CLOSE || (s->state == HTTP_LENGTH && bytes <= s->left) ||
        (s->state == HTTP_CHUNKED && http_chunks_skip(&s->chunks, bytes)))
        skip_content(http, s, call, bytes);
    else if (s->state == HTTP_HEAD && s->head.len > 0)
        return on_cut_head(http, s, call);
    else
        lose(http, s, call);
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
    http->client = CLIENT_UNKNOWN; /* the first head tells */
    return http;
}

/* Who sends requests: told by the first bytes, whoever opened the connection. */
static enum vg_err
http_first_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct http *http = self;

    if (http->client == CLIENT_UNKNOWN) {
        struct slice peek = bytes;
        bool response = slice_be32(&peek) == 0x48545450; /* "HTTP" */

        http->client = (uint8_t)(response ? 1 - call->dir : call->dir);
        if (call->flow->midstream)
            call->flow->client = http->client;
    }
    return http_bytes(http, call, bytes);
}

static void
http_end(void *self, const struct protocol_call *call)
{
    struct http *http = self;
    struct side *s = &http->side[call->dir];

    if (s->state == HTTP_CLOSE)
        body_over(http, s, call, true);
}

static void
http_close(void *self, const struct protocol_call *call)
{
    struct http *http = self;

    for (unsigned i = 0; i < 2; i++) {
        unsigned d = i == 0 ? http->client & 1 : 1 - (http->client & 1);
        struct protocol_call of = *call;

        of.dir = d;
        if (http->side[d].state == HTTP_HEAD)
            (void)on_cut_head(http, &http->side[d], &of);
        body_over(http, &http->side[d], &of, false);
        net_gather_done(call->engine, &http->side[d].head);
    }
    while (http->oldest != NULL)
        give_up_oldest(http, call);
    if (http->http2 != NULL)
        PROTOCOL_HTTP2.close(http->http2, call);
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
