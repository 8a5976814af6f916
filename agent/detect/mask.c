/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/mask.h"

enum { MASK_DIGITS_MIN = 12 };

static bool
digit(char c)
{
    return c >= '0' && c <= '9';
}

static void
mask_digits(char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        size_t digits = 0, end = i;

        if (!digit(text[i]))
            continue;
        for (size_t j = i; digit(text[j]) || (strchr(" -+._%", text[j]) != NULL &&
                                              text[j] != '\0' && digit(text[j + 1]));
             j++) {
            digits += digit(text[j]);
            end = j;
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
