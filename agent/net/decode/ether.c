/* SPDX-License-Identifier: Apache-2.0 */
/* ether: Ethernet II and IEEE 802.3. */
#include "agent/net/decode/decode.h"

enum decode_result
decode_ethernet(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t dst[6] = {0}, src[6] = {0};
    uint16_t type;

    (void)slice_copy(&in, dst, sizeof(dst));
    (void)slice_copy(&in, src, sizeof(src));
    type = slice_be16(&in);
    if (in.bad)
        return decode_malformed(d);
    if (depth == 0) { /* within a tunnel the outer addresses are the device's */
        pkt->has_mac = true;
        memcpy(pkt->src_mac, src, sizeof(src));
        memcpy(pkt->dst_mac, dst, sizeof(dst));
    }
    if (type < 0x600) { /* a length; padding follows what it covers */
        if (in.left > type)
            in = slice_sub(&in, type);
        return decode_llc(d, in, pkt, depth);
    }
    return decode_ethertype(d, type, in, pkt, depth);
}
