/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http2_head.h"

#include <nghttp2/nghttp2.h>

#include "agent/net/proto/http2.h"

struct http2_unpacker {
    nghttp2_hd_inflater *inflater;
    nghttp2_mem mem; /* the inflater keeps a pointer to it */
    uint32_t table;
};

/* ---- memory ---- */

/* Each block with its size before it, for the engine's account. */
union counted {
    size_t size;
    max_align_t align;
};

static void *
counted_malloc(size_t size, void *ctx)
{
    union counted *p;

    if (size > ENGINE_PARSER_BYTES)
        return NULL;
    p = net_parser_alloc(ctx, size + sizeof(*p));
    if (p == NULL)
        return NULL;
    p->size = size;
    return p + 1;
}

static void
counted_free(void *address, void *ctx)
{
    union counted *p = address;

    if (address != NULL)
        net_parser_free(ctx, p - 1, p[-1].size + sizeof(*p));
}

static void *
counted_calloc(size_t count, size_t size, void *ctx)
{
    return size > 0 && count > ENGINE_PARSER_BYTES / size ? NULL
                                                          : counted_malloc(count * size, ctx);
}

static void *
counted_realloc(void *address, size_t size, void *ctx)
{
    const union counted *old = address;
    void *grown = counted_malloc(size, ctx);

    if (grown == NULL || old == NULL)
        return grown;
    memcpy(grown, address, old[-1].size < size ? old[-1].size : size);
    counted_free(address, ctx);
    return grown;
}

struct http2_unpacker *
http2_unpacker_new(struct net_engine *e)
{
    struct http2_unpacker *u = net_parser_alloc(e, sizeof(*u));

    if (u == NULL)
        return NULL;
    u->mem = (nghttp2_mem){e, counted_malloc, counted_free, counted_calloc, counted_realloc};
    if (nghttp2_hd_inflate_new2(&u->inflater, &u->mem) != 0) {
        net_parser_free(e, u, sizeof(*u));
        return NULL;
    }
    u->table = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE;
    return u;
}

void
http2_unpacker_free(struct http2_unpacker *u, struct net_engine *e)
{
    if (u == NULL)
        return;
    nghttp2_hd_inflate_del(u->inflater);
    net_parser_free(e, u, sizeof(*u));
}

/* A smaller table than before needs no word here: the writer says when it begins to use it. */
void
http2_unpacker_table(struct http2_unpacker *u, uint32_t size)
{
    uint32_t table = size < HTTP2_TABLE_MAX ? size : HTTP2_TABLE_MAX;

    if (table > u->table && nghttp2_hd_inflate_change_table_size(u->inflater, table) == 0)
        u->table = table;
}

/* ---- fields ---- */

enum wanted {
    METHOD,
    PATH,
    AUTHORITY,
    HOST,
    STATUS,
    USER_AGENT,
    REFERER,
    CONTENT_TYPE,
    AUTHORIZATION,
    WANTED_COUNT,
};

static const char *const NAMES[WANTED_COUNT] = {
    [METHOD] = ":method",
    [PATH] = ":path",
    [AUTHORITY] = ":authority",
    [HOST] = "host",
    [STATUS] = ":status",
    [USER_AGENT] = "user-agent",
    [REFERER] = "referer",
    [CONTENT_TYPE] = "content-type",
    [AUTHORIZATION] = "authorization",
};

/* Places in `text`, which may still move. */
struct span {
    size_t at, len;
};

static void
keep(const nghttp2_nv *nv, struct buf *text, struct span spans[WANTED_COUNT])
{
    struct str name = str_n(nv->name, nv->namelen);

    for (unsigned i = 0; i < WANTED_COUNT; i++)
        if (spans[i].len == 0 && str_is(name, NAMES[i])) {
            spans[i] = (struct span){text->len, nv->valuelen};
            buf_put(text, nv->value, nv->valuelen);
            return;
        }
}

static struct str
text_of(const struct buf *text, struct span span)
{
    struct slice in = buf_slice(text);

    slice_skip(&in, span.at);
    return str_n(slice_take(&in, span.len), span.len);
}

static int
status_of(struct str s)
{
    int status = 0;

    if (s.len != 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return 0;
        status = status * 10 + (s.at[i] - '0');
    }
    return status;
}

static void
fill(const struct buf *text, const struct span spans[WANTED_COUNT], struct http_head *out)
{
    struct slice none = slice_of(NULL, 0);

    http_fields_read(none, out);
    out->method = text_of(text, spans[METHOD]);
    out->uri = text_of(text, spans[PATH]);
    out->host = text_of(text, spans[spans[AUTHORITY].len > 0 ? AUTHORITY : HOST]);
    out->user_agent = text_of(text, spans[USER_AGENT]);
    out->referer = text_of(text, spans[REFERER]);
    out->content_type = text_of(text, spans[CONTENT_TYPE]);
    out->authorization = text_of(text, spans[AUTHORIZATION]);
    out->status = status_of(text_of(text, spans[STATUS]));
    out->response = spans[STATUS].len > 0;
}

enum vg_err
http2_unpack(struct http2_unpacker *u, struct slice block, struct buf *text, struct http_head *out)
{
    struct span spans[WANTED_COUNT] = {{0, 0}};
    int flags = 0;

    buf_clear(text);
    for (unsigned fields = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0; fields++) {
        nghttp2_nv nv;
        ssize_t n = nghttp2_hd_inflate_hd2(u->inflater, &nv, &flags, block.at, block.left, 1);

        if (n < 0)
            return VG_ERR_FORMAT;
        slice_skip(&block, (size_t)n);
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
            if (fields >= HTTP2_FIELDS_MAX || nv.valuelen > HTTP2_BLOCK_MAX - text->len)
                return VG_ERR_LIMIT;
            keep(&nv, text, spans);
        } else if ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0 && n == 0) {
            return VG_ERR_FORMAT;
        }
        if (text->bad)
            return VG_ERR_LIMIT;
    }
    if (nghttp2_hd_inflate_end_headers(u->inflater) != 0)
        return VG_ERR_FORMAT;
    fill(text, spans, out);
    return VG_OK;
}
