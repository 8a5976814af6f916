/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/names.h"

static void
test_slots(void **state)
{
    struct names *n = calloc(1, sizeof *n);
    char text[NAMES_MAX][16], long_name[NAME_BYTES_MAX + 2];
    uint8_t slot;

    assert_non_null(n);
    assert_int_equal(names_find(n, str_of("x")), -1);
    for (int i = 0; i < NAMES_MAX; i++) {
        (void)snprintf(text[i], sizeof text[i], "name %d", i);
        assert_int_equal(names_add(n, str_of(text[i]), &slot), VG_OK);
        assert_int_equal(slot, i);
    }
    for (int i = 0; i < NAMES_MAX; i++) { /* twice is once */
        assert_int_equal(names_add(n, str_of(text[i]), &slot), VG_OK);
        assert_int_equal(slot, i);
        assert_int_equal(names_find(n, str_of(text[i])), i);
    }
    assert_int_equal(n->count, NAMES_MAX);
    slot = 77;
    assert_int_equal(names_add(n, str_of("one more"), &slot), VG_ERR_LIMIT);
    assert_int_equal(slot, 77);
    assert_int_equal(names_find(n, str_of("one more")), -1);
    assert_int_equal(names_find(n, str_of("Name 1")), -1);
    assert_int_equal(names_find(n, str_of("name 1 ")), -1);
    assert_int_equal(names_find(n, str_of("")), -1);
    memset(n, 0, sizeof *n);
    memset(long_name, 'a', sizeof long_name);
    long_name[NAME_BYTES_MAX + 1] = '\0';
    assert_int_equal(names_add(n, str_of(long_name), &slot), VG_ERR_LIMIT);
    assert_int_equal(names_add(n, str_n(long_name, NAME_BYTES_MAX), &slot), VG_OK);
    free(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_slots)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
