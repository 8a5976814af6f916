/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/listing.h"

#include <stdio.h>
#include <string.h>

/* A message that shows so few elements is no listing of one. */
enum { ELEMENTS_LEAST = 3, IS_LINES = 400 };

static bool
is_letter(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

static bool
is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

/* Whether `word`, in small letters, stands at `at`, whatever its case. */
static bool
stands(struct slice line, size_t at, const char *word)
{
    for (; *word != '\0'; word++, at++) {
        uint8_t b = byte_at(line, at);

        if ((b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b) != (uint8_t)*word)
            return false;
    }
    return true;
}

/* Past what stands between a word and its number, or a number and its value. */
static size_t
past(struct slice line, size_t at, const char *what)
{
    while (byte_at(line, at) != 0 && strchr(what, byte_at(line, at)) != NULL)
        at++;
    return at;
}

/* The number at `at`, behind which *end is; -1: none that an element can have. */
static int
number_at(struct slice line, size_t at, size_t *end)
{
    int n = 0;
    size_t digits = 0;

    for (; digits < 4 && is_digit(byte_at(line, at)); digits++)
        n = n * 10 + (byte_at(line, at++) - '0');
    *end = at;
    return digits == 0 || digits > 3 || n > LISTING_ELEMENTS || is_letter(byte_at(line, at)) ||
                   byte_at(line, at) == '_'
               ? -1
               : n;
}

/* An element's number behind a word for one, at `at`. */
static int
element_at(struct slice line, size_t at, size_t *end)
{
    static const struct {
        const char *word, *between;
    } words[] = {
        {"data element", " _.#-[("},
        {"element", " _.#-[("},
        {"field", " _.#-[("},
        {"fld", " _.#-[("},
        {"bit", " _.#-[("},
        {"de", " _.#-[("},
        {"df", " _.#-[("},
        {"f", " _.#-[("},
        {"p", "-"},
        {"s", "-"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++) {
        int n;

        if (!stands(line, at, words[i].word))
            continue;
        n = number_at(line, past(line, at + strlen(words[i].word), words[i].between), end);
        if (n >= 0)
            return n;
    }
    return -1;
}

/* Without quotes and brackets around it. */
static struct slice
unwrapped(struct slice v)
{
    v = bytes_trim(v);
    while (v.left >= 2) {
        uint8_t a = byte_at(v, 0), z = byte_at(v, v.left - 1);

        if (!((a == '"' && z == '"') || (a == '\'' && z == '\'') || (a == '[' && z == ']') ||
              (a == '<' && z == '>')))
            break;
        v = bytes_trim(bytes_part(v, 1, v.left - 1));
    }
    return v;
}

/* What stands behind the first separator. */
static struct slice
value_behind(struct slice line, size_t at)
{
    while (at < line.left && byte_at(line, at) != ':' && byte_at(line, at) != '=')
        at++;
    if (at >= line.left)
        return slice_of(NULL, 0);
    return unwrapped(bytes_part(line, past(line, at, ":=>"), line.left));
}

static bool
is_type(struct slice v)
{
    return v.left == 4 && is_digit(byte_at(v, 0)) && is_digit(byte_at(v, 1)) &&
           is_digit(byte_at(v, 2)) && is_digit(byte_at(v, 3));
}

/* The message type that the words at `at` announce; empty: none. */
static struct slice
type_at(struct slice line, size_t at)
{
    static const char *const words[] = {"mti", "message type", "msgtype", "msg type"};
    struct slice none = slice_of(NULL, 0);

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++) {
        struct slice v;

        if (!stands(line, at, words[i]))
            continue;
        v = value_behind(line, at);
        if (v.left == 0) /* "MTI 0210" */
            v = unwrapped(bytes_part(line, past(line, at + strlen(words[i]), " \t])."), line.left));
        if (is_type(v))
            return v;
    }
    return none;
}

/* An element or the type behind a word for it, wherever it stands. */
static int
by_word(struct slice line, struct slice *value)
{
    size_t end;

    for (size_t at = 0; at < line.left; at++) {
        int n;

        if (!is_letter(byte_at(line, at)) || (at > 0 && is_letter(byte_at(line, at - 1))))
            continue;
        *value = type_at(line, at);
        if (value->left > 0)
            return 0;
        n = element_at(line, at, &end);
        if (n < 0)
            continue;
        *value = value_behind(line, end);
        if (value->left > 0 && (n > 0 || is_type(*value)))
            return n;
    }
    return -1;
}

/* What a line tells: the element's number and its value. -1: nothing. */
static int
line_read(struct slice line, struct slice *value)
{
    size_t end;
    int n;

    line = bytes_part(line, 0, LISTING_LOOK);
    n = by_word(line, value);
    if (n >= 0)
        return n;
    /* By itself at the beginning ("002: ..."), where it is not the time of day. */
    n = number_at(line, past(line, 0, " \t|*-+>[("), &end);
    if (n <= 0 || (byte_at(line, end) == ':' && is_digit(byte_at(line, end + 1))))
        return -1;
    *value = value_behind(line, end);
    return value->left > 0 ? n : -1;
}

/* The line at `at`, without its end; *next is behind it. */
static struct slice
line_at(struct slice text, size_t at, size_t *next)
{
    size_t newline = bytes_find(text, at, '\n');
    struct slice line = bytes_part(text, at, newline);

    *next = newline < text.left ? newline + 1 : newline;
    if (line.left > 0 && byte_at(line, line.left - 1) == '\r')
        line = bytes_part(line, 0, line.left - 1);
    return line;
}

enum vg_err
listing_record(struct slice text, bool final, size_t *end, size_t *next, size_t *lines)
{
    struct slice value, line;
    size_t at = 0, behind, elements = 0, count = 0;
    bool message = false;

    while (at < text.left) {
        int n;

        line = line_at(text, at, &behind);
        if (bytes_find(text, at, '\n') >= text.left && !final)
            return VG_AGAIN;
        n = line_read(line, &value);
        if ((n == 0 && message && elements > 0) ||
            (message && elements > 0 && bytes_trim(line).left == 0)) {
            *end = *next = at;
            *lines = count;
            return VG_OK;
        }
        message = message || n == 0;
        elements += n > 0;
        count++;
        at = behind;
        if (!message)
            break; /* a line of its own */
    }
    if (at == 0 || (message && !final))
        return VG_AGAIN;
    *end = *next = at;
    *lines = count;
    return VG_OK;
}

enum vg_err
listing_read(struct slice record, const struct names *names, struct values *out)
{
    bool message = false;

    for (size_t at = 0; at < record.left;) {
        struct slice value, line = line_at(record, at, &at);
        int n = line_read(line, &value), slot;
        char name[8];

        if (n < 0)
            continue;
        message = message || n == 0;
        (void)snprintf(name, sizeof name, "%d", n);
        slot = names_find(names, str_of(name));
        if (slot >= 0 && !out->present[slot]) {
            out->present[slot] = true;
            out->value[slot] = value;
        }
    }
    return message ? VG_OK : VG_END;
}

bool
listing_is(struct slice text)
{
    size_t elements = 0, at = 0;
    bool message = false;

    for (size_t i = 0; i < IS_LINES && at < text.left && elements < ELEMENTS_LEAST; i++) {
        struct slice value, line = line_at(text, at, &at);
        int n = line_read(line, &value);

        message = message || n == 0;
        elements += message && n > 1;
    }
    return elements >= ELEMENTS_LEAST;
}
