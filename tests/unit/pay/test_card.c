/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/pay/card.h"

static const uint8_t KEY[TOKEN_KEY_SIZE] = {1, 2, 3};

struct bench {
    struct tokens *tokens;
    struct buf scratch;
    struct card_hits hits;
};

static void
bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    assert_int_equal(tokens_new(KEY, &b->tokens), VG_OK);
    buf_init(&b->scratch, 1 << 20);
}

static void
bench_done(struct bench *b)
{
    tokens_free(b->tokens);
    buf_done(&b->scratch);
}

/* The cleaned text, in its own heap block, NUL-terminated. */
static char *
clean(struct bench *b, const char *text, size_t len)
{
    char *own = malloc(len + 1), *result;
    struct slice out;

    assert_non_null(own);
    memcpy(own, text, len);
    assert_int_equal(card_clean(b->tokens, slice_of(own, len), &b->scratch, &out, &b->hits), VG_OK);
    result = malloc(out.left + 1);
    assert_non_null(result);
    memcpy(result, out.at, out.left);
    result[out.left] = '\0';
    free(own);
    return result;
}

/* Replaces each token by "#" so that expectations are readable. */
static char *
masked(struct bench *b, const char *text)
{
    char *out = clean(b, text, strlen(text)), *at;

    while ((at = strstr(out, "card_")) != NULL) {
        assert_int_equal(strspn(at + TOKEN_PREFIX, "abcdefghijklmnop"), TOKEN_LETTERS);
        *at = '#';
        memmove(at + 1, at + TOKEN_LEN, strlen(at + TOKEN_LEN) + 1);
    }
    return out;
}

static void
test_shapes(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"4111111111111111", "#"},
        {"4111 1111 1111 1111", "#"},
        {"4111-1111-1111-1111", "#"},
        {"4111.1111.1111.1111", "#"},
        {"4111_1111_1111_1111", "#"},
        {"3782 822463 10005 ok", "# ok"},
        {"pay 4111 1111 1111 1111 12/29 123", "pay # 12/29 123"},
        {"4111111111111111 1229 123", "# 1229 123"},
        {"ticket 17 5500005555555559;x", "ticket 17 #;x"},
        {"2026-11-22 4111111111111111 9", "2026-11-22 # 9"},
        {"{\"n\":4111111111111111,\"m\":\"x\"}", "{\"n\":#,\"m\":\"x\"}"},
        {"https://x/?pan=4111111111111111&b=1", "https://x/?pan=#&b=1"},
        {"ord_4111111111111111_7", "ord_#_7"},
        {"ventas_4111_1111_1111_1111.csv", "ventas_#.csv"},
        {"ventas_2026_11_22_130509.csv", "ventas_2026_11_22_130509.csv"},
        {"A4111111111111111Z", "A#Z"},
        {"4111111111111111,5105105105105100", "#,#"},
        {"4222222222222", "#"},
        {"4000000000000000006", "#"},
        {"6011000990139424", "#"},
        {"3530111333300000", "#"},
        {"30569309025904", "#"},
        /* other spaces, dashes and digits; the same as URLs and JSON write them */
        {"4111\xc2\xa0"
         "1111\xc2\xa0"
         "1111\xc2\xa0"
         "1111",
         "#"},
        {"4111\xe2\x80\x93"
         "1111\xe2\x80\x93"
         "1111\xe2\x80\x93"
         "1111",
         "#"},
        {"4111\xe2\x80\xaf"
         "1111 1111-1111",
         "#"},
        {"\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
         "1111 1111 1111",
         "#"},
        {"pan=4111+1111+1111+1111&x", "pan=#&x"},
        {"pan=4111%201111%201111%201111&x", "pan=#&x"},
        {"pan=4111%2D1111%2d1111%2D1111", "pan=#"},
        {"4111%C2%A01111%C2%A01111%C2%A01111", "#"},
        {"4111%E2%80%931111%E2%80%931111%E2%80%931111", "#"},
        {"%34%31%31%31111111111111", "#"},
        {"4111\\u00a01111\\u20131111\\u002d1111", "#"},
        {"\\u0034111111111111111", "#"},
        {"4111  1111  1111  1111", "#"},
        {"4111 - 1111 - 1111 - 1111.", "#."},
        {"41111111 11111111", "#"},
        {"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "#"},
        /* track data go with the number */
        {";4111111111111111=29121010000012300000?x", ";#x"},
        {"4111111111111111D29121010000012300000", "#"},
        {"4111111111111111=2026", "#=2026"},
        {"%B4111111111111111^PEREZ/JUANA A^29121010000000000123000000?;x", "%B#;x"},
        {"t=%3B4111111111111111%3D29121010000012300000%3F&a", "t=%3B#&a"},
        {"%25B4111111111111111%5EPEREZ%2FJUANA%5E2912101000000%3F.", "%25B#."},
        {"4111111111111111^x", "#^x"},
        /* none */
        {"V-4521 2026-11-22 13:05:09", "V-4521 2026-11-22 13:05:09"},
        {"45213 12.50 4 1250.00 3.20", "45213 12.50 4 1250.00 3.20"},
        {"4521 20261122 1302", "4521 20261122 1302"},
        {"41111111-1111-4111-8111-111111111111", "41111111-1111-4111-8111-111111111111"},
        {"a4222222-2222-4222-8222-222222222222", "a4222222-2222-4222-8222-222222222222"},
        {"tel +4222222222222", "tel +4222222222222"},
        {"+52 1 55 1234 5678", "+52 1 55 1234 5678"},
        {"pan=+4222222222222", "pan=+#"},
        {"4111111111111112", "4111111111111112"},
        {"04111111111111111", "04111111111111111"},
        {"41111111111111111111", "41111111111111111111"},
        {"994111111111111111", "994111111111111111"},
        {"4111  1111 1111 1111", "4111  1111 1111 1111"},
        {"4111\n1111 1111 1111", "4111\n1111 1111 1111"},
        {"356938035643809", "356938035643809"}, /* an IMEI */
        {"0000000000000000", "0000000000000000"},
        {"7992739871300000", "7992739871300000"},
        {"2026-11-22T13:05:09.123456789Z", "2026-11-22T13:05:09.123456789Z"},
        {"", ""},
        {"411111111111", "411111111111"},
    };
    struct bench b;

    bench_init(&b);
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char *out = masked(&b, cases[i].in);

        assert_string_equal(out, cases[i].out);
        free(out);
    }
    bench_done(&b);
}

