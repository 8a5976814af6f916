/* SPDX-License-Identifier: Apache-2.0 */
/* At the level of datagrams: who speaks, two bytes of length, the datagram; as large as they come, so
 * that the packets of the corpus open. What lies behind the seal has a fuzzer of its own, as nothing
 * that a fuzzer changes opens any more: fuzz_net_quic_frames. */
#include "fuzz_protocol.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct flow flow = fuzz_flow(&PROTOCOL_QUIC, 17, 443);
    struct protocol_call call = {.engine = e, .flow = &flow};
    struct slice in = slice_of(data, size);

    while (in.left > 3 && !flow.parser_done) {
        unsigned dir = slice_u8(&in) & 1;
        size_t len = slice_be16(&in);
        struct slice part = slice_sub(&in, len < in.left ? len : in.left);
        uint8_t *copy = malloc(part.left > 0 ? part.left : 1);
        struct packet pkt = {.proto = 17};

        FUZZ_HOLDS(copy != NULL);
        len = part.left;
        (void)slice_copy(&part, copy, len);
        call.dir = dir;
        call.time_ns += 1000000;
        pkt.payload = slice_of(copy, len);
        (void)PROTOCOL_QUIC.datagram(&call, &pkt);
        free(copy);
    }
    if (flow.parser != NULL)
        PROTOCOL_QUIC.close(flow.parser, &call);
    free(flow.server_name);
    fuzz_done(&run, e);
    return 0;
}
