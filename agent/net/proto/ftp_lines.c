/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/ftp.h"
#include "agent/net/proto/words.h"

static bool
digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number at the beginning of *s; false where it is none or above `max`. */
static bool
take_number(struct str *s, uint64_t max, uint64_t *out)
{
    size_t n = 0;

    while (n < s->len && digit(s->at[n]))
        n++;
    if (!words_number(str_n(s->at, n), out) || *out > max)
        return false;
    *s = words_skip(*s, n);
    return true;
}

/* From its first digit on. */
static bool
six_numbers(struct str s, uint64_t v[6])
{
    for (unsigned i = 0; i < 6; i++) {
        if (i > 0 && (s.len == 0 || s.at[0] != ','))
            return false;
        if (i > 0)
            s = words_skip(s, 1);
        if (!take_number(&s, 255, &v[i]))
            return false;
    }
    return true;
}

uint16_t
ftp_port_of_six(struct str text, uint8_t addr[4])
{
    while (text.len > 0) {
        uint64_t v[6] = {0};

        if (digit(text.at[0]) && six_numbers(text, v)) {
            for (unsigned i = 0; i < 4; i++)
                addr[i] = (uint8_t)v[i];
            return (uint16_t)(v[4] << 8 | v[5]);
        }
        while (text.len > 0 && digit(text.at[0]))
            text = words_skip(text, 1);
        while (text.len > 0 && !digit(text.at[0]))
            text = words_skip(text, 1);
    }
    return 0;
}

uint16_t
ftp_port_extended(struct str text)
{
    uint64_t port;
    char bar;

    if (memchr(text.at, '(', text.len) != NULL)
        (void)words_until(&text, '('); /* a reply has words before */
    if (text.len == 0)
        return 0;
    bar = text.at[0];
    text = words_skip(text, 1);
    (void)words_until(&text, bar);
    (void)words_until(&text, bar);
    return words_number(words_until(&text, bar), &port) && port <= 65535 ? (uint16_t)port : 0;
}
