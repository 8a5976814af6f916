/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/hours.h"

#include <string.h>

#include "common/vtime.h"

/* No shop moves or sells so much in an hour. */
#define SUM_MAX (INT64_C(1) << 50)

static const char *const SENSORS[HOURS_SENSORS] = {"net", "pay"};

static struct hours_cell *
cell_of(struct hours_cell *cells, int64_t hour, const char *unit)
{
    struct hours_cell *oldest = &cells[0];

    for (size_t i = 0; i < HOURS_CELLS; i++) {
        struct hours_cell *c = &cells[i];

        if (c->hour == hour && strcmp(c->unit, unit) == 0)
            return c;
        if (c->met < oldest->met)
            oldest = c;
    }
    *oldest = (struct hours_cell){.hour = hour};
    (void)vg_strcpy(oldest->unit, sizeof oldest->unit, unit);
    return oldest;
}

static json_t *
facts_of(size_t sensor, int64_t hour, const char *unit, int64_t a, int64_t b)
{
    char time[VTIME_TEXT_MAX];

    (void)vtime_format(hour * VG_HOUR_NS, time);
    if (sensor == 0)
        return json_pack("{ss ss sI sI}", "sensor", "net", "hour", time, "in", (json_int_t)a, "out",
                         (json_int_t)b);
    return json_pack("{ss ss ss sI sI}", "sensor", "pay", "hour", time, "currency", unit, "sales",
                     (json_int_t)a, "amount", (json_int_t)b);
}

/* Life after life of a sensor that is taken over they would go over any number. */
static int64_t
sum_of(int64_t x, int64_t y)
{
    return x + y < SUM_MAX ? x + y : SUM_MAX;
}

/* One row [hour, unit, a, b] of a sensor, which is not to be trusted. */
static void
look_at(struct hours *h, size_t sensor, const json_t *row, bool all, int64_t now_ns,
        hours_tell_fn *tell, void *ctx)
{
    int64_t hour = json_integer_value(json_array_get(row, 0));
    int64_t a = json_integer_value(json_array_get(row, 2));
    int64_t b = json_integer_value(json_array_get(row, 3));
    const char *unit = json_string_value(json_array_get(row, 1));
    struct hours_cell *c;

    if (hour <= 0 || hour > now_ns / VG_HOUR_NS || a > SUM_MAX || b > SUM_MAX ||
        hour * VG_HOUR_NS < now_ns - HOURS_OLD_NS || a < 0 || b < 0 || unit == NULL ||
        strlen(unit) > 3 || (sensor == 0) != (unit[0] == '\0'))
        return;
    c = cell_of(h->cell[sensor], hour, unit);
    c->met = h->looks;
    if (a < c->seen.a || b < c->seen.b) { /* the sensor began anew */
        c->before.a = sum_of(c->before.a, c->seen.a);
        c->before.b = sum_of(c->before.b, c->seen.b);
    }
    c->seen = (struct hours_sum){a, b};
    a = sum_of(a, c->before.a);
    b = sum_of(b, c->before.b);
    if ((a == c->told.a && b == c->told.b) ||
        (!all && (now_ns < (hour + 1) * VG_HOUR_NS + HOURS_LATE_NS ||
                  (c->told_ns != 0 && now_ns - c->told_ns < HOURS_AGAIN_NS))))
        return;
    tell(ctx, facts_of(sensor, hour, unit, a - c->told.a, b - c->told.b));
    c->told = (struct hours_sum){a, b};
    c->told_ns = now_ns;
}

void
hours_look(struct hours *h, const json_t *workers, bool all, int64_t now_ns, hours_tell_fn *tell,
           void *ctx)
{
    const json_t *w, *row;
    size_t i, k;

    h->looks++;
    json_array_foreach(workers, i, w)
    {
        const json_t *rows = json_object_get(json_object_get(w, "health"), "figures");

        for (size_t s = 0; s < HOURS_SENSORS; s++) {
            if (strcmp(vg_json_str(w, "name", ""), SENSORS[s]) != 0)
                continue;
            json_array_foreach(rows, k, row)
            {
                if (k < HOURS_CELLS)
                    look_at(h, s, row, all, now_ns, tell, ctx);
            }
        }
    }
}
