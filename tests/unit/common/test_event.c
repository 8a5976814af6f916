/* SPDX-License-Identifier: Apache-2.0 */
/* event: what is accepted from an untrusted side; texts: how messages are filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/event.h"
#include "common/texts_fill.h"

#define GOOD                                                                                       \
    "{\"v\":1,\"time\":\"2026-11-22T19:05:00Z\",\"class\":\"alert\",\"sensor\":\"net\","           \
    "\"detector\":\"net.scan\",\"severity\":\"medium\",\"score\":71.5,\"p\":0.001,"                \
    "\"subject\":{\"kind\":\"device\",\"id\":\"192.168.1.9\",\"label\":\"caja-2\"},"               \
    "\"facts\":{\"ports\":1200,\"bytes\":1234567,\"amount\":123450,\"currency\":\"MXN\","          \
    "\"share\":0.05,\"names\":[\"a\",\"b\"],\"seconds\":7200,\"from\":\"NL\",\"nowhere\":\"\","    \
    "\"network\":\"Example B.V.\",\"countries\":[\"BR\",\"MX\"]},"                                 \
    "\"evidence\":[{\"dst\":\"10.0.0.1\"}],\"attack\":[\"T1046\",\"T1059.007\"],\"count\":3,"      \
    "\"first\":\"2026-11-22T19:00:00Z\",\"last\":\"2026-11-22T19:05:00Z\"}"

static json_t *
parse(const char *text)
{
    json_t *t = NULL;

    assert_int_equal(vg_json_parse(slice_of(text, strlen(text)), EVENT_BYTES_MAX, &t), VG_OK);
    return t;
}

static void
good_events(void **state)
{
    char why[EVENT_WHY_MAX];
    json_t *e = parse(GOOD);

    (void)state;
    assert_int_equal(event_check(e, false, why), VG_OK);
    assert_int_equal(event_check(e, true, why), VG_ERR_FORMAT); /* no stamps yet */
    json_object_set_new(e, "id", json_string("01930000-0000-7000-8000-000000000000"));
    json_object_set_new(e, "store", json_string("01930000-0000-4000-8000-000000000000"));
    json_object_set_new(e, "seq", json_integer(7));
    json_object_set_new(e, "recorded", json_string("2026-11-22T19:05:01Z"));
    assert_int_equal(event_check(e, true, why), VG_OK);
    assert_int_equal(event_check(e, false, why), VG_ERR_FORMAT); /* a sensor may not stamp */
    json_decref(e);
}

static void
each_wrong_field_is_refused(void **state)
{
    static const struct {
        const char *key, *value;
    } wrong[] = {
        {"v", "2"},
        {"time", "\"yesterday\""},
        {"class", "\"alarm\""},
        {"sensor", "\"tv\""},
        {"detector", "\"scan\""},
        {"detector", "\"net.Scan\""},
        {"severity", "\"bad\""},
        {"score", "101"},
        {"score", "-1"},
        {"p", "1.5"},
        {"subject", "\"x\""},
        {"subject", "{\"kind\":\"ghost\",\"id\":\"a\",\"label\":\"a\"}"},
        {"subject", "{\"kind\":\"device\",\"id\":\"\",\"label\":\"a\"}"},
        {"facts", "[]"},
        {"facts", "{\"a\":{\"b\":1}}"},
        {"evidence", "{}"},
        {"attack", "[\"X1\"]"},
        {"count", "0"},
        {"surprise", "1"},
        {"id", "\"x\""},
    };
    char why[EVENT_WHY_MAX];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(wrong); i++) {
        json_t *e = parse(GOOD), *v = parse(wrong[i].value);

        json_object_set_new(e, wrong[i].key, v);
        assert_int_equal(event_check(e, false, why), VG_ERR_FORMAT);
        assert_true(why[0] != '\0');
        json_decref(e);
    }
    for (size_t i = 0; i < 3; i++) {
        static const char *const needed[] = {"subject", "facts", "time"};
        json_t *e = parse(GOOD);

        json_object_del(e, needed[i]);
        assert_int_equal(event_check(e, false, why), VG_ERR_FORMAT);
        json_decref(e);
    }
}

