/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_hello.h"
#include "net_kit.h"

static void
set(uint16_t *to, size_t *count, const uint16_t *from, size_t n)
{
    memcpy(to, from, n * sizeof(*from));
    *count = n;
}

#define SET(hello, list, count, ...)                                                               \
    do {                                                                                           \
        static const uint16_t values_[] = {__VA_ARGS__};                                           \
        set((hello)->list, &(hello)->count, values_, VG_ARRAY_LEN(values_));                       \
    } while (0)

/* The example of JA4's technical description (FoxIO). */
static void
test_ja4_published(void **state)
{
    struct tls_hello *h = calloc(1, sizeof(*h));
    char ja4[TLS_JA4_SIZE];
    struct buf scratch;

    (void)state;
    assert_non_null(h);
    buf_init(&scratch, 65536);
    h->legacy_version = 0x0303;
    h->version = 0x0304;
    h->has_sni = true;
    h->alpn_first = str_of("h2");
    SET(h, ciphers, cipher_count, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
        0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035);
    SET(h, extensions, extension_count, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d,
        0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015);
    SET(h, signatures, signature_count, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806,
        0x0601);
    assert_int_equal(tls_hello_ja4(h, 't', &scratch, ja4), VG_OK);
    assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");

    /* Nothing offered at all; a protocol name that is no text. */
    memset(h, 0, sizeof(*h));
    h->sni = str_of("");
    h->alpn_first = str_n("\xab\x12", 2);
    assert_int_equal(tls_hello_ja4(h, 'q', &scratch, ja4), VG_OK);
    assert_string_equal(ja4, "q00i0000a2_000000000000_000000000000");
    buf_done(&scratch);
    free(h);
}

/* The example of JA3's description (Salesforce). */
static void
test_ja3_published(void **state)
{
    struct tls_hello *h = calloc(1, sizeof(*h));
    char ja3[TLS_JA3_SIZE];
    struct buf scratch;

    (void)state;
    assert_non_null(h);
    buf_init(&scratch, 65536);
    h->legacy_version = 769;
    SET(h, ciphers, cipher_count, 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4);
    SET(h, extensions, extension_count, 0, 10, 11);
    SET(h, groups, group_count, 23, 24, 25);
    h->formats[0] = 0;
    h->format_count = 1;
    assert_int_equal(tls_hello_ja3(h, &scratch, ja3), VG_OK);
    assert_string_equal(ja3, "ada70206e40642a3e4461f35503241d5");
    buf_done(&scratch);
    free(h);
}

static const uint8_t
    HELLO[] =
        {
            0x03, 0x03, 0,    0,    0,    0,    0,    0,    0,    0,   0,   0,   0,
            0,    0,    0,    0,    0,    0,    0,    0,    0,    0,   0,   0,   0,
            0,    0,    0,    0,    0,    0,    0,    0,    0x00, /* random, no session */
            0x00, 0x06, 0x1a, 0x1a, 0x13, 0x01, 0x00, 0x2f,       /* ciphers, one of them GREASE */
            0x01, 0x00,                                           /* compression */
            0x00, 0x2c,                                           /* extensions */
            0x00, 0x00, 0x00, 0x09, 0x00, 0x07, 0x00, 0x00, 0x04, 't', 'e', 's', 't', /* name */
            0x00, 0x10, 0x00, 0x05, 0x00, 0x03, 0x02, 'h',  '2',                      /* ALPN */
            0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x1d,                           /* groups */
            0x00, 0x2b, 0x00, 0x05, 0x04, 0x7a, 0x7a, 0x03, 0x04,                     /* versions */
            0x3a, 0x3a, 0x00, 0x01, 0x00,                                             /* GREASE */
};

static void
test_read(void **state)
{
    struct tls_hello h;

    (void)state;
    assert_int_equal(tls_hello_read(slice_of(HELLO, sizeof(HELLO)), &h), VG_OK);
    assert_int_equal(h.legacy_version, 0x0303);
    assert_int_equal(h.version, 0x0304);
    assert_true(str_is(h.sni, "test"));
    assert_string_equal(h.alpn, "h2");
    assert_int_equal(h.cipher_count, 2);
    assert_int_equal(h.extension_count, 4);
    assert_int_equal(h.group_count, 1);
}

static void
test_truncations(void **state)
{
    struct tls_hello h;

    (void)state;
    for (size_t n = 0; n < sizeof(HELLO); n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        enum vg_err err;

        assert_non_null(copy);
        memcpy(copy, HELLO, n);
        err = tls_hello_read(slice_of(copy, n), &h);
        /* Whole only where the extensions have not begun: SSL 3.0's form. */
        assert_int_equal(err, n == 45 ? VG_OK : VG_ERR_SHORT);
        free(copy);
    }
}

static void
test_limits(void **state)
{
    size_t size = 2 + 32 + 1 + 2 + 4096 + 2;
    uint8_t *big = calloc(1, size);
    struct tls_hello *h = malloc(sizeof(*h));

    (void)state;
    assert_non_null(big);
    assert_non_null(h);
    big[35] = 0x10; /* 4096 bytes of ciphers: over TLS_CIPHERS_MAX */
    big[size - 2] = 1;
    assert_int_equal(tls_hello_read(slice_of(big, size), h), VG_ERR_LIMIT);
    free(big);
    free(h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ja4_published), cmocka_unit_test(test_ja3_published),
        cmocka_unit_test(test_read),          cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
