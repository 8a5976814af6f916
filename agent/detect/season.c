/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/season.h"

#include "agent/detect/codec.h"
#include "common/vtime.h"

enum { FORMAT = 1, MONDAY = 0, FRIDAY = 4, SATURDAY = 5, SUNDAY = 6 };

bool
season_is_holiday(const struct zone_local *d)
{
    static const struct {
        uint8_t month, day;
    } fixed[] = {{1, 1}, {5, 1}, {9, 16}, {12, 25}};

    for (size_t i = 0; i < VG_ARRAY_LEN(fixed); i++)
        if (d->month == fixed[i].month && d->day == fixed[i].day)
            return true;
    if (d->month == 10 && d->day == 1 && d->year >= 2024 && (d->year - 2024) % 6 == 0)
        return true; /* change of the federal executive */
    if (d->weekday != MONDAY)
        return false;
    return (d->month == 2 && d->day <= 7) ||
           ((d->month == 3 || d->month == 11) && d->day >= 15 && d->day <= 21);
}

static unsigned
days_in_month(int year, unsigned month)
{
    int64_t first = vtime_days_from_civil(year, month, 1);
    int64_t next = month == 12 ? vtime_days_from_civil(year + 1, 1, 1)
                               : vtime_days_from_civil(year, month + 1, 1);

    return (unsigned)(next - first);
}

/* Pay comes on the 15th and the last day; when that is a weekend, on the Friday before. */
static bool
is_payday(const struct zone_local *d)
{
    unsigned last = days_in_month(d->year, d->month);
    unsigned back = d->weekday == FRIDAY ? 2 : 0;

    if (d->day == 15 || d->day == last)
        return true;
    return (d->day + back >= 15 && d->day < 15) || (d->day + back >= last && d->day < last);
}

enum season_day
season_day_of(const struct zone_local *d)
{
    if (is_payday(d))
        return SEASON_PAYDAY;
    if (d->weekday == SUNDAY || season_is_holiday(d))
        return SEASON_SUNDAY;
    return d->weekday == SATURDAY ? SEASON_SATURDAY : SEASON_WORKDAY;
}

void
season_clock_init(struct season_clock *c, const struct zone *zone)
{
    *c = (struct season_clock){.zone = zone};
}

struct season_slot
season_at(struct season_clock *c, int64_t t_ns)
{
    struct zone_local d;
    int64_t into;

    if (t_ns >= c->from_ns && t_ns < c->until_ns)
        return c->slot;
    zone_to_local(c->zone, t_ns, &d);
    /* Offsets change on quarter hours at the finest: a quarter hour is one slot for certain. */
    into = (int64_t)((d.min % 15) * 60 + d.sec) * VG_SEC_NS +
           (t_ns % VG_SEC_NS + VG_SEC_NS) % VG_SEC_NS;
    c->from_ns = t_ns - into;
    c->until_ns = c->from_ns + 15 * VG_MIN_NS;
    c->slot.coarse = (uint8_t)((unsigned)season_day_of(&d) * 24 + d.hour);
    c->slot.fine = (uint8_t)(d.weekday * 24 + d.hour);
    c->day_number = d.day_number;
    return c->slot;
}

void
season_add(struct season *s, struct season_slot slot, double x, double w, int64_t now_ns)
{
    if (s->since_ns == 0)
        s->since_ns = now_ns;
    moments_add(&s->all, x, w, now_ns, SEASON_MEMORY_NS);
    moments_add(&s->coarse[slot.coarse], x, w, now_ns, SEASON_MEMORY_NS);
    moments_add(&s->fine[slot.fine], x, w, now_ns, SEASON_MEMORY_NS);
}

struct moments_expect
season_expect(const struct season *s, struct season_slot slot, int64_t now_ns)
{
    struct moments_expect all = moments_plain(&s->all);
    struct moments_expect coarse = moments_shrink(&s->coarse[slot.coarse], &all, SEASON_PRIOR);

    if (s->since_ns == 0 || now_ns - s->since_ns < SEASON_FINE_NS)
        return coarse;
    return moments_shrink(&s->fine[slot.fine], &coarse, SEASON_PRIOR);
}

void
season_put(const struct season *s, struct buf *out)
{
    buf_put_u8(out, FORMAT);
    codec_put_i64(out, s->since_ns);
    moments_put(&s->all, out);
    for (size_t i = 0; i < VG_ARRAY_LEN(s->coarse); i++)
        moments_put(&s->coarse[i], out);
    for (size_t i = 0; i < VG_ARRAY_LEN(s->fine); i++)
        moments_put(&s->fine[i], out);
}

void
season_get(struct season *s, struct slice *in)
{
    if (slice_u8(in) != FORMAT)
        in->bad = true;
    s->since_ns = codec_time(in);
    moments_get(&s->all, in);
    for (size_t i = 0; i < VG_ARRAY_LEN(s->coarse); i++)
        moments_get(&s->coarse[i], in);
    for (size_t i = 0; i < VG_ARRAY_LEN(s->fine); i++)
        moments_get(&s->fine[i], in);
    if (in->bad)
        *s = (struct season){0};
}
