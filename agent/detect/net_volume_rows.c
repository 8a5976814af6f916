/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of net.volume: 'd' devices, 'p' places, 'f' open flows. */
#include "agent/detect/net_volume_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/net_common.h"

enum { VOLUME_VERSION = 2, CELL_OWN_BYTES = 48 /* what keytab adds */ };

_Static_assert(NET_TABLE_BYTES(VOLUME_DEVICES_MAX, struct volume_device) +
                       VOLUME_PLACES_MAX * (sizeof(struct volume_place) + CELL_OWN_BYTES) +
                       VOLUME_FLOWS_MAX * (sizeof(struct volume_flow) + CELL_OWN_BYTES) <=
                   NET_VOLUME_BYTES,
               "the memory of detectors is promised");

static void
encode_top(const struct volume_top *t, struct buf *out)
{
    net_addr_encode(&t->addr, out);
    buf_put_be16(out, t->port);
    buf_put_u8(out, t->proto);
    buf_put_u8(out, t->listed);
    buf_put_be64(out, t->place);
    buf_put_be64(out, t->bytes);
    codec_put_name(out, t->name);
}

static void
decode_top(struct volume_top *t, struct slice *in)
{
    t->addr = net_addr_decode(in);
    t->port = slice_be16(in);
    t->proto = slice_u8(in);
    t->listed = slice_u8(in) != 0;
    t->place = slice_be64(in);
    t->bytes = slice_be64(in);
    codec_name(in, t->name, sizeof(t->name));
}

static void
encode_device(const void *value, struct buf *out)
{
    const struct volume_device *d = value;

    codec_put_i64(out, d->first_ns);
    codec_put_i64(out, d->hour_ns);
    buf_put_be64(out, d->hour);
    buf_put_be64(out, d->day);
    buf_put_be64(out, d->hour_plain);
    buf_put_be64(out, d->day_plain);
    buf_put_be64(out, d->hour_next);
    buf_put_be64(out, d->day_next);
    codec_put_f32(out, d->hour_share);
    codec_put_f32(out, d->day_share);
    moments_put(&d->all, out);
    moments_put(&d->days, out);
    for (size_t i = 0; i < VOLUME_SLOTS; i++)
        moments_put(&d->slots[i], out);
    for (size_t i = 0; i < VOLUME_BULKS; i++) {
        buf_put_be64(out, d->bulk[i].place);
        buf_put_be64(out, d->bulk[i].bytes);
        codec_put_i64(out, d->bulk[i].day);
        codec_put_f32(out, d->bulk[i].weight);
    }
    encode_top(&d->top, out);
}

static void
decode_device(void *value, struct slice *in)
{
    struct volume_device *d = value;

    d->first_ns = codec_time(in);
    d->hour_ns = codec_time(in);
    d->hour = slice_be64(in);
    d->day = slice_be64(in);
    d->hour_plain = slice_be64(in);
    d->day_plain = slice_be64(in);
    d->hour_next = slice_be64(in);
    d->day_next = slice_be64(in);
    d->hour_share = codec_f32(in);
    d->day_share = codec_f32(in);
    moments_get(&d->all, in);
    moments_get(&d->days, in);
    for (size_t i = 0; i < VOLUME_SLOTS; i++)
        moments_get(&d->slots[i], in);
    for (size_t i = 0; i < VOLUME_BULKS; i++) {
        d->bulk[i].place = slice_be64(in);
        d->bulk[i].bytes = slice_be64(in);
        d->bulk[i].day = codec_amount(in); /* bounded: days are subtracted */
        d->bulk[i].weight = codec_f32(in);
    }
    decode_top(&d->top, in);
}

static void
encode_place(const void *cell, struct buf *out)
{
    const struct volume_place *p = cell;

    codec_put_i64(out, p->day);
    codec_put_i64(out, p->hour_ns);
    buf_put_be64(out, p->bytes);
    buf_put_be64(out, p->next);
    buf_put_be64(out, p->hour_plain);
    moments_put(&p->days, out);
}

static void
decode_place(void *cell, struct slice *in)
{
    struct volume_place *p = cell;

    p->day = codec_amount(in);
    p->hour_ns = codec_time(in);
    p->bytes = slice_be64(in);
    p->next = slice_be64(in);
    p->hour_plain = slice_be64(in);
    moments_get(&p->days, in);
}

static void
encode_flow(const void *cell, struct buf *out)
{
    buf_put_be64(out, ((const struct volume_flow *)cell)->bytes);
}

static void
decode_flow(void *cell, struct slice *in)
{
    ((struct volume_flow *)cell)->bytes = slice_be64(in);
}

enum vg_err
volume_tables(struct volume *v)
{
    static const struct keytab_options places = {.cell_bytes = sizeof(struct volume_place),
                                                 .cells_max = VOLUME_PLACES_MAX,
                                                 .row_bits = 8,
                                                 .name = 'p',
                                                 .version = VOLUME_VERSION,
                                                 .put = encode_place,
                                                 .get = decode_place};
    static const struct keytab_options flows = {.cell_bytes = sizeof(struct volume_flow),
                                                .cells_max = VOLUME_FLOWS_MAX,
                                                .row_bits = 6,
                                                .name = 'f',
                                                .version = VOLUME_VERSION,
                                                .put = encode_flow,
                                                .get = decode_flow};

    if (keyed_new(VOLUME_DEVICES_MAX, sizeof(struct volume_device), &v->devices) != VG_OK ||
        keytab_new(&places, &v->places) != VG_OK || keytab_new(&flows, &v->flows) != VG_OK)
        return VG_ERR_NOMEM;
    return VG_OK;
}

void
volume_save(void *self, struct state_out *out)
{
    struct volume *v = self;

    keyed_save(v->devices, out, 'd', VOLUME_VERSION, encode_device);
    keytab_save(v->places, out);
    keytab_save(v->flows, out);
}

enum vg_err
volume_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct volume *v = self;

    if (keytab_owns(v->places, key))
        return keytab_load(v->places, key, version, blob);
    if (keytab_owns(v->flows, key))
        return keytab_load(v->flows, key, version, blob);
    if (version != VOLUME_VERSION || slice_u8(&key) != 'd')
        return VG_ERR_FORMAT;
    return keyed_load(v->devices, key, blob, decode_device);
}
