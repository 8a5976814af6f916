/* SPDX-License-Identifier: Apache-2.0 */
/* The budget of processor time, and fingerprints of programs read within it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/sha.h>

#include "agent/host/programs.h"
#include "common/hex.h"
#include "common/vtime.h"

static void
test_meter(void **state)
{
    struct meter m = meter_of(100, 50, 1000);

    (void)state;
    assert_true(meter_open(&m, 1000)); /* full at the start */
    meter_spend(&m, 80);
    assert_false(meter_open(&m, 1000));
    assert_int_equal(meter_wait(&m), 3100);
    assert_false(meter_open(&m, 4000));
    assert_true(meter_open(&m, 4100));
    assert_int_equal(meter_wait(&m), 0);
    assert_true(meter_open(&m, INT64_C(1) << 60)); /* no more than `most` is saved */
    meter_spend(&m, 50);
    assert_false(meter_open(&m, INT64_C(1) << 60));
}

/* What is spent over a long time is the share, whatever the pieces. */
static void
test_meter_share(void **state)
{
    struct meter m = meter_of(250, 200, 0);
    int64_t spent = 0;

    (void)state;
    for (int64_t now = 0; now < 1000000; now += 7)
        if (meter_open(&m, now)) {
            meter_spend(&m, 13);
            spent += 13;
        }
    assert_in_range(spent, 1000000 / 250, 1000000 / 250 + 200 + 13);
}

/* This very program, against a hash of the whole. */
static void
test_own_hash(void **state)
{
    struct programs *p = NULL;
    char hash[PROGRAM_HASH_SIZE], expected[PROGRAM_HASH_SIZE];
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct buf whole;
    uint64_t number;
    int64_t wait = 0;

    (void)state;
    assert_int_equal(platform_file_slurp("/proc/self/exe", (size_t)256 * 1024 * 1024, &whole),
                     VG_OK);
    (void)SHA256(whole.data, whole.len, digest);
    hex_put(digest, sizeof(digest), expected);
    buf_done(&whole);
    assert_int_equal(programs_new(&p), VG_OK);
    assert_int_equal(programs_work(p), -1);
    number = programs_see(p, getpid(), hash);
    assert_true(number > 0);
    assert_string_equal(hash, "");
    assert_int_equal(programs_hash(p, number, hash), VG_AGAIN);
    assert_int_equal(programs_hash(p, number + 1, hash), VG_ERR_NOENT);
    for (unsigned i = 0; i < 10000 && wait >= 0; i++) {
        wait = programs_work(p);
        if (wait > 0)
            (void)usleep((useconds_t)(wait / 1000));
    }
    assert_int_equal(wait, -1);
    assert_int_equal(programs_hash(p, number, hash), VG_OK);
    assert_string_equal(hash, expected);
    assert_int_equal(programs_see(p, getpid(), hash), number); /* not read again */
    assert_string_equal(hash, expected);
    assert_int_equal(programs_work(p), -1);
    assert_int_equal(programs_see(p, 0, hash), 0); /* nobody */
    programs_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meter),
        cmocka_unit_test(test_meter_share),
        cmocka_unit_test(test_own_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
