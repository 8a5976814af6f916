/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/when.h"
#include "common/vtime.h"

/* The instant as RFC 3339, or the error. */
static void
parse(const char *text, const char *format, struct zone *zone, char out[64])
{
    struct own o = own(text);
    struct when_zone z = {.zone = zone};
    int64_t t = -1;
    enum vg_err err = when_parse(o.text, format, &z, &t);

    if (err == VG_OK)
        vtime_format(t, out);
    else
        (void)snprintf(out, 64, "%s", err == VG_ERR_FORMAT ? "no" : "limit");
    free(o.block);
}

static void
test_formats(void **state)
{
    static const struct {
        const char *format, *text, *want;
    } cases[] = {
        {"iso", "2026-11-22T13:05:09Z", "2026-11-22T13:05:09Z"},
        {"iso", "2026-11-22T13:05:09.123-06:00", "2026-11-22T19:05:09.123Z"},
        {"iso", "2026-11-22 13:05:09,5 +0530", "2026-11-22T07:35:09.500Z"},
        {"iso", "2026-11-22 13:05", "2026-11-22T19:05:00Z"},
        {"iso", "2026-11-22", "2026-11-22T06:00:00Z"},
        {"iso", "2026-1-2 3:04", "2026-01-02T09:04:00Z"},
        {"iso", "2026-11-22T13:05:09z", "2026-11-22T13:05:09Z"},
        {"iso", "2026-11-22T13:05:60Z", "2026-11-22T13:05:59Z"}, /* a leap second */
        {"iso", "2026-11-22T24:00:00Z", "no"},
        {"iso", "2026-11-22T13:60:00Z", "no"},
        {"iso", "2026-02-30", "no"},
        {"iso", "2026-13-01", "no"},
        {"iso", "2026-00-01", "no"},
        {"iso", "2026-11-22T13:05:09+99:00", "no"},
        {"iso", "2026-11-22T13:05:09 horas", "no"},
        {"iso", "22/11/2026", "no"},
        {"iso", "", "no"},
        {"iso", "1969-12-31T23:00:00Z", "limit"},
        {"iso", "2300-01-01", "limit"},
        {"ofx", "20261122130509.123[-6:CST]", "2026-11-22T19:05:09.123Z"},
        {"ofx", "20261122130509[-3.5]", "2026-11-22T16:35:09Z"},
        {"ofx", "20261122130509[0:GMT]", "2026-11-22T13:05:09Z"},
        {"ofx", "20261122", "2026-11-22T06:00:00Z"},
        {"ofx", "20261122130509[-6:CST", "no"},
        {"ofx", "20261322", "no"},
        {"%a %b %d %H:%M:%S %Z %Y.%f", "Sun Nov 22 13:05:09 UYT 2026.824",
         "2026-11-22T19:05:09.824Z"},
        {"utc:%Y-%m-%d %H:%M", "2026-11-22 13:05", "2026-11-22T13:05:00Z"},
        {"%m%d%H%M%S", "1122130509", "no"}, /* nothing says the year */
        {"unix", "1795348800", "2026-11-22T12:00:00Z"},
        {"unix", "1795348800.25", "2026-11-22T12:00:00.250Z"},
        {"unix", "0", "1970-01-01T00:00:00Z"},
        {"unix", "-5", "no"},
        {"unix", "1795348800x", "no"},
        {"unix", "99999999999999", "limit"},
        {"unix_ms", "1795348800123", "2026-11-22T12:00:00.123Z"},
        {"%d/%m/%Y %H:%M", "22/11/2026 13:05", "2026-11-22T19:05:00Z"},
        {"%d/%m/%Y %H:%M", "2/1/2026 9:05", "2026-01-02T15:05:00Z"},
        {"%d/%m/%Y %H:%M", "11/22/2026 13:05", "no"},
        {"%d/%m/%Y %H:%M", "22/11/2026 13:05:09", "no"},
        {"%d.%m.%y", "22.11.26", "2026-11-22T06:00:00Z"},
        {"%m/%d/%Y %I:%M:%S %p", "11/22/2026 02:30:00 PM", "2026-11-22T20:30:00Z"},
        {"%m/%d/%Y %I:%M:%S %p", "11/22/2026 12:00:00 am", "2026-11-22T06:00:00Z"},
        {"%m/%d/%Y %I:%M:%S %p", "11/22/2026 13:00:00 PM", "no"},
        {"%d-%b-%Y", "22-Nov-2026", "2026-11-22T06:00:00Z"},
        {"%d %b %Y", "22 ENE 2026", "2026-01-22T06:00:00Z"},
        {"%d %b %Y", "22 xyz 2026", "no"},
        {"%Y%m%d%H%M%S.%f%z", "20261122130509.5-0600", "2026-11-22T19:05:09.500Z"},
        {"%Y-%m-%d 100%%", "2026-11-22 100%", "2026-11-22T06:00:00Z"},
    };
    struct zone *zone;

    assert_int_equal(zone_load("America/Mexico_City", &zone), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char out[64];

        parse(cases[i].text, cases[i].format, zone, out);
        if (strcmp(out, cases[i].want) != 0)
            fail_msg("%s as %s: %s, not %s", cases[i].text, cases[i].format, out, cases[i].want);
    }
    zone_free(zone);
}

/* The zone's rules are those of that day: Mexico had summer time until 2022. The remembered hour
 * does not leak into the next one. */
