/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/card.h"

#include "agent/pay/bytes.h"

enum { OTHER, DIGIT, SEPARATOR };

static inline int
class_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return DIGIT;
    return c == ' ' || c == '-' || c == '.' || c == '_' ? SEPARATOR : OTHER;
}

/* Groups of digits with one separator between two; `end` is behind the last digit. */
struct chain {
    size_t start, end, digits;
};

/* The next chain with enough digits for a card. The chain's cursor goes on behind it. */
static bool
chain_next(struct slice text, size_t *from, struct chain *out)
{
    size_t i = *from, n = text.left;

    while (i < n) {
        struct chain c = {.start = i};

        if (class_of(byte_at(text, i)) != DIGIT) {
            i++;
            continue;
        }
        while (i < n) {
            int kind = class_of(byte_at(text, i));

            if (kind == DIGIT)
                c.digits++;
            else if (kind == OTHER || class_of(byte_at(text, i + 1)) != DIGIT)
                break;
            i++;
        }
        if (c.digits >= CARD_DIGITS_MIN) {
            c.end = i;
            *from = i;
            *out = c;
            return true;
        }
    }
    *from = n;
    return false;
}

/* The networks' everyday lengths win over rarer ones where several ends are possible, so that an
 * expiry date behind the number does not become a part of it. */
static int
length_rank(size_t n)
{
    if (n == 16)
        return 3;
    return n == 15 ? 2 : 1;
}

struct match {
    size_t end, n;
    uint8_t digits[CARD_DIGITS_MAX];
};

/* A card number that begins with the group at `start`. */
static bool
match_at(struct slice text, size_t start, size_t end, struct match *out)
{
    uint8_t digits[CARD_DIGITS_MAX];
    size_t n = 0;
    int best = 0;

    for (size_t i = start; i < end; i++) {
        bool last;

        if (class_of(byte_at(text, i)) != DIGIT)
            continue;
        if (n == CARD_DIGITS_MAX)
            break;
        digits[n++] = (uint8_t)(byte_at(text, i) - '0');
        last = i + 1 == end || class_of(byte_at(text, i + 1)) != DIGIT;
        if (last && length_rank(n) >= best && card_valid(digits, n)) {
            best = length_rank(n);
            out->end = i + 1;
            out->n = n;
        }
    }
    for (size_t i = 0; best > 0 && i < out->n; i++)
        out->digits[i] = digits[i];
    return best > 0;
}

/* The next card number at or behind *from. */
static bool
find_next(struct slice text, struct chain *chain, size_t *at, size_t *from, struct match *out,
          size_t *start)
{
    for (;;) {
        while (*at < chain->end) {
            size_t begin = *at;

            if (match_at(text, begin, chain->end, out)) {
                *start = begin;
                *at = out->end + 1;
                return true;
            }
            while (*at < chain->end && class_of(byte_at(text, *at)) == DIGIT)
                (*at)++;
            (*at)++;
        }
        if (!chain_next(text, from, chain))
            return false;
        *at = chain->start;
    }
}

static void
part_put(struct buf *out, struct slice part)
{
    buf_put(out, part.at, part.left);
}

static void
hit_put(struct card_hits *hits, size_t at, const struct match *m)
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
token_put(struct tokens *tokens, const struct match *m, struct buf *out)
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
    struct chain chain = {0};
    struct match m = {0};
    size_t from = 0, at = 0, start, copied = 0;

    hits->count = hits->more = 0;
    while (find_next(text, &chain, &at, &from, &m, &start)) {
        enum vg_err err;

        if (copied == 0)
            buf_clear(scratch);
        part_put(scratch, bytes_part(text, copied, start));
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
