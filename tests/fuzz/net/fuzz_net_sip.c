/* SPDX-License-Identifier: Apache-2.0 */
/* Over TCP, then the same over UDP. */
#include "fuzz_protocol.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_stream(&PROTOCOL_SIP, 5060, slice_of(data, size));
    fuzz_datagrams(&PROTOCOL_SIP, 5060, slice_of(data, size));
    return 0;
}
