/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"
#include "common/pki.h"
#include "common/vtime.h"
#include "common/zst.h"

#define NOW INT64_C(1790000000000000000)

struct world {
    struct buf ca_key, ca, key, csr;
};

static struct buf
fresh(void)
{
    struct buf b;

    buf_init(&b, PKI_PEM_MAX);
    return b;
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->ca_key = fresh(), w->ca = fresh(), w->key = fresh(), w->csr = fresh();
    assert_int_equal(pki_key_new(&w->ca_key), VG_OK);
    assert_int_equal(pki_ca_new(buf_slice(&w->ca_key), "Test CA", NOW, &w->ca), VG_OK);
    assert_int_equal(pki_key_new(&w->key), VG_OK);
    assert_int_equal(pki_csr_new(buf_slice(&w->key), "anything", &w->csr), VG_OK);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    buf_done(&w->ca_key), buf_done(&w->ca), buf_done(&w->key), buf_done(&w->csr);
    free(w);
    return 0;
}

static void
test_client_certificate(void **state)
{
    struct world *w = *state;
    struct pki_wish wish = {.use = PKI_CLIENT,
                            .name = "018f0000-0000-7000-8000-0000000000a1",
                            .from_ns = NOW,
                            .until_ns = NOW + PKI_CLIENT_DAYS * VG_DAY_NS};
    struct buf cert = fresh(), other = fresh();
    struct pki_info info;

    assert_int_equal(
        pki_issue(buf_slice(&w->ca), buf_slice(&w->ca_key), buf_slice(&w->csr), &wish, &cert),
        VG_OK);
    assert_int_equal(pki_info(buf_slice(&cert), &info), VG_OK);
    assert_string_equal(info.name, wish.name); /* not what the request said */
    assert_true(info.from_ns == NOW);
    assert_true(info.until_ns == wish.until_ns);
    assert_false(pki_renew_due(&info, NOW + 59 * VG_DAY_NS));
    assert_true(pki_renew_due(&info, NOW + 60 * VG_DAY_NS));
    assert_int_equal(pki_check(buf_slice(&cert), buf_slice(&w->key), buf_slice(&w->ca), NOW + 1),
                     VG_OK);
    assert_int_equal(
        pki_check(buf_slice(&cert), buf_slice(&w->key), buf_slice(&w->ca), wish.until_ns),
        VG_ERR_DENIED);
    assert_int_equal(pki_check(buf_slice(&cert), buf_slice(&w->ca_key), buf_slice(&w->ca), NOW),
                     VG_ERR_DENIED);
    assert_int_equal(pki_ca_new(buf_slice(&w->key), "Test CA", NOW, &other), VG_OK);
    assert_int_equal(pki_check(buf_slice(&cert), buf_slice(&w->key), buf_slice(&other), NOW),
                     VG_ERR_DENIED);
    buf_done(&cert);
    buf_done(&other);
}

static void
test_server_certificate(void **state)
{
    struct world *w = *state;
    const char *hosts[] = {"vigia.example.mx", "localhost", "127.0.0.1", "::1"};
    const char *missing[] = {"other.example.mx"};
    struct pki_wish wish = {.use = PKI_SERVER,
                            .name = "vigia",
                            .hosts = hosts,
                            .host_count = 4,
                            .from_ns = NOW,
                            .until_ns = NOW + VG_DAY_NS};
    struct buf cert = fresh();

    assert_int_equal(
        pki_issue(buf_slice(&w->ca), buf_slice(&w->ca_key), buf_slice(&w->csr), &wish, &cert),
        VG_OK);
    assert_true(pki_covers(buf_slice(&cert), hosts, 4));
    assert_false(pki_covers(buf_slice(&cert), missing, 1));
    buf_done(&cert);
}

/* A request whose signature does not fit its key, at every place where one letter changes. */
static void
test_damaged_requests(void **state)
{
    struct world *w = *state;
    struct pki_wish wish = {
        .use = PKI_CLIENT, .name = "x", .from_ns = NOW, .until_ns = NOW + VG_DAY_NS};

    for (size_t cut = 0; cut < w->csr.len - 1; cut++) {
        uint8_t *copy = malloc(cut + 1);
        struct buf cert = fresh();

        memcpy(copy, w->csr.data, cut);
        assert_int_not_equal(
            pki_issue(buf_slice(&w->ca), buf_slice(&w->ca_key), slice_of(copy, cut), &wish, &cert),
            VG_OK);
        buf_done(&cert);
        free(copy);
    }
    for (size_t at = 40; at + 40 < w->csr.len; at++) {
        uint8_t *copy = malloc(w->csr.len);
        struct buf cert = fresh();

        memcpy(copy, w->csr.data, w->csr.len);
        copy[at] = copy[at] == 'A' ? 'B' : 'A';
        if (w->csr.data[at] != '\n' && w->csr.data[at] != '-')
            assert_int_not_equal(pki_issue(buf_slice(&w->ca), buf_slice(&w->ca_key),
                                           slice_of(copy, w->csr.len), &wish, &cert),
                                 VG_OK);
        buf_done(&cert);
        free(copy);
    }
}

static void
test_hex(void **state)
{
    uint8_t bytes[2];
    char text[5];

    (void)state;
    assert_int_equal(hex_parse_str("aB01", bytes, 2), VG_OK);
    hex_put(bytes, 2, text);
    assert_string_equal(text, "ab01");
    assert_int_equal(hex_parse_str("ab0", bytes, 2), VG_ERR_FORMAT);
    assert_int_equal(hex_parse_str("ab0g", bytes, 2), VG_ERR_FORMAT);
    assert_int_equal(hex_parse_str("ab0100", bytes, 2), VG_ERR_FORMAT);
}

static void
test_zst(void **state)
{
    enum { N = 300000 };
    uint8_t *plain = malloc(N);
    struct buf packed, out;

    (void)state;
    for (size_t i = 0; i < N; i++)
        plain[i] = (uint8_t)(i * i >> 7);
    buf_init(&packed, N * 2);
    buf_init(&out, N * 2);
    assert_int_equal(zst_pack(slice_of(plain, N), &packed), VG_OK);
    assert_int_equal(zst_unpack(buf_slice(&packed), N, &out), VG_OK);
    assert_int_equal(out.len, N);
    assert_memory_equal(out.data, plain, N);
    buf_clear(&out);
    assert_int_equal(zst_unpack(buf_slice(&packed), N - 1, &out), VG_ERR_LIMIT);
    for (size_t cut = 0; cut < packed.len; cut += cut < 600 ? 1 : 97) {
        uint8_t *copy = malloc(cut + 1);

        memcpy(copy, packed.data, cut);
        buf_clear(&out);
        assert_int_not_equal(zst_unpack(slice_of(copy, cut), N, &out), VG_OK);
        free(copy);
    }
    buf_put_u8(&packed, 0);
    buf_clear(&out);
    assert_int_equal(zst_unpack(buf_slice(&packed), N, &out), VG_ERR_FORMAT);
    buf_done(&packed);
    buf_done(&out);
    free(plain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_client_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_requests, setup, teardown),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_zst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
