/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/card_scan.h"

#include "agent/pay/card_chain.h"
#include "common/utf8.h"

enum { GAP_MAX = 3, TRACK_NAME_MAX = 32, TRACK_DIGITS_MIN = 7, UUID_LEN = 36 };
/* The kinds of units are those of bytes, but a CARD_LEAD has become one of the others. */

struct unit {
    enum card_byte kind;
    uint8_t digit, len;
    uint32_t code; /* of a separator */
};

/* ---- units ---- */

/* Spaces and dashes of Unicode (general categories Zs and Pd), with those that take no room. */
static bool
is_separator(uint32_t code)
{
    return (code < 0x80 && CARD_BYTE[code] == CARD_SEPARATOR) || code == 0xa0 || code == 0xad ||
           (code >= 0x2000 && code <= 0x2015) || code == 0x202f || code == 0x205f ||
           code == 0x2060 || code == 0x2212 || code == 0x3000 || code == 0xfe58 || code == 0xfe63 ||
           code == 0xfeff || code == 0xff0d || code == 0xff0e || code == 0xff3f;
}

static struct unit
unit_of(uint32_t code, size_t len)
{
    struct unit u = {.kind = CARD_OTHER, .len = 1};

    if ((code >= '0' && code <= '9') || (code >= 0xff10 && code <= 0xff19)) {
        u = (struct unit){.kind = CARD_DIGIT, .len = (uint8_t)len};
        u.digit = (uint8_t)(code >= 0xff10 ? code - 0xff10 : code - '0');
    } else if (is_separator(code)) {
        u = (struct unit){.kind = CARD_SEPARATOR, .len = (uint8_t)len, .code = code};
    }
    return u;
}

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A character as UTF-8 in percent encoding (RFC 3986, 2.1). */
static struct unit
unit_percent(struct slice text, size_t at)
{
    uint8_t bytes[3];
    size_t n = 0, len;
    struct slice s;

    for (size_t i = at; n < sizeof bytes && byte_at(text, i) == '%'; i += 3) {
        int high = hex_value(byte_at(text, i + 1)), low = hex_value(byte_at(text, i + 2));

        if (high < 0 || low < 0)
            break;
        bytes[n++] = (uint8_t)(high << 4 | low);
    }
    s = slice_of(bytes, n);
    len = n > 0 ? utf8_len(s) : 0;
    return len > 0 ? unit_of(utf8_next(&s), 3 * len) : (struct unit){.len = 1};
}

/* \uXXXX (RFC 8259, 7). */
static struct unit
unit_escaped(struct slice text, size_t at)
{
    uint32_t code = 0;

    for (size_t i = 2; i < 6; i++) {
        int v = hex_value(byte_at(text, at + i));

        if (v < 0)
            return (struct unit){.len = 1};
        code = code << 4 | (uint32_t)v;
    }
    return byte_at(text, at + 1) == 'u' ? unit_of(code, 6) : (struct unit){.len = 1};
}

static struct unit
unit_long(struct slice text, size_t at)
{
    struct slice s;
    size_t len;

    if (byte_at(text, at) == '%')
        return unit_percent(text, at);
    if (byte_at(text, at) == '\\')
        return unit_escaped(text, at);
    s = bytes_part(text, at, text.left);
    len = utf8_len(s);
    return len > 0 ? unit_of(utf8_next(&s), len) : (struct unit){.len = 1};
}

static inline struct unit
unit_at(struct slice text, size_t at)
{
    uint8_t c = byte_at(text, at);

    switch (CARD_BYTE[c]) {
    case CARD_DIGIT:
        return (struct unit){.kind = CARD_DIGIT, .digit = (uint8_t)(c - '0'), .len = 1};
    case CARD_SEPARATOR:
        return (struct unit){.kind = CARD_SEPARATOR, .len = 1, .code = c};
    case CARD_LEAD:
        return unit_long(text, at);
    default:
        return (struct unit){.len = 1};
    }
}

/* Behind up to GAP_MAX separators; `at` itself where no digit follows them. */
static size_t
gap_end(struct slice text, size_t at, size_t *units, uint32_t *code)
{
    size_t end = at;

    *code = 0;
    for (*units = 0; *units < GAP_MAX; (*units)++) {
        struct unit u = unit_at(text, end);

        if (u.kind != CARD_SEPARATOR)
            break;
        *code = *code * 0x10001 + u.code + 1;
        end += u.len;
    }
    return *units > 0 && unit_at(text, end).kind == CARD_DIGIT ? end : at;
}

