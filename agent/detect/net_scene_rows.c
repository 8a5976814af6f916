/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the scene and their rows. */
#include "agent/detect/net_scene_private.h"

#include "agent/detect/codec.h"

_Static_assert(SCENE_DEVICES_MAX *(sizeof(struct scene_device) + SCENE_CELL_BYTES) +
                       SCENE_PLACES_MAX * (sizeof(struct scene_place) + SCENE_CELL_BYTES) +
                       SCENE_RESOLVED_MAX * (sizeof(struct scene_resolved) + SCENE_CELL_BYTES) <=
                   NET_SCENE_BYTES,
               "the memory of the scene is promised");

static void
put_device(const void *cell, struct buf *out)
{
    const struct scene_device *d = cell;

    codec_put_i64(out, d->view.first_ns);
    codec_put_i64(out, d->view.last_ns);
    buf_put_u8(out, d->view.has_mac);
    buf_put(out, d->view.mac, sizeof(d->view.mac));
    codec_put_name(out, d->view.name);
}

static void
get_device(void *cell, struct slice *in)
{
    struct scene_device *d = cell;

    d->view.first_ns = codec_time(in);
    d->view.last_ns = codec_time(in);
    d->view.has_mac = slice_u8(in) != 0;
    (void)slice_copy(in, d->view.mac, sizeof(d->view.mac));
    codec_name(in, d->view.name, sizeof(d->view.name));
}

static void
put_place(const void *cell, struct buf *out)
{
    const struct scene_place *p = cell;

    codec_put_i64(out, p->first_ns);
    codec_put_i64(out, p->last_ns);
    codec_put_i64(out, p->day);
    buf_put_be32(out, p->days);
    buf_put_u8(out, p->callers);
    for (size_t i = 0; i < p->callers; i++)
        buf_put_be32(out, p->caller[i]);
}

static void
get_place(void *cell, struct slice *in)
{
    struct scene_place *p = cell;
    uint8_t callers;

    p->first_ns = codec_time(in);
    p->last_ns = codec_time(in);
    p->day = codec_i64(in);
    p->days = slice_be32(in);
    callers = slice_u8(in);
    if (callers > NET_CALLERS_MAX)
        in->bad = true;
    for (size_t i = 0; i < callers && !in->bad; i++)
        p->caller[p->callers++] = slice_be32(in);
}

static void
put_resolved(const void *cell, struct buf *out)
{
    const struct scene_resolved *r = cell;

    codec_put_i64(out, r->at_ns);
    codec_put_name(out, r->name);
}

static void
get_resolved(void *cell, struct slice *in)
{
    struct scene_resolved *r = cell;

    r->at_ns = codec_time(in);
    codec_name(in, r->name, sizeof(r->name));
}

/* ---- tables ---- */

enum vg_err
scene_tables_new(struct net_scene *s)
{
    static const struct keytab_options devices = {.cell_bytes = sizeof(struct scene_device),
                                                  .cells_max = SCENE_DEVICES_MAX,
                                                  .row_bits = 6,
                                                  .name = 'd',
                                                  .version = SCENE_VERSION,
                                                  .put = put_device,
                                                  .get = get_device};
    static const struct keytab_options places = {.cell_bytes = sizeof(struct scene_place),
                                                 .cells_max = SCENE_PLACES_MAX,
                                                 .row_bits = 8,
                                                 .name = 'p',
                                                 .version = SCENE_VERSION,
                                                 .put = put_place,
                                                 .get = get_place};
    static const struct keytab_options resolved = {.cell_bytes = sizeof(struct scene_resolved),
                                                   .cells_max = SCENE_RESOLVED_MAX,
                                                   .row_bits = 8,
                                                   .name = 'r',
                                                   .version = SCENE_VERSION,
                                                   .put = put_resolved,
                                                   .get = get_resolved};
    enum vg_err err = keytab_new(&devices, &s->devices);

    if (err == VG_OK)
        err = keytab_new(&places, &s->places);
    if (err == VG_OK)
        err = keytab_new(&resolved, &s->resolved);
    return err;
}

/* ---- all rows ---- */

void
net_scene_save(struct net_scene *s, const struct sink *sink)
{
    struct buf blob;

    keytab_save_as(s->devices, sink, NET_SCENE_STATE_NAME);
    keytab_save_as(s->places, sink, NET_SCENE_STATE_NAME);
    keytab_save_as(s->resolved, sink, NET_SCENE_STATE_NAME);
    if (!s->changed)
        return;
    buf_init(&blob, 64);
    codec_put_i64(&blob, s->since_ns);
    codec_put_i64(&blob, s->hour);
    buf_put_be32(&blob, s->hours);
    if (!blob.bad) {
        sink->ops->state(sink->ctx, NET_SCENE_STATE_NAME, slice_of("m", 1), SCENE_VERSION,
                         buf_slice(&blob));
        s->changed = false;
    }
    buf_done(&blob);
}

enum vg_err
net_scene_load(struct net_scene *s, struct slice key, uint16_t version, struct slice blob)
{
    struct keytab *const tables[] = {s->devices, s->places, s->resolved};
    int64_t since_ns, hour;
    uint32_t hours;

    for (size_t i = 0; i < VG_ARRAY_LEN(tables); i++) {
        if (keytab_owns(tables[i], key))
            return keytab_load(tables[i], key, version, blob);
    }
    since_ns = codec_time(&blob);
    hour = codec_i64(&blob);
    hours = slice_be32(&blob);
    if (key.left != 1 || slice_u8(&key) != 'm' || version != SCENE_VERSION || blob.bad ||
        blob.left > 0 || hour > CODEC_TIME_MAX / VG_HOUR_NS || hour < CODEC_TIME_MIN / VG_HOUR_NS)
        return VG_ERR_FORMAT;
    s->since_ns = since_ns;
    s->hour = hour;
    s->hours = hours;
    return VG_OK;
}
