/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_protocol: the fuzzer of one protocol, driven as the engine drives it. The input: a byte of
 * control (bit 0: from the server; bit 1: a hole, or for datagrams nothing; bits 2..: length / 8),
 * then the bytes. A protocol's fuzzer is
 *
 *     #include "fuzz_protocol.h"
 *     FUZZ_STREAM(SMTP, 25)       or FUZZ_DATAGRAM(SNMP, 161)
 */
#pragma once

#include "agent/net/proto/protocols.h"
#include "net_fuzz.h"

static inline struct flow
fuzz_flow(const struct protocol *p, uint8_t proto, uint16_t server_port)
{
    struct flow flow = {.app = p->name, .protocol = p};

    flow.key.family = 4;
    flow.key.proto = proto;
    flow.key.port[0] = 40000; /* direction 0 is the client */
    flow.key.port[1] = server_port;
    return flow;
}

static inline struct slice
fuzz_piece(struct slice *in, uint8_t control, uint8_t **copy)
{
    size_t len = (size_t)(control >> 2) * 8 + 1;
    struct slice part = slice_sub(in, len < in->left ? len : in->left);

    len = part.left;
    *copy = malloc(len > 0 ? len : 1);
    FUZZ_HOLDS(*copy != NULL);
    (void)slice_copy(&part, *copy, len);
    return slice_of(*copy, len);
}

static inline void
fuzz_stream(const struct protocol *p, uint16_t port, struct slice in)
{
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct flow flow = fuzz_flow(p, 6, port);
    struct protocol_call call = {.engine = e, .flow = &flow};
    struct handover left;
    enum vg_err err = VG_OK;
    bool first = true;

    while (in.left > 1 && err == VG_OK && !flow.handover) {
        uint8_t control = slice_u8(&in), *copy;
        struct slice bytes = fuzz_piece(&in, control, &copy);

        call.dir = control & 1;
        call.time_ns += 1000000;
        if (first) {
            (void)p->probe(bytes, flow.key.port[call.dir], flow.key.port[1 - call.dir]);
            flow.parser = p->open != NULL ? p->open(&call) : NULL;
            first = false;
        }
        if (flow.parser == NULL)
            err = VG_END;
        if (err == VG_OK && control & 2)
            err = p->gap(flow.parser, &call, (uint32_t)bytes.left);
        if (err == VG_OK)
            err = p->bytes(flow.parser, &call, bytes);
        free(copy);
    }
    if (flow.parser != NULL) {
        for (unsigned d = 0; d < 2 && p->end != NULL && err == VG_OK; d++) {
            call.dir = d;
            p->end(flow.parser, &call);
        }
        p->close(flow.parser, &call);
    }
    left = net_handover_take(e);
    net_gather_done(e, &left.early);
    free(flow.server_name);
    fuzz_done(&run, e);
}

static inline void
fuzz_datagrams(const struct protocol *p, uint16_t port, struct slice in)
{
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct flow flow = fuzz_flow(p, 17, port);
    struct protocol_call call = {.engine = e, .flow = &flow};

    while (in.left > 1 && !flow.parser_done) {
        uint8_t control = slice_u8(&in), *copy;
        struct slice bytes = fuzz_piece(&in, control, &copy);
        struct packet pkt = {.proto = 17, .payload = bytes};

        call.dir = control & 1;
        call.time_ns += 1000000;
        pkt.time_ns = call.time_ns;
        pkt.payload_wire = (uint32_t)bytes.left;
        pkt.sport = flow.key.port[call.dir];
        pkt.dport = flow.key.port[1 - call.dir];
        (void)p->datagram(&call, &pkt);
        free(copy);
    }
    if (flow.parser != NULL)
        p->close(flow.parser, &call);
    free(flow.server_name);
    fuzz_done(&run, e);
}

#define FUZZ_STREAM(name, port)                                                                    \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        fuzz_stream(&PROTOCOL_##name, port, slice_of(data, size));                                 \
        return 0;                                                                                  \
    }
#define FUZZ_DATAGRAM(name, port)                                                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        fuzz_datagrams(&PROTOCOL_##name, port, slice_of(data, size));                              \
        return 0;                                                                                  \
    }
