/* SPDX-License-Identifier: Apache-2.0 */
#include "common/zone_rule.h"

#include "common/slice.h"
#include "common/vtime.h"

static uint8_t
peek(const struct slice *in)
{
    struct slice ahead = *in;

    return slice_u8(&ahead);
}

static bool
letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "CST" or "<-03>". */
static bool
read_name(struct slice *in, char out[8])
{
    bool quoted = peek(in) == '<';
    size_t n = 0;

    if (quoted)
        slice_skip(in, 1);
    while (in->left > 0 && (quoted ? peek(in) != '>' : letter(peek(in)))) {
        if (n == 7)
            return false;
        out[n++] = (char)slice_u8(in);
    }
    if (quoted)
        slice_skip(in, 1);
    out[n] = '\0';
    return n >= 3 && !in->bad;
}

static bool
read_number(struct slice *in, unsigned max, unsigned *out)
{
    unsigned v = 0, n = 0;

    for (; peek(in) >= '0' && peek(in) <= '9' && in->left > 0; n++) {
        v = v * 10 + (unsigned)(slice_u8(in) - '0');
        if (v > max)
            return false;
    }
    *out = v;
    return n > 0;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static bool
read_time(struct slice *in, int32_t *out)
{
    static const int32_t unit[] = {3600, 60, 1};
    int32_t sign = 1, total = 0;
    unsigned v;

    if (peek(in) == '-' || peek(in) == '+')
        sign = slice_u8(in) == '-' ? -1 : 1;
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && (in->left == 0 || peek(in) != ':'))
            break;
        if (i > 0)
            slice_skip(in, 1);
        if (!read_number(in, i == 0 ? 167 : 59, &v))
            return false;
        total += (int32_t)v * unit[i];
    }
    *out = sign * total;
    return true;
}

/* ",M4.1.0/2", ",J60", ",59". */
static bool
read_day(struct slice *in, struct zone_rule_day *out)
{
    *out = (struct zone_rule_day){.time_s = 7200};
    if (slice_u8(in) != ',')
        return false;
    if (peek(in) == 'M') {
        slice_skip(in, 1);
        if (!read_number(in, 12, &out->month) || slice_u8(in) != '.' ||
            !read_number(in, 5, &out->week) || slice_u8(in) != '.' ||
            !read_number(in, 6, &out->day) || out->month == 0 || out->week == 0)
            return false;
    } else {
        out->kind = peek(in) == 'J' ? ZONE_DAY_JULIAN : ZONE_DAY_ZERO;
        if (out->kind == ZONE_DAY_JULIAN)
            slice_skip(in, 1);
        if (!read_number(in, 365, &out->day))
            return false;
    }
    if (in->left > 0 && peek(in) == '/') {
        slice_skip(in, 1);
        return read_time(in, &out->time_s);
    }
    return true;
}

enum vg_err
zone_rule_parse(const char *text, size_t len, struct zone_rule *out)
{
    struct slice in = slice_of(text, len);
    struct zone_rule rule = {0};
    int32_t west;

    if (!read_name(&in, rule.standard) || !read_time(&in, &west))
        return VG_ERR_FORMAT;
    rule.standard_s = -west;
    if (in.left == 0) {
        *out = rule;
        return VG_OK;
    }
    if (!read_name(&in, rule.summer))
        return VG_ERR_FORMAT;
    rule.summer_s = rule.standard_s + 3600;
    if (in.left > 0 && peek(&in) != ',') {
        if (!read_time(&in, &west))
            return VG_ERR_FORMAT;
        rule.summer_s = -west;
    }
    if (!read_day(&in, &rule.begin) || !read_day(&in, &rule.end) || in.left > 0 || in.bad)
        return VG_ERR_FORMAT;
    rule.has_summer = true;
    *out = rule;
    return VG_OK;
}

/* Local seconds since 1970 of the change in that year. */
static int64_t
change_s(const struct zone_rule_day *d, int year)
{
    int64_t first, days;
    int64_t leap = vtime_days_from_civil(year, 3, 1) - vtime_days_from_civil(year, 2, 1) == 29;

    if (d->kind == ZONE_DAY_JULIAN) {
        days = vtime_days_from_civil(year, 1, 1) + d->day - 1 + (leap && d->day >= 60);
    } else if (d->kind == ZONE_DAY_ZERO) {
        days = vtime_days_from_civil(year, 1, 1) + d->day;
    } else {
        int64_t next = d->month == 12 ? vtime_days_from_civil(year + 1, 1, 1)
                                      : vtime_days_from_civil(year, d->month + 1, 1);

        first = vtime_days_from_civil(year, d->month, 1);
        /* 1970-01-01 was a Thursday (4 counted from Sunday) */
        days = first + ((int64_t)d->day - (first + 4) % 7 + 7) % 7 + 7 * ((int64_t)d->week - 1);
        if (days >= next)
            days -= 7;
    }
    return days * 86400 + d->time_s;
}

int32_t
zone_rule_offset(const struct zone_rule *rule, int64_t t_s, const char **abbrev)
{
    int64_t begin, end;
    int year;
    unsigned month, day;
    bool summer;

    *abbrev = rule->standard;
    if (!rule->has_summer)
        return rule->standard_s;
    vtime_civil_from_days((t_s + rule->standard_s) / 86400, &year, &month, &day);
    begin = change_s(&rule->begin, year) - rule->standard_s;
    end = change_s(&rule->end, year) - rule->summer_s;
    summer = begin < end ? t_s >= begin && t_s < end : t_s >= begin || t_s < end;
    if (!summer)
        return rule->standard_s;
    *abbrev = rule->summer;
    return rule->summer_s;
}
