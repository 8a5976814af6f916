/* SPDX-License-Identifier: Apache-2.0 */
/* AnyDesk's search for its kind: it is known by where it goes, whatever it holds. The first two
 * bytes are the port, the third ends the group's address. */
#include "fuzz_protocol.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    uint16_t port = slice_be16(&in);
    uint8_t group[4] = {239, 255, 102, slice_u8(&in)};
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct flow flow = fuzz_flow(&PROTOCOL_ANYDESK, 17, port);
    struct protocol_call call = {.engine = e, .flow = &flow};
    struct packet pkt = {.proto = 17, .payload = in, .sport = 40000, .dport = port};
    bool found;

    pkt.dst.family = 4;
    memcpy(pkt.dst.bytes, group, sizeof(group));
    found = PROTOCOL_ANYDESK.datagram(&call, &pkt);
    FUZZ_HOLDS(found == (group[3] == 18 && port >= 50001 && port <= 50003));
    FUZZ_HOLDS(found == flow.parser_done);
    fuzz_done(&run, e);
    return 0;
}
