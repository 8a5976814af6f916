/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/recognise.h"

#include <stdlib.h>

#include "agent/pay/jsonl.h"
#include "agent/pay/textlog.h"

enum { LOOK_LINES = 50, LOOK_ROWS = 500 };

static struct str
lower_name(struct slice cell, char low[NAME_BYTES_MAX])
{
    size_t n = 0;

    cell = bytes_trim(cell);
    for (; n < cell.left && n < NAME_BYTES_MAX; n++) {
        uint8_t c = byte_at(cell, n);

        low[n] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return str_n(low, n);
}

void
recognise_header(const struct profile *p, const struct csv_row *header, int16_t *map,
                 size_t *matched)
{
    bool there[NAMES_MAX] = {false};
    char low[NAME_BYTES_MAX];

    for (size_t i = 0; i < header->count; i++) {
        int slot = names_find(&p->names, lower_name(header->cell[i], low));

        map[i] = (int16_t)slot;
        if (slot >= 0 && there[slot])
            map[i] = -1; /* a second column of the same name: the first one counts */
        else if (slot >= 0)
            there[slot] = true;
    }
    *matched = 0;
    for (size_t i = 0; i < p->recognise_count; i++)
        *matched += there[p->recognise[i]];
}

static size_t
csv_fit(const struct profile *p, struct slice head, bool whole, struct csv_arena *arena)
{
    int16_t map[CSV_COLUMNS_MAX];
    struct csv_row *row = malloc(sizeof *row);
    size_t end, next, lines, matched = 0;
    uint8_t delimiter = p->delimiter;

    if (row == NULL)
        return 0;
    if (delimiter == 0)
        delimiter = csv_guess_delimiter(bytes_part(head, 0, bytes_find(head, 0, '\n')));
    arena->len = 0;
    if (delimiter != 0 && csv_record(head, delimiter, whole, &end, &next, &lines) == VG_OK &&
        csv_split(bytes_part(head, 0, end), delimiter, arena, row) == VG_OK)
        recognise_header(p, row, map, &matched);
    free(row);
    return matched == p->recognise_count ? matched : 0;
}

static size_t
json_fit(const struct profile *p, struct slice head, bool whole, struct csv_arena *arena)
{
    struct values *values = calloc(1, sizeof *values);
    size_t start, end, next, lines, matched = 0;
    bool escaped;

    if (values == NULL)
        return 0;
    arena->len = 0;
    if (jsonl_record(head, whole, &start, &end, &next, &lines) == VG_OK &&
        jsonl_read(bytes_part(head, start, end), &p->names, arena, values, &escaped) == VG_OK)
        for (size_t i = 0; i < p->recognise_count; i++)
            matched += values->present[p->recognise[i]];
    free(values);
    return matched == p->recognise_count ? matched : 0;
}

/* 1 when at least half of the lines that are not to be ignored fit. */
static size_t
text_fit(const struct profile *p, struct slice head, bool whole)
{
    struct values *values = calloc(1, sizeof *values);
    size_t fit = 0, seen = 0, at = 0;

    for (size_t i = 0; values != NULL && i < LOOK_LINES && at < head.left; i++) {
        size_t end = bytes_find(head, at, '\n');
        struct slice line = bytes_part(head, at, end);
        enum vg_err err;

        if (end >= head.left && !whole)
            break;
        if (line.left > 0 && byte_at(line, line.left - 1) == '\r')
            line = bytes_part(line, 0, line.left - 1);
        err = textlog_read(p->text, line, values);
        seen += err != VG_END;
        fit += err == VG_OK;
        at = end + 1;
    }
    free(values);
    return fit > 0 && fit * 2 >= seen;
}

const struct profile *
recognise_head(const struct profiles *all, const char *only, struct slice head, bool whole,
               struct csv_arena *arena)
{
    const struct profile *best = NULL;
    size_t best_fit = 0;

    for (size_t i = 0; i < all->count; i++) {
        const struct profile *p = all->profile[i];
        size_t fit = 0;

        if (only != NULL && strcmp(p->name, only) != 0 && strcmp(p->family, only) != 0)
            continue;
        if (p->reader == PROFILE_TEXT)
            fit = text_fit(p, head, whole);
        else if (p->recognise_count == 0)
            continue;
        else if (p->reader == PROFILE_CSV)
            fit = csv_fit(p, head, whole, arena);
        else
            fit = json_fit(p, head, whole, arena);
        if (fit > best_fit) {
            best_fit = fit;
            best = p;
        }
    }
    return best;
}

static void
look_at(const struct profile *p, const struct csv_row *row, const int16_t *map, size_t columns,
        struct amount_evidence *e)
{
    for (size_t i = 0; i < row->count && i < columns; i++) {
        for (size_t k = 0; k < p->base[MAP_AMOUNT].count; k++)
            if (map[i] == p->base[MAP_AMOUNT].slot[k])
                amount_look(e, row->cell[i]);
        for (size_t k = 0; k < p->base[MAP_DEBIT].count; k++)
            if (map[i] == p->base[MAP_DEBIT].slot[k])
                amount_look(e, row->cell[i]);
    }
}

enum amount_style
recognise_style(const struct profile *p, struct slice head, uint8_t delimiter,
                struct csv_arena *arena)
{
    struct amount_evidence evidence = {0};
    int16_t map[CSV_COLUMNS_MAX];
    struct csv_row *row = malloc(sizeof *row);
    size_t end, next, lines, columns = 0, matched;

    for (size_t i = 0; row != NULL && i < LOOK_ROWS; i++) {
        if (csv_record(head, delimiter, false, &end, &next, &lines) != VG_OK)
            break;
        arena->len = 0;
        if (csv_split(bytes_part(head, 0, end), delimiter, arena, row) == VG_OK) {
            if (i == 0) {
                recognise_header(p, row, map, &matched);
                columns = row->count;
            } else {
                look_at(p, row, map, columns, &evidence);
            }
        }
        slice_skip(&head, next);
    }
    free(row);
    return amount_decide(&evidence);
}
