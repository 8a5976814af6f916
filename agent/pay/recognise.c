/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/recognise.h"

#include <stdlib.h>

#include "agent/pay/envelope.h"
#include "agent/pay/isodump.h"
#include "agent/pay/listing.h"
#include "agent/pay/textlog.h"

enum { LOOK_OBJECTS = 5, LOOK_LINES = 50, LOOK_ROWS = 500 };

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

/* How many of the names that are wanted stand in the line at `head`: all of them, or 0. */
static size_t
line_fit(const struct profile *p, struct slice head, bool whole, struct csv_arena *arena)
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

/* The first of the lines that may be the header and fits; *start is its beginning. */
static size_t
csv_fit(const struct profile *p, struct slice head, bool whole, struct csv_arena *arena,
        size_t *start)
{
    size_t at = 0, fit = 0;

    for (unsigned line = 0; line <= p->preamble && at < head.left; line++) {
        fit = line_fit(p, bytes_part(head, at, head.left), whole, arena);
        if (fit > 0) {
            *start = at;
            return fit;
        }
        at = bytes_find(head, at, '\n') + 1;
    }
    *start = 0;
    return 0;
}

size_t
recognise_start(const struct profile *p, struct slice head, bool whole, struct csv_arena *arena)
{
    size_t start = 0;

    if (p->preamble > 0)
        (void)csv_fit(p, head, whole, arena, &start);
    return start;
}

