/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/when.h"

#include "common/vtime.h"

struct civil {
    int year;
    unsigned month, day, hour, min, sec;
    int64_t fraction_ns;
    bool pm, am, has_offset;
    int offset_s;
};

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* 1 to `max` digits. */
static bool
take_number(struct slice *s, size_t max, unsigned *out)
{
    unsigned value = 0;
    size_t n = 0;

    while (n < max && is_digit(byte_at(*s, 0))) {
        value = value * 10 + (unsigned)(slice_u8(s) - '0');
        n++;
    }
    *out = value;
    return n > 0;
}

static bool
take_char(struct slice *s, uint8_t c)
{
    if (s->left == 0 || byte_at(*s, 0) != c)
        return false;
    slice_skip(s, 1);
    return true;
}

static bool
take_fraction(struct slice *s, int64_t *ns)
{
    int64_t value = 0, unit = VG_SEC_NS;
    size_t n = 0;

    for (; is_digit(byte_at(*s, 0)); n++) {
        int digit = slice_u8(s) - '0';

        if (unit >= 10) {
            unit /= 10;
            value += digit * unit;
        }
    }
    *ns = value;
    return n > 0;
}

static bool
take_offset(struct slice *s, struct civil *c)
{
    uint8_t sign = byte_at(*s, 0);
    unsigned hours, minutes = 0;

    if (sign == 'Z' || sign == 'z') {
        slice_skip(s, 1);
        c->has_offset = true;
        return true;
    }
    if (sign != '+' && sign != '-')
        return false;
    slice_skip(s, 1);
    if (!take_number(s, 2, &hours))
        return false;
    (void)take_char(s, ':');
    if (is_digit(byte_at(*s, 0)) && !take_number(s, 2, &minutes))
        return false;
    if (hours > 15 || minutes > 59)
        return false;
    c->offset_s = (int)(hours * 3600 + minutes * 60);
    if (sign == '-')
        c->offset_s = -c->offset_s;
    c->has_offset = true;
    return true;
}

