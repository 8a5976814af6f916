/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/propose_inside.h"

#include <stdlib.h>

#include "agent/pay/jsonl.h"
#include "agent/pay/when.h"
#include "common/utf8.h"

enum { ARENA_BYTES = 256 * 1024 };

const char *const PROPOSE_TIMES[] = {"iso",
                                     "%d/%m/%Y %H:%M:%S",
                                     "%m/%d/%Y %H:%M:%S",
                                     "%d/%m/%Y %H:%M",
                                     "%m/%d/%Y %H:%M",
                                     "%d/%m/%Y",
                                     "%m/%d/%Y",
                                     "%d-%m-%Y %H:%M:%S",
                                     "%d-%m-%Y",
                                     "%d.%m.%Y %H:%M:%S",
                                     "%d/%m/%Y %I:%M:%S %p",
                                     "%m/%d/%Y %I:%M:%S %p",
                                     "%d/%b/%Y:%H:%M:%S %z",
                                     "%d %b %Y %H:%M:%S",
                                     "%Y%m%d%H%M%S",
                                     NULL};
_Static_assert(VG_ARRAY_LEN(PROPOSE_TIMES) <= VG_ARRAY_LEN(((struct column *)0)->formats) + 1,
               "a counter for each");

void
table_done(struct table *t)
{
    free(t->column);
    free(t->arena.data);
}

/* What stays within a line of YAML, in quotes and in a comment: no control characters (1.2, 5.1), none of
 * the further line ends of 1.1 (4.2: U+0085, U+2028, U+2029), no byte order mark, no U+FFFE. */
static bool
is_printable(struct slice s)
{
    while (s.left > 0) {
        uint32_t c = utf8_next(&s);

        if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
            (c & 0xfffe) == 0xfffe)
            return false;
    }
    return true;
}

/* Cut at a border between characters. */
static void
text_keep(char *to, size_t size, struct slice value)
{
    size_t n = value.left < size ? value.left : size - 1;

    while (n > 0 && n < value.left && (byte_at(value, n) & 0xc0) == 0x80)
        n--;
    memcpy(to, value.at, n);
    to[n] = '\0';
}

static void
value_remember(struct column *c, struct slice value)
{
    char text[COLUMN_VALUE_MAX];

    if (!is_printable(value))
        return;
    text_keep(text, sizeof text, value);
    for (unsigned i = 0; i < c->values && i < COLUMN_VALUES_MAX; i++)
        if (strcmp(c->value[i], text) == 0)
            return;
    if (c->values < COLUMN_VALUES_MAX)
        memcpy(c->value[c->values], text, sizeof text);
    if (c->values <= COLUMN_VALUES_MAX)
        c->values++;
}

static bool
is_clock(struct slice v)
{
    size_t colons = 0;

    for (size_t i = 0; i < v.left; i++)
        colons += byte_at(v, i) == ':';
    return v.left >= 4 && v.left <= 14 && byte_at(v, 0) >= '0' && byte_at(v, 0) <= '9' &&
           colons >= 1 && colons <= 2 && bytes_find(v, 0, '-') == v.left &&
           bytes_find(v, 0, '/') == v.left;
}

static bool
is_address(struct slice v)
{
    size_t dots = 0;

    for (size_t i = 0; i < v.left; i++) {
        dots += byte_at(v, i) == '.';
        if (byte_at(v, i) != '.' && (byte_at(v, i) < '0' || byte_at(v, i) > '9'))
            return false;
    }
    return dots == 3;
}

static bool
is_amount(struct slice v)
{
    int64_t number;

    return v.left <= 20 && (amount_parse(v, AMOUNT_DOT, 2, false, &number) == VG_OK ||
                            amount_parse(v, AMOUNT_COMMA, 2, false, &number) == VG_OK);
}

