/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of the hours: each told once it is over, what comes later as a difference, nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "agent/keeper/hours.h"
#include "common/json.h"
#include "common/vtime.h"

#define HOUR INT64_C(500000)
#define OVER ((HOUR + 1) * VG_HOUR_NS + HOURS_LATE_NS)

struct told {
    size_t count;
    int64_t a, b;
    char sensor[8], currency[4];
};

static void
tell(void *ctx, json_t *facts)
{
    struct told *t = ctx;
    bool net = strcmp(vg_json_str(facts, "sensor", ""), "net") == 0;

    t->count++;
    t->a += vg_json_int(facts, net ? "in" : "sales", -1);
    t->b += vg_json_int(facts, net ? "out" : "amount", -1);
    (void)vg_strcpy(t->sensor, sizeof t->sensor, vg_json_str(facts, "sensor", ""));
    (void)vg_strcpy(t->currency, sizeof t->currency, vg_json_str(facts, "currency", ""));
    json_decref(facts);
}

static void
look(struct hours *h, const char *name, int64_t hour, const char *unit, int64_t a, int64_t b,
     bool all, int64_t now_ns, struct told *t)
{
    json_t *workers = json_pack("[{ss s{s[[IsII]]}}]", "name", name, "health", "figures",
                                (json_int_t)hour, unit, (json_int_t)a, (json_int_t)b);

    assert_non_null(workers);
    hours_look(h, workers, all, now_ns, tell, t);
    json_decref(workers);
}

static void
test_told_when_over(void **state)
{
    struct hours h = {0};
    struct told t = {0};

    (void)state;
    look(&h, "net", HOUR, "", 10, 20, false, OVER - 1, &t);
    assert_int_equal(t.count, 0);
    look(&h, "net", HOUR, "", 11, 21, false, OVER, &t);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.sensor, "net");
    look(&h, "net", HOUR, "", 11, 21, false, OVER + VG_HOUR_NS, &t);
    assert_int_equal(t.count, 1);
    assert_true(t.a == 11 && t.b == 21);
}

static void
test_later_sales_are_a_difference(void **state)
{
    struct hours h = {0};
    struct told t = {0};

    (void)state;
    look(&h, "pay", HOUR, "MXN", 3, 900, false, OVER, &t);
    look(&h, "pay", HOUR, "MXN", 4, 1000, false, OVER + 1, &t); /* too soon */
    assert_int_equal(t.count, 1);
    look(&h, "pay", HOUR, "MXN", 5, 1300, false, OVER + HOURS_AGAIN_NS, &t);
    assert_int_equal(t.count, 2);
    assert_true(t.a == 5 && t.b == 1300);
    assert_string_equal(t.currency, "MXN");
}

static void
test_a_sensor_that_began_anew(void **state)
{
    struct hours h = {0};
    struct told t = {0};

    (void)state;
    look(&h, "net", HOUR, "", 10, 20, false, OVER - VG_MIN_NS, &t);
    look(&h, "net", HOUR, "", 1, 2, false, OVER - 1, &t);
    look(&h, "net", HOUR, "", 3, 4, false, OVER, &t);
    assert_int_equal(t.count, 1);
    assert_true(t.a == 13 && t.b == 24);
}

/* A till that was closed for days is read in while all places are taken by younger hours. */
static void
test_many_hours_at_once(void **state)
{
    struct hours h = {0};
    struct told t = {0};
    json_t *rows = json_array(), *workers;

    (void)state;
    for (int64_t i = 0; i < HOURS_CELLS; i++)
        look(&h, "pay", HOUR - i, "MXN", 1, 1, false, OVER, &t);
    assert_int_equal(t.count, HOURS_CELLS);
    for (int64_t i = 0; i < 20; i++)
        (void)json_array_append_new(rows, json_pack("[IsII]", (json_int_t)(HOUR - 100 - i), "MXN",
                                                    (json_int_t)2, (json_int_t)3));
    workers = json_pack("[{ss s{so}}]", "name", "pay", "health", "figures", rows);
    for (int i = 0; i < 5; i++)
        hours_look(&h, workers, false, OVER + i, tell, &t);
    json_decref(workers);
    assert_int_equal(t.count, HOURS_CELLS + 20);
    assert_true(t.a == HOURS_CELLS + 40 && t.b == HOURS_CELLS + 60);
}

/* Its sums fall and rise as often as it likes. */
static void
test_a_sensor_that_lies(void **state)
{
    const int64_t most = INT64_C(1) << 50;
    struct hours h = {0};
    struct told t = {0};

    (void)state;
    for (int i = 0; i < 20000; i++)
        look(&h, "net", HOUR, "", i % 2 == 0 ? most : 0, 1, false, OVER - 1, &t);
    look(&h, "net", HOUR, "", 1, 1, false, OVER, &t);
    assert_int_equal(t.count, 1);
    assert_true(t.a == most);
}

static void
test_the_end_tells_what_there_is(void **state)
{
    struct hours h = {0};
    struct told t = {0};

    (void)state;
    look(&h, "net", HOUR, "", 10, 20, true, HOUR * VG_HOUR_NS + VG_MIN_NS, &t);
    assert_int_equal(t.count, 1);
}

static void
test_nonsense(void **state)
{
    struct hours h = {0};
    struct told t = {0};
    json_t *odd = json_pack("[{ss s{s[i[][IsII]s]}}, n]", "name", "net", "health", "figures", 5,
                            (json_int_t)HOUR, "x", (json_int_t)1, (json_int_t)1, "y");

    (void)state;
    assert_non_null(odd);
    hours_look(&h, odd, true, OVER, tell, &t);
    json_decref(odd);
    look(&h, "net", HOUR + 5, "", 1, 1, true, OVER, &t);       /* ahead */
    look(&h, "net", HOUR - 24 * 30, "", 1, 1, true, OVER, &t); /* too old */
    look(&h, "net", HOUR, "", -1, 1, true, OVER, &t);
    look(&h, "net", HOUR, "MXN", 1, 1, true, OVER, &t); /* whose unit is that? */
    look(&h, "pay", HOUR, "", 1, 1, true, OVER, &t);
    look(&h, "pay", HOUR, "PESOS", 1, 1, true, OVER, &t);
    look(&h, "pay", HOUR, "MXN", INT64_MAX, INT64_MAX, true, OVER, &t);
    look(&h, "file", HOUR, "", 1, 1, true, OVER, &t);
    assert_int_equal(t.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_when_over),
        cmocka_unit_test(test_later_sales_are_a_difference),
        cmocka_unit_test(test_a_sensor_that_began_anew),
        cmocka_unit_test(test_many_hours_at_once),
        cmocka_unit_test(test_a_sensor_that_lies),
        cmocka_unit_test(test_the_end_tells_what_there_is),
        cmocka_unit_test(test_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
