/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of net.arp_spoof: 'a' addresses, 'm' stations, 'c' clients, 'q' questions. */
#include "agent/detect/net_arp_spoof_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/net_common.h"

enum { ARP_VERSION = 1 };

static void
put_mac(struct buf *out, const uint8_t mac[6])
{
    buf_put(out, mac, 6);
}

static void
encode_addr(const void *value, struct buf *out)
{
    const struct addr *a = value;

    for (int i = 0; i < 2; i++) {
        put_mac(out, a->side[i].mac);
        buf_put_be64(out, (uint64_t)a->side[i].first_ns);
        buf_put_be64(out, (uint64_t)a->side[i].last_ns);
        buf_put_be64(out, (uint64_t)a->side[i].unasked_ns);
        buf_put_be32(out, a->side[i].unasked);
    }
    buf_put_u8(out, a->last_side);
    buf_put_be32(out, a->turns);
    buf_put_be64(out, (uint64_t)a->turns_ns);
    buf_put_be64(out, (uint64_t)a->reported_ns);
    net_addr_encode(&a->asked_for, out);
    buf_put_u8(out, a->asked_by);
    buf_put_be64(out, (uint64_t)a->asked_ns);
    buf_put_be64(out, (uint64_t)a->relay_ns);
}

static void
decode_addr(void *value, struct slice *in)
{
    struct addr *a = value;

    for (int i = 0; i < 2; i++) {
        (void)slice_copy(in, a->side[i].mac, 6);
        a->side[i].first_ns = codec_time(in);
        a->side[i].last_ns = codec_time(in);
        a->side[i].unasked_ns = codec_time(in);
        a->side[i].unasked = slice_be32(in);
    }
    a->last_side = slice_u8(in) & 1;
    a->turns = slice_be32(in);
    a->turns_ns = codec_time(in);
    a->reported_ns = codec_time(in);
    a->asked_for = net_addr_decode(in);
    a->asked_by = slice_u8(in) & 1;
    a->asked_ns = codec_time(in);
    a->relay_ns = codec_time(in);
}

static void
encode_station(const void *value, struct buf *out)
{
    const struct station *st = value;

    buf_put_u8(out, st->count);
    for (size_t i = 0; i < st->count; i++)
        net_addr_encode(&st->addr[i], out);
    net_addr_encode(&st->lure, out);
    put_mac(out, st->lured_from);
    buf_put_be64(out, (uint64_t)st->lure_ns);
    buf_put_be32(out, st->unasked);
    buf_put_be64(out, (uint64_t)st->unasked_ns);
    buf_put_be64(out, (uint64_t)st->flood_reported_ns);
}

static void
decode_station(void *value, struct slice *in)
{
    struct station *st = value;
    uint8_t count = slice_u8(in);

    for (size_t i = 0; i < count && i < MAC_ADDRS_MAX; i++)
        st->addr[st->count++] = net_addr_decode(in);
    st->lure = net_addr_decode(in);
    (void)slice_copy(in, st->lured_from, 6);
    st->lure_ns = codec_time(in);
    st->unasked = slice_be32(in);
    st->unasked_ns = codec_time(in);
    st->flood_reported_ns = codec_time(in);
}

static void
encode_client(const void *value, struct buf *out)
{
    const struct client *c = value;

    put_mac(out, c->next_hop);
    buf_put_be64(out, (uint64_t)c->last_ns);
}

static void
decode_client(void *value, struct slice *in)
{
    struct client *c = value;

    (void)slice_copy(in, c->next_hop, 6);
    c->last_ns = codec_time(in);
}

static void
encode_asked(const void *value, struct buf *out)
{
    const struct asked *a = value;

    buf_put_be64(out, (uint64_t)a->last_ns);
    buf_put_u8(out, a->answers);
    buf_put(out, a->by, sizeof(a->by));
}

static void
decode_asked(void *value, struct slice *in)
{
    struct asked *a = value;

    a->last_ns = codec_time(in);
    a->answers = slice_u8(in) & 3;
    (void)slice_copy(in, a->by, sizeof(a->by));
    if (a->answers > VG_ARRAY_LEN(a->by))
        a->answers = 0;
}

void
arp_spoof_save(void *self, struct state_out *out)
{
    struct arp_spoof *s = self;

    keyed_save(s->addrs, out, 'a', ARP_VERSION, encode_addr);
    keyed_save(s->stations, out, 'm', ARP_VERSION, encode_station);
    keyed_save(s->clients, out, 'c', ARP_VERSION, encode_client);
    keyed_save(s->asked, out, 'q', ARP_VERSION, encode_asked);
}

enum vg_err
arp_spoof_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct arp_spoof *s = self;

    if (version != ARP_VERSION)
        return VG_ERR_FORMAT;
    switch (slice_u8(&key)) {
    case 'a':
        return keyed_load(s->addrs, key, blob, decode_addr);
    case 'm':
        return keyed_load(s->stations, key, blob, decode_station);
    case 'c':
        return keyed_load(s->clients, key, blob, decode_client);
    case 'q':
        return keyed_load(s->asked, key, blob, decode_asked);
    default:
        return VG_ERR_FORMAT;
    }
}
