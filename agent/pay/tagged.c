/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/tagged.h"

#include "common/utf8.h"

/* One tag at `at` of a text. */
struct tag {
    struct slice name;  /* without prefix; empty: a comment, a declaration, no tag */
    struct slice inner; /* behind the name: attributes */
    size_t end;         /* behind the >; text.left + 1: it does not end */
    bool close, alone;  /* </X>, <X/> */
};

static size_t
find_text(struct slice text, size_t at, const char *what)
{
    size_t n = strlen(what);

    for (at = bytes_find(text, at, (uint8_t)what[0]); at < text.left;
         at = bytes_find(text, at + 1, (uint8_t)what[0]))
        if (text.left - at >= n && memcmp(bytes_part(text, at, at + n).at, what, n) == 0)
            return at;
    return text.left;
}

static bool
starts(struct slice text, size_t at, const char *what)
{
    struct slice part = bytes_part(text, at, at + strlen(what));

    return part.left == strlen(what) && memcmp(part.at, what, part.left) == 0;
}

static size_t
behind(struct slice text, size_t at, const char *what)
{
    at = find_text(text, at, what);
    return at < text.left ? at + strlen(what) : text.left + 1;
}

static bool
is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == ':' || c >= 0x80;
}

/* Behind the > of a tag, with quotes regarded. */
static size_t
tag_end(struct slice text, size_t at)
{
    while (at < text.left && byte_at(text, at) != '>') {
        uint8_t c = byte_at(text, at);

        if (c == '<') /* the one before was none */
            return at;
        at++;
        if (c != '"' && c != '\'')
            continue;
        at = bytes_find(text, at, c);
        at += at < text.left;
    }
    return at < text.left ? at + 1 : text.left + 1;
}

static struct tag
tag_read(struct slice text, size_t at)
{
    struct tag t = {.name = slice_of(NULL, 0), .inner = slice_of(NULL, 0)};
    size_t from, to;

    if (starts(text, at, "<!--"))
        t.end = behind(text, at, "-->");
    else if (starts(text, at, "<![CDATA["))
        t.end = behind(text, at, "]]>");
    else if (starts(text, at, "<?"))
        t.end = behind(text, at, "?>");
    else
        t.end = tag_end(text, at + 1);
    if (t.end > text.left || byte_at(text, at + 1) == '!' || byte_at(text, at + 1) == '?')
        return t;
    t.close = byte_at(text, at + 1) == '/';
    for (from = to = at + 1 + t.close; is_name(byte_at(text, to)); to++)
        if (byte_at(text, to) == ':')
            from = to + 1;
    t.name = bytes_part(text, from, to);
    t.inner = bytes_part(text, to, t.end - 1);
    t.alone = t.inner.left > 0 && byte_at(t.inner, t.inner.left - 1) == '/';
    return t;
}

/* ---- where a record lies ---- */

static bool
is_one_of(struct slice name, const struct str *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(bytes_str(name), records[i]))
            return true;
    return false;
}

/* Behind the end of the element that `open` opens; text.left + 1 when it does not end. */
static size_t
element_end(struct slice text, const struct tag *open)
{
    size_t at = open->end, depth = 1;

    if (open->alone)
        return at;
    for (at = bytes_find(text, at, '<'); at < text.left; at = bytes_find(text, at, '<')) {
        struct tag t = tag_read(text, at);

        if (t.end > text.left)
            break;
        if (str_eq(bytes_str(t.name), bytes_str(open->name)) && !t.alone)
            depth = t.close ? depth - 1 : depth + 1;
        if (depth == 0)
            return t.end;
        at = t.end > at ? t.end : at + 1;
    }
    return text.left + 1;
}

enum vg_err
tagged_record(struct slice text, const struct str *records, size_t count, bool final, size_t *start,
              size_t *end, size_t *next, size_t *lines)
{
    size_t at = bytes_find(text, 0, '<');

    while (at < text.left) {
        struct tag t = tag_read(text, at);

        if (t.end > text.left)
            return VG_AGAIN;
        if (!t.close && is_one_of(t.name, records, count)) {
            size_t close = element_end(text, &t);

            if (close > text.left && !final)
                return VG_AGAIN;
            *start = at;
            *end = *next = close > text.left ? text.left : close;
            *lines = bytes_lines(bytes_part(text, 0, *next));
            return close > text.left ? VG_ERR_FORMAT : VG_OK;
        }
        at = bytes_find(text, t.end > at ? t.end : at + 1, '<');
    }
    return VG_AGAIN;
}

/* ---- what it holds ---- */

