/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_cert.h"
#include "agent/net/proto/tls_names.h"
#include "agent/net/proto/tls_server.h"
#include "common/vtime.h"
#include "handshakes.h"

static const char *const TALKS[] = {
    "tls12",       "tls12-resumed", "tls13",         "tls13-resumed",
    "tls13-retry", "tls12-refused", "tls13-refused", "sslv2-form",
};

#define ISSUER                                                                                     \
    "\"issuer\":\"CN=pagos.example.mx,O=Tienda \\\\\\\"\303\221and\303\272\\\\\\\"\\\\, "          \
    "S.A.,C=MX\""

static void
run(const char *name, size_t piece, struct kit_log *log)
{
    struct handshake h = handshake_load(name);

    dialog_tcp(log, h.line, h.count, 443, piece);
    dialog_seed("fuzz_net_tls", name, h.line, h.count);
    handshake_free(&h);
}

static void
expect(const char *name, const char *const *parts, const char *const *never)
{
    static const size_t PIECES[] = {DIALOG_WHOLE, 7, 1};

    for (size_t i = 0; i < VG_ARRAY_LEN(PIECES); i++) {
        struct kit_log log;

        run(name, PIECES[i], &log);
        assert_int_equal(log.count[OBS_TLS], 1);
        for (size_t p = 0; parts[p] != NULL; p++)
            if (!kit_says(&log, parts[p]))
                fail_msg("%s lacks %s: %s", name, parts[p], buf_str(&log.text));
        for (size_t p = 0; never != NULL && never[p] != NULL; p++)
            assert_false(kit_says(&log, never[p]));
        kit_log_free(&log);
    }
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Handshakes within the connection: each a sealed hello, a change of cipher, a sealed end. */
static unsigned
renegotiations(const char *name, unsigned count, unsigned data)
{
    enum { ONE = 5 + 40 + 6 + 5 + 40, DATA = 5 + 20, MOST = 64 };
    static const uint8_t hello[] = {22, 3, 3, 0, 40}, change[] = {20, 3, 3, 0, 1, 1},
                         bytes[] = {23, 3, 3, 0, 20};
    struct handshake h = handshake_load(name);
    struct line lines[HANDSHAKE_LINES_MAX + 2];
    uint8_t *more = calloc(MOST, ONE), *at = more;
    struct kit_log log;
    unsigned told;

    assert_true(more != NULL && count <= MOST / 2 && data <= MOST / 2);
    for (unsigned i = 0; i < data; i++, at += DATA)
        memcpy(at, bytes, sizeof(bytes));
    for (unsigned i = 0; i < count; i++, at += ONE) {
        memcpy(at, hello, sizeof(hello));
        memcpy(at + 45, change, sizeof(change));
        memcpy(at + 51, hello, sizeof(hello));
    }
    memcpy(lines, h.line, sizeof(h.line));
    lines[h.count] = (struct line){0, more, (size_t)(at - more)};
    dialog_tcp(&log, lines, h.count + 1, 443, 100);
    told = log.count[OBS_RECORD];
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_int_equal(kit_says(&log, "\"count\":10"), told > 0);
    kit_log_free(&log);
    handshake_free(&h);
    free(more);
    return told;
}

static void
test_renegotiations(void **state)
{
    (void)state;
    assert_int_equal(renegotiations("tls12", 1, 0), 0);
    assert_int_equal(renegotiations("tls12", 9, 0), 0);
    assert_int_equal(renegotiations("tls12", 25, 0), 2);
    assert_int_equal(renegotiations("tls12-resumed", 25, 5), 2);
    assert_int_equal(renegotiations("tls12", 25, 30), 0); /* it had long been quiet */
    assert_int_equal(renegotiations("tls13", 25, 0), 0);  /* where they are for show */
}

static void
test_tls12(void **state)
{
    (void)state;
    expect("tls12",
           SAYS("\"sni\":\"pagos.example.mx\"", "\"alpn\":\"h2,http/1.1\"", "\"version\":\"1.2\"",
                "\"server_version\":\"1.2\"", "\"server_alpn\":\"h2\"", ISSUER,
                "\"not_before\":\"2023-01-02T03:04:05Z\"", "\"not_after\":\"2049-12-31T23:59:59Z\"",
                "\"serial\":\"1234567890ABCDEF\"",
                "\"san\":[\"pagos.example.mx\",\"*.example.mx\",\"192.0.2.43\","
                "\"2001:db8:0:0:0:0:0:43\"]",
                "\"san_count\":4", "\"self_signed\":true", "\"established\":true",
                "\"resumed\":false", "\"server_name\":\"pagos.example.mx\"",
                "\"cipher\":\"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\"", "\"ja4\":\"t12d"),
           SAYS("\"alert\""));
}

static void
test_resumed(void **state)
{
    (void)state;
    expect("tls12-resumed",
           SAYS("\"server_version\":\"1.2\"", "\"issuer\":null", "\"not_after\":null",
                "\"established\":true", "\"resumed\":true"),
           NULL);
    expect("tls13-resumed",
           SAYS("\"server_version\":\"1.3\"", "\"established\":true", "\"resumed\":true"), NULL);
}

static void
test_tls13(void **state)
{
    (void)state;
    expect("tls13",
           SAYS("\"version\":\"1.3\"", "\"server_version\":\"1.3\"", "\"ja4\":\"t13d",
                "\"cipher\":\"TLS_AES_256_GCM_SHA384\"", "\"issuer\":null", "\"established\":true",
                "\"resumed\":false"),
           NULL);
    expect("tls13-retry", /* two hellos, one connection */
           SAYS("\"server_version\":\"1.3\"", "\"established\":true", "\"ja3s\":\""), NULL);
}

static void
test_refused(void **state)
{
    (void)state;
    expect("tls12-refused", SAYS(ISSUER, "\"established\":false", "\"alert\":\"unknown_ca\""),
           NULL);
    expect("tls13-refused", SAYS("\"established\":false", "\"alert\":\"unknown_ca\""), NULL);
}

/* The form of SSL 2.0: no JA3, which knows no such hello. */
static void
test_v2_form(void **state)
{
    (void)state;
    expect("sslv2-form",
           SAYS("\"sni\":\"\"", "\"ja4\":\"t10i070000_", "\"version\":\"1.0\"",
                "\"server_version\":\"1.0\"", "\"cipher\":\"TLS_DHE_RSA_WITH_AES_256_CBC_SHA\"",
                "\"alert\":\"handshake_failure\""),
           SAYS("\"ja3\":"));
}

static void
test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(TALKS); i++) {
        struct handshake h = handshake_load(TALKS[i]);

        dialog_survives_cuts(h.line, h.count, 443, false);
        handshake_free(&h);
    }
}

