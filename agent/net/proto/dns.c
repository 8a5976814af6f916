/* SPDX-License-Identifier: Apache-2.0 */
/* dns: queries and their answers as transactions, over UDP and TCP (RFC 1035, RFC 6891, RFC 7766).
 *
 * A query waits DNS_TIMEOUT_NS for its answer, at most DNS_PENDING_MAX of one flow wait; what is
 * given up is told without a code. The same query asked again is one transaction, the same answer
 * come twice is told once; a second answer that differs is told (somebody else may have sent it).
 * Multicast names and those of Windows are protocols of their own: mdns.c, llmnr.c, nbns.c. */
#include "agent/net/engine.h"
#include "agent/net/proto/dns_message.h"
#include "agent/net/proto/protocols.h"

#define DNS_TIMEOUT_NS (INT64_C(30) * 1000000000)
#define DNS_REPEAT_NS  (INT64_C(5) * 1000000000) /* so late may a copy of an answer come */
enum { DNS_PENDING_MAX = 256, DNS_STREAM_MAX = 2 + 65535, DNS_ANSWERED_KEPT = 2 };
enum { PORT_DNS = 53, PORT_NBNS = 137, PORT_MDNS = 5353, PORT_LLMNR = 5355 };
enum { PENDING_NAME_MAX = 56 /* longer names have a block of their own */ };

struct pending {
    struct pending *next, *previous;
    int64_t time_ns;
    uint32_t bytes;
    uint16_t id, qtype, name_len;
    uint8_t client;  /* direction index of who asked */
    bool used;       /* of the place within struct dns */
    char *long_name; /* owned, or NULL: then it is in `name` */
    char name[PENDING_NAME_MAX];
};

/* What was told lately. */
struct answered {
    uint32_t question, answer; /* hashes */
    int64_t time_ns;           /* 0: none */
};

struct dns {
    struct pending *oldest, *newest;
    struct pending first; /* nearly always the only one */
    struct answered answered[DNS_ANSWERED_KEPT];
    uint16_t waiting;
    uint8_t next_answered;
    struct buf *in; /* TCP: of each direction a message that is not whole yet; NULL */
};

static bool
on_port(const struct flow *flow, uint16_t port)
{
    return flow->key.port[0] == port || flow->key.port[1] == port;
}

static void
tell(const struct protocol_call *call, struct dns_view *view, unsigned client)
{
    struct flow_view flow;
    struct obs obs = {.kind = OBS_DNS, .time_ns = call->time_ns, .dns = view};

    net_flow_view(call, client, &flow);
    view->flow = &flow;
    view->over_tcp = call->flow->key.proto == IPPROTO_NUM_TCP;
    net_emit(call->engine, &obs);
}

/* ---- queries that wait ---- */

static struct str
pending_name(const struct pending *p)
{
    return str_n(p->long_name != NULL ? p->long_name : p->name, p->name_len);
}

static struct pending *
pending_new(struct dns *dns, const struct protocol_call *call, struct str name)
{
    struct pending *p = &dns->first;
    char *room = NULL;

    if (p->used)
        p = net_parser_alloc(call->engine, sizeof(*p));
    if (p != NULL && name.len > sizeof(p->name)) {
        room = net_parser_alloc(call->engine, name.len);
        if (room == NULL && p != &dns->first) {
            net_parser_free(call->engine, p, sizeof(*p));
            p = NULL;
        }
    }
    if (p == NULL || (room == NULL && name.len > sizeof(p->name))) {
        net_engine_counters(call->engine)->dns_refused++;
        return NULL;
    }
    p->used = true;
    p->long_name = room;
    p->name_len = (uint16_t)name.len;
    memcpy(room != NULL ? room : p->name, name.at, name.len);
    p->next = NULL;
    p->previous = dns->newest;
    if (p->previous != NULL)
        p->previous->next = p;
    else
        dns->oldest = p;
    dns->newest = p;
    dns->waiting++;
    return p;
}

static void
forget(struct dns *dns, const struct protocol_call *call, struct pending *p)
{
    if (p->previous != NULL)
        p->previous->next = p->next;
    else
        dns->oldest = p->next;
    if (p->next != NULL)
        p->next->previous = p->previous;
    else
        dns->newest = p->previous;
    dns->waiting--;
    net_parser_free(call->engine, p->long_name, p->name_len);
    p->long_name = NULL;
    p->used = false;
    if (p != &dns->first)
        net_parser_free(call->engine, p, sizeof(*p));
}

