/* SPDX-License-Identifier: Apache-2.0 */
/* tls: what crosses in the clear of a TLS connection: SSL 3.0 and TLS 1.0 to 1.3, and hellos in the
 * form of SSL 2.0. One observation for each connection, when the handshake is over, failed, or
 * nothing more can be learned; afterwards the flow costs counting only.
 *
 * Record "tls-heartbeat", one for each heartbeat that asks (RFC 6520), up to BEATS_MAX: by_client,
 * asked (bytes of its record), claimed (bytes of payload that it says it has; left out where it is
 * sealed), answered (bytes of the first record of the answer, 0 without one), sealed. Servers that
 * take heartbeats are followed for HEART_RECORDS_MAX records more.
 *
 * Record "tls-renegotiation", one for each RENEGOTIATIONS_TOLD handshakes within an established
 * connection (up to TLS 1.2; RFC 5246, 7.4.1.1: each shows by the client's ChangeCipherSpec): count.
 * Looked for in QUIET_RECORDS_MAX records after the first handshake, and on while there are any. */
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/tls_facts.h"
#include "agent/net/proto/tls_names.h"
#include "agent/net/proto/tls_record.h"
#include "agent/net/record.h"

enum {
    V2_CLIENT_HELLO = 1,
    V2_SERVER_HELLO = 4,
    ALERT_FATAL = 2,
    ALERT_CLOSE = 0,
    BEAT_ASKS = 1,
    BEATS_MAX = 4,
    HEART_RECORDS_MAX = 256,
    QUIET_RECORDS_MAX = 16,
    RENEGOTIATIONS_TOLD = 10,
    RENEGOTIATIONS_MAX = 1000,
    RENEGOTIATION_RECORDS = 32, /* of both sides together, from one to the next */
    /* TLS 1.3: an encrypted alert is 2 bytes, a type and 16 bytes of seal; a Finished is longer. */
    SEALED_ALERT_MAX = 2 + 1 + 16,
};

struct tls_talk {
    struct tls_side side[2];
    struct tls_facts facts;
    bool cipher_changed[2]; /* up to TLS 1.2: what follows is encrypted */
    bool lost[2];           /* a hole that we could not see past */
};

struct tls_beat {
    bool open, sealed;
    uint8_t dir;
    uint16_t asked, claimed;
};

struct tls {
    uint8_t client; /* direction index */
    bool told;      /* what the handshake said; only heartbeats and renegotiations are looked for */
    uint8_t beats;
    uint16_t records; /* that may still come */
    uint16_t renegotiations;
    struct tls_beat beat;
    struct tls_talk *talk; /* NULL: nothing more is to be learned */
};

static void
tell_beat(struct tls *tls, const struct protocol_call *call, uint16_t answered)
{
    struct record r = {.type = "tls-heartbeat"};
    const struct tls_beat *b = &tls->beat;

    if (!b->open)
        return;
    record_bool(&r, "by_client", b->dir == tls->client);
    record_number(&r, "asked", b->asked);
    if (!b->sealed)
        record_number(&r, "claimed", b->claimed);
    record_number(&r, "answered", answered);
    record_bool(&r, "sealed", b->sealed);
    record_tell(&r, call, tls->client);
    tls->beat.open = false;
    tls->beats++;
}

/* A heartbeat of `dir`, of which only the length of its record is known yet. */
static void
on_beat(struct tls *tls, const struct protocol_call *call, uint16_t len)
{
    if (tls->beat.open && tls->beat.dir != call->dir) {
        tell_beat(tls, call, len);
        return;
    }
    tell_beat(tls, call, 0);
    if (tls->beats < BEATS_MAX)
        tls->beat = (struct tls_beat){.open = true,
                                      .sealed = tls->talk->side[call->dir].sealed,
                                      .dir = (uint8_t)call->dir,
                                      .asked = len};
}

/* Whether more is to be learned after the handshake: for so many records. */
static uint16_t
records_to_follow(const struct tls_talk *t)
{
    if (t->facts.established && t->facts.heartbeats)
        return HEART_RECORDS_MAX;
    return t->cipher_changed[0] && t->cipher_changed[1] ? QUIET_RECORDS_MAX : 0;
}