static void
test_same_token_everywhere(void **state)
{
    struct bench b;
    char *a, *c;

    bench_init(&b);
    a = clean(&b, "4111 1111-1111.1111", 19);
    c = clean(&b, "4111111111111111", 16);
    assert_string_equal(a, c);
    assert_string_equal(b.hits.hit[0].bin, "411111");
    assert_string_equal(b.hits.hit[0].last4, "1111");
    free(a);
    free(c);
    c = clean(&b, "5500005555555559", 16);
    assert_int_equal(b.hits.count, 1);
    free(c);
    bench_done(&b);
}

static void
test_token_is_hmac(void **state)
{
    /* HMAC-SHA256(key = 0x01 0x02 0x03 0*29, "card_4111111111111111"), first 16 bytes, computed
     * with Python's hmac module, each nibble as a letter. */
    struct bench b;
    char *a;

    bench_init(&b);
    a = clean(&b, "4111111111111111", 16);
    assert_string_equal(a, "card_opllnhidljehpphpanifcdmoiahglmld");
    free(a);
    bench_done(&b);
}

static void
test_many_hits(void **state)
{
    struct bench b;
    struct buf in;
    char *out;

    bench_init(&b);
    buf_init(&in, 1 << 20);
    for (int i = 0; i < 100; i++)
        buf_put_str(&in, "4111111111111111,");
    out = clean(&b, (const char *)in.data, in.len);
    assert_null(strstr(out, "1111"));
    assert_int_equal(b.hits.count, CARD_HITS_MAX);
    assert_int_equal(b.hits.more, 100 - CARD_HITS_MAX);
    free(out);
    buf_done(&in);
    bench_done(&b);
}

static void
test_scratch_cap(void **state)
{
    struct bench b;
    struct slice out;

    bench_init(&b);
    b.scratch.cap = 20;
    assert_int_equal(
        card_clean(b.tokens, slice_of("4111111111111111", 16), &b.scratch, &out, &b.hits),
        VG_ERR_LIMIT);
    bench_done(&b);
}

/* ---- property: whatever the line, no card number is left ---- */

