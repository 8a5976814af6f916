/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/isodump.h"

enum {
    LINE_BYTES = 16,   /* of a dump */
    TYPE_AND_MAP = 10, /* bytes of a packed message at least */
    IS_LINES = 400,
    IS_ELEMENTS = 5,
    TPDU = 5
};

/* -1: none. */
static int
hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct bytes {
    uint8_t at[ISO_MESSAGE_MAX];
    size_t len;
};

/* Takes pairs of digits, with at most `gap` blanks between them, from *at on, at most `most`. */
static void
take_pairs(struct slice line, size_t *at, size_t gap, size_t most, struct bytes *out)
{
    size_t i = *at;

    for (size_t n = 0; n < most && out->len < ISO_MESSAGE_MAX; n++) {
        size_t blanks = 0;
        int high, low;

        while (n > 0 && blanks < gap && byte_at(line, i + blanks) == ' ')
            blanks++;
        high = hex_of(byte_at(line, i + blanks));
        low = hex_of(byte_at(line, i + blanks + 1));
        if (high < 0 || low < 0)
            break;
        out->at[out->len++] = (uint8_t)(high << 4 | low);
        i += blanks + 2;
    }
    *at = i;
}

/* A line of a dump that stands at this offset: its bytes are added. */
static bool
take_dump_line(struct slice line, struct bytes *out)
{
    size_t at = 0, digits, before = out->len;
    uint64_t offset = 0;

    while (byte_at(line, at) == ' ' || byte_at(line, at) == '\t')
        at++;
    for (digits = 0; digits <= 8 && hex_of(byte_at(line, at)) >= 0; digits++)
        offset = offset << 4 | (unsigned)hex_of(byte_at(line, at++));
    if (digits < 4 || digits > 8 || offset != out->len)
        return false;
    if (byte_at(line, at) == ':')
        at++;
    if (byte_at(line, at) != ' ')
        return false;
    while (byte_at(line, at) == ' ')
        at++;
    take_pairs(line, &at, 2, LINE_BYTES, out);
    return out->len > before;
}

static struct slice
line_at(struct slice text, size_t at, size_t *next)
{
    size_t newline = bytes_find(text, at, '\n');

    *next = newline < text.left ? newline + 1 : newline;
    return bytes_part(text, at, newline);
}

enum vg_err
isodump_record(struct slice text, bool final, size_t *end, size_t *next, size_t *lines)
{
    struct bytes dump;
    size_t at = 0, behind, count = 0;
    bool goes_on = true;

    dump.len = 0;
    while (at < text.left && goes_on) {
        struct slice line = line_at(text, at, &behind);

        if (at + line.left >= text.left && !final)
            return VG_AGAIN;
        goes_on = take_dump_line(line, &dump);
        if (!goes_on && count > 0)
            break;
        at = behind;
        count++;
        goes_on = goes_on && dump.len % LINE_BYTES == 0;
    }
    if (count == 0 || (goes_on && at >= text.left && !final))
        return VG_AGAIN;
    *end = *next = at;
    *lines = count;
    return VG_OK;
}

/* ---- one message ---- */

struct found {
    struct buf *out;       /* NULL: only whether there is one */
    size_t elements, from; /* from: where it begins in its line */
};

static bool
is_message(struct found *f, struct slice message, enum iso_form form)
{
    return isomsg_list(message, form, f->out, &f->elements) == VG_OK;
}

static bool
is_in_bytes(struct found *f, struct slice bytes)
{
    static const size_t before[] = {0, 2, 4, TPDU, 2 + TPDU};

    for (size_t i = 0; i < VG_ARRAY_LEN(before); i++)
        for (enum iso_form form = ISO_TEXT; form < ISO_FORMS; form++)
            if (is_message(f, bytes_part(bytes, before[i], bytes.left), form))
                return true;
    return false;
}

/* Without what a log puts behind a text. */
static struct slice
without_end(struct slice line)
{
    while (line.left > 0 && strchr("\"']>)|\r", byte_at(line, line.left - 1)) != NULL)
        line = bytes_part(line, 0, line.left - 1);
    return line;
}

/* A type and a bitmap in digits, where no other digit stands before but a length of four. */
static bool
is_in_text(struct found *f, struct slice line)
{
    size_t digits = 0; /* in a row, before `at` */

    for (size_t at = 0; at < line.left && at < ISODUMP_LOOK; at++) {
        bool digit = hex_of(byte_at(line, at)) >= 0;
        struct slice part = bytes_part(line, at, line.left);

        if (digit && (digits == 0 || digits == 4) &&
            (is_message(f, part, ISO_TEXT) || is_message(f, without_end(part), ISO_TEXT))) {
            f->from = at;
            return true;
        }
        digits = digit ? digits + 1 : 0;
    }
    return false;
}

static bool
is_in_hex(struct found *f, struct slice line)
{
    size_t at = 0;

    for (unsigned tries = 0; at < line.left && at < ISODUMP_LOOK && tries < ISODUMP_TRIES;) {
        struct bytes bytes;
        size_t end = at;

        bytes.len = 0;
        take_pairs(line, &end, 1, ISO_MESSAGE_MAX, &bytes);
        tries += bytes.len >= TYPE_AND_MAP;
        if (bytes.len >= TYPE_AND_MAP && hex_of(byte_at(line, end)) < 0 &&
            is_in_bytes(f, slice_of(bytes.at, bytes.len))) {
            f->from = at;
            return true;
        }
        while (hex_of(byte_at(line, at)) >= 0)
            at++; /* to the next word */
        while (at < line.left && hex_of(byte_at(line, at)) < 0)
            at++;
    }
    return false;
}

static bool
is_in_record(struct found *f, struct slice record)
{
    struct bytes dump;
    size_t next = 0;

    dump.len = 0;
    for (size_t at = 0; at < record.left; at = next)
        if (!take_dump_line(line_at(record, at, &next), &dump))
            break;
    if (dump.len >= TYPE_AND_MAP)
        return is_in_bytes(f, slice_of(dump.at, dump.len));
    record = line_at(record, 0, &next);
    return is_in_text(f, record) || is_in_hex(f, record);
}

bool
isodump_list(struct slice record, struct buf *out)
{
    struct found f = {.out = out};

    if (!is_in_record(&f, record))
        return false;
    for (size_t i = 0; i < f.from; i++)
        buf_put_u8(out, byte_at(record, i) < 0x80 ? byte_at(record, i) : '?');
    return true;
}

bool
isodump_is(struct slice text)
{
    size_t end, next, lines;

    for (size_t seen = 0; seen < IS_LINES && text.left > 0; seen += lines) {
        struct found f = {.out = NULL};

        if (isodump_record(text, true, &end, &next, &lines) != VG_OK)
            break;
        if (is_in_record(&f, bytes_part(text, 0, end)) && f.elements >= IS_ELEMENTS)
            return true;
        slice_skip(&text, next);
    }
    return false;
}
