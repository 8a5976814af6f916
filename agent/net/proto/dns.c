/* SPDX-License-Identifier: Apache-2.0 */
/* dns: queries and their answers as transactions, over UDP and TCP (RFC 1035, RFC 7766).
 *
 * A query waits DNS_TIMEOUT_NS for its answer, at most DNS_PENDING_MAX of one flow wait; what is
 * given up is told without a code. Multicast names (port 5353) are told as they are asked. */
#include "agent/net/proto/dns_message.h"
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"

#define DNS_TIMEOUT_NS (INT64_C(30) * 1000000000)
enum { DNS_PENDING_MAX = 256, DNS_STREAM_MAX = 2 + 65535 };
enum { PORT_DNS = 53, PORT_NBNS = 137, PORT_MDNS = 5353, PORT_LLMNR = 5355 };

struct pending {
    struct pending *next;
    int64_t time_ns;
    uint32_t bytes, query_len;
    uint16_t id, qtype;
    unsigned client; /* direction index of who asked */
    char query[];
};

struct dns {
    struct pending *oldest, *newest;
    unsigned waiting;
    struct buf in[2]; /* TCP: a message that is not whole yet */
};

static bool
on_port(const struct flow *flow, uint16_t port)
{
    return flow->key.port[0] == port || flow->key.port[1] == port;
}

static bool
over_tcp(const struct flow *flow)
{
    return flow->key.proto == IPPROTO_NUM_TCP;
}

static void
tell(const struct protocol_call *call, struct dns_view *view, unsigned client, int64_t time_ns)
{
    struct flow_view flow;
    struct obs obs = {.kind = OBS_DNS, .time_ns = time_ns, .dns = view};

    net_flow_view(call, client, &flow);
    view->flow = &flow;
    view->over_tcp = over_tcp(call->flow);
    view->mdns = on_port(call->flow, PORT_MDNS) || on_port(call->flow, PORT_LLMNR);
    net_emit(call->engine, &obs);
}

static void
forget(struct dns *dns, const struct protocol_call *call, struct pending **place)
{
    struct pending *p = *place;

    *place = p->next;
    if (dns->newest == p)
        dns->newest = NULL;
    for (struct pending *q = dns->oldest; dns->newest == NULL && q != NULL; q = q->next)
        if (q->next == NULL)
            dns->newest = q;
    dns->waiting--;
    net_parser_free(call->engine, p, sizeof(*p) + p->query_len);
}

static void
give_up(struct dns *dns, const struct protocol_call *call)
{
    struct pending *p = dns->oldest;
    struct dns_view view = {
        .query = str_n(p->query, p->query_len),
        .qtype = p->qtype,
        .rcode = -1,
        .query_bytes = p->bytes,
    };

    tell(call, &view, p->client, call->time_ns);
    forget(dns, call, &dns->oldest);
}

static void
on_query(struct dns *dns, const struct protocol_call *call, const struct dns_message *m,
         uint32_t bytes)
{
    struct pending *p;

    for (p = dns->oldest; p != NULL; p = p->next)
        if (p->id == m->id && p->qtype == m->qtype && p->client == call->dir &&
            str_eq_nocase(str_n(p->query, p->query_len), m->query))
            return; /* asked again: the same transaction */
    if (dns->waiting == DNS_PENDING_MAX)
        give_up(dns, call);
    p = net_parser_alloc(call->engine, sizeof(*p) + m->query.len);
    if (p == NULL) {
        net_engine_counters(call->engine)->dns_refused++;
        return;
    }
    p->time_ns = call->time_ns;
    p->bytes = bytes;
    p->query_len = (uint32_t)m->query.len;
    p->id = m->id;
    p->qtype = m->qtype;
    p->client = call->dir;
    memcpy(p->query, m->query.at, m->query.len);
    if (dns->newest != NULL)
        dns->newest->next = p;
    else
        dns->oldest = p;
    dns->newest = p;
    dns->waiting++;
}

static void
on_response(struct dns *dns, const struct protocol_call *call, const struct dns_message *m,
            uint32_t bytes)
{
    struct pending **place = &dns->oldest;
    struct dns_view view = {
        .query = m->query,
        .qtype = m->qtype,
        .rcode = m->rcode,
        .answer_bytes = bytes,
        .answers = m->answers,
        .answer_count = m->answer_count,
    };

    while (*place != NULL &&
           ((*place)->id != m->id || (*place)->client == call->dir ||
            (m->questions > 0 &&
             ((*place)->qtype != m->qtype ||
              !str_eq_nocase(str_n((*place)->query, (*place)->query_len), m->query)))))
        place = &(*place)->next;
    if (*place != NULL) {
        view.query = str_n((*place)->query, (*place)->query_len);
        view.qtype = (*place)->qtype;
        view.query_bytes = (*place)->bytes;
    } else if (m->questions == 0) {
        return; /* an answer to what we did not see */
    }
    tell(call, &view, 1 - call->dir, call->time_ns);
    if (*place != NULL)
        forget(dns, call, place);
}

