/* SPDX-License-Identifier: Apache-2.0 */
/* arp: RFC 826 for Ethernet and IPv4. */
#include "agent/net/decode/decode.h"

enum decode_result
decode_arp(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint16_t hardware = slice_be16(&in), protocol = slice_be16(&in);
    uint8_t hardware_len = slice_u8(&in), protocol_len = slice_u8(&in);
    uint16_t operation = slice_be16(&in);
    struct arp_view a = {.reply = operation == 2};

    (void)depth;
    (void)slice_copy(&in, a.sender_mac, 6);
    (void)slice_copy(&in, a.sender.bytes, 4);
    (void)slice_copy(&in, a.target_mac, 6);
    (void)slice_copy(&in, a.target.bytes, 4);
    if (in.bad || hardware != 1 || protocol != ETHERTYPE_IP4 || hardware_len != 6 ||
        protocol_len != 4 || operation < 1 || operation > 2)
        return decode_malformed(d);
    a.sender.family = a.target.family = 4;
    if (pkt->has_mac) {
        memcpy(a.eth_src, pkt->src_mac, 6);
        memcpy(a.eth_dst, pkt->dst_mac, 6);
    } else {
        memcpy(a.eth_src, a.sender_mac, 6);
    }
    d->arp = a;
    return DECODE_ARP;
}
