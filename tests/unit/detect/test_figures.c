/* SPDX-License-Identifier: Apache-2.0 */
/* Hourly figures: bytes by direction, long flows as they go on, sales by currency, caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/figures.h"
#include "common/json.h"
#include "common/vtime.h"

#define HOUR INT64_C(500000)
#define NOW  (HOUR * VG_HOUR_NS + VG_MIN_NS)

static void
flow(struct figures *f, enum obs_kind kind, uint64_t id, bool from_here, uint64_t out, uint64_t in,
     int64_t now_ns)
{
    struct flow_view v = {.id = id, .bytes_out = out, .bytes_in = in};
    const struct obs obs = {.kind = kind, .time_ns = now_ns, .flow = &v};

    assert_true(net_addr_parse(str_of("192.168.1.5"), from_here ? &v.src : &v.dst));
    assert_true(net_addr_parse(str_of("8.8.8.8"), from_here ? &v.dst : &v.src));
    figures_observe(f, &obs);
}

static void
sale(struct figures *f, const char *currency, int64_t amount, enum txn_kind kind,
     enum txn_outcome outcome, int64_t now_ns)
{
    struct txn_view t = {
        .time_ns = now_ns, .kind = kind, .outcome = outcome, .amount = amount, .has_amount = true};
    const struct obs obs = {.kind = OBS_TXN, .time_ns = now_ns, .txn = &t};

    (void)vg_strcpy(t.currency, sizeof t.currency, currency);
    figures_observe(f, &obs);
}

/* The sums of an hour and unit; false: not told. */
static bool
sums(const struct figures *f, int64_t hour, const char *unit, int64_t *a, int64_t *b)
{
    json_t *health = json_object(), *row;
    bool found = false;
    size_t i;

    figures_health(f, health);
    json_array_foreach(json_object_get(health, "figures"), i, row)
    {
        if (json_integer_value(json_array_get(row, 0)) != hour ||
            strcmp(json_string_value(json_array_get(row, 1)), unit) != 0)
            continue;
        found = true;
        *a = json_integer_value(json_array_get(row, 2));
        *b = json_integer_value(json_array_get(row, 3));
    }
    assert_true(json_array_size(json_object_get(health, "figures")) <= FIGURES_TOLD);
    json_decref(health);
    return found;
}

static void
test_bytes(void **state)
{
    struct figures f = {0};
    int64_t in = 0, out = 0;

    (void)state;
    flow(&f, OBS_FLOW_END, 1, true, 100, 1000, NOW);
    flow(&f, OBS_FLOW_END, 2, false, 7, 70, NOW); /* from the world: it sent 7 in */
    assert_true(sums(&f, HOUR, "", &in, &out));
    assert_true(in == 1007 && out == 170);
    /* A long flow over the end of the hour. */
    flow(&f, OBS_FLOW_UPDATE, 3, true, 10, 20, NOW);
    flow(&f, OBS_FLOW_UPDATE, 3, true, 30, 50, NOW + VG_HOUR_NS);
    flow(&f, OBS_FLOW_END, 3, true, 40, 60, NOW + VG_HOUR_NS);
    assert_true(sums(&f, HOUR, "", &in, &out));
    assert_true(in == 1027 && out == 180);
    assert_true(sums(&f, HOUR + 1, "", &in, &out));
    assert_true(in == 40 && out == 30);
    /* Two in one place: the second at its end, whole. */
    flow(&f, OBS_FLOW_UPDATE, 5, true, 1, 1, NOW + 2 * VG_HOUR_NS);
    flow(&f, OBS_FLOW_UPDATE, 5 + FIGURES_FLOWS, true, 1, 1, NOW + 2 * VG_HOUR_NS);
    flow(&f, OBS_FLOW_END, 5 + FIGURES_FLOWS, true, 5, 5, NOW + 2 * VG_HOUR_NS);
    flow(&f, OBS_FLOW_END, 5, true, 3, 3, NOW + 2 * VG_HOUR_NS);
    assert_true(sums(&f, HOUR + 2, "", &in, &out));
    assert_true(in == 8 && out == 8);
}

static void
test_sales(void **state)
{
    struct figures f = {0};
    int64_t n = 0, amount = 0;

    (void)state;
    sale(&f, "MXN", 1000, TXN_SALE, TXN_APPROVED, NOW);
    sale(&f, "MXN", 500, TXN_SALE, TXN_APPROVED, NOW);
    sale(&f, "USD", 9, TXN_SALE, TXN_APPROVED, NOW);
    sale(&f, "MXN", 7, TXN_REFUND, TXN_APPROVED, NOW);
    sale(&f, "MXN", 7, TXN_SALE, TXN_DECLINED, NOW);
    assert_true(sums(&f, HOUR, "MXN", &n, &amount));
    assert_true(n == 2 && amount == 1500);
    assert_true(sums(&f, HOUR, "USD", &n, &amount));
    assert_true(n == 1 && amount == 9);
}

static void
test_the_oldest_goes(void **state)
{
    struct figures f = {0};
    int64_t n, amount;

    (void)state;
    for (int i = 0; i < 3 * FIGURES_CELLS; i++)
        sale(&f, "MXN", 1, TXN_SALE, TXN_APPROVED, NOW + i * VG_HOUR_NS);
    for (int i = 0; i < 1000; i++)
        sale(&f, "MXN", 1, TXN_SALE, TXN_APPROVED, NOW + 3 * FIGURES_CELLS * VG_HOUR_NS);
    assert_false(sums(&f, HOUR, "MXN", &n, &amount));
    assert_true(sums(&f, HOUR + 3 * FIGURES_CELLS - FIGURES_TOLD + 1, "MXN", &n, &amount));
    assert_false(sums(&f, HOUR + 3 * FIGURES_CELLS - FIGURES_TOLD, "MXN", &n, &amount));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_sales),
        cmocka_unit_test(test_the_oldest_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
