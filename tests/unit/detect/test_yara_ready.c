/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that come compiled with the program: found by what their folder says, refused where damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/yara_pack.h"
#include "agent/detect/yara_ready.h"

/* Where ready_rules.c would put the program's own: a test fills it. */
enum { ROOM = 64 * 1024 };
extern uint8_t vigia_ready_rules[];
__asm__(".data\n"
        ".global vigia_ready_rules\n"
        "vigia_ready_rules: .zero 65536\n"
        ".global vigia_ready_rules_end\n"
        "vigia_ready_rules_end:\n"
        ".byte 0\n"
        ".previous\n");

static const uint8_t FIRST[YARA_DIGEST] = {1}, SECOND[YARA_DIGEST] = {2}, THIRD[YARA_DIGEST] = {3};

static struct buf
two_folders(void)
{
    const struct yara_packed one = {
        .set = {slice_of("abc", 3), slice_of("", 0)}, .count = 2, .files = 5};
    const struct yara_packed other = {.set = {slice_of("xyz!", 4)}, .count = 1, .files = 1};
    struct buf out;

    buf_init(&out, 4096);
    yara_ready_put(&out, FIRST, &one);
    yara_ready_put(&out, SECOND, &other);
    assert_false(out.bad);
    return out;
}

static void
test_found_by_digest(void **state)
{
    struct buf all = two_folders();
    struct yara_packed got;

    assert_true(yara_ready_look(buf_slice(&all), FIRST, &got));
    assert_true(got.count == 2 && got.files == 5);
    assert_true(got.set[0].left == 3 && got.set[1].left == 0);
    assert_memory_equal(got.set[0].at, "abc", 3);
    assert_true(yara_ready_look(buf_slice(&all), SECOND, &got));
    assert_true(got.count == 1 && got.set[0].left == 4);
    assert_memory_equal(got.set[0].at, "xyz!", 4);
    assert_false(yara_ready_look(buf_slice(&all), THIRD, &got));
    assert_false(yara_ready_find(FIRST, &got)); /* nothing was filled in */
    buf_done(&all);
}

static void
test_cut(void **state)
{
    struct buf all = two_folders();
    struct yara_packed got;

    for (size_t len = 0; len < all.len; len++) {
        uint8_t *copy = malloc(len + 1);

        assert_non_null(copy);
        memcpy(copy, all.data, len);
        assert_false(yara_ready_look(slice_of(copy, len), SECOND, &got));
        free(copy);
    }
    all.data[YARA_DIGEST + 4] = 0xff; /* more sets than there can be */
    assert_false(yara_ready_look(buf_slice(&all), FIRST, &got));
    buf_done(&all);
}

static YR_RULES *
compiled(const char *source)
{
    YR_COMPILER *compiler;
    YR_RULES *rules;

    assert_int_equal(yr_compiler_create(&compiler), ERROR_SUCCESS);
    assert_int_equal(yr_compiler_add_string(compiler, source, NULL), 0);
    assert_int_equal(yr_compiler_get_rules(compiler, &rules), ERROR_SUCCESS);
    yr_compiler_destroy(compiler);
    return rules;
}

static int
on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    if (message == CALLBACK_MSG_RULE_MATCHING)
        *(bool *)user = true;
    return CALLBACK_CONTINUE;
}

static bool
finds(YR_RULES *rules, const char *text)
{
    bool found = false;

    assert_int_equal(
        yr_rules_scan_mem(rules, (const uint8_t *)text, strlen(text), 0, on_scan, &found, 0),
        ERROR_SUCCESS);
    return found;
}

