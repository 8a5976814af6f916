/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http2.h"

#include "agent/net/proto/http2_head.h"
#include "agent/net/proto/http_request.h"
#include "agent/net/proto/protocols.h"

enum { FRAME_HEAD_BYTES = 9, PREFACE_BYTES = 24, ENOUGH_OF_PREFACE = 16 };
static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum frame_type {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_SETTINGS = 4,
    FRAME_PUSH_PROMISE = 5,
    FRAME_CONTINUATION = 9,
};

enum {
    FLAG_END_STREAM = 0x1, /* in SETTINGS: an acknowledgement */
    FLAG_END_HEADERS = 0x4,
    FLAG_PADDED = 0x8,
    FLAG_PRIORITY = 0x20,
    SETTING_TABLE_SIZE = 1,
};

struct frame {
    uint32_t len, stream;
    uint8_t type, flags;
};

struct asked {
    struct asked *next;
    uint32_t id;
    struct http_request *request;
};

struct side {
    struct buf in;    /* a frame that is not whole yet */
    struct buf block; /* a head that goes on in CONTINUATION frames */
    struct http2_unpacker *unpacker;
    uint64_t skip;      /* bytes of a frame that we do not look into */
    struct frame first; /* of the block */
    bool lost;          /* where frames begin, or what they mean, is not known any more */
    bool preface;       /* is still to come */
};

struct http2 {
    struct side side[2]; /* by direction index */
    uint8_t client;
    unsigned waiting;
    struct asked *oldest;
};

/* ---- streams ---- */

