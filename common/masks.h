/* SPDX-License-Identifier: Apache-2.0 */
/* masks: which of 64 bytes are what, as bits, the first byte the lowest; so that a look at many bytes
 * asks about each only where the answer is not the same for all of them. */
#pragma once

#include "common/base.h"

#if defined __SSE2__ && !defined MASKS_PORTABLE /* a test compares the two */
#include <emmintrin.h>

enum { MASKS_BLOCK = 64, MASKS_PART = 16 };

static inline __m128i
masks_load(const uint8_t *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline uint64_t
masks_bits(__m128i bytes, int at)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << at;
}

static inline uint64_t
masks_is(const uint8_t block[MASKS_BLOCK], uint8_t c)
{
    const __m128i same = _mm_set1_epi8((char)c);
    uint64_t mask = 0;

    for (int at = 0; at < MASKS_BLOCK; at += MASKS_PART)
        mask |= masks_bits(_mm_cmpeq_epi8(masks_load(block + at), same), at);
    return mask;
}

/* From `first` to `last`. */
static inline uint64_t
masks_within(const uint8_t block[MASKS_BLOCK], uint8_t first, uint8_t last)
{
    const __m128i from = _mm_set1_epi8((char)first), most = _mm_set1_epi8((char)(last - first));
    uint64_t mask = 0;

    for (int at = 0; at < MASKS_BLOCK; at += MASKS_PART) {
        __m128i above = _mm_sub_epi8(masks_load(block + at), from);

        mask |= masks_bits(_mm_cmpeq_epi8(_mm_min_epu8(above, most), above), at);
    }
    return mask;
}

static inline uint64_t
masks_ascii(const uint8_t block[MASKS_BLOCK])
{
    uint64_t others = 0;

    for (int at = 0; at < MASKS_BLOCK; at += MASKS_PART)
        others |= masks_bits(masks_load(block + at), at);
    return ~others;
}
#else
enum { MASKS_BLOCK = 64 };

static inline uint64_t
masks_within(const uint8_t block[MASKS_BLOCK], uint8_t first, uint8_t last)
{
    uint64_t mask = 0;

    for (unsigned at = 0; at < MASKS_BLOCK; at++)
        mask |= (uint64_t)(block[at] >= first && block[at] <= last) << at;
    return mask;
}

static inline uint64_t
masks_is(const uint8_t block[MASKS_BLOCK], uint8_t c)
{
    return masks_within(block, c, c);
}

static inline uint64_t
masks_ascii(const uint8_t block[MASKS_BLOCK])
{
    return masks_within(block, 0, 0x7f);
}
#endif