static uint64_t
next_random(uint64_t *s)
{
    *s += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *s;

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A slow second opinion, written apart from the scanner: Luhn and range over every window of whole
 * groups that has one separator between two, and is on end or by fours. */
static bool
holds_card(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++) {
        uint8_t digits[CARD_DIGITS_MAX];
        size_t count = 0, in_group = 0, groups = 1;
        bool fours = true;

        if (text[i] < '0' || text[i] > '9' || (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9'))
            continue;
        for (size_t j = i; j < n; j++) {
            bool digit = text[j] >= '0' && text[j] <= '9';
            bool next = j + 1 < n && text[j + 1] >= '0' && text[j + 1] <= '9';

            if (!digit && !(strchr(" -._+", text[j]) != NULL && next))
                break;
            if (!digit) {
                fours &= in_group == 4;
                groups++;
                in_group = 0;
                continue;
            }
            if (count == CARD_DIGITS_MAX)
                break;
            in_group++;
            digits[count++] = (uint8_t)(text[j] - '0');
            if (!next && (groups == 1 || (fours && in_group <= 4)) && card_valid(digits, count))
                return true;
        }
    }
    return false;
}

static size_t
put_card(uint64_t *rng, char *to)
{
    static const char *const prefixes[] = {"4",    "51", "2221", "34",  "6011",
                                           "3528", "36", "62",   "5018"};
    static const size_t lengths[] = {16, 16, 16, 15, 16, 16, 14, 17, 13};
    size_t kind = next_random(rng) % VG_ARRAY_LEN(prefixes), n = lengths[kind];
    size_t have = strlen(prefixes[kind]), out = 0;
    char sep = " -.\0"[next_random(rng) % 4];
    unsigned sum = 0;
    char number[CARD_DIGITS_MAX];

    memcpy(number, prefixes[kind], have);
    for (size_t i = have; i < n; i++)
        number[i] = (char)('0' + next_random(rng) % 10);
    number[n - 1] = '0';
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(number[i] - '0');

        if ((n - i) % 2 == 0)
            d = d * 2 > 9 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    number[n - 1] = (char)('0' + (10 - sum % 10) % 10);
    for (size_t i = 0; i < n; i++) {
        if (sep != '\0' && i > 0 && i % 4 == 0)
            to[out++] = sep;
        to[out++] = number[i];
    }
    return out;
}

static size_t
put_line(uint64_t *rng, char *line)
{
    static const char *const parts[] = {"0,2018-04-01T00:00:31,",
                                        "596",
                                        " ",
                                        "-",
                                        ".",
                                        "x",
                                        "\"",
                                        ",",
                                        "12",
                                        "1234",
                                        "999.00",
                                        "card=",
                                        "\xc3\xa9",
                                        "2026-11-22 ",
                                        "5"};
    size_t n = 0, count = next_random(rng) % 14;

    for (size_t i = 0; i < count; i++) {
        const char *part = parts[next_random(rng) % VG_ARRAY_LEN(parts)];

        if (next_random(rng) % 4 == 0) {
            n += put_card(rng, line + n);
        } else {
            memcpy(line + n, part, strlen(part));
            n += strlen(part);
        }
    }
    line[n] = '\0';
    return n;
}

static void
test_no_card_survives(void **state)
{
    enum { LINES = 300000 };
    uint64_t rng = 20261122;
    size_t with = 0;
    char line[1024];
    struct bench b;

    bench_init(&b);
    for (int i = 0; i < LINES; i++) {
        size_t n = put_line(&rng, line);
        struct slice out;
        char text[4096];

        with += holds_card(line);
        assert_int_equal(card_clean(b.tokens, slice_of(line, n), &b.scratch, &out, &b.hits), VG_OK);
        assert_true(out.left < sizeof text);
        memcpy(text, out.at, out.left);
        text[out.left] = '\0';
        assert_false(holds_card(text));
        assert_true(b.hits.count > 0 || !holds_card(line));
    }
    assert_true(with > LINES / 4);
    bench_done(&b);
}

static void
test_truncations(void **state)
{
    static const char text[] = "a 4111 1111 1111 1111 12/29 5500005555555559 3782-822463-10005";
    struct bench b;

    bench_init(&b);
    for (size_t n = 0; n <= strlen(text); n++) {
        char *out = clean(&b, text, n);

        assert_false(holds_card(out));
        free(out);
    }
    bench_done(&b);
}

static void
test_key_parse(void **state)
{
    uint8_t key[TOKEN_KEY_SIZE];
    char text[70];

    memset(text, 'a', 64);
    memcpy(text + 64, " \n", 3);
    assert_int_equal(token_key_parse(slice_of(text, 66), key), VG_OK);
    assert_int_equal(key[0], 0xaa);
    assert_int_equal(token_key_parse(slice_of(text, 63), key), VG_ERR_FORMAT);
    text[10] = 'g';
    assert_int_equal(token_key_parse(slice_of(text, 64), key), VG_ERR_FORMAT);
    assert_int_equal(token_key_parse(slice_of("", 0), key), VG_ERR_FORMAT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),        cmocka_unit_test(test_same_token_everywhere),
        cmocka_unit_test(test_token_is_hmac), cmocka_unit_test(test_many_hits),
        cmocka_unit_test(test_scratch_cap),   cmocka_unit_test(test_no_card_survives),
        cmocka_unit_test(test_truncations),   cmocka_unit_test(test_key_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
