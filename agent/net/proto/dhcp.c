/* SPDX-License-Identifier: Apache-2.0 */
/* dhcp: who asks for an address, what he says of himself, and what he is given (RFC 2131, RFC 2132).
 *
 * Record "dhcp"; src is the client's side: message ("discover", "offer", "request", "decline",
 * "ack", "nak", "release", "inform", "bootp"), client_mac, host_name (option 12, else 81), vendor
 * (60), parameters (55, which tells systems apart), client_ip, requested (50), assigned, server_id
 * (54), relay, routers (3), dns (6), domain (15), wpad (252), lease (51, seconds). */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/texts.h"
#include "agent/net/proto/words.h"

enum { DHCP_COOKIE = 0x63825363, DHCP_OPTIONS_MAX = 128, DHCP_TEXT_MAX = 255 };
enum { MAC_TEXT_MAX = 18 };

struct dhcp {
    bool reply;
    uint8_t message, overload;
    char mac[MAC_TEXT_MAX];
    struct str host, vendor, domain, wpad;
    struct texts fqdn, parameters; /* one each, or none */
    struct net_addr client, requested, assigned, server, relay;
    struct texts routers, dns;
    bool has_lease;
    uint32_t lease;
};

static const char *
message_name(unsigned type)
{
    static const char *const names[] = {"bootp", "discover", "offer",   "request", "decline",
                                        "ack",   "nak",      "release", "inform"};

    return type < VG_ARRAY_LEN(names) ? names[type] : "other";
}

static struct net_addr
take_addr(struct slice *in)
{
    struct net_addr a = {.family = 4};
    static const uint8_t none[4];

    if (!slice_copy(in, a.bytes, 4) || memcmp(a.bytes, none, 4) == 0)
        a.family = 0;
    return a;
}

/* Text without the NUL that some clients end it with. */
static struct str
take_text(struct slice in)
{
    struct str s = words_cut(str_n(in.at, in.left), DHCP_TEXT_MAX);

    while (s.len > 0 && s.at[s.len - 1] == '\0')
        s.len--;
    return s;
}

/* RFC 4702: flags, two bytes of no use, then text, or labels as in DNS (E bit). */
static void
take_fqdn(struct slice in, struct dhcp *d, struct buf *text)
{
    bool labels = (slice_u8(&in) & 4) != 0;
    size_t from = text->len;

    slice_skip(&in, 2);
    if (!labels) {
        struct str s = take_text(in);

        buf_put(text, s.at, s.len);
    }
    while (labels && in.left > 0) {
        struct slice label = slice_sub(&in, slice_u8(&in));

        if (label.bad || label.left == 0)
            break;
        if (text->len > from)
            buf_put_u8(text, '.');
        buf_put(text, label.at, label.left);
    }
    texts_add(&d->fqdn, text, from);
}

static void
take_parameters(struct slice in, struct dhcp *d, struct buf *text)
{
    size_t from = text->len;

    for (bool first = true; in.left > 0; first = false)
        buf_printf(text, "%s%u", first ? "" : ",", slice_u8(&in));
    texts_add(&d->parameters, text, from);
}

static void
take_option(unsigned code, struct slice in, struct dhcp *d, struct buf *text)
{
    switch (code) {
    case 3:
    case 6:
        while (in.left >= 4)
            texts_add_addr(code == 3 ? &d->routers : &d->dns, text, &in, 4);
        break;
    case 12:
        d->host = take_text(in);
        break;
    case 15:
        d->domain = take_text(in);
        break;
    case 50:
        d->requested = take_addr(&in);
        break;
    case 51:
        d->has_lease = in.left == 4;
        d->lease = slice_be32(&in);
        break;
    case 52:
        d->overload = slice_u8(&in);
        break;
    case 53:
        d->message = slice_u8(&in);
        break;
    case 54:
        d->server = take_addr(&in);
        break;
    case 55:
        take_parameters(in, d, text);
        break;
    case 60:
        d->vendor = take_text(in);
        break;
    case 81:
        take_fqdn(in, d, text);
        break;
    case 252:
        d->wpad = take_text(in);
        break;
    default:
        break;
    }
}

