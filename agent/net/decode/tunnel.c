/* SPDX-License-Identifier: Apache-2.0 */
/* tunnel: packets within UDP: VXLAN (RFC 7348, and its GPE draft), Geneve (RFC 8926), GRE (RFC
 * 8086), GTP-U (3GPP TS 29.281), L2TP (RFC 2661), AYIYA, TZSP, Teredo (RFC 4380).
 *
 * A port alone proves nothing: what follows must have the form of the tunnel's head, its reserved
 * bits zero, and a packet behind it. Only Teredo also goes between clients on ports of their own;
 * there the addresses within tell. */
#include "agent/net/decode/decode.h"

static bool
is_ip(struct slice in)
{
    uint8_t version = slice_u8(&in) >> 4;

    return version == 4 || version == 6;
}

static bool
carries(struct packet *pkt, const char *name, uint16_t type, struct slice in)
{
    if (in.bad || in.left == 0)
        return false;
    pkt->tunnel = name;
    pkt->inner_type = type;
    pkt->inner = in;
    return true;
}

static bool
carries_ip(struct packet *pkt, const char *name, struct slice in)
{
    return is_ip(in) && carries(pkt, name, INNER_IP, in);
}

static bool
vxlan_gpe(struct slice in, struct packet *pkt)
{
    uint8_t flags = slice_u8(&in), next;

    if (slice_be16(&in) != 0)
        return false;
    next = slice_u8(&in);
    slice_skip(&in, 3);
    if (slice_u8(&in) != 0 || (flags & 0x0c) != 0x0c || (flags & 0xc2) != 0)
        return false;
    if (next == 3)
        return in.left >= 14 && carries(pkt, "vxlan", ETHERTYPE_TEB, in);
    return (next == 1 || next == 2) && carries_ip(pkt, "vxlan", in);
}

static bool
vxlan(struct slice in, struct packet *pkt)
{
    struct slice all = in;
    uint8_t flags = slice_u8(&in);

    if (flags & 0x04) /* says itself what follows, whatever the port */
        return vxlan_gpe(all, pkt);
    slice_skip(&in, 3); /* zero, or a group (draft-smith-vxlan-group-policy) */
    slice_skip(&in, 3); /* network */
    return slice_u8(&in) == 0 && (flags & 0x73) == 0 && (flags & 0x08) != 0 && in.left >= 14 &&
           carries(pkt, "vxlan", ETHERTYPE_TEB, in);
}

static bool
geneve(struct slice in, struct packet *pkt)
{
    uint8_t first = slice_u8(&in), flags = slice_u8(&in);
    uint16_t type = slice_be16(&in);

    slice_skip(&in, 3);
    if (slice_u8(&in) != 0 || first >> 6 != 0 || (flags & 0x3f) != 0)
        return false;
    slice_skip(&in, (size_t)(first & 0x3f) * 4);
    if (type == ETHERTYPE_TEB)
        return in.left >= 14 && carries(pkt, "geneve", type, in);
    return (type == ETHERTYPE_IP4 || type == ETHERTYPE_IP6) && carries_ip(pkt, "geneve", in);
}

static bool
gre(struct slice in, struct packet *pkt)
{
    struct slice peek = in;
    uint16_t flags = slice_be16(&peek), type = slice_be16(&peek);

    return (flags & 0x4fff) == 0 && peek.left > 0 &&
           (type == ETHERTYPE_IP4 || type == ETHERTYPE_IP6 || type == ETHERTYPE_TEB ||
            type == ETHERTYPE_MPLS) &&
           carries(pkt, "gre", INNER_GRE, in);
}

static bool
gtp(struct slice in, struct packet *pkt)
{
    enum { VERSION_1 = 0x30, EXTENSION = 4, OPTIONS = 7, G_PDU = 255, EXTENSIONS_MAX = 8 };
    uint8_t flags = slice_u8(&in), type = slice_u8(&in), next;

    if (slice_be16(&in) != in.left - 4 || (flags & 0xf8) != VERSION_1 || type != G_PDU)
        return false;
    slice_skip(&in, 4); /* tunnel */
    if (flags & OPTIONS) {
        slice_skip(&in, 3);
        next = slice_u8(&in);
        for (unsigned i = 0; (flags & EXTENSION) != 0 && next != 0; i++) {
            size_t len = (size_t)slice_u8(&in) * 4;

            if (in.bad || len == 0 || i == EXTENSIONS_MAX)
                return false;
            slice_skip(&in, len - 2);
            next = slice_u8(&in);
        }
    }
    return carries_ip(pkt, "gtp", in);
}

