/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/dns_message.h"
#include "agent/net/proto/dns_names.h"
#include "net_kit.h"

static const uint8_t ANSWER[] = {
    0x12, 0x34, 0x81, 0x80, 0,   1, 0,   5,   0, 0,  0, 0, /* head: five answers */
    4,    's',  'h',  'o',  'p', 2, 'm', 'x', 0, 0,  1, 0, 1,    0xc0, 12,  0,   1,   0,
    1,    0,    0,    0,    60,  0, 4,   192, 0, 2,  1, /* A */
    0xc0, 12,   0,    15,   0,   1, 0,   0,   0, 60, 0, 9, 0,    10,   4,   'm', 'a', 'i',
    'l',  0xc0, 17,                                                                        /* MX */
    0xc0, 12,   0,    16,   0,   1, 0,   0,   0, 60, 0, 6, 2,    'a',  'b', 2,   'c', 'd', /* TXT */
    0xc0, 12,   0,    33,   0,   1, 0,   0,   0, 60, 0, 8, 0,    1,    0,   2,   0,   80,
    0xc0, 12,                                                          /* SRV */
    0xc0, 12,   0x12, 0x34, 0,   1, 0,   0,   0, 60, 0, 2, 0xde, 0xad, /* unknown */
};

static void
test_answers(void **state)
{
    struct dns_message m;
    struct buf text;

    (void)state;
    buf_init(&text, DNS_TEXT_MAX);
    assert_int_equal(dns_message_read(slice_of(ANSWER, sizeof(ANSWER)), &text, &m), VG_OK);
    assert_true(m.response && !m.cut);
    assert_int_equal(m.id, 0x1234);
    assert_true(str_is(m.query, "shop.mx"));
    assert_int_equal(m.answer_count, 5);
    assert_true(str_is(m.answers[0], "192.0.2.1"));
    assert_true(str_is(m.answers[1], "10 mail.mx"));
    assert_true(str_is(m.answers[2], "ab cd"));
    assert_true(str_is(m.answers[3], "1 2 80 shop.mx"));
    assert_true(str_is(m.answers[4], "\\# 2 dead"));
    assert_true(dns_message_certain(slice_of(ANSWER, sizeof(ANSWER))));
    buf_done(&text);
}

static void
test_truncations(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, DNS_TEXT_MAX);
    for (size_t n = 0; n < sizeof(ANSWER); n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        struct dns_message m;
        enum vg_err err;

        assert_non_null(copy);
        memcpy(copy, ANSWER, n);
        err = dns_message_read(slice_of(copy, n), &text, &m);
        assert_int_equal(err, n < 25 ? VG_ERR_SHORT : VG_OK); /* head and question: 25 bytes */
        assert_true(err != VG_OK || m.cut);
        free(copy);
    }
    buf_done(&text);
}

static enum vg_err
read_name(const char *bytes, size_t len, struct buf *out)
{
    struct slice message = slice_of(bytes, len), in = message;

    buf_clear(out);
    return dns_name_read(message, &in, out);
}

static void
test_names(void **state)
{
    char label[66] = {63}, deep[400];
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    assert_int_equal(read_name("\0", 1, &out), VG_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(read_name("\4a.\\\x01\0", 6, &out), VG_OK);
    assert_string_equal(buf_str(&out), "a\\.\\\\\\001");
    assert_int_equal(read_name("\xc0\0", 2, &out), VG_ERR_FORMAT);    /* to itself */
    assert_int_equal(read_name("\1a\xc0\0", 4, &out), VG_ERR_FORMAT); /* around */
    assert_int_equal(read_name("\x80pp", 3, &out), VG_ERR_FORMAT);    /* reserved */
    assert_int_equal(read_name("\xc0\x30", 2, &out), VG_ERR_SHORT);   /* outside */
    assert_int_equal(read_name("\2a", 2, &out), VG_ERR_SHORT);
    memset(label + 1, 'x', 63);
    for (int i = 0; i < 5; i++)
        memcpy(deep + 64 * i, label, 64);
    deep[320] = 0;
    assert_int_equal(read_name(deep, 321, &out), VG_ERR_FORMAT); /* over 255 bytes */
    assert_int_equal(read_name(deep + 128, 193, &out), VG_OK);
    buf_done(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
