/* SPDX-License-Identifier: Apache-2.0 */
/* dhcpv6: who asks for an IPv6 address, and what he is given (RFC 8415).
 *
 * Record "dhcpv6"; src is the client's side: message ("solicit", "advertise", "request", "confirm",
 * "renew", "rebind", "reply", "release", "decline", "reconfigure", "information"), relayed,
 * client_duid, server_duid (hex), client_mac (where the DUID holds one), host_name (39), vendor
 * (16), addresses, prefixes, dns (23), domains (24). */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/dns_names.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/texts.h"

enum { PORT_CLIENT = 546, PORT_SERVER = 547 };
enum { RELAY_FORWARD = 12, RELAY_REPLY = 13, RELAYS_MAX = 4, OPTIONS_MAX = 64, DUID_MAX = 130 };

struct dhcpv6 {
    uint8_t message;
    bool relayed;
    struct texts client, server, mac, host, vendor; /* one each, or none */
    struct texts addresses, prefixes, dns, domains;
};

static const char *
message_name(unsigned type)
{
    static const char *const names[] = {"",        "solicit", "advertise",   "request",
                                        "confirm", "renew",   "rebind",      "reply",
                                        "release", "decline", "reconfigure", "information"};

    return type < VG_ARRAY_LEN(names) ? names[type] : "";
}

/* RFC 8415, 11: of a link-layer address with (1) or without time (3); the hardware is Ethernet. */
static void
take_duid(struct slice in, struct texts *duid, struct texts *mac, struct buf *text)
{
    struct slice m = in;
    unsigned type = slice_be16(&m), hardware = slice_be16(&m);
    size_t from = text->len;

    if (in.left > DUID_MAX)
        return;
    while (in.left > 0)
        buf_printf(text, "%02x", slice_u8(&in));
    texts_add(duid, text, from);
    if (mac == NULL || hardware != 1 || (type != 1 && type != 3))
        return;
    slice_skip(&m, type == 1 ? 4 : 0);
    from = text->len;
    if (m.left != 6)
        return;
    while (m.left > 0) {
        uint8_t c = slice_u8(&m);

        buf_printf(text, m.left > 0 ? "%02x:" : "%02x", c);
    }
    texts_add(mac, text, from);
}

static void
take_names(struct slice in, struct texts *t, struct buf *text)
{
    for (size_t i = 0; i < TEXTS_MAX && in.left > 0; i++) {
        size_t from = text->len;

        if (dns_name_read(in, &in, text) != VG_OK) { /* not ended by its root: a partial name */
            if (i > 0)
                text->len = from;
            texts_add(t, text, from);
            return;
        }
        texts_add(t, text, from);
    }
}

/* The addresses (option 5) or prefixes (26) within an association. */
static void
take_association(struct slice in, struct dhcpv6 *d, struct buf *text)
{
    for (int i = 0; i < OPTIONS_MAX && in.left > 0; i++) {
        unsigned code = slice_be16(&in);
        struct slice value = slice_sub(&in, slice_be16(&in));

        if (code == 26)
            slice_skip(&value, 4 + 4 + 1);
        if (code == 5 || code == 26)
            texts_add_addr(code == 5 ? &d->addresses : &d->prefixes, text, &value, 6);
    }
}

static void
take_option(unsigned code, struct slice in, struct dhcpv6 *d, struct buf *text)
{
    size_t from = text->len;

    switch (code) {
    case 1:
        take_duid(in, &d->client, &d->mac, text);
        break;
    case 2:
        take_duid(in, &d->server, NULL, text);
        break;
    case 3:
    case 25:
        slice_skip(&in, 12); /* identity, T1, T2 */
        take_association(in, d, text);
        break;
    case 16:
        slice_skip(&in, 4);
        in = slice_sub(&in, slice_be16(&in));
        buf_put(text, in.at, in.left);
        texts_add(&d->vendor, text, from);
        break;
    case 23:
        while (in.left >= 16)
            texts_add_addr(&d->dns, text, &in, 6);
        break;
    case 24:
        take_names(in, &d->domains, text);
        break;
    case 39:
        slice_skip(&in, 1);
        take_names(in, &d->host, text);
        break;
    default:
        break;
    }
}

