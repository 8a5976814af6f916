/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a request that no ordinary program sends (http_odd_fields()): only those are kept for
 * detectors, so that an ordinary request costs nothing more. */
#include "agent/net/proto/http_head.h"

/* A field that has its own place, or whose value is nobody's business. */
static bool
left_out(struct str name)
{
    static const char *const names[] = {"host", "user-agent", "referer", "authorization",
                                        "proxy-authorization"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

/* Fields that ordinary clients never send and that change what a server does: httpoxy
 * (CVE-2016-5385), Next.js (CVE-2025-29927), Symfony and IIS rewriting (CVE-2018-14773). */
static bool
odd_name(struct str name)
{
    static const char *const names[] = {"proxy", "x-middleware-subrequest", "x-original-url",
                                        "x-rewrite-url", "x-http-method-override"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

/* The sub-protocol that a tunnelling tool asks for by its name and version (chisel-v3). */
static bool
odd_upgrade(const struct http_field *f)
{
    return str_eq_nocase(f->name, str_of("sec-websocket-protocol")) && f->value.len >= 8 &&
           str_eq_nocase(str_n(f->value.at, 8), str_of("chisel-v"));
}

/* Numbers of bytes that no file has: the range that upsets Windows (CVE-2015-1635). */
static bool
odd_range(const struct http_field *f)
{
    return f->value.len >= 26 && str_eq_nocase(f->name, str_of("range"));
}

enum { REMEMBER_MAX = 1200 };

/* A cookie that remembers a user in some hundred letters, and here in as many as a program has: Apache
 * Shiro unpacks it (CVE-2016-4437). */
static bool
odd_cookie(const struct http_field *f)
{
    static const char name[] = "rememberMe=";
    const size_t n = sizeof(name) - 1;
    struct str v = f->value;

    if (v.len < REMEMBER_MAX || !str_eq_nocase(f->name, str_of("cookie")))
        return false;
    for (size_t i = 0; i + n + REMEMBER_MAX <= v.len; i++)
        if (v.at[i] == name[0] && memcmp(v.at + i, name, n) == 0)
            return memchr(v.at + i, ';', n + REMEMBER_MAX) == NULL;
    return false;
}

/* Marks of code in a value, by their first byte; `in` stands behind it. */
static bool
odd_here(uint8_t c, struct slice in)
{
    uint8_t next = slice_u8(&in);

    switch (c) {
    case '<':
    case '`':
    case '\'':
    case '|':
        return true;
    case '$':
        return next == '{' || next == '(';
    case '%':
    case '{':
        return next == '{' || (c == '%' && next == '$');
    case '(': /* "() {" */
        return next == ')';
    case '.':
        return next == '.';
    case 'r': /* "rO0AB": a Java object in base64 */
        return next == 'O' && slice_u8(&in) == '0' && slice_u8(&in) == 'A';
    default:
        return c == 0;
    }
}

static bool
odd_value(struct str value)
{
    struct slice in = slice_of(value.at, value.len);

    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if (odd_here(c, in))
            return true;
    }
    return false;
}

/* Line ends within a folded value become white space. */
static size_t
put_text(char *to, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        to[i] = s.at[i] == '\r' || s.at[i] == '\n' ? ' ' : s.at[i];
    return s.len;
}

struct str
http_odd_fields(struct slice fields, char out[HTTP_ODD_MAX])
{
    struct http_field f;
    size_t used = 0;

    for (unsigned i = 0; i < HTTP_FIELDS_MAX && http_next_field(&fields, &f); i++) {
        size_t len = f.name.len + f.value.len + 3;
        bool cookie = odd_cookie(&f);

        if (cookie && len > HTTP_ODD_MAX - used && f.name.len + 3 < HTTP_ODD_MAX - used) {
            f.value.len = HTTP_ODD_MAX - used - f.name.len - 3;
            len = HTTP_ODD_MAX - used;
        }
        if (len > HTTP_ODD_MAX - used || left_out(f.name) ||
            (!cookie && !odd_name(f.name) && !odd_value(f.value) && !odd_upgrade(&f) &&
             !odd_range(&f)))
            continue;
        used += put_text(out + used, f.name);
        used += put_text(out + used, str_of(": "));
        used += put_text(out + used, f.value);
        out[used++] = '\n';
    }
    return str_n(out, used);
}
