/* SPDX-License-Identifier: Apache-2.0 */
/* quic: the client's hello of a QUIC connection (RFC 9000, 9001, 9369 and drafts): its Initial
 * packets opened, their CRYPTO frames put in order over packets and datagrams. One observation for
 * each connection, as soon as the hello is whole; afterwards the flow costs counting only.
 *
 * Keys follow from the connection id that the client chose first. After a Retry it is another one,
 * while ids change later without a change of keys: so the keys that worked last are tried first,
 * then those of the packet's own id. */
#include "agent/net/pieces.h"
#include "agent/net/proto/gquic_hello.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/quic_packet.h"
#include "agent/net/proto/tls_facts.h"

enum {
    ATTEMPTS_MAX = 12,   /* decryptions for one flow */
    DATAGRAMS_MAX = 64,  /* after as many without a hello there will be none */
    PACKETS_MAX = 8,     /* looked at in one datagram */
    UNKNOWN_SIZE = 1200, /* a client fills its first datagram at least so far (RFC 9000, 14.1) */
    UNKNOWN_CID_MIN = 8, /* and its id is as long (7.2) */
    MESSAGE_CLIENT_HELLO = 1,
};

struct quic {
    uint8_t client; /* direction index, once `opened` */
    bool seen;      /* an Initial, at least its looks */
    bool opened;    /* one of its packets: `keys` are right */
    uint8_t attempts, datagrams;
    uint32_t version;
    struct quic_keys keys;
    struct pieces crypto;
};

static void
finish(struct quic *q, const struct protocol_call *call)
{
    pieces_done(call->engine, &q->crypto);
    net_parser_free(call->engine, q, sizeof(*q));
    call->flow->parser = NULL;
    call->flow->parser_done = true;
}

static void
tell(struct quic *q, const struct protocol_call *call, const struct tls_hello *hello,
     const struct gquic_hello *google)
{
    char version[QUIC_VERSION_TEXT_MAX];
    struct tls_facts facts;
    struct str name = str_of(quic_version_name(q->version, version));

    tls_facts_init(&facts, TLS_OVER_QUIC);
    if (hello != NULL)
        tls_facts_hello(&facts, call, hello);
    else if (google != NULL)
        tls_facts_name(&facts, call, google->sni);
    tls_facts_tell(&facts, call, q->client, name);
    tls_facts_done(call->engine, &facts);
}

/* Looks whether the hello is whole. VG_END: it is, and was told; or it never will be. */
static enum vg_err
read_hello(struct quic *q, const struct protocol_call *call)
{
    struct slice start = pieces_start(&q->crypto), head = start;
    uint8_t type = slice_u8(&head);
    uint32_t len = slice_be24(&head);
    struct gquic_hello google;
    struct tls_hello hello;
    enum vg_err err;

    if (head.bad)
        return VG_OK;
    if (quic_version_has_google_hello(q->version)) {
        err = gquic_hello_read(start, &google);
        if (err == VG_OK || (err == VG_ERR_SHORT && google.sni.len > 0))
            tell(q, call, NULL, &google);
        return VG_END;
    }
    if (type != MESSAGE_CLIENT_HELLO || len > PIECES_BYTES_MAX - 4)
        return VG_END;
    head = slice_sub(&head, len);
    if (head.bad)
        return VG_OK;
    if (tls_hello_read(head, &hello) != VG_OK)
        return VG_ERR_FORMAT;
    tell(q, call, &hello, NULL);
    return VG_END;
}

/* ---- opening ---- */

static void *
make_crypto(void)
{
    return quic_crypto_new();
}

static void
drop_crypto(void *c)
{
    quic_crypto_free(c);
}

static bool
try_keys(struct quic *q, const struct protocol_call *call, const struct quic_keys *keys,
         const struct quic_packet *p, struct buf *plain)
{
    struct quic_crypto *c = net_keep(call->engine, &PROTOCOL_QUIC, make_crypto, drop_crypto);

    if (c == NULL || q->attempts >= ATTEMPTS_MAX)
        return false;
    q->attempts++;
    buf_clear(plain);
    return quic_open(c, keys, p->bytes, p->number_at, plain) == VG_OK;
}

