/* SPDX-License-Identifier: Apache-2.0 */
/* dtls: the client's hello of DTLS 1.0, 1.2 and 1.3 (RFC 4347, 6347, 9147), over fragments and
 * datagrams. One observation for each connection, when the hello is whole. */
#include "agent/net/pieces.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/tls_facts.h"

enum {
    CONTENT_FIRST = 20,
    CONTENT_LAST = 26,
    CONTENT_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    HELLO_VERIFY = 3,
    RECORD_MAX = 16384 + 2048,
    RECORDS_MAX = 16,   /* looked at in one datagram */
    DATAGRAMS_MAX = 16, /* after as many without a hello there will be none */
};

struct dtls {
    uint8_t datagrams;
    uint16_t sequence; /* of the message that `body` belongs to */
    uint32_t len;      /* of its body */
    struct pieces body;
};

struct record {
    uint8_t type;
    uint16_t epoch;
    struct slice body;
};

/* Version 1.0, 1.2 or 1.3 (which says 1.2), a sequence that has just begun or any in later epochs. */
static bool
take_record(struct slice *in, struct record *out)
{
    uint16_t version, sequence_high;

    out->type = slice_u8(in);
    version = slice_be16(in);
    out->epoch = slice_be16(in);
    sequence_high = slice_be16(in);
    slice_skip(in, 4);
    out->body = slice_sub(in, slice_be16(in));
    return !out->body.bad && out->type >= CONTENT_FIRST && out->type <= CONTENT_LAST &&
           (version == 0xfeff || version == 0xfefd || version == 0xfefc) && sequence_high == 0 &&
           out->body.left > 0 && out->body.left <= RECORD_MAX;
}

static bool
looks_like_dtls(struct slice in)
{
    struct record r;

    do {
        if (!take_record(&in, &r))
            return false;
        if (r.type == CONTENT_HANDSHAKE && r.epoch == 0) {
            uint8_t type = slice_u8(&r.body);

            return type >= CLIENT_HELLO && type <= HELLO_VERIFY;
        }
    } while (in.left > 0);
    return true;
}

static enum vg_err
tell(const struct protocol_call *call, struct slice body)
{
    struct tls_facts facts;
    struct tls_hello hello;

    if (tls_hello_read_datagram(body, &hello) != VG_OK)
        return VG_ERR_FORMAT;
    if (call->flow->midstream)
        call->flow->client = (uint8_t)call->dir;
    tls_facts_init(&facts, TLS_OVER_UDP);
    tls_facts_hello(&facts, call, &hello);
    tls_facts_tell(&facts, call, call->dir, str_of(""));
    tls_facts_done(call->engine, &facts);
    return VG_END;
}

/* RFC 6347, 4.2.2: type, length, message sequence, offset and length of the fragment. */
static enum vg_err
on_fragment(struct dtls *d, const struct protocol_call *call, struct slice *in)
{
    uint8_t type = slice_u8(in);
    uint32_t len = slice_be24(in);
    uint16_t sequence = slice_be16(in);
    uint32_t offset = slice_be24(in);
    struct slice part = slice_sub(in, slice_be24(in)), start;
    enum vg_err err;

    if (part.bad || offset > len || part.left > len - offset)
        return VG_ERR_FORMAT;
    if (type != CLIENT_HELLO)
        return VG_OK;
    if (part.left == len)
        return tell(call, part);
    if (d->len != len || d->sequence != sequence) /* another try, with a cookie */
        pieces_clear(&d->body);
    d->len = len;
    d->sequence = sequence;
    err = pieces_put(call->engine, &d->body, offset, part);
    if (err != VG_OK)
        return err;
    start = pieces_start(&d->body);
    return start.left >= len ? tell(call, slice_sub(&start, len)) : VG_OK;
}

static enum vg_err
on_datagram(struct dtls *d, const struct protocol_call *call, struct slice in)
{
    enum vg_err err = ++d->datagrams < DATAGRAMS_MAX ? VG_OK : VG_ERR_LIMIT;

    for (unsigned i = 0; err == VG_OK && i < RECORDS_MAX && in.left > 0; i++) {
        struct record r;

        if (!take_record(&in, &r))
            return VG_OK; /* voice shares the ports: RFC 5764 */
        if (r.epoch != 0)
            return r.type == CONTENT_HANDSHAKE ? VG_OK : VG_END; /* sealed: too late for a hello */
        while (r.type == CONTENT_HANDSHAKE && err == VG_OK && r.body.left > 0)
            err = on_fragment(d, call, &r.body);
    }
    return err;
}

static void
finish(struct dtls *d, const struct protocol_call *call)
{
    pieces_done(call->engine, &d->body);
    net_parser_free(call->engine, d, sizeof(*d));
    call->flow->parser = NULL;
    call->flow->parser_done = true;
}

static bool
dtls_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct flow *flow = call->flow;
    struct dtls *d = flow->parser;
    enum vg_err err;

    if (d == NULL) {
        if (!looks_like_dtls(pkt->payload))
            return false;
        d = net_parser_alloc(call->engine, sizeof(*d));
        if (d == NULL) {
            flow->parser_done = true;
            return true;
        }
        pieces_init(&d->body);
        flow->app = PROTOCOL_DTLS.name;
        flow->parser = d;
    }
    err = on_datagram(d, call, pkt->payload);
    if (err == VG_ERR_FORMAT)
        net_engine_counters(call->engine)->parser_errors++;
    if (err != VG_OK)
        finish(d, call);
    return true;
}

static void
dtls_close(void *self, const struct protocol_call *call)
{
    finish(self, call);
}

const struct protocol PROTOCOL_DTLS = {
    .name = "dtls", .datagram = dtls_datagram, .close = dtls_close, .shares = true};
