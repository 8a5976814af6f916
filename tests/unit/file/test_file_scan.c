/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/file/file_scan.h"
#include "agent/file/file_walk.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static struct file_scan *scan;
static char scratch[96];

static int
setup(void **state)
{
    struct yara_report report;

    snprintf(scratch, sizeof(scratch), "/tmp/vigia-test-file-%lld",
             (long long)platform_clock_monotonic());
    return file_scan_new("rules", &judge, &scan, &report) == VG_OK ? 0 : 1;
}

static int
teardown(void **state)
{
    file_scan_free(scan);
    fake_judge_done(&judge);
    return 0;
}

static const char *
in_scratch(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", scratch, name);
    return path;
}

static void
put(const char *folder, const char *name, const char *text)
{
    char path[300];

    assert_int_equal(platform_folder_make(in_scratch(folder), false), VG_OK);
    snprintf(path, sizeof(path), "%s/%s", in_scratch(folder), name);
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
}

static void
drop(const char *name)
{
    assert_int_equal(remove(in_scratch(name)), 0);
}

/* Files in the order of their names, folders where their name stands. */
static void
test_walk(void **state)
{
    static const char *const wanted[] = {"a.txt", "b/c/deep.txt", "b/x.txt", "z.txt"};
    struct file_walk *walk;
    struct platform_stat stat;
    const char *path;
    size_t n = 0;

    put(".", "z.txt", "z");
    put("b/c", "deep.txt", "deep");
    put("b", "x.txt", "x");
    put(".", "a.txt", "a");
    assert_int_equal(file_walk_new(&walk), VG_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(file_walk_begin(walk, scratch), VG_OK);
        for (n = 0; file_walk_next(walk, &path, &stat) == VG_OK; n++) {
            assert_true(n < VG_ARRAY_LEN(wanted));
            assert_string_equal(path + strlen(scratch) + 1, wanted[n]);
            assert_true(stat.regular);
        }
        assert_int_equal(n, VG_ARRAY_LEN(wanted));
    }
    assert_int_equal(file_walk_counts(walk)->files, 8);
    assert_int_equal(file_walk_begin(walk, in_scratch("a.txt")), VG_OK);
    assert_int_equal(file_walk_next(walk, &path, &stat), VG_OK);
    assert_string_equal(path, in_scratch("a.txt"));
    assert_int_equal(file_walk_next(walk, &path, &stat), VG_END);
    assert_int_equal(file_walk_begin(walk, in_scratch("none")), VG_ERR_NOENT);
    assert_int_equal(file_walk_next(walk, &path, &stat), VG_END);
    file_walk_free(walk);
    drop("a.txt");
    drop("b/c/deep.txt");
    drop("b/c");
    drop("b/x.txt");
    drop("b");
    drop("z.txt");
    assert_int_equal(remove(scratch), 0);
}

static void
test_findings(void **state)
{
    size_t matches = 9;

    fake_judge_done(&judge);
    assert_int_equal(file_scan_path(scan, "tests/fixtures/yara/ransom_note.hit", T0, &matches),
                     VG_OK);
    assert_int_equal(matches, 1);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].detector, "file.yara");
    assert_string_equal(judge.report[0].kind, "file");
    assert_string_equal(judge.report[0].subject, "tests/fixtures/yara/ransom_note.hit");
    assert_int_equal(judge.report[0].time_ns, T0);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "name")),
                        "ransom_note.hit");
    assert_int_equal(file_scan_path(scan, "tests/fixtures/yara/ransom_note.miss", T0, &matches),
                     VG_OK);
    assert_int_equal(matches, 0);
    assert_int_equal(judge.count, 1);
}

static void
test_what_cannot_be_read(void **state)
{
    uint64_t refused = file_scan_counts(scan)->refused;
    size_t matches = 0;

    assert_int_equal(file_scan_path(scan, "tests/fixtures/no such file", T0, &matches),
                     VG_ERR_NOENT);
    assert_int_not_equal(file_scan_path(scan, "tests/fixtures", T0, &matches), VG_OK);
    assert_int_equal(file_scan_counts(scan)->refused, refused + 2);
}

/* A card number in a file's name is in no record. */
static void
test_card_number_in_a_name(void **state)
{
    char *facts;
    struct buf text;

    fake_judge_done(&judge);
    buf_init(&text, 65536);
    assert_int_equal(platform_file_slurp("tests/fixtures/yara/ransom_note.hit", 65536, &text),
                     VG_OK);
    put(".", "4111-1111-1111-1111.txt", buf_str(&text));
    assert_int_equal(file_scan_path(scan, in_scratch("4111-1111-1111-1111.txt"), T0, NULL), VG_OK);
    assert_int_equal(judge.count, 1);
    facts = json_dumps(judge.report[0].facts, 0);
    assert_null(strstr(facts, "1111"));
    assert_non_null(strstr(facts, "XXXX-XXXX-XXXX-XXXX.txt"));
    assert_null(strstr(judge.report[0].subject, "1111"));
    free(facts);
    buf_done(&text);
    drop("4111-1111-1111-1111.txt");
    assert_int_equal(remove(scratch), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_card_number_in_a_name),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
