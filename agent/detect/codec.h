/* SPDX-License-Identifier: Apache-2.0 */
/* codec: doubles, signed times and texts in state rows, bit by bit, so that a restored run continues with
 * exactly what it had. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

static inline void
codec_put_f64(struct buf *b, double v)
{
    uint64_t bits;

    __builtin_memcpy(&bits, &v, sizeof bits);
    buf_put_be64(b, bits);
}

/* A NaN or an infinity in a row is damage: reads as 0 and marks the slice bad. */
static inline double
codec_f64(struct slice *s)
{
    uint64_t bits = slice_be64(s);
    double v;

    __builtin_memcpy(&v, &bits, sizeof v);
    if (!__builtin_isfinite(v)) {
        s->bad = true;
        return 0;
    }
    return v;
}

static inline void
codec_put_f32(struct buf *b, float v)
{
    uint32_t bits;

    __builtin_memcpy(&bits, &v, sizeof bits);
    buf_put_be32(b, bits);
}

static inline float
codec_f32(struct slice *s)
{
    uint32_t bits = slice_be32(s);
    float v;

    __builtin_memcpy(&v, &bits, sizeof v);
    if (!__builtin_isfinite(v)) {
        s->bad = true;
        return 0;
    }
    return v;
}

static inline void
codec_put_i64(struct buf *b, int64_t v)
{
    buf_put_be64(b, (uint64_t)v);
}

static inline int64_t
codec_i64(struct slice *s)
{
    return (int64_t)slice_be64(s);
}

/* Instants that can be told apart without overflow: from 1933 to 2201, around all that vtime_parse()
 * and the sensors give. Anything else in a row is damage: reads as 0 and marks the slice bad. */
#define CODEC_TIME_MIN (-(INT64_C(1) << 60))
#define CODEC_TIME_MAX (INT64_C(7300000000) * 1000000000)

static inline int64_t
codec_time(struct slice *s)
{
    int64_t t_ns = codec_i64(s);

    if (t_ns < CODEC_TIME_MIN || t_ns > CODEC_TIME_MAX) {
        s->bad = true;
        return 0;
    }
    return t_ns;
}

/* The same where INT64_MIN stands for "never". */
static inline int64_t
codec_time_or_never(struct slice *s)
{
    struct slice peek = *s;

    if (codec_i64(&peek) == INT64_MIN && !peek.bad) {
        *s = peek;
        return INT64_MIN;
    }
    return codec_time(s);
}

/* Minor units: far over any amount that a log can hold, far under what sums could overflow. */
static inline int64_t
codec_amount(struct slice *s)
{
    int64_t v = codec_i64(s);

    if (v < -(INT64_C(1) << 60) || v > INT64_C(1) << 60) {
        s->bad = true;
        return 0;
    }
    return v;
}

/* Text with a 32-bit length before it. */
static inline void
codec_put_text(struct buf *b, const char *at, size_t len)
{
    buf_put_be32(b, (uint32_t)len);
    buf_put(b, at, len);
}

/* Text of fewer than 256 bytes, with an 8-bit length before it. */
static inline void
codec_put_name(struct buf *b, const char *name)
{
    buf_put_u8(b, (uint8_t)__builtin_strlen(name));
    buf_put_str(b, name);
}

/* Into `size` zeroed bytes. What has no room with its NUL, or holds one, is damage: marks the slice bad. */
static inline void
codec_name(struct slice *s, char *to, size_t size)
{
    size_t len = slice_u8(s);

    if (len >= size || !slice_copy(s, to, len) || __builtin_memchr(to, '\0', len) != NULL) {
        to[0] = '\0';
        s->bad = true;
    }
}
