/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that come compiled with the program: found by what their folder says, refused where damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/yara_pack.h"
#include "agent/detect/yara_ready.h"

static const uint8_t FIRST[YARA_DIGEST] = {1}, SECOND[YARA_DIGEST] = {2}, THIRD[YARA_DIGEST] = {3};

static struct buf
two_folders(void)
{
    const struct yara_packed one = {
        .set = {slice_of("abc", 3), slice_of("", 0)}, .count = 2, .files = 5, .rules = 7};
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
    assert_true(got.count == 2 && got.files == 5 && got.rules == 7);
    assert_true(got.set[0].left == 3 && got.set[1].left == 0);
    assert_memory_equal(got.set[0].at, "abc", 3);
    assert_true(yara_ready_look(buf_slice(&all), SECOND, &got));
    assert_true(got.count == 1 && got.set[0].left == 4);
    assert_memory_equal(got.set[0].at, "xyz!", 4);
    assert_false(yara_ready_look(buf_slice(&all), THIRD, &got));
    assert_false(yara_ready_find(FIRST, &got)); /* a test has none */
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
    all.data[YARA_DIGEST + 8] = 0xff; /* more sets than there can be */
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
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
