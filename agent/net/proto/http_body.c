/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_body.h"

#include <zlib.h>

enum { PIECE_BYTES = 16 * 1024 };

struct inflater {
    z_stream z;
    struct net_engine *engine;
    bool ended;
};

/* zlib's memory with its size before it, for the engine's account. */
union counted {
    size_t size;
    max_align_t align;
};

static void *
counted_alloc(void *ctx, unsigned items, unsigned size)
{
    size_t total = (size_t)items * size + sizeof(union counted);
    union counted *p = net_parser_alloc(ctx, total);

    if (p == NULL)
        return NULL;
    p->size = total;
    return p + 1;
}

static void
counted_free(void *ctx, void *address)
{
    union counted *p = address;

    net_parser_free(ctx, p - 1, p[-1].size);
}

/* "deflate" is zlib's format by the standard and raw in practice; the first bytes tell. */
static int
window_bits(enum http_coding coding, struct slice head)
{
    uint16_t two = slice_be16(&head);

    if (coding == HTTP_GZIP)
        return 15 + 32;
    return head.bad || ((two >> 8 & 15) == 8 && two % 31 == 0) ? 15 : -15;
}

static struct inflater *
inflater_new(struct net_engine *e, enum http_coding coding, struct slice head)
{
    struct inflater *i = net_parser_alloc(e, sizeof(*i));

    if (i == NULL)
        return NULL;
    i->engine = e;
    i->z.zalloc = counted_alloc;
    i->z.zfree = counted_free;
    i->z.opaque = e;
    if (inflateInit2(&i->z, window_bits(coding, head)) != Z_OK) {
        net_parser_free(e, i, sizeof(*i));
        return NULL;
    }
    return i;
}

static void
inflater_free(struct http_body *b, struct net_engine *e)
{
    struct inflater *i = b->inflater;

    if (i == NULL)
        return;
    (void)inflateEnd(&i->z);
    net_parser_free(e, i, sizeof(*i));
    b->inflater = NULL;
}

static void
tell(struct http_body *b, const struct protocol_call *call, struct slice bytes, bool last)
{
    struct flow_view flow;
    struct body_view view = {
        .flow = &flow,
        .stream = b->stream,
        .from_server = b->from_server,
        .name = b->name,
        .mime = b->mime,
        .host = b->host,
        .bytes = bytes.at,
        .len = bytes.left,
        .offset = b->offset,
        .first = !b->started,
        .last = last,
    };
    struct obs obs = {.kind = OBS_BODY, .time_ns = call->time_ns, .body = &view};

    net_flow_view(call, b->client, &flow);
    b->started = true;
    b->offset += bytes.left;
    net_emit(call->engine, &obs);
}

void
http_body_begin(struct http_body *b, enum http_coding coding)
{
    b->open = true;
    b->started = false;
    b->coding = coding;
    b->offset = b->taken = 0;
}

void
http_body_end(struct http_body *b, const struct protocol_call *call)
{
    inflater_free(b, call->engine);
    if (b->open && b->started)
        tell(b, call, slice_of(NULL, 0), true);
    b->open = false;
}

/* False when the body has grown beyond what we accept. */
static bool
within_limits(const struct http_body *b)
{
    return b->offset <= HTTP_BODY_DECODED_MAX &&
           (b->offset <= HTTP_BODY_FREE_BYTES || b->offset / HTTP_BODY_RATIO_MAX <= b->taken);
}

static void
inflate_bytes(struct http_body *b, const struct protocol_call *call, struct slice bytes)
{
    struct inflater *i = b->inflater;
    uint8_t piece[PIECE_BYTES];

    if (i == NULL)
        b->inflater = i = inflater_new(call->engine, b->coding, bytes);
    if (i == NULL || i->ended) {
        if (i == NULL)
            http_body_end(b, call);
        return;
    }
    b->taken += bytes.left;
    i->z.next_in = (uint8_t *)(uintptr_t)bytes.at; /* zlib does not write there */
    i->z.avail_in = (unsigned)bytes.left;
    for (;;) {
        int status;

        i->z.next_out = piece;
        i->z.avail_out = sizeof(piece);
        status = inflate(&i->z, Z_NO_FLUSH);
        if (i->z.avail_out < sizeof(piece))
            tell(b, call, slice_of(piece, sizeof(piece) - i->z.avail_out), false);
        if (!within_limits(b)) {
            net_engine_counters(call->engine)->inflate_limit++;
            http_body_end(b, call);
            return;
        }
        if (status == Z_STREAM_END) {
            i->ended = true;
            return;
        }
        if (status != Z_OK && status != Z_BUF_ERROR) { /* damaged: what came out counts */
            http_body_end(b, call);
            return;
        }
        if (i->z.avail_out > 0) /* it wants more input */
            return;
    }
}

void
http_body_bytes(struct http_body *b, const struct protocol_call *call, struct slice bytes)
{
    if (!b->open || bytes.left == 0)
        return;
    if (b->coding == HTTP_GZIP || b->coding == HTTP_DEFLATE)
        inflate_bytes(b, call, bytes);
    else
        tell(b, call, bytes, false);
}

void
http_body_gap(struct http_body *b, const struct protocol_call *call, uint64_t bytes)
{
    if (!b->open)
        return;
    if (b->coding == HTTP_GZIP || b->coding == HTTP_DEFLATE)
        http_body_end(b, call);
    else
        b->offset += bytes;
}