static struct asked **
find(struct http2 *h, uint32_t id)
{
    struct asked **place = &h->oldest;

    while (*place != NULL && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

static void
finish(struct http2 *h, const struct protocol_call *call, struct asked **place, int status,
       struct str mime)
{
    struct asked *s = *place;

    *place = s->next;
    h->waiting--;
    http_request_tell(s->request, call, h->client, status, mime);
    http_request_free(call, s->request);
    net_parser_free(call->engine, s, sizeof(*s));
}

static void
on_request(struct http2 *h, const struct protocol_call *call, const struct http_head *head,
           const struct frame *f)
{
    struct asked **place = find(h, f->stream), *s;

    if (*place != NULL) /* the same again: not what HTTP/2 allows */
        return;
    if (h->waiting == HTTP2_STREAMS_MAX) {
        finish(h, call, &h->oldest, 0, str_of(""));
        place = find(h, f->stream);
    }
    s = net_parser_alloc(call->engine, sizeof(*s));
    if (s == NULL)
        return;
    s->id = f->stream;
    s->request = http_request_new(call, head);
    if (s->request == NULL) {
        net_parser_free(call->engine, s, sizeof(*s));
        return;
    }
    s->request->incomplete = (f->flags & FLAG_END_STREAM) == 0;
    net_flow_name_server(call->flow, s->request->host);
    *place = s;
    h->waiting++;
}

static void
on_response(struct http2 *h, const struct protocol_call *call, const struct http_head *head,
            uint32_t id)
{
    struct asked **place = find(h, id);
    char mime[HTTP_MIME_MAX];

    if (*place != NULL && head->status >= 200)
        finish(h, call, place, head->status, http_media_type(head->content_type, mime));
}

static void
on_data(struct http2 *h, const struct protocol_call *call, const struct frame *f)
{
    struct asked *s = call->dir == h->client ? *find(h, f->stream) : NULL;

    if (s == NULL)
        return;
    s->request->body += f->len;
    if ((f->flags & FLAG_END_STREAM) != 0)
        s->request->incomplete = false;
}

/* ---- frames ---- */

static enum vg_err
on_block(struct http2 *h, struct side *s, const struct protocol_call *call, const struct frame *f,
         struct slice block)
{
    struct http_head head;
    enum vg_err err = http2_unpack(s->unpacker, block, net_scratch(call->engine), &head);

    if (err != VG_OK)
        return err;
    if (f->type == FRAME_PUSH_PROMISE)
        return VG_OK; /* the server asked itself */
    if (call->dir == h->client && head.method.len > 0)
        on_request(h, call, &head, f);
    else if (call->dir != h->client && head.response)
        on_response(h, call, &head, f->stream);
    return VG_OK;
}

/* RFC 9113, 6.2 and 6.6: what stands before and behind the block. */
static struct slice
block_of(const struct frame *f, struct slice payload)
{
    uint8_t padding = (f->flags & FLAG_PADDED) != 0 ? slice_u8(&payload) : 0;

    if (f->type == FRAME_PUSH_PROMISE)
        slice_skip(&payload, 4);
    else if ((f->flags & FLAG_PRIORITY) != 0)
        slice_skip(&payload, 5);
    return slice_sub(&payload, payload.left - (padding < payload.left ? padding : payload.left));
}

static enum vg_err
on_head_frame(struct http2 *h, struct side *s, const struct protocol_call *call,
              const struct frame *f, struct slice payload)
{
    struct slice block = f->type == FRAME_CONTINUATION ? payload : block_of(f, payload);
    bool more = (f->flags & FLAG_END_HEADERS) == 0;
    enum vg_err err;

    if (block.bad || (f->type == FRAME_CONTINUATION) != (s->first.stream != 0) ||
        (f->type == FRAME_CONTINUATION && f->stream != s->first.stream))
        return VG_ERR_FORMAT;
    if (f->type != FRAME_CONTINUATION && !more)
        return on_block(h, s, call, f, block);
    if (f->type != FRAME_CONTINUATION)
        s->first = *f;
    err = net_gather(call->engine, &s->block, block.at, block.left);
    if (err != VG_OK || more)
        return err;
    err = on_block(h, s, call, &s->first, buf_slice(&s->block));
    net_gather_done(call->engine, &s->block);
    s->first.stream = 0;
    return err;
}

/* RFC 9113, 6.5: what one side allows for the heads that it reads binds the other's. */
static void
on_settings(struct http2 *h, const struct protocol_call *call, const struct frame *f,
            struct slice payload)
{
    while ((f->flags & FLAG_END_STREAM) == 0 && payload.left >= 6) {
        uint16_t id = slice_be16(&payload);
        uint32_t value = slice_be32(&payload);

        if (id == SETTING_TABLE_SIZE)
            http2_unpacker_table(h->side[1 - call->dir].unpacker, value);
    }
}

static bool
looked_into(const struct frame *f)
{
    return f->type == FRAME_HEADERS || f->type == FRAME_SETTINGS || f->type == FRAME_PUSH_PROMISE ||
           f->type == FRAME_CONTINUATION;
}

static bool
frame_head(struct slice *in, struct frame *out)
{
    out->len = slice_be24(in);
    out->type = slice_u8(in);
    out->flags = slice_u8(in);
    out->stream = slice_be32(in) & 0x7fffffff;
    return !in->bad;
}

/* Takes whole frames off *in; VG_AGAIN: the next one is not all there. */
static enum vg_err
next_frame(struct http2 *h, struct side *s, const struct protocol_call *call, struct slice *in)
{
    struct slice at = *in, payload;
    struct frame f;

    if (s->preface) {
        if (at.left < PREFACE_BYTES)
            return VG_AGAIN;
        s->preface = false;
        payload = slice_sub(in, PREFACE_BYTES);
        return memcmp(payload.at, PREFACE, PREFACE_BYTES) == 0 ? VG_OK : VG_ERR_FORMAT;
    }
    if (!frame_head(&at, &f))
        return VG_AGAIN;
    if (!looked_into(&f)) {
        if (f.type == FRAME_DATA)
            on_data(h, call, &f);
        s->skip = f.len;
        *in = at;
        return VG_OK;
    }
    if (f.len > HTTP2_BLOCK_MAX)
        return VG_ERR_LIMIT;
    payload = slice_sub(&at, f.len);
    if (at.bad)
        return VG_AGAIN;
    *in = at;
    if (f.type != FRAME_SETTINGS)
        return f.stream != 0 ? on_head_frame(h, s, call, &f, payload) : VG_ERR_FORMAT;
    on_settings(h, call, &f, payload);
    return VG_OK;
}

static enum vg_err
read_frames(struct http2 *h, struct side *s, const struct protocol_call *call, struct slice *in)
{
    enum vg_err err = VG_OK;

    while (err == VG_OK && in->left > 0) {
        size_t n = s->skip < in->left ? (size_t)s->skip : in->left;

        slice_skip(in, n);
        s->skip -= n;
        if (n == 0)
            err = next_frame(h, s, call, in);
    }
    return err == VG_AGAIN ? VG_OK : err;
}

static enum vg_err
read_side(struct http2 *h, struct side *s, const struct protocol_call *call, struct slice bytes)
{
    struct slice all = bytes;
    enum vg_err err;

    if (s->in.len > 0) {
        err = net_gather(call->engine, &s->in, bytes.at, bytes.left);
        if (err != VG_OK)
            return err;
        all = buf_slice(&s->in);
    }
    err = read_frames(h, s, call, &all);
    if (err != VG_OK)
        return err;
    if (s->in.len == 0)
        return all.left > 0 ? net_gather(call->engine, &s->in, all.at, all.left) : VG_OK;
    if (all.left == 0)
        net_gather_done(call->engine, &s->in);
    else
        buf_consume(&s->in, s->in.len - all.left);
    return VG_OK;
}

/* Without one side's frames the other's still say something, as long as requests are read. */
static enum vg_err
lose(struct http2 *h, struct side *s, const struct protocol_call *call, enum vg_err err)
{
    s->lost = true;
    net_gather_done(call->engine, &s->in);
    net_gather_done(call->engine, &s->block);
    return h->side[h->client].lost ? err : VG_OK;
}

static enum vg_err
http2_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct http2 *h = self;
    struct side *s = &h->side[call->dir];
    enum vg_err err;

    if (s->lost)
        return VG_OK;
    err = read_side(h, s, call, bytes);
    return err != VG_OK ? lose(h, s, call, err) : VG_OK;
}

static enum vg_err
http2_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct http2 *h = self;
    struct side *s = &h->side[call->dir];

    if (s->lost)
        return VG_OK;
    if (bytes <= s->skip) {
        s->skip -= bytes;
        return VG_OK;
    }
    return lose(h, s, call, VG_END);
}

