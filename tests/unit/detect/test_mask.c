/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/mask.h"
#include "common/base.h"

enum { TEXT = 128 };

static const char *
masked(const char *text, char out[TEXT])
{
    return mask_text(out, TEXT, text, strlen(text));
}

static void
test_card_numbers_are_hidden(void **state)
{
    static const char *const cards[] = {
        "4111111111111111",
        "/pay/4111111111111111/ok",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111+1111+1111+1111",
        "4111%201111%201111%201111",
        "4111%2D1111%2D1111%2d1111",
        "4111--1111--1111--1111",
        "4111 - 1111 - 1111 - 1111",
        "4222222222222",
        "6304000000000000000",
    };
    char out[TEXT];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cards); i++) {
        const char *text = masked(cards[i], out);
        size_t digits = 0;

        for (; *text != '\0'; text++)
            digits += *text >= '0' && *text <= '9';
        if (digits > 0)
            fail_msg("%s became %s", cards[i], out);
    }
    (void)masked("%34%31%31%31%31%31%31%31%31%31%31%31%31%31%31%31", out);
    assert_null(strstr(out, "31"));
}

static void
test_the_rest_stays(void **state)
{
    static const char *const fine[] = {
        "192.168.100.200",
        "/2026/11/22/img-1024.png",
        "cdn7.example.mx:8443",
        "%%%1%",
        "1%",
        "",
        "a%2Fb/123456789012",
        "order 12, 3 of 4, 2026-11-22",
        "/v1/10%/20%/30%/40%/50%/60%/70%",
    };
    char out[TEXT];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(fine); i++)
        assert_string_equal(masked(fine[i], out), fine[i]);
}

/* Each in a block of its own, so that a read behind the end is seen. */
static void
test_every_cut(void **state)
{
    static const char text[] = "x%2D4111 %20-1111%";
    char out[TEXT];

    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        char *cut = malloc(n > 0 ? n : 1);

        assert_non_null(cut);
        memcpy(cut, text, n);
        assert_true(strlen(mask_text(out, TEXT, cut, n)) <= n);
        for (size_t size = 1; size < 8; size++)
            assert_true(strlen(mask_text(out, size, cut, n)) < size);
        free(cut);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_card_numbers_are_hidden),
        cmocka_unit_test(test_the_rest_stays),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
