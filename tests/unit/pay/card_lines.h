/* SPDX-License-Identifier: Apache-2.0 */
/* card_lines: payment records from a seed that hold card numbers in every way that they are written, and
 * ids that only look like one, for all readers. */
#pragma once

#include <ctype.h>
#include <time.h>

#include "agent/detect/card_number.h"
#include "pay_own.h"

enum { LINE_TEXT_MAX = 320, LINE_CARDS_MAX = 6, LINE_NUMBER_MAX = 20 };
enum line_reader {
    LINE_CSV,
    LINE_SEMICOLON,
    LINE_JSON,
    LINE_TEXT,
    LINE_XML,
    LINE_SGML,
    LINE_READERS
};

struct line {
    bool broken; /* no record, only something with numbers in it */
    bool has_card;
    char id[64], order[64], card[LINE_TEXT_MAX], card_digits[LINE_NUMBER_MAX];
    char reason[LINE_TEXT_MAX], device[LINE_TEXT_MAX], original[LINE_TEXT_MAX];
    char customer[64], email[64], account[24], cvv[8], time[32];
    unsigned amount;
    size_t forbidden_count;
    uint64_t forbidden[LINE_CARDS_MAX]; /* as numbers: must be in no output */
};

static inline uint64_t
line_random(uint64_t *s)
{
    uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline unsigned
line_below(uint64_t *s, unsigned n)
{
    return (unsigned)(line_random(s) % n);
}

static inline void
line_digits(uint64_t *s, char *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)('0' + line_random(s) % 10);
    to[n] = '\0';
}

