/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/mask.h"

/* An IPv4 address has 12 at most. */
enum { MASK_DIGITS_MIN = 13, SEPARATORS_MAX = 3 };

static bool
digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
hex(char c)
{
    return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Length of what stands between two groups of digits: up to SEPARATORS_MAX separators, also as %20 and
 * the like; 0 when nothing follows. A digit may itself be written %3x. */
static size_t
separators(const char *text)
{
    size_t n = 0, coded = 0;

    for (size_t count = 0; count < SEPARATORS_MAX && text[n] != '\0'; count++) {
        if (text[n] == '%' && hex(text[n + 1]) && hex(text[n + 2])) {
            if (text[n + 1] == '3' && digit(text[n + 2]))
                coded = n + 3;
            n += 3;
        } else if (strchr(" -+._%", text[n]) != NULL) {
            n++;
        } else {
            break;
        }
    }
    return n > 0 && (digit(text[n]) || text[n] == '%') ? n : coded;
}

static void
mask_digits(char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        size_t digits = 0, end = i;

        if (!digit(text[i]))
            continue;
        for (size_t j = i, gap = 1; gap > 0; j += gap) {
            gap = digit(text[j]) ? 1 : separators(text + j);
            for (size_t k = j; k < j + gap; k++)
                digits += digit(text[k]);
            end = gap > 0 ? j + gap - 1 : end;
        }
        for (size_t j = i; digits >= MASK_DIGITS_MIN && j <= end; j++) {
            if (digit(text[j]))
                text[j] = 'X';
        }
        i = end;
    }
}

/* The length of the UTF-8 character at `s` (RFC 3629), 0 where there is none. */
static size_t
utf8_len(const unsigned char *s, size_t left)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    if (n >= 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
                   (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
        return 0;
    return n;
}

const char *
mask_text(char *dst, size_t size, const char *text, size_t len)
{
    size_t used = 0;

    for (size_t i = 0; i < len;) {
        size_t n = utf8_len((const unsigned char *)text + i, len - i);
        bool bad = n == 0 || (n == 1 && ((unsigned char)text[i] < 0x20 || text[i] == 0x7f));

        if (used + (bad ? 1 : n) >= size)
            break;
        if (bad) {
            dst[used++] = '?';
            i++;
            continue;
        }
        memcpy(dst + used, text + i, n);
        used += n;
        i += n;
    }
    dst[used] = '\0';
    mask_digits(dst);
    return dst;
}

const char *
mask_uri(char *dst, size_t size, struct str uri)
{
    size_t len = 0;

    while (len < uri.len && uri.at[len] != '?' && uri.at[len] != '#' && uri.at[len] != ';')
        len++;
    return mask_text(dst, size, uri.at, len);
}
