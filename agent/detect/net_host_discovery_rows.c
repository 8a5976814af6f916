/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of net.host_discovery: 's' sweeps, 'g' gateways. */
#include "agent/detect/net_host_discovery_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/net_common.h"

enum { DISCOVERY_VERSION = 1 };

static void
put_machines(const struct machines *m, struct buf *out)
{
    buf_put_be16(out, m->set);
    buf_put(out, m->bits, sizeof(m->bits));
}

static void
get_machines(struct machines *m, struct slice *in)
{
    m->set = slice_be16(in);
    (void)slice_copy(in, m->bits, sizeof(m->bits));
    if (m->set > SWEEP_BITS)
        in->bad = true;
}

static void
put_sweep(const void *cell, struct buf *out)
{
    const struct sweep *s = cell;

    codec_put_i64(out, s->fast_ns);
    codec_put_i64(out, s->slow_ns);
    codec_put_i64(out, s->told_ns);
    codec_put_i64(out, s->usual_day);
    put_machines(&s->asked, out);
    put_machines(&s->nobody, out);
    put_machines(&s->strange, out);
    buf_put_be32(out, s->told);
    buf_put_u8(out, s->usual);
    buf_put_u8(out, s->sample_count);
    for (size_t i = 0; i < s->sample_count; i++)
        net_addr_encode(&s->sample[i], out);
}

static void
get_sweep(void *cell, struct slice *in)
{
    struct sweep *s = cell;
    uint8_t samples;

    s->fast_ns = codec_time(in);
    s->slow_ns = codec_time(in);
    s->told_ns = codec_time(in);
    s->usual_day = codec_i64(in);
    get_machines(&s->asked, in);
    get_machines(&s->nobody, in);
    get_machines(&s->strange, in);
    s->told = slice_be32(in);
    s->usual = slice_u8(in);
    samples = slice_u8(in);
    if (samples > SWEEP_SAMPLES)
        in->bad = true;
    for (size_t i = 0; i < samples && !in->bad; i++)
        s->sample[s->sample_count++] = net_addr_decode(in);
}

enum vg_err
discovery_tables(struct discovery *d)
{
    static const struct keytab_options options = {.cell_bytes = sizeof(struct sweep),
                                                  .cells_max = SWEEPS_MAX,
                                                  .row_bits = 4,
                                                  .name = 's',
                                                  .version = DISCOVERY_VERSION,
                                                  .put = put_sweep,
                                                  .get = get_sweep};

    return keytab_new(&options, &d->sweeps);
}

void
discovery_save(void *self, struct state_out *out)
{
    struct discovery *d = self;
    struct buf blob;

    keytab_save(d->sweeps, out);
    if (!d->gateways_changed)
        return;
    buf_init(&blob, GATEWAYS_MAX * 16);
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        buf_put(&blob, d->gateway[i].mac, 6);
        codec_put_i64(&blob, d->gateway[i].seen_ns);
    }
    if (!blob.bad) {
        state_put(out, slice_of("g", 1), DISCOVERY_VERSION, buf_slice(&blob));
        d->gateways_changed = false;
    }
    buf_done(&blob);
}

enum vg_err
discovery_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct discovery *d = self;
    struct gateway read[GATEWAYS_MAX];

    if (keytab_owns(d->sweeps, key))
        return keytab_load(d->sweeps, key, version, blob);
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        (void)slice_copy(&blob, read[i].mac, 6);
        read[i].seen_ns = codec_time(&blob);
    }
    if (version != DISCOVERY_VERSION || slice_u8(&key) != 'g' || blob.bad || blob.left != 0)
        return VG_ERR_FORMAT;
    memcpy(d->gateway, read, sizeof(read));
    return VG_OK;
}