static void
tell(struct tls *tls, const struct protocol_call *call)
{
    struct tls_talk *t = tls->talk;

    if (t == NULL)
        return;
    for (unsigned d = 0; d < 2; d++)
        t->facts.explicit_curve = t->facts.explicit_curve || t->side[d].explicit_curve;
    if (!tls->told && (t->facts.hello || t->facts.server_hello || t->facts.has_cert))
        tls_facts_tell(&t->facts, call, tls->client, str_of(""));
    if (!tls->told && (tls->records = records_to_follow(t)) > 0) {
        tls->told = true;
        return;
    }
    tell_beat(tls, call, 0);
    for (unsigned d = 0; d < 2; d++)
        tls_side_done(call->engine, &t->side[d]);
    tls_facts_done(call->engine, &t->facts);
    net_parser_free(call->engine, t, sizeof(*t));
    tls->talk = NULL;
}

static void
client_is(struct tls *tls, const struct protocol_call *call, unsigned dir)
{
    tls->client = (uint8_t)dir;
    if (call->flow->midstream)
        call->flow->client = (uint8_t)dir;
}

/* ---- messages ---- */

static enum vg_err
on_client_hello(struct tls *tls, const struct protocol_call *call, struct slice body, bool v2)
{
    struct tls_facts *f = &tls->talk->facts;
    struct tls_hello hello;
    enum vg_err err;

    if (f->hello) /* again, after a HelloRetryRequest: the first one is the fingerprint */
        return VG_OK;
    err = v2 ? tls_hello_read_v2(body, &hello) : tls_hello_read(body, &hello);
    if (err != VG_OK)
        return err == VG_ERR_SHORT ? VG_ERR_FORMAT : err;
    client_is(tls, call, call->dir);
    tls_facts_hello(f, call, &hello);
    return VG_OK;
}

static enum vg_err
on_server_hello(struct tls *tls, const struct protocol_call *call, struct slice body)
{
    struct tls_facts *f = &tls->talk->facts;
    struct tls_server_hello hello;
    enum vg_err err = tls_server_read(body, &hello);

    if (err != VG_OK)
        return err == VG_ERR_SHORT ? VG_ERR_FORMAT : err;
    if (!f->hello)
        client_is(tls, call, 1 - call->dir);
    if (f->server_hello)
        return VG_OK;
    tls_facts_server(f, call, &hello);
    if (!hello.retry && tls_version_hides_certificate(hello.version))
        tls->talk->side[call->dir].sealed = true;
    return VG_OK;
}

static void
on_certificate(struct tls *tls, const struct protocol_call *call, struct slice body)
{
    struct slice leaf;

    if (call->dir == tls->client) /* a client's own is its own business */
        return;
    slice_skip(&body, 3);
    leaf = slice_sub(&body, slice_be24(&body));
    if (!leaf.bad && leaf.left > 0)
        tls_facts_cert(&tls->talk->facts, call, leaf);
}

/* The answer in SSL 2.0 itself: RFC 6101, E.2. Behind it nothing is as we know it. */
static enum vg_err
on_v2(struct tls *tls, const struct protocol_call *call, uint8_t type, struct slice body)
{
    struct tls_facts *f = &tls->talk->facts;
    uint16_t len;

    if (type == V2_CLIENT_HELLO)
        return on_client_hello(tls, call, body, true);
    if (type != V2_SERVER_HELLO || !f->hello)
        return VG_ERR_FORMAT;
    slice_skip(&body, 2); /* whether it knows the session; the kind of certificate */
    f->server_version = slice_be16(&body);
    len = slice_be16(&body);
    slice_skip(&body, 4); /* lengths of suites and connection id */
    f->server_hello = !body.bad;
    body = slice_sub(&body, len);
    if (!body.bad && body.left > 0)
        tls_facts_cert(f, call, body);
    return VG_END;
}

static enum vg_err
on_message(struct tls *tls, const struct protocol_call *call, const struct tls_event *ev)
{
    switch (ev->type) {
    case TLS_CLIENT_HELLO:
        return on_client_hello(tls, call, ev->body, false);
    case TLS_SERVER_HELLO:
        return on_server_hello(tls, call, ev->body);
    case TLS_CERTIFICATE:
        on_certificate(tls, call, ev->body);
        return VG_OK;
    default:
        return VG_OK;
    }
}