/* ---- its life ---- */

static enum probe
http2_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    size_t n = head.left < PREFACE_BYTES ? head.left : PREFACE_BYTES;

    (void)sport;
    (void)dport;
    if (memcmp(head.at, PREFACE, n) != 0)
        return PROBE_NO;
    return n >= ENOUGH_OF_PREFACE ? PROBE_YES : PROBE_MORE;
}

static void
http2_close(void *self, const struct protocol_call *call)
{
    struct http2 *h = self;

    while (h->oldest != NULL)
        finish(h, call, &h->oldest, 0, str_of(""));
    for (unsigned d = 0; d < 2; d++) {
        net_gather_done(call->engine, &h->side[d].in);
        net_gather_done(call->engine, &h->side[d].block);
        http2_unpacker_free(h->side[d].unpacker, call->engine);
    }
    net_parser_free(call->engine, h, sizeof(*h));
}

void *
http2_new(const struct protocol_call *call, unsigned client)
{
    struct http2 *h = net_parser_alloc(call->engine, sizeof(*h));
    bool whole = true;

    if (h == NULL)
        return NULL;
    h->client = (uint8_t)client;
    for (unsigned d = 0; d < 2; d++) {
        struct side *s = &h->side[d];

        buf_init(&s->in, HTTP2_BLOCK_MAX + FRAME_HEAD_BYTES + 65536); /* and a segment behind */
        buf_init(&s->block, HTTP2_BLOCK_MAX);
        s->unpacker = http2_unpacker_new(call->engine);
        s->preface = d == client;
        whole = whole && s->unpacker != NULL;
    }
    if (whole)
        return h;
    http2_close(h, call);
    return NULL;
}

static void *
http2_open(const struct protocol_call *call)
{
    if (call->flow->midstream)
        call->flow->client = (uint8_t)call->dir;
    return http2_new(call, call->dir);
}

const struct protocol PROTOCOL_HTTP2 = {
    .name = "http2",
    .probe = http2_probe,
    .open = http2_open,
    .bytes = http2_bytes,
    .gap = http2_gap,
    .close = http2_close,
};
