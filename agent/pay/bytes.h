/* SPDX-License-Identifier: Apache-2.0 */
/* bytes: looking around in a slice without moving it, each look bounded. For the scanners of
 * payment logs, which search more than they parse. */
#pragma once

#include <string.h>

#include "common/slice.h"
#include "common/str.h"

/* The byte at i, or 0 behind the end. */
static inline uint8_t
byte_at(struct slice s, size_t i)
{
    return i < s.left ? s.at[i] : 0;
}

/* The part [from, to), cut at the end of s. */
static inline struct slice
bytes_part(struct slice s, size_t from, size_t to)
{
    if (to > s.left)
        to = s.left;
    if (from >= to)
        return slice_of(NULL, 0);
    return slice_of(s.at + from, to - from);
}

static inline struct str
bytes_str(struct slice s)
{
    return str_n(s.at, s.left);
}

/* Where c stands first at or behind `from`; s.left when nowhere. */
static inline size_t
bytes_find(struct slice s, size_t from, uint8_t c)
{
    const uint8_t *hit;

    if (from >= s.left)
        return s.left;
    hit = memchr(s.at + from, c, s.left - from);
    return hit != NULL ? (size_t)(hit - s.at) : s.left;
}

/* Whether all bytes are below 0x80. */
static inline bool
bytes_ascii(struct slice s)
{
    uint64_t word[4], high = 0;
    size_t i = 0;

    for (; s.left - i >= sizeof word; i += sizeof word) {
        memcpy(word, s.at + i, sizeof word);
        high |= word[0] | word[1] | word[2] | word[3];
    }
    for (; i < s.left; i++)
        high |= s.at[i];
    return (high & UINT64_C(0x8080808080808080)) == 0;
}

/* How many line ends it holds. */
static inline size_t
bytes_lines(struct slice part)
{
    size_t n = 0;

    for (size_t at = bytes_find(part, 0, '\n'); at < part.left; at = bytes_find(part, at + 1, '\n'))
        n++;
    return n;
}

/* Without white space (and NUL) at both ends. */
static inline struct slice
bytes_trim(struct slice s)
{
    size_t from = 0, to = s.left;

    while (from < to && byte_at(s, from) <= ' ')
        from++;
    while (to > from && byte_at(s, to - 1) <= ' ')
        to--;
    return bytes_part(s, from, to);
}
