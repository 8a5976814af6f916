/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/proto/dcerpc.h"
#include "agent/net/proto/ntlm.h"
#include "agent/net/proto/pull.h"
#include "agent/net/record.h"

enum {
    PDU_REQUEST = 0,
    PDU_RESPONSE = 2,
    PDU_FAULT = 3,
    PDU_BIND = 11,
    PDU_BIND_ACK = 12,
    PDU_BIND_NAK = 13,
    PDU_ALTER = 14,
    PDU_ALTER_ACK = 15,
    PDU_AUTH3 = 16,
    PDU_TYPE_MAX = 19,
};
enum { FLAG_FIRST = 1, REQUEST_BYTES = 24, FAULT_BYTES = 28, LITTLE_ENDIAN_DATA = 0x10 };
enum { OPERATION_BIND = 0xffff, CONTEXT_NONE = 0xff };
#define FAULT_ACCESS_DENIED UINT32_C(5)

struct context {
    uint16_t id;
    const struct dcerpc_interface *known; /* NULL: by its UUID */
    char uuid[DCERPC_UUID_TEXT];
};

struct operation {
    uint8_t context;
    uint16_t opnum;
    uint32_t calls, told, next; /* next: the count at which it is told again */
};

struct login {
    struct ntlm_text user, domain, workstation;
    bool waiting; /* for what the server makes of it */
};

struct dcerpc {
    struct str pipe;
    unsigned client; /* direction index */
    struct context contexts[DCERPC_CONTEXTS_MAX];
    uint8_t context_count;
    struct operation operations[DCERPC_OPERATIONS_MAX];
    uint8_t operation_count;
    struct login *login; /* NULL: no NTLM seen */
    uint32_t skip[2];
    bool lost[2]; /* after a hole: waits for a segment that begins with a fragment */
    struct pull in[2];
};

struct header {
    uint8_t type, flags;
    bool little;
    uint16_t len, auth_len;
};

static uint16_t
u16(struct slice *in, bool little)
{
    return little ? slice_le16(in) : slice_be16(in);
}

static uint32_t
u32(struct slice *in, bool little)
{
    return little ? slice_le32(in) : slice_be32(in);
}

/* C706, 12.6.3.1. */
static bool
read_header(struct slice *in, struct header *out)
{
    uint8_t major = slice_u8(in), minor = slice_u8(in), drep, other;

    out->type = slice_u8(in);
    out->flags = slice_u8(in);
    drep = slice_u8(in);
    other = slice_u8(in);
    if (slice_le16(in) != 0 || other > 3 || (drep & ~0x11) != 0)
        return false;
    out->little = (drep & LITTLE_ENDIAN_DATA) != 0;
    out->len = u16(in, out->little);
    out->auth_len = u16(in, out->little);
    slice_skip(in, 4); /* call */
    return !in->bad && major == 5 && minor <= 1 && out->type <= PDU_TYPE_MAX &&
           out->len >= DCERPC_HEADER_BYTES && out->auth_len < out->len;
}

enum probe
dcerpc_looks(struct slice in)
{
    static const uint8_t most[8] = {5, 1, PDU_TYPE_MAX, 0xff, 0x11, 3, 0, 0};
    static const uint8_t least[8] = {5};
    struct header h;
    struct slice at = in;

    for (size_t i = 0; i < sizeof(most) && at.left > 0; i++) {
        uint8_t c = slice_u8(&at);

        if (c < least[i] || c > most[i])
            return PROBE_NO;
    }
    if (in.left < DCERPC_HEADER_BYTES)
        return PROBE_MORE;
    return read_header(&in, &h) ? PROBE_YES : PROBE_NO;
}

/* ---- what is told ---- */

static void
put_login(const struct dcerpc *d, struct record *r)
{
    if (d->login == NULL)
        return;
    record_text_opt(r, "user", ntlm_str(&d->login->user));
    record_text_opt(r, "domain", ntlm_str(&d->login->domain));
    record_text_opt(r, "workstation", ntlm_str(&d->login->workstation));
}

static void
tell(const struct dcerpc *d, const struct protocol_call *call, struct operation *o)
{
    struct record r = {.type = "dcerpc"};
    const struct context *c = o->context < d->context_count ? &d->contexts[o->context] : NULL;
    const struct dcerpc_interface *known = c != NULL ? c->known : NULL;
    const char *name = NULL;
    char number[8];

    if (o->opnum == OPERATION_BIND)
        name = "bind";
    else if (known != NULL)
        name = dcerpc_operation_name(known, o->opnum);
    if (name == NULL) {
        snprintf(number, sizeof(number), "%u", o->opnum);
        name = number;
    }
    if (known != NULL)
        record_text_put(&r, "interface", str_of(dcerpc_interface_name(known)));
    else
        record_text_opt(&r, "interface", str_of(c != NULL ? c->uuid : ""));
    record_text_put(&r, "operation", str_of(name));
    if (o->opnum != OPERATION_BIND)
        record_number(&r, "opnum", o->opnum);
    record_number(&r, "calls", o->calls);
    record_text_opt(&r, "pipe", d->pipe);
    put_login(d, &r);
    record_tell(&r, call, d->client);
    o->told = o->calls;
}

