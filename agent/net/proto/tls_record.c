/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_record.h"

#include "agent/net/proto/tls_cert.h"

enum {
    HANDSHAKE_LAST = 24,  /* key_update: the highest type that is sent */
    CHAIN_HEAD = 6,       /* length of the chain, length of the first certificate */
    V2_HELLO_MAX = 16384, /* more than 5000 suites */
    HEARTBEAT_HEAD = 3,   /* type, length of the payload */
};

void
tls_side_init(struct tls_side *s, bool v2)
{
    *s = (struct tls_side){.begun_v2 = v2};
    buf_init(&s->body, TLS_CLIENT_HELLO_MAX);
}

void
tls_side_done(struct net_engine *e, struct tls_side *s)
{
    net_gather_done(e, &s->body);
}

/* Fills to[*have..size] from `in`; true when it is full. */
static bool
fill(uint8_t *to, uint8_t *have, size_t size, struct slice *in)
{
    while (*have < size && in->left > 0)
        to[(*have)++] = slice_u8(in);
    return *have == size;
}

/* `len` more bytes of what is wanted: borrowed where all of it lies here, gathered otherwise.
 * VG_AGAIN: some are missing yet. */
static enum vg_err
gather(struct net_engine *e, struct tls_side *s, struct slice *in, size_t want, struct slice *out)
{
    size_t n = want - s->body.len;
    enum vg_err err;

    if (s->body.len == 0 && in->left >= want) {
        *out = slice_sub(in, want);
        return VG_OK;
    }
    if (n > in->left)
        n = in->left;
    err = net_gather(e, &s->body, slice_take(in, n), n);
    if (err != VG_OK)
        return err;
    *out = buf_slice(&s->body);
    return s->body.len < want ? VG_AGAIN : VG_OK;
}

/* ---- SSL 2.0: two bytes of length, then the type ---- */

static enum vg_err
next_v2(struct net_engine *e, struct tls_side *s, struct slice *in, struct tls_event *out)
{
    enum vg_err err = VG_AGAIN;

    if (s->want == 0) {
        struct slice head;

        if (!fill(s->head, &s->have, 2, in))
            return VG_AGAIN;
        head = slice_of(s->head, 2);
        s->want = slice_be16(&head) & 0x7fff;
        s->have = 0;
    }
    if (s->want < 3 || s->want > V2_HELLO_MAX)
        return VG_ERR_FORMAT;
    if (in->left > 0)
        err = gather(e, s, in, s->want, &out->body);
    if (err != VG_OK)
        return err;
    out->kind = TLS_EVENT_V2;
    out->len = 0;
    out->type = slice_u8(&out->body);
    s->begun_v2 = false;
    s->want = 0;
    return VG_OK;
}

/* ---- handshake messages ---- */

/* How much of a message's body is of use; 0: none. */
static enum vg_err
wanted(uint8_t type, uint32_t len, uint32_t *out)
{
    *out = 0;
    switch (type) {
    case TLS_CLIENT_HELLO:
        if (len > TLS_CLIENT_HELLO_MAX)
            return VG_ERR_LIMIT;
        *out = len;
        return VG_OK;
    case TLS_SERVER_HELLO:
        if (len > TLS_SERVER_HELLO_MAX)
            return VG_ERR_LIMIT;
        *out = len;
        return VG_OK;
    case TLS_CERTIFICATE:
        *out = len >= CHAIN_HEAD ? CHAIN_HEAD : 0;
        return VG_OK;
    default:
        return type <= HANDSHAKE_LAST ? VG_OK : VG_ERR_FORMAT;
    }
}

static enum vg_err
begin_message(struct tls_side *s, struct slice *in)
{
    struct slice head;

    if (!fill(s->start, &s->begun, sizeof(s->start), in))
        return VG_AGAIN;
    head = slice_of(s->start, sizeof(s->start));
    slice_skip(&head, 1);
    s->message = slice_be24(&head);
    s->seen |= s->start[0] < 32 ? 1u << s->start[0] : 0;
    return wanted(s->start[0], s->message, &s->want);
}

/* The head of a chain is there: now its first certificate is wanted too. True where it is not worth
 * it, or is there already. */
static bool
chain_is_read(struct tls_side *s, struct slice body)
{
    uint32_t leaf;

    if (s->start[0] != TLS_CERTIFICATE || s->want > CHAIN_HEAD)
        return true;
    slice_skip(&body, 3);
    leaf = slice_be24(&body);
    if (leaf == 0 || leaf > TLS_CERT_BYTES_MAX || leaf > s->message)
        return true;
    s->want = CHAIN_HEAD + leaf;
    return false;
}

/* A public key on an elliptic curve (RFC 5480, 2.1.1): its OID, then a SEQUENCE where certificates
 * must name the curve by another OID. Forged chains bring a curve of their own (CVE-2020-0601). */
static const uint8_t CURVE_EXPLICIT[] = {0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x30};

/* The certificates behind the first one are not kept: only this is looked for as they pass. */
static void
look_at_chain(struct tls_side *s, struct slice record)
{
    struct slice rest = slice_sub(&record, s->message < record.left ? s->message : record.left);

    while (rest.left > 0) {
        uint8_t byte = slice_u8(&rest);

        if (byte != CURVE_EXPLICIT[s->curve_at])
            s->curve_at = byte == CURVE_EXPLICIT[0];
        else if (++s->curve_at == sizeof(CURVE_EXPLICIT)) {
            s->curve_at = 0;
            s->explicit_curve = true;
        }
    }
}

