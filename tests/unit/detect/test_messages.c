/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of each expected alert (tests/golden/detect): every text is there in both
 * languages, and no placeholder stays empty; and the keeper takes the event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/platform/platform.h"
#include "common/event.h"
#include "common/texts.h"
#include "common/utf8.h"

enum { FILES_MAX = 500, FILE_BYTES_MAX = 4 * 1024 * 1024, TITLE_MAX = 80 };

static struct texts *texts;

/* A question mark by itself is what an empty placeholder leaves. */
static bool
has_gap(const char *text)
{
    for (const char *p = strchr(text, '?'); p != NULL; p = strchr(p + 1, '?')) {
        bool before = p == text || strchr(" (\"'«", p[-1]) != NULL || (p[-1] & 0x80) != 0;

        if (before && strchr(" ).,;:\"'»", p[1]) != NULL)
            return true;
    }
    return false;
}

static size_t
letters(const char *text)
{
    struct slice in = slice_of(text, strlen(text));
    size_t n = 0;

    while (in.left > 0) {
        (void)utf8_next(&in);
        n++;
    }
    return n;
}

static void
look(const char *file, const json_t *event, const char *language)
{
    const struct text_view view = {.language = language, .shop = "Panadería"};
    struct text_message m;

    assert_int_equal(texts_render(texts, event, &view, &m), VG_OK);
    for (size_t i = 0; i < 5; i++) {
        const char *part = i == 0   ? m.title
                           : i == 1 ? m.brief
                           : i == 2 ? m.what
                           : i == 3 ? m.why
                                    : m.what_to_do;

        if (part == NULL || strlen(part) < 10 || has_gap(part) || strchr(part, '{') != NULL)
            fail_msg("%s, %s, part %zu: %s", file, language, i, part != NULL ? part : "none");
    }
    /* names are cut where mails show them; the words of the title are short */
    if (letters(m.title) > TITLE_MAX + 120)
        fail_msg("%s: %s", file, m.title);
    texts_message_done(&m);
}

static size_t
look_into(const char *file)
{
    char path[400], why[EVENT_WHY_MAX];
    struct buf text;
    struct slice rest;
    size_t n = 0;

    snprintf(path, sizeof(path), "tests/golden/detect/%s", file);
    assert_int_equal(platform_file_slurp(path, FILE_BYTES_MAX, &text), VG_OK);
    rest = buf_slice(&text);
    while (rest.left > 0) {
        const uint8_t *end = memchr(rest.at, '\n', rest.left);
        size_t len = end != NULL ? (size_t)(end - rest.at) : rest.left;
        json_t *event = json_loadb((const char *)rest.at, len, 0, NULL);

        assert_non_null(event);
        if (event_check(event, false, why) != VG_OK)
            fail_msg("%s: the keeper would refuse it: %s", file, why);
        look(file, event, "es-MX");
        look(file, event, "en");
        json_decref(event);
        slice_skip(&rest, len + (end != NULL));
        n++;
    }
    buf_done(&text);
    return n;
}

static void
test_messages(void **state)
{
    struct platform_names names;
    struct conf_error wrong;
    size_t events = 0;

    (void)state;
    if (texts_load("rules", &texts, &wrong) != VG_OK)
        fail_msg("%s", wrong.text);
    assert_int_equal(platform_folder_list("tests/golden/detect", FILES_MAX, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++)
        events += look_into(names.name[i]);
    assert_true(names.count >= 19 && events >= names.count);
    platform_names_free(&names);
    texts_free(texts);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
