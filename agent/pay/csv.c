/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/csv.h"

/* Behind the closing quote of a column that opens at `at`; text.left + 1 when it never closes. */
static size_t
quoted_end(struct slice text, size_t at)
{
    for (at++;; at += 2) {
        at = bytes_find(text, at, '"');
        if (at >= text.left)
            return text.left + 1;
        if (byte_at(text, at + 1) != '"')
            return at + 1;
    }
}

/* The line end that ends the record, with quotes regarded; text.left when it is not there,
 * text.left + 1 when a quote is left open. */
static size_t
record_end(struct slice text, uint8_t delimiter)
{
    size_t at = 0;

    for (;;) {
        if (byte_at(text, at) == '"') {
            at = quoted_end(text, at);
            if (at > text.left)
                return at;
        }
        while (at < text.left && byte_at(text, at) != delimiter && byte_at(text, at) != '\n')
            at++;
        if (at >= text.left || byte_at(text, at) == '\n')
            return at;
        at++;
    }
}

enum vg_err
csv_record(struct slice text, uint8_t delimiter, bool final, size_t *end, size_t *next,
           size_t *lines)
{
    size_t newline = bytes_find(text, 0, '\n'), at = newline, count = 1;

    if (text.left == 0)
        return VG_AGAIN;
    if (bytes_find(bytes_part(text, 0, newline), 0, '"') < newline) {
        at = record_end(text, delimiter);
        count = 1 + bytes_lines(bytes_part(text, 0, at));
        if (at > text.left && !final && count <= CSV_QUOTED_LINES_MAX)
            return VG_AGAIN;
        if (at > text.left || count > CSV_QUOTED_LINES_MAX) {
            at = newline;
            count = 1;
        }
    }
    if (at >= text.left && !final)
        return VG_AGAIN;
    *next = at < text.left ? at + 1 : text.left;
    *lines = count;
    *end = at > 0 && byte_at(text, at - 1) == '\r' ? at - 1 : at;
    return VG_OK;
}

/* The column that opens with a quote at *at; text behind its closing quote is kept as it stands. */
static enum vg_err
quoted_cell(struct slice record, uint8_t delimiter, size_t *at, struct csv_arena *arena,
            struct slice *out)
{
    size_t close = quoted_end(record, *at), end;
    struct slice inner;
    size_t start = arena->len;

    if (close > record.left)
        return VG_ERR_FORMAT;
    end = bytes_find(record, close, delimiter);
    inner = bytes_part(record, *at + 1, close - 1);
    *at = end;
    if (end == close && bytes_find(inner, 0, '"') == inner.left) {
        *out = inner;
        return VG_OK;
    }
    if (inner.left + (end - close) > arena->room - arena->len)
        return VG_ERR_LIMIT;
    for (size_t i = 0; i < inner.left; i++) {
        arena->data[arena->len++] = byte_at(inner, i);
        i += byte_at(inner, i) == '"';
    }
    for (size_t i = close; i < end; i++)
        arena->data[arena->len++] = byte_at(record, i);
    *out = slice_of(arena->data + start, arena->len - start);
    return VG_OK;
}

enum vg_err
csv_split(struct slice record, uint8_t delimiter, struct csv_arena *arena, struct csv_row *row)
{
    size_t at = 0;

    row->count = row->dropped = 0;
    for (;;) {
        struct slice cell;

        if (byte_at(record, at) == '"') {
            enum vg_err err = quoted_cell(record, delimiter, &at, arena, &cell);

            if (err != VG_OK)
                return err;
        } else {
            size_t start = at;

            at = bytes_find(record, at, delimiter);
            cell = bytes_part(record, start, at);
        }
        if (row->count < CSV_COLUMNS_MAX)
            row->cell[row->count++] = cell;
        else
            row->dropped++;
        if (at >= record.left)
            return VG_OK;
        at++;
    }
}

uint8_t
csv_guess_delimiter(struct slice line)
{
    static const uint8_t known[] = {',', ';', '\t', '|'};
    size_t seen[VG_ARRAY_LEN(known)] = {0}, best = 0;

    for (size_t i = 0; i < line.left; i++) {
        if (byte_at(line, i) == '"') {
            size_t close = quoted_end(line, i);

            i = close > line.left ? i : close - 1;
            continue;
        }
        for (size_t k = 0; k < VG_ARRAY_LEN(known); k++)
            seen[k] += byte_at(line, i) == known[k];
    }
    for (size_t k = 1; k < VG_ARRAY_LEN(known); k++)
        if (seen[k] > seen[best])
            best = k;
    return seen[best] > 0 ? known[best] : 0;
}
