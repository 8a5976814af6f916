/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos: who asks a key distribution centre for which ticket, and how that ended (RFC 4120),
 * over UDP and TCP.
 *
 * Record "kerberos", one for each request: request ("AS", "TGS"), client, realm, service, success,
 * error (name or number) and error_code where it failed, etype (of the ticket) and reply_etype,
 * weak (the ticket is enciphered with RC4 or DES), offered (etypes of the request), preauth (an AS
 * request proved the password). `success` is absent where no answer was seen.
 * AS exchanges that prove or refuse a user are log-ins, service "kerberos". */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/proto/kerberos_message.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/pull.h"
#include "agent/net/record.h"

enum { PORT_KERBEROS = 88, KERBEROS_STREAM_MAX = 64 * 1024, TEXT_MAX = 112 };

struct text {
    uint8_t len;
    char at[TEXT_MAX];
};

/* The request that waits for its answer; a client asks one thing at a time. */
struct kerberos {
    bool waiting, preauth;
    uint8_t request; /* enum kerberos_type */
    unsigned client; /* direction index */
    struct text user, realm, service;
    int16_t etypes[KERBEROS_ETYPES_MAX]; /* all that are defined fit */
    uint8_t etype_count;
    uint32_t skip[2]; /* TCP: bytes of a message that is too long for us */
    struct pull in[2];
};

static void
keep(struct text *t, struct str s)
{
    t->len = (uint8_t)(s.len < TEXT_MAX ? s.len : TEXT_MAX);
    memcpy(t->at, s.at, t->len);
}

static struct str
kept(const struct text *t)
{
    return str_n(t->at, t->len);
}

static struct str
etype_text(int32_t etype, char number[12])
{
    const char *name = kerberos_etype_name(etype);

    if (name[0] != '\0')
        return str_of(name);
    snprintf(number, 12, "%d", (int)etype);
    return str_of(number);
}

static bool
etype_is_weak(int32_t etype)
{
    return (etype >= 1 && etype <= 3) || etype == 23 || etype == 24 || etype < 0;
}

static void
login(struct kerberos *k, const struct protocol_call *call, enum login_result result)
{
    struct login_view view = {.service = "kerberos", .user = kept(&k->user), .result = result};

    login_tell(&view, call, k->client);
}

/* Tells the request that waits, with its answer `m`, or without one (NULL). */
static void
tell(struct kerberos *k, const struct protocol_call *call, const struct kerberos_message *m)
{
    struct record r = {.type = "kerberos"};
    struct str offered[KERBEROS_ETYPES_MAX];
    char numbers[KERBEROS_ETYPES_MAX][12], error[12], etype[2][12];

    record_text_put(&r, "request", str_of(k->request == KERBEROS_AS_REQ ? "AS" : "TGS"));
    record_text_opt(&r, "client", kept(&k->user));
    record_text_opt(&r, "realm", kept(&k->realm));
    record_text_opt(&r, "service", kept(&k->service));
    if (m != NULL)
        record_bool(&r, "success", m->type != KERBEROS_ERROR);
    if (m != NULL && m->type == KERBEROS_ERROR) {
        const char *name = kerberos_error_name(m->error);

        snprintf(error, sizeof(error), "%d", (int)m->error);
        record_text_put(&r, "error", str_of(name[0] != '\0' ? name : error));
        record_number(&r, "error_code", m->error);
    } else if (m != NULL) {
        record_text_put(&r, "etype", etype_text(m->ticket_etype, etype[0]));
        record_text_put(&r, "reply_etype", etype_text(m->reply_etype, etype[1]));
        record_bool(&r, "weak", etype_is_weak(m->ticket_etype));
    }
    for (size_t i = 0; i < k->etype_count; i++)
        offered[i] = etype_text(k->etypes[i], numbers[i]);
    if (k->etype_count > 0)
        record_list(&r, "offered", offered, k->etype_count);
    if (k->request == KERBEROS_AS_REQ)
        record_bool(&r, "preauth", k->preauth);
    record_tell(&r, call, k->client);
    k->waiting = false;
}

static void
on_request(struct kerberos *k, const struct protocol_call *call, const struct kerberos_message *m)
{
    char name[KERBEROS_NAME_MAX];
    struct text user, service;

    keep(&user, kerberos_name_text(&m->client, name));
    keep(&service, kerberos_name_text(&m->service, name));
    if (k->waiting) {
        if (k->request == m->type && k->preauth == m->preauth &&
            str_eq(kept(&user), kept(&k->user)) && str_eq(kept(&service), kept(&k->service)))
            return; /* asked again */
        tell(k, call, NULL);
    }
    k->waiting = true;
    k->request = (uint8_t)m->type;
    k->client = call->dir;
    k->preauth = m->preauth;
    k->user = user;
    k->service = service;
    keep(&k->realm, m->realm);
    k->etype_count = 0;
    for (size_t i = 0; i < m->etype_count; i++)
        k->etypes[k->etype_count++] =
            (int16_t)(m->etypes[i] >= INT16_MIN && m->etypes[i] <= INT16_MAX ? m->etypes[i] : 0);
}

