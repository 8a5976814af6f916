/* SPDX-License-Identifier: Apache-2.0 */
/* nbns: NetBIOS names asked for, answered and registered (RFC 1001, RFC 1002).
 *
 * Record "nbns", told when a sender says something new (once.h); src is who sent it: response,
 * operation ("query", "status", "registration", "release", "wack", "refresh"), name (as NetBIOS
 * pads it, without the padding), suffix (its 16th byte: 0x00 workstation, 0x20 file server, 0x1b to
 * 0x1e domains), group, rcode of a response, addresses, names (of a status response). */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/dns_message.h"
#include "agent/net/proto/dns_names.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/texts.h"

enum { PORT_NBNS = 137, NETBIOS_NAME = 16 };
enum { TYPE_NB = 0x20, TYPE_NBSTAT = 0x21 };

struct nbns {
    bool response, group;
    uint8_t opcode, rcode, suffix;
    uint16_t type;
    struct texts name, names, addresses;
};

static const char *
operation_name(const struct nbns *n)
{
    switch (n->opcode) {
    case 0:
        return n->type == TYPE_NBSTAT ? "status" : "query";
    case 5:
        return "registration";
    case 6:
        return "release";
    case 7:
        return "wack";
    case 8:
    case 9:
    case 15:
        return "refresh";
    default:
        return "";
    }
}

/* 15 characters without their padding; what is not printable becomes '?', as Windows shows it. */
static void
put_padded(struct slice in, struct buf *text)
{
    size_t from = text->len, keep = from;

    for (int i = 0; i < NETBIOS_NAME - 1; i++) {
        uint8_t c = slice_u8(&in);

        if (c == 0)
            break;
        buf_put_u8(text, c < 0x20 || c == 0x7f ? '?' : c);
        if (c != ' ')
            keep = text->len;
    }
    text->len = keep;
}

/* The label of 32 letters, two for each byte (RFC 1001, 14.1), and a scope, which is skipped. */
static bool
read_name(struct slice *in, struct nbns *n, struct buf *text)
{
    uint8_t plain[NETBIOS_NAME];
    size_t from = text->len;

    if (slice_u8(in) != 32)
        return false;
    for (int i = 0; i < NETBIOS_NAME; i++) {
        unsigned high = (unsigned)slice_u8(in) - 'A', low = (unsigned)slice_u8(in) - 'A';

        if (high > 15 || low > 15)
            return false;
        plain[i] = (uint8_t)(high << 4 | low);
    }
    n->suffix = plain[NETBIOS_NAME - 1];
    put_padded(slice_of(plain, sizeof(plain)), text);
    texts_add(&n->name, text, from);
    return dns_name_skip(in) == VG_OK;
}

/* The name of a record: written out, or a pointer to the question's. */
static bool
read_record_name(struct slice *in, struct nbns *n, struct buf *text)
{
    struct slice ahead = *in;

    if (slice_u8(&ahead) >= 0xc0)
        return dns_name_skip(in) == VG_OK;
    return read_name(in, n, text);
}

/* NB records: flags and address, one or several (4.2.1.3); NBSTAT: the names of a host (4.2.18). */
static void
read_data(struct slice data, struct nbns *n, struct buf *text)
{
    if (n->type == TYPE_NBSTAT) {
        unsigned count = slice_u8(&data);

        for (unsigned i = 0; i < count && !data.bad; i++) {
            struct slice name = slice_sub(&data, NETBIOS_NAME - 1);
            unsigned suffix = slice_u8(&data), flags = slice_be16(&data);
            size_t from = text->len;

            if (data.bad)
                return;
            put_padded(name, text);
            buf_printf(text, "<%02x>%s", suffix, flags & 0x8000 ? " group" : "");
            texts_add(&n->names, text, from);
        }
        return;
    }
    while (data.left >= 6) {
        n->group = (slice_be16(&data) & 0x8000) != 0;
        texts_add_addr(&n->addresses, text, &data, 4);
    }
}

static bool
read_message(struct slice in, struct nbns *n, struct buf *text)
{
    struct dns_head h = dns_head_read(&in);

    n->response = (h.flags & 0x8000) != 0;
    n->opcode = h.flags >> 11 & 15;
    n->rcode = h.flags & 15;
    if (in.bad || h.questions > 1 || (h.questions == 0 && h.answers == 0) ||
        operation_name(n)[0] == '\0')
        return false;
    if (h.questions == 1) {
        if (!read_name(&in, n, text))
            return false;
        n->type = slice_be16(&in);
        slice_skip(&in, 2);
        if (in.bad || (n->type != TYPE_NB && n->type != TYPE_NBSTAT))
            return false;
    }
    if (h.answers > 0 || h.additional > 0) {
        uint16_t type;

        if (!read_record_name(&in, n, text))
            return h.questions == 1;
        type = slice_be16(&in);
        slice_skip(&in, 6);
        if (h.questions == 0)
            n->type = type;
        read_data(slice_sub(&in, slice_be16(&in)), n, text);
    }
    return true;
}

static void
tell(struct once *once, const struct protocol_call *call, const struct nbns *n)
{
    struct buf *text = net_scratch(call->engine);
    struct str name[TEXTS_MAX], names[TEXTS_MAX], addresses[TEXTS_MAX];
    struct record r = {.type = "nbns"};

    record_bool(&r, "response", n->response);
    record_text_put(&r, "operation", str_of(operation_name(n)));
    record_text_put(&r, "name", texts_lend(&n->name, text, name) > 0 ? name[0] : str_of(""));
    record_number(&r, "suffix", n->suffix);
    if (n->response)
        record_number(&r, "rcode", n->rcode);
    if (texts_lend(&n->addresses, text, addresses) > 0) {
        record_list(&r, "addresses", addresses, n->addresses.count);
        record_bool(&r, "group", n->group);
    }
    if (texts_lend(&n->names, text, names) > 0)
        record_list(&r, "names", names, n->names.count);
    once_tell(once, &r, call, call->dir);
}

static bool
nbns_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct once *once;
    struct buf *text = net_scratch(call->engine);
    struct nbns n;

    if (pkt->sport != PORT_NBNS && pkt->dport != PORT_NBNS)
        return false;
    memset(&n, 0, sizeof(n));
    buf_clear(text);
    if (!read_message(pkt->payload, &n, text))
        return false;
    once = once_of_flow(call);
    if (once != NULL)
        tell(once, call, &n);
    return once != NULL;
}

const struct protocol PROTOCOL_NBNS = {
    .name = "nbns",
    .close = once_close,
    .datagram = nbns_datagram,
};