static inline bool
line_is_card(const char *number)
{
    uint8_t digits[CARD_DIGITS_MAX];
    size_t n = strlen(number);

    if (n > CARD_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        digits[i] = (uint8_t)(number[i] - '0');
    return card_valid(digits, n);
}

static inline void
line_forbid(struct line *l, const char *number)
{
    if (l->forbidden_count < LINE_CARDS_MAX)
        l->forbidden[l->forbidden_count++] = strtoull(number, NULL, 10);
}

/* Whether the first digits of a longer number are one themselves: then where it ends is open. */
static inline bool
line_is_open(const char *number)
{
    char head[LINE_NUMBER_MAX];

    for (size_t n = 13; n < strlen(number); n++) {
        (void)snprintf(head, n + 1, "%s", number);
        if (line_is_card(head))
            return true;
    }
    return false;
}

/* A card number of some network. */
static inline void
line_card_once(uint64_t *s, char to[LINE_NUMBER_MAX])
{
    static const struct {
        const char *prefix;
        size_t len;
    } kinds[] = {{"4", 16},    {"4", 16},    {"4", 13},    {"4", 19},    {"51", 16},   {"55", 16},
                 {"2221", 16}, {"2720", 16}, {"34", 15},   {"37", 15},   {"6011", 16}, {"65", 16},
                 {"36", 14},   {"38", 16},   {"3528", 16}, {"62", 16},   {"62", 17},   {"62", 19},
                 {"5018", 13}, {"6304", 18}, {"5062", 16}, {"2869", 16}, {"9792", 16}};
    size_t k = line_random(s) % VG_ARRAY_LEN(kinds), n = kinds[k].len;

    line_digits(s, to, n);
    memcpy(to, kinds[k].prefix, strlen(kinds[k].prefix));
    if (strcmp(kinds[k].prefix, "2869") == 0)
        memcpy(to, "286900", 6);
    for (char last = '0'; last <= '9'; last++) {
        to[n - 1] = last;
        if (line_is_card(to))
            return;
    }
    fail_msg("no card: %s", to);
}

static inline void
line_card(uint64_t *s, char to[LINE_NUMBER_MAX])
{
    do
        line_card_once(s, to);
    while (line_is_open(to));
}

/* ---- ways to write one ---- */

static inline void
groups_of(size_t n, bool fours, size_t i, bool *gap)
{
    *gap = !fours && n == 15   ? i == 4 || i == 10
           : !fours && n == 14 ? i == 4 || i == 10
                               : i % 4 == 0;
    *gap = *gap && i > 0;
}

enum { WAYS_GROUPED = 17, WAYS = 29 };

static inline void
written(uint64_t *s, const char *number, unsigned way, char *to)
{
    static const char *const gaps[WAYS_GROUPED] = {"",
                                                   " ",
                                                   "-",
                                                   ".",
                                                   "_",
                                                   "+",
                                                   "\xc2\xa0",
                                                   "\xe2\x80\x93",
                                                   "\xe2\x80\xaf",
                                                   "\xe2\x80\x92",
                                                   "\xe2\x88\x92",
                                                   "%20",
                                                   "%2D",
                                                   "%2d",
                                                   "%C2%A0",
                                                   "%E2%80%93",
                                                   " - "};
    size_t n = strlen(number), at = 0;
    bool fours = line_below(s, 2), gap;

    if (way < WAYS_GROUPED) {
        for (size_t i = 0; i < n; i++) {
            groups_of(n, fours, i, &gap);
            at += (size_t)sprintf(to + at, "%s%c", gap ? gaps[way] : "", number[i]);
        }
        return;
    }
    switch (way - WAYS_GROUPED) {
    case 0: /* full-width */
        for (size_t i = 0; i < n; i++)
            at += (size_t)sprintf(to + at, "\xef\xbc%c", (char)(0x90 + number[i] - '0'));
        break;
    case 1: /* each digit percent-encoded */
        for (size_t i = 0; i < n; i++)
            at += (size_t)sprintf(to + at, "%%3%c", number[i]);
        break;
    case 2:
        (void)sprintf(to, "ordX%sY", number);
        break;
    case 3:
        (void)sprintf(to, "https://tienda.example/pay?pan=%s&cvv=123&x=1", number);
        break;
    case 4:
        (void)sprintf(to, "{\"pan\":\"%s\",\"cvc\":\"123\"}", number);
        break;
    case 5:
        (void)sprintf(to, ";%s=29121010000012300000?", number);
        break;
    case 6:
        (void)sprintf(to, "%%B%s^ZZTRACK/JUANA A^29121010000000000123000000?", number);
        break;
    case 7:
        (void)sprintf(to, "t1=%%25B%s%%5EZZTRACK%%2FJ%%5E2912101000000%%3F&x", number);
        break;
    case 8:
        (void)sprintf(to, "%sD2912101000001230000", number);
        break;
    case 9:
        (void)sprintf(to, "%s|12|29|123", number);
        break;
    case 10:
        (void)sprintf(to, "pan %s cvv: 123 (%s)", number, number);
        break;
    default:
        for (size_t i = 0; i < n; i++) /* two kinds of digits and separators within one number */
            at += (size_t)sprintf(to + at,
                                  i % 8 == 4            ? "-%c"
                                  : i % 8 == 0 && i > 0 ? " %c"
                                                        : "%c",
                                  number[i]);
    }
}

/* ---- ids that only look like one ---- */

static inline void
alike(uint64_t *s, char to[64])
{
    static const char hex[] = "0123456789abcdef";
    unsigned kind = line_below(s, 14);
    char d[32];

    line_digits(s, d, 24);
    switch (kind) {
    case 0: /* fails the Luhn check */
        d[13 + line_below(s, 7)] = '\0';
        if (line_is_card(d))
            d[strlen(d) - 1] = d[strlen(d) - 1] == '9' ? '0' : (char)(d[strlen(d) - 1] + 1);
        (void)sprintf(to, "%s", d);
        return;
    case 1: /* in no range */
        d[13 + line_below(s, 7)] = '\0';
        d[0] = "078"[line_below(s, 3)];
        d[1] = '7';
        (void)sprintf(to, "%s", d);
        return;
    case 2:
    case 3: /* a UUID; one in three of digits alone */
        for (size_t i = 0; i < 36; i++)
            to[i] = i == 8 || i == 13 || i == 18 || i == 23
                        ? '-'
                        : hex[line_below(s, kind == 2 && d[0] < '5' ? 10 : 16)];
        to[36] = '\0';
        return;
    case 4:
        (void)sprintf(to, "17%.11s", d); /* milliseconds */
        return;
    case 5:
        (void)sprintf(to, "17%.14s", d); /* microseconds */
        return;
    case 6:
        (void)sprintf(to, "17%.17s", d); /* nanoseconds */
        return;
    case 7:
        (void)sprintf(to, "%s", d); /* too long */
        return;
    case 8:
        (void)sprintf(to, "20261122%.6s%.3s", d, d + 6);
        return;
    case 9:
        (void)sprintf(to, "+52 1 55 %.4s %.4s", d, d + 4);
        return;
    case 10:
        (void)sprintf(to, "+49%.11s", d);
        return;
    case 11:
        (void)sprintf(to, "%.4s 2026-11-%02u 13.05", d, 1 + line_below(s, 28));
        return;
    case 12: /* by fours, but no card */
        d[16] = '\0';
        if (line_is_card(d))
            d[15] = d[15] == '9' ? '0' : (char)(d[15] + 1);
        (void)sprintf(to, "%.4s-%.4s-%.4s-%.4s", d, d + 4, d + 8, d + 12);
        return;
    default:
        (void)sprintf(to, "FOLIO-%.8s", d);
    }
}

/* ---- a record ---- */

static inline void
some_text(uint64_t *s, struct line *l, char *to)
{
    char number[LINE_NUMBER_MAX], text[LINE_TEXT_MAX];

    if (line_below(s, 3) != 0) {
        (void)sprintf(to, "nota %u", line_below(s, 100));
        return;
    }
    line_card(s, number);
    line_forbid(l, number);
    written(s, number, line_below(s, WAYS), text);
    (void)snprintf(to, LINE_TEXT_MAX, "%s%s%s", line_below(s, 2) ? "pago " : "", text,
                   line_below(s, 2) ? " ok" : "");
}

static inline void
line_make(uint64_t *s, uint64_t n, struct line *l)
{
    uint64_t at = 1767225600 + 40 * n;
    time_t seconds = (time_t)at;
    struct tm tm;

    *l = (struct line){.amount = 100 + line_below(s, 90000)};
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(l->time, sizeof l->time, "%Y-%m-%dT%H:%M:%SZ", &tm);
    l->broken = line_below(s, 50) == 0;
    alike(s, l->id);
    alike(s, l->order);
    if (line_below(s, 2) == 0) {
        line_card(s, l->card_digits);
        line_forbid(l, l->card_digits);
        written(s, l->card_digits, line_below(s, WAYS), l->card);
        l->has_card = true;
    } else {
        (void)sprintf(l->card, "411111XXXXXX%04u", line_below(s, 10000));
    }
    some_text(s, l, l->reason);
    some_text(s, l, l->device);
    some_text(s, l, l->original);
    (void)sprintf(l->customer, "Xanadu P\xc3\xa9rez %c", (char)('A' + line_below(s, 26)));
    (void)sprintf(l->email, "qqmail.%u@example.org", line_below(s, 1000));
    line_digits(s, l->account, 18);
    line_forbid(l, l->account);
    (void)sprintf(l->cvv, "%03u", line_below(s, 1000));
}
