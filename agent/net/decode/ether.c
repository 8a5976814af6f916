/* SPDX-License-Identifier: Apache-2.0 */
/* ether: Ethernet II and IEEE 802.3 with LLC/SNAP. */
#include "agent/net/decode/decode.h"

enum decode_result
decode_ethernet(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t dst[6] = {0}, src[6] = {0};
    uint16_t type;

    (void)slice_copy(&in, dst, sizeof(dst));
    (void)slice_copy(&in, src, sizeof(src));
    type = slice_be16(&in);
    if (in.bad) {
        d->counters->malformed++;
        return DECODE_NOTHING;
    }
    if (depth == 0) { /* within a tunnel the outer addresses are the device's */
        pkt->has_mac = true;
        memcpy(pkt->src_mac, src, sizeof(src));
        memcpy(pkt->dst_mac, dst, sizeof(dst));
    }
    if (type < 0x600) { /* a length: only SNAP carries an EtherType */
        if (slice_be16(&in) != 0xaaaa || slice_u8(&in) != 3 || slice_be24(&in) != 0) {
            d->counters->link_unknown++;
            return DECODE_NOTHING;
        }
        type = slice_be16(&in);
    }
    return decode_ethertype(d, type, in, pkt, depth);
}
