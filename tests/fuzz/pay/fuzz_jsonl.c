/* SPDX-License-Identifier: Apache-2.0 */
/* jsonl: objects of any bytes; records move on, values lie in the record or the arena. */
#include <stdlib.h>

#include "agent/pay/jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
values_check(const struct values *v, size_t count)
{
    volatile uint8_t sum = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; v->present[i] && k < v->value[i].left; k++)
            sum = (uint8_t)(sum + byte_at(v->value[i], k)); /* readable to its last byte */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const wanted[] = {"a", "a.b", "a.0", "id", "data.object.amount"};
    struct slice text = slice_of(data, size);
    struct csv_arena arena = {.data = malloc(size + 1), .room = size};
    struct names *names = calloc(1, sizeof *names);
    struct values *values = calloc(1, sizeof *values);
    size_t start, end, next, lines;
    enum vg_err err;
    uint8_t slot;

    if (arena.data == NULL || names == NULL || values == NULL)
        abort();
    for (size_t i = 0; i < VG_ARRAY_LEN(wanted); i++)
        if (names_add(names, str_of(wanted[i]), &slot) != VG_OK)
            abort();
    while ((err = jsonl_record(text, true, &start, &end, &next, &lines)) != VG_AGAIN) {
        bool escaped;

        if (next == 0 || next > text.left || start > end || end > text.left)
            __builtin_trap();
        arena.len = 0;
        for (size_t i = 0; i < names->count; i++)
            values->present[i] = false;
        if (err == VG_OK &&
            jsonl_read(bytes_part(text, start, end), names, &arena, values, &escaped) == VG_OK)
            values_check(values, names->count);
        slice_skip(&text, next);
    }
    free(arena.data);
    free(names);
    free(values);
    return 0;
}
