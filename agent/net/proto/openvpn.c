/* SPDX-License-Identifier: Apache-2.0 */
/* openvpn: how a tunnel begins, over UDP or TCP (OpenVPN protocol draft, "Wire protocol"): a hard
 * reset of the client with its session id and an empty list of acknowledgements, then the server's,
 * which names that id. Record "openvpn", when the server answered:
 *   protection  none, auth (an HMAC over control packets), crypt (control packets encrypted)
 *   answered    true: the server's reset fits; false: it never came */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"

enum {
    RESET_CLIENT_V2 = 7 << 3,
    RESET_SERVER_V2 = 8 << 3,
    RESET_CLIENT_V3 = 10 << 3, /* tls-crypt-v2: a wrapped key follows */
    SESSION_BYTES = 8,
    REPLAY_BYTES = 8, /* packet number and time of day */
    PLAIN_BYTES = 14, /* opcode, session, no acknowledgements, packet 0 */
    CRYPT_BYTES = 1 + SESSION_BYTES + REPLAY_BYTES + 32 + 5,
    V3_BYTES_MIN = CRYPT_BYTES + 32,
    V3_BYTES_MAX = 1200,
    REPLY_BYTES_MIN = PLAIN_BYTES + 4 + SESSION_BYTES,
    REPLY_BYTES_MAX = 200,
    TRIES_MAX = 8,
};
/* A clock may be wrong by as much. */
#define CLOCK_S INT64_C(86400 * 400)

enum protection { PLAIN, AUTH, CRYPT };
static const char *const PROTECTION_NAMES[] = {"none", "auth", "crypt"};

struct openvpn {
    uint64_t session; /* of the client */
    uint8_t hmac, protection, client, seen;
    struct buf in; /* TCP: the server's first packet, while it is not whole */
};

/* The sizes of the digests that tls-auth may use. */
static bool
hmac_of(size_t bytes, uint8_t *hmac)
{
    static const uint8_t sizes[] = {16, 20, 32, 48, 64};

    for (size_t i = 0; i < VG_ARRAY_LEN(sizes); i++)
        if (bytes == (size_t)PLAIN_BYTES + REPLAY_BYTES + sizes[i]) {
            *hmac = sizes[i];
            return true;
        }
    return false;
}

/* Packet number 1 and a time near that of the capture (0: not known): what protected packets carry. */
static bool
replay_fits(struct slice in, int64_t time_ns)
{
    uint32_t number = slice_be32(&in), seconds = slice_be32(&in);
    int64_t away = time_ns / 1000000000 - seconds;

    return !in.bad && number >= 1 && number <= 16 &&
           (time_ns == 0 || (away > -CLOCK_S && away < CLOCK_S));
}

static bool
ends_empty(struct slice in)
{
    slice_skip(&in, in.left - 5);
    return slice_u8(&in) == 0 && slice_be32(&in) == 0;
}

/* A whole packet that begins a tunnel. */
static bool
client_reset(struct slice in, int64_t time_ns, struct openvpn *out)
{
    struct slice replay = in;
    uint8_t opcode = slice_u8(&in);

    if (replay.left < PLAIN_BYTES)
        return false;
    out->session = slice_be64(&in);
    if (opcode == RESET_CLIENT_V2 && replay.left == PLAIN_BYTES) {
        out->protection = PLAIN;
        return out->session != 0 && ends_empty(in);
    }
    if (opcode == RESET_CLIENT_V2 && hmac_of(replay.left, &out->hmac) && ends_empty(in)) {
        out->protection = AUTH;
        slice_skip(&replay, (size_t)1 + SESSION_BYTES + out->hmac);
        return replay_fits(replay, time_ns);
    }
    out->protection = CRYPT;
    return (opcode == RESET_CLIENT_V2 ? replay.left == CRYPT_BYTES
                                      : opcode == RESET_CLIENT_V3 && replay.left >= V3_BYTES_MIN &&
                                            replay.left <= V3_BYTES_MAX) &&
           replay_fits(in, time_ns);
}

/* The server's packet names the client's session where that can be read. */
static bool
server_reset(struct slice in, int64_t time_ns, const struct openvpn *vpn)
{
    size_t bytes = in.left;

    if (slice_u8(&in) != RESET_SERVER_V2 || bytes < REPLY_BYTES_MIN || bytes > REPLY_BYTES_MAX)
        return false;
    slice_skip(&in, SESSION_BYTES);
    if (vpn->protection == CRYPT)
        return replay_fits(in, time_ns);
    if (vpn->protection == AUTH)
        slice_skip(&in, (size_t)vpn->hmac + REPLAY_BYTES);
    if (slice_u8(&in) != 1)
        return false;
    slice_skip(&in, 4);
    return slice_be64(&in) == vpn->session && !in.bad;
}