static void
count(struct dcerpc *d, const struct protocol_call *call, uint8_t context, uint16_t opnum)
{
    struct operation *o = NULL;

    for (size_t i = 0; i < d->operation_count && o == NULL; i++)
        if (d->operations[i].context == context && d->operations[i].opnum == opnum)
            o = &d->operations[i];
    if (o == NULL) {
        if (d->operation_count == DCERPC_OPERATIONS_MAX) {
            net_engine_counters(call->engine)->parser_refused++;
            return;
        }
        o = &d->operations[d->operation_count++];
        *o = (struct operation){.context = context, .opnum = opnum, .next = 1};
    }
    if (o->calls < UINT32_MAX)
        o->calls++;
    if (o->calls != o->next)
        return;
    tell(d, call, o);
    o->next = o->next < UINT32_MAX / 10 ? o->next * 10 : UINT32_MAX;
}

/* ---- log-ins ---- */

static void
on_auth(struct dcerpc *d, const struct protocol_call *call, struct slice pdu)
{
    struct ntlm ntlm;

    if (!ntlm_read(pdu, &ntlm) || ntlm.type != NTLM_AUTHENTICATE || ntlm.anonymous)
        return;
    if (d->login == NULL)
        d->login = net_parser_alloc(call->engine, sizeof(*d->login));
    if (d->login == NULL)
        return;
    *d->login = (struct login){ntlm.user, ntlm.domain, ntlm.workstation, true};
}

static void
login_ends(struct dcerpc *d, const struct protocol_call *call, enum login_result result)
{
    struct login_view view = {.service = "dcerpc", .result = result};

    if (d->login == NULL || !d->login->waiting)
        return;
    d->login->waiting = false;
    view.user = ntlm_str(&d->login->user);
    login_tell(&view, call, d->client);
}

/* ---- fragments ---- */

