/* SPDX-License-Identifier: Apache-2.0 */
/* wireguard: its handshake, by the exact sizes and types of the two messages that begin a tunnel
 * (Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", 5.4). Record "wireguard":
 *   answered  whether the other side's response names the index of the initiation */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"

enum {
    TYPE_INITIATION = 1,
    TYPE_RESPONSE = 2,
    INITIATION_BYTES = 148,
    RESPONSE_BYTES = 92,
    MAC2_BYTES = 16,
    PORT_USUAL = 51820,
    TRIES_MAX = 8, /* datagrams without an answer */
};

struct wireguard {
    uint32_t index; /* of the initiator, as sent */
    unsigned client, seen;
};

static bool
all_zero(struct slice in, size_t n)
{
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= slice_u8(&in);
    return any == 0 && !in.bad;
}

/* mac2 is zero unless the server said that it is under load: with it 19 bytes are given. */
static bool
is_initiation(struct slice in, bool usual_port)
{
    struct slice mac2 = in;

    if (in.left != INITIATION_BYTES || slice_le32(&in) != TYPE_INITIATION)
        return false;
    slice_skip(&mac2, INITIATION_BYTES - MAC2_BYTES);
    return usual_port || all_zero(mac2, MAC2_BYTES);
}

static void
tell(const struct protocol_call *call, const struct wireguard *wg, bool answered)
{
    struct record r = {.type = "wireguard"};

    record_bool(&r, "answered", answered);
    record_tell(&r, call, wg->client);
    call->flow->parser_done = true;
}

static bool
begin(const struct protocol_call *call, struct slice in)
{
    const struct flow_key *key = &call->flow->key;
    struct wireguard *wg;

    if (!is_initiation(in, key->port[0] == PORT_USUAL || key->port[1] == PORT_USUAL))
        return false;
    wg = net_parser_alloc(call->engine, sizeof(*wg));
    if (wg == NULL)
        return false;
    slice_skip(&in, 4);
    wg->index = slice_le32(&in);
    wg->client = call->dir;
    call->flow->parser = wg;
    return true;
}

static bool
wireguard_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    struct wireguard *wg = call->flow->parser;
    uint32_t type, sender, receiver;

    if (in.left != pkt->payload_wire)
        return wg != NULL;
    if (wg == NULL)
        return begin(call, in);
    wg->seen++;
    type = slice_le32(&in);
    sender = slice_le32(&in);
    receiver = slice_le32(&in);
    if (call->dir != wg->client && type == TYPE_RESPONSE && pkt->payload.left == RESPONSE_BYTES &&
        receiver == wg->index)
        tell(call, wg, true);
    else if (call->dir == wg->client && is_initiation(pkt->payload, true))
        wg->index = sender; /* a new try has an index of its own */
    else if (wg->seen >= TRIES_MAX)
        tell(call, wg, false);
    return true;
}

static void
wireguard_close(void *self, const struct protocol_call *call)
{
    struct wireguard *wg = self;

    if (!call->flow->parser_done)
        tell(call, wg, false);
    net_parser_free(call->engine, wg, sizeof(*wg));
}

const struct protocol PROTOCOL_WIREGUARD = {
    .name = "wireguard",
    .close = wireguard_close,
    .datagram = wireguard_datagram,
};
