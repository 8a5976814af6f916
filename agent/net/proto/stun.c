/* SPDX-License-Identifier: Apache-2.0 */
/* stun: how calls and games find their way through a router (RFC 8489), and TURN's relays
 * (RFC 8656), over UDP and TCP; the older form without the magic cookie (RFC 3489) on port 3478.
 *
 * Record "stun", one for each kind of message in a flow: method ("binding", "allocate", ...), class
 * ("request", "indication", "success", "error"), software, realm, mapped (the client's address as the
 * server saw it), peer (whom a relay shall reach), error (number). What follows in such a flow is
 * media, after a hello of DTLS or QUIC that is told as such: it stays named "stun". */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"

enum {
    STUN_HEAD = 20,
    STUN_MAGIC = 0x2112a442,
    STUN_MESSAGES_MAX = 32, /* looked at, of one flow */
    STUN_ATTRIBUTES_MAX = 32,
    STUN_TEXT_MAX = 128,
    PORT_STUN = 3478,
};

enum {
    ATTRIBUTE_MAPPED = 0x0001,
    ATTRIBUTE_ERROR = 0x0009,
    ATTRIBUTE_XOR_PEER = 0x0012,
    ATTRIBUTE_REALM = 0x0014,
    ATTRIBUTE_XOR_MAPPED = 0x0020,
    ATTRIBUTE_SOFTWARE = 0x8022,
};

struct stun_message {
    uint16_t method;
    uint8_t class; /* 0 request, 1 indication, 2 success, 3 error */
    bool magic;
    struct slice transaction, attributes;
    uint32_t length;
};

struct stun {
    unsigned messages, count;
    uint16_t told[16]; /* method << 2 | class */
    uint32_t skip[2];
};

static const struct {
    uint16_t method;
    const char *name;
} METHODS[] = {
    {0x001, "binding"}, {0x003, "allocate"}, {0x004, "refresh"},      {0x006, "send"},
    {0x007, "data"},    {0x008, "permit"},   {0x009, "channel_bind"}, {0x00a, "connect"},
};

static const char *
method_name(uint16_t method)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(METHODS); i++)
        if (METHODS[i].method == method)
            return METHODS[i].name;
    return NULL;
}

/* The head of a message; *in stands behind it. Bits of method and class lie in each other
 * (RFC 8489, 5). */
