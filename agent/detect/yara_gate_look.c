/* SPDX-License-Identifier: Apache-2.0 */
/* A gate held against bytes. */
#include "agent/detect/yara_gate_private.h"

#include <string.h>

#include "common/masks.h"

static inline uint64_t
word_at(const uint8_t *at)
{
    return ((uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
            (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
            (uint64_t)at[7] << 56) |
           UINT64_C(0x0101010101010101) * FOLD;
}

static bool
text_at(const struct text *t, const uint8_t *at)
{
    for (size_t i = 0; i < t->len; i++)
        if ((at[i] | FOLD) != t->at[i])
            return false;
    return true;
}

/* Exactly but for the case of letters: "{{" is not "[{", which stands in all JSON. */
static bool
short_at(const struct text *t, const uint8_t *at)
{
    for (size_t i = 0; i < t->len; i++) {
        uint8_t c = (uint8_t)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] | FOLD : at[i]);

        if (c != t->at[i] && (c != '|' || t->at[i] != '\\'))
            return false;
    }
    return true;
}

/* Whether there is nothing more to learn from the text: it, or its rule's set, was there before. */
static inline bool
noted(const struct yara_gate *g, const struct text *t)
{
    return (g->seen[t->rule] >> t->clause & 1) != 0 || (g->open >> g->set[t->rule] & 1) != 0;
}

static bool
stands(const struct text *t, struct slice in)
{
    size_t len = in.left;
    const uint8_t *at = slice_take(&in, len);

    for (size_t i = 0; i + t->len <= len; i++)
        if ((at[i] | FOLD) == (t->at[0] | FOLD) && short_at(t, at + i))
            return true;
    return false;
}

/* Looks for the rule's short texts that wait for the rest; in pieces they count as seen. */
static void
look_later(struct yara_gate *g, uint16_t rule)
{
    for (size_t i = 0; i < g->text_count; i++) {
        const struct text *t = &g->text[i];

        if (t->rule == rule && t->later && (g->seen[rule] >> t->clause & 1) == 0 &&
            (g->whole.left == 0 || stands(t, g->whole)))
            g->seen[rule] |= (uint8_t)(1u << t->clause);
    }
}

/* Whether all sets are open now. */
static bool
note(struct yara_gate *g, const struct text *t)
{
    uint8_t first = g->first[t->rule], *seen = &g->seen[t->rule];
    bool fits = g->size <= g->most[t->rule];

    *seen |= (uint8_t)(1u << t->clause);
    if (fits && *seen != g->asked[t->rule] && (*seen & first) == first &&
        (first >> t->clause & 1) != 0)
        look_later(g, t->rule);
    if (fits && *seen == g->asked[t->rule])
        g->open |= UINT64_C(1) << g->set[t->rule];
    return g->open == g->all;
}

/* Notes the texts around the four bytes at `at`, of which `before` and `after` bytes may be read;
 * whether all sets are open now. */
static bool
look_closer(struct yara_gate *g, const uint8_t *at, size_t before, size_t after, uint32_t quad)
{
    for (uint16_t n = g->head[quad_hash(quad) % HEADS]; n > 0; n = g->gram[n - 1].next) {
        const struct gram *gram = &g->gram[n - 1];
        const struct text *t;

        if (gram->quad != quad || gram->back > before)
            continue;
        t = &g->text[gram->text];
        if ((size_t)(t->len - gram->back) <= after && !noted(g, t) && text_at(t, at - gram->back) &&
            note(g, t))
            return true;
    }
    return false;
}

static inline bool
quad_known(const struct yara_gate *g, uint32_t quad)
{
    uint32_t hash = quad_hash(quad);

    if (__builtin_expect((g->bits[hash / 8] >> hash % 8 & 1) == 0, 1))
        return false;
    hash = more_hash(quad);
    return (g->more[hash / 8] >> hash % 8 & 1) != 0;
}

