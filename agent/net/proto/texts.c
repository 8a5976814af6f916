/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/texts.h"

#include "agent/detect/obs.h"

static struct str
text_at(const struct buf *buf, size_t at, size_t len)
{
    struct slice s = buf_slice(buf);

    slice_skip(&s, at);
    return str_n(slice_take(&s, len), len);
}

void
texts_add(struct texts *t, struct buf *buf, size_t from)
{
    size_t len = buf->len - from;
    bool there = len == 0;

    for (size_t i = 0; i < t->count && !there; i++)
        there = str_eq(text_at(buf, t->at[i], t->len[i]), text_at(buf, from, len));
    if (there || buf->bad || t->count == TEXTS_MAX) {
        t->cut = t->cut || !there;
        buf->len = from;
        return;
    }
    t->at[t->count] = (uint32_t)from;
    t->len[t->count++] = (uint32_t)len;
}

void
texts_add_addr(struct texts *t, struct buf *buf, struct slice *in, uint8_t family)
{
    struct net_addr a = {.family = family};
    char out[NET_ADDR_TEXT_MAX];
    size_t from = buf->len;

    if (!slice_copy(in, a.bytes, family == 4 ? 4 : 16))
        return;
    buf_put_str(buf, net_addr_format(&a, out));
    texts_add(t, buf, from);
}

size_t
texts_lend(const struct texts *t, const struct buf *buf, struct str out[TEXTS_MAX])
{
    for (size_t i = 0; i < t->count; i++)
        out[i] = text_at(buf, t->at[i], t->len[i]);
    return t->count;
}