/* ---- records ---- */

static enum vg_err
on_change_cipher(struct tls *tls, unsigned dir)
{
    enum {
        FULL = 1u << TLS_CERTIFICATE | 1u << TLS_SERVER_KEY_EXCHANGE | 1u << TLS_SERVER_HELLO_DONE
    };
    struct tls_talk *t = tls->talk;
    unsigned server = 1u - tls->client;

    /* In TLS 1.3 it is for show, also before the second hello; without a ServerHello, who knows. */
    if (!t->facts.server_hello || tls_version_hides_certificate(t->facts.server_version))
        return VG_OK;
    t->cipher_changed[dir] = true;
    t->side[dir].sealed = true;
    if (dir == server && (t->side[dir].seen & FULL) == 0 && !t->lost[dir])
        t->facts.resumed = true;
    if (!t->cipher_changed[0] || !t->cipher_changed[1])
        return VG_OK;
    t->facts.established = true;
    return VG_END;
}

/* Encrypted records. */
static enum vg_err
on_data(struct tls *tls, unsigned dir, uint16_t len)
{
    struct tls_facts *f = &tls->talk->facts;

    if (!f->hello && !f->server_hello)
        return VG_END; /* we came in midway */
    if (dir == tls->client && !f->server_hello && (f->early_data || f->retried))
        return VG_OK;
    if (tls_version_hides_certificate(f->server_version)) {
        if (dir != tls->client) /* the rest of its handshake: the client decides */
            return f->hello ? VG_OK : VG_END;
        f->established = f->server_hello && len > SEALED_ALERT_MAX;
        return VG_END;
    }
    f->established = true; /* nobody sends data before */
    return VG_END;
}

static void
on_renegotiation(struct tls *tls, const struct protocol_call *call)
{
    struct record r = {.type = "tls-renegotiation"};

    tls->renegotiations++;
    if (tls->records < RENEGOTIATION_RECORDS)
        tls->records = RENEGOTIATION_RECORDS;
    if (tls->renegotiations % RENEGOTIATIONS_TOLD != 0)
        return;
    record_number(&r, "count", tls->renegotiations);
    record_tell(&r, call, tls->client);
}

/* After the handshake. */
static enum vg_err
on_late_event(struct tls *tls, const struct protocol_call *call, const struct tls_event *ev)
{
    if (ev->kind != TLS_EVENT_RECORD)
        return VG_OK;
    if (ev->type == TLS_HEARTBEAT && tls->talk->facts.heartbeats)
        on_beat(tls, call, ev->len);
    if (ev->type == TLS_CHANGE_CIPHER && call->dir == tls->client)
        on_renegotiation(tls, call);
    return tls->records-- <= 1 || tls->beats >= BEATS_MAX ||
                   tls->renegotiations >= RENEGOTIATIONS_MAX
               ? VG_END
               : VG_OK;
}

static enum vg_err
on_event(struct tls *tls, const struct protocol_call *call, const struct tls_event *ev)
{
    if (tls->told)
        return on_late_event(tls, call, ev);
    switch (ev->kind) {
    case TLS_EVENT_HEARTBEAT:
        if (ev->type == BEAT_ASKS && tls->beat.open && tls->beat.dir == call->dir)
            tls->beat.claimed = ev->len;
        return VG_OK;
    case TLS_EVENT_V2:
        return on_v2(tls, call, ev->type, ev->body);
    case TLS_EVENT_MESSAGE:
        return on_message(tls, call, ev);
    case TLS_EVENT_ALERT:
        if (ev->len != ALERT_CLOSE)
            tls->talk->facts.alert = (uint8_t)ev->len;
        return ev->type == ALERT_FATAL || ev->len == ALERT_CLOSE ? VG_END : VG_OK;
    case TLS_EVENT_RECORD:
        if (ev->type == TLS_CHANGE_CIPHER)
            return on_change_cipher(tls, call->dir);
        if (ev->type == TLS_HEARTBEAT)
            on_beat(tls, call, ev->len);
        return ev->type == TLS_DATA ? on_data(tls, call->dir, ev->len) : VG_OK;
    }
    return VG_OK;
}

/* ---- the protocol ---- */

