/* SPDX-License-Identifier: Apache-2.0 */
/* ndp: neighbour discovery (RFC 4861) with recursive name servers (RFC 8106). */
#include "agent/net/decode/decode.h"

enum {
    ROUTER_SOLICITATION = 133,
    ROUTER_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    NEIGHBOUR_ADVERTISEMENT,
    REDIRECT,
};
enum {
    OPTION_SOURCE = 1,
    OPTION_TARGET = 2,
    OPTION_PREFIX = 3,
    OPTION_NAME_SERVER = 25,
    OPTIONS_MAX = 32,
    HOP_LIMIT = 255, /* nobody can send that from further away */
};

static void
take_addr(struct slice *in, struct net_addr *out)
{
    if (out->family == 0 && slice_copy(in, out->bytes, 16))
        out->family = 6;
}

static void
option(uint8_t kind, struct slice value, struct ndp_view *out)
{
    switch (kind) {
    case OPTION_SOURCE:
    case OPTION_TARGET: /* of an Ethernet; the source's in a solicitation, the target's in an answer */
        out->has_mac = value.left == 6 && slice_copy(&value, out->mac, 6);
        break;
    case OPTION_PREFIX:
        out->prefix_len = slice_u8(&value);
        slice_skip(&value, 1 + 4 + 4 + 4);
        take_addr(&value, &out->prefix);
        break;
    case OPTION_NAME_SERVER:
        slice_skip(&value, 2 + 4);
        take_addr(&value, &out->name_server);
        break;
    default:
        break;
    }
}

bool
decode_ndp(const struct packet *pkt, struct ndp_view *out)
{
    struct slice in = pkt->payload;
    struct ndp_view v = {.type = (uint8_t)pkt->sport, .direct = pkt->hop_limit == HOP_LIMIT};
    uint8_t flags;

    if (v.type < ROUTER_SOLICITATION || v.type > REDIRECT || pkt->dport != 0)
        return false;
    if (v.type == ROUTER_ADVERTISEMENT) {
        slice_skip(&in, 2);
        v.lifetime_s = slice_be16(&in);
        slice_skip(&in, 8);
    } else {
        flags = slice_u8(&in);
        slice_skip(&in, 3);
        if (v.type != ROUTER_SOLICITATION)
            take_addr(&in, &v.target);
        if (v.type == REDIRECT)
            slice_skip(&in, 16); /* destination */
        if (v.type == NEIGHBOUR_ADVERTISEMENT) {
            v.router = (flags & 0x80) != 0;
            v.solicited = (flags & 0x40) != 0;
            v.overrides = (flags & 0x20) != 0;
        }
    }
    if (in.bad)
        return false;
    for (unsigned i = 0; i < OPTIONS_MAX && in.left > 0; i++) {
        uint8_t kind = slice_u8(&in);
        size_t len = (size_t)slice_u8(&in) * 8;
        struct slice value;

        if (in.bad || len == 0) /* RFC 4861, 4.6: such a packet is dropped */
            return false;
        value = slice_sub(&in, len - 2);
        if (value.bad)
            return false;
        option(kind, value, &v);
    }
    v.has_eth = pkt->has_mac;
    if (pkt->has_mac) {
        memcpy(v.eth_src, pkt->src_mac, 6);
        memcpy(v.eth_dst, pkt->dst_mac, 6);
    }
    *out = v;
    return true;
}

const char *
decode_ndp_name(uint8_t type)
{
    static const char *const names[] = {"router-solicitation", "router-advertisement",
                                        "neighbour-solicitation", "neighbour-advertisement",
                                        "redirect"};

    return type >= ROUTER_SOLICITATION && type <= REDIRECT ? names[type - ROUTER_SOLICITATION] : "";
}
