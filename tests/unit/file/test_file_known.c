/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/file/file_known.h"
#include "common/vtime.h"

#define NOW (INT64_C(1700000000) * VG_SEC_NS)

enum { LIMITS = 77, BYTES_MAX = 5 * 512 * 1024 };

static const struct file_known_left NOTHING;
static char path[128], folder[96];
static const uint8_t RULES[YARA_DIGEST] = {1, 2, 3}, OTHERS[YARA_DIGEST] = {1, 2, 4};

static int
setup(void **state)
{
    snprintf(folder, sizeof(folder), "/tmp/vigia-test-known-%lld",
             (long long)platform_clock_monotonic());
    snprintf(path, sizeof(path), "%s/scan.known", folder);
    return 0;
}

static int
teardown(void **state)
{
    return remove(path) == 0 && remove(folder) == 0 ? 0 : 1;
}

static struct file_known *
opened(const uint8_t *rules)
{
    struct file_known *known;

    assert_int_equal(file_known_open(path, rules, LIMITS, &known), VG_OK);
    return known;
}

static struct platform_stat
stat_of(uint64_t number)
{
    return (struct platform_stat){.identity = {7, number},
                                  .size = 100,
                                  .modified_ns = NOW - VG_HOUR_NS,
                                  .changed_ns = NOW - VG_HOUR_NS};
}

static bool
has(struct file_known *known, const struct platform_stat *stat)
{
    struct file_known_left left;

    return file_known_has(known, stat, &left, NULL);
}

static void
put_many(struct file_known *known, uint64_t from, uint64_t count)
{
    for (uint64_t i = from; i < from + count; i++) {
        struct platform_stat stat = stat_of(i);

        file_known_put(known, &stat, &NOTHING, NOW);
    }
}

static size_t
count_of(struct file_known *known, uint64_t from, uint64_t count)
{
    size_t n = 0;

    for (uint64_t i = from; i < from + count; i++) {
        struct platform_stat stat = stat_of(i);

        n += has(known, &stat);
    }
    return n;
}

static void
save(struct file_known *known)
{
    assert_int_equal(file_known_save(known), VG_OK);
    file_known_free(known);
}

static void
test_kept(void **state)
{
    struct file_known *known = opened(RULES), *twice;
    struct platform_stat stat;

    assert_int_equal(file_known_open(path, RULES, LIMITS, &twice), VG_ERR_EXISTS);
    put_many(known, 0, 5000);
    save(known);
    known = opened(RULES);
    assert_int_equal(file_known_count(known), 5000);
    assert_int_equal(count_of(known, 0, 6000), 5000);
    for (int field = 0; field < 5; field++) { /* any difference makes another file */
        stat = stat_of(9);
        stat.identity.volume += field == 0;
        stat.identity.file += field == 1 ? 100000 : 0;
        stat.size += field == 2;
        stat.modified_ns += field == 3;
        stat.changed_ns += field == 4;
        assert_false(has(known, &stat));
    }
    file_known_free(known);
    known = opened(OTHERS); /* other rules: nothing is known */
    assert_int_equal(file_known_count(known), 0);
    put_many(known, 0, 3);
    save(known);
    known = opened(OTHERS); /* shorter than what lay there before */
    assert_int_equal(count_of(known, 0, 5000), 3);
    file_known_free(known);
}

static struct file_known_left
left_of(uint32_t number)
{
    return (struct file_known_left){
        .unscanned = UINT64_C(1) << 40, .capped = number, .damaged = 2, .locked = UINT32_MAX};
}

static void
put_left(struct file_known *known, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        struct platform_stat stat = stat_of(i);
        struct file_known_left left = left_of(i + 1);

        file_known_put(known, &stat, &left, NOW);
    }
}

static size_t
count_left(struct file_known *known, uint32_t from, uint32_t count)
{
    struct file_known_left left, wanted;
    size_t n = 0;

    for (uint32_t i = from; i < from + count; i++) {
        struct platform_stat stat = stat_of(i);

        if (!file_known_has(known, &stat, &left, NULL))
            continue;
        wanted = left_of(i + 1);
        assert_int_equal(left.unscanned, wanted.unscanned);
        assert_int_equal(left.capped, wanted.capped);
        assert_int_equal(left.damaged, wanted.damaged);
        assert_int_equal(left.locked, wanted.locked);
        n++;
    }
    return n;
}

