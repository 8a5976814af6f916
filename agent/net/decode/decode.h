/* SPDX-License-Identifier: Apache-2.0 */
/* decode: from a captured frame to a packet, one file for each layer.
 *
 * ether.c, llc.c, wifi.c, cooked.c, loopback.c, serial.c, wrapped.c: links; ip4.c, ip6.c: the
 * network, with fragment.c; transport.c: TCP, UDP, ICMP; gre.c, tunnel.c: what carries packets
 * again; arp.c. Nothing is allocated; every byte is read through slice.
 *
 * Where IP or GRE carry a packet the packet within is the result. Where UDP carries one the outer
 * datagram is a result of its own: pkt->inner then holds the packet within, for decode_inner(). */
#pragma once

#include "agent/net/counters.h"
#include "agent/net/decode/fragment.h"
#include "agent/net/packet.h"

enum { DECODE_DEPTH_MAX = 6 }; /* IP in IP, GRE, PPPoE, VXLAN: how deep we look */

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
/* The next packet of the same frame, in place of this one; only while pkt->inner.left > 0. */
enum decode_result decode_inner(struct decoder *d, struct packet *pkt);

/* ---- between the layers ---- */
enum {
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
    ETHERTYPE_IP6 = 0x86dd,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100,
    ETHERTYPE_QINQ_OLDER = 0x9200,
    ETHERTYPE_PBB = 0x88e7, /* Ethernet in Ethernet (IEEE 802.1ah) */
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_GROUP = 0x8848,
    ETHERTYPE_PPPOE = 0x8864,
    ETHERTYPE_PPP = 0x880b,
    ETHERTYPE_TEB = 0x6558, /* Ethernet within GRE */
};

/* pkt->inner_type beyond EtherTypes, which begin at 0x600. */
enum inner_type { INNER_IP, INNER_GRE, INNER_AGGREGATE };

typedef enum decode_result decode_fn(struct decoder *d, struct slice in, struct packet *pkt,
                                     unsigned depth);
decode_fn decode_ethernet, decode_sll, decode_sll2, decode_null, decode_loop, decode_raw;
decode_fn decode_llc, decode_token_ring, decode_fddi;
decode_fn decode_wifi, decode_radiotap, decode_prism, decode_avs, decode_ppi, decode_aggregate;
decode_fn decode_ppp, decode_ppp_dir, decode_pppoe, decode_hdlc, decode_frame_relay, decode_slip;
decode_fn decode_arcnet, decode_nflog, decode_pktap, decode_enc;
decode_fn decode_mpls, decode_gre;
decode_fn decode_ip4, decode_ip6, decode_arp;
/* A frame of another link type within this one. */
enum decode_result decode_link(struct decoder *d, int link, struct slice in, struct packet *pkt,
                               unsigned depth);
/* Sees whether a UDP datagram carries a packet, by its ports and by what it holds: then sets
 * pkt->tunnel, inner and inner_type. */
void decode_tunnel(struct packet *pkt);

/* What follows a link header with this EtherType (also VLAN tags, MPLS and PPPoE). */
enum decode_result decode_ethertype(struct decoder *d, uint16_t type, struct slice in,
                                    struct packet *pkt, unsigned depth);
/* What follows an IP header; `wire` is the length that the headers promise, `in` what was captured
 * of it. src, dst and ip_bytes are set. */
enum decode_result decode_transport(struct decoder *d, uint8_t proto, struct slice in,
                                    uint32_t wire, struct packet *pkt, unsigned depth);
/* Counts one and says DECODE_NOTHING. */
enum decode_result decode_malformed(struct decoder *d);
enum decode_result decode_unknown(struct decoder *d);
/* Of an ICMPv6 packet; false when it is no neighbour discovery, or none that a host would take. */
bool decode_ndp(const struct packet *pkt, struct ndp_view *out);
const char *decode_ndp_name(uint8_t type); /* "" for others */
/* The packet that an ICMP error quotes, from its four unused bytes on: addresses, protocol and
 * ports only. False when it is not there. */
bool decode_quoted(struct slice in, struct packet *pkt);
