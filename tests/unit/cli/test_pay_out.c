/* SPDX-License-Identifier: Apache-2.0 */
/* `pay --scores`: six significant digits, as printf("%.6g") would write them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cli/pay_out.h"

static void
check(double score)
{
    const struct txn_view t = {.id = str_of("a\"b")};
    struct pay_out out = {.to = stderr}; /* never full enough to be written */
    char want[64];

    buf_init(&out.text, 1024);
    assert_int_equal(pay_out_score(&out, &t, score), VG_OK);
    (void)snprintf(want, sizeof want, "\"a\"\"b\",%.6g\n", score);
    assert_string_equal(buf_str(&out.text), want);
    buf_done(&out.text);
}

static void
test_six_digits(void **state)
{
    static const double odd[] = {
        0,          1e-5,        9.9999949e-5, 9.9999951e-5, 1e-4,        0.1,        1,   100,
        99.99995,   99.99994999, 999.9995,     1000,         1234.5,      1234567.89, 0.5, 2.5,
        0.12345650, 12.3456500,  -1,           1e300,        0.000123455, 100.0005};
    uint64_t draw = 1;

    for (size_t i = 0; i < VG_ARRAY_LEN(odd); i++)
        check(odd[i]);
    for (int i = 0; i < 300000; i++) {
        draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407;
        check(pow(10, (double)(draw >> 11) / 9007199254740992.0 * 8 - 5));
        check((double)(draw >> 40) / 1000);
        check(((double)(draw >> 44) + 0.5) / 1e5);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_six_digits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