/* The entity at `at`: its letter, and where it ends; 0 when it is none. */
static uint32_t
entity(struct slice raw, size_t at, size_t *end)
{
    static const struct {
        char name[8];
        uint32_t code;
    } known[] = {{"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
                 {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}};
    uint32_t code = 0;
    bool hex;

    for (size_t i = 0; i < VG_ARRAY_LEN(known); i++) {
        if (starts(raw, at, known[i].name)) {
            *end = at + strlen(known[i].name);
            return known[i].code;
        }
    }
    if (byte_at(raw, at + 1) != '#')
        return 0;
    hex = (byte_at(raw, at + 2) | 0x20) == 'x';
    at += hex ? 3 : 2;
    for (size_t n = 0; n < 7; n++, at++) {
        uint8_t c = byte_at(raw, at);

        if (c == ';' && n > 0) {
            *end = at + 1;
            return code >= ' ' && code < 0x110000 && (code < 0xd800 || code > 0xdfff) ? code : ' ';
        }
        if (c >= '0' && c <= '9')
            code = code * (hex ? 16 : 10) + (c - '0');
        else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            code = code * 16 + ((c | 0x20U) - 'a' + 10);
        else
            return 0;
    }
    return 0;
}

/* Never longer than it was: an entity takes four bytes or more, a letter four at most. */
static enum vg_err
unescape(struct slice raw, struct csv_arena *arena, struct slice *out)
{
    size_t start = arena->len, end;

    if (raw.left > arena->room - arena->len)
        return VG_ERR_LIMIT;
    for (size_t at = 0; at < raw.left;) {
        uint32_t code = byte_at(raw, at) == '&' ? entity(raw, at, &end) : 0;

        if (code == 0) {
            arena->data[arena->len++] = byte_at(raw, at++);
            continue;
        }
        arena->len += utf8_encode(code, arena->data + arena->len);
        at = end;
    }
    *out = slice_of(arena->data + start, arena->len - start);
    return VG_OK;
}

struct keeper {
    const struct names *names;
    struct csv_arena *arena;
    struct values *out;
    bool *escaped;
};

static enum vg_err
value_keep(struct keeper *k, struct str name, struct slice value, bool cdata)
{
    int slot = names_find(k->names, name);
    enum vg_err err = VG_OK;

    value = bytes_trim(value);
    if (slot < 0 || k->out->present[slot] || value.left == 0)
        return VG_OK;
    if (!cdata && bytes_find(value, 0, '&') < value.left) {
        err = unescape(value, k->arena, &value);
        *k->escaped = true;
    }
    if (err == VG_OK) {
        k->out->value[slot] = value;
        k->out->present[slot] = true;
    }
    return err;
}

/* name="value" pairs of a tag, as "tag@name". */
static enum vg_err
attributes_keep(struct keeper *k, const struct tag *t)
{
    char full[NAME_BYTES_MAX];
    size_t at = 0;

    for (;;) {
        size_t from, to, n;
        uint8_t quote;
        enum vg_err err;

        while (at < t->inner.left && !is_name(byte_at(t->inner, at)))
            at++;
        for (from = at; is_name(byte_at(t->inner, at)); at++)
            ;
        to = at;
        quote = byte_at(t->inner, at + 1);
        if (to == from || byte_at(t->inner, at) != '=' || (quote != '"' && quote != '\''))
            return VG_OK;
        at = bytes_find(t->inner, at + 2, quote);
        n = t->name.left + 1 + (to - from);
        if (n <= sizeof full) {
            memcpy(full, t->name.at, t->name.left);
            full[t->name.left] = '@';
            memcpy(full + t->name.left + 1, bytes_part(t->inner, from, to).at, to - from);
            err = value_keep(k, str_n(full, n), bytes_part(t->inner, to + 2, at), false);
            if (err != VG_OK)
                return err;
        }
        at++;
    }
}

/* What stands behind a tag up to the next one, or in the CDATA there. */
static enum vg_err
leaf_keep(struct keeper *k, struct slice text, const struct tag *t, size_t next)
{
    if (next < text.left && starts(text, next, "<![CDATA[") &&
        bytes_trim(bytes_part(text, t->end, next)).left == 0) {
        size_t end = find_text(text, next, "]]>");

        return value_keep(k, bytes_str(t->name), bytes_part(text, next + 9, end), true);
    }
    return value_keep(k, bytes_str(t->name), bytes_part(text, t->end, next), false);
}

enum vg_err
tagged_read(struct slice text, const struct names *names, struct csv_arena *arena,
            struct values *out, bool *escaped)
{
    struct keeper k = {.names = names, .arena = arena, .out = out, .escaped = escaped};
    size_t at = bytes_find(text, 0, '<');

    for (size_t tags = 0; at < text.left; tags++) {
        struct tag t = tag_read(text, at);
        enum vg_err err = VG_OK;
        size_t next;

        if (tags == TAGGED_TAGS_MAX)
            return VG_ERR_LIMIT;
        if (t.end > text.left)
            return VG_OK;
        next = bytes_find(text, t.end > at ? t.end : at + 1, '<');
        if (!t.close && t.name.left > 0) {
            err = attributes_keep(&k, &t);
            if (err == VG_OK)
                err = leaf_keep(&k, text, &t, next);
        }
        if (err != VG_OK)
            return err;
        at = next;
    }
    return VG_OK;
}
