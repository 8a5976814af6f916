/* SPDX-License-Identifier: Apache-2.0 */
/* Each bit is of its byte, with the machine's vectors as without (masks_portable.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/masks.h"

uint64_t masks_portable(const uint8_t block[MASKS_BLOCK], int kind);

static void
each_byte_at_each_place(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++)
        for (unsigned at = 0; at < MASKS_BLOCK; at++) {
            uint8_t block[MASKS_BLOCK];
            uint64_t of[4];

            for (unsigned i = 0; i < MASKS_BLOCK; i++)
                block[i] = (uint8_t)(c + (i - at) * 37);
            of[0] = masks_is(block, 0xc3);
            of[1] = masks_within(block, '\t', '\r');
            of[2] = masks_within(block, 0x7e, 0xf0);
            of[3] = masks_ascii(block);
            assert_int_equal(of[0] >> at & 1, c == 0xc3);
            assert_int_equal(of[1] >> at & 1, c >= '\t' && c <= '\r');
            assert_int_equal(of[2] >> at & 1, c >= 0x7e && c <= 0xf0);
            assert_int_equal(of[3] >> at & 1, c < 0x80);
            for (int kind = 0; kind < 4; kind++)
                assert_true(of[kind] == masks_portable(block, kind));
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_byte_at_each_place)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
