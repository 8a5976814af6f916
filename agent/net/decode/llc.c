/* SPDX-License-Identifier: Apache-2.0 */
/* llc: IEEE 802.2 with SNAP (RFC 1042, RFC 2684), and the links that always carry it: token ring
 * (RFC 1042), FDDI (RFC 1390). */
#include "agent/net/decode/decode.h"

enum { SAP_IP = 0x06, SAP_SNAP = 0xaa, CONTROL_UI = 3 };

enum decode_result
decode_llc(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t to = slice_u8(&in), from = slice_u8(&in), control = slice_u8(&in);
    uint32_t owner;
    uint16_t type;

    if (in.bad)
        return decode_malformed(d);
    if (to == SAP_IP && from == SAP_IP && control == CONTROL_UI)
        return decode_ethertype(d, ETHERTYPE_IP4, in, pkt, depth);
    if (to != SAP_SNAP || from != SAP_SNAP || control != CONTROL_UI)
        return decode_unknown(d); /* spanning tree and its like */
    owner = slice_be24(&in);
    type = slice_be16(&in);
    if (in.bad)
        return decode_malformed(d);
    if (owner == 0x0080c2 && (type == 1 || type == 7)) { /* bridged Ethernet, RFC 2684 */
        slice_skip(&in, 2);
        return decode_ethertype(d, ETHERTYPE_TEB, in, pkt, depth);
    }
    if ((owner != 0 && owner != 0x0000f8) || type < 0x600)
        return decode_unknown(d);
    return decode_ethertype(d, type, in, pkt, depth);
}

static void
take_macs(struct slice *in, struct packet *pkt, unsigned depth)
{
    uint8_t dst[6] = {0}, src[6] = {0};

    (void)slice_copy(in, dst, sizeof(dst));
    (void)slice_copy(in, src, sizeof(src));
    src[0] &= 0x7f; /* on token ring: source routing follows */
    if (in->bad || depth > 0)
        return;
    pkt->has_mac = true;
    memcpy(pkt->src_mac, src, sizeof(src));
    memcpy(pkt->dst_mac, dst, sizeof(dst));
}

enum decode_result
decode_token_ring(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t access, control, routed;
    struct slice peek;

    access = slice_u8(&in);
    control = slice_u8(&in);
    (void)access;
    peek = in;
    slice_skip(&peek, 6);
    routed = slice_u8(&peek) & 0x80;
    take_macs(&in, pkt, depth);
    if (routed) {
        peek = in;
        slice_skip(&in, slice_u8(&peek) & 0x1f);
    }
    if (in.bad)
        return decode_malformed(d);
    if (control >> 6 != 1) /* the ring's own */
        return decode_unknown(d);
    return decode_llc(d, in, pkt, depth);
}

enum decode_result
decode_fddi(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t control = slice_u8(&in);

    take_macs(&in, pkt, depth);
    if (in.bad)
        return decode_malformed(d);
    if ((control & 0x30) != 0x10) /* no LLC frame */
        return decode_unknown(d);
    return decode_llc(d, in, pkt, depth);
}
