/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's reading of a worker's stream: frames, gate, fields. */
#include <stdlib.h>

#include "agent/link/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum vg_err
read_fields(void *role, struct slice payload)
{
    struct slice first = frame_text(&payload);
    struct slice second = frame_text(&payload);
    volatile uint8_t *sum = role;

    *sum = (uint8_t)(*sum + slice_u8(&first) + slice_u8(&second) + slice_be16(&payload));
    while (payload.left > 0)
        *sum = (uint8_t)(*sum + slice_u8(&payload));
    return VG_OK;
}

static const struct frame_rule RULES[] = {
    {FRAME_EVENT, 0, 4096, FRAME_ANY_TIMES, 3, 8192, read_fields},
    {FRAME_STATE, 6, FRAME_BYTES_MAX, FRAME_ANY_TIMES, FRAME_ANY_TIMES, 65536, read_fields},
    {FRAME_COMMIT, 8, 8, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES, read_fields},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_gate gate = {.rules = RULES, .count = VG_ARRAY_LEN(RULES)};
    struct slice in = slice_of(data, size), payload;
    enum frame_type type;
    uint8_t sum = 0;

    while (frame_next(&in, &type, &payload) == VG_OK)
        if (frame_gate_pass(&gate, &sum, type, payload) != VG_OK)
            break;
    return 0;
}
