/* SPDX-License-Identifier: Apache-2.0 */
/* gre: RFC 2784 and 2890; version 1 of PPTP (RFC 2637); what Cisco and Aruba put into it. */
#include "agent/net/decode/decode.h"

enum {
    HAS_SUM = 0x8000,
    HAS_ROUTES = 0x4000,
    HAS_KEY = 0x2000,
    HAS_SEQUENCE = 0x1000,
    HAS_ACK = 0x0080, /* version 1 */
    TYPE_ERSPAN_2 = 0x88be,
    TYPE_ERSPAN_3 = 0x22eb,
    TYPE_WCCP = 0x883e,
};

/* A mirrored frame: without a head (type I), with 8 bytes (II), with 12 and perhaps 8 more (III);
 * draft-foschiano-erspan. */
static enum decode_result
erspan(struct decoder *d, uint16_t flags, uint16_t type, struct slice in, struct packet *pkt,
       unsigned depth)
{
    if (type == TYPE_ERSPAN_3) {
        slice_skip(&in, 11);
        slice_skip(&in, slice_u8(&in) & 1 ? 8 : 0);
    } else if (flags & HAS_SEQUENCE) {
        slice_skip(&in, 8);
    }
    return decode_ethertype(d, ETHERTYPE_TEB, in, pkt, depth);
}

enum decode_result
decode_gre(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint16_t flags = slice_be16(&in), type = slice_be16(&in);
    unsigned version = flags & 7;

    if (in.bad || version > 1 || (flags & HAS_ROUTES) != 0)
        return decode_malformed(d);
    slice_skip(&in, (flags & HAS_SUM ? 4u : 0) + (flags & HAS_KEY ? 4u : 0) +
                        (flags & HAS_SEQUENCE ? 4u : 0) +
                        (version == 1 && (flags & HAS_ACK) != 0 ? 4u : 0));
    if (in.bad)
        return decode_malformed(d);
    if (in.left == 0) /* a bare acknowledgement, a keep-alive */
        return DECODE_NOTHING;
    if (version == 1)
        return type == ETHERTYPE_PPP ? decode_ppp(d, in, pkt, depth + 1) : decode_malformed(d);
    if (type == TYPE_ERSPAN_2 || type == TYPE_ERSPAN_3)
        return erspan(d, flags, type, in, pkt, depth);
    if (type == TYPE_WCCP) {
        struct slice peek = in;

        if (slice_u8(&peek) >> 4 != 4) /* version 2 puts four bytes first */
            slice_skip(&in, 4);
        return decode_raw(d, in, pkt, depth + 1);
    }
    if ((type >= 0x8200 && type <= 0x83ff) || (type >= 0x9000 && type <= 0x903f)) /* Aruba */
        return depth + 1 < DECODE_DEPTH_MAX ? decode_wifi(d, in, pkt, depth + 1)
                                            : decode_unknown(d);
    return decode_ethertype(d, type, in, pkt, type == ETHERTYPE_TEB ? depth : depth + 1);
}