static void
give_up(struct dns *dns, const struct protocol_call *call)
{
    struct pending *p = dns->oldest;
    struct dns_view view = {
        .query = pending_name(p),
        .id = p->id,
        .qtype = p->qtype,
        .rcode = -1,
        .query_bytes = p->bytes,
    };

    tell(call, &view, p->client);
    forget(dns, call, p);
}

/* ---- what was told lately ---- */

static uint32_t
question_hash(const struct dns_message *m, struct str name, uint16_t qtype, unsigned client)
{
    struct hash_key key = {STR_HASH_STORED.k0 ^ m->id ^ (uint64_t)qtype << 16,
                           STR_HASH_STORED.k1 ^ client};
    char lower[256];
    size_t n = name.len < sizeof(lower) ? name.len : sizeof(lower);

    for (size_t i = 0; i < n; i++) {
        char c = name.at[i];

        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (uint32_t)str_hash(&key, lower, n);
}

/* The order in which a resolver lists addresses says nothing. */
static uint32_t
answer_hash(const struct dns_message *m)
{
    uint64_t sum = m->rcode;

    for (size_t i = 0; i < m->answer_count; i++)
        sum += str_hash(&STR_HASH_STORED, m->answers[i].at, m->answers[i].len);
    return (uint32_t)(sum ^ sum >> 32);
}

static struct answered *
find_answered(struct dns *dns, uint32_t question, int64_t now_ns)
{
    for (size_t i = 0; i < DNS_ANSWERED_KEPT; i++) {
        struct answered *a = &dns->answered[i];

        if (a->time_ns != 0 && a->question == question && now_ns - a->time_ns <= DNS_REPEAT_NS)
            return a;
    }
    return NULL;
}

/* ---- messages ---- */

static void
on_query(struct dns *dns, const struct protocol_call *call, const struct dns_message *m,
         uint32_t bytes)
{
    struct pending *p;
    struct answered *a;

    for (p = dns->oldest; p != NULL; p = p->next)
        if (p->id == m->id && p->qtype == m->qtype && p->client == call->dir &&
            str_eq_nocase(pending_name(p), m->query))
            return; /* asked again: the same transaction */
    a = find_answered(dns, question_hash(m, m->query, m->qtype, call->dir), call->time_ns);
    if (a != NULL)
        return; /* asked again, or captured after its answer */
    if (dns->waiting == DNS_PENDING_MAX)
        give_up(dns, call);
    p = pending_new(dns, call, m->query);
    if (p == NULL)
        return;
    p->time_ns = call->time_ns;
    p->bytes = bytes;
    p->id = m->id;
    p->qtype = m->qtype;
    p->client = (uint8_t)call->dir;
}

static struct pending *
find_pending(const struct dns *dns, const struct protocol_call *call, const struct dns_message *m)
{
    struct pending *p = dns->oldest;

    while (p != NULL && (p->id != m->id || p->client == call->dir ||
                         (m->questions > 0 &&
                          (p->qtype != m->qtype || !str_eq_nocase(pending_name(p), m->query)))))
        p = p->next;
    return p;
}

static void
on_response(struct dns *dns, const struct protocol_call *call, const struct dns_message *m,
            uint32_t bytes)
{
    struct pending *p = find_pending(dns, call, m);
    struct dns_view view = {
        .query = p != NULL ? pending_name(p) : m->query,
        .id = m->id,
        .qtype = p != NULL ? p->qtype : m->qtype,
        .rcode = m->rcode,
        .aa = m->aa,
        .tc = m->tc,
        .rd = m->rd,
        .ra = m->ra,
        .edns = m->edns,
        .edns_do = m->edns_do,
        .edns_payload = m->edns_payload,
        .query_bytes = p != NULL ? p->bytes : 0,
        .answer_bytes = bytes,
        .ttl_min = m->ttl_min,
        .answers = m->answers,
        .answer_count = m->answer_count,
        .addresses = m->addresses,
        .address_count = m->address_count,
    };
    uint32_t question = question_hash(m, view.query, view.qtype, 1 - call->dir);
    uint32_t answer = answer_hash(m);
    struct answered *a = find_answered(dns, question, call->time_ns);

    if (p == NULL && m->questions == 0)
        return; /* an answer to what we did not see */
    view.again = p == NULL && a != NULL;
    if (!view.again || a->answer != answer)
        tell(call, &view, 1 - call->dir);
    if (a == NULL) {
        a = &dns->answered[dns->next_answered];
        dns->next_answered = (uint8_t)((dns->next_answered + 1) % DNS_ANSWERED_KEPT);
    }
    *a = (struct answered){question, answer, call->time_ns};
    if (p != NULL)
        forget(dns, call, p);
}

static void
on_message(struct dns *dns, const struct protocol_call *call, const struct dns_message *m,
           uint32_t bytes)
{
    while (dns->oldest != NULL && call->time_ns - dns->oldest->time_ns > DNS_TIMEOUT_NS)
        give_up(dns, call);
    if (m->response)
        on_response(dns, call, m, bytes);
    else if (m->questions > 0)
        on_query(dns, call, m, bytes);
}

static void *
dns_open(const struct protocol_call *call)
{
    return net_parser_alloc(call->engine, sizeof(struct dns));
}

static void
dns_close(void *self, const struct protocol_call *call)
{
    struct dns *dns = self;

    while (dns->oldest != NULL)
        give_up(dns, call);
    if (dns->in != NULL) {
        net_gather_done(call->engine, &dns->in[0]);
        net_gather_done(call->engine, &dns->in[1]);
        net_parser_free(call->engine, dns->in, 2 * sizeof(*dns->in));
    }
    net_parser_free(call->engine, dns, sizeof(*dns));
}

/* ---- UDP ---- */

static bool
dns_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct dns_message m;

    if (call->flow->parser == NULL) {
        if (on_port(call->flow, PORT_NBNS) || on_port(call->flow, PORT_MDNS) ||
            on_port(call->flow, PORT_LLMNR))
            return false;
        if (!on_port(call->flow, PORT_DNS) && !dns_message_certain(pkt->payload))
            return false;
    }
    if (dns_message_read(pkt->payload, net_scratch(call->engine), &m) != VG_OK)
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
    uint16_t len = slice_be16(&in);
    struct slice message = in;
    struct dns_head h = dns_head_read(&in);

    if (sport != PORT_DNS && dport != PORT_DNS) /* then it must be there at once, and whole */
        return message.left == len && dns_message_certain(message) ? PROBE_YES : PROBE_NO;
    if (in.bad)
        return head.left < 2 || len >= 12 ? PROBE_MORE : PROBE_NO;
    return len >= 12 && h.questions <= 4 && (h.flags & 0x7800) <= 0x2800 ? PROBE_YES : PROBE_NO;
}