static bool
open_initial(struct quic *q, const struct protocol_call *call, const struct quic_packet *p,
             struct buf *plain)
{
    const struct quic_scheme *schemes[QUIC_SCHEMES_MAX];
    size_t count = quic_schemes(p->version, schemes);

    if (q->opened && p->version == q->version && try_keys(q, call, &q->keys, p, plain))
        return true;
    for (size_t i = 0; i < count; i++) {
        struct quic_keys keys;

        if (quic_keys_derive(schemes[i], p->dcid, &keys) != VG_OK ||
            !try_keys(q, call, &keys, p, plain))
            continue;
        pieces_clear(&q->crypto); /* a new beginning: after a Retry, in another version */
        q->keys = keys;
        q->version = p->version;
        q->opened = true;
        q->client = (uint8_t)call->dir;
        if (call->flow->midstream)
            call->flow->client = (uint8_t)call->dir;
        return true;
    }
    return false;
}

static enum vg_err
on_initial(struct quic *q, const struct protocol_call *call, const struct quic_packet *p)
{
    struct buf *plain = net_scratch(call->engine);
    enum vg_err err;

    if (!q->seen) {
        q->seen = true;
        q->version = p->version;
        q->client = (uint8_t)call->dir;
    }
    if (p->cut || (q->opened && call->dir != q->client))
        return VG_OK;
    if (!open_initial(q, call, p, plain))
        return q->attempts < ATTEMPTS_MAX ? VG_OK : VG_ERR_LIMIT;
    err = quic_frames_read(call->engine, buf_slice(plain),
                           quic_version_has_google_frames(p->version), &q->crypto);
    return err == VG_OK ? read_hello(q, call) : err;
}

static enum vg_err
on_datagram(struct quic *q, const struct protocol_call *call, struct slice in)
{
    enum vg_err err = ++q->datagrams < DATAGRAMS_MAX ? VG_OK : VG_ERR_LIMIT;

    for (unsigned i = 0; err == VG_OK && i < PACKETS_MAX && in.left > 0; i++) {
        struct quic_packet p;

        if (quic_packet_take(&in, &p) != VG_OK) /* a short header, or something else */
            break;
        if (p.type == QUIC_INITIAL)
            err = on_initial(q, call, &p);
    }
    return err;
}

/* ---- recognition ---- */

/* Whether a first datagram is QUIC: a version that we know says so, an unknown one only where all
 * else fits a client's first packet. */
static bool
looks_like_quic(struct slice in)
{
    struct slice peek = in;
    uint8_t first = slice_u8(&peek);
    uint32_t version = slice_be32(&peek);
    size_t size = in.left;
    struct quic_packet p;

    if ((first & 0xc0) != 0xc0 || version == 0 || peek.bad || quic_packet_take(&in, &p) != VG_OK)
        return false;
    if (quic_version_known(version))
        return true;
    return quic_version_forces_negotiation(version) && p.type == QUIC_INITIAL && !p.cut &&
           p.dcid.left >= UNKNOWN_CID_MIN && size >= UNKNOWN_SIZE;
}

static bool
quic_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct flow *flow = call->flow;
    struct quic *q = flow->parser;
    enum vg_err err;

    if (q == NULL) {
        if (!looks_like_quic(pkt->payload))
            return false;
        q = net_parser_alloc(call->engine, sizeof(*q));
        if (q == NULL) {
            flow->parser_done = true;
            return true;
        }
        pieces_init(&q->crypto);
        flow->app = PROTOCOL_QUIC.name;
        flow->parser = q;
    }
    err = on_datagram(q, call, pkt->payload);
    if (err == VG_OK)
        return true;
    if (err != VG_END) {
        if (err == VG_ERR_FORMAT)
            net_engine_counters(call->engine)->parser_errors++;
        tell(q, call, NULL, NULL);
    }
    finish(q, call);
    return true;
}

static void
quic_close(void *self, const struct protocol_call *call)
{
    struct quic *q = self;

    if (q->seen)
        tell(q, call, NULL, NULL);
    finish(q, call);
}

const struct protocol PROTOCOL_QUIC = {
    .name = "quic", .datagram = quic_datagram, .close = quic_close, .shares = true};