static bool
take_month(struct slice *s, unsigned *month)
{
    static const char english[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    static const char spanish[] = "enefebmarabrmayjunjulagosepoctnovdic";
    char name[3];

    for (size_t i = 0; i < sizeof name; i++) {
        uint8_t c = slice_u8(s);

        name[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    for (unsigned m = 0; m < 12 && !s->bad; m++) {
        if (memcmp(english + m * 3, name, 3) == 0 || memcmp(spanish + m * 3, name, 3) == 0) {
            *month = m + 1;
            return true;
        }
    }
    return false;
}

static bool
take_half(struct slice *s, struct civil *c)
{
    uint8_t first = slice_u8(s), second = slice_u8(s);

    c->pm = first == 'P' || first == 'p';
    c->am = first == 'A' || first == 'a';
    return !s->bad && (c->pm || c->am) && (second == 'M' || second == 'm');
}

static bool
take_year(struct slice *s, size_t digits, struct civil *c)
{
    unsigned year;

    if (!take_number(s, digits, &year))
        return false;
    c->year = (int)(digits == 2 ? 2000 + year : year);
    return true;
}

static bool
take_letters(struct slice *s)
{
    size_t n = 0;

    for (; (byte_at(*s, 0) | 0x20) >= 'a' && (byte_at(*s, 0) | 0x20) <= 'z'; n++)
        slice_skip(s, 1);
    return n > 0;
}

static bool
take_field(struct slice *s, char field, struct civil *c)
{
    switch (field) {
    case 'Y':
        return take_year(s, 4, c);
    case 'y':
        return take_year(s, 2, c);
    case 'm':
        return take_number(s, 2, &c->month);
    case 'd':
        return take_number(s, 2, &c->day);
    case 'H':
    case 'I':
        return take_number(s, 2, &c->hour);
    case 'M':
        return take_number(s, 2, &c->min);
    case 'S':
        return take_number(s, 2, &c->sec);
    case 'f':
        return take_fraction(s, &c->fraction_ns);
    case 'p':
        return take_half(s, c);
    case 'z':
        return take_offset(s, c);
    case 'b':
        return take_month(s, &c->month);
    case 'a':
    case 'Z':
        return take_letters(s);
    case '%':
        return take_char(s, '%');
    default:
        return false;
    }
}

static bool
pattern_read(struct slice s, const char *format, struct civil *c)
{
    for (; *format != '\0'; format++) {
        bool ok = *format == '%' ? take_field(&s, *++format, c) : take_char(&s, (uint8_t)*format);

        if (!ok || *format == '\0')
            return false;
    }
    return s.left == 0 && !s.bad;
}

static bool
iso_read(struct slice s, struct civil *c)
{
    if (!take_year(&s, 4, c) || !take_char(&s, '-') || !take_number(&s, 2, &c->month) ||
        !take_char(&s, '-') || !take_number(&s, 2, &c->day))
        return false;
    if (s.left == 0)
        return true;
    if (!take_char(&s, 'T') && !take_char(&s, ' '))
        return false;
    if (!take_number(&s, 2, &c->hour) || !take_char(&s, ':') || !take_number(&s, 2, &c->min))
        return false;
    if (take_char(&s, ':') && !take_number(&s, 2, &c->sec))
        return false;
    if ((take_char(&s, '.') || take_char(&s, ',')) && !take_fraction(&s, &c->fraction_ns))
        return false;
    (void)take_char(&s, ' ');
    return s.left == 0 || (take_offset(&s, c) && s.left == 0);
}

/* [-5:EST], [+10], [0:GMT], [-3.5]: hours, of which a part may be decimal. */
static bool
ofx_zone(struct slice *s, struct civil *c)
{
    bool minus = byte_at(*s, 0) == '-';
    unsigned hours, part = 0;

    if (minus || byte_at(*s, 0) == '+')
        slice_skip(s, 1);
    if (!take_number(s, 2, &hours) || hours > 14)
        return false;
    if (take_char(s, '.')) {
        if (!take_number(s, 2, &part))
            return false;
        part = part < 10 ? part * 360 : part * 36; /* .5 and .50 are half an hour */
    }
    c->has_offset = true;
    c->offset_s = (int)(hours * 3600 + part) * (minus ? -1 : 1);
    if (take_char(s, ':') && !take_letters(s))
        return false;
    return take_char(s, ']');
}

static bool
ofx_read(struct slice s, struct civil *c)
{
    if (!take_year(&s, 4, c) || !take_number(&s, 2, &c->month) || !take_number(&s, 2, &c->day))
        return false;
    if (is_digit(byte_at(s, 0)) && (!take_number(&s, 2, &c->hour) || !take_number(&s, 2, &c->min)))
        return false;
    if (is_digit(byte_at(s, 0)) && !take_number(&s, 2, &c->sec))
        return false;
    if (take_char(&s, '.') && !take_fraction(&s, &c->fraction_ns))
        return false;
    (void)take_char(&s, ' ');
    return s.left == 0 || (take_char(&s, '[') && ofx_zone(&s, c) && s.left == 0);
}

static bool
civil_read(struct slice s, const char *format, struct civil *c)
{
    if (strcmp(format, "iso") == 0)
        return iso_read(s, c);
    if (strcmp(format, "ofx") == 0)
        return ofx_read(s, c);
    return pattern_read(s, format, c);
}

static enum vg_err
unix_read(struct slice s, int64_t unit, int64_t *t_ns)
{
    int64_t value = 0, fraction = 0;
    size_t n = 0;

    for (; n < 14 && is_digit(byte_at(s, 0)); n++)
        value = value * 10 + (slice_u8(&s) - '0');
    if (n == 0 || (take_char(&s, '.') && !take_fraction(&s, &fraction)) || s.left > 0)
        return VG_ERR_FORMAT;
    if (value > INT64_C(7258118400) * (VG_SEC_NS / unit))
        return VG_ERR_LIMIT;
    *t_ns = value * unit + (unit == VG_SEC_NS ? fraction : 0);
    return VG_OK;
}

static bool
civil_valid(struct civil *c)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (c->pm || c->am) {
        if (c->hour < 1 || c->hour > 12)
            return false;
        c->hour = c->hour % 12 + (c->pm ? 12 : 0);
    }
    if (c->sec == 60) /* a leap second is the second after */
        c->sec = 59;
    return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= days[c->month - 1] &&
           c->hour < 24 && c->min < 60 && c->sec < 60;
}

/* The start of an hour of local time. */
static int64_t
hour_start(struct when_zone *z, const struct civil *c)
{
    int64_t key = vtime_days_from_civil(c->year, c->month, c->day) * 24 + c->hour;

    if (z->zone == NULL)
        return key * VG_HOUR_NS - z->offset_s * VG_SEC_NS;
    if (z->hour_key != key || z->hour_ns == 0) {
        z->hour_key = key;
        z->hour_ns = zone_from_local(z->zone, c->year, c->month, c->day, c->hour, 0, 0);
    }
    return z->hour_ns;
}

static int64_t
instant(struct when_zone *zone, const struct civil *c)
{
    int64_t t;

    if (c->has_offset)
        t = vtime_days_from_civil(c->year, c->month, c->day) * VG_DAY_NS + c->hour * VG_HOUR_NS -
            c->offset_s * VG_SEC_NS;
    else
        t = hour_start(zone, c);
    return t + c->min * VG_MIN_NS + c->sec * VG_SEC_NS + c->fraction_ns;
}

/* The last year in which the date is not in the future of what is known of the log. */
static bool
year_guess(struct when_zone *zone, struct civil *c)
{
    unsigned month, day;
    int year;

    if (zone->latest_ns <= 0)
        return false;
    vtime_civil_from_days(zone->latest_ns / VG_DAY_NS, &year, &month, &day);
    for (c->year = year + 1; c->year >= year - 1; c->year--)
        if (instant(zone, c) <= zone->latest_ns + VG_DAY_NS)
            return true;
    return false;
}

/* ---- the same hour once more ---- */

enum { MINUTES_AT = WHEN_HOUR_BYTES, SECONDS_AT = MINUTES_AT + 3, REST_AT = SECONDS_AT + 2 };

/* Two digits below 60; 60: none. */
static unsigned
sixtieth(struct slice s, size_t at)
{
    uint8_t tens = byte_at(s, at), ones = byte_at(s, at + 1);

    return tens >= '0' && tens < '6' && is_digit(ones) ? (tens - '0') * 10U + (ones - '0') : 60;
}

/* Minutes and seconds stand where they stand in a full time, which says nothing of a fraction. -1: not. */
static int64_t
within_hour(struct slice text)
{
    unsigned min = sixtieth(text, MINUTES_AT), sec = sixtieth(text, SECONDS_AT);

    if (text.left < REST_AT || text.left > REST_AT + WHEN_REST_BYTES || min == 60 || sec == 60 ||
        byte_at(text, MINUTES_AT - 1) != ':' || byte_at(text, SECONDS_AT - 1) != ':')
        return -1;
    return min * VG_MIN_NS + sec * VG_SEC_NS;
}

static bool
memo_read(const struct when_memo *m, struct slice text, int64_t *t_ns)
{
    int64_t within;

    if (m->hour_ns == 0 || text.left != REST_AT + (size_t)m->rest_len ||
        memcmp(text.at, m->hour, sizeof m->hour) != 0 ||
        memcmp(text.at + REST_AT, m->rest, m->rest_len) != 0)
        return false;
    within = within_hour(text);
    *t_ns = m->hour_ns + within;
    return within >= 0;
}

static void
memo_keep(struct when_memo *m, struct slice text, const struct civil *c, int64_t t_ns)
{
    int64_t within = within_hour(text);

    m->hour_ns = 0;
    if (within < 0 || c->fraction_ns != 0)
        return;
    memcpy(m->hour, text.at, sizeof m->hour);
    m->rest_len = (uint8_t)(text.left - REST_AT);
    memcpy(m->rest, text.at + REST_AT, m->rest_len);
    m->hour_ns = t_ns - within;
}

enum vg_err
when_parse(struct slice text, const char *format, struct when_zone *zone, int64_t *t_ns)
{
    struct civil c = {.year = -1, .hour = zone->day_hour};
    int64_t t;
    bool iso = strcmp(format, "iso") == 0;

    text = bytes_trim(text);
    if (iso && memo_read(&zone->memo, text, t_ns))
        return VG_OK;
    if (strncmp(format, "utc:", 4) == 0) {
        struct when_zone utc = {.day_hour = zone->day_hour, .latest_ns = zone->latest_ns};

        return when_parse(text, format + 4, &utc, t_ns);
    }
    if (strcmp(format, "unix") == 0)
        return unix_read(text, VG_SEC_NS, t_ns);
    if (strcmp(format, "unix_ms") == 0)
        return unix_read(text, VG_MS_NS, t_ns);
    if (!civil_read(text, format, &c) || !civil_valid(&c) || (c.year < 0 && !year_guess(zone, &c)))
        return VG_ERR_FORMAT;
    if (c.year < 1970 || c.year > 2200)
        return VG_ERR_LIMIT;
    t = instant(zone, &c);
    if (t < 0)
        return VG_ERR_LIMIT;
    if (iso)
        memo_keep(&zone->memo, text, &c, t);
    *t_ns = t;
    return VG_OK;
}

bool
when_format_valid(const char *format)
{
    bool month = false, day = false;

    if (strncmp(format, "utc:", 4) == 0)
        return strncmp(format + 4, "utc:", 4) != 0 && when_format_valid(format + 4);
    if (strcmp(format, "iso") == 0 || strcmp(format, "ofx") == 0 || strcmp(format, "unix") == 0 ||
        strcmp(format, "unix_ms") == 0)
        return true;
    if (strlen(format) >= WHEN_FORMAT_MAX)
        return false;
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%')
            continue;
        at++;
        if (*at == '\0' || strchr("YymdHIMSfpzbaZ%", *at) == NULL)
            return false;
        month |= *at == 'm' || *at == 'b';
        day |= *at == 'd';
    }
    return month && day;
}
