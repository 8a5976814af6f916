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
    EXT_MOBILITY = 135,
    EXT_HIP = 139,
    EXT_SHIM6 = 140
};

struct chain {
    uint8_t next;
    bool fragmented;
    uint32_t offset, id;
    bool more;
};

/* Walks the extension headers; stops at a transport or after a fragment header. */
static bool
walk(struct slice *in, struct chain *c)
{
    for (unsigned i = 0; i < IP6_EXTENSIONS_MAX; i++) {
        uint8_t next;

        switch (c->next) {
        case EXT_HOP:
        case EXT_ROUTING:
        case EXT_DESTINATION:
        case EXT_MOBILITY:
        case EXT_HIP:
        case EXT_SHIM6:
            next = slice_u8(in);
            slice_skip(in, (size_t)slice_u8(in) * 8 + 6);
            c->next = next;
            break;
        case EXT_AUTH:
            next = slice_u8(in);
            slice_skip(in, ((size_t)slice_u8(in) + 2) * 4 - 2);
            c->next = next;
            break;
        case EXT_FRAGMENT: {
            uint16_t field;

            next = slice_u8(in);
            slice_skip(in, 1);
            field = slice_be16(in);
            c->id = slice_be32(in);
            c->next = next;
            c->offset = field & 0xfff8;
            c->more = (field & 1) != 0;
            if (c->offset != 0 || c->more) {
                c->fragmented = true;
                return !in->bad;
            }
            break; /* an atomic fragment (RFC 6946) is a whole datagram */
        }
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
        .ip_bytes = pkt->ip_bytes,
        .time_ns = pkt->time_ns,
        .bytes = in,
    };
    struct chain rest = {.next = c->next};
    struct slice whole;

    if (d->fragments == NULL || fragments_add(d->fragments, &part, &whole, &pkt->ip_bytes) != VG_OK)
        return DECODE_NOTHING;
    if (!walk(&whole, &rest) || rest.fragmented) { /* headers may also lie in the fragments */
        d->counters->malformed++;
        return DECODE_NOTHING;
    }
    return decode_transport(d, rest.next, whole, (uint32_t)whole.left, pkt, depth);
}

enum decode_result
decode_ip6(struct decoder *d, struct slice in, struct packet *pkt, unsigned depth)
{
    uint32_t first = slice_be32(&in), wire = slice_be16(&in);
    struct chain chain = {.next = slice_u8(&in)};
    size_t captured;

    slice_skip(&in, 1);
    pkt->src = (struct net_addr){.family = 6};
    pkt->dst = (struct net_addr){.family = 6};
    (void)slice_copy(&in, pkt->src.bytes, 16);
    (void)slice_copy(&in, pkt->dst.bytes, 16);
    if (in.bad || first >> 28 != 6) {
        d->counters->malformed++;
        return DECODE_NOTHING;
    }
    if (wire == 0) /* a jumbogram, or segmentation offload */
        wire = (uint32_t)(in.left > 0xffffff ? 0xffffff : in.left);
    pkt->ip_bytes = 40 + wire;
    if (in.left > wire)
        in = slice_sub(&in, wire);
    captured = in.left;
    if (!walk(&in, &chain)) {
        d->counters->malformed++;
        return DECODE_NOTHING;
    }
    if (chain.fragmented) {
        if (captured < wire) {
            d->counters->fragments++;
            d->counters->fragments_dropped++;
            return DECODE_NOTHING;
        }
        return fragment(d, &chain, in, pkt, depth);
    }
    return decode_transport(d, chain.next, in, wire - (uint32_t)(captured - in.left), pkt, depth);
}
