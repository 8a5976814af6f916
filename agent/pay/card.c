/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/card.h"

#include "agent/pay/card_scan.h"

static void
part_put(struct buf *out, struct slice part)
{
    buf_put(out, part.at, part.left);
}

static void
hit_put(struct card_hits *hits, size_t at, const struct card_found *m)
{
    struct card_hit *h;

    if (hits->count == CARD_HITS_MAX) {
        hits->more++;
        return;
    }
    h = &hits->hit[hits->count++];
    h->at = at;
    for (size_t i = 0; i < 6; i++)
        h->bin[i] = (char)('0' + m->digits[i]);
    for (size_t i = 0; i < 4; i++)
        h->last4[i] = (char)('0' + m->digits[m->n - 4 + i]);
    h->bin[6] = h->last4[4] = '\0';
}

static enum vg_err
token_put(struct tokens *tokens, const struct card_found *m, struct buf *out)
{
    char number[CARD_DIGITS_MAX], token[TOKEN_TEXT_MAX];
    enum vg_err err;

    for (size_t i = 0; i < m->n; i++)
        number[i] = (char)('0' + m->digits[i]);
    err = tokens_make(tokens, TOKEN_CARD, slice_of(number, m->n), token);
    if (err == VG_OK)
        buf_put(out, token, TOKEN_LEN);
    return err;
}

enum vg_err
card_clean(struct tokens *tokens, struct slice text, struct buf *scratch, struct slice *out,
           struct card_hits *hits)
{
    struct card_scan scan = card_scan_of(text);
    struct card_found m;
    size_t copied = 0;

    hits->count = hits->more = hits->tracks = 0;
    while (card_scan_next(&scan, &m)) {
        enum vg_err err;

        if (copied == 0)
            buf_clear(scratch);
        part_put(scratch, bytes_part(text, copied, m.start));
        hits->tracks += m.track;
        hit_put(hits, scratch->len, &m);
        err = token_put(tokens, &m, scratch);
        if (err != VG_OK)
            return err;
        copied = m.end;
    }
    if (copied == 0) {
        *out = text;
        return VG_OK;
    }
    part_put(scratch, bytes_part(text, copied, text.left));
    if (scratch->bad)
        return VG_ERR_LIMIT;
    *out = buf_slice(scratch);
    return VG_OK;
}
