/* SPDX-License-Identifier: Apache-2.0 */
/* tls: the ClientHellos of a connection, over records and segments (RFC 8446, 5.1). A second one
 * may follow a HelloRetryRequest; after the first encrypted record there is nothing to read. */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/tls_hello.h"

enum {
    RECORD_CHANGE_CIPHER = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    RECORD_MAX = 16384 + 2048,
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_SERVER_HELLO = 2,
    HELLO_MAX = 64 * 1024,
};

struct tls_side {
    struct buf record;  /* a record that is not whole yet */
    struct buf message; /* a handshake message that is not whole yet */
};

struct tls {
    struct tls_side side[2];
};

static void
tell(const struct protocol_call *call, const struct tls_hello *h)
{
    struct buf *scratch = net_scratch(call->engine);
    char ja3[TLS_JA3_SIZE], ja4[TLS_JA4_SIZE];
    struct flow_view flow;
    struct tls_view view = {
        .flow = &flow, .sni = h->sni, .alpn = str_of(h->alpn), .version = h->version};
    struct obs obs = {.kind = OBS_TLS, .time_ns = call->time_ns, .tls = &view};

    if (tls_hello_ja3(h, scratch, ja3) != VG_OK || tls_hello_ja4(h, 't', scratch, ja4) != VG_OK)
        return;
    view.ja3 = str_of(ja3);
    view.ja4 = str_of(ja4);
    if (call->flow->midstream)
        call->flow->client = (uint8_t)call->dir;
    net_flow_name_server(call->flow, h->sni);
    net_flow_hello(call, view.ja4, view.alpn, h->sni);
    net_flow_view(call, call->dir, &flow);
    net_emit(call->engine, &obs);
}

/* One whole handshake message, or as much of it as is there: *taken 0 then. */
static enum vg_err
on_message(const struct protocol_call *call, struct slice in, size_t *taken)
{
    size_t before = in.left;
    uint8_t type = slice_u8(&in);
    uint32_t len = slice_be24(&in);
    struct tls_hello hello;
    struct slice body;
    enum vg_err err;

    *taken = 0;
    if (type != MESSAGE_CLIENT_HELLO)
        return before == 0 ? VG_OK : VG_END;
    if (len > HELLO_MAX - 4)
        return VG_ERR_LIMIT;
    body = slice_sub(&in, len);
    if (in.bad)
        return VG_OK;
    err = tls_hello_read(body, &hello);
    if (err != VG_OK)
        return err == VG_ERR_SHORT ? VG_ERR_FORMAT : err;
    tell(call, &hello);
    *taken = 4 + len;
    return VG_OK;
}

static enum vg_err
on_handshake(struct tls_side *s, const struct protocol_call *call, struct slice bytes)
{
    enum vg_err err = VG_OK;
    size_t taken = 1;

    if (s->message.len > 0) {
        err = net_gather(call->engine, &s->message, bytes.at, bytes.left);
        bytes = buf_slice(&s->message);
    }
    while (err == VG_OK && taken > 0) {
        err = on_message(call, bytes, &taken);
        slice_skip(&bytes, taken);
    }
    if (err != VG_OK)
        return err;
    if (s->message.len > 0)
        buf_consume(&s->message, s->message.len - bytes.left);
    else if (bytes.left > 0)
        err = net_gather(call->engine, &s->message, bytes.at, bytes.left);
    return err;
}

static enum vg_err
on_record(struct tls *tls, const struct protocol_call *call, uint8_t type, struct slice body)
{
    struct slice peek = body;

    switch (type) {
    case RECORD_HANDSHAKE:
        if (tls->side[call->dir].message.len == 0 && slice_u8(&peek) == MESSAGE_SERVER_HELLO)
            return VG_OK; /* the client may have to say hello again */
        return on_handshake(&tls->side[call->dir], call, body);
    case RECORD_CHANGE_CIPHER:
        return VG_OK; /* TLS 1.3 sends one for show, before a second hello */
    default:
        return VG_END;
    }
}

static enum vg_err
read_records(struct tls *tls, const struct protocol_call *call, struct slice *in)
{
    for (;;) {
        struct slice at = *in, body;
        uint8_t type = slice_u8(&at), major = slice_u8(&at);
        uint16_t len;
        enum vg_err err;

        slice_skip(&at, 1);
        len = slice_be16(&at);
        if (at.bad)
            return VG_OK;
        if (major != 3 || type < RECORD_CHANGE_CIPHER || type > RECORD_DATA || len > RECORD_MAX)
            return VG_ERR_FORMAT;
        body = slice_sub(&at, len);
        if (at.bad)
            return VG_OK;
        err = on_record(tls, call, type, body);
        if (err != VG_OK)
            return err;
        *in = at;
    }
}

static enum vg_err
tls_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct tls *tls = self;
    struct buf *record = &tls->side[call->dir].record;
    enum vg_err err;

    if (record->len > 0) {
        struct slice all;

        err = net_gather(call->engine, record, bytes.at, bytes.left);
        if (err != VG_OK)
            return err;
        all = buf_slice(record);
        err = read_records(tls, call, &all);
        buf_consume(record, record->len - all.left);
        return err;
    }
    err = read_records(tls, call, &bytes);
    if (err == VG_OK && bytes.left > 0)
        err = net_gather(call->engine, record, bytes.at, bytes.left);
    return err;
}

static enum vg_err
tls_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct tls *tls = self;

    (void)bytes;
    /* A hole in the server's flight does not matter; in the client's there is no way on. */
    buf_clear(&tls->side[call->dir].record);
    buf_clear(&tls->side[call->dir].message);
    return VG_END;
}

static enum probe
tls_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    uint8_t type = slice_u8(&head), major = slice_u8(&head), minor = slice_u8(&head), message;
    uint16_t len = slice_be16(&head);

    (void)sport;
    (void)dport;
    if (type < RECORD_CHANGE_CIPHER || type > RECORD_DATA)
        return PROBE_NO;
    message = slice_u8(&head);
    if (head.bad)
        return PROBE_MORE;
    if (major != 3 || minor > 4 || len == 0 || len > RECORD_MAX)
        return PROBE_NO;
    if (type == RECORD_HANDSHAKE)
        return message == MESSAGE_CLIENT_HELLO || message == MESSAGE_SERVER_HELLO ? PROBE_YES
                                                                                  : PROBE_NO;
    return type == RECORD_DATA && minor >= 1 ? PROBE_YES : PROBE_NO;
}

static void *
tls_open(const struct protocol_call *call)
{
    struct tls *tls = net_parser_alloc(call->engine, sizeof(*tls));

    if (tls == NULL)
        return NULL;
    for (unsigned d = 0; d < 2; d++) {
        buf_init(&tls->side[d].record, HELLO_MAX + RECORD_MAX);
        buf_init(&tls->side[d].message, HELLO_MAX);
    }
    return tls;
}

static void
tls_close(void *self, const struct protocol_call *call)
{
    struct tls *tls = self;

    for (unsigned d = 0; d < 2; d++) {
        net_gather_done(call->engine, &tls->side[d].record);
        net_gather_done(call->engine, &tls->side[d].message);
    }
    net_parser_free(call->engine, tls, sizeof(*tls));
}

const struct protocol PROTOCOL_TLS = {
    .name = "tls",
    .probe = tls_probe,
    .open = tls_open,
    .bytes = tls_bytes,
    .gap = tls_gap,
    .close = tls_close,
};
