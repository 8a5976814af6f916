/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/envelope.h"

static bool
is_between(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':';
}

static size_t
skip_between(struct slice text, size_t at)
{
    while (at < text.left && is_between(byte_at(text, at)))
        at++;
    return at;
}

/* Behind the text that opens at `at`; text.left when it does not end. */
static size_t
text_skip(struct slice text, size_t at)
{
    for (at++; at < text.left; at++) {
        if (byte_at(text, at) == '\\')
            at++;
        else if (byte_at(text, at) == '"')
            return at + 1;
    }
    return text.left;
}

/* Behind the value at `at`, whatever it is; text.left when it does not end. */
static size_t
value_skip(struct slice text, size_t at)
{
    size_t depth = 0;

    while (at < text.left) {
        uint8_t c = byte_at(text, at);

        if (c == '"') {
            at = text_skip(text, at);
        } else if (depth == 0 && (is_between(c) || c == '}' || c == ']')) {
            return at;
        } else {
            depth += c == '{' || c == '[';
            depth -= (c == '}' || c == ']') && depth > 0;
            at++;
        }
        if (depth == 0 && at > 0 && strchr("}]\"", byte_at(text, at - 1)) != NULL)
            return at;
    }
    return text.left;
}

static bool
is_inside(struct slice name, const struct str *inside, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(bytes_str(name), inside[i]))
            return true;
    return false;
}

/* Behind the [ of the array that holds the records, where the object at `at` has one; else 0. */
static size_t
array_open(struct slice text, size_t at, const struct str *inside, size_t count)
{
    text = bytes_part(text, 0, at + ENVELOPE_LOOK);
    for (at = skip_between(text, at + 1); byte_at(text, at) == '"';) {
        size_t end = text_skip(text, at);
        struct slice name = bytes_part(text, at + 1, end > 0 ? end - 1 : 0);

        at = skip_between(text, end);
        if (byte_at(text, at) == '[' && is_inside(name, inside, count))
            return at + 1;
        at = skip_between(text, value_skip(text, at));
    }
    return 0;
}

/* What stands before the next record; text.left when nothing else is there. */
static size_t
frame_skip(struct slice text, const struct str *inside, size_t count)
{
    size_t at = 0;

    for (;;) {
        uint8_t c;
        size_t open;

        at = skip_between(text, at);
        c = byte_at(text, at);
        if (c == '"') {
            size_t end = value_skip(text, skip_between(text, text_skip(text, at)));

            if (end >= text.left)
                return at; /* not whole yet: the record's reader waits or calls it damaged */
            at = end;
        } else if (at < text.left && (c == '}' || c == ']' || c == '[')) {
            at++;
        } else if (c == '{') {
            open = array_open(text, at, inside, count);
            if (open == 0)
                return at;
            at = open;
        } else {
            return at;
        }
    }
}

enum vg_err
envelope_record(struct slice text, const struct str *inside, size_t count, bool final,
                size_t *start, size_t *end, size_t *next, size_t *lines)
{
    size_t skip = count > 0 ? frame_skip(text, inside, count) : 0;
    struct slice rest = bytes_part(text, skip, text.left);
    enum vg_err err = jsonl_record(rest, final, start, end, next, lines);

    if (err == VG_AGAIN)
        return err;
    *start += skip;
    *end += skip;
    *next += skip;
    *lines += bytes_lines(bytes_part(text, 0, skip));
    return err;
}