static void
read_uuid(struct slice *in, bool little, char out[DCERPC_UUID_TEXT])
{
    uint32_t a = u32(in, little);
    uint16_t b = u16(in, little), c = u16(in, little);
    uint8_t rest[8] = {0};

    (void)slice_copy(in, rest, sizeof(rest));
    snprintf(out, DCERPC_UUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", (unsigned)a,
             b, c, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
}

/* C706, 12.6.4.3: the contexts that a client offers: an interface each. */
static void
on_bind(struct dcerpc *d, const struct protocol_call *call, const struct header *h,
        struct slice body)
{
    uint8_t contexts;

    slice_skip(&body, 8);
    contexts = slice_u8(&body);
    slice_skip(&body, 3);
    for (unsigned i = 0; i < contexts && !body.bad; i++) {
        struct context c = {.id = u16(&body, h->little)};
        uint8_t transfers = slice_u8(&body);
        unsigned place;

        slice_skip(&body, 1);
        read_uuid(&body, h->little, c.uuid);
        slice_skip(&body, 4 + (size_t)transfers * 20);
        if (body.bad)
            return;
        c.known = dcerpc_interface_find(c.uuid);
        for (place = 0; place < d->context_count && d->contexts[place].id != c.id; place++)
            ;
        if (place == DCERPC_CONTEXTS_MAX) {
            net_engine_counters(call->engine)->parser_refused++;
            continue;
        }
        if (place == d->context_count)
            d->context_count++;
        d->contexts[place] = c;
        /* the same interface is offered in several encodings: told once */
        for (unsigned k = 0; k < place; k++)
            if (strcmp(d->contexts[k].uuid, c.uuid) == 0)
                place = k;
        count(d, call, (uint8_t)place, OPERATION_BIND);
    }
}

static void
on_request(struct dcerpc *d, const struct protocol_call *call, const struct header *h,
           struct slice body)
{
    uint16_t id, opnum;
    uint8_t context = CONTEXT_NONE;

    slice_skip(&body, 4);
    id = u16(&body, h->little);
    opnum = u16(&body, h->little);
    if (body.bad || (h->flags & FLAG_FIRST) == 0)
        return;
    for (uint8_t i = 0; i < d->context_count && context == CONTEXT_NONE; i++)
        if (d->contexts[i].id == id)
            context = i;
    for (uint8_t k = 0; k < context && context != CONTEXT_NONE; k++)
        if (strcmp(d->contexts[k].uuid, d->contexts[context].uuid) == 0)
            context = k;
    count(d, call, context, opnum);
}

static void
on_fault(struct dcerpc *d, const struct protocol_call *call, const struct header *h,
         struct slice body)
{
    slice_skip(&body, 8);
    login_ends(d, call,
               u32(&body, h->little) == FAULT_ACCESS_DENIED && !body.bad ? LOGIN_FAILED
                                                                         : LOGIN_UNKNOWN);
}

static void
on_pdu(struct dcerpc *d, const struct protocol_call *call, const struct header *h, struct slice pdu)
{
    struct slice body = pdu;

    slice_skip(&body, DCERPC_HEADER_BYTES);
    switch (h->type) {
    case PDU_BIND:
    case PDU_ALTER:
        d->client = call->dir;
        on_bind(d, call, h, body);
        on_auth(d, call, pdu);
        break;
    case PDU_AUTH3:
        on_auth(d, call, pdu);
        break;
    case PDU_REQUEST:
        d->client = call->dir;
        on_request(d, call, h, body);
        break;
    case PDU_RESPONSE:
    case PDU_ALTER_ACK:
        login_ends(d, call, LOGIN_SUCCEEDED);
        break;
    case PDU_FAULT:
        on_fault(d, call, h, body);
        break;
    case PDU_BIND_NAK:
        login_ends(d, call, LOGIN_FAILED);
        break;
    default:
        break;
    }
}

/* How much of a fragment is read; the rest is passed over. */
static size_t
wanted(const struct header *h)
{
    size_t most = DCERPC_HEADER_BYTES;

    if (h->type == PDU_REQUEST)
        most = REQUEST_BYTES;
    else if (h->type == PDU_FAULT)
        most = FAULT_BYTES;
    else if (h->type == PDU_BIND || h->type == PDU_ALTER || h->type == PDU_AUTH3)
        most = DCERPC_HEAD_MAX;
    return h->len < most ? h->len : most;
}

enum vg_err
dcerpc_bytes(struct dcerpc *d, const struct protocol_call *call, struct slice bytes)
{
    struct pull *in = &d->in[call->dir];
    uint32_t *skip = &d->skip[call->dir];

    if (d->lost[call->dir] && dcerpc_looks(bytes) != PROBE_YES)
        return VG_OK;
    d->lost[call->dir] = false;
    for (;;) {
        uint32_t n = *skip < bytes.left ? *skip : (uint32_t)bytes.left;
        struct slice head, part;
        struct header h;
        enum vg_err err;
        size_t want;

        slice_skip(&bytes, n);
        *skip -= n;
        if (*skip > 0 || (bytes.left == 0 && in->kept.len == 0))
            return VG_OK;
        err = pull_peek(in, call, &bytes, DCERPC_HEADER_BYTES, &head);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        if (!read_header(&head, &h))
            return VG_ERR_FORMAT;
        want = wanted(&h);
        err = pull_peek(in, call, &bytes, want, &part);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        on_pdu(d, call, &h, part);
        pull_done(in, call, &bytes, want);
        *skip = (uint32_t)(h.len - want);
    }
}

void
dcerpc_gap(struct dcerpc *d, const struct protocol_call *call, uint64_t bytes)
{
    uint32_t *skip = &d->skip[call->dir];

    if (pull_forget(&d->in[call->dir], call) > 0 || bytes > *skip) {
        d->lost[call->dir] = true;
        *skip = 0;
    } else {
        *skip -= (uint32_t)bytes;
    }
}

struct dcerpc *
dcerpc_new(const struct protocol_call *call, struct str pipe, unsigned client)
{
    struct dcerpc *d = net_parser_alloc(call->engine, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->pipe = pipe;
    d->client = client;
    pull_init(&d->in[0], DCERPC_HEAD_MAX);
    pull_init(&d->in[1], DCERPC_HEAD_MAX);
    return d;
}

void
dcerpc_free(struct dcerpc *d, const struct protocol_call *call)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->operation_count; i++)
        if (d->operations[i].calls > d->operations[i].told &&
            d->operations[i].opnum != OPERATION_BIND)
            tell(d, call, &d->operations[i]);
    login_ends(d, call, LOGIN_UNKNOWN);
    pull_free(&d->in[0], call->engine);
    pull_free(&d->in[1], call->engine);
    net_parser_free(call->engine, d->login, sizeof(*d->login));
    net_parser_free(call->engine, d, sizeof(*d));
}
