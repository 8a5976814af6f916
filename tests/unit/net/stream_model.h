/* SPDX-License-Identifier: Apache-2.0 */
/* stream_model: reassembly as simple as it can be, to hold the real one against: a byte that came
 * first stays, and what is there without a hole was handed on. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "agent/net/stream.h"

enum { MODEL_BYTES = 20000 };

struct stream_model {
    struct net_counters counters;
    struct stream_pool *pool;
    struct stream stream;
    struct stream_user user;
    uint32_t base;
    uint8_t want[MODEL_BYTES], got[MODEL_BYTES];
    bool have[MODEL_BYTES];
    size_t whole, at, fin_at; /* handed on by the model, by the stream; SIZE_MAX: no FIN yet */
    unsigned gaps, ends;
};

static inline void
model_bytes(void *ctx, struct slice bytes)
{
    struct stream_model *m = ctx;
    size_t n = bytes.left;

    if (m->at + n > MODEL_BYTES || !slice_copy(&bytes, m->got + m->at, n))
        abort();
    m->at += n;
}

static inline void
model_gap(void *ctx, uint32_t bytes)
{
    struct stream_model *m = ctx;

    m->at += bytes;
    m->gaps++;
}

static inline void
model_end(void *ctx)
{
    ((struct stream_model *)ctx)->ends++;
}

static inline bool
model_begin(struct stream_model *m, uint32_t base)
{
    struct stream_segment syn = {.seq = base - 1, .syn = true, .bytes = slice_of(NULL, 0)};

    memset(m, 0, sizeof(*m));
    m->base = base;
    m->fin_at = SIZE_MAX;
    m->user = (struct stream_user){model_bytes, model_gap, model_end, m};
    if (stream_pool_new(&m->counters, &m->pool) != VG_OK)
        return false;
    stream_segment(m->pool, &m->stream, &syn, &m->user);
    return true;
}

/* Gives bytes to both; false where they differ afterwards. */
static inline bool
model_give(struct stream_model *m, size_t at, struct slice bytes, bool fin)
{
    size_t len = at + bytes.left <= MODEL_BYTES ? bytes.left : MODEL_BYTES - at;
    struct slice in = slice_sub(&bytes, len);
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct stream_segment seg = {.seq = m->base + (uint32_t)at, .fin = fin, .wire = (uint32_t)len};

    if (copy == NULL || !slice_copy(&in, copy, len))
        abort();
    if (m->ends == 0) {
        if (fin && m->fin_at == SIZE_MAX && at + len >= m->whole)
            m->fin_at = at + len;
        for (size_t i = 0; i < len; i++)
            if (!m->have[at + i]) {
                m->have[at + i] = true;
                m->want[at + i] = copy[i];
            }
        while (m->whole < MODEL_BYTES && m->have[m->whole])
            m->whole++;
    }
    seg.bytes = slice_of(copy, len);
    stream_segment(m->pool, &m->stream, &seg, &m->user);
    free(copy);
    if (m->at != m->whole || memcmp(m->got, m->want, m->at) != 0 || m->gaps != 0)
        return false;
    return m->ends == (m->fin_at <= m->whole ? 1 : 0);
}

static inline void
model_done(struct stream_model *m)
{
    stream_ignore(m->pool, &m->stream);
    stream_pool_free(m->pool);
}