/* Only one side, or nothing of the beginning. */
static void
test_parts(void **state)
{
    struct handshake h = handshake_load("tls12");
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, &h.line[1], 1, 443, DIALOG_WHOLE); /* the server's first flight alone */
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, ISSUER));
    assert_true(kit_says(&log, "\"src\":\"10.0.0.2\""));
    assert_false(kit_says(&log, "\"ja3\":"));
    kit_log_free(&log);

    dialog_tcp(&log, &h.line[0], 1, 443, DIALOG_WHOLE); /* the hello alone */
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, "\"established\":false"));
    kit_log_free(&log);

    dialog_tcp(&log, &h.line[4], 2, 443, DIALOG_WHOLE); /* data alone */
    assert_int_equal(log.count[OBS_TLS], 0);
    assert_true(kit_says(&log, "\"app\":\"tls\""));
    kit_log_free(&log);
    handshake_free(&h);
}

/* A message over as many records as it has bytes. */
static void
test_record_for_each_byte(void **state)
{
    struct handshake h = handshake_load("tls12");
    struct slice hello = slice_of((const uint8_t *)h.line[0].bytes + 5, h.line[0].len - 5);
    size_t size = hello.left * 6;
    uint8_t *many = malloc(size), *at = many;
    struct line line = {0, many, size};
    struct kit_log log;

    (void)state;
    assert_non_null(many);
    while (hello.left > 0) {
        memcpy(at, "\x16\x03\x01\x00\x01", 5);
        at[5] = slice_u8(&hello);
        at += 6;
    }
    dialog_tcp(&log, &line, 1, 443, 1460);
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, "\"sni\":\"pagos.example.mx\""));
    kit_log_free(&log);
    free(many);
    handshake_free(&h);
}

static void
test_certificate(void **state)
{
    struct handshake h = handshake_load("certificate");
    struct tls_cert *cert = malloc(sizeof(*cert));
    uint8_t *big = calloc(1, TLS_CERT_BYTES_MAX + 1);

    (void)state;
    assert_non_null(cert);
    assert_non_null(big);
    assert_int_equal(tls_cert_read(slice_of(h.line[0].bytes, h.line[0].len), cert), VG_OK);
    assert_true(cert->self_signed);
    assert_int_equal(cert->hosts_total, 4);
    assert_int_equal(cert->not_after_ns, INT64_C(2524607999) * VG_SEC_NS);
    assert_int_equal(strlen(cert->sha1), 40);
    for (size_t n = 0; n < h.line[0].len; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);

        assert_non_null(copy);
        memcpy(copy, h.line[0].bytes, n);
        assert_int_equal(tls_cert_read(slice_of(copy, n), cert), VG_ERR_FORMAT);
        free(copy);
    }
    assert_int_equal(tls_cert_read(slice_of(big, TLS_CERT_BYTES_MAX + 1), cert), VG_ERR_LIMIT);
    free(big);
    free(cert);
    handshake_free(&h);
}

/* MD5 of 769,47,65281-0-11-35-5-16 (github.com/salesforce/ja3), by another program. */
static void
test_ja3s(void **state)
{
    static const uint16_t extensions[] = {65281, 0, 11, 35, 5, 16};
    struct tls_server_hello h = {.legacy_version = 769, .cipher = 47, .extension_count = 6};
    char ja3s[TLS_JA3_SIZE];
    struct buf scratch;

    (void)state;
    memcpy(h.extensions, extensions, sizeof(extensions));
    buf_init(&scratch, 4096);
    assert_int_equal(tls_server_ja3s(&h, &scratch, ja3s), VG_OK);
    assert_string_equal(ja3s, "836ce314215654b5b1f85f97c73e506f");
    buf_done(&scratch);
}

static void
test_names(void **state)
{
    char name[TLS_NAME_MAX];

    (void)state;
    assert_string_equal(tls_version_name(0x0304, name), "1.3");
    assert_string_equal(tls_version_name(0x7f1c, name), "1.3-draft28");
    assert_string_equal(tls_version_name(0x1234, name), "");
    assert_string_equal(tls_cipher_name(0x1302, name), "TLS_AES_256_GCM_SHA384");
    assert_string_equal(tls_cipher_name(0x1a2b, name), "0x1a2b");
    assert_string_equal(tls_alert_name(40, name), "handshake_failure");
    assert_string_equal(tls_alert_name(200, name), "200");
    assert_true(tls_version_hides_certificate(0x0304));
    assert_false(tls_version_hides_certificate(0x0303));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls12),
        cmocka_unit_test(test_renegotiations),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_tls13),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_v2_form),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_record_for_each_byte),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_ja3s),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