/* ---- one number ---- */

/* The groups of a number so far. */
struct shape {
    size_t count, len[CARD_DIGITS_MAX], from[CARD_DIGITS_MAX];
    uint32_t gap; /* the first one */
    bool mixed;   /* another gap is written otherwise */
    bool wide;    /* of several separators */
};

static bool
is_written_so(const struct shape *s)
{
    if (s->count == 2)
        return s->len[0] == 6 && s->len[1] == 13;
    if (s->count == 3)
        return s->len[0] == 4 && s->len[1] == 6 && (s->len[2] == 4 || s->len[2] == 5);
    for (size_t i = 0; i + 1 < s->count; i++)
        if (s->len[i] != 4)
            return false;
    return s->len[s->count - 1] <= 4;
}

/* YYYYMMDD at the front of a group of 8, or of 14 with the time. */
static bool
is_date(const uint8_t *d, size_t len)
{
    unsigned year, month, day;

    if (len != 8 && len != 14)
        return false;
    year = d[0] * 10U + d[1];
    month = d[4] * 10U + d[5];
    day = d[6] * 10U + d[7];
    return (year == 19 || year == 20) && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool
is_plausible(const struct shape *s, const uint8_t *digits, size_t n)
{
    bool even = true;

    if (s->count == 1)
        return true;
    if (s->wide && s->mixed)
        return false;
    if (is_written_so(s))
        return true;
    if (s->mixed || s->wide || (n != 16 && !(digits[0] == 3 && n < 16)))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        even &= s->len[i] == s->len[0] || i + 1 == s->count;
        if (is_date(digits + s->from[i], s->len[i]))
            return false;
    }
    return s->count <= 3 || even;
}

/* The networks' everyday lengths win over rarer ones where several ends are possible, so that an
 * expiry date behind the number does not become a part of it. */
static int
length_rank(size_t n)
{
    if (n == 16)
        return 3;
    return n == 15 ? 2 : 1;
}

static void
gap_note(struct shape *s, size_t units, uint32_t code)
{
    if (s->count == 1)
        s->gap = code;
    s->mixed |= code != s->gap;
    s->wide |= units > 1;
}

/* A card number that begins with the group at `start`, which begins with a digit. */
static bool
match_at(struct slice text, size_t start, struct card_found *out)
{
    uint8_t digits[CARD_DIGITS_MAX];
    struct shape s = {0};
    size_t n = 0, at = start, units;
    uint32_t code;
    int best = 0;

    for (;;) {
        struct unit u = unit_at(text, at);
        size_t next;

        s.from[s.count] = n;
        for (; u.kind == CARD_DIGIT; u = unit_at(text, at)) {
            if (n == CARD_DIGITS_MAX)
                return best > 0;
            digits[n++] = u.digit;
            at += u.len;
        }
        s.len[s.count] = n - s.from[s.count];
        s.count++;
        if (length_rank(n) >= best && card_valid(digits, n) && is_plausible(&s, digits, n)) {
            best = length_rank(n);
            out->start = start;
            out->end = at;
            out->n = n;
            memcpy(out->digits, digits, n);
        }
        next = gap_end(text, at, &units, &code);
        if (next == at || n == CARD_DIGITS_MAX)
            return best > 0;
        gap_note(&s, units, code);
        at = next;
    }
}

/* ---- what is no card although it reads like one ---- */

static bool
is_uuid(struct slice text, size_t at)
{
    if (byte_at(text, at + 8) != '-' || byte_at(text, at + 23) != '-') /* most are told by these */
        return false;
    for (size_t i = 0; i < UUID_LEN; i++) {
        uint8_t c = byte_at(text, at + i);
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : hex_value(c) < 0)
            return false;
    }
    return CARD_BYTE[byte_at(text, at + UUID_LEN)] != CARD_DIGIT;
}

/* Whether it has a part in a UUID. What lies before `floor` became a token: nobody sees it again. */
static bool
is_in_uuid(struct slice text, const struct card_found *m, size_t floor)
{
    size_t at = m->start >= UUID_LEN ? m->start - UUID_LEN + 1 : 0;

    at = at > floor ? at : floor;
    if (bytes_find(bytes_part(text, at, m->end + UUID_LEN), 0, '-') >= m->end + UUID_LEN - at)
        return false;
    for (; at < m->end; at++) {
        bool digit_before = at > floor && CARD_BYTE[byte_at(text, at - 1)] == CARD_DIGIT;

        if (!digit_before && is_uuid(text, at))
            return true;
    }
    return false;
}