/* Of the first objects the one that fits best: a log of webhooks may begin with another sort. */
static size_t
json_fit(const struct profile *p, struct slice head, bool whole, struct csv_arena *arena)
{
    struct values *values = malloc(sizeof *values);
    size_t start, end, next, lines, best = 0;
    bool escaped;

    for (size_t k = 0; values != NULL && k < LOOK_OBJECTS; k++) {
        size_t matched = 0;

        if (envelope_record(head, p->inside, p->inside_count, whole, &start, &end, &next, &lines) !=
            VG_OK)
            break;
        arena->len = 0;
        memset(values, 0, sizeof *values);
        if (jsonl_read(bytes_part(head, start, end), &p->names, arena, values, &escaped) == VG_OK)
            for (size_t i = 0; i < p->recognise_count; i++)
                matched += values->present[p->recognise[i]];
        best = matched > best ? matched : best;
        slice_skip(&head, next);
    }
    free(values);
    return best == p->recognise_count ? best : 0;
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

/* Its magic, all of it; a statement without any entry is one, too. */
static size_t
tags_fit(const struct profile *p, struct slice head)
{
    for (size_t i = 0; i < p->magic_count; i++) {
        struct str want = p->magic[i];
        size_t at = bytes_find(head, 0, (uint8_t)want.at[0]);

        while (at < head.left &&
               (head.left - at < want.len ||
                memcmp(bytes_part(head, at, at + want.len).at, want.at, want.len) != 0))
            at = bytes_find(head, at + 1, (uint8_t)want.at[0]);
        if (at >= head.left)
            return 0;
    }
    return p->magic_count;
}

const struct profile *
recognise_head(const struct profiles *all, const char *only, struct slice head, bool whole,
               struct csv_arena *arena)
{
    const struct profile *best = NULL;
    size_t best_fit = 0;

    for (size_t i = 0; i < all->count; i++) {
        const struct profile *p = all->profile[i];
        size_t fit = 0, start;

        if (only != NULL && strcmp(p->name, only) != 0 && strcmp(p->family, only) != 0)
            continue;
        if (p->reader == PROFILE_TEXT)
            fit = text_fit(p, head, whole);
        else if (p->reader == PROFILE_LISTING)
            fit = listing_is(head);
        else if (p->reader == PROFILE_DUMP)
            fit = isodump_is(head);
        else if (p->magic_count > 0)
            fit = tags_fit(p, head);
        else if (p->recognise_count == 0)
            continue;
        else if (p->reader == PROFILE_CSV)
            fit = csv_fit(p, head, whole, arena, &start);
        else
            fit = json_fit(p, head, whole, arena);
        if (fit > best_fit) {
            best_fit = fit;
            best = p;
        }
    }
    return best;
}

struct look {
    const struct profile *p;
    const int16_t *map;
    size_t columns;
    struct amount_evidence amounts, others;
    struct dates dates;
};

/* The first column of the row that is not empty. */
static struct slice
cell_of(const struct look *l, const struct csv_row *row, const struct map_source *source)
{
    for (size_t k = 0; k < source->count; k++) {
        for (size_t i = 0; i < row->count && i < l->columns; i++) {
            struct slice cell = bytes_trim(row->cell[i]);

            if (l->map[i] == source->slot[k] && cell.left > 0)
                return cell;
        }
    }
    return slice_of(NULL, 0);
}

/* Digits and marks of a number, nothing else: no date, no time, no name. */
static bool
is_number(struct slice cell)
{
    size_t marks = 0, digits = 0;

    cell = bytes_trim(cell);
    for (size_t i = 0; i < cell.left; i++) {
        uint8_t c = byte_at(cell, i);

        if (c >= '0' && c <= '9')
            digits++;
        else if (c == '.' || c == ',')
            marks++;
        else if (i > 0 || (c != '-' && c != '$'))
            return false;
    }
    return digits > 1 && digits <= 12 && marks == 1;
}

static void
look_at(struct look *l, const struct csv_row *row)
{
    for (size_t i = 0; i < row->count && i < l->columns; i++) {
        for (size_t k = 0; k < l->p->base[MAP_AMOUNT].count; k++)
            if (l->map[i] == l->p->base[MAP_AMOUNT].slot[k])
                amount_look(&l->amounts, row->cell[i]);
        for (size_t k = 0; k < l->p->base[MAP_DEBIT].count; k++)
            if (l->map[i] == l->p->base[MAP_DEBIT].slot[k])
                amount_look(&l->amounts, row->cell[i]);
    }
    for (size_t i = 0; i < row->count; i++)
        if (is_number(row->cell[i]))
            amount_look(&l->others, row->cell[i]);
    dates_look(&l->dates, cell_of(l, row, &l->p->base[MAP_TIME]),
               cell_of(l, row, &l->p->base[MAP_CLOCK]));
}

void
recognise_rows(const struct profile *p, struct slice head, uint8_t delimiter,
               struct csv_arena *arena, struct recognised *out)
{
    int16_t map[CSV_COLUMNS_MAX];
    struct look look = {.p = p, .map = map};
    struct csv_row *row = malloc(sizeof *row);
    size_t end, next, lines, matched;

    dates_init(&look.dates, p);
    for (size_t i = 0; row != NULL && i < LOOK_ROWS; i++) {
        if (csv_record(head, delimiter, false, &end, &next, &lines) != VG_OK)
            break;
        arena->len = 0;
        if (csv_split(bytes_part(head, 0, end), delimiter, arena, row) == VG_OK) {
            if (i > 0) {
                look_at(&look, row);
            } else {
                recognise_header(p, row, map, &matched);
                look.columns = row->count;
            }
        }
        slice_skip(&head, next);
    }
    free(row);
    out->style = amount_decide(&look.amounts, &look.others);
    out->dropped = dates_decide(&look.dates, &out->dates);
}

/* ---- records that are no rows ---- */

void
recognise_look_init(struct recognise_look *l, const struct profile *p)
{
    *l = (struct recognise_look){.profile = p};
    dates_init(&l->dates, p);
}

static struct slice
value_of(const struct values *values, const struct map_source *source)
{
    for (size_t i = 0; i < source->count; i++)
        if (values->present[source->slot[i]]) {
            struct slice v = bytes_trim(values->value[source->slot[i]]);

            if (v.left > 0)
                return v;
        }
    return slice_of(NULL, 0);
}

void
recognise_look_record(struct recognise_look *l, const struct values *values)
{
    const struct map_source *base = l->profile->base;

    amount_look(&l->amounts, value_of(values, &base[MAP_AMOUNT]));
    amount_look(&l->amounts, value_of(values, &base[MAP_DEBIT]));
    dates_look(&l->dates, value_of(values, &base[MAP_TIME]), value_of(values, &base[MAP_CLOCK]));
}

void
recognise_look_decide(const struct recognise_look *l, struct recognised *out)
{
    struct amount_evidence amounts = l->amounts;

    /* A number of JSON has a decimal point and no groups (RFC 8259, 6): 9.705 is not thousands. */
    if (l->profile->reader == PROFILE_JSON)
        amounts.dot_group = 0;
    out->style = amount_decide(&amounts, NULL);
    out->dropped = dates_decide(&l->dates, &out->dates);
}