/* False: this is none. Options must fill the message to its end. */
static bool
read_message(struct slice in, struct dhcpv6 *d, struct buf *text)
{
    struct slice inner = in;

    for (int relays = 0;; relays++) {
        d->message = slice_u8(&in);
        if (d->message != RELAY_FORWARD && d->message != RELAY_REPLY)
            break;
        d->relayed = true;
        slice_skip(&in, 1 + 16 + 16);
        inner = slice_of(NULL, 0);
        while (in.left > 0 && !in.bad) {
            unsigned code = slice_be16(&in);
            struct slice value = slice_sub(&in, slice_be16(&in));

            if (code == 9)
                inner = value;
        }
        if (in.bad || inner.left == 0 || relays == RELAYS_MAX)
            return false;
        in = inner;
    }
    slice_skip(&in, 3);
    if (in.bad || message_name(d->message)[0] == '\0')
        return false;
    for (int i = 0; i < OPTIONS_MAX && in.left > 0; i++) {
        unsigned code = slice_be16(&in);
        struct slice value = slice_sub(&in, slice_be16(&in));

        if (in.bad)
            return false;
        take_option(code, value, d, text);
    }
    return true;
}

static void
put_one(struct record *r, const char *name, const struct texts *t, const struct buf *text)
{
    struct str out[TEXTS_MAX];

    if (texts_lend(t, text, out) > 0)
        record_text_put(r, name, out[0]);
}

static void
put_list(struct record *r, const char *name, const struct texts *t, const struct buf *text,
         struct str out[TEXTS_MAX])
{
    if (texts_lend(t, text, out) > 0)
        record_list(r, name, out, t->count);
}

static void
tell(struct once *once, const struct protocol_call *call, const struct dhcpv6 *d)
{
    struct buf *text = net_scratch(call->engine);
    struct str addresses[TEXTS_MAX], prefixes[TEXTS_MAX], dns[TEXTS_MAX], domains[TEXTS_MAX];
    struct record r = {.type = "dhcpv6"};
    bool reply = d->message == 2 || d->message == 7 || d->message == 10;

    record_text_put(&r, "message", str_of(message_name(d->message)));
    if (d->relayed)
        record_bool(&r, "relayed", true);
    put_one(&r, "client_duid", &d->client, text);
    put_one(&r, "client_mac", &d->mac, text);
    put_one(&r, "server_duid", &d->server, text);
    put_one(&r, "host_name", &d->host, text);
    put_one(&r, "vendor", &d->vendor, text);
    put_list(&r, "addresses", &d->addresses, text, addresses);
    put_list(&r, "prefixes", &d->prefixes, text, prefixes);
    put_list(&r, "dns", &d->dns, text, dns);
    put_list(&r, "domains", &d->domains, text, domains);
    once_tell(once, &r, call, reply ? 1 - call->dir : call->dir);
}

static bool
on_port(uint16_t port)
{
    return port == PORT_CLIENT || port == PORT_SERVER;
}

static bool
dhcpv6_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct buf *text = net_scratch(call->engine);
    struct once *once;
    struct dhcpv6 d;

    if (!on_port(pkt->sport) && !on_port(pkt->dport))
        return false;
    memset(&d, 0, sizeof(d));
    buf_clear(text);
    if (!read_message(pkt->payload, &d, text))
        return false;
    once = once_of_flow(call);
    if (once != NULL)
        tell(once, call, &d);
    return once != NULL;
}

const struct protocol PROTOCOL_DHCPV6 = {
    .name = "dhcpv6",
    .close = once_close,
    .datagram = dhcpv6_datagram,
};