static bool
l2tp(struct slice in, struct packet *pkt)
{
    enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200, ZERO = 0x34f0 };
    size_t whole = in.left;
    uint16_t flags = slice_be16(&in);

    if ((flags & 15) != 2 || (flags & (CONTROL | ZERO)) != 0)
        return false;
    if ((flags & LENGTH) != 0 && slice_be16(&in) > whole)
        return false;
    slice_skip(&in, 4); /* tunnel, session */
    if (flags & SEQUENCE)
        slice_skip(&in, 4);
    if (flags & OFFSET)
        slice_skip(&in, slice_be16(&in));
    return carries(pkt, "l2tp", ETHERTYPE_PPP, in);
}

/* draft-massar-v6ops-ayiya: sizes of identity and signature in the first two bytes. */
static bool
ayiya(struct slice in, struct packet *pkt)
{
    enum { FORWARD = 1 };
    uint8_t identity = slice_u8(&in), signature = slice_u8(&in), operation = slice_u8(&in);
    uint8_t next = slice_u8(&in);

    slice_skip(&in, 4); /* time */
    slice_skip(&in, (size_t)1 << (identity >> 4));
    slice_skip(&in, (size_t)(signature >> 4) * 4);
    return (operation & 15) == FORWARD && (next == IPPROTO_NUM_IPV6 || next == IPPROTO_NUM_IPIP) &&
           carries_ip(pkt, "ayiya", in);
}

/* What routers mirror to an analyser: version 1, a received packet, the kind, then tags. */
static bool
tzsp(struct slice in, struct packet *pkt)
{
    enum { TAGS_MAX = 16, TAG_PADDING = 0, TAG_END = 1 };

    if (slice_u8(&in) != 1 || slice_u8(&in) != 0 || slice_be16(&in) != 1)
        return false;
    for (unsigned i = 0; i < TAGS_MAX; i++) {
        uint8_t tag = slice_u8(&in);

        if (in.bad)
            return false;
        if (tag == TAG_END)
            return in.left >= 14 && carries(pkt, "tzsp", ETHERTYPE_TEB, in);
        if (tag != TAG_PADDING)
            slice_skip(&in, slice_u8(&in));
    }
    return false;
}

/* Whether this is all of one IPv6 packet, and (unless `anyhow`) one of a Teredo address. */
static bool
is_whole_ip6(struct slice in, bool anyhow)
{
    uint32_t from, to;
    uint16_t len;

    if (slice_u8(&in) >> 4 != 6)
        return false;
    slice_skip(&in, 3);
    len = slice_be16(&in);
    slice_skip(&in, 2);
    from = slice_be32(&in);
    slice_skip(&in, 12);
    to = slice_be32(&in);
    slice_skip(&in, 12);
    return !in.bad && in.left == len && (anyhow || from == 0x20010000 || to == 0x20010000);
}

static bool
teredo(struct slice in, struct packet *pkt)
{
    struct slice peek = in;

    if (slice_be16(&peek) == 1) { /* authentication */
        size_t len = slice_u8(&peek);

        len += slice_u8(&peek);
        slice_skip(&peek, len + 9);
        in = peek;
    }
    peek = in;
    if (slice_be16(&peek) == 0) { /* origin */
        slice_skip(&peek, 6);
        in = peek;
    }
    return is_whole_ip6(in, true) && carries(pkt, "teredo", ETHERTYPE_IP6, in);
}

static bool
by_port(uint16_t port, struct packet *pkt)
{
    switch (port) {
    case 4789:
    case 8472: /* Linux before it had a number */
        return vxlan(pkt->payload, pkt);
    case 4790:
        return vxlan_gpe(pkt->payload, pkt);
    case 6081:
        return geneve(pkt->payload, pkt);
    case 4754:
        return gre(pkt->payload, pkt);
    case 2152:
        return gtp(pkt->payload, pkt);
    case 1701:
        return l2tp(pkt->payload, pkt);
    case 5072:
        return ayiya(pkt->payload, pkt);
    case 37008:
        return tzsp(pkt->payload, pkt);
    case 3544:
        return teredo(pkt->payload, pkt);
    default:
        return false;
    }
}

void
decode_tunnel(struct packet *pkt)
{
    if (pkt->payload.left < 8 || by_port(pkt->dport, pkt) || by_port(pkt->sport, pkt))
        return;
    if (is_whole_ip6(pkt->payload, false))
        (void)carries(pkt, "teredo", ETHERTYPE_IP6, pkt->payload);
}
