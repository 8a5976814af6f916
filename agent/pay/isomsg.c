/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/isomsg.h"

#include <string.h>

#include "common/str.h"

enum { MAP_BYTES = 8, TEXT_MAX = 1000, TYPE_DIGITS = 4, CHIP = 55 };

/* n: digits; a: characters; p: printable ones of a private use, which may be any bytes where packed;
 * s: a sign and digits; z: track data; b: bytes. `prefix`: digits of the length that stands before it. */
struct format {
    char kind;
    uint8_t prefix;
    uint16_t most;
};

/* ISO 8583:1987, 4.4, table of data elements. */
static const struct format FORMATS[ISO_ELEMENTS + 1] = {
    [2] = {'n', 2, 19},   [3] = {'n', 0, 6},    [4] = {'n', 0, 12},   [5] = {'n', 0, 12},
    [6] = {'n', 0, 12},   [7] = {'n', 0, 10},   [8] = {'n', 0, 8},    [9] = {'n', 0, 8},
    [10] = {'n', 0, 8},   [11] = {'n', 0, 6},   [12] = {'n', 0, 6},   [13] = {'n', 0, 4},
    [14] = {'n', 0, 4},   [15] = {'n', 0, 4},   [16] = {'n', 0, 4},   [17] = {'n', 0, 4},
    [18] = {'n', 0, 4},   [19] = {'n', 0, 3},   [20] = {'n', 0, 3},   [21] = {'n', 0, 3},
    [22] = {'n', 0, 3},   [23] = {'n', 0, 3},   [24] = {'n', 0, 3},   [25] = {'n', 0, 2},
    [26] = {'n', 0, 2},   [27] = {'n', 0, 1},   [28] = {'s', 0, 8},   [29] = {'s', 0, 8},
    [30] = {'s', 0, 8},   [31] = {'s', 0, 8},   [32] = {'n', 2, 11},  [33] = {'n', 2, 11},
    [34] = {'a', 2, 28},  [35] = {'z', 2, 37},  [36] = {'z', 3, 104}, [37] = {'a', 0, 12},
    [38] = {'a', 0, 6},   [39] = {'a', 0, 2},   [40] = {'a', 0, 3},   [41] = {'a', 0, 8},
    [42] = {'a', 0, 15},  [43] = {'a', 0, 40},  [44] = {'p', 2, 25},  [45] = {'a', 2, 76},
    [46] = {'p', 3, 999}, [47] = {'p', 3, 999}, [48] = {'p', 3, 999}, [49] = {'a', 0, 3},
    [50] = {'a', 0, 3},   [51] = {'a', 0, 3},   [52] = {'b', 0, 8},   [53] = {'n', 0, 16},
    [54] = {'a', 3, 120}, [55] = {'p', 3, 999}, [56] = {'p', 3, 999}, [57] = {'p', 3, 999},
    [58] = {'p', 3, 999}, [59] = {'p', 3, 999}, [60] = {'p', 3, 999}, [61] = {'p', 3, 999},
    [62] = {'p', 3, 999}, [63] = {'p', 3, 999}, [64] = {'b', 0, 8},   [66] = {'n', 0, 1},
    [67] = {'n', 0, 2},   [68] = {'n', 0, 3},   [69] = {'n', 0, 3},   [70] = {'n', 0, 3},
    [71] = {'n', 0, 4},   [72] = {'n', 0, 4},   [73] = {'n', 0, 6},   [74] = {'n', 0, 10},
    [75] = {'n', 0, 10},  [76] = {'n', 0, 10},  [77] = {'n', 0, 10},  [78] = {'n', 0, 10},
    [79] = {'n', 0, 10},  [80] = {'n', 0, 10},  [81] = {'n', 0, 10},  [82] = {'n', 0, 12},
    [83] = {'n', 0, 12},  [84] = {'n', 0, 12},  [85] = {'n', 0, 12},  [86] = {'n', 0, 16},
    [87] = {'n', 0, 16},  [88] = {'n', 0, 16},  [89] = {'n', 0, 16},  [90] = {'n', 0, 42},
    [91] = {'a', 0, 1},   [92] = {'a', 0, 2},   [93] = {'a', 0, 5},   [94] = {'a', 0, 7},
    [95] = {'a', 0, 42},  [96] = {'b', 0, 8},   [97] = {'s', 0, 16},  [98] = {'a', 0, 25},
    [99] = {'n', 2, 11},  [100] = {'n', 2, 11}, [101] = {'a', 2, 17}, [102] = {'a', 2, 28},
    [103] = {'a', 2, 28}, [104] = {'p', 3, 100}};

/* 105 to 127 are for each network's own use; 65 would name a third bitmap. */
static struct format
format_of(unsigned n, enum iso_form form)
{
    if (n == ISO_ELEMENTS)
        return (struct format){'b', 0, 8};
    if (n > 104)
        return (struct format){'p', 3, 999};
    if (n >= 49 && n <= 51 && form == ISO_PACKED_CURRENCY)
        return (struct format){'n', 0, 3};
    return FORMATS[n];
}

struct reader {
    struct slice rest;
    bool packed, wrong;
    char text[TEXT_MAX + 1]; /* of the element that was read last */
    size_t len;
};

static void
put(struct reader *r, char c)
{
    if (r->len < TEXT_MAX)
        r->text[r->len++] = c;
}

static bool
is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* So many digits (track data: D for the separator), packed with a filler before or behind where they are
 * odd. */
