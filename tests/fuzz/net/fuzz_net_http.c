/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP exchange: a byte of control (bit 0: from the server, bit 1: a hole, bits 2..: length). */
#include "agent/net/protocols.h"
#include "net_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    struct flow flow = {.app = "http", .key.family = 4};
    struct protocol_call call = {.engine = e, .flow = &flow};
    void *http = PROTOCOL_HTTP.open(&call);
    enum vg_err err = VG_OK;

    FUZZ_HOLDS(http != NULL);
    while (in.left > 1 && err == VG_OK) {
        uint8_t control = slice_u8(&in);
        size_t len = (size_t)(control >> 2) * 8 + 1;
        struct slice bytes = slice_sub(&in, len < in.left ? len : in.left);

        call.dir = control & 1;
        if (control & 2 && err == VG_OK)
            err = PROTOCOL_HTTP.gap(http, &call, (uint32_t)len);
        if (err == VG_OK)
            err = PROTOCOL_HTTP.bytes(http, &call, bytes);
    }
    call.dir = 1;
    PROTOCOL_HTTP.end(http, &call);
    PROTOCOL_HTTP.close(http, &call);
    free(flow.server_name);
    fuzz_done(&run, e);
    return 0;
}
