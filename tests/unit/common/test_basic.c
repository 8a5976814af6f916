/* SPDX-License-Identifier: Apache-2.0 */
/* base, slice, buf, str, json: the small things that everything rests on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/log.h"
#include "common/str.h"
#include "common/vtime.h"

static void
slice_reads_and_sticks(void **state)
{
    static const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    struct slice s = slice_of(raw, sizeof raw), child;

    (void)state;
    assert_int_equal(slice_u8(&s), 1);
    assert_int_equal(slice_be16(&s), 0x0203);
    assert_int_equal(slice_be32(&s), 0x04050607);
    child = slice_sub(&s, 2);
    assert_int_equal(slice_le16(&child), 0x0908);
    assert_int_equal(slice_u8(&child), 0); /* cannot see past itself */
    assert_true(child.bad);
    assert_false(s.bad);
    assert_int_equal(slice_be24(&s), 0x0a0b0c);
    assert_false(s.bad);
    assert_int_equal(slice_be32(&s), 0);
    assert_true(s.bad);
    assert_null(slice_take(&s, 0)); /* bad stays bad */
    s = slice_of(raw, sizeof raw);
    assert_int_equal(slice_be64(&s), INT64_C(0x0102030405060708));
    s = slice_of(raw, 8);
    assert_true(slice_le64(&s) == UINT64_C(0x0807060504030201));
    s = slice_of(raw, 4);
    assert_int_equal(slice_le32(&s), 0x04030201);
    s = slice_of(NULL, 0);
    assert_int_equal(slice_u8(&s), 0);
    assert_true(s.bad);
}

static void
buf_grows_to_its_cap(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    buf_put(&b, "12345", 5);
    buf_put_be32(&b, 0x41424344);
    assert_string_equal(buf_str(&b), "12345ABCD");
    buf_put(&b, "xy", 2);
    assert_true(b.bad);
    assert_int_equal(b.len, 9); /* nothing of what did not fit */
    buf_put(&b, "x", 1);
    assert_int_equal(b.len, 9);
    assert_null(buf_str(&b));
    buf_clear(&b);
    buf_printf(&b, "%d", 1234567890);
    assert_string_equal(buf_str(&b), "1234567890");
    buf_consume(&b, 7);
    assert_string_equal(buf_str(&b), "890");
    buf_consume(&b, 100);
    assert_int_equal(b.len, 0);
    buf_done(&b);
}

/* The empty message of the SipHash-1-3 vectors (key 00..0f), and one that an independent Python
 * program computed; those of 128 bits are openssl(1)'s. */
static void
hash_is_siphash_1_3(void **state)
{
    static const struct hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t message[16];
    uint64_t seen[16], wide[2];

    (void)state;
    for (uint8_t i = 0; i < sizeof message; i++)
        message[i] = i;
    assert_true(str_hash(&key, message, 0) == UINT64_C(0xabac0158050fc4dc));
    assert_true(str_hash(&key, message, 11) == UINT64_C(0x70c118c1f94dc352));
    for (size_t n = 0; n < sizeof message; n++) {
        seen[n] = str_hash(&key, message, n);
        for (size_t i = 0; i < n; i++)
            assert_true(seen[i] != seen[n]);
    }
    str_hash_wide(&key, message, 0, wide);
    assert_true(wide[0] == UINT64_C(0xbea58827b2bc7ee7) && wide[1] == UINT64_C(0x013030dd6adb62fd));
    str_hash_wide(&key, message, 11, wide);
    assert_true(wide[0] == UINT64_C(0xdb914455f39a3b72) && wide[1] == UINT64_C(0x4e0c6efc3d63d6b1));
    assert_true(str_eq_nocase(str_of("HoSt"), str_of("hOsT")));
    assert_false(str_eq_nocase(str_of("host"), str_of("hosts")));
    for (int nocase = 0; nocase < 2; nocase++) {
        bool (*has)(struct str, struct str) = nocase ? str_has_nocase : str_has;

        assert_true(has(str_of("aaab"), str_of("aab")));
        assert_true(has(str_of("b"), str_of("b")));
        assert_true(has(str_n("a\0bc", 4), str_n("\0b", 2)));
        assert_false(has(str_of("aa"), str_of("aaa")));
        assert_false(has(str_of("abab"), str_of("ba ")));
        assert_false(has(str_n("abc", 2), str_of("bc")));
        assert_false(has(str_of("abc"), str_of("")));
        assert_false(has(str_of(NULL), str_of("a")));
        assert_int_equal(has(str_of("the HoSt"), str_of("hOsT")), nocase);
    }
}