static enum vg_err
keep(struct dns *dns, const struct protocol_call *call, struct slice bytes)
{
    if (bytes.left == 0)
        return VG_OK;
    if (dns->in == NULL) {
        dns->in = net_parser_alloc(call->engine, 2 * sizeof(*dns->in));
        if (dns->in == NULL)
            return VG_ERR_NOMEM;
        buf_init(&dns->in[0], DNS_STREAM_MAX);
        buf_init(&dns->in[1], DNS_STREAM_MAX);
    }
    return net_gather(call->engine, &dns->in[call->dir], bytes.at, bytes.left);
}

/* Handles the whole messages in `all`, which holds what is left of it afterwards. */
static void
take_messages(struct dns *dns, const struct protocol_call *call, struct slice *all)
{
    for (;;) {
        struct slice at = *all, message = slice_sub(&at, slice_be16(&at));
        struct dns_message m;

        if (at.bad)
            return;
        *all = at;
        if (dns_message_read(message, net_scratch(call->engine), &m) == VG_OK)
            on_message(dns, call, &m, (uint32_t)message.left);
    }
}

static enum vg_err
dns_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct dns *dns = self;
    struct buf *in = dns->in != NULL ? &dns->in[call->dir] : NULL;

    while (in != NULL && in->len > 0 && bytes.left > 0) {
        /* What does not fit into one message's room comes in the next round. */
        size_t take = bytes.left < in->cap - in->len ? bytes.left : in->cap - in->len;
        struct slice all;
        enum vg_err err = keep(dns, call, slice_sub(&bytes, take));

        if (err != VG_OK)
            return err;
        all = buf_slice(in);
        take_messages(dns, call, &all);
        buf_consume(in, in->len - all.left);
    }
    take_messages(dns, call, &bytes);
    return keep(dns, call, bytes);
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
