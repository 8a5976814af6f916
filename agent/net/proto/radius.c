/* SPDX-License-Identifier: Apache-2.0 */
/* radius: log-ins that network devices ask a server about (RFC 2865, RFC 2866, RFC 5176).
 *
 * Record "radius", once for each different content (once.h); src is the device that asks: code
 * ("access-request", "access-accept", "access-reject", "accounting-request", ...), user, nas (its
 * name or address), calling and called (stations), service_type. An accept or a reject that
 * belongs to a request is a log-in, service "radius". Passwords are not looked at. */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"

enum { RADIUS_HEAD = 20, RADIUS_BYTES_MAX = 4096, RADIUS_USER_MAX = 64, RADIUS_WAITING = 4 };
enum { ACCESS_REQUEST = 1, ACCESS_ACCEPT = 2, ACCESS_REJECT = 3 };

struct asked {
    bool used;
    uint8_t id, client, user_len;
    char user[RADIUS_USER_MAX];
};

struct radius {
    struct once once;
    struct asked asked[RADIUS_WAITING];
    uint8_t next;
};

struct radius_message {
    uint8_t code, id;
    struct str user, nas, calling, called;
    struct net_addr nas_addr;
};

static const char *
code_name(unsigned code)
{
    switch (code) {
    case 1:
        return "access-request";
    case 2:
        return "access-accept";
    case 3:
        return "access-reject";
    case 4:
        return "accounting-request";
    case 5:
        return "accounting-response";
    case 11:
        return "access-challenge";
    case 12:
        return "status-server";
    case 40:
        return "disconnect-request";
    case 41:
        return "disconnect-ack";
    case 42:
        return "disconnect-nak";
    case 43:
        return "coa-request";
    case 44:
        return "coa-ack";
    case 45:
        return "coa-nak";
    default:
        return "";
    }
}

static bool
on_port(const struct packet *pkt)
{
    static const uint16_t ports[] = {1812, 1813, 1645, 1646, 3799};

    for (size_t i = 0; i < VG_ARRAY_LEN(ports); i++)
        if (pkt->sport == ports[i] || pkt->dport == ports[i])
            return true;
    return false;
}

/* The attributes must fill the length that the head says. */
static bool
read_message(struct slice in, struct radius_message *m)
{
    unsigned len;

    m->code = slice_u8(&in);
    m->id = slice_u8(&in);
    len = slice_be16(&in);
    slice_skip(&in, 16);
    if (in.bad || code_name(m->code)[0] == '\0' || len < RADIUS_HEAD || len > RADIUS_BYTES_MAX ||
        len - RADIUS_HEAD > in.left)
        return false;
    in = slice_sub(&in, len - RADIUS_HEAD);
    while (in.left > 0) {
        unsigned type = slice_u8(&in), size = slice_u8(&in);
        struct slice value = slice_sub(&in, size >= 2 ? size - 2 : SIZE_MAX);
        struct str s = str_n(value.at, value.left);

        if (in.bad)
            return false;
        switch (type) {
        case 1:
            m->user = words_cut(s, RADIUS_USER_MAX);
            break;
        case 4:
            m->nas_addr.family = slice_copy(&value, m->nas_addr.bytes, 4) ? 4 : 0;
            break;
        case 30:
            m->called = s;
            break;
        case 31:
            m->calling = s;
            break;
        case 32:
            m->nas = s;
            break;
        default:
            break;
        }
    }
    return true;
}

static void
remember(struct radius *r, const struct protocol_call *call, const struct radius_message *m)
{
    struct asked *a = &r->asked[r->next];

    for (size_t i = 0; i < RADIUS_WAITING; i++)
        if (r->asked[i].used && r->asked[i].id == m->id && r->asked[i].client == call->dir)
            a = &r->asked[i]; /* asked again */
    if (a == &r->asked[r->next])
        r->next = (uint8_t)((r->next + 1) % RADIUS_WAITING);
    a->used = true;
    a->id = m->id;
    a->client = (uint8_t)call->dir;
    a->user_len = (uint8_t)m->user.len;
    memcpy(a->user, m->user.at, m->user.len);
}

static void
decide(struct radius *r, const struct protocol_call *call, const struct radius_message *m)
{
    for (size_t i = 0; i < RADIUS_WAITING; i++) {
        struct asked *a = &r->asked[i];

        if (a->used && a->id == m->id && a->client != call->dir) {
            struct login_view view = {
                .service = "radius",
                .user = str_n(a->user, a->user_len),
                .result = m->code == ACCESS_ACCEPT ? LOGIN_SUCCEEDED : LOGIN_FAILED,
            };

            login_tell(&view, call, a->client);
            a->used = false;
        }
    }
}

static void
tell(struct radius *radius, const struct protocol_call *call, const struct radius_message *m)
{
    struct record r = {.type = "radius"};
    char nas[NET_ADDR_TEXT_MAX];
    bool request = m->code == 1 || m->code == 4 || m->code == 12 || m->code == 40 || m->code == 43;

    record_text_put(&r, "code", str_of(code_name(m->code)));
    record_text_opt(&r, "user", m->user);
    if (m->nas.len > 0)
        record_text_put(&r, "nas", m->nas);
    else if (m->nas_addr.family == 4)
        record_text_put(&r, "nas", str_of(net_addr_format(&m->nas_addr, nas)));
    record_text_opt(&r, "calling", m->calling);
    record_text_opt(&r, "called", m->called);
    once_tell(&radius->once, &r, call, request ? call->dir : 1 - call->dir);
}

static bool
radius_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct str none = str_of("");
    struct radius_message m = {.user = none, .nas = none, .calling = none, .called = none};
    struct radius *r = call->flow->parser;

    if (!on_port(pkt) || !read_message(pkt->payload, &m))
        return false;
    if (r == NULL)
        r = call->flow->parser = net_parser_alloc(call->engine, sizeof(*r));
    if (r == NULL)
        return false;
    tell(r, call, &m);
    if (m.code == ACCESS_REQUEST)
        remember(r, call, &m);
    else if (m.code == ACCESS_ACCEPT || m.code == ACCESS_REJECT)
        decide(r, call, &m);
    return true;
}

static void
radius_close(void *self, const struct protocol_call *call)
{
    net_parser_free(call->engine, self, sizeof(struct radius));
}

const struct protocol PROTOCOL_RADIUS = {
    .name = "radius",
    .close = radius_close,
    .datagram = radius_datagram,
};
