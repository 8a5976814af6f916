/* SPDX-License-Identifier: Apache-2.0 */
/* transport: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792, RFC 4443), and IP within IP. */
#include "agent/net/decode/decode.h"

static enum decode_result
malformed(struct decoder *d)
{
    d->counters->malformed++;
    return DECODE_NOTHING;
}

static enum decode_result
tcp(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt)
{
    uint32_t header;

    pkt->sport = slice_be16(&in);
    pkt->dport = slice_be16(&in);
    pkt->seq = slice_be32(&in);
    pkt->ack = slice_be32(&in);
    header = (uint32_t)(slice_u8(&in) >> 4) * 4;
    pkt->flags = slice_u8(&in) & 0x3f;
    slice_skip(&in, 6);
    if (in.bad || header < 20 || header > wire)
        return malformed(d);
    pkt->payload_wire = wire - header;
    if (in.left < header - 20) /* the snap length cut the options off */
        in = slice_of(NULL, 0);
    else
        slice_skip(&in, header - 20);
    pkt->payload = in;
    return DECODE_PACKET;
}

static enum decode_result
udp(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt)
{
    uint32_t len;

    pkt->sport = slice_be16(&in);
    pkt->dport = slice_be16(&in);
    len = slice_be16(&in);
    slice_skip(&in, 2);
    if (in.bad)
        return malformed(d);
    if (len < 8 || len > wire) /* 0: a jumbogram; else a header that lies: trust IP */
        len = wire;
    if (len < 8)
        return malformed(d);
    pkt->payload_wire = len - 8;
    pkt->payload = in.left > len - 8 ? slice_sub(&in, len - 8) : in;
    return DECODE_PACKET;
}

static enum decode_result
icmp(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt)
{
    pkt->sport = slice_u8(&in);
    pkt->dport = slice_u8(&in);
    slice_skip(&in, 2); /* checksum */
    if (in.bad || wire < 4)
        return malformed(d);
    pkt->payload_wire = wire - 4;
    pkt->payload = in;
    return DECODE_PACKET;
}

/* RFC 2784 and 2890: GRE with optional checksum, key and sequence number. */
static enum decode_result
gre(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint16_t flags = slice_be16(&in), type = slice_be16(&in);

    if ((flags & 7) != 0) /* version 1 is PPTP */
        return DECODE_NOTHING;
    slice_skip(&in,
               (flags & 0x8000 ? 4u : 0) + (flags & 0x2000 ? 4u : 0) + (flags & 0x1000 ? 4u : 0));
    if (in.bad)
        return malformed(d);
    return decode_ethertype(d, type, in, pkt, depth + 1);
}

static enum decode_result
plain(struct slice in, uint32_t wire, struct packet *pkt)
{
    pkt->payload_wire = wire;
    pkt->payload = in;
    return DECODE_PACKET;
}

enum decode_result
decode_transport(struct decoder *d, uint8_t proto, struct slice in, uint32_t wire,
                 struct packet *pkt, unsigned depth)
{
    pkt->proto = proto;
    pkt->sport = pkt->dport = 0;
    pkt->flags = 0;
    pkt->seq = pkt->ack = 0;
    switch (proto) {
    case IPPROTO_NUM_TCP:
        return tcp(d, in, wire, pkt);
    case IPPROTO_NUM_UDP:
        return udp(d, in, wire, pkt);
    case IPPROTO_NUM_ICMP:
    case IPPROTO_NUM_ICMPV6:
        return icmp(d, in, wire, pkt);
    case IPPROTO_NUM_IPIP:
    case IPPROTO_NUM_IPV6:
        return decode_raw(d, in, pkt, depth + 1);
    case IPPROTO_NUM_GRE: {
        struct packet outer = *pkt;
        enum decode_result inner = gre(d, in, pkt, depth);

        if (inner != DECODE_NOTHING)
            return inner;
        *pkt = outer;
        return plain(in, wire, pkt);
    }
    default:
        return plain(in, wire, pkt);
    }
}