/* Bytes of the body, out of `record`. */
static enum vg_err
go_on_with_message(struct net_engine *e, struct tls_side *s, struct slice *record,
                   struct tls_event *out)
{
    while (s->want > 0) {
        struct slice peek = *record;
        uint32_t before = s->want;
        enum vg_err err = gather(e, s, record, s->want, &out->body);

        s->message -= (uint32_t)(peek.left - record->left);
        if (err != VG_OK)
            return err;
        if (!chain_is_read(s, out->body)) {
            if (s->body.len == 0) { /* it was borrowed: look at all of it again */
                *record = peek;
                s->message += before;
            }
            continue;
        }
        s->want = 0;
        out->kind = TLS_EVENT_MESSAGE;
        out->type = s->start[0];
        return VG_OK;
    }
    if (s->start[0] == TLS_CERTIFICATE)
        look_at_chain(s, *record);
    if (s->message <= record->left) {
        slice_skip(record, s->message);
        s->message = 0;
        s->begun = 0;
        buf_clear(&s->body);
    } else {
        s->message -= (uint32_t)record->left;
        slice_skip(record, record->left);
    }
    return VG_AGAIN;
}

static enum vg_err
next_message(struct net_engine *e, struct tls_side *s, struct slice *record, struct tls_event *out)
{
    while (record->left > 0) {
        enum vg_err err = VG_OK;

        if (s->begun < sizeof(s->start))
            err = begin_message(s, record);
        if (err == VG_OK)
            err = go_on_with_message(e, s, record, out);
        if (err != VG_AGAIN)
            return err;
    }
    return VG_AGAIN;
}

/* ---- records ---- */

static enum vg_err
begin_record(struct tls_side *s, struct slice *in, struct tls_event *out)
{
    struct slice head;
    uint8_t major;

    if (!fill(s->head, &s->have, sizeof(s->head), in))
        return VG_AGAIN;
    s->have = 0;
    s->beat = false;
    head = slice_of(s->head, sizeof(s->head));
    s->type = slice_u8(&head);
    major = slice_u8(&head);
    slice_skip(&head, 1);
    s->left = slice_be16(&head);
    if (major != 3 || s->type < TLS_CHANGE_CIPHER || s->type > TLS_HEARTBEAT ||
        s->left > TLS_RECORD_MAX)
        return VG_ERR_FORMAT;
    *out = (struct tls_event){.kind = TLS_EVENT_RECORD, .type = s->type, .len = s->left};
    return VG_OK;
}

static enum vg_err
go_on_with_record(struct net_engine *e, struct tls_side *s, struct slice *in, struct tls_event *out)
{
    struct slice peek = *in;
    struct slice record = slice_sub(&peek, s->left < peek.left ? s->left : peek.left);
    size_t before = record.left;
    enum vg_err err = VG_AGAIN;

    if (s->type == TLS_HANDSHAKE && !s->sealed) {
        err = next_message(e, s, &record, out);
    } else if (s->type == TLS_ALERT && !s->sealed) {
        if (fill(s->head, &s->have, 2, &record)) {
            *out =
                (struct tls_event){.kind = TLS_EVENT_ALERT, .type = s->head[0], .len = s->head[1]};
            s->have = 0;
            err = VG_OK;
        }
    } else if (s->type == TLS_HEARTBEAT && !s->sealed && !s->beat) {
        if (fill(s->head, &s->have, HEARTBEAT_HEAD, &record)) {
            struct slice head = slice_of(s->head, HEARTBEAT_HEAD);

            *out = (struct tls_event){.kind = TLS_EVENT_HEARTBEAT, .type = slice_u8(&head)};
            out->len = slice_be16(&head);
            s->have = 0;
            s->beat = true;
            err = VG_OK;
        }
    } else {
        slice_skip(&record, record.left);
    }
    slice_skip(in, before - record.left); /* what the event left over is for the next call */
    s->left = (uint16_t)(s->left - (before - record.left));
    if (s->left == 0)
        s->have = 0;
    return err;
}

enum vg_err
tls_side_next(struct net_engine *e, struct tls_side *s, struct slice *in, struct tls_event *out)
{
    if (s->want == 0)
        buf_clear(&s->body);
    while (in->left > 0) {
        struct slice peek = *in;
        enum vg_err err;

        if (s->begun_v2 && s->have == 0 && s->want == 0 && slice_u8(&peek) < 0x80)
            s->begun_v2 = false;
        if (s->begun_v2)
            err = next_v2(e, s, in, out);
        else if (s->left == 0)
            err = begin_record(s, in, out);
        else
            err = go_on_with_record(e, s, in, out);
        if (err != VG_AGAIN)
            return err;
    }
    return VG_AGAIN;
}

bool
tls_side_gap(struct tls_side *s, uint32_t bytes)
{
    bool skipping = s->sealed || s->type == TLS_DATA || s->type == TLS_HEARTBEAT;

    if (s->have > 0 || bytes > s->left)
        return false;
    if (!skipping) { /* the rest of a long chain of certificates, perhaps */
        if (s->type != TLS_HANDSHAKE || s->begun < sizeof(s->start) || s->want > 0 ||
            bytes > s->message)
            return false;
        s->message -= bytes;
    }
    s->left = (uint16_t)(s->left - bytes);
    s->curve_at = 0;
    return true;
}
