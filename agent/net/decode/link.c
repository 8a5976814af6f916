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
    {DLT_IEEE802_11, decode_wifi},
    {DLT_IEEE802_11_RADIO, decode_radiotap},
    {DLT_PRISM_HEADER, decode_prism},
    {DLT_IEEE802_11_RADIO_AVS, decode_avs},
    {DLT_PPI, decode_ppi},
    {DLT_PPP, decode_ppp},
    {DLT_PPP_SERIAL, decode_ppp},
    {DLT_PPP_ETHER, decode_pppoe},
    {DLT_PPP_PPPD, decode_ppp_dir},
    {DLT_PPP_WITH_DIR, decode_ppp_dir},
    {DLT_C_HDLC, decode_hdlc},
    {DLT_FRELAY, decode_frame_relay},
    {DLT_SLIP, decode_slip},
    {DLT_IEEE802, decode_token_ring},
    {DLT_FDDI, decode_fddi},
    {DLT_ATM_RFC1483, decode_llc},
    {DLT_ARCNET_LINUX, decode_arcnet},
    {DLT_NFLOG, decode_nflog},
    {DLT_PKTAP, decode_pktap},
    {DLT_ENC, decode_enc},
    {DLT_MPLS, decode_mpls},
};

enum { TAGS_MAX = 4 };

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
decode_malformed(struct decoder *d)
{
    d->counters->malformed++;
    return DECODE_NOTHING;
}

enum decode_result
decode_unknown(struct decoder *d)
{
    d->counters->link_unknown++;
    return DECODE_NOTHING;
}

static enum decode_result
too_deep(struct decoder *d)
{
    d->counters->tunnels_deep++;
    return DECODE_NOTHING;
}

enum decode_result
decode_link(struct decoder *d, int link, struct slice in, struct packet *pkt, unsigned depth)
{
    decode_fn *decode = find(link);

    if (decode == NULL)
        return decode_unknown(d);
    if (depth >= DECODE_DEPTH_MAX)
        return too_deep(d);
    return decode(d, in, pkt, depth);
}

enum decode_result
decode_frame(struct decoder *d, int link, struct slice frame, struct packet *pkt)
{
    pkt->has_mac = false;
    pkt->tunnel = NULL;
    pkt->inner.left = 0;
    return decode_link(d, link, frame, pkt, 0);
}

enum decode_result
decode_inner(struct decoder *d, struct packet *pkt)
{
    struct slice in = pkt->inner;
    unsigned depth = pkt->depth + 1u;

    pkt->tunnel = NULL;
    pkt->inner.left = 0;
    if (depth >= DECODE_DEPTH_MAX)
        return too_deep(d);
    switch (pkt->inner_type) {
    case INNER_IP:
        return decode_raw(d, in, pkt, depth);
    case INNER_GRE:
        return decode_gre(d, in, pkt, depth);
    case INNER_AGGREGATE:
        return decode_aggregate(d, in, pkt, depth);
    case ETHERTYPE_TEB:
        return decode_ethernet(d, in, pkt, depth);
    default:
        return decode_ethertype(d, pkt->inner_type, in, pkt, depth);
    }
}

/* RFC 3032: labels of four bytes until the bottom of the stack; then IP by its version, or
 * Ethernet after the control word of a pseudowire (RFC 4448). */
enum decode_result
decode_mpls(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    for (unsigned i = 0; i < 8; i++) {
        uint32_t label = slice_be32(&in);
        struct slice peek = in;

        if (in.bad)
            break;
        if ((label & 0x100) == 0)
            continue;
        if (slice_u8(&peek) >> 4 != 0)
            return decode_raw(d, in, pkt, depth + 1);
        slice_skip(&in, 4);
        return depth + 1 < DECODE_DEPTH_MAX ? decode_ethernet(d, in, pkt, depth + 1) : too_deep(d);
    }
    return decode_malformed(d);
}

static bool
is_tag(uint16_t type)
{
    return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD ||
           type == ETHERTYPE_QINQ_OLDER;
}

enum decode_result
decode_ethertype(struct decoder *d, uint16_t type, struct slice in, struct packet *pkt,
                 unsigned depth)
{
    for (unsigned tags = 0; tags < TAGS_MAX && is_tag(type); tags++) {
        slice_skip(&in, 2);
        type = slice_be16(&in);
    }
    if (in.bad)
        return decode_malformed(d);
    if (depth >= DECODE_DEPTH_MAX)
        return too_deep(d);
    switch (type) {
    case ETHERTYPE_IP4:
        return decode_ip4(d, in, pkt, depth);
    case ETHERTYPE_IP6:
        return decode_ip6(d, in, pkt, depth);
    case ETHERTYPE_ARP:
        return decode_arp(d, in, pkt, depth);
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_GROUP:
        return decode_mpls(d, in, pkt, depth);
    case ETHERTYPE_PPPOE:
        return decode_pppoe(d, in, pkt, depth);
    case ETHERTYPE_PPP:
        return decode_ppp(d, in, pkt, depth);
    case ETHERTYPE_PBB:
        slice_skip(&in, 4); /* the instance's tag */
        return decode_ethernet(d, in, pkt, depth + 1);
    case ETHERTYPE_TEB:
        return decode_ethernet(d, in, pkt, depth + 1);
    default:
        if (type < 0x600) /* a length within a tag */
            return decode_llc(d, in, pkt, depth);
        return decode_unknown(d);
    }
}
