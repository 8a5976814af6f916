/* SPDX-License-Identifier: Apache-2.0 */
/* vtime and zone: text forms, calendars, zones with and without summer time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/uuid.h"
#include "common/vtime.h"
#include "common/zone.h"
#include "common/zone_rule.h"

static int64_t
at(const char *text)
{
    int64_t t = 0;

    assert_int_equal(vtime_parse(text, strlen(text), &t), VG_OK);
    return t;
}

static void
text_and_back(void **state)
{
    static const char *const same[] = {"1970-01-01T00:00:00Z", "2026-11-22T13:05:09Z",
                                       "2024-02-29T23:59:59.5Z", "2100-03-01T00:00:00.000001Z",
                                       "2018-04-01T00:00:31.123456789Z"};
    char out[VTIME_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(same); i++)
        assert_int_equal(at(vtime_format(at(same[i]), out)), at(same[i]));
    assert_string_equal(vtime_format(at(same[4]), out), same[4]);
    assert_string_equal(vtime_format(at("2026-01-01T00:00:00.25-06:00"), out),
                        "2026-01-01T06:00:00.250Z");
    assert_int_equal(at("2026-01-01 06:00:00 -0600"), at("2026-01-01T12:00:00Z"));
}

static void
every_truncation_is_refused(void **state)
{
    static const char good[] = "2018-04-01T00:00:31.5+05:30";

    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        char *cut = malloc(n > 0 ? n : 1);
        int64_t t = 42;

        assert_non_null(cut);
        memcpy(cut, good, n);
        assert_int_not_equal(vtime_parse(cut, n, &t), VG_OK);
        assert_int_equal(t, 42);
        free(cut);
    }
}

static void
wrong_texts(void **state)
{
    static const char *const wrong[] = {"2026-02-30T00:00:00Z",  "2026-13-01T00:00:00Z",
                                        "2026-01-01T24:00:00Z",  "2026-01-01T00:00:00",
                                        "2026-01-01T00:00:00Zx", "0000-01-01T00:00:00Z",
                                        "26-01-01T00:00:00Z",    "2026-01-01T00:00:00.Z"};
    int64_t t;

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(wrong); i++)
        assert_int_not_equal(vtime_parse(wrong[i], strlen(wrong[i]), &t), VG_OK);
}

static void
days_round_trip(void **state)
{
    (void)state;
    for (int64_t d = -200000; d < 200000; d += 7) {
        int y;
        unsigned m, day;

        vtime_civil_from_days(d, &y, &m, &day);
        assert_int_equal(vtime_days_from_civil(y, m, day), d);
    }
}

static void
durations(void **state)
{
    int64_t ns;

    (void)state;
    assert_int_equal(vtime_parse_duration("7d", &ns), VG_OK);
    assert_int_equal(ns, 7 * VG_DAY_NS);
    assert_int_equal(vtime_parse_duration("90s", &ns), VG_OK);
    assert_int_equal(ns, 90 * VG_SEC_NS);
    assert_int_not_equal(vtime_parse_duration("", &ns), VG_OK);
    assert_int_not_equal(vtime_parse_duration("7", &ns), VG_OK);
    assert_int_not_equal(vtime_parse_duration("7days", &ns), VG_OK);
    assert_int_not_equal(vtime_parse_duration("99999999999w", &ns), VG_OK);
}

static void
mexico_has_no_summer_time_since_2022(void **state)
{
    struct zone *z = NULL;
    struct zone_local l;

    (void)state;
    if (zone_load("America/Mexico_City", &z) != VG_OK)
        skip(); /* no zone database here */
    zone_to_local(z, at("2026-07-01T02:00:00Z"), &l);
    assert_int_equal(l.hour, 20);
    assert_int_equal(l.day, 30);
    assert_int_equal(l.weekday, 1);
    assert_int_equal(l.offset_s, -6 * 3600);
    zone_to_local(z, at("2021-07-01T02:00:00Z"), &l);
    assert_int_equal(l.offset_s, -5 * 3600);
    assert_int_equal(zone_from_local(z, 2026, 6, 30, 20, 0, 0), at("2026-07-01T02:00:00Z"));
    zone_free(z);
}

static void
summer_time_by_the_footer(void **state)
{
    struct zone *z = NULL;
    struct zone_local l;

    (void)state;
    if (zone_load("America/New_York", &z) != VG_OK)
        skip();
    zone_to_local(z, at("2060-07-04T16:00:00Z"), &l);
    assert_int_equal(l.hour, 12);
    assert_string_equal(l.abbrev, "EDT");
    zone_to_local(z, at("2060-01-04T16:00:00Z"), &l);
    assert_int_equal(l.hour, 11);
    /* 2026-03-08 02:30 does not exist: moved forward by the hour; 2026-11-01 01:30 is twice */
    assert_int_equal(zone_from_local(z, 2026, 3, 8, 2, 30, 0), at("2026-03-08T07:30:00Z"));
    assert_int_equal(zone_from_local(z, 2026, 11, 1, 1, 30, 0), at("2026-11-01T05:30:00Z"));
    zone_free(z);
}

static void
southern_rule(void **state)
{
    static const char text[] = "AEST-10AEDT,M10.1.0,M4.1.0/3";
    struct zone_rule r;
    const char *abbrev;

    (void)state;
    assert_int_equal(zone_rule_parse(text, sizeof text - 1, &r), VG_OK);
    assert_int_equal(zone_rule_offset(&r, at("2026-01-15T00:00:00Z") / VG_SEC_NS, &abbrev), 39600);
    assert_string_equal(abbrev, "AEDT");
    assert_int_equal(zone_rule_offset(&r, at("2026-06-15T00:00:00Z") / VG_SEC_NS, &abbrev), 36000);
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct zone_rule cut = {.standard_s = 1};

        if (zone_rule_parse(text, n, &cut) != VG_OK)
            assert_int_equal(cut.standard_s, 1);
    }
}

static void
names_never_leave_the_database(void **state)
{
    struct zone *z = NULL;

    (void)state;
    assert_int_equal(zone_load("../../etc/passwd", &z), VG_ERR_NOENT);
    assert_int_equal(zone_load("/etc/passwd", &z), VG_ERR_NOENT);
    assert_int_equal(zone_load("No/Such_Zone", &z), VG_ERR_NOENT);
    assert_null(z);
    z = zone_utc();
    assert_non_null(z);
    zone_free(z);
}

static void
uuids(void **state)
{
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

    (void)state;
    assert_int_equal(uuid_v7(at("2026-11-22T00:00:00Z"), a), VG_OK);
    assert_int_equal(uuid_v7(at("2026-11-22T00:00:01Z"), b), VG_OK);
    assert_true(uuid_valid(a) && uuid_valid(b));
    assert_true(strcmp(a, b) < 0); /* sorts by time */
    assert_int_equal(a[14], '7');
    assert_int_equal(uuid_v4(a), VG_OK);
    assert_int_equal(a[14], '4');
    a[3] = 'g';
    assert_false(uuid_valid(a));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_back),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(wrong_texts),
        cmocka_unit_test(days_round_trip),
        cmocka_unit_test(durations),
        cmocka_unit_test(mexico_has_no_summer_time_since_2022),
        cmocka_unit_test(summer_time_by_the_footer),
        cmocka_unit_test(southern_rule),
        cmocka_unit_test(names_never_leave_the_database),
        cmocka_unit_test(uuids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
