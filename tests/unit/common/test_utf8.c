/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/utf8.h"

static void
expect_line(const char *in, const char *out)
{
    struct buf b;

    buf_init(&b, 4096);
    utf8_put_line(&b, slice_of(in, strlen(in)));
    assert_string_equal(buf_str(&b) != NULL ? buf_str(&b) : "", out);
    buf_done(&b);
}

static void
test_every_code_point_comes_back(void **state)
{
    struct buf b;
    uint32_t cp;

    (void)state;
    buf_init(&b, 16);
    for (cp = 1; cp < 0x110000; cp++) {
        struct slice s;

        if (cp >= 0xd800 && cp < 0xe000)
            continue;
        buf_clear(&b);
        utf8_put(&b, cp);
        s = buf_slice(&b);
        assert_int_equal(utf8_len(s), b.len);
        assert_int_equal(utf8_next(&s), cp);
        assert_int_equal(s.left, 0);
    }
    buf_done(&b);
}

static void
test_invalid_bytes_are_taken_one_by_one(void **state)
{
    static const char *const bad[] = {"\x80",         "\xc0\xaf",         "\xc3",
                                      "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
    size_t i;

    (void)state;
    for (i = 0; i < VG_ARRAY_LEN(bad); i++) {
        size_t n = strlen(bad[i]), taken = 0;
        char *heap = malloc(n);
        struct slice s;

        assert_non_null(heap);
        memcpy(heap, bad[i], n);
        s = slice_of(heap, n);
        while (s.left > 0) {
            assert_int_equal(utf8_next(&s), UTF8_REPLACEMENT);
            taken++;
        }
        assert_int_equal(taken, n);
        free(heap);
    }
}

static void
test_one_replacement_stands_for_a_broken_beginning(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {{"\x80", 1},         {"\xc3z", 1},         {"\xe2\x82z", 2},     {"\xed\xa0\x80", 1},
               {"\xe0\x80\x80", 1}, {"\xf1\x80\x80z", 3}, {"\xf1\x80\xe1z", 2}, {"\xe2", 1}};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(bad); i++)
        assert_int_equal(utf8_bad_len(slice_of(bad[i].bytes, strlen(bad[i].bytes))), bad[i].len);
}

static void
test_lines_have_no_controls_and_nothing_hidden(void **state)
{
    (void)state;
    expect_line("Tacos El Güero", "Tacos El Güero");
    expect_line("a\r\nBcc: b", "a Bcc: b");
    expect_line("a\xe2\x80\xae"
                "gpj.exe",
                "agpj.exe");
    expect_line("a\xe2\x80\x8b\xef\xbb\xbf"
                "b\x7f\xc2\x85"
                "c",
                "ab c");
    expect_line("\xff", "\xef\xbf\xbd");
    expect_line("a\xe2\x80\xa8"
                "b",
                "a b");
}

static void
test_text_keeps_its_lines(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 64);
    utf8_put_text(&b, slice_of("a\n\tb\n", 5));
    assert_string_equal(buf_str(&b), "a\n b\n");
    buf_done(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_comes_back),
        cmocka_unit_test(test_invalid_bytes_are_taken_one_by_one),
        cmocka_unit_test(test_one_replacement_stands_for_a_broken_beginning),
        cmocka_unit_test(test_lines_have_no_controls_and_nothing_hidden),
        cmocka_unit_test(test_text_keeps_its_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