static enum vg_err
tls_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct tls *tls = self;
    enum vg_err err = tls->talk != NULL ? VG_OK : VG_END;

    if (err == VG_OK && tls->talk->lost[call->dir])
        return VG_OK;
    while (err == VG_OK) {
        struct tls_event ev;

        err = tls_side_next(call->engine, &tls->talk->side[call->dir], &bytes, &ev);
        if (err == VG_OK)
            err = on_event(tls, call, &ev);
        if (err == VG_END && !tls->told) {
            tell(tls, call);
            err = tls->told ? VG_OK : VG_END;
        }
    }
    if (err == VG_AGAIN)
        return VG_OK;
    tell(tls, call);
    return err;
}

static enum vg_err
tls_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct tls *tls = self;
    struct tls_talk *t = tls->talk;

    if (t == NULL)
        return VG_END;
    if (t->lost[call->dir] || tls_side_gap(&t->side[call->dir], bytes))
        return VG_OK;
    t->lost[call->dir] = true;
    if (!t->lost[1 - call->dir] && !(call->dir != tls->client && t->facts.hello))
        return VG_OK; /* the other side has something to say yet */
    tell(tls, call);
    return VG_END;
}

static void
tls_end(void *self, const struct protocol_call *call)
{
    struct tls *tls = self;

    if (call->dir != tls->client) /* the server has said all it will say */
        tell(tls, call);
}

/* RFC 5246, E.2: length with the highest bit, type, version, three lengths that make it up. */
static enum probe
probe_v2(struct slice head)
{
    uint16_t len = slice_be16(&head), version, ciphers, session, challenge;
    uint8_t type = slice_u8(&head);

    version = slice_be16(&head);
    if (head.bad)
        return len >> 8 >= 0x80 ? PROBE_MORE : PROBE_NO;
    if (type != V2_CLIENT_HELLO || (version != 0x0002 && (version < 0x0300 || version > 0x0303)))
        return PROBE_NO;
    ciphers = slice_be16(&head);
    session = slice_be16(&head);
    challenge = slice_be16(&head);
    if (head.bad)
        return PROBE_MORE;
    if (ciphers == 0 || ciphers % 3 != 0 || (session != 0 && session != 16) || challenge < 16 ||
        challenge > 32 || (len & 0x7fff) != 9u + ciphers + session + challenge)
        return PROBE_NO;
    return PROBE_YES;
}

static enum probe
tls_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice all = head;
    uint8_t type = slice_u8(&head), major = slice_u8(&head), minor = slice_u8(&head), message;
    uint16_t len = slice_be16(&head);

    (void)sport;
    (void)dport;
    if (type >= 0x80)
        return probe_v2(all);
    if (type < TLS_CHANGE_CIPHER || type > TLS_DATA)
        return PROBE_NO;
    message = slice_u8(&head);
    if (head.bad)
        return PROBE_MORE;
    if (major != 3 || minor > 4 || len == 0 || len > TLS_RECORD_MAX)
        return PROBE_NO;
    if (type == TLS_HANDSHAKE)
        return message == TLS_CLIENT_HELLO || message == TLS_SERVER_HELLO ? PROBE_YES : PROBE_NO;
    return type == TLS_DATA && minor >= 1 ? PROBE_YES : PROBE_NO;
}

static void *
tls_open(const struct protocol_call *call)
{
    struct tls *tls = net_parser_alloc(call->engine, sizeof(*tls));

    if (tls == NULL)
        return NULL;
    tls->client = call->flow->client;
    tls->talk = net_parser_alloc(call->engine, sizeof(*tls->talk));
    if (tls->talk == NULL) {
        net_parser_free(call->engine, tls, sizeof(*tls));
        return NULL;
    }
    tls_side_init(&tls->talk->side[0], true);
    tls_side_init(&tls->talk->side[1], true);
    tls_facts_init(&tls->talk->facts, TLS_OVER_TCP);
    return tls;
}

static void
tls_close(void *self, const struct protocol_call *call)
{
    struct tls *tls = self;

    tell(tls, call);
    net_parser_free(call->engine, tls, sizeof(*tls));
}

const struct protocol PROTOCOL_TLS = {
    .name = "tls",
    .probe = tls_probe,
    .open = tls_open,
    .bytes = tls_bytes,
    .gap = tls_gap,
    .end = tls_end,
    .close = tls_close,
};
