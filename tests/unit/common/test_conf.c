/* SPDX-License-Identifier: Apache-2.0 */
/* conf: what is accepted, and that every error says where and what to write instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/vtime.h"

static const char *const MODES[] = {"endpoint", "mirror", NULL};
static const struct conf_field NAME = {.type = CONF_TEXT, .min = 1, .max = 20};
static const struct conf_field PATH[] = {
    {.key = "path",
     .type = CONF_TEXT,
     .required = true,
     .min = 1,
     .max = 100,
     .example = "path: /srv/pos"},
    {.key = "format", .type = CONF_TEXT, .fallback = "auto"},
    {0},
};
static const struct conf_field PAYMENT = {.type = CONF_MAP, .fields = PATH};
static const struct conf_field SCHEMA[] = {
    {.key = "shop", .type = CONF_TEXT, .min = 1, .max = 20, .example = "shop: Tacos"},
    {.key = "mode", .type = CONF_CHOICE, .choices = MODES, .fallback = "endpoint"},
    {.key = "sandbox", .type = CONF_BOOL, .fallback = "true"},
    {.key = "count", .type = CONF_INT, .min = 1, .max = 9, .fallback = "3"},
    {.key = "budget", .type = CONF_REAL, .min = 0, .max = 100},
    {.key = "size", .type = CONF_SIZE, .fallback = "512 MiB"},
    {.key = "keep", .type = CONF_DURATION, .fallback = "7d"},
    {.key = "names", .type = CONF_LIST, .item = &NAME, .max = 3},
    {.key = "payments", .type = CONF_LIST, .item = &PAYMENT},
    {.key = "hours", .type = CONF_DICT, .item = &NAME},
    {.key = "free", .type = CONF_ANY},
    {0},
};

static enum vg_err
parse(const char *text, json_t **out, struct conf_error *err)
{
    return conf_parse("agent.yaml", slice_of(text, strlen(text)), SCHEMA, out, err);
}

static void
defaults_and_values(void **state)
{
    struct conf_error err;
    json_t *t = NULL;

    (void)state;
    assert_int_equal(parse("", &t, &err), VG_OK);
    assert_int_equal(vg_json_int(t, "size", 0), INT64_C(512) * 1024 * 1024);
    assert_int_equal(vg_json_int(t, "keep", 0), 7 * VG_DAY_NS);
    assert_true(vg_json_bool(t, "sandbox", false));
    assert_null(json_object_get(t, "shop"));
    json_decref(t);
    t = NULL;
    assert_int_equal(parse("shop: no\ncount: 9\nbudget: 1.2\nnames: one\n"
                           "payments: [{path: /srv/pos}]\nhours: {mon-fri: 09:00-20:00}\n"
                           "free: {a: 010, b: [1, 1.5, true, '1']}\nsize: 1 GiB\n",
                           &t, &err),
                     VG_OK);
    assert_string_equal(vg_json_str(t, "shop", ""), "no"); /* never a boolean */
    assert_int_equal(json_array_size(json_object_get(t, "names")), 1);
    assert_string_equal(
        vg_json_str(json_array_get(json_object_get(t, "payments"), 0), "format", ""), "auto");
    assert_string_equal(vg_json_str(json_object_get(t, "hours"), "mon-fri", ""), "09:00-20:00");
    assert_string_equal(vg_json_str(json_object_get(t, "free"), "a", ""), "010"); /* no octal */
    json_decref(t);
}

static void
errors_name_line_and_remedy(void **state)
{
    static const struct {
        const char *text, *says;
        unsigned line;
    } cases[] = {
        {"shop: Tacos\nmodo: mirror\n", "agent.yaml:2: (top): 'modo' is unknown here", 2},
        {"mode: passive\n", "none of: endpoint, mirror", 1},
        {"shop: ''\n", "write for example: shop: Tacos", 1},
        {"\n\ncount: 010\n", "agent.yaml:3: count: '010' is not a whole number", 3},
        {"count: 12\n", "outside 1 to 9", 1},
        {"sandbox: yes\n", "neither true nor false", 1},
        {"keep: 7 days\n", "such as 90s", 1},
        {"size: big\n", "such as 512 MiB", 1},
        {"payments:\n  - path: /a\n  - format: csv\n", "payments[1].path: is missing", 3},
        {"payments:\n  - /srv\n", "payments[0]: wants keys and values", 2},
        {"shop: [a]\n", "wants one value", 1},
        {"names: [a, b, c, d]\n", "has 4 entries", 1},
        {"shop: a\nshop: b\n", "twice", 2},
        {"shop: &x a\n", "anchors", 1},
        {"shop: !!str a\n", "tags", 1},
        {"shop: a\n---\nshop: b\n", "second document", 2},
        {"shop:\ta: b\n", "not readable as YAML", 1},
        {"- a\n", "wants keys and values here, not a list", 1},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct conf_error err;
        json_t *t = NULL;

        assert_int_equal(parse(cases[i].text, &t, &err), VG_ERR_CONFIG);
        assert_null(t);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
        assert_int_equal(err.line, cases[i].line);
    }
}

static void
hostile_files_are_bounded(void **state)
{
    struct conf_error err;
    json_t *t = NULL;
    struct buf deep;

    (void)state;
    buf_init(&deep, 1 << 20);
    buf_put_str(&deep, "free: ");
    for (int i = 0; i < 5000; i++)
        buf_put_u8(&deep, '[');
    assert_int_equal(parse(buf_str(&deep), &t, &err), VG_ERR_CONFIG);
    buf_clear(&deep);
    buf_put_str(&deep, "free: [");
    for (int i = 0; i < 150000; i++)
        buf_put_str(&deep, "1,");
    buf_put_str(&deep, "1]\n");
    assert_int_equal(parse(buf_str(&deep), &t, &err), VG_ERR_CONFIG);
    assert_non_null(strstr(err.text, "too many"));
    buf_done(&deep);
    assert_null(t);
    assert_int_equal(conf_load("/no/such/file.yaml", SCHEMA, &t, &err), VG_ERR_NOENT);
}

static void
every_truncation(void **state)
{
    static const char good[] = "shop: 'Tacos El G\xc3\xbc"
                               "ero'\npayments:\n  - {path: /a, format: "
                               "\"x\"}\nhours: {mon: 09:00-20:00}\n";

    (void)state;
    for (size_t n = 0; n < sizeof good; n++) {
        char *cut = malloc(n > 0 ? n : 1);
        struct conf_error err;
        json_t *t = NULL;

        assert_non_null(cut);
        memcpy(cut, good, n);
        if (conf_parse("cut", slice_of(cut, n), SCHEMA, &t, &err) != VG_OK)
            assert_null(t);
        json_decref(t);
        free(cut);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_and_values),
        cmocka_unit_test(errors_name_line_and_remedy),
        cmocka_unit_test(hostile_files_are_bounded),
        cmocka_unit_test(every_truncation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