static void
column_look(struct column *c, struct slice value)
{
    struct when_zone utc = {.zone = NULL};
    char currency[4];
    int64_t number;

    value = bytes_trim(value);
    if (value.left == 0)
        return;
    c->filled++;
    value_remember(c, value);
    c->numbers += is_amount(value);
    c->wholes += amount_parse(value, AMOUNT_DOT, 2, true, &number) == VG_OK;
    c->clocks += is_clock(value);
    c->mails += bytes_find(value, 1, '@') < value.left;
    c->addresses += is_address(value);
    c->currencies += byte_at(value, 0) > '9' && amount_currency(value, currency);
    c->cards += value.left > 5 && memcmp(value.at, "card_", 5) == 0;
    for (size_t i = 0; PROPOSE_TIMES[i] != NULL; i++)
        c->formats[i] += when_parse(value, PROPOSE_TIMES[i], &utc, &number) == VG_OK;
    if (when_parse(value, "unix", &utc, &number) == VG_OK && value.left == 10)
        c->unix_s++;
    if (when_parse(value, "unix_ms", &utc, &number) == VG_OK && value.left == 13)
        c->unix_ms++;
}

static struct column *
column_add(struct table *t, struct slice name)
{
    struct column *c;

    name = bytes_trim(name);
    if (t->count == PROPOSE_COLUMNS_MAX || name.left == 0 || name.left >= COLUMN_NAME_MAX ||
        !is_printable(name))
        return NULL;
    c = &t->column[t->count++];
    text_keep(c->name, sizeof c->name, name);
    return c;
}

/* ---- tables ---- */

static enum vg_err
csv_read(struct table *t, struct slice head, bool whole)
{
    uint8_t delimiter = csv_guess_delimiter(bytes_part(head, 0, bytes_find(head, 0, '\n')));
    struct column *at[CSV_COLUMNS_MAX] = {NULL};
    size_t end, next, lines, columns = 0;

    if (delimiter == 0)
        return VG_ERR_NOENT;
    for (; t->rows <= PROPOSE_ROWS_MAX; t->rows++) {
        if (csv_record(head, delimiter, whole, &end, &next, &lines) != VG_OK)
            break;
        t->arena.len = 0;
        if (csv_split(bytes_part(head, 0, end), delimiter, &t->arena, &t->row) != VG_OK) {
            slice_skip(&head, next);
            continue;
        }
        if (t->rows == 0)
            columns = t->row.count;
        for (size_t i = 0; i < t->row.count && i < columns; i++) {
            if (t->rows == 0)
                at[i] = column_add(t, t->row.cell[i]);
            else if (at[i] != NULL)
                column_look(at[i], t->row.cell[i]);
        }
        slice_skip(&head, next);
    }
    t->rows -= t->rows > 0;
    return columns >= 2 && t->count >= 2 ? VG_OK : VG_ERR_NOENT;
}

/* ---- objects ---- */

static struct column *
column_find(struct table *t, struct slice name)
{
    for (size_t i = 0; i < t->count; i++)
        if (str_eq(str_of(t->column[i].name), bytes_str(name)))
            return &t->column[i];
    return column_add(t, name);
}

static void
member_take(void *ctx, struct slice path, struct slice value)
{
    struct table *t = ctx;
    struct column *c = column_find(t, path);

    if (c != NULL)
        column_look(c, value);
}

static enum vg_err
json_read(struct table *t, struct slice head, bool whole)
{
    size_t start, end, next, lines;

    t->json = true;
    while (t->rows < PROPOSE_ROWS_MAX &&
           jsonl_record(head, whole, &start, &end, &next, &lines) == VG_OK) {
        if (jsonl_each(bytes_part(head, start, end), member_take, t) == VG_OK)
            t->rows++;
        slice_skip(&head, next);
    }
    return t->rows > 0 ? VG_OK : VG_ERR_NOENT;
}

enum vg_err
table_read(struct table *t, struct slice head, bool whole)
{
    size_t at = 0;

    t->column = calloc(PROPOSE_COLUMNS_MAX, sizeof *t->column);
    t->arena.data = malloc(ARENA_BYTES);
    t->arena.room = ARENA_BYTES;
    if (t->column == NULL || t->arena.data == NULL)
        return VG_ERR_NOMEM;
    while (byte_at(head, at) == '[' || (byte_at(head, at) != 0 && byte_at(head, at) <= ' '))
        at++;
    return byte_at(head, at) == '{' ? json_read(t, head, whole) : csv_read(t, head, whole);
}