static void
read_digits(struct reader *r, size_t n, bool track)
{
    static const char names[] = "0123456789=====F";
    struct slice bytes = slice_sub(&r->rest, r->packed ? (n + 1) / 2 : n);
    bool behind = r->packed && n % 2 == 1 &&
                  (track || (bytes.left > 0 && (bytes.at[bytes.left - 1] & 0x0f) == 0x0f));

    for (size_t i = 0; bytes.left > 0; i++) {
        uint8_t b = slice_u8(&bytes);

        if (!r->packed) {
            put(r, (char)b);
            continue;
        }
        if (n % 2 == 0 || i > 0 || behind)
            put(r, names[b >> 4]);
        else
            r->wrong = r->wrong || b >> 4 != 0;
        if (bytes.left > 0 || !behind)
            put(r, names[b & 0x0f]);
    }
    for (size_t i = 0; i < r->len; i++)
        r->wrong = r->wrong ||
                   !(is_digit(r->text[i]) || (track && is_one_of((uint8_t)r->text[i], "=DdF")));
}

/* A card number that was masked before it was logged is no number any more. */
static void
read_masked(struct reader *r, size_t n)
{
    struct slice bytes = slice_sub(&r->rest, n);

    while (bytes.left > 0)
        put(r, (char)slice_u8(&bytes));
    for (size_t i = 0; i < r->len; i++)
        r->wrong = r->wrong || !(is_digit(r->text[i]) || is_one_of((uint8_t)r->text[i], "*xX_"));
}

static void
read_text(struct reader *r, size_t n, bool any)
{
    struct slice bytes = slice_sub(&r->rest, n);

    while (bytes.left > 0) {
        uint8_t b = slice_u8(&bytes);
        bool shown = b >= 0x20 && b != 0x7f;

        r->wrong = r->wrong || !(shown || any);
        put(r, shown && b < 0x7f ? (char)b : '?');
    }
}

static void
read_bytes(struct reader *r, size_t n, bool hex)
{
    struct slice bytes = slice_sub(&r->rest, hex ? 2 * n : n);

    while (hex && bytes.left > 0)
        r->wrong = !is_one_of(slice_u8(&bytes), "0123456789ABCDEFabcdef") || r->wrong;
}

/* How long it is, by the number that stands before it. */
static size_t
read_length(struct reader *r, const struct format *f)
{
    size_t n = 0;

    if (f->prefix == 0)
        return f->most;
    r->len = 0;
    read_digits(r, f->prefix, false);
    for (size_t i = 0; i < r->len && !r->wrong; i++)
        n = 10 * n + (size_t)(r->text[i] - '0');
    r->wrong = r->wrong || n > f->most;
    return r->wrong ? 0 : n;
}

static void
read_element(struct reader *r, unsigned number, const struct format *f)
{
    size_t n = read_length(r, f);

    r->len = 0;
    switch (f->kind) {
    case 'n':
        if (number == 2 && !r->packed)
            read_masked(r, n);
        else
            read_digits(r, n, false);
        break;
    case 's':
        r->wrong = !is_one_of(slice_u8(&r->rest), "CD+-") || r->wrong;
        read_digits(r, n, false);
        break;
    case 'z':
        read_digits(r, n, true);
        break;
    case 'b':
        read_bytes(r, n, !r->packed);
        break;
    case 'a':
    case 'p':
        read_text(r, n, f->kind == 'p' && r->packed);
        break;
    default:
        r->wrong = true;
    }
    r->wrong = r->wrong || r->rest.bad;
}

/* Version, class, function and origin (4.2). */
static void
read_type(struct reader *r)
{
    read_digits(r, TYPE_DIGITS, false);
    r->wrong = r->wrong || r->rest.bad || r->len != TYPE_DIGITS || r->text[0] > '2' ||
               r->text[1] == '0' || r->text[1] == '9' || r->text[2] > '4' || r->text[3] > '5';
}

static uint64_t
read_map(struct reader *r, enum iso_form form)
{
    uint64_t map = 0;

    if (form != ISO_TEXT)
        return slice_be64(&r->rest);
    for (size_t i = 0; i < 2 * MAP_BYTES; i++) {
        uint8_t c = slice_u8(&r->rest);
        const char *digits = "0123456789ABCDEF";
        const char *at = c != 0 ? strchr(digits, c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c) : NULL;

        r->wrong = r->wrong || at == NULL;
        map = map << 4 | (at != NULL ? (uint64_t)(at - digits) : 0);
    }
    return map;
}

enum vg_err
isomsg_list(struct slice message, enum iso_form form, struct buf *out, size_t *elements)
{
    struct reader r = {.rest = message, .packed = form >= ISO_PACKED};
    uint64_t map[2] = {0, 0};
    size_t count = 0, kept = out != NULL ? out->len : 0;

    read_type(&r);
    if (r.wrong)
        return VG_ERR_FORMAT;
    if (out != NULL)
        buf_printf(out, "MTI: %.*s\n", TYPE_DIGITS, r.text);
    map[0] = read_map(&r, form);
    if (map[0] >> 63 != 0)
        map[1] = read_map(&r, form);
    for (unsigned n = 2; n <= ISO_ELEMENTS && !r.wrong && !r.rest.bad; n++) {
        struct format f = format_of(n, form);

        if ((map[(n - 1) / 64] >> (63 - (n - 1) % 64) & 1) == 0)
            continue;
        read_element(&r, n, &f);
        if (out != NULL && r.len > 0 && n != CHIP)
            buf_printf(out, "F%u: %.*s\n", n, (int)r.len, r.text);
        count++;
    }
    if (r.wrong || r.rest.bad || r.rest.left > 0 || count == 0) {
        if (out != NULL)
            out->len = kept; /* what it seemed to be */
        return VG_ERR_FORMAT;
    }
    *elements = count;
    return VG_OK;
}