static void
test_zone(void **state)
{
    struct zone *zone;
    struct when_zone z = {.zone = NULL};
    char out[64];
    int64_t t;

    assert_int_equal(zone_load("America/Mexico_City", &zone), VG_OK);
    parse("2022-07-01 12:00", "iso", zone, out);
    assert_string_equal(out, "2022-07-01T17:00:00Z");
    parse("2023-07-01 12:00", "iso", zone, out);
    assert_string_equal(out, "2023-07-01T18:00:00Z");
    parse("2026-11-22 13:05", "iso", NULL, out);
    assert_string_equal(out, "2026-11-22T13:05:00Z");
    z.zone = zone;
    for (int hour = 0; hour < 24; hour++) {
        char text[32];

        (void)snprintf(text, sizeof text, "2026-11-22 %02d:30", hour);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(when_parse(slice_of(text, strlen(text)), "iso", &z, &t), VG_OK);
            assert_int_equal(t,
                             INT64_C(1795327200) * VG_SEC_NS + hour * VG_HOUR_NS + 30 * VG_MIN_NS);
        }
    }
    zone_free(zone);
}

static void
test_valid(void **state)
{
    assert_true(when_format_valid("iso"));
    assert_true(when_format_valid("unix_ms"));
    assert_true(when_format_valid("%d/%m/%Y %H:%M"));
    assert_false(when_format_valid("%H:%M"));
    assert_false(when_format_valid("%d/%m/%Q"));
    assert_false(when_format_valid("%d/%m/%Y%"));
    assert_false(when_format_valid(""));
    assert_false(when_format_valid("%Y%m%d xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
}

/* A date without a year is of the last one in which it is not in the future. */
static void
test_year(void **state)
{
    static const struct {
        const char *latest, *text, *want;
    } cases[] = {
        {"2026-11-22T00:00:00Z", "1122130509", "2026-11-22T13:05:09Z"},
        {"2026-11-22T00:00:00Z", "1124130509", "2025-11-24T13:05:09Z"},
        {"2026-12-31T23:59:59Z", "0101000001", "2027-01-01T00:00:01Z"},
        {"2027-01-01T00:10:00Z", "1231235959", "2026-12-31T23:59:59Z"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct own o = own(cases[i].text);
        struct when_zone z = {.zone = NULL};
        char got[64];
        int64_t t;

        assert_int_equal(vtime_parse(cases[i].latest, strlen(cases[i].latest), &z.latest_ns),
                         VG_OK);
        assert_int_equal(when_parse(o.text, "%m%d%H%M%S", &z, &t), VG_OK);
        vtime_format(t, got);
        assert_string_equal(got, cases[i].want);
        free(o.block);
    }
}

/* What a zone means that is a distance, and a date that has no time of day. */
static void
test_offset_and_day(void **state)
{
    struct when_zone z = {.offset_s = -6 * 3600, .day_hour = 12};
    char got[64];
    int64_t t;

    assert_int_equal(when_parse(slice_of("2026-11-22", 10), "iso", &z, &t), VG_OK);
    vtime_format(t, got);
    assert_string_equal(got, "2026-11-22T18:00:00Z");
    assert_int_equal(when_parse(slice_of("22/11/2026 01:00", 16), "%d/%m/%Y %H:%M", &z, &t), VG_OK);
    vtime_format(t, got);
    assert_string_equal(got, "2026-11-22T07:00:00Z");
}

/* Times of the same hour one after the other are what each is alone, also those that are wrong. */
static void
test_same_hour(void **state)
{
    static const char *const rests[] = {"", "Z", "-06:00", ".5", ".123Z", " +01:00", "-6:00", "x"};
    struct when_zone known = {.offset_s = -3600};
    uint64_t draw = 3;

    for (int i = 0; i < 20000; i++) {
        unsigned n[4];
        char text[40];
        struct own o;
        int64_t a = -1, b = -1;

        for (size_t k = 0; k < VG_ARRAY_LEN(n); k++) {
            draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407;
            n[k] = (unsigned)(draw >> 40);
        }
        (void)snprintf(text, sizeof text, "2026-11-2%u%c%02u:%02u%c%02u%s", n[0] / 7 % 2,
                       n[0] % 50 == 0 ? ' ' : 'T', 13 + n[0] % 2, n[1] % 62,
                       n[3] % 90 == 1 ? '.' : ':', n[2] % 62, rests[n[3] / 100 % 8]);
        o = own(text);
        {
            struct when_zone alone = {.offset_s = -3600};
            enum vg_err one = when_parse(o.text, "iso", &known, &a);

            assert_int_equal(one, when_parse(o.text, "iso", &alone, &b));
            assert_true(a == b || one != VG_OK);
        }
        free(o.block);
    }
}

static void
test_truncations(void **state)
{
    static const struct {
        const char *format, *text;
    } cases[] = {
        {"iso", "2026-11-22T13:05:09.123456789123-06:00"},
        {"unix", "1795348800.123456789123"},
        {"ofx", "20261122130509.123[-3.50:CST]"},
        {"unix_ms", "1795348800123"},
        {"%d %b %Y %I:%M:%S.%f %p %z %%", "22 Nov 2026 01:05:09.5 PM -06:00 %"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        for (size_t n = 0; n <= strlen(cases[i].text); n++) {
            struct own o = own_n(cases[i].text, n);
            struct when_zone z = {.zone = NULL};
            int64_t t = -1;
            enum vg_err err = when_parse(o.text, cases[i].format, &z, &t);

            assert_true((err == VG_OK) == (t >= 0));
            assert_true(n < strlen(cases[i].text) || err == VG_OK);
            free(o.block);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),        cmocka_unit_test(test_zone),
        cmocka_unit_test(test_valid),          cmocka_unit_test(test_year),
        cmocka_unit_test(test_offset_and_day), cmocka_unit_test(test_same_hour),
        cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
