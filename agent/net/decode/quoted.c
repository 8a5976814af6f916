/* SPDX-License-Identifier: Apache-2.0 */
/* quoted: the head of a packet within an ICMP error (RFC 792, RFC 4443), cut after eight bytes of
 * transport by many. */
#include "agent/net/decode/decode.h"

bool
decode_quoted(struct slice in, struct packet *pkt)
{
    uint8_t first;

    slice_skip(&in, 4);
    first = slice_u8(&in);
    *pkt = (struct packet){0};
    if (first >> 4 == 4 && (first & 15) >= 5) {
        pkt->src.family = pkt->dst.family = 4;
        slice_skip(&in, 8);
        pkt->proto = slice_u8(&in);
        slice_skip(&in, 2);
        (void)slice_copy(&in, pkt->src.bytes, 4);
        (void)slice_copy(&in, pkt->dst.bytes, 4);
        slice_skip(&in, (size_t)(first & 15) * 4 - 20);
    } else if (first >> 4 == 6) {
        pkt->src.family = pkt->dst.family = 6;
        slice_skip(&in, 5);
        pkt->proto = slice_u8(&in);
        slice_skip(&in, 1);
        (void)slice_copy(&in, pkt->src.bytes, 16);
        (void)slice_copy(&in, pkt->dst.bytes, 16);
    } else {
        return false;
    }
    if (pkt->proto == IPPROTO_NUM_TCP || pkt->proto == IPPROTO_NUM_UDP) {
        pkt->sport = slice_be16(&in);
        pkt->dport = slice_be16(&in);
    }
    return !in.bad;
}