/* Thirteen digits behind a plus that begins a word (ITU-T E.164). The plus of a form, "pan=+4...", is
 * a space. */
static bool
is_telephone(struct slice text, const struct card_found *m, size_t floor)
{
    if (m->n != CARD_DIGITS_MIN || m->start < floor + 1 || byte_at(text, m->start - 1) != '+')
        return false;
    if (m->start == 1)
        return true;
    return m->start >= floor + 2 && memchr(" \t\"',;:|(>", byte_at(text, m->start - 2), 10) != NULL;
}

/* ---- track data ---- */

/* Behind `c`, also percent-encoded; `at` itself where something else stands. */
static size_t
mark_end(struct slice text, size_t at, uint8_t c)
{
    if (byte_at(text, at) == c)
        return at + 1;
    if (byte_at(text, at) == '%' && hex_value(byte_at(text, at + 1)) == c >> 4 &&
        hex_value(byte_at(text, at + 2)) == (c & 15))
        return at + 3;
    return at;
}

static bool
is_track_byte(uint8_t c, bool spaces)
{
    return CARD_BYTE[c] == CARD_DIGIT ||
           (spaces && (c == ' ' || c == '+' || (c >= 'A' && c <= 'Z')));
}

/* Behind the digits of a track and its end sentinel; `from` where they are too few. */
static size_t
track_digits(struct slice text, size_t from, bool spaces)
{
    size_t at = from, digits = 0;

    for (; at < text.left && is_track_byte(byte_at(text, at), spaces); at++)
        digits += CARD_BYTE[byte_at(text, at)] == CARD_DIGIT;
    return digits >= TRACK_DIGITS_MIN ? mark_end(text, at, '?') : from;
}

/* Behind the track data that follow a number's end; `end` where there are none. */
static size_t
track_end(struct slice text, size_t end)
{
    size_t at = mark_end(text, end, '='), name, stop;

    if (at == end && (byte_at(text, end) | 0x20) == 'd')
        at = end + 1;
    if (at > end) {
        stop = track_digits(text, at, false);
        return stop > at ? stop : end;
    }
    at = mark_end(text, end, '^');
    for (name = at; name > end && name < at + 3 * TRACK_NAME_MAX && name < text.left; name++) {
        size_t behind = mark_end(text, name, '^');

        if (byte_at(text, name) < ' ')
            break;
        if (behind > name) {
            stop = track_digits(text, behind, true);
            return stop > behind ? stop : behind;
        }
    }
    return end;
}

/* ---- all of them ---- */

/* The next groups with enough digits for a card, in s->at and s->chain_end. */
static bool
chain_next(struct card_scan *s)
{
    size_t i = s->from, n = s->text.left;

    while ((i = card_chain_likely(s->text, i)) < n) {
        size_t start = i, digits = 0;
        struct unit u = unit_at(s->text, i);

        if (u.kind != CARD_DIGIT) {
            i++;
            continue;
        }
        for (;;) {
            size_t units, next;
            uint32_t code;

            for (; u.kind == CARD_DIGIT; u = unit_at(s->text, i)) {
                digits++;
                i += u.len;
            }
            if (u.kind != CARD_SEPARATOR)
                break;
            next = gap_end(s->text, i, &units, &code);
            if (next == i)
                break;
            i = next;
            u = unit_at(s->text, i);
        }
        if (digits >= CARD_DIGITS_MIN) {
            s->from = s->chain_end = i;
            s->at = start;
            return true;
        }
    }
    s->from = n;
    return false;
}

/* To the beginning of the next group of the chain. */
static void
group_skip(struct card_scan *s)
{
    struct unit u = unit_at(s->text, s->at);

    for (; u.kind == CARD_DIGIT; u = unit_at(s->text, s->at))
        s->at += u.len;
    for (; u.kind == CARD_SEPARATOR; u = unit_at(s->text, s->at))
        s->at += u.len;
}

bool
card_scan_next(struct card_scan *s, struct card_found *out)
{
    for (;;) {
        while (s->at < s->chain_end) {
            if (match_at(s->text, s->at, out) && !is_in_uuid(s->text, out, s->floor) &&
                !is_telephone(s->text, out, s->floor)) {
                size_t end = track_end(s->text, out->end);

                out->track = end > out->end;
                out->end = s->at = s->floor = end;
                if (s->from < end)
                    s->from = s->chain_end = end;
                else
                    group_skip(s);
                return true;
            }
            group_skip(s);
        }
        if (!chain_next(s))
            return false;
    }
}
