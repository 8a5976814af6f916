/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may have from the host worker, and how the supervisor carries it. */
#include "tests/unit/keeper/supervisor_kit.h"

static void
test_opens_through_host(void **state)
{
    struct place *p = *state;
    char text[256], path[160];
    struct tally t;

    assert_int_equal(platform_folder_make(p->logs, false), VG_OK);
    (void)snprintf(path, sizeof path, "%s/day.log", p->logs);
    assert_int_equal(platform_file_replace(path, slice_of("from the file", 13), true), VG_OK);
    assert_int_equal(setenv("VIGIA_FAKE_FILE", path, 1), 0);
    (void)snprintf(text, sizeof text, "network: off\npayments: [{path: %s}]\n", p->logs);
    configure(p, text);
    start(p, "open_inside");
    assert_true(until(p, has_alert, 1, 20));
    t = stored(p);
    assert_string_equal(t.note, "from the file");
    stop(p);
}

/* The net sensor's questions go to the host worker, and its answers back. */
static void
test_whose(void **state)
{
    struct place *p = *state;
    struct tally t;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "whose");
    assert_true(until(p, has_alert, 1, 20));
    t = stored(p);
    assert_string_equal(t.note, "8 {}");
    stop(p);
}

static json_t *
move_question(const struct place *p, const char *text)
{
    json_t *asked, *question;

    assert_int_equal(vg_json_parse(slice_of(text, strlen(text)), 8192, &asked), VG_OK);
    question = supervisor_move_question(&p->config, asked);
    json_decref(asked);
    return question;
}

/* Of a step of the quarantine the host worker hears what is allowed, and these fields alone. */
static void
test_move_question(void **state)
{
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SEAL(path, sha, rule)                                                                      \
    "{\"what\":\"seal\",\"path\":\"" path "\",\"sha256\":\"" sha "\",\"rule\":\"" rule             \
    "\",\"size\":7,\"other\":1}"
    static const char *const wrong[] = {
        SEAL("2f6574632f70", SHA, "R"),     /* /etc/p */
        SEAL("2f73682f2e2e2f78", SHA, "R"), /* /sh/../x */
        SEAL("2f73682f00", SHA, "R"),       /* a NUL */
        SEAL("2f73682f6", SHA, "R"),        /* half a byte */
        SEAL("2f736878", SHA, "R"),         /* /shx */
        SEAL("2f73682f61", "ABC", "R"),     /* no hash */
        SEAL("2f73682f61", SHA, SHA),       /* no rule has such a name */
        "{\"what\":\"take\",\"id\":\"../../ab\"}",
        "{\"what\":\"take\",\"id\":\"\"}",
        "{\"what\":\"open\",\"path\":\"2f73682f61\"}",
        "[]",
    };
    struct place *p = *state;
    json_t *q;

    configure(p, "files: [/sh]\nscan: {response: quarantine}\n");
    for (size_t i = 0; i < VG_ARRAY_LEN(wrong); i++)
        assert_null(move_question(p, wrong[i]));
    q = move_question(p, SEAL("2f73682f61", SHA, "R"));
    assert_string_equal(vg_json_str(q, "path", ""), "2f73682f61");
    assert_int_equal(vg_json_int(q, "size", 0), 7);
    assert_null(json_object_get(q, "other"));
    json_decref(q);
    q = move_question(p, "{\"what\":\"take\",\"id\":\"0123abcd\"}");
    assert_string_equal(vg_json_str(q, "id", ""), "0123abcd");
    json_decref(q);
    p->config.scan.quarantine = false;
    assert_null(move_question(p, SEAL("2f73682f61", SHA, "R")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whose),
        TEST(test_opens_through_host),
        TEST(test_move_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
