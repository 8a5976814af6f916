/* SPDX-License-Identifier: Apache-2.0 */
/* transport: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792, RFC 4443), and what IP carries that is
 * a packet again. */
#include "agent/net/decode/decode.h"

/* RFC 7413, 4.1.1, and the experimental number that came before (RFC 6994). */
static bool
has_fast_open(struct slice options)
{
    enum {
        END = 0,
        NOTHING = 1,
        FAST_OPEN = 34,
        EXPERIMENT = 254,
        MAGIC = 0xf989,
        OPTIONS_MAX = 40
    };

    for (unsigned i = 0; i < OPTIONS_MAX && options.left > 0; i++) {
        uint8_t kind = slice_u8(&options), len;
        struct slice value;

        if (kind == END)
            break;
        if (kind == NOTHING)
            continue;
        len = slice_u8(&options);
        if (len < 2)
            break;
        value = slice_sub(&options, len - 2u);
        if (kind == FAST_OPEN && len > 2)
            return !value.bad;
        if (kind == EXPERIMENT && len > 4 && slice_be16(&value) == MAGIC)
            return !value.bad;
    }
    return false;
}

/* What a checksum is to be taken of: only what is all there. */
static struct slice
whole_segment(struct slice in, uint32_t wire)
{
    struct slice all = in;

    if (in.left > wire)
        return slice_sub(&all, wire);
    all.bad = in.left < wire;
    return all;
}

static enum decode_result
tcp(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt)
{
    uint32_t header;

    pkt->segment = whole_segment(in, wire);
    pkt->sport = slice_be16(&in);
    pkt->dport = slice_be16(&in);
    pkt->seq = slice_be32(&in);
    pkt->ack = slice_be32(&in);
    header = (uint32_t)(slice_u8(&in) >> 4) * 4;
    pkt->flags = slice_u8(&in) & 0x3f;
    slice_skip(&in, 2);
    pkt->sum = slice_be16(&in);
    pkt->urgent = slice_be16(&in);
    if (in.bad || header < 20 || header > wire)
        return decode_malformed(d);
    pkt->payload_wire = wire - header;
    if (in.left < header - 20) { /* the snap length cut the options off */
        in = slice_of(NULL, 0);
    } else {
        struct slice options = slice_sub(&in, header - 20);

        if ((pkt->flags & TCP_SYN) != 0 && pkt->payload_wire > 0)
            pkt->fast_open = has_fast_open(options);
    }
    pkt->payload = in;
    return DECODE_PACKET;
}

static enum decode_result
udp(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt, unsigned depth)
{
    struct slice all = in;
    uint32_t len;

    pkt->sport = slice_be16(&in);
    pkt->dport = slice_be16(&in);
    len = slice_be16(&in);
    pkt->sum = slice_be16(&in);
    if (in.bad)
        return decode_malformed(d);
    if (len < 8 || len > wire) /* 0: a jumbogram; else a header that lies: trust IP */
        len = wire;
    if (len < 8)
        return decode_malformed(d);
    pkt->payload_wire = len - 8;
    pkt->segment = whole_segment(all, len);
    pkt->payload = in.left > len - 8 ? slice_sub(&in, len - 8) : in;
    pkt->depth = (uint8_t)depth;
    decode_tunnel(pkt);
    return DECODE_PACKET;
}

static enum decode_result
icmp(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt)
{
    pkt->sport = slice_u8(&in);
    pkt->dport = slice_u8(&in);
    slice_skip(&in, 2); /* checksum */
    if (in.bad || wire < 4)
        return decode_malformed(d);
    pkt->payload_wire = wire - 4;
    pkt->payload = in;
    return DECODE_PACKET;
}

static enum decode_result
plain(struct slice in, uint32_t wire, struct packet *pkt)
{
    pkt->payload_wire = wire;
    pkt->payload = in;
    return DECODE_PACKET;
}

/* What carries a packet without ports of its own: the packet within, or where that cannot be read
 * the packet around it. */
static enum decode_result
within(struct decoder *d, decode_fn *decode, struct slice in, uint32_t wire, struct packet *pkt,
       unsigned depth)
{
    struct packet outer = *pkt;
    enum decode_result inner = decode(d, in, pkt, depth);

    if (inner != DECODE_NOTHING)
        return inner;
    *pkt = outer;
    return plain(in, wire, pkt);
}

static enum decode_result
ip_within(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    return decode_raw(d, in, pkt, depth + 1);
}

/* RFC 3378: Ethernet after two bytes of version. */
static enum decode_result
etherip(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    if (slice_be16(&in) != 0x3000)
        return decode_malformed(d);
    return decode_ethertype(d, ETHERTYPE_TEB, in, pkt, depth);
}

/* RFC 4302: signed, and readable. IPv6 has it among its extension headers. */
static enum decode_result
authenticated(struct decoder *d, struct slice in, uint32_t wire, struct packet *pkt, unsigned depth)
{
    uint8_t next = slice_u8(&in);
    uint32_t len = (slice_u8(&in) + 2u) * 4;

    slice_skip(&in, len - 2);
    if (in.bad || len > wire || next == IPPROTO_NUM_AH)
        return decode_malformed(d);
    return decode_transport(d, next, in, wire - len, pkt, depth);
}

enum decode_result
decode_transport(struct decoder *d, uint8_t proto, struct slice in, uint32_t wire,
                 struct packet *pkt, unsigned depth)
{
    pkt->proto = proto;
    pkt->sport = pkt->dport = 0;
    pkt->flags = 0;
    pkt->seq = pkt->ack = 0;
    pkt->fast_open = pkt->distrusted = false;
    switch (proto) {
    case IPPROTO_NUM_TCP:
        return tcp(d, in, wire, pkt);
    case IPPROTO_NUM_UDP:
        return udp(d, in, wire, pkt, depth);
    case IPPROTO_NUM_ICMP:
    case IPPROTO_NUM_ICMPV6:
        return icmp(d, in, wire, pkt);
    case IPPROTO_NUM_IPIP:
    case IPPROTO_NUM_IPV6:
        return within(d, ip_within, in, wire, pkt, depth);
    case IPPROTO_NUM_GRE:
        return within(d, decode_gre, in, wire, pkt, depth);
    case IPPROTO_NUM_ETHERIP:
        return within(d, etherip, in, wire, pkt, depth);
    case IPPROTO_NUM_AH:
        return authenticated(d, in, wire, pkt, depth);
    default:
        return plain(in, wire, pkt);
    }
}
