/* SPDX-License-Identifier: Apache-2.0 */
/* listing: messages out of any bytes; records move on, values lie within their record. */
#include <stdlib.h>
#include <string.h>

#include "agent/pay/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const wanted[] = {"0", "2", "4", "39", "128"};
    struct names *names = calloc(1, sizeof *names);
    struct values *values = calloc(1, sizeof *values);
    struct slice rest = slice_of(data, size);
    size_t end, next, lines;
    uint8_t slot;

    if (names == NULL || values == NULL)
        abort();
    for (size_t i = 0; i < VG_ARRAY_LEN(wanted); i++)
        if (names_add(names, str_of(wanted[i]), &slot) != VG_OK)
            abort();
    (void)listing_is(rest);
    while (listing_record(rest, (size & 1) != 0, &end, &next, &lines) == VG_OK) {
        struct slice record = bytes_part(rest, 0, end);

        if (next == 0 || next > rest.left || end > next || lines == 0)
            __builtin_trap();
        memset(values, 0, sizeof *values);
        if (listing_read(record, names, values) == VG_OK)
            for (size_t i = 0; i < names->count; i++)
                if (values->present[i] &&
                    (values->value[i].at < record.at ||
                     values->value[i].at + values->value[i].left > record.at + record.left))
                    __builtin_trap();
        slice_skip(&rest, next);
    }
    free(values);
    free(names);
    return 0;
}