static bool
read_head(struct slice *in, struct stun_message *m)
{
    uint16_t type = slice_be16(in), length = slice_be16(in);
    struct slice cookie = *in;

    m->magic = slice_be32(&cookie) == STUN_MAGIC;
    m->transaction = slice_sub(in, 16); /* with the cookie */
    m->length = length;
    m->class = (uint8_t)((type >> 4 & 1) | (type >> 7 & 2));
    m->method = (uint16_t)((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
    return !in->bad && (type & 0xc000) == 0 && (length & 3) == 0 && method_name(m->method) != NULL;
}

/* An address (RFC 8489, 14.1 and 14.2), unmasked by cookie and transaction. */
static struct str
address_text(const struct stun_message *m, struct slice value, bool masked,
             char out[NET_ADDR_TEXT_MAX])
{
    struct slice mask = m->transaction;
    struct net_addr addr = {0};
    uint8_t family;

    slice_skip(&value, 1);
    family = slice_u8(&value);
    slice_skip(&value, 2); /* the port */
    addr.family = family == 1 ? 4 : 6;
    if (value.bad || value.left != (family == 1 ? 4U : 16U) || (family != 1 && family != 2))
        return str_of("");
    for (size_t i = 0; value.left > 0; i++) {
        uint8_t with = slice_u8(&mask);

        addr.bytes[i] = (uint8_t)(slice_u8(&value) ^ (masked ? with : 0));
    }
    return str_of(net_addr_format(&addr, out));
}

/* RFC 8489, 14.8; 0 where it is cut short. */
static unsigned
error_of(struct slice value)
{
    unsigned hundreds, rest;

    slice_skip(&value, 2);
    hundreds = slice_u8(&value) & 7U;
    rest = slice_u8(&value);
    return value.bad ? 0 : hundreds * 100 + rest;
}

static struct str
text_of(struct slice value)
{
    return str_n(value.at, value.left < STUN_TEXT_MAX ? value.left : STUN_TEXT_MAX);
}

static void
tell(const struct protocol_call *call, const struct stun_message *m)
{
    static const char *const classes[] = {"request", "indication", "success", "error"};
    struct str software = str_of(""), realm = software, mapped = software, peer = software;
    char mapped_text[NET_ADDR_TEXT_MAX], peer_text[NET_ADDR_TEXT_MAX];
    struct record r = {.type = "stun"};
    struct slice in = m->attributes;
    unsigned error = 0;

    record_text_put(&r, "method", str_of(method_name(m->method)));
    record_text_put(&r, "class", str_of(classes[m->class]));
    for (unsigned i = 0; i < STUN_ATTRIBUTES_MAX && in.left >= 4; i++) {
        uint16_t type = slice_be16(&in), len = slice_be16(&in);
        struct slice value = slice_sub(&in, len);

        if (in.bad)
            break;
        slice_skip(&in, (4U - (len & 3U)) & 3U);
        if (type == ATTRIBUTE_SOFTWARE)
            software = text_of(value);
        else if (type == ATTRIBUTE_REALM)
            realm = text_of(value);
        else if (type == ATTRIBUTE_XOR_MAPPED || (type == ATTRIBUTE_MAPPED && mapped.len == 0))
            mapped = address_text(m, value, type == ATTRIBUTE_XOR_MAPPED, mapped_text);
        else if (type == ATTRIBUTE_XOR_PEER)
            peer = address_text(m, value, true, peer_text);
        else if (type == ATTRIBUTE_ERROR)
            error = error_of(value);
    }
    record_text_opt(&r, "software", software);
    record_text_opt(&r, "realm", realm);
    record_text_opt(&r, "mapped", mapped);
    record_text_opt(&r, "peer", peer);
    if (error > 0)
        record_number(&r, "error", error);
    record_tell(&r, call, m->class < 2 ? call->dir : 1 - call->dir);
}

static void *
stun_open(const struct protocol_call *call)
{
    return net_parser_alloc(call->engine, sizeof(struct stun));
}

static void
stun_close(void *self, const struct protocol_call *call)
{
    net_parser_free(call->engine, self, sizeof(struct stun));
}

/* Each kind of message once; VG_END when enough was seen. */
static enum vg_err
on_message(struct stun *stun, const struct protocol_call *call, const struct stun_message *m)
{
    uint16_t kind = (uint16_t)(m->method << 2 | m->class);

    if (++stun->messages > STUN_MESSAGES_MAX)
        return VG_END;
    for (unsigned i = 0; i < stun->count; i++)
        if (stun->told[i] == kind)
            return VG_OK;
    if (stun->count == VG_ARRAY_LEN(stun->told))
        return VG_END;
    stun->told[stun->count++] = kind;
    tell(call, m);
    return VG_OK;
}

/* ---- UDP ---- */

static bool
stun_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct flow *flow = call->flow;
    const struct flow_key *key = &flow->key;
    struct slice in = pkt->payload;
    struct stun_message m;

    if (!read_head(&in, &m) || m.length != in.left ||
        (!m.magic && key->port[0] != PORT_STUN && key->port[1] != PORT_STUN))
        return false;
    m.attributes = in;
    if (flow->parser == NULL && (flow->parser = stun_open(call)) == NULL)
        return false;
    if (on_message(flow->parser, call, &m) != VG_OK)
        flow->parser_done = true;
    return true;
}

/* ---- TCP ---- */

static enum probe
stun_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice in = head;
    struct stun_message m;

    (void)sport;
    (void)dport;
    if (head.left < STUN_HEAD) {
        uint16_t type = slice_be16(&in);

        slice_skip(&in, 2);
        if (head.left >= 8 ? slice_be32(&in) != STUN_MAGIC : (type & 0xc000) != 0)
            return PROBE_NO;
        return head.left >= 8 ? PROBE_MORE : PROBE_NO; /* it comes in one segment in practice */
    }
    return read_head(&in, &m) && m.magic ? PROBE_YES : PROBE_NO;
}

/* Messages as they lie in segments: one that is cut is passed by, its attributes are lost. */
static enum vg_err
stun_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct stun *stun = self;
    uint32_t *skip = &stun->skip[call->dir];

    for (;;) {
        struct stun_message m;
        uint32_t n = *skip < bytes.left ? *skip : (uint32_t)bytes.left;

        slice_skip(&bytes, n);
        *skip -= n;
        if (bytes.left == 0)
            return VG_OK;
        if (!read_head(&bytes, &m) || !m.magic)
            return VG_END; /* channel data, or a head cut in two */
        *skip = m.length;
        m.attributes = slice_of(bytes.at, m.length < bytes.left ? m.length : bytes.left);
        if (on_message(stun, call, &m) != VG_OK)
            return VG_END;
    }
}

static enum vg_err
stun_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

const struct protocol PROTOCOL_STUN = {
    .name = "stun",
    .probe = stun_probe,
    .open = stun_open,
    .bytes = stun_bytes,
    .gap = stun_gap,
    .close = stun_close,
    .datagram = stun_datagram,
    .shares = true,
};
