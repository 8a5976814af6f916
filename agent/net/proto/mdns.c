/* SPDX-License-Identifier: Apache-2.0 */
/* mdns: who asks for what, and who announces itself as what, by multicast DNS (RFC 6762) and its
 * service discovery (RFC 6763).
 *
 * Record "mdns", told when a sender says something new (once.h); src is who sent it: response;
 * queries (names asked for); names (of hosts, announced with an address), addresses, services
 * (instances of services announced), goodbye (with time to live 0), model (from TXT of devices). */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/dns_message.h"
#include "agent/net/proto/dns_names.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/texts.h"
#include "agent/net/proto/words.h"

enum { PORT_MDNS = 5353, MDNS_RECORDS_MAX = 128, MODEL_MAX = 128 };
enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_SRV = 33 };

struct announced {
    struct texts queries, names, addresses, services, models;
    bool goodbye;
};

static void
add_name(struct texts *t, struct buf *text, struct slice message, struct slice in)
{
    size_t from = text->len;

    if (dns_name_read(message, &in, text) != VG_OK)
        text->len = from;
    texts_add(t, text, from);
}

/* The model of a device: "md=" (cast, HomeKit), "ty=" (printers), "model=" (RFC 6763, 6). */
static void
add_model(struct texts *t, struct buf *text, struct slice data)
{
    static const char *const keys[] = {"md=", "ty=", "model="};

    while (data.left > 0) {
        struct slice s = slice_sub(&data, slice_u8(&data));
        struct str pair = str_n(s.at, s.left);

        for (size_t i = 0; i < VG_ARRAY_LEN(keys); i++)
            if (words_begin(pair, keys[i])) {
                struct str model = words_cut(words_skip(pair, strlen(keys[i])), MODEL_MAX);
                size_t from = text->len;

                buf_put(text, model.at, model.len);
                texts_add(t, text, from);
            }
    }
}

static void
on_record(struct announced *a, struct buf *text, struct slice message, const struct dns_record *r)
{
    struct slice data = r->data;

    if (r->ttl == 0 && r->type != TYPE_TXT)
        a->goodbye = true;
    switch (r->type) {
    case TYPE_A:
    case TYPE_AAAA:
        add_name(&a->names, text, message, r->name);
        texts_add_addr(&a->addresses, text, &data, r->type == TYPE_A ? 4 : 6);
        break;
    case TYPE_PTR:
        add_name(&a->services, text, message, data);
        break;
    case TYPE_SRV:
        add_name(&a->services, text, message, r->name);
        slice_skip(&data, 6);
        add_name(&a->names, text, message, data);
        break;
    case TYPE_TXT:
        add_model(&a->models, text, data);
        break;
    default:
        break;
    }
}

static void
put_list(struct record *r, const char *name, const struct texts *t, const struct buf *text,
         struct str out[TEXTS_MAX])
{
    if (texts_lend(t, text, out) > 0)
        record_list(r, name, out, t->count);
}

static void
tell(struct once *once, const struct protocol_call *call, const struct announced *a, bool response)
{
    struct buf *text = net_scratch(call->engine);
    struct str queries[TEXTS_MAX], names[TEXTS_MAX], addresses[TEXTS_MAX], services[TEXTS_MAX],
        models[TEXTS_MAX];
    struct record r = {.type = "mdns"};

    record_bool(&r, "response", response);
    put_list(&r, "queries", &a->queries, text, queries);
    put_list(&r, "names", &a->names, text, names);
    put_list(&r, "addresses", &a->addresses, text, addresses);
    put_list(&r, "services", &a->services, text, services);
    if (texts_lend(&a->models, text, models) > 0)
        record_text_put(&r, "model", models[0]);
    if (response && a->goodbye)
        record_bool(&r, "goodbye", true);
    if (r.count > 1)
        once_tell(once, &r, call, call->dir);
}

/* False: no message of it. */
static bool
read_message(struct slice in, struct buf *text, struct announced *a, bool *response)
{
    struct slice message = in;
    struct dns_head h = dns_head_read(&in);
    unsigned records = (unsigned)h.answers + h.additional;

    if (in.bad || (h.flags & 0x7800) != 0 ||
        (h.questions == 0 && h.answers == 0 && h.authority == 0 && h.additional == 0))
        return false;
    *response = (h.flags & 0x8000) != 0;
    for (unsigned i = 0; i < h.questions; i++) {
        struct slice name = in;

        if (dns_name_skip(&in) != VG_OK)
            return i > 0;
        slice_skip(&in, 4);
        if (in.bad)
            return i > 0;
        add_name(&a->queries, text, message, name);
    }
    if (!*response) /* known answers and probes are no news */
        return true;
    records += h.authority;
    for (unsigned i = 0; i < records && i < MDNS_RECORDS_MAX; i++) {
        struct dns_record r;

        if (dns_record_read(&in, &r) != VG_OK)
            return i > 0;
        on_record(a, text, message, &r);
    }
    return true;
}

static bool
mdns_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct once *once;
    struct buf *text = net_scratch(call->engine);
    struct announced a;
    bool response = false;

    if (pkt->sport != PORT_MDNS && pkt->dport != PORT_MDNS)
        return false;
    memset(&a, 0, sizeof(a));
    buf_clear(text);
    if (!read_message(pkt->payload, text, &a, &response))
        return false;
    once = once_of_flow(call);
    if (once != NULL)
        tell(once, call, &a, response);
    return once != NULL;
}

const struct protocol PROTOCOL_MDNS = {
    .name = "mdns",
    .close = once_close,
    .datagram = mdns_datagram,
};
