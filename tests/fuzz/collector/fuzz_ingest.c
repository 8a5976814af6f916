/* SPDX-License-Identifier: Apache-2.0 */
/* A batch from an agent that was taken over: first byte odd: packed. What is taken must be in order, of
 * the store, and whole. */
#include <stdlib.h>
#include <string.h>

#include "collector/ingest.h"

#define STORE "018f0000-0000-4000-8000-0000000000b1"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    bool packed = (slice_u8(&in) & 1) != 0;
    struct ingest out;
    int64_t before = 0;

    if (in.bad || ingest_parse(in, packed, STORE, 1, &out) != VG_OK)
        return 0;
    for (size_t i = 0; i < out.count; i++) {
        const struct ingest_record *r = &out.records[i];

        if (r->seq <= before || r->seq > STORAGE_SEQ_MAX)
            abort();
        before = r->seq;
        if (r->event != NULL && (strcmp(vg_json_str(r->event, "store", ""), STORE) != 0 ||
                                 vg_json_int(r->event, "seq", 0) != r->seq))
            abort();
        if (r->event == NULL && r->why[0] == '\0')
            abort();
    }
    json_decref(ingest_refused(&out));
    ingest_done(&out);
    return 0;
}
