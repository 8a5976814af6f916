/* SPDX-License-Identifier: Apache-2.0 */
/* packet: one frame, decoded down to its transport. Borrows from the frame (or from the fragment
 * table, for a joined datagram) until the next one is decoded. */
#pragma once

#include "agent/detect/obs.h"
#include "common/slice.h"

enum {
    IPPROTO_NUM_ICMP = 1,
    IPPROTO_NUM_IPIP = 4,
    IPPROTO_NUM_TCP = 6,
    IPPROTO_NUM_UDP = 17,
    IPPROTO_NUM_IPV6 = 41,
    IPPROTO_NUM_GRE = 47,
    IPPROTO_NUM_ICMPV6 = 58,
    IPPROTO_NUM_SCTP = 132,
};

struct packet {
    int64_t time_ns;
    bool has_mac;
    uint8_t src_mac[6], dst_mac[6];
    struct net_addr src, dst;
    uint8_t proto;         /* IANA number */
    uint16_t sport, dport; /* ICMP: type and code; 0 where there are none */
    uint32_t ip_bytes;     /* whole datagram, all fragments, as the IP header says */
    uint32_t payload_wire; /* bytes above the transport header, as the headers say */
    struct slice payload;  /* those of them that were captured */
    uint32_t seq, ack;     /* TCP */
    uint8_t flags;         /* TCP */
};