static inline bool
look_at(struct yara_gate *g, const uint8_t *at, size_t len, size_t place, uint32_t quad)
{
    return quad_known(g, quad) && look_closer(g, at + place, place, len - place, quad);
}

/* From `from` to `to`, a multiple of the stride, each word with as many grams as it has; compiled for
 * each stride by itself. */
static inline bool
look_by_words(struct yara_gate *g, const uint8_t *at, size_t len, size_t from, size_t to,
              size_t stride)
{
    enum { WORD = sizeof(uint64_t) };
    const size_t grams = (WORD - QUAD) / stride + 1;
    size_t i = from;

    for (; i + WORD <= to; i += grams * stride) {
        uint64_t word = word_at(at + i);

#pragma GCC unroll 4
        for (size_t k = 0; k < grams; k++) {
            size_t place = i + k * stride;

            if (look_at(g, at, len, place, (uint32_t)(word >> 8 * k * stride)))
                return true;
        }
    }
    for (; i < to && i + QUAD <= len; i += stride)
        if (look_at(g, at, len, i, quad_at(at + i)))
            return true;
    return false;
}

/* So many places of a block are looked at before the next, which any stride divides; each with the four
 * bytes from there on. */
enum { PLACES = 60 };
_Static_assert(PLACES + QUAD - 1 <= MASKS_BLOCK && PLACES % 2 == 0 && PLACES % 3 == 0 &&
                   PLACES % STRIDE_MAX == 0,
               "no place is between blocks");

/* Only where four bytes together are such as texts have: in pictures and archives a sixteenth. */
static inline bool
look_by_blocks(struct yara_gate *g, const uint8_t *at, size_t len, size_t stride)
{
    uint64_t places = 0;
    size_t i = 0;

    for (size_t k = 0; k < PLACES; k += stride)
        places |= UINT64_C(1) << k;
    for (; !g->odd && i + MASKS_BLOCK <= len; i += PLACES) {
        uint64_t runs = masks_ascii(at + i);

        runs &= runs >> 1;
        runs &= runs >> 2;
        runs &= places;
        if (runs == places) {
            if (look_by_words(g, at, len, i, i + PLACES, stride))
                return true;
            continue;
        }
        for (; runs != 0; runs &= runs - 1) {
            size_t place = i + (size_t)__builtin_ctzll(runs);

            if (look_at(g, at, len, place, quad_at(at + place)))
                return true;
        }
    }
    return look_by_words(g, at, len, i, len, stride);
}

static bool
look_for_shorts(struct yara_gate *g, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        uint32_t pair = pair_at(at + i);

        if ((g->pairs[pair / 8] >> pair % 8 & 1) == 0)
            continue;
        for (uint16_t n = g->short_head[pair_hash(pair)]; n > 0; n = g->short_next[n - 1]) {
            const struct text *t = &g->text[n - 1];

            if (t->len <= len - i && !noted(g, t) && short_at(t, at + i) && note(g, t))
                return true;
        }
    }
    return false;
}

void
yara_gate_begin(struct yara_gate *g, uint64_t size)
{
    memset(g->seen, 0, g->rule_count);
    g->open = g->always;
    g->size = size;
    g->whole = slice_of(NULL, 0);
}

uint64_t
yara_gate_open(const struct yara_gate *g)
{
    return g->open;
}

uint64_t
yara_gate_lets(struct yara_gate *g, struct slice bytes)
{
    yara_gate_begin(g, bytes.left);
    g->whole = bytes;
    (void)yara_gate_more(g, bytes);
    return g->open;
}

bool
yara_gate_more(struct yara_gate *g, struct slice bytes)
{
    size_t len = bytes.left;
    const uint8_t *at = slice_take(&bytes, len);

    if (g->open == g->all)
        return true;
    if (g->pairs != NULL && look_for_shorts(g, at, len))
        return true;
    switch (g->stride) {
    case 2:
        return look_by_blocks(g, at, len, 2);
    case 3:
        return look_by_blocks(g, at, len, 3);
    default:
        return look_by_blocks(g, at, len, STRIDE_MAX);
    }
}