static void
take_options(struct slice in, struct dhcp *d, struct buf *text)
{
    for (int i = 0; i < DHCP_OPTIONS_MAX && in.left > 0; i++) {
        unsigned code = slice_u8(&in);
        struct slice value;

        if (code == 0)
            continue;
        if (code == 255)
            return;
        value = slice_sub(&in, slice_u8(&in));
        if (!value.bad)
            take_option(code, value, d, text);
    }
}

/* False: this is none. */
static bool
read_message(struct slice in, struct dhcp *d, struct buf *text)
{
    unsigned op = slice_u8(&in), kind = slice_u8(&in), len = slice_u8(&in);
    struct slice mac, sname, file;

    slice_skip(&in, 1 + 4 + 2 + 2); /* hops, id, seconds, flags */
    d->reply = op == 2;
    d->client = take_addr(&in);
    d->assigned = take_addr(&in);
    slice_skip(&in, 4); /* next server */
    d->relay = take_addr(&in);
    mac = slice_sub(&in, 16);
    sname = slice_sub(&in, 64);
    file = slice_sub(&in, 128);
    if (slice_be32(&in) != DHCP_COOKIE || in.bad || op < 1 || op > 2 || len > 16)
        return false;
    if (len == 6 && kind != 0) {
        uint8_t m[6] = {0};

        (void)slice_copy(&mac, m, 6);
        snprintf(d->mac, sizeof(d->mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
                 m[4], m[5]);
    }
    take_options(in, d, text);
    if (d->overload & 1)
        take_options(file, d, text);
    if (d->overload & 2)
        take_options(sname, d, text);
    return true;
}

static struct str
only(const struct texts *t, const struct buf *text)
{
    struct str out[TEXTS_MAX];

    return texts_lend(t, text, out) > 0 ? out[0] : str_of("");
}

static void
put_addr(struct record *r, const char *name, const struct net_addr *a, char out[NET_ADDR_TEXT_MAX])
{
    if (a->family != 0)
        record_text_put(r, name, str_of(net_addr_format(a, out)));
}

static void
tell(struct once *once, const struct protocol_call *call, const struct dhcp *d)
{
    struct buf *text = net_scratch(call->engine);
    struct record r = {.type = "dhcp"};
    struct str routers[TEXTS_MAX], dns[TEXTS_MAX];
    char a[5][NET_ADDR_TEXT_MAX];

    record_text_put(&r, "message", str_of(message_name(d->message)));
    record_text_opt(&r, "client_mac", str_of(d->mac));
    record_text_opt(&r, "host_name", d->host.len > 0 ? d->host : only(&d->fqdn, text));
    record_text_opt(&r, "vendor", d->vendor);
    record_text_opt(&r, "parameters", only(&d->parameters, text));
    put_addr(&r, "client_ip", &d->client, a[0]);
    put_addr(&r, "requested", &d->requested, a[1]);
    put_addr(&r, "assigned", &d->assigned, a[2]);
    put_addr(&r, "server_id", &d->server, a[3]);
    put_addr(&r, "relay", &d->relay, a[4]);
    if (texts_lend(&d->routers, text, routers) > 0)
        record_list(&r, "routers", routers, d->routers.count);
    if (texts_lend(&d->dns, text, dns) > 0)
        record_list(&r, "dns", dns, d->dns.count);
    record_text_opt(&r, "domain", d->domain);
    record_text_opt(&r, "wpad", d->wpad);
    if (d->has_lease)
        record_number(&r, "lease", d->lease);
    once_tell(once, &r, call, d->reply ? 1 - call->dir : call->dir);
}

static bool
dhcp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct buf *text = net_scratch(call->engine);
    struct slice look = pkt->payload;
    struct once *once;
    struct dhcp d;

    slice_skip(&look, 236);
    if (slice_be32(&look) != DHCP_COOKIE)
        return false;
    memset(&d, 0, sizeof(d));
    d.host = d.vendor = d.domain = d.wpad = str_of("");
    buf_clear(text);
    if (!read_message(pkt->payload, &d, text))
        return false;
    once = once_of_flow(call);
    if (once != NULL)
        tell(once, call, &d);
    return once != NULL;
}

const struct protocol PROTOCOL_DHCP = {
    .name = "dhcp",
    .close = once_close,
    .datagram = dhcp_datagram,
};
