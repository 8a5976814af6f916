/* SPDX-License-Identifier: Apache-2.0 */
#include "common/vtime.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/slice.h"

int64_t
vtime_now(void)
{
    struct timespec now;

    if (timespec_get(&now, TIME_UTC) != TIME_UTC)
        return 0;
    return (int64_t)now.tv_sec * VG_SEC_NS + now.tv_nsec;
}

/* Howard Hinnant, "chrono-compatible low-level date algorithms" (2013): years start in March, so
 * that the leap day is the last of a year; 400 years are one era of 146097 days. */
int64_t
vtime_days_from_civil(int year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + (int64_t)doe - 719468;
}

void
vtime_civil_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;

    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)((int64_t)yoe + era * 400) + (*month <= 2);
}

const char *
vtime_format(int64_t t_ns, char out[VTIME_TEXT_MAX])
{
    int64_t days = t_ns / VG_DAY_NS;
    int64_t rest = t_ns % VG_DAY_NS;
    long second, nanos;
    int year, n;
    unsigned month, day;

    if (rest < 0) {
        rest += VG_DAY_NS;
        days--;
    }
    vtime_civil_from_days(days, &year, &month, &day);
    second = (long)(rest / VG_SEC_NS);
    nanos = (long)(rest % VG_SEC_NS);
    n = snprintf(out, VTIME_TEXT_MAX, "%04d-%02u-%02uT%02ld:%02ld:%02ld", year, month, day,
                 second / 3600, second / 60 % 60, second % 60);
    if (n < 0 || n >= VTIME_TEXT_MAX - 12)
        n = 0;
    if (nanos == 0)
        (void)snprintf(out + n, (size_t)(VTIME_TEXT_MAX - n), "Z");
    else if (nanos % 1000000 == 0)
        (void)snprintf(out + n, (size_t)(VTIME_TEXT_MAX - n), ".%03ldZ", nanos / 1000000);
    else if (nanos % 1000 == 0)
        (void)snprintf(out + n, (size_t)(VTIME_TEXT_MAX - n), ".%06ldZ", nanos / 1000);
    else
        (void)snprintf(out + n, (size_t)(VTIME_TEXT_MAX - n), ".%09ldZ", nanos);
    return out;
}

/* Exactly n digits as a number, or the slice turns bad. */
static unsigned
digits(struct slice *in, unsigned n)
{
    unsigned v = 0;

    for (unsigned i = 0; i < n; i++) {
        uint8_t c = slice_u8(in);

        if (c < '0' || c > '9') {
            in->bad = true;
            in->left = 0;
        }
        v = v * 10 + (unsigned)(c - '0');
    }
    return in->bad ? 0 : v;
}

static uint8_t
peek(const struct slice *in)
{
    struct slice ahead = *in;

    return slice_u8(&ahead);
}

/* ".123456789": up to nine digits count, more are read and cut. */
static int64_t
fraction(struct slice *in)
{
    int64_t v = 0;
    unsigned n = 0;

    slice_skip(in, 1);
    while (peek(in) >= '0' && peek(in) <= '9') {
        uint8_t c = slice_u8(in);

        if (n < 9)
            v = v * 10 + (c - '0');
        n++;
    }
    if (n == 0)
        in->bad = true;
    for (; n < 9; n++)
        v *= 10;
    return v;
}

static unsigned
days_in_month(int year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

/* "Z" or "+hh:mm" or "+hhmm" as seconds east of Greenwich. */
static int64_t
offset_s(struct slice *in)
{
    uint8_t sign = slice_u8(in);
    int64_t h, m;

    if (sign == 'Z' || sign == 'z')
        return 0;
    if (sign != '+' && sign != '-') {
        in->bad = true;
        return 0;
    }
    h = digits(in, 2);
    if (peek(in) == ':')
        slice_skip(in, 1);
    m = digits(in, 2);
    if (h > 23 || m > 59)
        in->bad = true;
    return (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
}

enum vg_err
vtime_parse(const char *text, size_t len, int64_t *t_ns)
{
    struct slice in = slice_of(text, len);
    unsigned year, month, day, hour, min, sec;
    int64_t nanos = 0, east;
    uint8_t sep;

    year = digits(&in, 4);
    in.bad |= slice_u8(&in) != '-';
    month = digits(&in, 2);
    in.bad |= slice_u8(&in) != '-';
    day = digits(&in, 2);
    sep = slice_u8(&in);
    in.bad |= sep != 'T' && sep != 't' && sep != ' ';
    hour = digits(&in, 2);
    in.bad |= slice_u8(&in) != ':';
    min = digits(&in, 2);
    in.bad |= slice_u8(&in) != ':';
    sec = digits(&in, 2);
    if (!in.bad && (peek(&in) == '.' || peek(&in) == ','))
        nanos = fraction(&in);
    if (!in.bad && peek(&in) == ' ')
        slice_skip(&in, 1);
    east = offset_s(&in);
    if (in.bad || in.left > 0)
        return VG_ERR_FORMAT;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month((int)year, month) || hour > 23 ||
        min > 59 || sec > 60)
        return VG_ERR_FORMAT;
    if (year < 1970 || year > 2200)
        return VG_ERR_LIMIT;
    *t_ns = vtime_days_from_civil((int)year, month, day) * VG_DAY_NS +
            ((int64_t)hour * 3600 + (int64_t)min * 60 + sec - east) * VG_SEC_NS + nanos;
    return VG_OK;
}

enum vg_err
vtime_parse_duration(const char *text, int64_t *ns)
{
    static const struct {
        char unit;
        int64_t ns;
    } units[] = {
        {'s', VG_SEC_NS}, {'m', VG_MIN_NS}, {'h', VG_HOUR_NS}, {'d', VG_DAY_NS}, {'w', VG_WEEK_NS}};
    struct slice in = slice_of(text, strlen(text));
    int64_t v = 0;
    unsigned n = 0;

    for (; peek(&in) >= '0' && peek(&in) <= '9'; n++) {
        v = v * 10 + (slice_u8(&in) - '0');
        if (n > 9)
            return VG_ERR_LIMIT;
    }
    if (n == 0 || in.left != 1)
        return VG_ERR_FORMAT;
    for (size_t i = 0; i < VG_ARRAY_LEN(units); i++) {
        if (peek(&in) != (uint8_t)units[i].unit)
            continue;
        if (v > INT64_C(36525) * VG_DAY_NS / units[i].ns)
            return VG_ERR_LIMIT;
        *ns = v * units[i].ns;
        return VG_OK;
    }
    return VG_ERR_FORMAT;
}
