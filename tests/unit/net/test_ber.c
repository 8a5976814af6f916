/* SPDX-License-Identifier: Apache-2.0 */
/* BER: elements, cut elements, integers and object identifiers. */
#include "agent/net/ber.h"
#include "net_kit.h"

#define IN(...) slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void
test_elements(void **state)
{
    struct slice in = IN(0x30, 0x03, 0x02, 0x01, 0x05, 0x7f, 0x65, 0x81, 0x01, 0xaa), value;
    struct ber b;
    int64_t n;

    (void)state;
    assert_int_equal(ber_next(&in, &b), VG_OK);
    assert_int_equal(b.tag, BER_SEQUENCE);
    assert_int_equal(b.head, 2);
    assert_true(ber_take_int(&b.value, &n) && n == 5 && b.value.left == 0);
    assert_false(ber_take(&in, 0x30, &value));
    assert_true(ber_take(&in, 0x7f65, &value));
    assert_int_equal(value.left, 1);
    assert_int_equal(ber_next(&in, &b), VG_END);
}

static void
test_find_passes_over_others(void **state)
{
    struct slice in = IN(0x02, 0x01, 0x01, 0x05, 0x00, 0x04, 0x02, 'h', 'i', 0x02, 0x01, 0x09);
    struct slice value;
    int64_t n;

    (void)state;
    assert_true(ber_find(&in, BER_OCTETS, &value));
    assert_true(str_is(ber_str(value), "hi"));
    assert_true(ber_take_int(&in, &n) && n == 9);
    assert_false(ber_find(&in, BER_OCTETS, &value));
}

/* Every cut of a whole element is short, and what is refused leaves the input where it was. */
static void
test_cut_and_wrong_elements(void **state)
{
    const uint8_t whole[] = {0x04, 0x82, 0x00, 0x03, 'a', 'b', 'c'};
    struct ber b;

    (void)state;
    for (size_t n = 1; n < sizeof(whole); n++) {
        struct slice in = slice_of(whole, n);

        assert_int_equal(ber_next(&in, &b), VG_ERR_SHORT);
        assert_int_equal(in.left, n);
        assert_int_equal(ber_next_cut(&in, &b), n < 4 ? VG_ERR_SHORT : VG_OK);
        if (n >= 4)
            assert_true(b.len == 3 && b.value.left == n - 4 && in.left == 0);
    }
    {
        struct slice endless = IN(0x30, 0x80, 0x00, 0x00), huge = IN(0x30, 0x85, 0, 0, 0, 0, 1, 1);
        struct slice tag = IN(0x1f, 0x81, 0x81, 0x81, 0x01, 0x00);
        struct slice most = IN(0x04, 0x84, 0xff, 0xff, 0xff, 0xff, 'a');

        assert_int_equal(ber_next(&endless, &b), VG_ERR_FORMAT);
        assert_int_equal(ber_next(&huge, &b), VG_ERR_FORMAT);
        assert_int_equal(ber_next(&tag, &b), VG_ERR_FORMAT);
        assert_int_equal(ber_next(&most, &b), VG_ERR_SHORT);
        assert_int_equal(ber_next_cut(&most, &b), VG_OK);
        assert_true(b.len == UINT32_MAX && b.value.left == 1);
    }
}

static void
test_integers(void **state)
{
    int64_t n = 7;

    (void)state;
    assert_true(ber_int(IN(0xff), &n) && n == -1);
    assert_true(ber_int(IN(0x00, 0xff), &n) && n == 255);
    assert_true(ber_int(IN(0x80, 0, 0, 0, 0, 0, 0, 0), &n) && n == INT64_MIN);
    assert_false(ber_int(IN(1, 2, 3, 4, 5, 6, 7, 8, 9), &n));
    assert_false(ber_int(slice_of("", 0), &n));
}

static void
test_object_identifiers(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    assert_true(ber_put_oid(IN(0x2b, 0x06, 0x01, 0x05, 0x05, 0x02), &out));
    assert_string_equal(buf_str(&out), "1.3.6.1.5.5.2");
    buf_clear(&out);
    assert_true(ber_put_oid(IN(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12), &out));
    assert_string_equal(buf_str(&out), "1.2.840.113554");
    buf_clear(&out);
    assert_true(ber_put_oid(IN(0x88, 0x37), &out));
    assert_string_equal(buf_str(&out), "2.999");
    assert_false(ber_put_oid(IN(0x2b, 0x86), &out));
    assert_false(ber_put_oid(IN(0x2b, 0xff, 0xff, 0xff, 0xff, 0x7f), &out));
    assert_string_equal(buf_str(&out), "2.999");
    buf_done(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_find_passes_over_others),
        cmocka_unit_test(test_cut_and_wrong_elements),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_object_identifiers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
