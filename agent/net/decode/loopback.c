/* SPDX-License-Identifier: Apache-2.0 */
/* loopback: links without addresses: BSD loopback (host order NULL, network order LOOP) and raw
 * IP. */
#include "agent/net/decode/decode.h"

enum decode_result
decode_raw(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    struct slice peek = in;
    uint8_t version = (uint8_t)(slice_u8(&peek) >> 4);

    if (depth >= DECODE_DEPTH_MAX) {
        d->counters->tunnels_deep++;
        return DECODE_NOTHING;
    }
    if (version == 4)
        return decode_ip4(d, in, pkt, depth);
    if (version == 6)
        return decode_ip6(d, in, pkt, depth);
    return decode_malformed(d);
}

/* The family is 2 for IPv4; IPv6 has another number on each BSD (24, 28, 30), so the IP version
 * decides and the family only has to be a plausible one. */
static enum decode_result
by_family(struct decoder *d, uint32_t family, struct slice in, struct packet *pkt, unsigned depth)
{
    if (in.bad)
        return decode_malformed(d);
    if (family == 2 || family == 10 || family == 24 || family == 28 || family == 30)
        return decode_raw(d, in, pkt, depth);
    return decode_unknown(d);
}

enum decode_result
decode_null(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint32_t family = slice_le32(&in);

    if (family > 0xffff) /* written on a machine of the other byte order */
        family = family >> 24 | (family >> 8 & 0xff00);
    return by_family(d, family, in, pkt, depth);
}

enum decode_result
decode_loop(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint32_t family = slice_be32(&in);

    return by_family(d, family, in, pkt, depth);
}
