/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of net.lateral: pairs, tallies, controllers, and since when habits are known. */
#include "agent/detect/net_lateral_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"

enum { LATERAL_VERSION = 1, HABITS_KEY = 'h' };
enum { KEYTAB_OWN_BYTES = 48 }; /* keytab.h: what a record costs besides itself */

_Static_assert(LATERAL_PAIRS_MAX *(sizeof(struct lateral_pair) + KEYTAB_OWN_BYTES) +
                       LATERAL_TALLIES_MAX * (sizeof(struct lateral_tally) + KEYTAB_OWN_BYTES) +
                       LATERAL_SERVERS_MAX * (sizeof(struct lateral_server) + KEYTAB_OWN_BYTES) <=
                   NET_LATERAL_BYTES,
               "the memory of detectors is promised");
_Static_assert(LATERAL_SIGNS <= 32, "signs are bits");

static void
put_pair(const void *cell, struct buf *out)
{
    const struct lateral_pair *p = cell;

    codec_put_i64(out, p->told_ns);
    codec_put_i64(out, p->tested_ns);
    buf_put_be32(out, p->told);
    buf_put_be32(out, p->known);
    buf_put_u8(out, p->graver);
}

static void
get_pair(void *cell, struct slice *in)
{
    struct lateral_pair *p = cell;

    p->told_ns = codec_time(in);
    p->tested_ns = codec_time(in);
    p->told = slice_be32(in);
    p->known = slice_be32(in);
    p->graver = slice_u8(in);
}

static void
put_tally(const void *cell, struct buf *out)
{
    const struct lateral_tally *t = cell;

    codec_put_i64(out, t->first_ns);
    buf_put_u8(out, t->told);
    distinct_encode(&t->things, out);
}

static void
get_tally(void *cell, struct slice *in)
{
    struct lateral_tally *t = cell;

    t->first_ns = codec_time(in);
    t->told = slice_u8(in) != 0;
    distinct_decode(&t->things, in);
}

static void
put_server(const void *cell, struct buf *out)
{
    codec_put_i64(out, ((const struct lateral_server *)cell)->last_ns);
}

static void
get_server(void *cell, struct slice *in)
{
    ((struct lateral_server *)cell)->last_ns = codec_time(in);
}

enum vg_err
lateral_tables(struct lateral *l)
{
    const struct keytab_options pairs = {.cell_bytes = sizeof(struct lateral_pair),
                                         .cells_max = LATERAL_PAIRS_MAX,
                                         .row_bits = 4,
                                         .name = 'p',
                                         .version = LATERAL_VERSION,
                                         .put = put_pair,
                                         .get = get_pair};
    const struct keytab_options tallies = {.cell_bytes = sizeof(struct lateral_tally),
                                           .cells_max = LATERAL_TALLIES_MAX,
                                           .row_bits = 3,
                                           .name = 't',
                                           .version = LATERAL_VERSION,
                                           .put = put_tally,
                                           .get = get_tally};
    const struct keytab_options servers = {.cell_bytes = sizeof(struct lateral_server),
                                           .cells_max = LATERAL_SERVERS_MAX,
                                           .row_bits = 1,
                                           .name = 's',
                                           .version = LATERAL_VERSION,
                                           .put = put_server,
                                           .get = get_server};
    enum vg_err err = keytab_new(&pairs, &l->pairs);

    if (err == VG_OK)
        err = keytab_new(&tallies, &l->tallies);
    if (err == VG_OK)
        err = keytab_new(&servers, &l->servers);
    return err;
}

void
lateral_save(void *self, struct state_out *out)
{
    struct lateral *l = self;
    static const char key[] = {HABITS_KEY};

    keytab_save(l->pairs, out);
    keytab_save(l->tallies, out);
    keytab_save(l->servers, out);
    if (l->habits_changed) {
        struct buf blob;

        buf_init(&blob, 64);
        codec_put_i64(&blob, l->learned_ns);
        buf_put_be32(&blob, l->fresh);
        state_put(out, slice_of(key, sizeof(key)), LATERAL_VERSION, buf_slice(&blob));
        buf_done(&blob);
        l->habits_changed = false;
    }
}

static enum vg_err
load_habits(struct lateral *l, uint16_t version, struct slice blob)
{
    int64_t learned_ns = codec_time(&blob);
    uint32_t fresh = slice_be32(&blob);

    if (version != LATERAL_VERSION || blob.bad || blob.left != 0)
        return VG_ERR_FORMAT;
    l->learned_ns = learned_ns;
    l->fresh = fresh;
    return VG_OK;
}

enum vg_err
lateral_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct lateral *l = self;
    struct slice first = key;

    if (keytab_owns(l->pairs, key))
        return keytab_load(l->pairs, key, version, blob);
    if (keytab_owns(l->tallies, key))
        return keytab_load(l->tallies, key, version, blob);
    if (keytab_owns(l->servers, key))
        return keytab_load(l->servers, key, version, blob);
    if (key.left == 1 && slice_u8(&first) == HABITS_KEY)
        return load_habits(l, version, blob);
    return VG_ERR_FORMAT;
}
