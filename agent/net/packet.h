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
    IPPROTO_NUM_AH = 51,
    IPPROTO_NUM_ICMPV6 = 58,
    IPPROTO_NUM_ETHERIP = 97,
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
    uint16_t urgent;       /* TCP with URG: bytes of the payload up to the end of the urgent data */
    bool fast_open;        /* TCP SYN with a fast open cookie (RFC 7413): its payload counts */
    bool ip_sum_wrong;     /* the IPv4 header's checksum */
    bool distrusted;       /* its checksum says that the receiver drops it: counted, not followed */
    uint8_t hop_limit;     /* TTL of IPv4 */
    uint16_t sum;          /* TCP, UDP: the checksum field */
    struct slice segment;  /* TCP, UDP: header and payload, for the checksum; bad where not whole */
    /* What a UDP datagram or a radio frame carries besides: another packet (decode_inner()). */
    const char *tunnel;  /* static, "vxlan"; NULL: none */
    uint16_t inner_type; /* EtherType, or one of enum inner_type */
    uint8_t depth;       /* tunnels around this packet */
    struct slice inner;  /* left 0: none */
};
