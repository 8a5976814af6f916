/* SPDX-License-Identifier: Apache-2.0 */
/* envelope: records out of pages of any bytes; each step moves on and stays inside. */
#include "agent/pay/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str inside[] = {str_of("results"), str_of("orders")};

    for (int final = 0; final < 2; final++) {
        struct slice rest = slice_of(data, size);
        size_t start, end, next, lines;

        while (rest.left > 0) {
            enum vg_err err =
                envelope_record(rest, inside, 2, final != 0, &start, &end, &next, &lines);

            if (err == VG_AGAIN)
                break;
            if (next == 0 || next > rest.left || start > end || end > rest.left ||
                lines > rest.left)
                __builtin_trap();
            slice_skip(&rest, next);
        }
    }
    return 0;
}