static void
on_message(struct dns *dns, const struct protocol_call *call, const struct dns_message *m,
           uint32_t bytes)
{
    while (dns->oldest != NULL && call->time_ns - dns->oldest->time_ns > DNS_TIMEOUT_NS)
        give_up(dns, call);
    if (on_port(call->flow, PORT_MDNS)) {
        struct dns_view view = {
            .query = m->query, .qtype = m->qtype, .rcode = -1, .query_bytes = bytes};

        if (!m->response && m->questions > 0)
            tell(call, &view, call->dir, call->time_ns);
    } else if (m->response) {
        on_response(dns, call, m, bytes);
    } else if (m->questions > 0) {
        on_query(dns, call, m, bytes);
    }
}

static void *
dns_open(const struct protocol_call *call)
{
    struct dns *dns = net_parser_alloc(call->engine, sizeof(*dns));

    if (dns == NULL)
        return NULL;
    buf_init(&dns->in[0], DNS_STREAM_MAX);
    buf_init(&dns->in[1], DNS_STREAM_MAX);
    return dns;
}

static void
dns_close(void *self, const struct protocol_call *call)
{
    struct dns *dns = self;

    while (dns->oldest != NULL)
        give_up(dns, call);
    net_gather_done(call->engine, &dns->in[0]);
    net_gather_done(call->engine, &dns->in[1]);
    net_parser_free(call->engine, dns, sizeof(*dns));
}

/* ---- UDP ---- */

static bool
dns_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct buf *text = net_scratch(call->engine);
    bool by_port = on_port(call->flow, PORT_DNS) || on_port(call->flow, PORT_MDNS) ||
                   on_port(call->flow, PORT_LLMNR);
    struct dns_message m;

    if (on_port(call->flow, PORT_NBNS))
        return false;
    if (!by_port && call->flow->parser == NULL && !dns_message_certain(pkt->payload, text))
        return false;
    if (dns_message_read(pkt->payload, text, &m) != VG_OK)
        return false;
    if (call->flow->parser == NULL && (call->flow->parser = dns_open(call)) == NULL)
        return false;
    on_message(call->flow->parser, call, &m, (uint32_t)pkt->payload.left);
    return true;
}

/* ---- TCP ---- */

static enum probe
dns_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice in = head;
    uint16_t len = slice_be16(&in), flags, questions;

    if (sport != PORT_DNS && dport != PORT_DNS)
        return PROBE_NO;
    slice_skip(&in, 2);
    flags = slice_be16(&in);
    questions = slice_be16(&in);
    if (in.bad)
        return PROBE_MORE;
    return len >= 12 && questions <= 4 && (flags & 0x7800) <= 0x2800 ? PROBE_YES : PROBE_NO;
}

static enum vg_err
dns_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct dns *dns = self;
    struct buf *in = &dns->in[call->dir];
    struct slice all = bytes;
    enum vg_err err;

    if (in->len > 0) {
        /* What does not fit into one message's room comes in the next round. */
        size_t take = bytes.left < in->cap - in->len ? bytes.left : in->cap - in->len;
        struct slice part = slice_sub(&bytes, take);

        err = net_gather(call->engine, in, part.at, part.left);
        if (err != VG_OK)
            return err;
        all = buf_slice(in);
    }
    for (;;) {
        struct slice at = all, message;
        struct dns_message m;

        message = slice_sub(&at, slice_be16(&at));
        if (at.bad)
            break;
        all = at;
        if (dns_message_read(message, net_scratch(call->engine), &m) == VG_OK)
            on_message(dns, call, &m, (uint32_t)message.left);
    }
    if (in->len > 0) {
        buf_consume(in, in->len - all.left);
        all = bytes;
        if (bytes.left > 0 && in->len == in->cap)
            return VG_ERR_FORMAT;
    }
    return all.left > 0 ? net_gather(call->engine, in, all.at, all.left) : VG_OK;
}

static enum vg_err
dns_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END; /* where messages begin is lost */
}

const struct protocol PROTOCOL_DNS = {
    .name = "dns",
    .probe = dns_probe,
    .open = dns_open,
    .bytes = dns_bytes,
    .gap = dns_gap,
    .close = dns_close,
    .datagram = dns_datagram,
};
