/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/lines.h"

#include <openssl/crypto.h>

#include "agent/net/engine.h"

void
lines_init(struct lines *l)
{
    *l = (struct lines){0};
    buf_init(&l->part, (size_t)2 * LINES_KEEP_MAX);
}

static void
wipe(struct lines *l)
{
    if (l->part.len > 0)
        OPENSSL_cleanse(l->part.data, l->part.len);
    buf_clear(&l->part);
    l->lent = false;
}

void
lines_done(struct lines *l, const struct protocol_call *call)
{
    wipe(l);
    net_gather_done(call->engine, &l->part);
}

/* Takes the bytes up to LF, at most `most`; *ends: LF is among them. */
static struct slice
take_line(struct slice *in, size_t most, bool *ends)
{
    size_t n = in->left < most ? in->left : most;
    const uint8_t *lf = n > 0 ? memchr(in->at, '\n', n) : NULL;

    *ends = lf != NULL;
    return slice_sub(in, lf != NULL ? (size_t)(lf - in->at) + 1 : n);
}

static struct str
without_end(struct slice line, bool ends)
{
    struct str s = str_n(line.at, line.left);

    if (ends)
        s.len--;
    if (ends && s.len > 0 && s.at[s.len - 1] == '\r')
        s.len--;
    return s;
}

static bool
give(struct lines *l, struct slice line, bool ends, struct line_piece *out)
{
    struct str text = without_end(line, ends);

    *out = (struct line_piece){.text = text,
                               .begins = !l->inside,
                               .ends = ends,
                               .end_bytes = (uint8_t)(line.left - text.len)};
    l->inside = !ends;
    return true;
}

bool
lines_next(struct lines *l, const struct protocol_call *call, struct slice *in,
           struct line_piece *out)
{
    struct slice line;
    bool ends;

    if (l->lent)
        wipe(l);
    if (in->left == 0)
        return false;
    line = take_line(in, LINES_KEEP_MAX - l->part.len, &ends);
    if (l->part.len == 0 && (ends || line.left == LINES_KEEP_MAX))
        return give(l, line, ends, out);
    if (net_gather(call->engine, &l->part, line.at, line.left) != VG_OK) {
        wipe(l);
        return give(l, line, ends, out);
    }
    if (!ends && l->part.len < LINES_KEEP_MAX)
        return false;
    l->lent = true;
    return give(l, buf_slice(&l->part), ends, out);
}

bool
lines_rest(struct lines *l, struct line_piece *out)
{
    if (l->lent)
        wipe(l);
    if (l->part.len == 0)
        return false;
    l->lent = true;
    return give(l, buf_slice(&l->part), false, out);
}

void
lines_gap(struct lines *l)
{
    wipe(l);
    l->inside = true;
}