/* What was left out of a file comes back with it, beside others. */
static void
test_left_out(void **state)
{
    struct file_known *known = opened(RULES);
    struct platform_stat stat = stat_of(3);
    struct file_known_left left;
    bool met = false;

    put_many(known, 100, 3000);
    put_left(known, 0, 50);
    assert_int_equal(count_left(known, 0, 60), 50);
    save(known);
    for (int round = 0; round < 2; round++) {
        known = opened(RULES);
        assert_int_equal(file_known_count(known), 3050);
        assert_true(file_known_has(known, &stat, &left, &met));
        assert_false(met); /* not since the opening */
        assert_true(file_known_has(known, &stat, &left, &met));
        assert_true(met);
        assert_int_equal(count_left(known, 0, 60), 50);
        stat = stat_of(100);
        assert_true(file_known_has(known, &stat, &left, &met));
        assert_memory_equal(&left, &NOTHING, sizeof(left));
        stat = stat_of(3);
        put_left(known, 3, 1); /* once more: the same place */
        save(known);
    }
    /* With other limits another look may see other things. */
    assert_int_equal(file_known_open(path, RULES, LIMITS + 1, &known), VG_OK);
    assert_int_equal(file_known_count(known), 0);
    file_known_free(known);
}

/* Those of which something was left out have a room of their own. */
static void
test_left_out_bounded(void **state)
{
    struct file_known *known = opened(RULES);
    struct platform_stat stat;

    put_left(known, 0, FILE_KNOWN_LEFT_MAX + 10);
    assert_int_equal(file_known_count(known), FILE_KNOWN_LEFT_MAX);
    put_many(known, FILE_KNOWN_LEFT_MAX, 100);
    save(known);
    known = opened(RULES);
    assert_int_equal(count_left(known, 0, 500), 500);
    put_left(known, FILE_KNOWN_MAX, 1); /* full: not taken, but the next time there is room */
    assert_int_equal(count_left(known, FILE_KNOWN_MAX, 1), 0);
    put_many(known, FILE_KNOWN_MAX, 1);
    save(known);
    known = opened(RULES);
    assert_int_equal(file_known_count(known), 601);
    put_many(known, FILE_KNOWN_MAX, FILE_KNOWN_MAX);
    save(known);
    assert_int_equal(platform_path_stat(path, &stat), VG_OK);
    assert_true(stat.size < BYTES_MAX);
}

static void
test_just_changed(void **state)
{
    struct file_known *known = opened(RULES);
    struct platform_stat stat = stat_of(1);

    stat.changed_ns = NOW - VG_SEC_NS;
    file_known_put(known, &stat, &NOTHING, NOW);
    assert_false(has(known, &stat));
    stat.changed_ns = NOW + VG_HOUR_NS; /* a clock that went back: as good as any other time */
    file_known_put(known, &stat, &NOTHING, NOW);
    assert_true(has(known, &stat));
    file_known_free(known);
}

/* Cut or spoiled anywhere, there is nothing, and the next save mends it. */
static void
test_damage(void **state)
{
    struct file_known *known = opened(RULES);
    struct buf whole;

    put_many(known, 0, 15);
    put_left(known, 15, 5);
    save(known);
    assert_int_equal(platform_file_slurp(path, 65536, &whole), VG_OK);
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_equal(platform_file_replace(path, slice_of(whole.data, len), true), VG_OK);
        known = opened(RULES);
        assert_int_equal(file_known_count(known), 0);
        file_known_free(known);
        whole.data[len] ^= 0x40;
        assert_int_equal(platform_file_replace(path, buf_slice(&whole), true), VG_OK);
        whole.data[len] ^= 0x40;
        known = opened(RULES);
        assert_int_equal(file_known_count(known), 0);
        file_known_free(known);
    }
    known = opened(RULES);
    put_many(known, 0, 2);
    save(known);
    known = opened(RULES);
    assert_int_equal(count_of(known, 0, 20), 2);
    file_known_free(known);
    buf_done(&whole);
}

/* Full: what is new is not put; what was not met goes at the next save. */
static void
test_bounded(void **state)
{
    struct file_known *known = opened(RULES);
    struct platform_stat stat;

    put_many(known, 0, FILE_KNOWN_MAX + 1000);
    assert_int_equal(file_known_count(known), FILE_KNOWN_MAX);
    save(known);
    assert_int_equal(platform_path_stat(path, &stat), VG_OK);
    assert_true(stat.size < BYTES_MAX);
    known = opened(RULES);
    assert_int_equal(count_of(known, 0, 500), 500);
    put_many(known, FILE_KNOWN_MAX * 2, 10); /* full: not taken, but the next time there is room */
    save(known);
    known = opened(RULES);
    assert_int_equal(file_known_count(known), 500);
    put_many(known, FILE_KNOWN_MAX * 2, 10);
    assert_int_equal(count_of(known, FILE_KNOWN_MAX * 2, 10), 10);
    file_known_free(known);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_out_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_just_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
