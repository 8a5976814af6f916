/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/countsketch.h"

#include <stdlib.h>

#include "agent/detect/codec.h"

enum { FORMAT = 1 };

struct countsketch {
    uint32_t width;
    int64_t half_life_ns, halved_ns;
    double total;
    float *counts; /* COUNTSKETCH_DEPTH rows of width */
};

enum vg_err
countsketch_new(uint32_t width, int64_t half_life_ns, struct countsketch **out)
{
    struct countsketch *s;

    if (width < 16 || width > COUNTSKETCH_WIDTH_MAX || (width & (width - 1)) != 0)
        return VG_ERR_LIMIT;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->width = width;
    s->half_life_ns = half_life_ns;
    s->halved_ns = INT64_MIN;
    s->counts = calloc((size_t)width * COUNTSKETCH_DEPTH, sizeof *s->counts);
    if (s->counts == NULL) {
        free(s);
        return VG_ERR_NOMEM;
    }
    *out = s;
    return VG_OK;
}

void
countsketch_free(struct countsketch *s)
{
    if (s == NULL)
        return;
    free(s->counts);
    free(s);
}

/* The keys are hashes already: rows take different mixtures of their halves (Kirsch and
 * Mitzenmacher 2006). */
static float *
count_at(const struct countsketch *s, unsigned row, uint64_t key)
{
    uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32) | 1;

    return &s->counts[(size_t)row * s->width + ((low + row * high) & (s->width - 1))];
}

double
countsketch_estimate(const struct countsketch *s, uint64_t key)
{
    float least = *count_at(s, 0, key);

    for (unsigned r = 1; r < COUNTSKETCH_DEPTH; r++)
        if (*count_at(s, r, key) < least)
            least = *count_at(s, r, key);
    return (double)least;
}

static void
forget(struct countsketch *s, int64_t now_ns)
{
    if (s->halved_ns == INT64_MIN)
        s->halved_ns = now_ns;
    if (s->half_life_ns <= 0)
        return;
    for (int i = 0; i < 64 && now_ns - s->halved_ns >= s->half_life_ns; i++) {
        for (size_t k = 0; k < (size_t)s->width * COUNTSKETCH_DEPTH; k++)
            s->counts[k] *= 0.5F;
        s->total *= 0.5;
        s->halved_ns += s->half_life_ns;
    }
    if (now_ns - s->halved_ns >= s->half_life_ns) /* 64 halvings leave nothing */
        s->halved_ns = now_ns;
}

void
countsketch_add(struct countsketch *s, uint64_t key, double w, int64_t now_ns)
{
    float want;

    forget(s, now_ns);
    want = (float)(countsketch_estimate(s, key) + w);
    for (unsigned r = 0; r < COUNTSKETCH_DEPTH; r++)
        if (*count_at(s, r, key) < want)
            *count_at(s, r, key) = want;
    s->total += w;
}

double
countsketch_total(const struct countsketch *s)
{
    return s->total;
}

void
countsketch_put(const struct countsketch *s, struct buf *out)
{
    buf_put_u8(out, FORMAT);
    buf_put_be32(out, s->width);
    codec_put_i64(out, s->halved_ns);
    codec_put_f64(out, s->total);
    for (size_t i = 0; i < (size_t)s->width * COUNTSKETCH_DEPTH; i++)
        codec_put_f32(out, s->counts[i]);
}

void
countsketch_get(struct countsketch *s, struct slice *in)
{
    if (slice_u8(in) != FORMAT || slice_be32(in) != s->width) {
        in->bad = true;
        return;
    }
    s->halved_ns = codec_time_or_never(in);
    s->total = codec_f64(in);
    for (size_t i = 0; i < (size_t)s->width * COUNTSKETCH_DEPTH; i++)
        s->counts[i] = codec_f32(in);
}
