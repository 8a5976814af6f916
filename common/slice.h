/* SPDX-License-Identifier: Apache-2.0 */
/* slice: bounded, sticky reader over bytes that we do not trust.
 *
 * A slice borrows memory and never owns it. slice_take() holds the only bounds check. After one
 * read that does not fit, the slice is `bad`, `left` is 0, and every later read yields 0 or NULL:
 * a parser reads a whole record and tests `bad` once, before it acts on anything that it read. */
#pragma once

#include "common/base.h"

struct slice {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static inline struct slice
slice_of(const void *p, size_t n)
{
    return (struct slice){.at = n > 0 ? (const uint8_t *)p : (const uint8_t *)"", .left = n};
}

/* Borrows the next n bytes, or NULL. */
static inline const uint8_t *
slice_take(struct slice *s, size_t n)
{
    const uint8_t *p = s->at;

    if (s->bad || n > s->left) {
        s->left = 0;
        s->bad = true;
        return NULL;
    }
    s->at += n;
    s->left -= n;
    return p;
}

static inline void
slice_skip(struct slice *s, size_t n)
{
    (void)slice_take(s, n);
}

static inline uint8_t
slice_u8(struct slice *s)
{
    const uint8_t *p = slice_take(s, 1);

    return (uint8_t)(p != NULL ? p[0] : 0);
}

static inline uint16_t
slice_be16(struct slice *s)
{
    const uint8_t *p = slice_take(s, 2);

    return (uint16_t)(p != NULL ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t
slice_be24(struct slice *s)
{
    const uint8_t *p = slice_take(s, 3);

    return p != NULL ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t
slice_be32(struct slice *s)
{
    const uint8_t *p = slice_take(s, 4);

    if (p == NULL)
        return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
slice_be64(struct slice *s)
{
    uint64_t high = slice_be32(s);

    return high << 32 | slice_be32(s);
}

static inline uint16_t
slice_le16(struct slice *s)
{
    const uint8_t *p = slice_take(s, 2);

    return (uint16_t)(p != NULL ? p[1] << 8 | p[0] : 0);
}

static inline uint32_t
slice_le32(struct slice *s)
{
    const uint8_t *p = slice_take(s, 4);

    if (p == NULL)
        return 0;
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t
slice_le64(struct slice *s)
{
    uint64_t low = slice_le32(s);

    return (uint64_t)slice_le32(s) << 32 | low;
}

/* The next n bytes as a slice of their own: a child cannot read past its end. */
static inline struct slice
slice_sub(struct slice *s, size_t n)
{
    const uint8_t *p = slice_take(s, n);

    return p != NULL ? slice_of(p, n) : (struct slice){.at = (const uint8_t *)"", .bad = true};
}

/* Copies the next n bytes to dst; false (and dst untouched) when they are not there. */
static inline bool
slice_copy(struct slice *s, void *dst, size_t n)
{
    const uint8_t *p = slice_take(s, n);

    if (p == NULL)
        return false;
    __builtin_memcpy(dst, p, n);
    return true;
}
