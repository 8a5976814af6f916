/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of net.scan: its tallies, and the evidence that they carry. */
#include "agent/detect/net_scan_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/net_common.h"

enum { SCAN_VERSION = 1 };

void
scan_tally_sample(struct tally *t, const struct net_addr *dst, uint8_t proto, uint16_t port)
{
    if (t->sample_count < SCAN_SAMPLES)
        t->sample[t->sample_count++] = (struct sample){.dst = *dst, .port = port, .proto = proto};
}

static void
encode_window(const struct window *w, struct buf *out)
{
    buf_put_be64(out, (uint64_t)w->first_ns);
    distinct_encode(&w->failed, out);
    distinct_encode(&w->answered, out);
}

static void
decode_window(struct window *w, struct slice *in)
{
    w->first_ns = codec_time(in);
    distinct_decode(&w->failed, in);
    distinct_decode(&w->answered, in);
}

static void
encode(const void *value, struct buf *out)
{
    const struct tally *t = value;

    encode_window(&t->fast, out);
    encode_window(&t->slow, out);
    buf_put_be32(out, t->stealth);
    buf_put_be32(out, t->reported);
    distinct_encode(&t->hosts, out);
    distinct_encode(&t->ports, out);
    buf_put_u8(out, t->sample_count);
    for (size_t i = 0; i < t->sample_count; i++) {
        net_addr_encode(&t->sample[i].dst, out);
        buf_put_be16(out, t->sample[i].port);
        buf_put_u8(out, t->sample[i].proto);
    }
}

static void
decode(void *value, struct slice *in)
{
    struct tally *t = value;
    uint8_t samples;

    decode_window(&t->fast, in);
    decode_window(&t->slow, in);
    t->stealth = slice_be32(in);
    t->reported = slice_be32(in);
    distinct_decode(&t->hosts, in);
    distinct_decode(&t->ports, in);
    samples = slice_u8(in);
    for (size_t i = 0; i < samples && !in->bad; i++) {
        struct net_addr dst = net_addr_decode(in);
        uint16_t port = slice_be16(in);

        scan_tally_sample(t, &dst, slice_u8(in), port);
    }
}

void
scan_save(void *self, struct state_out *out)
{
    keyed_save(((struct scan *)self)->tallies, out, 't', SCAN_VERSION, encode);
}

enum vg_err
scan_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    if (version != SCAN_VERSION || slice_u8(&key) != 't')
        return VG_ERR_FORMAT;
    return keyed_load(((struct scan *)self)->tallies, key, blob, decode);
}