static void
two_runs_compare_without_stamps(void **state)
{
    json_t *a = parse(GOOD), *b = parse(GOOD);
    char *x, *y;

    (void)state;
    json_object_set_new(b, "id", json_string("01930000-0000-7000-8000-000000000000"));
    json_object_set_new(b, "recorded", json_string("2026-11-22T19:05:01Z"));
    x = event_canonical(a);
    y = event_canonical(b);
    assert_string_equal(x, y);
    free(y);
    json_object_set_new(b, "count", json_integer(4));
    y = event_canonical(b);
    assert_string_not_equal(x, y);
    free(x);
    free(y);
    json_decref(a);
    json_decref(b);
}

static void
parties_are_cut_at_a_character(void **state)
{
    struct party p;
    char longest[400];

    (void)state;
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 254, "\xc3\xbc", 2);
    longest[399] = '\0';
    party_set(&p, "device", longest, NULL);
    assert_int_equal(strlen(p.id), 254); /* the u-umlaut would not fit whole */
    assert_true(str_is(event_family("net.scan"), "net.scan"));
    assert_true(str_is(event_family("net.scan.slow"), "net.scan"));
    assert_true(str_is(event_family("net.remote_shell"), "net.lateral"));
    assert_true(str_is(event_family("net"), "net"));
}

static void
fill_check(const char *pattern, const char *language, const char *expected)
{
    struct zone *utc = zone_utc();
    struct text_view view = {language,
                             "Tacos El G\xc3\xbc"
                             "ero",
                             utc};
    json_t *e = parse(GOOD);
    char *got = texts_fill(pattern, e, NULL, &view);

    assert_string_equal(got, expected);
    free(got);
    json_decref(e);
    zone_free(utc);
}

static void
words(void **state)
{
    struct text_view view = {"es-MX", "Tacos", NULL};
    json_t *e = json_pack("{s:{s:[s,s]}}", "facts", "reasons", "hour", "new");
    json_t *known = json_pack("{s:s}", "hour", "la hora");
    char *got = texts_fill("{reasons|words}.", e, known, &view);

    (void)state;
    assert_string_equal(got, "la hora, new.");
    free(got);
    json_decref(known);
    json_decref(e);
}

static void
placeholders(void **state)
{
    (void)state;
    fill_check("{subject}: {ports} puertos", "es-MX", "caja-2: 1,200 puertos");
    fill_check("{ports}", "es-ES", "1.200");
    fill_check("{bytes|bytes}", "es-MX", "1.2 MB");
    fill_check("{amount|money}", "en", "$1,234.50 MXN");
    fill_check("{share|percent}", "en", "5.0 %");
    fill_check("{names}", "en", "a, b");
    fill_check("{seconds|duration}", "es-MX", "2 horas");
    fill_check("{from|country} {network|known}", "es-MX", "Países Bajos Example B.V.");
    fill_check("{from|country} {network|known}", "en", "Netherlands Example B.V.");
    fill_check("{nowhere|country}, {nowhere|known}", "es-AR",
               "país desconocido, dueño desconocido");
    fill_check("{nowhere|country}, {nowhere|known}", "en", "unknown country, unknown owner");
    fill_check("{names|country} {countries|country}", "en",
               "unknown country, unknown country Brazil, Mexico");
    fill_check("{missing|country} {missing|known}", "en", "? ?");
    fill_check("{ports|country} {ports|known}", "en", "unknown country 1,200");
    fill_check("{first} {count}", "es-MX", "22 nov 2026, 19:00 3");
    fill_check("{time}", "en", "Nov 22, 2026, 19:05");
    fill_check("{shop} {nothing} {", "en",
               "Tacos El G\xc3\xbc"
               "ero ? {");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_events),
        cmocka_unit_test(each_wrong_field_is_refused),
        cmocka_unit_test(two_runs_compare_without_stamps),
        cmocka_unit_test(parties_are_cut_at_a_character),
        cmocka_unit_test(placeholders),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
