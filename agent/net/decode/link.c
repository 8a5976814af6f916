/* SPDX-License-Identifier: Apache-2.0 */
/* link: the table of link types, and what follows an EtherType. */
#include <pcap/dlt.h>

#include "agent/net/decode/decode.h"

static const struct {
    int link;
    decode_fn *decode;
} LINKS[] = {
    {DLT_EN10MB, decode_ethernet},
    {DLT_LINUX_SLL, decode_sll},
    {DLT_LINUX_SLL2, decode_sll2},
    {DLT_NULL, decode_null},
    {DLT_LOOP, decode_loop},
    {DLT_RAW, decode_raw},
    {DLT_IPV4, decode_raw},
    {DLT_IPV6, decode_raw},
    {101, decode_raw}, /* LINKTYPE_RAW, as some writers put it into the file */
    {14, decode_raw},  /* DLT_RAW of OpenBSD */
};

static decode_fn *
find(int link)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(LINKS); i++)
        if (LINKS[i].link == link)
            return LINKS[i].decode;
    return NULL;
}

bool
decode_link_known(int link)
{
    return find(link) != NULL;
}

enum decode_result
decode_frame(struct decoder *d, int link, struct slice frame, struct packet *pkt)
{
    decode_fn *decode = find(link);

    pkt->has_mac = false;
    if (decode == NULL) {
        d->counters->link_unknown++;
        return DECODE_NOTHING;
    }
    return decode(d, frame, pkt, 0);
}

/* RFC 3032: labels of four bytes until the bottom of the stack; then IP by its version. */
static enum decode_result
decode_mpls(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    for (unsigned i = 0; i < 8; i++) {
        uint32_t label = slice_be32(&in);

        if (in.bad)
            break;
        if (label & 0x100)
            return decode_raw(d, in, pkt, depth + 1);
    }
    d->counters->malformed++;
    return DECODE_NOTHING;
}

/* RFC 2516 session data: PPP with IPv4 or IPv6. */
static enum decode_result
decode_pppoe(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint16_t protocol;

    slice_skip(&in, 6);
    protocol = slice_be16(&in);
    if (in.bad) {
        d->counters->malformed++;
        return DECODE_NOTHING;
    }
    if (protocol == 0x0021)
        return decode_ip4(d, in, pkt, depth + 1);
    if (protocol == 0x0057)
        return decode_ip6(d, in, pkt, depth + 1);
    return DECODE_NOTHING;
}

enum decode_result
decode_ethertype(struct decoder *d, uint16_t type, struct slice in, struct packet *pkt,
                 unsigned depth)
{
    for (unsigned tags = 0; tags < 3 && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ ||
                                         type == ETHERTYPE_QINQ_OLD);
         tags++) {
        slice_skip(&in, 2);
        type = slice_be16(&in);
    }
    if (in.bad) {
        d->counters->malformed++;
        return DECODE_NOTHING;
    }
    if (depth >= DECODE_DEPTH_MAX) {
        d->counters->tunnels_deep++;
        return DECODE_NOTHING;
    }
    switch (type) {
    case ETHERTYPE_IP4:
        return decode_ip4(d, in, pkt, depth);
    case ETHERTYPE_IP6:
        return decode_ip6(d, in, pkt, depth);
    case ETHERTYPE_ARP:
        return decode_arp(d, in, pkt, depth);
    case ETHERTYPE_MPLS:
        return decode_mpls(d, in, pkt, depth);
    case ETHERTYPE_PPPOE:
        return decode_pppoe(d, in, pkt, depth);
    case ETHERTYPE_TEB:
        return decode_ethernet(d, in, pkt, depth + 1);
    default:
        d->counters->link_unknown++;
        return DECODE_NOTHING;
    }
}
