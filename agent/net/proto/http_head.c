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

/* CR and LF too: they are inside a value that was folded. */
static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str
trim(struct str s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        s = cut_front(s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
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

static bool
number_of(struct str value, uint64_t *out)
{
    uint64_t n = 0;

    if (value.len == 0 || value.len > 18)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.at[i]))
            return false;
        n = n * 10 + (uint64_t)(value.at[i] - '0');
    }
    *out = n;
    return true;
}

/* Cuts the text before `mark` off *rest, with the mark; false where there is none. */
static bool
cut_at(struct str *rest, char mark, struct str *out)
{
    const char *at = rest->len > 0 ? memchr(rest->at, mark, rest->len) : NULL;

    if (at == NULL)
        return false;
    *out = trim(str_n(rest->at, (size_t)(at - rest->at)));
    *rest = cut_front(*rest, (size_t)(at - rest->at) + 1);
    return true;
}

/* "bytes 0-499/1234", RFC 9110, 14.4. */
static void
content_range(struct str value, struct http_head *out)
{
    struct str unit, first, last;

    if (!cut_at(&value, ' ', &unit) || !str_eq_nocase(unit, str_of("bytes")) ||
        !cut_at(&value, '-', &first) || !cut_at(&value, '/', &last) ||
        !number_of(first, &out->range_first) || !number_of(last, &out->range_last) ||
        out->range_last < out->range_first)
        return;
    out->has_range = true;
    if (!number_of(trim(value), &out->range_total))
        out->range_total = 0;
}

static void
add_coding(struct http_codings *c, struct str name)
{
    enum http_coding coding = HTTP_CODING_OTHER;

    if (name.len == 0 || str_eq_nocase(name, str_of("identity")))
        return;
    if (str_eq_nocase(name, str_of("gzip")) || str_eq_nocase(name, str_of("x-gzip")))
        coding = HTTP_GZIP;
    else if (str_eq_nocase(name, str_of("deflate")))
        coding = HTTP_DEFLATE;
    if (c->count == HTTP_CODINGS_MAX) {
        c->more = true;
        return;
    }
    c->coding[c->count] = coding;
    c->name[c->count++] = name;
}

static void
content_coding(struct str value, struct http_head *out)
{
    struct str one;

    while (cut_at(&value, ',', &one))
        add_coding(&out->codings, one);
    add_coding(&out->codings, trim(value));
}

/* RFC 9112, 6.1: whatever comes before, "chunked" is the last. */
static void
transfer_coding(struct str value, struct http_head *out, struct http_codings *transfer)
{
    struct str one;
    bool more = true;

    while (more) {
        more = cut_at(&value, ',', &one);
        if (!more)
            one = trim(value);
        if (str_eq_nocase(one, str_of("chunked")))
            out->chunked = true;
        else
            add_coding(transfer, one);
    }
}

static bool
is_upgrade_to(struct str value, const char *protocol)
{
    struct str one;

    while (cut_at(&value, ',', &one))
        if (str_eq_nocase(one, str_of(protocol)))
            return true;
    return str_eq_nocase(trim(value), str_of(protocol));
}

static void
read_field(struct str name, struct str value, struct http_head *out, struct http_codings *transfer)
{
    if (str_eq_nocase(name, str_of("host")) && out->host.len == 0)
        out->host = value;
    else if (str_eq_nocase(name, str_of("user-agent")) && out->user_agent.len == 0)
        out->user_agent = value;
    else if (str_eq_nocase(name, str_of("referer")) && out->referer.len == 0)
        out->referer = value;
    else if (str_eq_nocase(name, str_of("content-type")))
        out->content_type = value;
    else if (str_eq_nocase(name, str_of("content-length")))
        out->has_length = number_of(value, &out->length) || out->has_length;
    else if (str_eq_nocase(name, str_of("content-encoding")))
        content_coding(value, out);
    else if (str_eq_nocase(name, str_of("content-range")))
        content_range(value, out);
    else if (str_eq_nocase(name, str_of("content-disposition")))
        out->disposition = value;
    else if (str_eq_nocase(name, str_of("authorization")) ||
             (str_eq_nocase(name, str_of("proxy-authorization")) && out->authorization.len == 0))
        out->authorization = value;
    else if (str_eq_nocase(name, str_of("cookie")) && out->cookie.len == 0)
        out->cookie = value;
    else if (str_eq_nocase(name, str_of("upgrade")))
        out->upgrade = is_upgrade_to(value, "h2c") ? HTTP_UPGRADE_H2C : HTTP_UPGRADE_OTHER;
    else if (str_eq_nocase(name, str_of("transfer-encoding")))
        transfer_coding(value, out, transfer);
}

