/* SPDX-License-Identifier: Apache-2.0 */
/* ip4: RFC 791. */
#include "agent/net/decode/checksum.h"
#include "agent/net/decode/decode.h"

static enum decode_result
fragment(struct decoder *d, uint16_t id, uint16_t field, uint8_t proto, struct slice in,
         struct packet *pkt, unsigned depth)
{
    struct fragment part = {
        .src = &pkt->src,
        .dst = &pkt->dst,
        .id = id,
        .proto = proto,
        .offset = (uint32_t)(field & 0x1fff) * 8,
        .more = (field & 0x2000) != 0,
        .ip_bytes = pkt->ip_bytes,
        .time_ns = pkt->time_ns,
        .bytes = in,
    };
    struct slice whole;

    if (d->fragments == NULL || fragments_add(d->fragments, &part, &whole, &pkt->ip_bytes) != VG_OK)
        return DECODE_NOTHING; /* counted there */
    return decode_transport(d, proto, whole, (uint32_t)whole.left, pkt, depth);
}

enum decode_result
decode_ip4(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    struct slice all = in;
    size_t captured = in.left;
    uint8_t first = slice_u8(&in), proto;
    uint16_t total, id, field, sum;
    uint32_t header = (uint32_t)(first & 15) * 4, wire;

    slice_skip(&in, 1);
    total = slice_be16(&in);
    id = slice_be16(&in);
    field = slice_be16(&in);
    pkt->hop_limit = slice_u8(&in);
    proto = slice_u8(&in);
    sum = slice_be16(&in);
    pkt->src = (struct net_addr){.family = 4};
    pkt->dst = (struct net_addr){.family = 4};
    (void)slice_copy(&in, pkt->src.bytes, 4);
    (void)slice_copy(&in, pkt->dst.bytes, 4);
    if (total == 0) /* segmentation offload: the card would have filled it in */
        total = captured > 65535 ? 65535 : (uint16_t)captured;
    if (in.bad || first >> 4 != 4 || header < 20 || total < header)
        return decode_malformed(d);
    slice_skip(&in, header - 20);
    wire = total - header;
    if (in.left > wire)
        in = slice_sub(&in, wire); /* Ethernet padding */
    if (in.bad)
        return decode_malformed(d);
    pkt->ip_bytes = total;
    pkt->ip_sum_wrong = sum != 0 && checksum_of(slice_sub(&all, header)) != 0xffff;
    if ((field & 0x3fff) != 0) {
        if (in.left < wire || pkt->ip_sum_wrong) { /* a first one still shows the ports */
            d->counters->fragments++;
            d->counters->fragments_dropped++;
            return (field & 0x1fff) == 0 ? decode_transport(d, proto, in, wire, pkt, depth)
                                         : DECODE_NOTHING;
        }
        return fragment(d, id, field, proto, in, pkt, depth);
    }
    return decode_transport(d, proto, in, wire, pkt, depth);
}
