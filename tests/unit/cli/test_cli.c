/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's frame: options, help, exit codes, and what reaches a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/cli.h"
#include "agent/detect/sink.h"
#include "common/texts.h"

static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"json", 0, false}, {"learn", 0, true}, {NULL, 0, false}};

/* The whole line as one text: "0=FILE 1 FILE ... end" */
static const char *
read_line(int argc, const char *const *words)
{
    static char text[256];
    char *argv[16];
    struct cli_args args;
    const char *value;
    size_t n = 0;
    int which;

    for (int i = 0; i < argc; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    args = cli_args_of(argc, argv);
    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%d=%s ", which,
                              value != NULL ? value : "");
        if (which == CLI_BAD)
            return text;
    }
    snprintf(text + n, sizeof(text) - n, "end");
    return text;
}

#define LINE(...)                                                                                  \
    read_line((int)VG_ARRAY_LEN(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})

static void
test_options(void **state)
{
    (void)state;
    assert_string_equal(LINE("x"), "end");
    assert_string_equal(LINE("x", "-c", "f", "a", "--json"), "0=f -2=a 1= end");
    assert_string_equal(LINE("x", "-cf", "--config=g", "--config", "h"), "0=f 0=g 0=h end");
    assert_string_equal(LINE("x", "-", "--learn", "-"), "-2=- 2=- end");
    assert_string_equal(LINE("x", "--", "--json", "-c"), "-2=--json -2=-c end");
    assert_string_equal(LINE("x", "--learn", "a", "--learn=b", "c"), "2=a 2=b -2=c end");
    assert_string_equal(LINE("x", "--config="), "0= end");
}

static void
test_wrong_options(void **state)
{
    (void)state;
    assert_string_equal(LINE("x", "--nope"), "-3= ");
    assert_string_equal(LINE("x", "--js"), "-3= "); /* no abbreviations: they break scripts later */
    assert_string_equal(LINE("x", "--jsonx"), "-3= ");
    assert_string_equal(LINE("x", "-c"), "-3= ");
    assert_string_equal(LINE("x", "--json=1"), "-3= ");
    assert_string_equal(LINE("x", "-z"), "-3= ");
}

static int
run_cli(const char *a, const char *b)
{
    char *argv[] = {(char *)(uintptr_t) "vigia-agent", (char *)(uintptr_t)a, (char *)(uintptr_t)b,
                    NULL};

    return cli_main(b != NULL ? 3 : a != NULL ? 2 : 1, argv);
}

static void
test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(run_cli(NULL, NULL), VG_EXIT_USAGE);
    assert_int_equal(run_cli("--help", NULL), VG_EXIT_DONE);
    assert_int_equal(run_cli("--version", NULL), VG_EXIT_DONE);
    assert_int_equal(run_cli("nonsense", NULL), VG_EXIT_USAGE);
    for (const struct cli_command *c = CLI_COMMANDS; c->name != NULL; c++) {
        assert_int_equal(run_cli(c->name, "--help"), VG_EXIT_DONE);
        assert_int_equal(run_cli(c->name, "--version"), VG_EXIT_DONE);
        assert_int_equal(run_cli(c->name, "--no-such-option"), VG_EXIT_USAGE);
        assert_non_null(strstr(c->usage, c->name));
    }
    assert_int_equal(run_cli("alerts", "-c/nowhere/x.yaml"), VG_EXIT_USAGE);
}

static char *
printed(const json_t *event, bool detail)
{
    struct zone *zone = zone_utc();
    struct text_view view = {.language = "en", .shop = "Shop", .zone = zone};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    if (detail)
        cli_print_detail(to, event, NULL, &view);
    else
        cli_print_alert(to, event, NULL, &view);
    fclose(to);
    zone_free(zone);
    return text;
}

/* Who names his device "\x1b]0;..." does not write on the technician's terminal. */
static void
test_nothing_reaches_the_terminal(void **state)
{
    static const char evil[] = "\033]0;x\007 \r\n \x7f \xc2\x9b"
                               "31m \xe2\x80\xae"
                               "abc \xe2\x81\xa6 \xc3\xb1";
    json_t *event = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s}, s:[{s:s}], s:s}", "time",
        "2026-01-02T03:04:05Z", "class", "alert", "severity", "high", "detector", "net.scan", "id",
        "01a20591-b8a2-719c-889d-3a9b68e5b65b", "subject", "kind", "host", "id", evil, "label",
        evil, "facts", "name", evil, "evidence", "text", evil, "recorded", "2026-01-02T03:04:05Z");

    (void)state;
    assert_non_null(event);
    for (int detail = 0; detail < 2; detail++) {
        char *text = printed(event, detail != 0);

        assert_non_null(strstr(text, "HIGH"));
        assert_non_null(strstr(text, "01a20591"));
        for (const char *p = text; *p != '\0'; p++)
            assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
        assert_null(strstr(text, "\xc2\x9b"));
        assert_null(strstr(text, "\xe2\x80\xae"));
        assert_null(strstr(text, "\xe2\x81\xa6"));
        if (detail)
            assert_non_null(strstr(text, "\xc3\xb1")); /* letters stay */
        free(text);
    }
    json_decref(event);
}

static void
test_damaged_events(void **state)
{
    static const char *const rows[] = {
        "{}", "{\"time\":5,\"severity\":[],\"facts\":7,\"evidence\":{},\"subject\":null}",
        "{\"time\":\"yesterday\",\"severity\":\"huge\"}"};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        json_t *event;

        assert_int_equal(vg_json_parse(slice_of(rows[i], strlen(rows[i])), 1000, &event), VG_OK);
        free(printed(event, false));
        free(printed(event, true));
        json_decref(event);
    }
}

static void
test_no_colour(void **state)
{
    (void)state;
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_false(cli_colour(stdout));
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_int_equal(cli_colour(stdout), isatty(1));
    assert_false(cli_colour(tmpfile())); /* closed with the process */
}

static void
test_sink(void **state)
{
    struct text_view view = {.language = "en", .shop = "Shop"};
    struct cli_sink *sink;
    const struct sink *s;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_int_equal(cli_sink_new(to, true, NULL, &view, &sink), VG_OK);
    s = cli_sink_get(sink);
    s->ops->event(s->ctx, json_pack("{s:s, s:s}", "class", "alert", "severity", "high"));
    s->ops->event(s->ctx, json_pack("{s:s, s:s}", "class", "alert", "severity", "info"));
    s->ops->event(s->ctx, json_pack("{s:s, s:s}", "class", "health", "severity", "high"));
    s->ops->state(s->ctx, "x", slice_of("k", 1), 1, slice_of("b", 1));
    assert_int_equal(s->ops->commit(s->ctx), VG_OK);
    assert_int_equal(cli_sink_alerts(sink), 1);
    cli_sink_free(sink);
    fclose(to);
    assert_string_equal(text, "{\"class\":\"alert\",\"severity\":\"high\"}\n"
                              "{\"class\":\"alert\",\"severity\":\"info\"}\n"
                              "{\"class\":\"health\",\"severity\":\"high\"}\n");
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_exit_codes),     cmocka_unit_test(test_nothing_reaches_the_terminal),
        cmocka_unit_test(test_damaged_events), cmocka_unit_test(test_no_colour),
        cmocka_unit_test(test_sink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
