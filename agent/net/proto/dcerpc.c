/* SPDX-License-Identifier: Apache-2.0 */
/* DCE/RPC over TCP: the endpoint mapper's port 135 and the ports that it hands out, found by their
 * looks. What is told: dcerpc.h. */
#include "agent/net/proto/dcerpc.h"

#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"

static enum probe
tcp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    (void)sport;
    (void)dport;
    return dcerpc_looks(head);
}

static void *
tcp_open(const struct protocol_call *call)
{
    return dcerpc_new(call, str_of(NULL), call->flow->client);
}

static enum vg_err
tcp_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    return dcerpc_bytes(self, call, bytes);
}

static enum vg_err
tcp_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    dcerpc_gap(self, call, bytes);
    return VG_OK;
}

static void
tcp_close(void *self, const struct protocol_call *call)
{
    dcerpc_free(self, call);
}

const struct protocol PROTOCOL_DCERPC = {
    .name = "dcerpc",
    .probe = tcp_probe,
    .open = tcp_open,
    .bytes = tcp_bytes,
    .gap = tcp_gap,
    .close = tcp_close,
};
