/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/card.h"

#include "agent/pay/bytes.h"

/* Which prefixes (first six digits, inclusive) are assigned for which lengths. Sources: ISO/IEC
 * 7812 register as published by the networks: Visa "Core Rules" (13 to 19 digits), Mastercard
 * "Transaction Processing Rules" (51-55, 2221-2720; Maestro 50, 56-58, 6), American Express
 * "Merchant Specifications" (34, 37), Discover "IIN range update" (Discover, Diners Club, JCB,
 * UnionPay, RuPay, InstaPayment), JCB (3528-3589; 1800 and 2131 of old), UnionPay (62, 81), Mir
 * (2200-2204), BORICA (2205), UATP (1, 15 digits), Carnet of Mexico (286900, 5062, 6363), Troy
 * (9792), UzCard (8600), Humo (9860), RuPay (81, 82), GPN (1946). A length that no network issues
 * in a range is no card: an IMEI (15 digits, Luhn-valid, often 35...) stays what it is. */
struct range {
    uint32_t first, last;
    uint8_t min, max;
};
static const struct range RANGES[] = {
    {100000, 179999, 15, 15}, {180000, 180099, 15, 16}, {180100, 194599, 15, 15},
    {194600, 194699, 15, 16}, {194700, 199999, 15, 15}, {201400, 201499, 15, 15},
    {213100, 213199, 15, 16}, {214900, 214999, 15, 15}, {220000, 220599, 16, 19},
    {222100, 272099, 16, 16}, {286900, 286999, 16, 16}, {300000, 305999, 14, 19},
    {308800, 309499, 16, 19}, {309500, 309599, 14, 19}, {309600, 310299, 16, 19},
    {311200, 312099, 16, 19}, {315800, 315999, 16, 19}, {333700, 334999, 16, 19},
    {340000, 349999, 15, 15}, {352800, 358999, 16, 19}, {360000, 369999, 14, 19},
    {370000, 379999, 15, 15}, {380000, 399999, 14, 19}, {400000, 499999, 13, 19},
    {500000, 509999, 13, 19}, {510000, 559999, 16, 16}, {560000, 699999, 13, 19},
    {810000, 829999, 16, 19}, {860000, 860099, 16, 16}, {979200, 979299, 16, 16},
    {986000, 986099, 16, 16},
};

static bool
range_assigned(uint32_t prefix, size_t n)
{
    size_t low = 0, high = VG_ARRAY_LEN(RANGES);

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (prefix > RANGES[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < VG_ARRAY_LEN(RANGES) && prefix >= RANGES[low].first && n >= RANGES[low].min &&
           n <= RANGES[low].max;
}

static bool
luhn_valid(const uint8_t *digits, size_t n)
{
    static const uint8_t TWICE[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (n - i) % 2 == 0 ? TWICE[digits[i]] : digits[i];
    return sum % 10 == 0;
}

bool
card_valid(const uint8_t *digits, size_t n)
{
    uint32_t prefix = 0;

    if (n < CARD_DIGITS_MIN || n > CARD_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < 6; i++)
        prefix = prefix * 10 + digits[i];
    return range_assigned(prefix, n) && luhn_valid(digits, n);
}

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
