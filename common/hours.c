/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hours.h"

#include <string.h>

#include "common/vtime.h"

static const char *const DAYS_EN[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const char *const DAYS_ES[7] = {"lun", "mar", "mie", "jue", "vie", "sab", "dom"};

bool
shop_clock_ok(const char *p)
{
    unsigned hour, min;

    for (int i = 0; i < 5; i++)
        if (i == 2 ? p[i] != ':' : p[i] < '0' || p[i] > '9')
            return false;
    hour = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    min = (unsigned)(p[3] - '0') * 10 + (unsigned)(p[4] - '0');
    return hour * 60 + min <= 24 * 60 && min < 60;
}

bool
shop_hours_text_ok(const char *text)
{
    return strcmp(text, "closed") == 0 ||
           (strlen(text) == 11 && shop_clock_ok(text) && text[5] == '-' &&
            shop_clock_ok(text + 6) && strncmp(text, text + 6, 5) != 0 &&
            strncmp(text, "24", 2) != 0);
}

static int
day_of(const char *name, size_t len)
{
    for (int i = 0; i < 7; i++)
        if (len == 3 && (strncmp(name, DAYS_EN[i], 3) == 0 || strncmp(name, DAYS_ES[i], 3) == 0))
            return i;
    return -1;
}

/* "mon-fri", "sat", "fri-mon" (around the week's end), "daily". */
static bool
days_parse(const char *key, bool day[7])
{
    const char *dash = strchr(key, '-');
    int first, last;

    memset(day, 0, 7 * sizeof(day[0]));
    if (strcmp(key, "daily") == 0) {
        first = 0;
        last = 6;
    } else {
        first = day_of(key, dash != NULL ? (size_t)(dash - key) : strlen(key));
        last = dash != NULL ? day_of(dash + 1, strlen(dash + 1)) : first;
    }
    if (first < 0 || last < 0)
        return false;
    for (int d = first;; d = (d + 1) % 7) {
        day[d] = true;
        if (d == last)
            return true;
    }
}

uint16_t
shop_clock_min(const char *clock)
{
    return (uint16_t)(((clock[0] - '0') * 10 + (clock[1] - '0')) * 60 + (clock[3] - '0') * 10 +
                      (clock[4] - '0'));
}

enum vg_err
shop_hours_parse(const json_t *hours, struct shop_hours *out, const char **key, const char **why)
{
    bool told[7] = {false}, day[7];
    const json_t *value;
    const char *name;

    memset(out, 0, sizeof(*out));
    json_object_foreach((json_t *)hours, name, value)
    {
        const char *text = json_string_value(value);

        *key = name;
        if (text == NULL || !days_parse(name, day)) {
            *why = "days are mon tue wed thu fri sat sun, one (sat), a range (mon-fri) or daily";
            return VG_ERR_CONFIG;
        }
        if (!shop_hours_text_ok(text)) {
            *why = "opening hours are HH:MM-HH:MM (24 hours) or closed";
            return VG_ERR_CONFIG;
        }
        for (int d = 0; d < 7; d++) {
            if (!day[d])
                continue;
            if (told[d]) {
                *why = "this day already has hours above";
                return VG_ERR_CONFIG;
            }
            told[d] = true;
            if (strcmp(text, "closed") == 0)
                continue;
            out->day[d].open_min = shop_clock_min(text);
            out->day[d].close_min = shop_clock_min(text + 6);
        }
        out->known = true;
    }
    return VG_OK;
}

static int64_t
instant(const struct zone *zone, int64_t day_number, unsigned min)
{
    unsigned month, day;
    int year;

    vtime_civil_from_days(day_number + min / (24 * 60), &year, &month, &day);
    min %= 24 * 60;
    return zone_from_local(zone, year, month, day, min / 60, min % 60, 0);
}

int64_t
shop_hours_open_ns(const struct shop_hours *hours, const struct zone *zone, int64_t from_ns,
                   int64_t to_ns)
{
    struct zone_local first, last;
    int64_t sum = 0;

    if (!hours->known || to_ns <= from_ns)
        return 0;
    if (to_ns - from_ns > SHOP_HOURS_LOOK_DAYS * VG_DAY_NS)
        from_ns = to_ns - SHOP_HOURS_LOOK_DAYS * VG_DAY_NS;
    zone_to_local(zone, from_ns, &first);
    zone_to_local(zone, to_ns, &last);
    /* The day before counts too: it may close after midnight. */
    for (int64_t d = first.day_number - 1; d <= last.day_number; d++) {
        unsigned weekday = (unsigned)(((d + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        unsigned open = hours->day[weekday].open_min, close = hours->day[weekday].close_min;
        int64_t from, to;

        if (open == close)
            continue;
        from = instant(zone, d, open);
        to = instant(zone, d, close < open ? close + 24 * 60 : close);
        if (from < from_ns)
            from = from_ns;
        if (to > to_ns)
            to = to_ns;
        if (to > from)
            sum += to - from;
    }
    return sum;
}
