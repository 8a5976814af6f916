/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/mime_fields.h"

#include "agent/net/proto/words.h"

enum { WORD_BYTES_MAX = 512, PARAMS_MAX = 64 };

struct writer {
    char *out;
    size_t size, len;
    bool latin, full;
};

static void
put_byte(struct writer *w, uint8_t c)
{
    if (w->len + 1 >= w->size) {
        w->full = true;
        return;
    }
    w->out[w->len++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
}

/* One character of the word's set. */
static void
put_char(struct writer *w, uint8_t c)
{
    if (w->latin && c >= 0x80) {
        put_byte(w, (uint8_t)(0xc0 | c >> 6));
        c = (uint8_t)(0x80 | (c & 0x3f));
    }
    put_byte(w, c);
}

static struct str
written(struct writer *w)
{
    while (w->full && w->len > 0 && (uint8_t)w->out[w->len - 1] >= 0x80)
        w->len--; /* perhaps half a character */
    w->out[w->len] = '\0';
    return str_n(w->out, w->len);
}

static bool
is_latin(struct str charset)
{
    return words_begin(charset, "iso-8859-1") || words_begin(charset, "windows-1252");
}

/* `mark` and two hex digits are one character ('=' of Q, '%' of RFC 2231). */
static void
put_escaped(struct writer *w, struct str text, uint8_t mark, bool underscores)
{
    struct slice in = slice_of(text.at, text.len);

    while (in.left > 0) {
        struct slice ahead = in;
        uint8_t c = slice_u8(&in);
        int high, low;

        slice_skip(&ahead, 1);
        high = words_hex(slice_u8(&ahead));
        low = words_hex(slice_u8(&ahead));
        if (c == mark && !ahead.bad && high >= 0 && low >= 0) {
            put_char(w, (uint8_t)(high << 4 | low));
            in = ahead;
        } else {
            put_char(w, underscores && c == '_' ? ' ' : c);
        }
    }
}

/* "=?charset?B?...?=" at the beginning of *in; false (and nothing taken) where there is none. */
static bool
take_word(struct writer *w, struct str *in)
{
    struct str rest = words_skip(*in, 2), charset, coding, text;

    if (!words_begin(*in, "=?"))
        return false;
    charset = words_until(&rest, '?');
    coding = words_until(&rest, '?');
    text = words_until(&rest, '?');
    if (coding.len != 1 || rest.len == 0 || rest.at[0] != '=')
        return false;
    w->latin = is_latin(charset);
    if (words_is(coding, "Q")) {
        put_escaped(w, text, '=', true);
    } else {
        uint8_t bytes[WORD_BYTES_MAX];
        size_t n = words_base64(text, bytes, sizeof(bytes));

        for (size_t i = 0; i < n; i++)
            put_char(w, bytes[i]);
    }
    w->latin = false;
    *in = words_skip(rest, 1);
    return true;
}

static struct str
decode_words(struct str value, char *out, size_t size)
{
    struct writer w = {.out = out, .size = size};

    while (value.len > 0 && !w.full) {
        struct str after;

        if (!take_word(&w, &value)) {
            put_byte(&w, (uint8_t)value.at[0]);
            value = words_skip(value, 1);
            continue;
        }
        after = words_trim(value); /* blanks between two encoded words do not count */
        if (words_begin(after, "=?"))
            value = after;
    }
    return written(&w);
}

struct str
mime_field_text(struct str value, char *out, size_t size)
{
    return decode_words(words_trim(value), out, size);
}

struct str
mime_field_value(struct str value)
{
    return words_trim(words_until(&value, ';'));
}

/* The next "name=value" of *rest; a value in quotes without them (`escapes`: with backslashes). */
static bool
next_param(struct str *rest, struct str *name, struct str *value, bool *quoted)
{
    *rest = words_trim(*rest);
    if (rest->len == 0)
        return false;
    if (memchr(rest->at, '=', rest->len) == NULL)
        return false;
    *name = words_trim(words_until(rest, '='));
    *rest = words_trim(*rest);
    *quoted = rest->len > 0 && rest->at[0] == '"';
    if (*quoted) {
        *rest = words_skip(*rest, 1);
        *value = words_until(rest, '"');
        (void)words_until(rest, ';');
    } else {
        *value = words_trim(words_until(rest, ';'));
    }
    return true;
}

static void
put_plain(struct writer *w, struct str value)
{
    char text[WORD_BYTES_MAX];
    struct str s = decode_words(value, text, sizeof(text)); /* many mailers do, against RFC 2047 */

    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] != '\\' || i + 1 == s.len)
            put_byte(w, (uint8_t)s.at[i]);
}

/* RFC 2231: *0, *1, ... are parts; a star at the end: escaped, the first one with its charset. */
static void
put_part(struct writer *w, struct str suffix, struct str value)
{
    bool escaped = suffix.len > 0 && suffix.at[suffix.len - 1] == '*';

    if (!escaped) {
        put_plain(w, value);
        return;
    }
    if (suffix.len == 1 || words_begin(suffix, "*0")) {
        w->latin = is_latin(words_until(&value, '\''));
        (void)words_until(&value, '\'');
    }
    put_escaped(w, value, '%', false);
}

struct str
mime_field_param(struct str value, const char *name, char *out, size_t size)
{
    struct writer w = {.out = out, .size = size};
    struct str key, text;
    bool quoted;

    (void)words_until(&value, ';');
    for (unsigned i = 0; i < PARAMS_MAX && next_param(&value, &key, &text, &quoted); i++) {
        struct str suffix;

        if (!words_begin(key, name))
            continue;
        suffix = words_skip(key, strlen(name));
        if (suffix.len > 0 && suffix.at[0] != '*')
            continue;
        if (suffix.len == 0)
            w.len =
                0; /* as a whole: what comes in parts says it better, and comes after or alone */
        put_part(&w, suffix, text);
    }
    return written(&w);
}