/* Answers name the client as well: what came without a request is told from them. */
static void
on_answer(struct kerberos *k, const struct protocol_call *call, const struct kerberos_message *m)
{
    char name[KERBEROS_NAME_MAX];
    struct str client = kerberos_name_text(&m->client, name);
    bool asked = k->waiting && k->client != call->dir;

    if (!asked) {
        if (m->type == KERBEROS_ERROR && m->service.count == 0)
            return;
        memset(&k->user, 0, sizeof(k->user));
        k->etype_count = 0;
        k->preauth = m->type == KERBEROS_AS_REP;
        k->request = m->type == KERBEROS_TGS_REP ? KERBEROS_TGS_REQ : KERBEROS_AS_REQ;
        k->client = 1 - call->dir;
        keep(&k->realm, m->realm);
    }
    if (client.len > 0)
        keep(&k->user, client);
    if (!asked || k->service.len == 0)
        keep(&k->service, kerberos_name_text(&m->service, name));
    if (k->realm.len == 0)
        keep(&k->realm, m->realm);
    tell(k, call, m);
    if (k->request != KERBEROS_AS_REQ)
        return;
    if (m->type == KERBEROS_AS_REP)
        login(k, call, LOGIN_SUCCEEDED);
    else if (m->error == 24 || m->error == 6 || m->error == 18 || m->error == 23)
        login(k, call, LOGIN_FAILED); /* wrong password, no such user, locked out, expired */
}

static enum vg_err
on_message(struct kerberos *k, const struct protocol_call *call, struct slice in)
{
    struct kerberos_message m;
    enum vg_err err = kerberos_message_read(in, &m);

    if (err != VG_OK)
        return err;
    switch (m.type) {
    case KERBEROS_AS_REQ:
    case KERBEROS_TGS_REQ:
        on_request(k, call, &m);
        break;
    case KERBEROS_AS_REP:
    case KERBEROS_TGS_REP:
    case KERBEROS_ERROR:
        on_answer(k, call, &m);
        break;
    case KERBEROS_AP_REQ:
    case KERBEROS_AP_REP:
        break;
    }
    return VG_OK;
}

static void *
kerberos_open(const struct protocol_call *call)
{
    struct kerberos *k = net_parser_alloc(call->engine, sizeof(*k));

    if (k == NULL)
        return NULL;
    pull_init(&k->in[0], KERBEROS_STREAM_MAX);
    pull_init(&k->in[1], KERBEROS_STREAM_MAX);
    return k;
}

static void
kerberos_close(void *self, const struct protocol_call *call)
{
    struct kerberos *k = self;

    if (k->waiting)
        tell(k, call, NULL);
    pull_free(&k->in[0], call->engine);
    pull_free(&k->in[1], call->engine);
    net_parser_free(call->engine, k, sizeof(*k));
}

/* ---- UDP ---- */

static bool
kerberos_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    if (call->flow->parser == NULL) {
        if (!kerberos_message_looks(pkt->payload) ||
            (call->flow->parser = kerberos_open(call)) == NULL)
            return false;
    }
    return on_message(call->flow->parser, call, pkt->payload) == VG_OK;
}

/* ---- TCP: RFC 4120, 7.2.2: four octets of length before each message ---- */

static enum probe
kerberos_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    uint32_t len = slice_be32(&head);
    struct slice tag = head;
    uint8_t first = slice_u8(&tag);

    if (!head.bad && (len < 16 || len > 0xffffff))
        return PROBE_NO;
    if (tag.bad)
        return sport == PORT_KERBEROS || dport == PORT_KERBEROS ? PROBE_MORE : PROBE_NO;
    if (first < 0x6a || first > 0x7e)
        return PROBE_NO;
    if (kerberos_message_looks(head))
        return PROBE_YES;
    return head.left < 24 && (first <= 0x6f || first == 0x7e) ? PROBE_MORE : PROBE_NO;
}

static enum vg_err
kerberos_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct kerberos *k = self;
    struct pull *in = &k->in[call->dir];
    uint32_t *skip = &k->skip[call->dir];

    for (;;) {
        struct slice head, whole;
        enum vg_err err;
        uint32_t len;

        if (*skip > 0) {
            uint32_t n = *skip < bytes.left ? *skip : (uint32_t)bytes.left;

            slice_skip(&bytes, n);
            *skip -= n;
        }
        err = pull_peek(in, call, &bytes, 4, &head);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        len = slice_be32(&head);
        if (len == 0 || len > 0xffffff) /* the top bit is for extensions that nobody made */
            return VG_ERR_FORMAT;
        if (len > KERBEROS_STREAM_MAX - 4) {
            pull_done(in, call, &bytes, 4);
            *skip = len;
            continue;
        }
        err = pull_peek(in, call, &bytes, 4 + len, &whole);
        if (err != VG_OK)
            return err == VG_AGAIN ? VG_OK : err;
        slice_skip(&whole, 4);
        err = on_message(k, call, whole);
        pull_done(in, call, &bytes, 4 + len);
        if (err != VG_OK)
            return VG_ERR_FORMAT;
    }
}

static enum vg_err
kerberos_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END; /* one question a connection is the rule: nothing to resume for */
}

const struct protocol PROTOCOL_KERBEROS = {
    .name = "kerberos",
    .probe = kerberos_probe,
    .open = kerberos_open,
    .bytes = kerberos_bytes,
    .gap = kerberos_gap,
    .close = kerberos_close,
    .datagram = kerberos_datagram,
};