static void
tell(const struct protocol_call *call, const struct openvpn *vpn, bool answered)
{
    struct record r = {.type = "openvpn"};

    record_text_put(&r, "protection", str_of(PROTECTION_NAMES[vpn->protection]));
    record_bool(&r, "answered", answered);
    record_tell(&r, call, vpn->client);
    call->flow->parser_done = true;
}

static struct openvpn *
begin(const struct protocol_call *call, const struct openvpn *first)
{
    struct openvpn *vpn = net_parser_alloc(call->engine, sizeof(*vpn));

    if (vpn == NULL)
        return NULL;
    *vpn = *first;
    vpn->client = (uint8_t)call->dir;
    buf_init(&vpn->in, 2 + REPLY_BYTES_MAX);
    return vpn;
}

static void
openvpn_close(void *self, const struct protocol_call *call)
{
    struct openvpn *vpn = self;

    if (!call->flow->parser_done)
        tell(call, vpn, false);
    net_gather_done(call->engine, &vpn->in);
    net_parser_free(call->engine, vpn, sizeof(*vpn));
}

/* ---- UDP ---- */

static bool
openvpn_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct openvpn *vpn = call->flow->parser, first = {0};

    if (pkt->payload.left != pkt->payload_wire)
        return vpn != NULL;
    if (vpn == NULL) {
        if (!client_reset(pkt->payload, call->time_ns, &first))
            return false;
        call->flow->parser = begin(call, &first);
        return call->flow->parser != NULL;
    }
    if (call->dir != vpn->client && server_reset(pkt->payload, call->time_ns, vpn))
        tell(call, vpn, true);
    else if (++vpn->seen >= TRIES_MAX)
        tell(call, vpn, false);
    return true;
}

/* ---- TCP: a length of two bytes before each packet ---- */

static enum probe
openvpn_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct openvpn first = {0};
    uint16_t len = slice_be16(&head);
    struct slice packet = head;
    uint8_t opcode = slice_u8(&head), hmac;

    (void)sport;
    (void)dport;
    if (head.bad)
        return PROBE_MORE;
    if (opcode == RESET_CLIENT_V2) {
        if (len != PLAIN_BYTES && len != CRYPT_BYTES && !hmac_of(len, &hmac))
            return PROBE_NO;
    } else if (opcode != RESET_CLIENT_V3 || len < V3_BYTES_MIN || len > V3_BYTES_MAX) {
        return PROBE_NO;
    }
    if (packet.left < len && packet.left < PROBE_BYTES_MAX / 2)
        return PROBE_MORE;
    if (opcode == RESET_CLIENT_V3) {
        slice_skip(&packet, 1 + SESSION_BYTES);
        return replay_fits(packet, 0) ? PROBE_YES : PROBE_NO;
    }
    return client_reset(slice_sub(&packet, len), 0, &first) ? PROBE_YES : PROBE_NO;
}

static void *
openvpn_open(const struct protocol_call *call)
{
    const struct openvpn nothing = {.session = 0};

    return begin(call, &nothing);
}

static enum vg_err
client_bytes(struct openvpn *vpn, const struct protocol_call *call, struct slice bytes)
{
    struct openvpn first = {0};
    struct slice packet;

    if (vpn->session != 0) /* it goes on before the server answered */
        return VG_OK;
    packet = slice_sub(&bytes, slice_be16(&bytes));
    if (packet.bad || !client_reset(packet, 0, &first)) {
        call->flow->parser_done = true; /* nothing is told */
        return VG_END;
    }
    vpn->session = first.session;
    vpn->hmac = first.hmac;
    vpn->protection = first.protection;
    return VG_OK;
}

static enum vg_err
openvpn_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct openvpn *vpn = self;
    size_t room = vpn->in.cap - vpn->in.len;
    struct slice in, packet, part;

    if (call->dir == vpn->client)
        return client_bytes(vpn, call, bytes);
    part = slice_sub(&bytes, bytes.left < room ? bytes.left : room);
    if (part.left == 0 || net_gather(call->engine, &vpn->in, part.at, part.left) != VG_OK)
        return VG_END;
    in = buf_slice(&vpn->in);
    packet = slice_sub(&in, slice_be16(&in));
    if (in.bad)
        return VG_OK;
    tell(call, vpn, server_reset(packet, 0, vpn));
    return VG_END;
}

static enum vg_err
openvpn_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

const struct protocol PROTOCOL_OPENVPN = {
    .name = "openvpn",
    .probe = openvpn_probe,
    .open = openvpn_open,
    .bytes = openvpn_bytes,
    .gap = openvpn_gap,
    .close = openvpn_close,
    .datagram = openvpn_datagram,
};
