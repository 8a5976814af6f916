/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/dates.h"

#include "common/vtime.h"

enum { DATE_BYTES = 96, LIKELY_TIMES = 3 };

void
dates_init(struct dates *d, const struct profile *profile)
{
    *d = (struct dates){.profile = profile};
}

void
dates_look(struct dates *d, struct slice value, struct slice clock)
{
    struct when_zone utc = {.zone = NULL};
    uint8_t joined[DATE_BYTES];
    size_t n = value.left;

    if (value.left == 0 || value.left + clock.left + 1 > sizeof joined)
        return;
    memcpy(joined, value.at, n);
    if (clock.left > 0) {
        joined[n++] = ' ';
        memcpy(joined + n, clock.at, clock.left);
        n += clock.left;
    }
    for (size_t i = 0; i < d->profile->format_count; i++) {
        int64_t t, step;

        if (when_parse(slice_of(joined, n), d->profile->formats[i], &utc, &t) != VG_OK)
            continue;
        step = d->format[i].fit > 0 ? t - d->format[i].last_ns : 0;
        d->format[i].way_days += (step < 0 ? -step : step) / VG_DAY_NS;
        d->format[i].last_ns = t;
        d->format[i].fit++;
    }
}

/* The same but for day and month. */
static bool
are_rivals(const char *a, const char *b)
{
    bool swapped = false;

    for (; *a != '\0' && *b != '\0'; a++, b++) {
        bool crossed = (*a == 'd' && *b == 'm') || (*a == 'm' && *b == 'd');

        if (*a != *b && !crossed)
            return false;
        swapped |= crossed;
    }
    return *a == *b && swapped;
}

uint32_t
dates_decide(const struct dates *d, enum dates_found *found)
{
    const struct profile *p = d->profile;
    uint32_t dropped = 0;

    *found = DATES_PLAIN;
    for (size_t a = 0; a < p->format_count; a++) {
        for (size_t b = a + 1; b < p->format_count; b++) {
            bool second;
            int64_t way_a = d->format[a].way_days, way_b = d->format[b].way_days;

            if (!are_rivals(p->formats[a], p->formats[b]))
                continue;
            second = d->format[b].fit > d->format[a].fit;
            if (d->format[a].fit == d->format[b].fit) {
                second = way_a > way_b * LIKELY_TIMES;
                if (d->format[a].fit > 0)
                    *found = second || way_b > way_a * LIKELY_TIMES ? DATES_LIKELY : DATES_GUESS;
            } else {
                *found = DATES_PROVEN;
            }
            dropped |= 1U << (second ? a : b);
        }
    }
    return dropped;
}
