/* SPDX-License-Identifier: Apache-2.0 */
/* decode: from a captured frame to a packet, one file for each layer.
 *
 * ether.c, cooked.c, loopback.c: the link; ip4.c, ip6.c: the network, with fragment.c;
 * transport.c: TCP, UDP, ICMP; arp.c. Nothing is allocated; every byte is read through slice. */
#pragma once

#include "agent/net/counters.h"
#include "agent/net/decode/fragment.h"
#include "agent/net/packet.h"

enum { DECODE_DEPTH_MAX = 4 }; /* IP in IP, GRE, PPPoE: how deep we look */

enum decode_result {
    DECODE_NOTHING, /* not for us, or counted as malformed */
    DECODE_PACKET,
    DECODE_ARP,
};

struct decoder {
    struct net_counters *counters;
    struct fragments *fragments; /* NULL: fragments are not joined */
    struct arp_view arp;         /* valid after DECODE_ARP */
};

/* `link` is a libpcap DLT number that decode_link_known() accepts. pkt->time_ns is set by the
 * caller; everything else is written here. */
enum decode_result decode_frame(struct decoder *d, int link, struct slice frame,
                                struct packet *pkt);
bool decode_link_known(int link);

/* ---- between the layers ---- */
enum {
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
    ETHERTYPE_IP6 = 0x86dd,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_PPPOE = 0x8864,
    ETHERTYPE_TEB = 0x6558, /* Ethernet within GRE */
};

typedef enum decode_result decode_fn(struct decoder *d, struct slice in, struct packet *pkt,
                                     unsigned depth);
decode_fn decode_ethernet, decode_sll, decode_sll2, decode_null, decode_loop, decode_raw;
decode_fn decode_ip4, decode_ip6, decode_arp;

/* What follows a link header with this EtherType (also VLAN tags, MPLS and PPPoE). */
enum decode_result decode_ethertype(struct decoder *d, uint16_t type, struct slice in,
                                    struct packet *pkt, unsigned depth);
/* What follows an IP header; `wire` is the length that the headers promise, `in` what was captured
 * of it. src, dst and ip_bytes are set. */
enum decode_result decode_transport(struct decoder *d, uint8_t proto, struct slice in,
                                    uint32_t wire, struct packet *pkt, unsigned depth);
/* The packet that an ICMP error quotes, from its four unused bytes on: addresses, protocol and
 * ports only. False when it is not there. */
bool decode_quoted(struct slice in, struct packet *pkt);
