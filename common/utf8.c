/* SPDX-License-Identifier: Apache-2.0 */
#include "common/utf8.h"

size_t
utf8_len(struct slice s)
{
    uint8_t a = slice_u8(&s), b, c, d;

    if (a < 0x80)
        return s.bad ? 0 : 1;
    b = slice_u8(&s);
    if (a >= 0xc2 && a <= 0xdf)
        return !s.bad && (b & 0xc0) == 0x80 ? 2 : 0;
    c = slice_u8(&s);
    if (a >= 0xe0 && a <= 0xef) {
        if (s.bad || (b & 0xc0) != 0x80 || (c & 0xc0) != 0x80)
            return 0;
        return (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) ? 0 : 3;
    }
    d = slice_u8(&s);
    if (a < 0xf0 || a > 0xf4 || s.bad || (b & 0xc0) != 0x80 || (c & 0xc0) != 0x80 ||
        (d & 0xc0) != 0x80)
        return 0;
    return (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f) ? 0 : 4;
}

size_t
utf8_bad_len(struct slice s)
{
    uint8_t a = slice_u8(&s), b = slice_u8(&s);
    size_t whole = a >= 0xe0 && a <= 0xef ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 1;

    if (whole == 1 || s.bad || (b & 0xc0) != 0x80 || (a == 0xe0 && b < 0xa0) ||
        (a == 0xed && b > 0x9f) || (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f))
        return 1;
    return whole == 4 && (slice_u8(&s) & 0xc0) == 0x80 ? 3 : 2;
}

uint32_t
utf8_next(struct slice *in)
{
    size_t n = utf8_len(*in);
    uint32_t cp = slice_u8(in);

    if (n == 0)
        return UTF8_REPLACEMENT;
    if (n == 1)
        return cp;
    cp &= 0x7fu >> n;
    for (; n > 1; n--)
        cp = cp << 6 | (slice_u8(in) & 0x3fu);
    return cp;
}

size_t
utf8_encode(uint32_t cp, uint8_t out[UTF8_MAX])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xc0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xe0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (cp & 0x3f));
    return 4;
}

void
utf8_put(struct buf *out, uint32_t cp)
{
    uint8_t bytes[UTF8_MAX];

    buf_put(out, bytes, utf8_encode(cp, bytes));
}

/* C0, DEL and C1 controls, and the separators that end a line. */
static bool
is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029;
}

/* Shows nothing, and turns or hides what is around it. */
static bool
is_hidden(uint32_t cp)
{
    return cp == 0xad || cp == 0x61c || cp == 0x180e || (cp >= 0x200b && cp <= 0x200f) ||
           (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff ||
           (cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0xe0000 && cp <= 0xe0fff);
}

static void
put_visible(struct buf *out, struct slice text, bool lines)
{
    bool gap = false;

    while (text.left > 0) {
        uint32_t cp = utf8_next(&text);

        if (lines && cp == '\n') {
            buf_put_u8(out, '\n');
            gap = false;
        } else if (is_control(cp)) {
            if (!gap)
                buf_put_u8(out, ' ');
            gap = true;
        } else if (!is_hidden(cp)) {
            utf8_put(out, cp);
            gap = false;
        }
    }
}

void
utf8_put_line(struct buf *out, struct slice text)
{
    put_visible(out, text, false);
}

void
utf8_put_text(struct buf *out, struct slice text)
{
    put_visible(out, text, true);
}
