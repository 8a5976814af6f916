/* SPDX-License-Identifier: Apache-2.0 */
/* ip6: RFC 8200 with its extension headers. */
#include "agent/net/decode/decode.h"

enum { IP6_EXTENSIONS_MAX = 10 };
enum {
    EXT_HOP = 0,
    EXT_ROUTING = 43,
    EXT_FRAGMENT = 44,
    EXT_AUTH = 51,
    EXT_NONE = 59,
    EXT_DESTINATION = 60,
    EXT_HIP = 139,
    EXT_SHIM6 = 140
};

struct chain {
    uint8_t next;
    bool fragmented;
    uint32_t offset, id;
    bool more;
};

/* The last stop is the address that the packet is for, and that checksums cover: types 0 (RFC
 * 5095), 2 (RFC 6275, 6.4) and 4 (RFC 8754, whose list runs backwards). */
static void
route(struct slice in, struct packet *pkt)
{
    uint8_t type = slice_u8(&in), left = slice_u8(&in);
    uint8_t last[16];

    slice_skip(&in, 4);
    if (left == 0 || in.left < 16)
        return;
    if (type == 0)
        slice_skip(&in, (in.left / 16 - 1) * 16);
    if ((type == 0 || type == 2 || type == 4) && slice_copy(&in, last, sizeof(last)))
        memcpy(pkt->dst.bytes, last, sizeof(last));
}

/* A mobile node's home address stands for its own (RFC 6275, 6.3). False: a list that receivers
 * refuse. */
static bool
options(struct slice in, struct packet *pkt)
{
    enum { PAD1 = 0, HOME_ADDRESS = 201 };

    while (in.left > 0) {
        uint8_t kind = slice_u8(&in), len;

        if (kind == PAD1)
            continue;
        len = slice_u8(&in);
        if (kind == HOME_ADDRESS && len != 16)
            return false;
        if (kind == HOME_ADDRESS)
            (void)slice_copy(&in, pkt->src.bytes, 16);
        else
            slice_skip(&in, len);
    }
    return !in.bad;
}

/* Everything of an extension header after its first two bytes. */
static struct slice
extension(struct slice *in, struct chain *c, bool words)
{
    uint8_t next = slice_u8(in);
    size_t len = slice_u8(in);

    c->next = next;
    return slice_sub(in, words ? (len + 2) * 4 - 2 : len * 8 + 6);
}

static void
fragment_header(struct slice *in, struct chain *c)
{
    uint8_t next = slice_u8(in);
    uint16_t field;

    slice_skip(in, 1);
    field = slice_be16(in);
    c->id = slice_be32(in);
    c->next = next;
    c->offset = field & 0xfff8;
    c->more = (field & 1) != 0;
    c->fragmented = c->offset != 0 || c->more; /* else RFC 6946: whole as it is */
}

/* Walks the extension headers; stops at a transport or after a fragment header. */
static bool
walk(struct slice *in, struct chain *c, struct packet *pkt)
{
    for (unsigned i = 0; i < IP6_EXTENSIONS_MAX; i++) {
        switch (c->next) {
        case EXT_ROUTING:
            route(extension(in, c, false), pkt);
            break;
        case EXT_DESTINATION:
            if (!options(extension(in, c, false), pkt))
                return false;
            break;
        case EXT_HOP:
        case EXT_HIP:
        case EXT_SHIM6:
            (void)extension(in, c, false);
            break;
        case EXT_AUTH:
            (void)extension(in, c, true);
            break;
        case EXT_FRAGMENT:
            fragment_header(in, c);
            if (c->fragmented)
                return !in->bad;
            break;
        default:
            return !in->bad;
        }
        if (in->bad)
            return false;
    }
    return false;
}

static enum decode_result
fragment(struct decoder *d, struct chain *c, struct slice in, struct packet *pkt, unsigned depth)
{
    struct fragment part = {
        .src = &pkt->src,
        .dst = &pkt->dst,
        .id = c->id,
        .proto = c->next,
        .offset = c->offset,
        .more = c->more,
        .v6 = true,
        .ip_bytes = pkt->ip_bytes,
        .time_ns = pkt->time_ns,
        .bytes = in,
    };
    struct chain rest = {.next = c->next};
    struct slice whole;

    if (d->fragments == NULL || fragments_add(d->fragments, &part, &whole, &pkt->ip_bytes) != VG_OK)
        return DECODE_NOTHING;
    if (!walk(&whole, &rest, pkt) || rest.fragmented) /* headers may also lie in the fragments */
        return decode_malformed(d);
    return decode_transport(d, rest.next, whole, (uint32_t)whole.left, pkt, depth);
}

enum decode_result
decode_ip6(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint32_t first = slice_be32(&in), wire = slice_be16(&in);
    struct chain chain = {.next = slice_u8(&in)};
    size_t captured;

    pkt->hop_limit = slice_u8(&in);
    pkt->ip_sum_wrong = false;
    pkt->src = (struct net_addr){.family = 6};
    pkt->dst = (struct net_addr){.family = 6};
    (void)slice_copy(&in, pkt->src.bytes, 16);
    (void)slice_copy(&in, pkt->dst.bytes, 16);
    if (in.bad || first >> 28 != 6)
        return decode_malformed(d);
    if (wire == 0) /* a jumbogram, or segmentation offload */
        wire = (uint32_t)(in.left > 0xffffff ? 0xffffff : in.left);
    pkt->ip_bytes = 40 + wire;
    if (in.left > wire)
        in = slice_sub(&in, wire);
    captured = in.left;
    if (!walk(&in, &chain, pkt))
        return decode_malformed(d);
    if (chain.fragmented) {
        if (captured < wire) {
            d->counters->fragments++;
            d->counters->fragments_dropped++;
            return chain.offset == 0
                       ? decode_transport(d, chain.next, in, wire - (uint32_t)(captured - in.left),
                                          pkt, depth)
                       : DECODE_NOTHING;
        }
        return fragment(d, &chain, in, pkt, depth);
    }
    return decode_transport(d, chain.next, in, wire - (uint32_t)(captured - in.left), pkt, depth);
}
