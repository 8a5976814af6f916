/* SPDX-License-Identifier: Apache-2.0 */
/* Hourly figures: what is taken of an event, sums, caps, and the band of what is usual. */
#include "tests/unit/collector/fleet_world.h"

#include "collector/figures.h"

#define HOUR (NOW / VG_HOUR_NS * VG_HOUR_NS)

static void
take(struct world *w, int64_t hour_ns, const char *sensor, const char *currency, int64_t a,
     int64_t b)
{
    char time[VTIME_TEXT_MAX];
    json_t *e = json_pack("{s{ss ss ss sI sI sI sI}}", "facts", "sensor", sensor, "hour",
                          vtime_format(hour_ns, time), "currency", currency, "in", (json_int_t)a,
                          "out", (json_int_t)b, "sales", (json_int_t)a, "amount", (json_int_t)b);

    assert_int_equal(figures_take(w->s, w->site.id, e, NOW), VG_OK);
    json_decref(e);
}

static json_t *
page(struct world *w)
{
    struct zone *zone = zone_utc();
    json_t *rows = NULL, *out = NULL;

    assert_int_equal(w->s->ops->figures(w->s, w->site.id, NOW - FIGURES_KEEP_NS, &rows), VG_OK);
    assert_int_equal(figures_page(rows, zone, NOW, &out), VG_OK);
    json_decref(rows);
    zone_free(zone);
    return out;
}

/* Of the newest hour; -1: null. */
static int64_t
newest(const json_t *page, const char *kind, const char *what)
{
    const json_t *list =
        json_object_get(json_object_get(json_object_get(page, "kinds"), kind), what);
    const json_t *v = json_array_get(list, json_array_size(list) - 1);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static void
test_sums_and_band(void **state)
{
    struct world *w = *state;
    json_t *p;

    for (int day = 1; day <= 80; day++)
        take(w, HOUR - VG_HOUR_NS - day * VG_DAY_NS, "net", "", 1000 + day, 10);
    take(w, HOUR - VG_HOUR_NS, "net", "", 4000, 0);
    take(w, HOUR - VG_HOUR_NS, "net", "", 1000, 5);
    take(w, HOUR - VG_HOUR_NS, "pay", "MXN", 3, 900);
    p = page(w);
    assert_int_equal(vg_json_int(p, "hours", 0), FIGURES_DAYS * 24);
    assert_int_equal(newest(p, "in", "values"), 5000);
    assert_true(newest(p, "in", "low") > 1000 && newest(p, "in", "high") < 1090);
    assert_int_equal(newest(p, "out", "values"), 5);
    assert_int_equal(newest(p, "sales:MXN", "values"), 3);
    assert_int_equal(newest(p, "amount:MXN", "values"), 900);
    assert_int_equal(newest(p, "sales:MXN", "low"), -1); /* nothing is known yet */
    json_decref(p);
}

static void
test_what_is_not_taken(void **state)
{
    struct world *w = *state;
    json_t *p;

    take(w, HOUR + 1, "net", "", 1, 1);              /* no hour */
    take(w, HOUR + 2 * VG_DAY_NS, "net", "", 1, 1);  /* ahead */
    take(w, HOUR - 91 * VG_DAY_NS, "net", "", 1, 1); /* too old */
    take(w, HOUR, "net", "", -5, INT64_MAX);
    take(w, HOUR, "pay", "pesos", 1, 1);
    take(w, HOUR, "pay", "m%n", 1, 1);
    take(w, HOUR, "file", "MXN", 1, 1);
    p = page(w);
    assert_int_equal(json_object_size(json_object_get(p, "kinds")), 0);
    json_decref(p);
}

static void
test_invented_currencies(void **state)
{
    struct world *w = *state;
    json_t *rows = NULL;
    char currency[4] = "AAA";

    for (int i = 0; i < 600; i++) {
        currency[1] = (char)('A' + i / 26);
        currency[2] = (char)('A' + i % 26);
        take(w, HOUR - VG_HOUR_NS, "pay", currency, 1, 1);
    }
    assert_int_equal(w->s->ops->figures(w->s, w->site.id, 0, &rows), VG_OK);
    assert_int_equal(json_array_size(rows), FIGURES_KINDS_MAX);
    json_decref(rows);
    assert_int_equal(w->s->ops->sweep(w->s, NOW + FIGURES_KEEP_NS), VG_OK);
    assert_int_equal(w->s->ops->figures(w->s, w->site.id, 0, &rows), VG_OK);
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sums_and_band, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_what_is_not_taken, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_invented_currencies, world_open, world_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
