/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "common/vtime.h"

/* jansson recurses to a depth of 2048 of its own; we refuse far earlier, before it allocates. */
static bool
too_deep(struct slice text)
{
    unsigned depth = 0;
    bool quoted = false;

    while (text.left > 0) {
        uint8_t c = slice_u8(&text);

        if (quoted && c == '\\')
            slice_skip(&text, text.left > 0 ? 1 : 0);
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']'))
            depth -= depth > 0;
        if (depth > VG_JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

enum vg_err
vg_json_parse(struct slice text, size_t len_max, json_t **out)
{
    json_error_t error;
    json_t *value;

    if (text.bad)
        return VG_ERR_SHORT;
    if (text.left > len_max || too_deep(text))
        return VG_ERR_LIMIT;
    value = json_loadb((const char *)text.at, text.left, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                       &error);
    if (value == NULL)
        return json_error_code(&error) == json_error_out_of_memory ? VG_ERR_NOMEM : VG_ERR_FORMAT;
    *out = value;
    return VG_OK;
}

static int
append(const char *bytes, size_t n, void *ctx)
{
    struct buf *out = ctx;

    buf_put(out, bytes, n);
    return out->bad ? -1 : 0;
}

void
vg_json_write(const json_t *value, struct buf *out)
{
    if (json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        out->bad = true;
}

char *
vg_json_text(const json_t *value)
{
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

const char *
vg_json_str(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : otherwise;
}

int64_t
vg_json_int(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

double
vg_json_real(const json_t *object, const char *key, double otherwise)
{
    const json_t *v = json_object_get(object, key);

    return json_is_number(v) ? json_number_value(v) : otherwise;
}

bool
vg_json_bool(const json_t *object, const char *key, bool otherwise)
{
    const json_t *v = json_object_get(object, key);

    return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

/* How many bytes from the start need no escape. */
static size_t
plain_len(struct slice s)
{
    size_t n = 0;

    while (s.left > 0) {
        uint8_t c = slice_u8(&s);

        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            break;
        n++;
    }
    return n;
}

static void
put_special(struct buf *out, struct slice *in)
{
    size_t n = utf8_len(*in);
    uint8_t c;

    if (n > 1) {
        buf_put(out, slice_take(in, n), n);
        return;
    }
    if (n == 0) {
        slice_skip(in, utf8_bad_len(*in));
        buf_put_str(out, "\xef\xbf\xbd");
        return;
    }
    c = slice_u8(in);
    if (c == 0) /* readers (jansson too) refuse a NUL in a string */
        buf_put_str(out, "\xef\xbf\xbd");
    else if (c == '"' || c == '\\') {
        buf_put_u8(out, '\\');
        buf_put_u8(out, c);
    } else if (c == '\n')
        buf_put_str(out, "\\n");
    else if (c == '\t')
        buf_put_str(out, "\\t");
    else if (c == '\r')
        buf_put_str(out, "\\r");
    else
        buf_printf(out, "\\u%04x", c);
}

void
vg_json_put_quoted(struct buf *out, const void *text, size_t len)
{
    struct slice in = slice_of(text, len);

    buf_put_u8(out, '"');
    while (in.left > 0) {
        size_t n = plain_len(in);

        if (n > 0)
            buf_put(out, slice_take(&in, n), n);
        else
            put_special(out, &in);
    }
    buf_put_u8(out, '"');
}

void
vg_json_put_key(struct buf *out, const char *key)
{
    if (!out->bad && out->len > 0 && out->data[out->len - 1] != '{' &&
        out->data[out->len - 1] != '[')
        buf_put_u8(out, ',');
    buf_put_u8(out, '"');
    buf_put_str(out, key);
    buf_put(out, "\":", 2);
}

void
vg_json_put_str(struct buf *out, const char *key, const void *text, size_t len)
{
    vg_json_put_key(out, key);
    vg_json_put_quoted(out, text, len);
}

void
vg_json_put_int(struct buf *out, const char *key, int64_t v)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (v < 0)
        digits[--at] = '-';
    vg_json_put_key(out, key);
    buf_put(out, digits + at, sizeof digits - at);
}

void
vg_json_put_real(struct buf *out, const char *key, double v)
{
    vg_json_put_key(out, key);
    if (isfinite(v))
        buf_printf(out, "%.9g", v);
    else
        buf_put_str(out, "null");
}

void
vg_json_put_time(struct buf *out, const char *key, int64_t t_ns)
{
    char text[VTIME_TEXT_MAX];

    vtime_format(t_ns, text);
    vg_json_put_key(out, key);
    buf_put_u8(out, '"');
    buf_put_str(out, text);
    buf_put_u8(out, '"');
}
