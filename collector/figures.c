/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/vtime.h"

enum {
    HOURS = FIGURES_DAYS * 24,                     /* shown */
    ALL = (int)(FIGURES_KEEP_NS / VG_HOUR_NS) + 1, /* known */
    SAMPLES_MAX = ALL / 24 + 1,
};
static const int64_t AHEAD_NS = VG_DAY_NS, VALUE_MAX = INT64_C(1) << 50;

/* ---- in ---- */

static bool
currency_fits(const char *text)
{
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static enum vg_err
add(struct storage *s, const char *site, const char *kind, int64_t hour_ns, const json_t *facts,
    const char *key)
{
    int64_t value = vg_json_int(facts, key, 0);

    if (value <= 0 || value > VALUE_MAX)
        return VG_OK;
    return s->ops->figure_add(s, site, kind, hour_ns, value);
}

enum vg_err
figures_take(struct storage *s, const char *site, const json_t *event, int64_t now_ns)
{
    const json_t *facts = json_object_get(event, "facts");
    const char *sensor = vg_json_str(facts, "sensor", ""), *hour = vg_json_str(facts, "hour", "");
    const char *currency = vg_json_str(facts, "currency", "");
    char sales[16], amount[16];
    int64_t hour_ns;
    enum vg_err err;

    if (vtime_parse(hour, strlen(hour), &hour_ns) != VG_OK || hour_ns % VG_HOUR_NS != 0 ||
        hour_ns > now_ns + AHEAD_NS || hour_ns < now_ns - FIGURES_KEEP_NS)
        return VG_OK;
    if (strcmp(sensor, "net") == 0) {
        err = add(s, site, "in", hour_ns, facts, "in");
        return err == VG_OK ? add(s, site, "out", hour_ns, facts, "out") : err;
    }
    if (strcmp(sensor, "pay") != 0 || !currency_fits(currency))
        return VG_OK;
    (void)snprintf(sales, sizeof sales, "sales:%s", currency);
    (void)snprintf(amount, sizeof amount, "amount:%s", currency);
    err = add(s, site, sales, hour_ns, facts, "sales");
    return err == VG_OK ? add(s, site, amount, hour_ns, facts, "amount") : err;
}

/* ---- out ---- */

/* A kind's hours since `from`; -1: before the first that is known. */
struct line {
    int64_t value[ALL];
};

struct hour {
    uint8_t day, hour; /* of a workday, Saturday, Sunday; of the shop's clock */
};

static int
by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The middle 80 % of what was at such an hour before the shown ones. */
static bool
band(const struct line *line, const struct hour *at, size_t of, int64_t *low, int64_t *high)
{
    int64_t found[SAMPLES_MAX];
    size_t n = 0;

    for (size_t i = 0; i + HOURS < ALL && n < SAMPLES_MAX; i++)
        if (line->value[i] >= 0 && at[i].day == at[of].day && at[i].hour == at[of].hour)
            found[n++] = line->value[i];
    if (n < FIGURES_BAND_LEAST)
        return false;
    qsort(found, n, sizeof found[0], by_value);
    *low = found[n / 10];
    *high = found[n - 1 - n / 10];
    return true;
}

static json_t *
kind_json(const struct line *line, const struct hour *at)
{
    json_t *values = json_array(), *lows = json_array(), *highs = json_array();

    for (size_t i = ALL - HOURS; i < ALL; i++) {
        int64_t low, high;
        bool known = band(line, at, i, &low, &high);

        (void)json_array_append_new(
            values, line->value[i] >= 0 ? json_integer((json_int_t)line->value[i]) : json_null());
        (void)json_array_append_new(lows, known ? json_integer((json_int_t)low) : json_null());
        (void)json_array_append_new(highs, known ? json_integer((json_int_t)high) : json_null());
    }
    return json_pack("{so so so}", "values", values, "low", lows, "high", highs);
}

static void
line_of(const json_t *rows, const char *kind, int64_t from_ns, struct line *out)
{
    const json_t *row;
    size_t i;
    bool known = false;

    for (size_t k = 0; k < ALL; k++)
        out->value[k] = -1;
    json_array_foreach(rows, i, row)
    {
        int64_t at = (json_integer_value(json_array_get(row, 1)) - from_ns) / VG_HOUR_NS;

        if (strcmp(json_string_value(json_array_get(row, 0)), kind) == 0 && at >= 0 && at < ALL)
            out->value[at] = json_integer_value(json_array_get(row, 2));
    }
    for (size_t k = 0; k < ALL; k++) { /* an hour without figures, once there were some: nothing */
        known = known || out->value[k] >= 0;
        if (known && out->value[k] < 0)
            out->value[k] = 0;
    }
}

enum vg_err
figures_page(const json_t *rows, const struct zone *zone, int64_t now_ns, json_t **out)
{
    int64_t last = now_ns / VG_HOUR_NS * VG_HOUR_NS; /* the hour that is not over is left out */
    int64_t from_ns = last - ALL * VG_HOUR_NS;
    struct hour *at = calloc(ALL, sizeof *at);
    struct line *line = malloc(sizeof *line);
    json_t *kinds = json_object();
    char text[VTIME_TEXT_MAX];
    const json_t *row;
    size_t i;

    if (at == NULL || line == NULL || kinds == NULL) {
        free(at);
        free(line);
        json_decref(kinds);
        return VG_ERR_NOMEM;
    }
    for (size_t k = 0; k < ALL; k++) {
        struct zone_local l;

        zone_to_local(zone, from_ns + (int64_t)k * VG_HOUR_NS, &l);
        at[k].day = l.weekday < 5 ? 0 : (uint8_t)(l.weekday - 4);
        at[k].hour = (uint8_t)l.hour;
    }
    json_array_foreach(rows, i, row)
    {
        const char *kind = json_string_value(json_array_get(row, 0));

        if (json_object_get(kinds, kind) != NULL)
            continue;
        line_of(rows, kind, from_ns, line);
        (void)json_object_set_new(kinds, kind, kind_json(line, at));
    }
    free(at);
    free(line);
    *out = json_pack("{ss si so}", "from", vtime_format(last - HOURS * VG_HOUR_NS, text), "hours",
                     HOURS, "kinds", kinds);
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}
