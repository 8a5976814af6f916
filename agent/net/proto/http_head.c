/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/http_head.h"

enum { LOOKS_ENOUGH = 200 }; /* a long first line is believed without its end */

/* The next line without its end; false at the end of the input. */
static bool
next_line(struct slice *in, struct str *out)
{
    const uint8_t *end = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->at) : in->left;

    if (in->left == 0)
        return false;
    *out = str_n(slice_take(in, len), len);
    if (end != NULL)
        slice_skip(in, 1);
    if (out->len > 0 && out->at[out->len - 1] == '\r')
        out->len--;
    return true;
}

static struct str
cut_front(struct str s, size_t n)
{
    return str_n(s.at + n, s.len - n);
}

static struct str
trim(struct str s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = cut_front(s, 1);
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool
starts_with(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.len >= n && memcmp(s.at, prefix, n) == 0;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.x" exactly. */
static bool
is_version(struct str s)
{
    return s.len == 8 && starts_with(s, "HTTP/1.") && is_digit(s.at[7]);
}

static size_t
method_len(struct str s)
{
    size_t n = 0;

    while (n < s.len && n <= HTTP_METHOD_MAX &&
           ((s.at[n] >= 'A' && s.at[n] <= 'Z') || s.at[n] == '_' || s.at[n] == '-'))
        n++;
    return n;
}

static bool
request_line(struct str line, struct http_head *out)
{
    size_t n = method_len(line);
    struct str rest;

    if (n < 3 || n > HTTP_METHOD_MAX || n >= line.len || line.at[n] != ' ')
        return false;
    rest = trim(cut_front(line, n + 1));
    if (rest.len < 10 || rest.at[rest.len - 9] != ' ' || !is_version(cut_front(rest, rest.len - 8)))
        return false;
    out->method = str_n(line.at, n);
    out->uri = trim(str_n(rest.at, rest.len - 9));
    return true;
}

static bool
status_line(struct str line, struct http_head *out)
{
    if (line.len < 12 || !is_version(str_n(line.at, 8)) || line.at[8] != ' ' ||
        !is_digit(line.at[9]) || !is_digit(line.at[10]) || !is_digit(line.at[11]))
        return false;
    out->response = true;
    out->status = (line.at[9] - '0') * 100 + (line.at[10] - '0') * 10 + (line.at[11] - '0');
    return out->status >= 100;
}

int
http_head_looks(struct slice in)
{
    struct http_head ignored;
    struct str line, start = str_n(in.at, in.left < 8 ? in.left : 8);
    size_t n;

    if (in.left > 0 && memchr(in.at, '\n', in.left) != NULL) {
        (void)next_line(&in, &line);
        return request_line(line, &ignored) || status_line(line, &ignored);
    }
    if (start.len == 0)
        return -1;
    if (memcmp(start.at, "HTTP/1.", start.len < 7 ? start.len : 7) == 0)
        return start.len < 7 ? -1 : 1;
    line = str_n(in.at, in.left);
    n = method_len(line);
    if (n == line.len)
        return n <= HTTP_METHOD_MAX ? -1 : 0;
    if (n < 3 || n > HTTP_METHOD_MAX || line.at[n] != ' ')
        return 0;
    for (size_t i = n; i < line.len; i++)
        if ((unsigned char)line.at[i] < 0x20 && line.at[i] != '\r' && line.at[i] != '\t')
            return 0;
    return line.len >= LOOKS_ENOUGH ? 1 : -1;
}

size_t
http_head_end(struct slice in, size_t *from)
{
    size_t at = *from;

    slice_skip(&in, at);
    while (in.left > 0) {
        const uint8_t *end = memchr(in.at, '\n', in.left);
        struct slice after;
        uint8_t c;

        if (end == NULL)
            break;
        at += (size_t)(end - in.at) + 1;
        slice_skip(&in, (size_t)(end - in.at) + 1);
        after = in;
        c = slice_u8(&after);
        if (c == '\n')
            return at + 1;
        if (c == '\r' && slice_u8(&after) == '\n')
            return at + 2;
        if (after.bad) { /* the byte that decides is not there: look at this line's end again */
            *from = at - 1;
            return 0;
        }
    }
    *from = at;
    return 0;
}

static void
content_length(struct str value, struct http_head *out)
{
    uint64_t n = 0;

    if (value.len == 0 || value.len > 18)
        return;
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.at[i]))
            return;
        n = n * 10 + (uint64_t)(value.at[i] - '0');
    }
    out->has_length = true;
    out->length = n;
}

static enum http_coding
coding_of(struct str value)
{
    if (value.len == 0 || str_eq_nocase(value, str_of("identity")))
        return HTTP_IDENTITY;
    if (str_eq_nocase(value, str_of("gzip")) || str_eq_nocase(value, str_of("x-gzip")))
        return HTTP_GZIP;
    return str_eq_nocase(value, str_of("deflate")) ? HTTP_DEFLATE : HTTP_CODING_OTHER;
}

static void
read_field(struct str name, struct str value, struct http_head *out)
{
    if (str_eq_nocase(name, str_of("host")) && out->host.len == 0)
        out->host = value;
    else if (str_eq_nocase(name, str_of("user-agent")) && out->user_agent.len == 0)
        out->user_agent = value;
    else if (str_eq_nocase(name, str_of("content-type")))
        out->content_type = value;
    else if (str_eq_nocase(name, str_of("content-length")))
        content_length(value, out);
    else if (str_eq_nocase(name, str_of("content-encoding")))
        out->coding = coding_of(value);
    else if (str_eq_nocase(name, str_of("upgrade")))
        out->upgrade = true;
    else if (str_eq_nocase(name, str_of("transfer-encoding")))
        out->chunked =
            value.len >= 7 && str_eq_nocase(cut_front(value, value.len - 7), str_of("chunked"));
}

enum vg_err
http_head_read(struct slice in, struct http_head *out)
{
    struct http_head got = {.method = str_of(""),
                            .uri = str_of(""),
                            .host = str_of(""),
                            .user_agent = str_of(""),
                            .content_type = str_of("")};
    struct str line;

    if (!next_line(&in, &line) || (!request_line(line, &got) && !status_line(line, &got)))
        return VG_ERR_FORMAT;
    for (unsigned i = 0; i < HTTP_FIELDS_MAX && next_line(&in, &line) && line.len > 0; i++) {
        const char *colon = memchr(line.at, ':', line.len);

        if (colon != NULL) {
            size_t n = (size_t)(colon - line.at);

            read_field(trim(str_n(line.at, n)), trim(cut_front(line, n + 1)), &got);
        }
    }
    *out = got;
    return VG_OK;
}
