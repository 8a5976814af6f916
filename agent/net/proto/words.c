/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/words.h"

static bool
blank(char c)
{
    return c == ' ' || c == '\t';
}

static uint8_t
lower(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

struct str
words_skip(struct str s, size_t n)
{
    return n < s.len ? str_n(s.at + n, s.len - n) : str_of(NULL);
}

struct str
words_trim(struct str s)
{
    while (s.len > 0 && blank(s.at[0]))
        s = words_skip(s, 1);
    while (s.len > 0 && blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct str
words_next(struct str *rest)
{
    struct str s = words_trim(*rest);
    size_t n = 0;

    while (n < s.len && !blank(s.at[n]))
        n++;
    *rest = words_trim(words_skip(s, n));
    return str_n(s.at, n);
}

struct str
words_until(struct str *rest, char c)
{
    const char *at = rest->len > 0 ? memchr(rest->at, c, rest->len) : NULL;
    size_t n = at != NULL ? (size_t)(at - rest->at) : rest->len;
    struct str before = str_n(rest->at, n);

    *rest = words_skip(*rest, n + 1);
    return before;
}

struct str
words_cut(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && ((uint8_t)s.at[max] & 0xc0) == 0x80)
        max--;
    return str_n(s.at, max);
}

bool
words_begin(struct str s, const char *prefix)
{
    struct slice in = slice_of(s.at, s.len);

    for (const char *p = prefix; *p != '\0'; p++)
        if (lower(slice_u8(&in)) != lower((uint8_t)*p) || in.bad)
            return false;
    return true;
}

bool
words_is(struct str s, const char *word)
{
    return str_eq_nocase(s, str_of(word));
}

bool
words_find(struct str s, const char *part)
{
    return str_has_nocase(s, str_of(part));
}

bool
words_number(struct str s, uint64_t *out)
{
    struct slice in = slice_of(s.at, s.len);
    uint64_t v = 0;

    if (s.len == 0 || s.len > 18)
        return false;
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (uint64_t)(c - '0');
    }
    *out = v;
    return true;
}

int
words_reply(struct str line, bool *last)
{
    uint64_t code;

    if (line.len < 3 || !words_number(str_n(line.at, 3), &code) || code < 100 || code > 599)
        return 0;
    if (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-')
        return 0;
    *last = line.len == 3 || line.at[3] == ' ';
    return (int)code;
}

int
words_looks(struct slice in, const char *word)
{
    for (const char *p = word; *p != '\0'; p++) {
        if (in.left == 0)
            return -1;
        if (lower(slice_u8(&in)) != lower((uint8_t)*p))
            return 0;
    }
    return 1;
}

bool
words_line(struct slice in, struct str *out)
{
    size_t n = in.left < 512 ? in.left : 512;
    const uint8_t *lf = n > 0 ? memchr(in.at, '\n', n) : NULL;

    if (lf == NULL)
        return false;
    *out = str_n(in.at, (size_t)(lf - in.at));
    if (out->len > 0 && out->at[out->len - 1] == '\r')
        out->len--;
    return true;
}

struct str
words_keep(char *out, size_t size, struct str s)
{
    s = words_cut(s, size - 1);
    if (s.len > 0)
        memcpy(out, s.at, s.len);
    out[s.len] = '\0';
    return str_n(out, s.len);
}

int
words_hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
words_sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t
words_base64(struct str in, void *out, size_t size)
{
    struct slice s = slice_of(in.at, in.len);
    uint8_t *to = out;
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    while (s.left > 0) {
        uint8_t c = slice_u8(&s);
        int v = words_sextet(c);

        if (c == '=')
            break;
        if (v < 0)
            return 0;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8)
            continue;
        if (n == size)
            return 0;
        have -= 8;
        to[n++] = (uint8_t)(bits >> have);
    }
    return n;
}
