/* SPDX-License-Identifier: Apache-2.0 */
/* isakmp: tunnels of IPsec being made (RFC 2408, RFC 7296; behind NAT: RFC 3948).
 *
 * Record "isakmp", once for each different content (once.h); src is who begins: version ("1.0",
 * "2.0"), exchange ("main", "aggressive", "ike_sa_init", ...), vendor (known payloads of version 1
 * and 2, by their beginning). Packets of the tunnel itself are not looked at. */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"

enum { PORT_IKE = 500, PORT_NAT = 4500, ISAKMP_HEAD = 28, ISAKMP_PAYLOADS_MAX = 24 };

static const char *
exchange_name(unsigned type)
{
    switch (type) {
    case 1:
        return "base";
    case 2:
        return "main";
    case 4:
        return "aggressive";
    case 5:
        return "informational";
    case 6:
        return "transaction";
    case 32:
        return "quick";
    case 34:
        return "ike_sa_init";
    case 35:
        return "ike_auth";
    case 36:
        return "create_child_sa";
    case 37:
        return "informational";
    default:
        return "";
    }
}

/* Vendor IDs are hashes that everybody publishes; the first bytes tell them apart. */
static const char *
vendor_name(struct slice id)
{
    static const struct {
        uint32_t begin;
        const char *name;
    } known[] = {
        {0x882fe56d, "strongSwan"},  {0x1e2b5169, "Microsoft"}, {0x4a131c81, "NAT-T"},
        {0x12f5f28c, "Cisco Unity"}, {0xafcad713, "DPD"},       {0x09002689, "XAUTH"},
        {0xf4ed19e0, "Check Point"}, {0x82990317, "Fortinet"},  {0x404bf439, "SonicWall"},
    };
    uint32_t begin = slice_be32(&id);

    for (size_t i = 0; i < VG_ARRAY_LEN(known); i++)
        if (known[i].begin == begin)
            return known[i].name;
    return NULL;
}

static size_t
read_vendors(struct slice in, unsigned next, unsigned vendor_payload, struct str *out, size_t most)
{
    size_t count = 0;

    for (int i = 0; i < ISAKMP_PAYLOADS_MAX && next != 0 && in.left >= 4; i++) {
        unsigned type = next, len;
        struct slice body;
        const char *name;

        next = slice_u8(&in);
        slice_skip(&in, 1);
        len = slice_be16(&in);
        if (len < 4)
            break;
        body = slice_sub(&in, len - 4);
        name = type == vendor_payload ? vendor_name(body) : NULL;
        if (name != NULL && count < most)
            out[count++] = str_of(name);
    }
    return count;
}

static bool
isakmp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload, whole;
    bool nat = pkt->sport == PORT_NAT || pkt->dport == PORT_NAT;
    struct record r = {.type = "isakmp"};
    struct str vendors[8];
    struct once *once;
    unsigned next, version, type, flags;
    uint64_t initiator, responder;
    size_t count = 0;

    if (!nat && pkt->sport != PORT_IKE && pkt->dport != PORT_IKE)
        return false;
    if (nat && slice_be32(&in) != 0) /* a packet of the tunnel, or a keep-alive */
        return call->flow->parser != NULL;
    whole = in;
    initiator = slice_be64(&in);
    responder = slice_be64(&in);
    next = slice_u8(&in);
    version = slice_u8(&in);
    type = slice_u8(&in);
    flags = slice_u8(&in);
    slice_skip(&in, 4);
    if (slice_be32(&in) != whole.left || in.bad || initiator == 0 ||
        (version != 0x10 && version != 0x20) || exchange_name(type)[0] == '\0')
        return false;
    once = once_of_flow(call);
    if (once == NULL)
        return false;
    if (version == 0x20 ? type == 34 : (flags & 1) == 0) /* not encrypted */
        count = read_vendors(in, next, version == 0x20 ? 43 : 13, vendors, VG_ARRAY_LEN(vendors));
    record_text_put(&r, "version", str_of(version == 0x20 ? "2.0" : "1.0"));
    record_text_put(&r, "exchange", str_of(exchange_name(type)));
    if (count > 0)
        record_list(&r, "vendor", vendors, count);
    once_tell(once, &r, call, responder == 0 ? call->dir : call->flow->client);
    return true;
}

const struct protocol PROTOCOL_ISAKMP = {
    .name = "isakmp",
    .close = once_close,
    .datagram = isakmp_datagram,
};
