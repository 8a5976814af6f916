/* SPDX-License-Identifier: Apache-2.0 */
/* csv: records and columns of any bytes; records cover the text once and move on. */
#include <stdlib.h>

#include "agent/pay/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct csv_arena arena = {.data = malloc(size + 1), .room = size};
    struct csv_row *row = malloc(sizeof *row);
    uint8_t delimiter = csv_guess_delimiter(text);
    size_t end, next, lines;

    if (arena.data == NULL || row == NULL)
        abort();
    while (csv_record(text, delimiter != 0 ? delimiter : ',', true, &end, &next, &lines) == VG_OK) {
        if (next == 0 || next > text.left || end > next)
            __builtin_trap();
        arena.len = 0;
        if (csv_split(bytes_part(text, 0, end), delimiter, &arena, row) == VG_OK &&
            (row->count == 0 || row->count > CSV_COLUMNS_MAX))
            __builtin_trap();
        slice_skip(&text, next);
    }
    if (text.left > 0)
        __builtin_trap();
    free(arena.data);
    free(row);
    return 0;
}
