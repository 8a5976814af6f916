/* SPDX-License-Identifier: Apache-2.0 */
/* isodump: dumps out of any bytes; records move on, what a message gives is lines of printable text. */
#include <stdlib.h>

#include "agent/pay/isodump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    size_t end, next, lines;
    struct buf out;

    buf_init(&out, 1 << 16);
    (void)isodump_is(rest);
    while (isodump_record(rest, (size & 1) != 0, &end, &next, &lines) == VG_OK) {
        if (next == 0 || next > rest.left || end > next || lines == 0)
            __builtin_trap();
        buf_clear(&out);
        if (isodump_list(bytes_part(rest, 0, end), &out)) {
            struct slice text = buf_slice(&out);

            if (out.bad || text.left < 10 || memcmp(text.at, "MTI: ", 5) != 0)
                __builtin_trap();
        } else if (out.len > 0) {
            __builtin_trap();
        }
        slice_skip(&rest, next);
    }
    buf_done(&out);
    return 0;
}
