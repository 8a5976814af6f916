/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mail_alert.h"
#include "common/vtime.h"

static struct texts *texts;
static struct zone *zone;

static struct mail_reader
reader(const char *language)
{
    return (struct mail_reader){
        .view = {.language = language, .shop = "Tacos El Güero", .zone = zone},
        .help_name = "Soporte Norte",
        .help_phone = "81 1234 5678",
    };
}

/* An event of a detector with every fact that its file names, each a hostile text or a number. */
static json_t *
event_of(const char *detector, const char *fact)
{
    const json_t *file = texts_detector(texts, detector);
    json_t *facts = json_object();
    const char *name;
    json_t *about;

    json_object_foreach(json_object_get(file, "facts"), name, about)
        assert_int_equal(json_object_set_new(facts, name, json_string(fact)), 0);
    return json_pack("{s:i s:s s:s s:s s:s s:s s:s s:{s:s s:s s:s} s:o s:[{s:s}]}", "v", 1, "id",
                     "0190f3e1-aaaa-7bbb-8ccc-0123456789ab", "class", "alert", "sensor", "net",
                     "detector", detector, "severity", "high", "time", "2026-11-22T22:05:00Z",
                     "subject", "kind", "device", "id", fact, "label", fact, "facts", facts,
                     "evidence", "name", fact);
}

static struct mail_alert
alert_of(const json_t *event)
{
    return (struct mail_alert){
        .event = event,
        .incident = "0190f3e1-aaaa-7bbb-8ccc-0123456789ab",
        .severity = SEVERITY_HIGH,
        .first_ns = INT64_C(1795385100) * VG_SEC_NS,
        .last_ns = INT64_C(1795385100) * VG_SEC_NS,
        .count = 1,
    };
}

static size_t
words_in(const char *text, const char *end)
{
    size_t n = 0;
    bool inside = false;

    for (; text < end; text++) {
        bool space = *text == ' ' || *text == '\n';

        n += !space && !inside;
        inside = !space;
    }
    return n;
}

static void
check_mail(const char *detector, const char *language)
{
    struct mail_reader r = reader(language);
    json_t *event = event_of(detector, "7");
    struct mail_alert a = alert_of(event);
    struct mail_text m;
    const char *line;

    assert_int_equal(mail_alert_render(texts, &r, &a, &m), VG_OK);
    assert_int_equal(strncmp(m.subject, "[Tacos El Güero] ", strlen("[Tacos El Güero] ")), 0);
    line = strstr(m.text, "\n-----\n");
    assert_non_null(line);
    if (words_in(m.text, line) >= 180)
        fail_msg("%s (%s): %zu words before the details", detector, language,
                 words_in(m.text, line));
    assert_non_null(strstr(m.text, "16:05")); /* the shop's clock, not UTC's */
    assert_null(strstr(m.text, "22:05"));
    assert_non_null(strstr(m.text, "Soporte Norte, 81 1234 5678"));
    assert_non_null(strstr(m.html, "Soporte Norte, 81 1234 5678"));
    assert_null(strstr(m.html, "<a "));
    assert_null(strstr(m.html, "<img"));
    assert_null(strstr(m.html, "http"));
    assert_null(strstr(m.text, "{"));
    mail_text_done(&m);
    json_decref(event);
}

static void
test_every_detector_in_both_languages(void **state)
{
    const char *const *name;

    (void)state;
    for (name = texts_detectors(texts); *name != NULL; name++) {
        check_mail(*name, "es-MX");
        check_mail(*name, "en");
    }
    check_mail("net.unheard_of", "es-MX");
}

