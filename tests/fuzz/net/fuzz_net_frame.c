/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of one link type: a byte for the link, then be16 length and bytes of each frame. */
#include "net_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int links[] = {1,   113, 276, 0,   108, 101, 12,  228, 229, 105,
                                127, 119, 163, 192, 9,   50,  51,  166, 204, 104,
                                107, 8,   6,   10,  100, 129, 239, 258, 109, 219};
    struct slice in = slice_of(data, size);
    struct fuzz_run run = {0};
    struct net_engine *e = fuzz_engine(&run);
    int link = links[slice_u8(&in) % VG_ARRAY_LEN(links)];
    int64_t t = 0;

    while (in.left > 2) {
        size_t len = slice_be16(&in) & 0x7ff;

        if (len > in.left)
            len = in.left;
        t += (int64_t)len * 1000000000; /* some flows time out */
        fuzz_frame(e, link, t, slice_sub(&in, len));
    }
    fuzz_done(&run, e);
    return 0;
}
