/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of mails that are written as base64 or quoted-printable (RFC 2045, 6.7 and 6.8): of one mail,
 * of a mailbox (RFC 4155), of a page that was saved as MHTML. Found by their header lines, not by the tree of
 * boundaries, which hostile mails bend: what such a header announces is read until a line that cannot belong
 * to it. */
#include "agent/file/unpack_private.h"

#include <string.h>

enum { LINE_SHOWN = 998, OUTPUT = 3072, NAME = 128 }; /* RFC 5322, 2.1.1 */

enum coding { PLAIN, BASE64, QUOTED };

struct mail {
    struct unpack *u;
    enum coding announced; /* by the header lines so far */
    char name[NAME];
    /* the part that is being read */
    enum coding reading;
    bool taken; /* more of it is taken */
    uint32_t bits;
    unsigned bit_count;
    size_t len;
    uint8_t out[OUTPUT];
};

static bool
line_next(struct slice *in, struct slice *line)
{
    struct slice at = *in;
    const uint8_t *all = slice_take(&at, in->left), *end;
    size_t len;

    if (in->left == 0)
        return false;
    end = memchr(all, '\n', in->left);
    len = end != NULL ? (size_t)(end - all) : in->left;
    *line = slice_sub(in, len);
    slice_skip(in, end != NULL ? 1 : 0);
    if (len > 0 && all[len - 1] == '\r')
        line->left--;
    return true;
}

static uint8_t
lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Whether `word` (in small letters) stands in the line; *rest is what follows. */
static bool
line_has(struct slice line, const char *word, struct slice *rest)
{
    size_t len = strlen(word);

    for (; line.left >= len; slice_skip(&line, 1)) {
        struct slice at = line;
        size_t i = 0;

        while (i < len && lower(slice_u8(&at)) == (uint8_t)word[i])
            i++;
        if (i == len) {
            *rest = at;
            return true;
        }
    }
    return false;
}

/* ---- one part ---- */

static void
pour(struct mail *m)
{
    if (m->taken && m->len > 0)
        m->taken = unpack_more(m->u, m->out, m->len);
    m->len = 0;
}

static void
put(struct mail *m, uint8_t byte)
{
    if (m->len == OUTPUT)
        pour(m);
    m->out[m->len++] = byte;
}

static void
part_begin(struct mail *m)
{
    m->reading = m->announced;
    m->bits = m->bit_count = 0;
    m->len = 0;
    m->taken = m->reading != PLAIN && unpack_begin(m->u, m->name[0] != '\0' ? m->name : "part");
    if (!m->taken)
        m->reading = PLAIN;
}

static void
part_end(struct mail *m)
{
    if (m->reading != PLAIN) {
        pour(m);
        unpack_end(m->u);
    }
    m->reading = m->announced = PLAIN;
    m->name[0] = '\0';
}

static int
value_of(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != 0 ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* False: no line of base64. */
static bool
base64_line(struct mail *m, struct slice line)
{
    while (line.left > 0) {
        uint8_t c = slice_u8(&line);
        int value = value_of(c);

        if (c == '=' || c == ' ' || c == '\t')
            continue;
        if (value < 0)
            return false;
        m->bits = m->bits << 6 | (uint32_t)value;
        m->bit_count += 6;
        if (m->bit_count >= 8) {
            m->bit_count -= 8;
            put(m, (uint8_t)(m->bits >> m->bit_count));
        }
    }
    return true;
}

static int
hex_of(uint8_t c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10
                                                : -1;
}

static void
quoted_line(struct mail *m, struct slice line)
{
    while (line.left > 0) {
        uint8_t c = slice_u8(&line);
        struct slice ahead = line;
        int high, low;

        if (c == '=' && line.left == 0)
            return; /* the line goes on in the next */
        high = hex_of(slice_u8(&ahead));
        low = hex_of(slice_u8(&ahead));
        if (c == '=' && !ahead.bad && high >= 0 && low >= 0) {
            put(m, (uint8_t)(high << 4 | low));
            line = ahead;
        } else {
            put(m, c);
        }
    }
    put(m, '\n');
}

/* ---- the lines around ---- */

static void
take_name(struct mail *m, struct slice rest)
{
    size_t n = 0;
    uint8_t c = slice_u8(&rest);
    bool quoted = c == '"';

    if (quoted)
        c = slice_u8(&rest);
    while (!rest.bad && n + 1 < NAME && c != '"' && (quoted || (c != ';' && c != ' '))) {
        m->name[n++] = c != 0 ? (char)c : '?';
        c = slice_u8(&rest);
    }
    m->name[n] = '\0';
}

static void
header_line(struct mail *m, struct slice line)
{
    struct slice rest, value;

    if (line.left > LINE_SHOWN)
        line.left = LINE_SHOWN;
    if (line_has(line, "content-transfer-encoding:", &rest))
        m->announced = line_has(rest, "base64", &value)             ? BASE64
                       : line_has(rest, "quoted-printable", &value) ? QUOTED
                                                                    : PLAIN;
    else if (line_has(line, "name=", &rest))
        take_name(m, rest);
}

/* The line between two parts, or two mails of a mailbox. */
static bool
is_border(struct slice line)
{
    uint8_t first = slice_u8(&line), second = slice_u8(&line);

    if (first == '-' && second == '-')
        return true;
    return first == 'F' && second == 'r' && slice_u8(&line) == 'o' && slice_u8(&line) == 'm' &&
           slice_u8(&line) == ' ';
}

void
unpack_mail(struct unpack *u, struct slice file)
{
    struct mail m = {.u = u};
    struct slice line;

    while (!u->level[u->depth].capped && line_next(&file, &line)) {
        if (is_border(line)) {
            part_end(&m);
            continue;
        }
        if (m.reading == QUOTED) {
            quoted_line(&m, line);
            continue;
        }
        if (m.reading == BASE64 && base64_line(&m, line))
            continue;
        if (m.reading == BASE64)
            part_end(&m); /* and the line is looked at as another */
        if (line.left > 0)
            header_line(&m, line);
        else if (m.announced != PLAIN)
            part_begin(&m);
    }
    part_end(&m);
}
