/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/codec.h"
#include "agent/detect/net_brute_force_private.h"

static void
put_set(const struct brute_set *s, struct buf *out)
{
    buf_put_u8(out, s->count);
    for (unsigned i = 0; i < s->count; i++)
        buf_put_be32(out, s->at[i]);
}

static void
get_set(struct brute_set *s, struct slice *in)
{
    uint8_t count = slice_u8(in);

    if (count > BRUTE_SET_MAX) {
        in->bad = true;
        return;
    }
    s->count = count;
    for (unsigned i = 0; i < count; i++)
        s->at[i] = slice_be32(in);
}

static void
put(const void *cell, struct buf *out)
{
    const struct brute_tally *t = cell;

    codec_put_i64(out, t->fast_ns);
    codec_put_i64(out, t->slow_ns);
    buf_put_be32(out, t->fast);
    buf_put_be32(out, t->fast_ok);
    buf_put_be32(out, t->slow);
    buf_put_be32(out, t->slow_ok);
    buf_put_be32(out, t->in_phase);
    buf_put_be32(out, t->reported);
    buf_put_be32(out, t->answer);
    buf_put_be32(out, t->same);
    buf_put_be32(out, t->usual);
    buf_put_u8(out, t->won);
    put_set(&t->names_fast, out);
    put_set(&t->names_slow, out);
    put_set(&t->ends, out);
}

static void
get(void *cell, struct slice *in)
{
    struct brute_tally *t = cell;

    t->fast_ns = codec_time(in);
    t->slow_ns = codec_time(in);
    t->fast = slice_be32(in);
    t->fast_ok = slice_be32(in);
    t->slow = slice_be32(in);
    t->slow_ok = slice_be32(in);
    t->in_phase = slice_be32(in);
    t->reported = slice_be32(in);
    t->answer = slice_be32(in);
    t->same = slice_be32(in);
    t->usual = slice_be32(in);
    t->won = slice_u8(in);
    get_set(&t->names_fast, in);
    get_set(&t->names_slow, in);
    get_set(&t->ends, in);
}

const struct keytab_options BRUTE_TABLE = {.cell_bytes = sizeof(struct brute_tally),
                                           .cells_max = BRUTE_TALLIES_MAX,
                                           .row_bits = 4,
                                           .name = 't',
                                           .version = BRUTE_VERSION,
                                           .put = put,
                                           .get = get};
