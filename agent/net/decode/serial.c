/* SPDX-License-Identifier: Apache-2.0 */
/* serial: PPP (RFC 1661, 1662), PPPoE (RFC 2516), Cisco HDLC, frame relay (RFC 2427), SLIP as
 * libpcap writes it, ARCNET (RFC 1051, RFC 1201). */
#include "agent/net/decode/decode.h"

enum { PPP_IP4 = 0x21, PPP_IP6 = 0x57, PPP_MPLS = 0x281, PPP_BRIDGED = 0x31 };

enum decode_result
decode_ppp(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    struct slice peek = in;
    uint16_t protocol;

    if (slice_be16(&peek) == 0xff03) /* address and control, where they are not left out */
        in = peek;
    protocol = slice_u8(&in);
    if ((protocol & 1) == 0) /* an odd first byte is all: it was compressed */
        protocol = (uint16_t)(protocol << 8 | slice_u8(&in));
    if (in.bad)
        return decode_malformed(d);
    switch (protocol) {
    case PPP_IP4:
        return decode_ethertype(d, ETHERTYPE_IP4, in, pkt, depth);
    case PPP_IP6:
        return decode_ethertype(d, ETHERTYPE_IP6, in, pkt, depth);
    case PPP_MPLS:
        return decode_ethertype(d, ETHERTYPE_MPLS, in, pkt, depth);
    default:
        return decode_unknown(d); /* LCP, IPCP, CHAP and the like; what is compressed */
    }
}

/* One byte of direction first. */
enum decode_result
decode_ppp_dir(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    slice_skip(&in, 1);
    return decode_ppp(d, in, pkt, depth);
}

enum decode_result
decode_pppoe(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t version = slice_u8(&in), code = slice_u8(&in);
    uint16_t len;

    slice_skip(&in, 2); /* session */
    len = slice_be16(&in);
    if (in.bad || version != 0x11)
        return decode_malformed(d);
    if (code != 0)
        return decode_unknown(d);
    if (in.left > len)
        in = slice_sub(&in, len);
    return decode_ppp(d, in, pkt, depth);
}

enum decode_result
decode_hdlc(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint16_t type;

    slice_skip(&in, 2); /* address, control */
    type = slice_be16(&in);
    if (in.bad)
        return decode_malformed(d);
    return type < 0x600 ? decode_unknown(d) : decode_ethertype(d, type, in, pkt, depth);
}

enum decode_result
decode_frame_relay(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t id;

    for (unsigned i = 0; i < 4; i++) /* the address ends with an odd byte */
        if (slice_u8(&in) & 1)
            break;
    if (slice_u8(&in) != 3)
        return in.bad ? decode_malformed(d) : decode_unknown(d);
    id = slice_u8(&in);
    if (id == 0)
        id = slice_u8(&in); /* padding */
    if (in.bad)
        return decode_malformed(d);
    switch (id) { /* ISO/IEC TR 9577 */
    case 0xcc:
        return decode_ethertype(d, ETHERTYPE_IP4, in, pkt, depth);
    case 0x8e:
        return decode_ethertype(d, ETHERTYPE_IP6, in, pkt, depth);
    case 0x80: {
        uint32_t owner = slice_be24(&in);
        uint16_t type = slice_be16(&in);

        if (in.bad)
            return decode_malformed(d);
        return owner == 0 && type >= 0x600 ? decode_ethertype(d, type, in, pkt, depth)
                                           : decode_unknown(d);
    }
    default:
        return decode_unknown(d);
    }
}

enum decode_result
decode_slip(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    slice_skip(&in, 16); /* direction and what compression left of the header */
    return decode_raw(d, in, pkt, depth);
}

enum decode_result
decode_arcnet(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t type, flag;

    slice_skip(&in, 4); /* from, to, offset in the card's buffer */
    type = slice_u8(&in);
    if (type == 240) /* RFC 1051: no more head */
        return decode_ethertype(d, ETHERTYPE_IP4, in, pkt, depth);
    if (type != 212 && type != 196)
        return in.bad ? decode_malformed(d) : decode_unknown(d);
    flag = slice_u8(&in); /* RFC 1201 */
    if (flag == 0xff)
        slice_skip(&in, 4);
    slice_skip(&in, 2);
    if (in.bad)
        return decode_malformed(d);
    if (flag != 0 && flag != 0xff) /* a part of a packet: rare enough to leave */
        return decode_unknown(d);
    return decode_ethertype(d, type == 212 ? ETHERTYPE_IP4 : ETHERTYPE_IP6, in, pkt, depth);
}
