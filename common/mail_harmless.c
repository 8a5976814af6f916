/* SPDX-License-Identifier: Apache-2.0 */
/* Texts from outside, made so that a mail program neither links nor hides anything. */
#include <string.h>

#include "common/mail_alert.h"
#include "common/str.h"
#include "common/utf8.h"

enum { TEXT_MAX = 4096 };

/* Ends of file names that are no top-level domain: such a name may keep its dot. */
static bool
is_file_ending(struct slice s)
{
    static const char *const endings[] = {"csv", "log",  "txt",  "json", "xml",  "exe", "dll",
                                          "bat", "vbs",  "lnk",  "bin",  "dat",  "tmp", "jpg",
                                          "png", "gif",  "htm",  "html", "gz",   "bz2", "xls",
                                          "doc", "xlsx", "docx", "pdf",  "yaml", "ofx", "mt940"};
    size_t i;

    for (i = 0; i < VG_ARRAY_LEN(endings); i++)
        if (str_eq_nocase(str_of(endings[i]), str_n(s.at, s.left)))
            return true;
    return false;
}

static bool
is_letter(uint8_t c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Letters right after the dot: what could be a top-level domain. */
static size_t
letters_len(struct slice s)
{
    size_t n = 0;

    while (s.left > 0 && is_letter(slice_u8(&s)))
        n++;
    return n;
}

static bool
follows_name(struct slice s, size_t n)
{
    uint8_t c;

    slice_skip(&s, n);
    if (s.left == 0)
        return false;
    c = slice_u8(&s);
    return c == '-' || c == '_' || c >= 0x80 || (c >= '0' && c <= '9');
}

/* Would a reader make a link of what stands around this dot? `rest` is what follows it. */
static bool
is_link_dot(struct slice rest)
{
    size_t n = letters_len(rest);
    struct slice after = rest;

    if (rest.left > 0 && slice_u8(&after) >= 0x80)
        return true; /* internationalised names */
    if (n < 2)
        return n == 1; /* "a.b.example": every dot of a name counts */
    if (follows_name(rest, n))
        return true;
    after = rest;
    slice_skip(&after, n);
    if (after.left > 0 && slice_u8(&after) == '.')
        return true;
    return !is_file_ending(slice_sub(&rest, n));
}

static void
put_harmless(struct buf *out, struct slice in)
{
    uint8_t last = ' ';

    while (in.left > 0) {
        uint8_t c = slice_u8(&in);
        struct slice rest = in;

        if (c == '.' && last > ' ' && is_link_dot(in))
            buf_put_str(out, "[.]");
        else if (c == ':' && in.left >= 2 && slice_u8(&rest) == '/' && slice_u8(&rest) == '/')
            buf_put_str(out, "[:]");
        else if (c == '@')
            buf_put_str(out, "[@]");
        else
            buf_put_u8(out, c);
        last = c;
    }
}

static json_t *
harmless_text(const char *text)
{
    struct buf line, out;
    json_t *made = NULL;

    buf_init(&line, 4 * TEXT_MAX);
    buf_init(&out, 16 * TEXT_MAX);
    utf8_put_line(&line, slice_of(text, strnlen(text, TEXT_MAX)));
    put_harmless(&out, buf_slice(&line));
    if (!line.bad && !out.bad)
        made = json_string(out.len > 0 ? buf_str(&out) : "");
    buf_done(&line);
    buf_done(&out);
    return made;
}

static json_t *harmless_value(const json_t *value);

static json_t *
harmless_list(const json_t *list)
{
    json_t *made = json_array(), *item;
    size_t i;

    for (i = 0; made != NULL && i < json_array_size(list); i++) {
        item = harmless_value(json_array_get(list, i));
        if (item == NULL || json_array_append_new(made, item) != 0) {
            json_decref(made);
            made = NULL;
        }
    }
    return made;
}

static json_t *
harmless_map(const json_t *map)
{
    json_t *made = json_object(), *item;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)map, key, value)
    {
        item = harmless_value(value);
        if (made == NULL || item == NULL || json_object_set_new(made, key, item) != 0) {
            json_decref(made);
            return NULL;
        }
    }
    return made;
}

/* Depth is bounded: the event came through vg_json_parse(). */
static json_t *
harmless_value(const json_t *value)
{
    if (json_is_string(value))
        return harmless_text(json_string_value(value));
    if (json_is_array(value))
        return harmless_list(value);
    if (json_is_object(value))
        return harmless_map(value);
    return json_deep_copy(value);
}

json_t *
mail_harmless(const json_t *event)
{
    static const char *const from_outside[] = {"facts", "subject", "peer", "evidence"};
    json_t *made = json_copy((json_t *)event); /* shallow: the rest is checked words and numbers */
    size_t i;

    for (i = 0; made != NULL && i < VG_ARRAY_LEN(from_outside); i++) {
        const json_t *old = json_object_get(event, from_outside[i]);
        json_t *fresh = old != NULL ? harmless_value(old) : NULL;

        if (old == NULL)
            continue;
        if (fresh == NULL || json_object_set_new(made, from_outside[i], fresh) != 0) {
            json_decref(made);
            made = NULL;
        }
    }
    return made;
}