static void
test_hostile_texts_are_harmless(void **state)
{
    static const char *const hostile[] = {
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "http://evil.example/login",
        "www.banco-falso.com.mx",
        "pago@evil.example",
        "a\xe2\x80\xae"
        "cod.exe.evil.zip",
        "x\nHTTP://EVIL.example\n-----\nfake",
        "\xc3\xa9vil.\xc3\xa9xample",
        "{shop} {facts}",
    };
    size_t i;

    (void)state;
    for (i = 0; i < VG_ARRAY_LEN(hostile); i++) {
        struct mail_reader r = reader("es-MX");
        json_t *event = event_of("net.scan", hostile[i]);
        struct mail_alert a = alert_of(event);
        struct mail_text m;

        assert_int_equal(mail_alert_render(texts, &r, &a, &m), VG_OK);
        assert_null(strchr(m.subject, '\n'));
        assert_null(strstr(m.html, "<script"));
        assert_null(strstr(m.html, "<img"));
        assert_null(strstr(m.html, "://"));
        assert_null(strstr(m.text, "://"));
        assert_null(strstr(m.text, "evil.example"));
        assert_null(strstr(m.text, "EVIL.example"));
        assert_null(strstr(m.text, "falso.com"));
        assert_null(strstr(m.text, "pago@"));
        assert_null(strstr(m.text, "evil.zip"));
        assert_null(strstr(m.text, "\xe2\x80\xae"));
        assert_null(strstr(m.text, "\n-----\nfake"));
        mail_text_done(&m);
        json_decref(event);
    }
}

static void
expect_harmless(const char *in, const char *out)
{
    json_t *event = json_pack("{s:{s:s}}", "facts", "x", in), *made = mail_harmless(event);

    assert_string_equal(vg_json_str(json_object_get(made, "facts"), "x", ""), out);
    json_decref(made);
    json_decref(event);
}

static void
test_only_what_could_be_a_link_is_changed(void **state)
{
    (void)state;
    expect_harmless("192.168.1.57", "192.168.1.57");
    expect_harmless("ventas_2026-11.csv", "ventas_2026-11.csv");
    expect_harmless("Terminal 3. Caja", "Terminal 3. Caja");
    expect_harmless("2.5", "2.5");
    expect_harmless("evil.example", "evil[.]example");
    expect_harmless("a.b.evil.example.", "a[.]b[.]evil[.]example.");
    expect_harmless("https://x.mx/a", "https[:]//x[.]mx/a");
    expect_harmless("00:1b:63:aa", "00:1b:63:aa");
    expect_harmless("a@b.mx", "a[@]b[.]mx");
    expect_harmless("factura.pdf.zip", "factura[.]pdf[.]zip");
    expect_harmless("xn--caf-dma.xn--p1ai", "xn--caf-dma[.]xn--p1ai");
}

static void
test_update_and_lists(void **state)
{
    struct mail_reader r = reader("en");
    json_t *event = event_of("net.scan", "5");
    struct mail_alert a = alert_of(event), many[MAIL_LIST_SHOWN + 5];
    struct mail_text m;
    size_t i;

    (void)state;
    a.update = true;
    assert_int_equal(mail_alert_render(texts, &r, &a, &m), VG_OK);
    assert_non_null(strstr(m.subject, "It got worse: "));
    mail_text_done(&m);
    for (i = 0; i < VG_ARRAY_LEN(many); i++)
        many[i] = a;
    for (i = MAIL_LIST_LATE; i <= MAIL_LIST_FULL; i++) {
        assert_int_equal(
            mail_list_render(texts, &r, (enum mail_list_kind)i, many, VG_ARRAY_LEN(many), 1000, &m),
            VG_OK);
        assert_non_null(strstr(m.text, "1,005 more"));
        assert_non_null(strstr(m.html, "1,005 more"));
        mail_text_done(&m);
    }
    json_decref(event);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_detector_in_both_languages),
        cmocka_unit_test(test_hostile_texts_are_harmless),
        cmocka_unit_test(test_only_what_could_be_a_link_is_changed),
        cmocka_unit_test(test_update_and_lists),
    };
    struct conf_error err;
    int failed;

    if (texts_load("rules", &texts, &err) != VG_OK ||
        zone_load("America/Mexico_City", &zone) != VG_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    texts_free(texts);
    zone_free(zone);
    return failed;
}
