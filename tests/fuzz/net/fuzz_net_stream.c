/* SPDX-License-Identifier: Apache-2.0 */
/* Segments in any order, overlapping and contradicting each other, held against a naive model: be32
 * first sequence number; then be16 place, length and flags, and the bytes of each. */
#include "net_fuzz.h"
#include "tests/unit/net/stream_model.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream_model m;
    struct slice in = slice_of(data, size);

    FUZZ_HOLDS(model_begin(&m, slice_be32(&in)));
    while (in.left > 4) {
        size_t at = slice_be16(&in) % MODEL_BYTES, len = slice_u8(&in);
        uint8_t flags = slice_u8(&in);

        len = (len << (flags >> 1 & 3)) < in.left ? len << (flags >> 1 & 3) : in.left;
        FUZZ_HOLDS(model_give(&m, at, slice_sub(&in, len), (flags & 0x81) == 0x81));
    }
    model_done(&m);
    return 0;
}
