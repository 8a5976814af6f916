/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/card_number.h"

#include <string.h>

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

/* ---- in text ---- */

enum { GROUPS_MAX = 5, FIRST_GROUP = 4 };

struct groups {
    size_t at[GROUPS_MAX], len[GROUPS_MAX];
    size_t count;
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of a run of digits, CARD_DIGITS_MAX + 1 for longer ones. */
static size_t
run_of(const char *text, size_t at, size_t len)
{
    size_t n = 0;

    while (at + n < len && n <= CARD_DIGITS_MAX && is_digit(text[at + n]))
        n++;
    return n;
}

static size_t
separator_of(const char *text, size_t at, size_t len)
{
    if (at < len && memchr(" -+._", text[at], 5) != NULL)
        return 1;
    if (len - at >= 3 && text[at] == '%' && text[at + 1] == '2' &&
        (text[at + 2] == '0' || text[at + 2] == 'D' || text[at + 2] == 'd'))
        return 3;
    return 0;
}

static bool
written_so(const struct groups *g)
{
    if (g->count < 3 || g->len[0] != FIRST_GROUP)
        return g->count == 1;
    if (g->count == 3)
        return g->len[1] == 6 && (g->len[2] == 5 || g->len[2] == 4);
    return g->len[1] == 4 && g->len[2] == 4 && g->len[3] <= 4 &&
           (g->count == 4 || (g->len[3] == 4 && g->len[4] <= 3));
}

static bool
is_card(const char *text, const struct groups *g)
{
    uint8_t digits[CARD_DIGITS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < g->count; i++)
        for (size_t j = 0; j < g->len[i]; j++) {
            if (n == CARD_DIGITS_MAX)
                return false;
            digits[n++] = (uint8_t)(text[g->at[i] + j] - '0');
        }
    return written_so(g) && card_valid(digits, n);
}

/* The longest card that begins at `at`, card->count 0 where none does; returns where to go on. */
static size_t
find_at(const char *text, size_t at, size_t len, struct groups *card)
{
    size_t next = at, first = run_of(text, at, len), gap = 0;
    struct groups g;

    card->count = g.count = 0;
    if (first > CARD_DIGITS_MAX) { /* a longer number: no part of it is a card's */
        while (at < len && is_digit(text[at]))
            at++;
        return at;
    }
    if (first < CARD_DIGITS_MIN && first != FIRST_GROUP)
        return at + first;
    do {
        size_t n = run_of(text, next + gap, len);

        if (n == 0 || n > CARD_DIGITS_MAX)
            break;
        g.at[g.count] = next + gap;
        g.len[g.count++] = n;
        next += gap + n;
        if (is_card(text, &g))
            *card = g;
        gap = separator_of(text, next, len);
    } while (gap > 0 && g.count < GROUPS_MAX);
    return card->count > 0 ? card->at[card->count - 1] + card->len[card->count - 1] : at + first;
}

void
card_mask(char *text, size_t len)
{
    struct groups card;

    for (size_t i = 0; i < len;) {
        if (!is_digit(text[i])) {
            i++;
            continue;
        }
        i = find_at(text, i, len, &card);
        for (size_t k = 0; k < card.count; k++)
            memset(text + card.at[k], 'X', card.len[k]);
    }
}

bool
card_find(const char *text, size_t len, size_t from, struct card_place *out)
{
    struct groups card;

    while (from < len) {
        if (!is_digit(text[from])) {
            from++;
            continue;
        }
        from = find_at(text, from, len, &card);
        if (card.count > 0) {
            *out = (struct card_place){.at = card.at[0], .end = from, .groups = card.count};
            return true;
        }
    }
    return false;
}