/* Packed behind something else and unpacked: the same rules; cut or changed: refused. */
static void
test_pack(void **state)
{
    YR_RULES *rules = compiled("rule a { strings: $a = \"harmless\" nocase condition: $a }"),
             *again;
    struct buf packed;
    struct slice set;

    buf_init(&packed, YARA_PACKED_MAX);
    buf_put_str(&packed, "12345");
    assert_int_equal(yara_pack(rules, &packed), VG_OK);
    yr_rules_destroy(rules);
    set = buf_slice(&packed);
    slice_skip(&set, 5);
    assert_int_equal(yara_unpack(set, &again), VG_OK);
    assert_true(finds(again, "quite Harmless"));
    assert_false(finds(again, "quite harmful"));
    yr_rules_destroy(again);
    for (size_t len = 0; len<set.left; len += set.left> 64 + len ? 17 : 1) {
        struct slice cut = set;
        const uint8_t *at = slice_take(&cut, len);

        assert_int_equal(yara_unpack(slice_of(at, len), &again), VG_ERR_FORMAT);
    }
    packed.data[5] = 0xff; /* claims to be 4 GiB */
    assert_int_equal(yara_unpack(set, &again), VG_ERR_FORMAT);
    buf_done(&packed);
}

static void
put_file(const char *folder, const char *text)
{
    char path[128];
    FILE *to;

    snprintf(path, sizeof path, "%s/a.yar", folder);
    to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

/* Says of the folder's rules whether they were ready, and finds with them. */
static bool
loads_ready(const char *folder)
{
    struct yara_rules *rules;
    struct yara_report report;
    struct yara_result result;

    assert_int_equal(yara_load(folder, &rules, &report), VG_OK);
    assert_int_equal(report.rules, 1);
    assert_int_equal(report.without_needs, 0);
    assert_int_equal(yara_scan(rules, slice_of("a harmless text", 15), 0, &result), VG_OK);
    assert_int_equal(result.count, 1);
    assert_int_equal(yara_scan(rules, slice_of("a text", 6), 0, &result), VG_OK);
    assert_int_equal(result.count, 0);
    yara_free(rules);
    return report.ready;
}

/* The program's own sets are taken for the folder that they came from; damaged ones, as those of another
 * libyara, and a folder that changed, are compiled: what is found is the same. */
static void
test_folder(void **state)
{
    static const char rule[] = "rule a { meta: needs = \"harmless\" strings: $a = \"harmless\" "
                               "condition: $a }\n";
    char folder[] = "/tmp/vigia-test-ready-XXXXXX", path[128];
    uint8_t digest[YARA_DIGEST];
    struct yara_sets sets = {.gate = NULL};
    struct yara_report report;
    struct buf ready;

    assert_non_null(mkdtemp(folder));
    put_file(folder, rule);
    assert_false(loads_ready(folder));
    assert_int_equal(yara_digest(folder, digest), VG_OK);
    assert_int_equal(yara_compile_folder(folder, &sets, &report), VG_OK);
    buf_init(&ready, ROOM);
    yara_ready_put(&ready, digest, &sets.packed);
    yara_sets_done(&sets);
    assert_false(ready.bad);
    memcpy(vigia_ready_rules, ready.data, ready.len);
    assert_true(loads_ready(folder));
    for (size_t at = YARA_DIGEST; at < ready.len; at += 1 + at / 8) {
        vigia_ready_rules[at] ^= 0x55;
        (void)loads_ready(folder);
        vigia_ready_rules[at] ^= 0x55;
    }
    memset(vigia_ready_rules + ready.len / 2, 0, ready.len - ready.len / 2);
    assert_false(loads_ready(folder));
    memcpy(vigia_ready_rules, ready.data, ready.len);
    put_file(folder,
             "rule a { meta: needs = \"harmless\" strings: $b = \"harmless\" condition: $b }");
    assert_false(loads_ready(folder));
    memset(vigia_ready_rules, 0, ROOM);
    buf_done(&ready);
    snprintf(path, sizeof path, "%s/a.yar", folder);
    assert_int_equal(remove(path), 0);
    assert_int_equal(remove(folder), 0);
}

static int
setup(void **state)
{
    return yr_initialize() == ERROR_SUCCESS ? 0 : -1;
}

static int
teardown(void **state)
{
    return yr_finalize() == ERROR_SUCCESS ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_by_digest),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_folder),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
