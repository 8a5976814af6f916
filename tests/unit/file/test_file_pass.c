/* SPDX-License-Identifier: Apache-2.0 */
/* When the full pass is due: at its hour, at the next chance after it, once a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/file/file_pass.h"
#include "common/vtime.h"

static int64_t
at(const char *text)
{
    int64_t t;

    assert_int_equal(vtime_parse(text, strlen(text), &t), VG_OK);
    return t;
}

static unsigned
minute_of(const char *text)
{
    struct agent_config config;
    struct conf_error err;
    unsigned minute;

    if (agent_config_parse("test", slice_of(text, strlen(text)), &config, &err) != VG_OK)
        fail_msg("%s", err.text);
    minute = file_pass_minute(&config);
    agent_config_done(&config);
    return minute;
}

static void
test_hour(void **state)
{
    struct agent_config config;
    struct conf_error err;
    const char *wrong = "scan: {full_pass: 25:00}\n";

    assert_int_equal(minute_of("scan: {full_pass: 04:15}\n"), 4 * 60 + 15);
    assert_int_equal(minute_of("scan: {full_pass: auto}\n"), 180);
    assert_int_equal(minute_of(""), 180); /* hours unknown */
    assert_int_equal(minute_of("shop: {hours: {mon-sat: 09:00-21:00}}\n"), 3 * 60);
    assert_int_equal(minute_of("shop: {hours: {daily: 18:00-04:00}}\n"), 11 * 60);
    assert_int_equal(minute_of("shop: {hours: {mon-fri: 09:00-18:00, sat: 20:00-02:00}}\n"),
                     5 * 60 + 30);
    assert_int_equal(minute_of("shop: {hours: {daily: 00:00-24:00}}\n"), 180); /* never closes */
    assert_int_equal(agent_config_parse("test", slice_of(wrong, strlen(wrong)), &config, &err),
                     VG_ERR_CONFIG);
}

static void
test_due(void **state)
{
    struct zone *zone = zone_utc();
    int64_t night = at("2026-03-10T03:00:00Z"), before = night - 20 * VG_HOUR_NS;

    assert_non_null(zone);
    assert_int_equal(file_pass_last(zone, 180, night), night);
    assert_int_equal(file_pass_last(zone, 180, night - 1), night - VG_DAY_NS);
    /* At its hour, whatever else goes on; not before, and once. */
    assert_false(file_pass_due(zone, 180, before, night - 1, 0));
    assert_true(file_pass_due(zone, 180, before, night, 9));
    assert_false(file_pass_due(zone, 180, night + VG_MIN_NS, night + VG_HOUR_NS, 0));
    assert_true(file_pass_due(zone, 180, night + VG_MIN_NS, night + VG_DAY_NS, 9));
    /* Off at that hour: when there is little to do, or when it has waited long enough. */
    assert_false(file_pass_due(zone, 180, before, night + 6 * VG_HOUR_NS, 0.9));
    assert_true(file_pass_due(zone, 180, before, night + 6 * VG_HOUR_NS, 0.1));
    assert_true(file_pass_due(zone, 180, before, night + 12 * VG_HOUR_NS, 0.9));
    /* A clock that was set back. */
    assert_true(file_pass_due(zone, 180, night + 30 * VG_DAY_NS, night, 9));
    zone_free(zone);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hour), cmocka_unit_test(test_due)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
