/* SPDX-License-Identifier: Apache-2.0 */
/* rustdesk: its rendezvous server's protocol (rendezvous.proto of hbb_common), one protobuf message a
 * datagram on 21116 (and 21119 in the local network), or behind a length of 1 to 4 bytes on TCP
 * 21115 to 21117. The session itself is encrypted. Record "remote_help":
 *   tool     rustdesk
 *   message  register_peer, punch_hole_request, request_relay, ...
 *   id       of this machine, where it registers
 *   peer     of the machine that a session is asked for
 *   session  true: a session with another machine is on its way */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"

enum {
    PORT_FIRST = 21115,
    PORT_LAST = 21119,
    ID_BYTES_MIN = 6,
    ID_BYTES_MAX = 32,
    MESSAGE_BYTES_MAX = 4096,
    FIELDS_MAX = 32,
    MESSAGES_MAX = 32,
};
enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };
enum { REGISTER_PEER = 6, PUNCH_HOLE_REQUEST = 8, REGISTER_PK = 15, REQUEST_RELAY = 18 };

static const struct {
    uint8_t field;
    bool session, id, peer; /* whether its field 1 is an id, and whose */
    const char *name;
} MESSAGES[] = {
    {REGISTER_PEER, false, true, false, "register_peer"},
    {7, false, false, false, "register_peer_response"},
    {PUNCH_HOLE_REQUEST, true, false, true, "punch_hole_request"},
    {9, true, false, false, "punch_hole"},
    {10, true, false, false, "punch_hole_sent"},
    {11, true, false, false, "punch_hole_response"},
    {12, true, false, false, "fetch_local_addr"},
    {13, true, false, false, "local_addr"},
    {REGISTER_PK, false, true, false, "register_pk"},
    {16, false, false, false, "register_pk_response"},
    {REQUEST_RELAY, true, false, true, "request_relay"},
    {19, true, false, false, "relay_response"},
    {20, false, false, false, "test_nat_request"},
    {21, false, false, false, "test_nat_response"},
    {22, false, false, false, "peer_discovery"},
    {23, false, false, false, "online_request"},
    {24, false, false, false, "online_response"},
    {25, false, false, false, "key_exchange"},
    {26, false, false, false, "health_check"},
};

struct message {
    size_t kind; /* in MESSAGES */
    struct str id;
};

/* ---- protobuf (encoding, as far as it is needed) ---- */

static uint64_t
varint(struct slice *in)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t c = slice_u8(in);

        v |= (uint64_t)(c & 0x7f) << shift;
        if ((c & 0x80) == 0)
            return v;
    }
    in->bad = true;
    in->left = 0;
    return 0;
}

/* The next field: its bytes, or an empty slice for a number. False: no such thing. */
static bool
next_field(struct slice *in, uint32_t *field, bool *number, struct slice *bytes)
{
    uint64_t tag = varint(in);

    *field = (uint32_t)(tag >> 3);
    *number = (tag & 7) == WIRE_VARINT;
    *bytes = slice_of(NULL, 0);
    if (in->bad || tag >> 3 == 0 || tag >> 3 > 64)
        return false;
    if (*number) {
        (void)varint(in);
        return !in->bad;
    }
    if ((tag & 7) != WIRE_BYTES)
        return false;
    *bytes = slice_sub(in, (size_t)varint(in));
    return !in->bad;
}

static bool
is_id(struct slice in)
{
    if (in.left < ID_BYTES_MIN || in.left > ID_BYTES_MAX)
        return false;
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '_' || c == '-'))
            return false;
    }
    return true;
}

/* The inner message: every byte of it must be a field. */
static bool
read_inner(struct slice in, struct message *m)
{
    bool wants_id = MESSAGES[m->kind].id || MESSAGES[m->kind].peer;

    for (unsigned i = 0; in.left > 0; i++) {
        struct slice bytes;
        uint32_t field;
        bool number;

        if (i == FIELDS_MAX || !next_field(&in, &field, &number, &bytes))
            return false;
        if (field == 1 && wants_id && !number) {
            if (!is_id(bytes))
                return false;
            m->id = str_n(bytes.at, bytes.left);
        }
    }
    return !wants_id || m->id.len > 0;
}

/* One whole message: exactly one of the union's fields. */
static bool
read_message(struct slice in, struct message *m)
{
    struct slice inner;
    uint32_t field;
    bool number;

    if (in.left < 2 || !next_field(&in, &field, &number, &inner) || number || in.left > 0)
        return false;
    *m = (struct message){.id = str_of(NULL)};
    for (m->kind = 0; m->kind < VG_ARRAY_LEN(MESSAGES); m->kind++)
        if (MESSAGES[m->kind].field == field)
            return read_inner(inner, m);
    return false;
}

