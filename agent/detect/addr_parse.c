/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of addresses, as records and lists give them. */
#include "agent/detect/obs.h"

#include <string.h>

enum { GROUPS = 8 };

static bool
parse_v4(struct str text, uint8_t out[4])
{
    size_t part = 0, digits = 0;
    unsigned value = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c >= '0' && c <= '9' && digits < 3) {
            value = value * 10 + (unsigned)(c - '0');
            digits++;
        } else if (c == '.' && digits > 0 && part < 3) {
            out[part++] = (uint8_t)value;
            value = 0;
            digits = 0;
        } else {
            return false;
        }
        if (value > 255)
            return false;
    }
    if (part != 3 || digits == 0)
        return false;
    out[3] = (uint8_t)value;
    return true;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The groups of one side of "::" as bytes; the count of bytes, or -1. */
static int
parse_groups(struct str text, uint8_t out[16], bool last)
{
    size_t at = 0;
    int n = 0;

    while (at < text.len) {
        const char *colon = memchr(text.at + at, ':', text.len - at);
        struct str group =
            str_n(text.at + at, colon != NULL ? (size_t)(colon - text.at) - at : text.len - at);
        unsigned value = 0;

        if (colon == NULL && last && memchr(group.at, '.', group.len) != NULL)
            return n <= 12 && parse_v4(group, out + n) ? n + 4 : -1;
        if (group.len == 0 || group.len > 4 || n > 14)
            return -1;
        for (size_t i = 0; i < group.len; i++) {
            int digit = hex_digit(group.at[i]);

            if (digit < 0)
                return -1;
            value = value << 4 | (unsigned)digit;
        }
        out[n++] = (uint8_t)(value >> 8);
        out[n++] = (uint8_t)(value & 0xff);
        at += group.len;
        if (colon != NULL && ++at == text.len)
            return -1; /* ends with a colon */
    }
    return n;
}

static bool
parse_v6(struct str text, uint8_t out[16])
{
    uint8_t head[16], tail[16];
    size_t gap = 0;
    int n, m;

    while (gap + 1 < text.len && (text.at[gap] != ':' || text.at[gap + 1] != ':'))
        gap++;
    if (gap + 1 >= text.len) {
        n = parse_groups(text, head, true);
        if (n == 2 * GROUPS)
            memcpy(out, head, 16);
        return n == 2 * GROUPS;
    }
    n = parse_groups(str_n(text.at, gap), head, false);
    m = parse_groups(str_n(text.at + gap + 2, text.len - gap - 2), tail, true);
    if (n < 0 || m < 0 || n + m > 14)
        return false;
    memset(out, 0, 16);
    memcpy(out, head, (size_t)n);
    memcpy(out + 16 - m, tail, (size_t)m);
    return true;
}

bool
net_addr_parse(struct str text, struct net_addr *out)
{
    struct net_addr a = {.family = memchr(text.at, ':', text.len) != NULL ? 6 : 4};
    bool good = text.len < NET_ADDR_TEXT_MAX &&
                (a.family == 6 ? parse_v6(text, a.bytes) : parse_v4(text, a.bytes));

    *out = good ? a : (struct net_addr){0};
    return good;
}