static void
json_is_bounded(void **state)
{
    static const char deep[] = "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]";
    static const char quoted[] = "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"";
    json_t *v = NULL;

    (void)state;
    assert_int_equal(vg_json_parse(slice_of(deep, sizeof deep - 1), 100, &v), VG_ERR_LIMIT);
    assert_int_equal(vg_json_parse(slice_of(deep, sizeof deep - 1), 10, &v), VG_ERR_LIMIT);
    assert_int_equal(vg_json_parse(slice_of("{\"a\":1,\"a\":2}", 13), 100, &v), VG_ERR_FORMAT);
    assert_int_equal(vg_json_parse(slice_of("{\"a\":1} x", 9), 100, &v), VG_ERR_FORMAT);
    assert_null(v);
    assert_int_equal(vg_json_parse(slice_of(quoted, sizeof quoted - 1), 100, &v), VG_OK);
    json_decref(v);
}

static void
json_written_is_read_back(void **state)
{
    static const char hostile[] = "a\"\\\n\x01\xff\xc3\xbc\xed\xa0\x80z";
    json_t *v = NULL;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    buf_put_u8(&b, '{');
    vg_json_put_str(&b, "s", hostile, sizeof hostile - 1);
    vg_json_put_int(&b, "i", INT64_MIN);
    vg_json_put_real(&b, "r", 0.25);
    vg_json_put_real(&b, "n", 0.0 / 0.0);
    vg_json_put_time(&b, "t", VG_SEC_NS);
    buf_put_u8(&b, '}');
    assert_int_equal(vg_json_parse(buf_slice(&b), 1000, &v), VG_OK);
    assert_true(vg_json_int(v, "i", 0) == INT64_MIN);
    assert_true(vg_json_real(v, "r", 0) == 0.25);
    assert_true(json_is_null(json_object_get(v, "n")));
    assert_string_equal(vg_json_str(v, "t", ""), "1970-01-01T00:00:01Z");
    assert_string_equal(vg_json_str(v, "s", ""),
                        "a\"\\\n\x01\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
    json_decref(v);
    buf_done(&b);
}

static void
logs_escape_and_limit(void **state)
{
    struct log_limit limit = {.burst = 2};

    (void)state;
    assert_string_equal(log_quote("a\n\"b"), "\"a\\x0a\\x22b\"");
    assert_string_equal(log_quote(NULL), "-");
    assert_true(log_allowed(&limit, 1));
    assert_true(log_allowed(&limit, 2));
    assert_false(log_allowed(&limit, 3));
    assert_true(log_allowed(&limit, VG_MIN_NS + 1));
}

static void
exit_codes_rank(void **state)
{
    (void)state;
    assert_int_equal(vg_exit_worse(VG_EXIT_FOUND, VG_EXIT_INPUT), VG_EXIT_INPUT);
    assert_int_equal(vg_exit_worse(VG_EXIT_USAGE, VG_EXIT_INPUT), VG_EXIT_USAGE);
    assert_int_equal(vg_exit_worse(VG_EXIT_INTERNAL, VG_EXIT_USAGE), VG_EXIT_INTERNAL);
    assert_int_equal(vg_exit_worse(VG_EXIT_DONE, VG_EXIT_FOUND), VG_EXIT_FOUND);
    for (int e = VG_OK; e <= VG_ERR_SYS; e++)
        assert_string_not_equal(vg_err_name((enum vg_err)e), "unknown");
}

static void
test_plain_text_steers_no_terminal(void **state)
{
    char text[] = "a\033[31m\n\x7f\xc2\x9b!\xc3\xb1\xc2\xa0\xc2";

    (void)state;
    str_plain(text);
    assert_string_equal(text, "a?[31m?"
                              "?"
                              "?"
                              "?!\xc3\xb1\xc2\xa0\xc2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_steers_no_terminal),
        cmocka_unit_test(slice_reads_and_sticks),
        cmocka_unit_test(buf_grows_to_its_cap),
        cmocka_unit_test(hash_is_siphash_1_3),
        cmocka_unit_test(json_is_bounded),
        cmocka_unit_test(json_written_is_read_back),
        cmocka_unit_test(logs_escape_and_limit),
        cmocka_unit_test(exit_codes_rank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
