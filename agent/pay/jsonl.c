/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/jsonl.h"

#include <stdio.h>

#include "common/utf8.h"

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- where an object ends ---- */

/* Behind the closing quote of the text that opens at `at`; text.left when it does not end here,
 * text.left + 1 when a line end stands in it (it is torn). */
static size_t
text_end(struct slice text, size_t at)
{
    for (at++; at < text.left; at++) {
        uint8_t c = byte_at(text, at);

        if (c == '"')
            return at + 1;
        if (c == '\\')
            at++;
        else if (c == '\n')
            return text.left + 1;
    }
    return text.left;
}

enum object { OBJECT_WHOLE, OBJECT_OPEN, OBJECT_TORN };

/* From the { at `at` to behind its }. Torn: *end is the beginning of the next line. */
static enum object
object_end(struct slice text, size_t at, size_t *end)
{
    unsigned depth = 0;

    while (at < text.left) {
        uint8_t c = byte_at(text, at);

        if (c == '"') {
            size_t close = text_end(text, at);

            if (close > text.left) {
                *end = bytes_find(text, at, '\n') + 1;
                return OBJECT_TORN;
            }
            at = close;
            continue;
        }
        depth += c == '{';
        if (c == '}' && --depth == 0) {
            *end = at + 1;
            return OBJECT_WHOLE;
        }
        if (c == '\n' && byte_at(text, at + 1) == '{') {
            *end = at + 1;
            return OBJECT_TORN;
        }
        at++;
    }
    return OBJECT_OPEN;
}

enum vg_err
jsonl_record(struct slice text, bool final, size_t *start, size_t *end, size_t *next, size_t *lines)
{
    enum vg_err result = VG_OK;
    size_t at = 0;
    enum object object;

    while (is_space(byte_at(text, at)) || byte_at(text, at) == ',' || byte_at(text, at) == '[' ||
           byte_at(text, at) == ']')
        at++;
    if (at >= text.left)
        return VG_AGAIN;
    *start = at;
    if (byte_at(text, at) != '{') {
        size_t newline = bytes_find(text, at, '\n');

        if (newline >= text.left && !final)
            return VG_AGAIN;
        *end = newline;
        *next = newline < text.left ? newline + 1 : text.left;
        *lines = bytes_lines(bytes_part(text, 0, *next));
        return VG_ERR_FORMAT;
    }
    object = object_end(text, at, end);
    if (object == OBJECT_OPEN) {
        if (!final)
            return VG_AGAIN;
        *end = text.left;
    }
    if (object != OBJECT_WHOLE)
        result = VG_ERR_FORMAT;
    *next = *end;
    if (byte_at(text, *next) == '\r')
        (*next)++;
    if (byte_at(text, *next) == '\n')
        (*next)++;
    if (*next > text.left)
        *next = text.left;
    *lines = bytes_lines(bytes_part(text, 0, *next));
    return result;
}

/* ---- what an object holds ---- */

struct reader {
    struct slice text;
    size_t at;
    const struct names *names;
    struct csv_arena *arena;
    struct values *out;
    char path[JSONL_PATH_MAX];
    size_t path_len; /* may be over JSONL_PATH_MAX: then no name fits */
    unsigned depth, members;
    bool escaped;
    /* Instead of `out`: all members, see jsonl_each(). */
    void (*each)(void *ctx, struct slice path, struct slice value);
    void *ctx;
};

static void
skip_space(struct reader *r)
{
    while (is_space(byte_at(r->text, r->at)))
        r->at++;
}

static void
path_add(struct reader *r, struct slice name)
{
    bool dot = r->path_len > 0;
    size_t need = r->path_len + dot + name.left;

    if (need <= JSONL_PATH_MAX) {
        if (dot)
            r->path[r->path_len] = '.';
        memcpy(r->path + r->path_len + dot, name.at, name.left);
    }
    r->path_len = need <= JSONL_PATH_MAX ? need : JSONL_PATH_MAX + 1;
}

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
hex4(struct slice s, size_t at, uint32_t *out)
{
    uint32_t v = 0;

    for (size_t i = 0; i < 4; i++) {
        int d = hex_value(byte_at(s, at + i));

        if (d < 0)
            return false;
        v = v << 4 | (uint32_t)d;
    }
    *out = v;
    return true;
}

static void
arena_char(struct csv_arena *a, uint32_t c)
{
    a->len += utf8_encode(c == 0 ? ' ' : c, a->data + a->len);
}

/* The escape behind the backslash at `at`; where it ends, 0 when it is none. */
static size_t
unescape_one(struct slice raw, size_t at, struct csv_arena *arena)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint8_t c = byte_at(raw, at + 1);
    uint32_t high, low;
    const char *known;

    if (c == 'u') {
        if (!hex4(raw, at + 2, &high))
            return 0;
        at += 6;
        if (high >= 0xd800 && high < 0xdc00 && byte_at(raw, at) == '\\' &&
            byte_at(raw, at + 1) == 'u' && hex4(raw, at + 2, &low) && low >= 0xdc00 &&
            low < 0xe000) {
            arena_char(arena, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            return at + 6;
        }
        arena_char(arena, high >= 0xd800 && high < 0xe000 ? 0xfffd : high);
        return at;
    }
    known = c != 0 ? strchr(from, c) : NULL;
    if (known == NULL)
        return 0;
    arena_char(arena, (uint8_t)to[known - from]);
    return at + 2;
}

