/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/card_chain.h"

#include "agent/detect/card_number.h"

#if defined __SSE2__ && !defined CARD_CHAIN_PORTABLE /* a test compares the two */
#include <emmintrin.h>
#define VECTORS
#endif

enum { BLOCK = 64 };

const uint8_t CARD_BYTE[256] = {
    ['0'] = CARD_DIGIT,     ['1'] = CARD_DIGIT,     ['2'] = CARD_DIGIT,     ['3'] = CARD_DIGIT,
    ['4'] = CARD_DIGIT,     ['5'] = CARD_DIGIT,     ['6'] = CARD_DIGIT,     ['7'] = CARD_DIGIT,
    ['8'] = CARD_DIGIT,     ['9'] = CARD_DIGIT,     [' '] = CARD_SEPARATOR, ['-'] = CARD_SEPARATOR,
    ['.'] = CARD_SEPARATOR, ['_'] = CARD_SEPARATOR, ['+'] = CARD_SEPARATOR, ['%'] = CARD_LEAD,
    ['\\'] = CARD_LEAD,     [0xc2] = CARD_LEAD,     [0xe2] = CARD_LEAD,     [0xe3] = CARD_LEAD,
    [0xef] = CARD_LEAD,
};

/* One bit a byte, the first byte lowest. */
struct masks {
    uint64_t digit, separator, lead;
};

#ifdef VECTORS
static inline __m128i
is(__m128i bytes, int c)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)c));
}

static inline uint64_t
mask_of(__m128i hits, int shift)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(hits) << shift;
}

static struct masks
masks_of(const uint8_t block[BLOCK])
{
    struct masks m = {0, 0, 0};

    for (int at = 0; at < BLOCK; at += 16) {
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(block + at));
        __m128i less = _mm_sub_epi8(b, _mm_set1_epi8('0'));
        __m128i separator =
            _mm_or_si128(_mm_or_si128(is(b, ' '), is(b, '-')),
                         _mm_or_si128(_mm_or_si128(is(b, '.'), is(b, '_')), is(b, '+')));
        __m128i lead = _mm_or_si128(is(b, '%'), is(b, '\\'));

        if (_mm_movemask_epi8(b) != 0)
            lead = _mm_or_si128(lead, _mm_or_si128(_mm_or_si128(is(b, 0xc2), is(b, 0xe2)),
                                                   _mm_or_si128(is(b, 0xe3), is(b, 0xef))));
        m.digit |= mask_of(_mm_cmpeq_epi8(_mm_min_epu8(less, _mm_set1_epi8(9)), less), at);
        m.separator |= mask_of(separator, at);
        m.lead |= mask_of(lead, at);
    }
    return m;
}
#else
static struct masks
masks_of(const uint8_t block[BLOCK])
{
    struct masks m = {0, 0, 0};

    for (unsigned at = 0; at < BLOCK; at++) {
        uint8_t kind = CARD_BYTE[block[at]];

        m.digit |= (uint64_t)(kind == CARD_DIGIT) << at;
        m.separator |= (uint64_t)(kind == CARD_SEPARATOR) << at;
        m.lead |= (uint64_t)(kind == CARD_LEAD) << at;
    }
    return m;
}
#endif

/* The lowest bits at which CARD_DIGITS_MIN set bits begin. */
static uint64_t
long_runs(uint64_t m)
{
    m &= m >> 1;
    m &= m >> 2;
    m &= m >> 4;
    return m & m >> (CARD_DIGITS_MIN - 8);
}
_Static_assert(CARD_DIGITS_MIN > 8 && CARD_DIGITS_MIN <= 16, "runs of eight, and so many more");

static struct masks
masks_at(struct slice text, size_t at)
{
    uint8_t block[BLOCK] = {0};
    struct slice part = bytes_part(text, at, at + BLOCK);

    if (part.left == BLOCK)
        return masks_of(part.at);
    memcpy(block, part.at, part.left);
    return masks_of(block);
}

/* Where in the block a number may begin, given the first bit of a long run or of a lead byte: at the
 * first digit or lead byte of what stands together there, or behind it. BLOCK: nowhere. */
static unsigned
begin_of(const struct masks *m, uint64_t together, unsigned at)
{
    uint64_t apart = at > 0 ? ~together << (BLOCK - at) : 0;
    unsigned run = apart != 0 ? (unsigned)__builtin_clzll(apart) : at;
    uint64_t begin = (m->digit | m->lead) >> (at - run);

    return begin != 0 ? at - run + (unsigned)__builtin_ctzll(begin) : BLOCK;
}

size_t
card_chain_likely(struct slice text, size_t from)
{
    while (from < text.left) {
        struct masks m = masks_at(text, from);
        uint64_t together = m.digit | m.separator, first = long_runs(together) | m.lead;
        unsigned begin = BLOCK;

        if (first != 0) {
            begin = begin_of(&m, together, (unsigned)__builtin_ctzll(first));
            if (begin < BLOCK)
                return from + begin;
        } else if (from + BLOCK < text.left && ~together != 0) {
            /* What stands together at the block's end may go on: the next one begins with it. */
            begin -= (unsigned)__builtin_clzll(~together);
        }
        from += begin;
    }
    return text.left;
}
