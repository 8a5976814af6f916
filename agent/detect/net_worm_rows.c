/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of net.worm and their rows. */
#include "agent/detect/net_worm_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"

enum { WORM_VERSION = 1, KEYTAB_OWN_BYTES = 48 /* keytab.h: what a record costs besides itself */ };

_Static_assert(WORM_DOORS_MAX *(sizeof(struct worm_door) + KEYTAB_OWN_BYTES) +
                       WORM_TALLIES_MAX * (sizeof(struct worm_tally) + KEYTAB_OWN_BYTES) <=
                   NET_WORM_BYTES,
               "the memory of detectors is promised");

static void
put_door(const void *cell, struct buf *out)
{
    const struct worm_door *d = cell;

    codec_put_i64(out, d->in_ns);
    codec_put_i64(out, d->first_out_ns);
    codec_put_i64(out, d->window_ns);
    net_addr_encode(&d->from, out);
    buf_put_u8(out, d->told);
    distinct_encode(&d->world, out);
    distinct_encode(&d->shop, out);
}

static void
get_door(void *cell, struct slice *in)
{
    struct worm_door *d = cell;

    d->in_ns = codec_time(in);
    d->first_out_ns = codec_time(in);
    d->window_ns = codec_time(in);
    d->from = net_addr_decode(in);
    d->told = slice_u8(in);
    distinct_decode(&d->world, in);
    distinct_decode(&d->shop, in);
}

static void
put_tally(const void *cell, struct buf *out)
{
    const struct worm_tally *t = cell;

    codec_put_i64(out, t->first_ns);
    buf_put_u8(out, t->told);
    distinct_encode(&t->things, out);
}

static void
get_tally(void *cell, struct slice *in)
{
    struct worm_tally *t = cell;

    t->first_ns = codec_time(in);
    t->told = slice_u8(in) != 0;
    distinct_decode(&t->things, in);
}

enum vg_err
worm_tables(struct worm *w)
{
    const struct keytab_options doors = {.cell_bytes = sizeof(struct worm_door),
                                         .cells_max = WORM_DOORS_MAX,
                                         .row_bits = 4,
                                         .name = 'd',
                                         .version = WORM_VERSION,
                                         .put = put_door,
                                         .get = get_door};
    const struct keytab_options tallies = {.cell_bytes = sizeof(struct worm_tally),
                                           .cells_max = WORM_TALLIES_MAX,
                                           .row_bits = 3,
                                           .name = 't',
                                           .version = WORM_VERSION,
                                           .put = put_tally,
                                           .get = get_tally};
    enum vg_err err = keytab_new(&doors, &w->doors);

    return err == VG_OK ? keytab_new(&tallies, &w->tallies) : err;
}

void
worm_save(void *self, struct state_out *out)
{
    struct worm *w = self;

    keytab_save(w->doors, out);
    keytab_save(w->tallies, out);
}

enum vg_err
worm_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct worm *w = self;

    if (keytab_owns(w->doors, key))
        return keytab_load(w->doors, key, version, blob);
    return keytab_owns(w->tallies, key) ? keytab_load(w->tallies, key, version, blob)
                                        : VG_ERR_FORMAT;
}
