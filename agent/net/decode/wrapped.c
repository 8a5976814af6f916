/* SPDX-License-Identifier: Apache-2.0 */
/* wrapped: links that a system's own tap makes: Linux nflog, macOS pktap, OpenBSD enc. */
#include <pcap/dlt.h>

#include "agent/net/decode/decode.h"

enum { NFLOG_ATTRIBUTES_MAX = 32, NFLOG_PAYLOAD = 9 };

/* LINKTYPE_NFLOG: family, version, group; then attributes in the byte order of the machine. */
enum decode_result
decode_nflog(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    slice_skip(&in, 4);
    for (unsigned i = 0; i < NFLOG_ATTRIBUTES_MAX && in.left > 0; i++) {
        uint16_t len = slice_le16(&in), type = slice_le16(&in) & 0x7fff;
        struct slice value;

        if (in.bad || len < 4)
            break;
        len = (uint16_t)(len - 4);
        if (type == NFLOG_PAYLOAD) {
            if (in.left > len)
                in = slice_sub(&in, len);
            return decode_raw(d, in, pkt, depth);
        }
        value = slice_sub(&in, len);
        if (value.bad)
            break;
        if (in.left > 0)
            slice_skip(&in, (4 - len % 4U) % 4);
    }
    return decode_malformed(d);
}

/* LINKTYPE_PKTAP: a head that begins with its length and names the link of what follows. */
enum decode_result
decode_pktap(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint32_t head = slice_le32(&in), link;

    slice_skip(&in, 4);
    link = slice_le32(&in);
    if (in.bad || head < 12 || link == DLT_PKTAP || link == 258)
        return decode_malformed(d);
    slice_skip(&in, head - 12);
    if (in.bad)
        return decode_malformed(d);
    return link > 0xffff ? decode_unknown(d) : decode_link(d, (int)link, in, pkt, depth + 1);
}

/* Address family, index and flags of the security association, then IP. */
enum decode_result
decode_enc(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    slice_skip(&in, 12);
    return decode_raw(d, in, pkt, depth);
}