static bool
goes_on(struct slice in)
{
    uint8_t c = slice_u8(&in);

    return c == ' ' || c == '\t';
}

bool
http_next_field(struct slice *in, struct http_field *out)
{
    struct str line, more;
    const char *colon;
    size_t n;

    if (!next_line(in, &line) || line.len == 0)
        return false;
    while (goes_on(*in) && next_line(in, &more))
        line = str_n(line.at, (size_t)(more.at + more.len - line.at));
    colon = memchr(line.at, ':', line.len);
    n = colon != NULL ? (size_t)(colon - line.at) : 0;
    out->name = trim(str_n(line.at, n));
    out->value = colon != NULL ? trim(cut_front(line, n + 1)) : str_of("");
    return true;
}

static void
read_fields(struct slice in, struct http_head *out)
{
    struct http_codings transfer = {.count = 0};
    struct http_field field;

    for (unsigned i = 0; i < HTTP_FIELDS_MAX && http_next_field(&in, &field); i++)
        read_field(field.name, field.value, out, &transfer);
    for (unsigned i = 0; i < transfer.count; i++)
        add_coding(&out->codings, transfer.name[i]);
    out->codings.more |= transfer.more;
}

static const struct http_head NO_HEAD = {.method = {"", 0},
                                         .uri = {"", 0},
                                         .host = {"", 0},
                                         .user_agent = {"", 0},
                                         .referer = {"", 0},
                                         .content_type = {"", 0},
                                         .disposition = {"", 0},
                                         .authorization = {"", 0},
                                         .cookie = {"", 0}};

enum vg_err
http_head_read(struct slice in, struct http_head *out)
{
    struct http_head got = NO_HEAD;
    struct str line;

    if (!next_line(&in, &line) || (!request_line(line, &got) && !status_line(line, &got)))
        return VG_ERR_FORMAT;
    got.fields = in;
    read_fields(in, &got);
    *out = got;
    return VG_OK;
}

void
http_fields_read(struct slice in, struct http_head *out)
{
    *out = NO_HEAD;
    read_fields(in, out);
}

/* ---- values ---- */

struct str
http_media_type(struct str value, char out[HTTP_MIME_MAX])
{
    size_t n = 0;

    while (n < value.len && n + 1 < HTTP_MIME_MAX && !is_blank(value.at[n]) && value.at[n] != ';' &&
           value.at[n] != ',') {
        char c = value.at[n];

        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return str_n(out, n);
}

/* The length of a quoted text with its quotes, or of a bare one. */
static size_t
value_len(struct str s)
{
    size_t n = 1;

    if (s.len == 0 || s.at[0] != '"') {
        const char *end = s.len > 0 ? memchr(s.at, ';', s.len) : NULL;

        return end != NULL ? (size_t)(end - s.at) : s.len;
    }
    while (n < s.len && s.at[n] != '"')
        n += s.at[n] == '\\' && s.len - n > 1 ? 2 : 1;
    return n < s.len ? n + 1 : s.len;
}

static struct str
unquoted(struct str s)
{
    if (s.len < 2 || s.at[0] != '"')
        return trim(s);
    s = cut_front(s, 1);
    if (s.at[s.len - 1] == '"')
        s.len--;
    return s;
}

struct str
http_parameter(struct str value, const char *name)
{
    struct str ignored, key;

    if (!cut_at(&value, ';', &ignored))
        return str_of("");
    while (value.len > 0) {
        size_t n;

        value = trim(value);
        n = 0;
        while (n < value.len && value.at[n] != '=' && value.at[n] != ';')
            n++;
        key = trim(str_n(value.at, n));
        value = cut_front(value, n);
        if (value.len > 0 && value.at[0] == '=') {
            value = trim(cut_front(value, 1));
            n = value_len(value);
            if (str_eq_nocase(key, str_of(name)))
                return unquoted(str_n(value.at, n));
            value = cut_front(value, n);
        }
        while (value.len > 0 && value.at[0] != ';')
            value = cut_front(value, 1);
        if (value.len > 0)
            value = cut_front(value, 1);
    }
    return str_of("");
}
