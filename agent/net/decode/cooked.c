/* SPDX-License-Identifier: Apache-2.0 */
/* cooked: Linux "any" captures, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2. */
#include "agent/net/decode/decode.h"

static void
take_mac(struct packet *pkt, unsigned len, const uint8_t address[8])
{
    if (len != 6)
        return;
    memset(pkt->dst_mac, 0, sizeof(pkt->dst_mac)); /* a cooked header has the sender's only */
    memcpy(pkt->src_mac, address, sizeof(pkt->src_mac));
}

enum decode_result
decode_sll(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t address[8] = {0};
    uint16_t len, type;

    slice_skip(&in, 4); /* packet type, ARPHRD */
    len = slice_be16(&in);
    (void)slice_copy(&in, address, sizeof(address));
    type = slice_be16(&in);
    if (in.bad)
        return decode_malformed(d);
    take_mac(pkt, len, address);
    return decode_ethertype(d, type, in, pkt, depth);
}

enum decode_result
decode_sll2(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint8_t address[8] = {0};
    uint16_t type = slice_be16(&in);
    uint8_t len;

    slice_skip(&in, 2 + 4 + 2 + 1); /* reserved, interface, ARPHRD, packet type */
    len = slice_u8(&in);
    (void)slice_copy(&in, address, sizeof(address));
    if (in.bad)
        return decode_malformed(d);
    take_mac(pkt, len, address);
    return decode_ethertype(d, type, in, pkt, depth);
}