/* ---- what is told ---- */

struct rustdesk {
    struct buf in[2];
    uint8_t messages;
    bool told, session;
};

static void
tell(const struct protocol_call *call, const struct message *m)
{
    struct record r = {.type = "remote_help"};

    record_text_put(&r, "tool", str_of("rustdesk"));
    record_text_put(&r, "message", str_of(MESSAGES[m->kind].name));
    record_text_opt(&r, MESSAGES[m->kind].peer ? "peer" : "id", m->id);
    record_bool(&r, "session", MESSAGES[m->kind].session);
    record_tell(&r, call, call->flow->client);
}

/* The first message of a flow, the first that names who registers, the first of a session. */
static void
on_message(struct rustdesk *rd, const struct protocol_call *call, const struct message *m)
{
    bool session = MESSAGES[m->kind].session;

    if (!rd->told || (session && !rd->session))
        tell(call, m);
    rd->told = true;
    rd->session = rd->session || session;
    rd->messages++;
}

static bool
on_its_port(uint16_t a, uint16_t b)
{
    return (a >= PORT_FIRST && a <= PORT_LAST) || (b >= PORT_FIRST && b <= PORT_LAST);
}

static void *
rustdesk_open(const struct protocol_call *call)
{
    struct rustdesk *rd = net_parser_alloc(call->engine, sizeof(*rd));

    if (rd == NULL)
        return NULL;
    for (unsigned d = 0; d < 2; d++)
        buf_init(&rd->in[d], MESSAGE_BYTES_MAX);
    return rd;
}

static void
rustdesk_close(void *self, const struct protocol_call *call)
{
    struct rustdesk *rd = self;

    for (unsigned d = 0; d < 2; d++)
        net_gather_done(call->engine, &rd->in[d]);
    net_parser_free(call->engine, rd, sizeof(*rd));
}

static bool
rustdesk_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct rustdesk *rd = call->flow->parser;
    struct message m;

    if (rd == NULL && !on_its_port(pkt->sport, pkt->dport))
        return false;
    if (!read_message(pkt->payload, &m))
        return rd != NULL;
    if (rd == NULL)
        call->flow->parser = rd = rustdesk_open(call);
    if (rd == NULL)
        return false;
    on_message(rd, call, &m);
    if (rd->session || rd->messages > MESSAGES_MAX)
        call->flow->parser_done = true;
    return true;
}

/* ---- TCP: the length, little-endian, with the number of its bytes less one in two bits ---- */

/* The message behind the length; false where it is longer than we take. VG_ERR_SHORT: more. */
static enum vg_err
next_frame(struct slice *in, struct slice *out)
{
    struct slice at = *in, peek = at;
    unsigned head = (slice_u8(&peek) & 3u) + 1;
    uint32_t len = 0;

    for (unsigned i = 0; i < head; i++)
        len |= (uint32_t)slice_u8(&at) << (8 * i);
    len >>= 2;
    if (at.bad)
        return VG_ERR_SHORT;
    if (len == 0 || len > MESSAGE_BYTES_MAX - 4)
        return VG_ERR_FORMAT;
    *out = slice_sub(&at, len);
    if (at.bad)
        return VG_ERR_SHORT;
    *in = at;
    return VG_OK;
}

static enum probe
rustdesk_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice frame;
    struct message m;

    if (!on_its_port(sport, dport) || head.left == 0)
        return PROBE_NO;
    switch (next_frame(&head, &frame)) {
    case VG_OK:
        return read_message(frame, &m) ? PROBE_YES : PROBE_NO;
    case VG_ERR_SHORT:
        return PROBE_MORE;
    default:
        return PROBE_NO;
    }
}

static enum vg_err
rustdesk_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct rustdesk *rd = self;
    struct buf *in = &rd->in[call->dir];
    enum vg_err err = net_gather(call->engine, in, bytes.at, bytes.left);
    struct slice all = buf_slice(in), frame;
    struct message m;

    while (err == VG_OK && (err = next_frame(&all, &frame)) == VG_OK) {
        if (!read_message(frame, &m)) /* encrypted from here on */
            return VG_END;
        on_message(rd, call, &m);
        if (rd->session || rd->messages > MESSAGES_MAX)
            return VG_END;
    }
    buf_consume(in, in->len - all.left);
    return err == VG_ERR_SHORT ? VG_OK : VG_END;
}

static enum vg_err
rustdesk_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

const struct protocol PROTOCOL_RUSTDESK = {
    .name = "rustdesk",
    .probe = rustdesk_probe,
    .open = rustdesk_open,
    .bytes = rustdesk_bytes,
    .gap = rustdesk_gap,
    .close = rustdesk_close,
    .datagram = rustdesk_datagram,
};
