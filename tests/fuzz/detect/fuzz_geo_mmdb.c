/* SPDX-License-Identifier: Apache-2.0 */
/* A MaxMind DB as far as we read it ourselves: the input as a file's end, and as a data section. */
#include "agent/detect/geo_mmdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_of(data, size);
    struct slice tail = slice_of(data, size < GEO_MMDB_TAIL ? size : GEO_MMDB_TAIL);
    volatile uint8_t sum = 0;

    sum = (uint8_t)geo_mmdb_check(tail, size);
    for (uint64_t at = 0; at < size && at < 64; at++) {
        struct slice text = geo_mmdb_text(all, at, "country_code", "");

        if (text.bad)
            text = geo_mmdb_text(all, at, "country", "iso_code");
        while (text.left > 0)
            sum = (uint8_t)(sum + slice_u8(&text));
    }
    return 0;
}
