/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail_encode.h"

#include <string.h>

#include "common/utf8.h"

enum {
    LINE_MAX_CHARS = 76,
    WORD_FRAME = 12, /* "=?UTF-8?B?" and "?=" */
    VALUE_MAX = 4 * MAIL_HEADER_MAX,
};

static bool
is_plain(struct slice s)
{
    while (s.left > 0) {
        uint8_t c = slice_u8(&s);

        if (c < 0x20 || c > 0x7e)
            return false;
    }
    return true;
}

static void
put_base64(struct buf *out, struct slice in)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    while (in.left > 0) {
        size_t n = in.left < 3 ? in.left : 3;
        uint32_t v = (uint32_t)slice_u8(&in) << 16;

        if (n > 1)
            v |= (uint32_t)slice_u8(&in) << 8;
        if (n > 2)
            v |= slice_u8(&in);
        buf_put_u8(out, (uint8_t)alphabet[v >> 18]);
        buf_put_u8(out, (uint8_t)alphabet[v >> 12 & 63]);
        buf_put_u8(out, (uint8_t)(n > 1 ? alphabet[v >> 6 & 63] : '='));
        buf_put_u8(out, (uint8_t)(n > 2 ? alphabet[v & 63] : '='));
    }
}

/* The longest prefix of whole characters within n bytes. */
static size_t
whole_chars(struct slice s, size_t n)
{
    size_t done = 0, len;

    while ((len = utf8_len(s)) > 0 && done + len <= n) {
        done += len;
        slice_skip(&s, len);
    }
    return done;
}

/* Encoded words, one a line; each holds whole characters (RFC 2047, 5). `column` is where the line
 * stands, well before its end. */
static void
put_words(struct buf *out, struct slice text, size_t column)
{
    bool first = true;

    while (text.left > 0) {
        size_t n = whole_chars(text, (LINE_MAX_CHARS - column - WORD_FRAME) / 4 * 3);

        if (n == 0)
            return; /* not reached: the text was made by utf8_put_line() */
        if (!first)
            buf_put_str(out, "\r\n ");
        buf_put_str(out, "=?UTF-8?B?");
        put_base64(out, slice_sub(&text, n));
        buf_put_str(out, "?=");
        first = false;
        column = 1;
    }
}

/* Length of the next word with the spaces before it. */
static size_t
word_len(struct slice s)
{
    size_t n = 0;
    bool in_word = false;

    while (s.left > 0) {
        uint8_t c = slice_u8(&s);

        if (c == ' ' && in_word)
            return n;
        in_word = in_word || c != ' ';
        n++;
    }
    return n;
}

/* Printable ASCII, folded before spaces; `column` is where the line stands. */
static void
put_folded(struct buf *out, struct slice text, size_t column)
{
    bool first = true;

    while (text.left > 0) {
        size_t n = word_len(text);

        if (!first && column + n > LINE_MAX_CHARS) {
            buf_put_str(out, "\r\n");
            column = 0;
        }
        buf_put(out, slice_take(&text, n), n);
        column += n;
        first = false;
    }
}

static struct slice
cut(struct slice s)
{
    return slice_sub(&s, s.left > MAIL_HEADER_MAX ? whole_chars(s, MAIL_HEADER_MAX) : s.left);
}

/* A word that is longer than a line, or that looks like an encoded one, is encoded too; so are spaces
 * side by side, which would make a line too long or an empty one. */
static bool
needs_words(struct slice s)
{
    size_t run = 0;
    uint8_t last = 0;

    if (!is_plain(s))
        return true;
    while (s.left > 0) {
        uint8_t c = slice_u8(&s);

        if ((last == '=' && c == '?') || (last == ' ' && c == ' '))
            return true;
        run = c == ' ' ? 0 : run + 1;
        if (run > LINE_MAX_CHARS - 16)
            return true;
        last = c;
    }
    return last == ' ';
}

void
mail_put_header(struct buf *out, const char *name, const char *value)
{
    struct buf line;
    struct slice s;

    buf_init(&line, VALUE_MAX);
    utf8_put_line(&line, slice_of(value, strnlen(value, VALUE_MAX / 4)));
    if (line.bad)
        out->bad = true;
    s = cut(buf_slice(&line));
    buf_put_str(out, name);
    buf_put_str(out, ": ");
    if (needs_words(s))
        put_words(out, s, strlen(name) + 2);
    else
        put_folded(out, s, strlen(name) + 2);
    buf_put_str(out, "\r\n");
    buf_done(&line);
}

void
mail_put_address(struct buf *out, const char *name, const char *display, const char *address)
{
    struct buf line;
    struct slice s;

    if (display == NULL || display[0] == '\0') {
        buf_printf(out, "%s: <%s>\r\n", name, address);
        return;
    }
    buf_init(&line, VALUE_MAX);
    utf8_put_line(&line, slice_of(display, strnlen(display, MAIL_HEADER_MAX)));
    if (line.bad)
        out->bad = true;
    s = buf_slice(&line);
    buf_printf(out, "%s: ", name);
    put_words(out, s, strlen(name) + 2); /* always words: no quoting rules to get wrong */
    buf_printf(out, "\r\n <%s>\r\n", address);
    buf_done(&line);
}

/* The next byte without taking it; 0 at the end. */
static uint8_t
peek(struct slice s)
{
    return slice_u8(&s);
}

/* One byte as quoted-printable writes it: itself or =XX. White space must not end a line; a dot at
 * its start would need the transport's care, and an F might begin a "From ". */
static size_t
qp_form(uint8_t c, bool at_start, bool at_end, char form[3])
{
    static const char hex[] = "0123456789ABCDEF";
    bool space = c == ' ' || c == '\t';
    bool plain = c > 0x20 && c < 0x7f && c != '=' && !(at_start && (c == '.' || c == 'F'));

    if (plain || (space && !at_end)) {
        form[0] = (char)c;
        return 1;
    }
    form[0] = '=';
    form[1] = hex[c >> 4];
    form[2] = hex[c & 15];
    return 3;
}

void
mail_put_quoted_printable(struct buf *out, struct slice text)
{
    size_t column = 0;

    while (text.left > 0) {
        uint8_t c = slice_u8(&text), next = peek(text);
        bool at_end = text.left == 0 || next == '\n' || next == '\r';
        char form[3];
        size_t n;

        if (c == '\r' || c == '\n') {
            if (c == '\r' && next == '\n')
                slice_skip(&text, 1);
            buf_put_str(out, "\r\n");
            column = 0;
            continue;
        }
        n = qp_form(c, column == 0, at_end, form);
        if (column + n > LINE_MAX_CHARS - 1) { /* room for the soft line break */
            buf_put_str(out, "=\r\n");
            n = qp_form(c, true, at_end, form);
            column = 0;
        }
        buf_put(out, form, n);
        column += n;
    }
    if (column > 0)
        buf_put_str(out, "\r\n");
}
