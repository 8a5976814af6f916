/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_multipart.h"

enum { DELIMITER_MAX = 4 + HTTP_BOUNDARY_MAX };

enum state {
    SEARCH, /* content of a part, or what stands before the first or behind the last */
    LINE,   /* behind a delimiter, up to the end of its line */
    FIELDS, /* the head of a part */
    OVER,
};

struct http_multipart {
    struct http_part_user user;
    enum state state;
    bool open;       /* a part is */
    bool cr;         /* what matched so far began with CR, not with a bare LF */
    uint8_t matched; /* bytes of the delimiter seen and held back: they are the delimiter's own */
    uint8_t dashes;  /* behind the delimiter: two of them say that it was the last */
    struct buf head;
    size_t scanned, delimiter_len;
    char delimiter[DELIMITER_MAX]; /* CR LF - - boundary */
};

struct http_multipart *
http_multipart_new(struct net_engine *e, struct str boundary, const struct http_part_user *user)
{
    struct http_multipart *m;

    if (boundary.len == 0 || boundary.len > HTTP_BOUNDARY_MAX ||
        memchr(boundary.at, '\r', boundary.len) != NULL ||
        memchr(boundary.at, '\n', boundary.len) != NULL)
        return NULL;
    m = net_parser_alloc(e, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->user = *user;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.at, boundary.len);
    m->delimiter_len = 4 + boundary.len;
    m->matched = 2; /* the first one needs no line end before it */
    buf_init(&m->head, HTTP_PART_HEAD_MAX);
    return m;
}

static void
end_part(struct http_multipart *m, const struct protocol_call *call, bool whole)
{
    if (m->open)
        m->user.end(m->user.ctx, call, whole);
    m->open = false;
}

void
http_multipart_free(struct http_multipart *m, const struct protocol_call *call)
{
    if (m == NULL)
        return;
    end_part(m, call, false);
    net_gather_done(call->engine, &m->head);
    net_parser_free(call->engine, m, sizeof(*m));
}

static void
give(struct http_multipart *m, const struct protocol_call *call, struct slice bytes)
{
    if (m->open && bytes.left > 0)
        m->user.bytes(m->user.ctx, call, bytes);
}

/* What was held back as the beginning of a delimiter was none. */
static void
give_held(struct http_multipart *m, const struct protocol_call *call)
{
    struct slice held = slice_of(m->delimiter, m->matched);

    if (!m->cr)
        slice_skip(&held, 1);
    give(m, call, held);
    m->matched = 0;
}

static void
on_delimiter(struct http_multipart *m, const struct protocol_call *call)
{
    end_part(m, call, true);
    m->matched = 0;
    m->dashes = 0;
    m->state = LINE;
}

/* Goes on with a delimiter of which the first bytes matched. */
static void
match(struct http_multipart *m, const struct protocol_call *call, struct slice *in)
{
    size_t want = m->delimiter_len - m->matched, n = in->left < want ? in->left : want;
    struct slice peek = *in, rest = slice_of(m->delimiter, m->delimiter_len);

    slice_skip(&rest, m->matched);
    if (memcmp(slice_take(&peek, n), rest.at, n) != 0) {
        size_t same = 0;
        struct slice a = *in;

        while (slice_u8(&a) == slice_u8(&rest))
            same++;
        m->matched = (uint8_t)(m->matched + same);
        slice_skip(in, same);
        give_held(m, call);
        return;
    }
    *in = peek;
    m->matched = (uint8_t)(m->matched + n);
    if (m->matched == m->delimiter_len)
        on_delimiter(m, call);
}

/* The last byte before `at` bytes of the piece. */
static bool
ends_with_cr(struct slice piece, size_t at)
{
    if (at == 0)
        return false;
    slice_skip(&piece, at - 1);
    return slice_u8(&piece) == '\r';
}

/* Hands on bytes up to where a delimiter may begin, over as many line ends as do not begin one. */
static void
search(struct http_multipart *m, const struct protocol_call *call, struct slice *in)
{
    struct slice piece = *in, rest = *in;
    size_t plain = piece.left;

    while (rest.left > 0) {
        const uint8_t *lf = memchr(rest.at, '\n', rest.left);
        struct slice after;
        size_t n;

        if (lf == NULL)
            break;
        slice_skip(&rest, (size_t)(lf - rest.at) + 1);
        after = rest;
        n = after.left < m->delimiter_len - 2 ? after.left : m->delimiter_len - 2;
        if (memcmp(after.at, m->delimiter + 2, n) != 0)
            continue;
        plain = piece.left - rest.left - 1;
        m->cr = ends_with_cr(piece, plain);
        plain -= m->cr;
        m->matched = 2;
        give(m, call, slice_sub(in, plain));
        *in = rest;
        return;
    }
    if (ends_with_cr(piece, piece.left)) {
        m->cr = true;
        m->matched = 1;
        plain--;
    }
    give(m, call, slice_sub(in, plain));
    slice_skip(in, in->left);
}

static void
line(struct http_multipart *m, struct slice *in)
{
    while (in->left > 0) {
        uint8_t c = slice_u8(in);

        if (c == '-' && ++m->dashes == 2) {
            m->state = OVER;
            return;
        }
        if (c == '\n') {
            m->state = FIELDS;
            m->scanned = 0;
            return;
        }
    }
}

/* The head, with the LF before it, so that one without any field ends where it begins. */
static void
fields(struct http_multipart *m, const struct protocol_call *call, struct slice *in)
{
    struct http_head head;
    struct slice all, part, peek = *in;
    size_t n, end;

    if (m->head.len == 0 && net_gather(call->engine, &m->head, "\n", 1) != VG_OK) {
        m->state = OVER; /* no memory */
        return;
    }
    n = m->head.cap - m->head.len < in->left ? m->head.cap - m->head.len : in->left;
    part = slice_sub(&peek, n);
    if (n == 0 || net_gather(call->engine, &m->head, part.at, part.left) != VG_OK) {
        net_gather_done(call->engine, &m->head); /* too long for a head: its part is left out */
        m->state = SEARCH;
        return;
    }
    end = http_head_end(buf_slice(&m->head), &m->scanned);
    if (end == 0) {
        *in = peek;
        return;
    }
    all = buf_slice(&m->head);
    slice_skip(in, n - (all.left - end));
    all = slice_sub(&all, end);
    slice_skip(&all, 1);
    http_fields_read(all, &head);
    m->open = true;
    m->state = SEARCH;
    m->user.begin(m->user.ctx, call, &head);
    net_gather_done(call->engine, &m->head);
}

void
http_multipart_bytes(struct http_multipart *m, const struct protocol_call *call, struct slice in)
{
    while (in.left > 0) {
        switch (m->state) {
        case SEARCH:
            if (m->matched > 0)
                match(m, call, &in);
            else
                search(m, call, &in);
            break;
        case LINE:
            line(m, &in);
            break;
        case FIELDS:
            fields(m, call, &in);
            break;
        case OVER:
            return;
        }
    }
}

void
http_multipart_gap(struct http_multipart *m, const struct protocol_call *call)
{
    if (m->state == SEARCH)
        give_held(m, call);
    else if (m->state == FIELDS)
        net_gather_done(call->engine, &m->head);
    if (m->state != OVER)
        m->state = SEARCH;
    m->matched = 0;
}