/* Unescaping never makes a text longer. */
static enum vg_err
unescape(struct slice raw, struct csv_arena *arena, struct slice *out)
{
    size_t start = arena->len;

    if (raw.left > arena->room - arena->len)
        return VG_ERR_LIMIT;
    for (size_t at = 0; at < raw.left;) {
        if (byte_at(raw, at) == '\\') {
            at = unescape_one(raw, at, arena);
            if (at == 0)
                return VG_ERR_FORMAT;
        } else {
            arena->data[arena->len++] = byte_at(raw, at++);
        }
    }
    *out = slice_of(arena->data + start, arena->len - start);
    return VG_OK;
}

static bool
is_bare(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
}

/* A quoted text as it stands, without the quotes. */
static enum vg_err
take_text(struct reader *r, struct slice *out)
{
    size_t start = r->at, end = text_end(r->text, r->at);

    if (end > r->text.left || byte_at(r->text, end - 1) != '"' || end < start + 2)
        return VG_ERR_FORMAT;
    *out = bytes_part(r->text, start + 1, end - 1);
    r->at = end;
    return VG_OK;
}

static enum vg_err
scalar(struct reader *r)
{
    int slot = r->each != NULL || r->path_len > JSONL_PATH_MAX
                   ? -1
                   : names_find(r->names, str_n(r->path, r->path_len));
    struct slice value;
    bool quoted = byte_at(r->text, r->at) == '"';

    if (quoted) {
        enum vg_err err = take_text(r, &value);

        if (err != VG_OK)
            return err;
    } else {
        size_t start = r->at;

        while (r->at < r->text.left && strchr(",]} \t\r\n\"{[:", byte_at(r->text, r->at)) == NULL)
            r->at++;
        value = bytes_part(r->text, start, r->at);
        if (value.left == 0)
            return VG_ERR_FORMAT;
    }
    if (r->each != NULL && r->path_len <= JSONL_PATH_MAX &&
        (quoted || !str_is(bytes_str(value), "null")))
        r->each(r->ctx, slice_of(r->path, r->path_len), value);
    if (slot < 0 || (!quoted && str_is(bytes_str(value), "null")))
        return VG_OK;
    if (quoted && bytes_find(value, 0, '\\') < value.left) {
        enum vg_err err = unescape(value, r->arena, &value);

        if (err != VG_OK)
            return err;
        r->escaped = true;
    }
    r->out->value[slot] = value;
    r->out->present[slot] = true;
    return VG_OK;
}

static enum vg_err value_read(struct reader *r);

/* Quoted, or bare as JavaScript prints objects. */
static enum vg_err
take_name(struct reader *r, struct slice *out)
{
    size_t start = r->at;

    if (byte_at(r->text, r->at) == '"')
        return take_text(r, out);
    while (is_bare(byte_at(r->text, r->at)))
        r->at++;
    *out = bytes_part(r->text, start, r->at);
    return out->left > 0 ? VG_OK : VG_ERR_FORMAT;
}

/* The member's name before the value of an object's member; an array's element gets its number. */
static enum vg_err
member_name(struct reader *r, bool array, unsigned index)
{
    char number[12];
    struct slice name;

    if (array) {
        (void)snprintf(number, sizeof number, "%u", index);
        path_add(r, slice_of(number, strlen(number)));
        return VG_OK;
    }
    if (take_name(r, &name) != VG_OK)
        return VG_ERR_FORMAT;
    path_add(r, name);
    skip_space(r);
    if (byte_at(r->text, r->at) != ':')
        return VG_ERR_FORMAT;
    r->at++;
    skip_space(r);
    return VG_OK;
}

static enum vg_err
container(struct reader *r)
{
    bool array = byte_at(r->text, r->at) == '[';
    uint8_t close = array ? ']' : '}';
    size_t path_len = r->path_len;

    if (++r->depth > JSONL_DEPTH_MAX)
        return VG_ERR_LIMIT;
    r->at++;
    for (unsigned index = 0;; index++) {
        enum vg_err err;

        for (skip_space(r); byte_at(r->text, r->at) == ','; skip_space(r))
            r->at++;
        if (byte_at(r->text, r->at) == close) {
            r->at++;
            r->depth--;
            return VG_OK;
        }
        if (r->at >= r->text.left)
            return VG_ERR_FORMAT;
        if (++r->members > JSONL_MEMBERS_MAX)
            return VG_ERR_LIMIT;
        err = member_name(r, array, index);
        if (err == VG_OK)
            err = value_read(r);
        if (err != VG_OK)
            return err;
        r->path_len = path_len;
    }
}

static enum vg_err
value_read(struct reader *r)
{
    uint8_t c = byte_at(r->text, r->at);

    return c == '{' || c == '[' ? container(r) : scalar(r);
}

static enum vg_err
object_read(struct reader *r)
{
    enum vg_err err;

    skip_space(r);
    if (byte_at(r->text, r->at) != '{')
        return VG_ERR_FORMAT;
    err = container(r);
    if (err != VG_OK)
        return err;
    skip_space(r);
    return r->at < r->text.left ? VG_ERR_FORMAT : VG_OK;
}

enum vg_err
jsonl_read(struct slice record, const struct names *names, struct csv_arena *arena,
           struct values *out, bool *escaped)
{
    struct reader r = {.text = record, .names = names, .arena = arena, .out = out};
    enum vg_err err = object_read(&r);

    if (err == VG_OK)
        *escaped = r.escaped;
    return err;
}

enum vg_err
jsonl_each(struct slice record, void (*each)(void *ctx, struct slice path, struct slice value),
           void *ctx)
{
    struct reader r = {.text = record, .each = each, .ctx = ctx};

    return object_read(&r);
}
