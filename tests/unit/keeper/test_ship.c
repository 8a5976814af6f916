/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of enrolment, identities on disk, back-off. (What goes over the wire: tests/e2e.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/keeper/enroll.h"
#include "agent/keeper/identity.h"
#include "agent/keeper/ship.h"
#include "common/vtime.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NOW INT64_C(1790000000000000000)

static void
test_addresses(void **state)
{
    static const char *const bad[] = {
        "http://h:1/enroll/T#sha256=" HEX,
        "https://h:1/enroll/#sha256=" HEX,
        "https://h:1/enroll/T#sha256=00",
        "https://h:1/enroll/T#sha256=" HEX "00",
        "https://h:1/enroll/T",
        "https://h:1/x/enroll/T#sha256=" HEX,
        "https:///enroll/T#sha256=" HEX,
        "https://h:1/enroll/T/../x#sha256=" HEX,
        "https://h:1/enroll/T?x=1#sha256=" HEX,
        "",
        "x",
    };
    static const char good[] = "https://h:1/enroll/T_-9#sha256=" HEX;
    struct enroll_url url;

    (void)state;
    assert_int_equal(enroll_url_parse(good, &url), VG_OK);
    assert_string_equal(url.base, "https://h:1");
    assert_string_equal(url.token, "T_-9");
    assert_int_equal(url.fingerprint[1], 0x11);
    for (size_t i = 0; i < VG_ARRAY_LEN(bad); i++)
        assert_int_equal(enroll_url_parse(bad[i], &url), VG_ERR_FORMAT);
    for (size_t cut = 0; cut < sizeof good - 1; cut++) {
        char *copy = strndup(good, cut);

        assert_int_equal(enroll_url_parse(copy, &url), VG_ERR_FORMAT);
        free(copy);
    }
}

static void
test_backoff(void **state)
{
    double sum = 0;

    (void)state;
    for (unsigned n = 1; n < 100; n++) {
        double most = n < 10 ? (double)(1U << (n - 1)) : SHIP_BACKOFF_MAX_S;

        if (most > SHIP_BACKOFF_MAX_S)
            most = SHIP_BACKOFF_MAX_S;
        assert_true(ship_backoff_s(n, 0) == 0.0);
        assert_true(ship_backoff_s(n, UINT32_MAX) <= most);
        assert_true(ship_backoff_s(n, UINT32_MAX) > most * 0.999);
    }
    /* Full jitter: evenly spread, so that a fleet that lost its collector does not come as one. */
    for (uint32_t i = 0; i < 1000; i++)
        sum += ship_backoff_s(20, i * 4294967U);
    assert_true(sum / 1000 > SHIP_BACKOFF_MAX_S * 0.49 && sum / 1000 < SHIP_BACKOFF_MAX_S * 0.51);
}

static struct buf
pem(void)
{
    struct buf b;

    buf_init(&b, PKI_PEM_MAX);
    return b;
}

static void
issue(const struct buf *ca, const struct buf *ca_key, const struct buf *key, int64_t from_ns,
      struct buf *out)
{
    struct pki_wish wish = {.use = PKI_CLIENT,
                            .name = "agent",
                            .from_ns = from_ns,
                            .until_ns = from_ns + PKI_CLIENT_DAYS * VG_DAY_NS};
    struct buf csr = pem();

    buf_clear(out);
    assert_int_equal(pki_csr_new(buf_slice(key), "x", &csr), VG_OK);
    assert_int_equal(pki_issue(buf_slice(ca), buf_slice(ca_key), buf_slice(&csr), &wish, out),
                     VG_OK);
    buf_done(&csr);
}

/* The key of card tokens lies apart from the data; one that an older version left there moves. */
static void
check_token_key(const char *dir)
{
    char apart[64], beside[64], key[IDENTITY_TOKEN_KEY_SIZE];

    (void)snprintf(apart, sizeof apart, "%s-keys/token.key", dir);
    (void)snprintf(beside, sizeof beside, "%s/identity/token.key", dir);
    assert_int_equal(access(apart, F_OK), 0);
    assert_int_equal(access(beside, F_OK), -1);
    assert_int_equal(rename(apart, beside), 0);
    assert_int_equal(identity_token_key(dir, key), VG_OK);
    assert_string_equal(key, HEX);
    assert_int_equal(access(apart, F_OK), 0);
    assert_int_equal(access(beside, F_OK), -1);
}

static void
test_identity(void **state)
{
    char dir[] = "/tmp/vg-identity-XXXXXX", command[64];
    struct buf ca_key = pem(), ca = pem(), key = pem(), other = pem(), cert = pem();
    struct identity id;
    json_t *answer;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(identity_load(dir, &id), VG_ERR_NOENT);
    assert_int_equal(pki_key_new(&ca_key), VG_OK);
    assert_int_equal(pki_ca_new(buf_slice(&ca_key), "CA", NOW, &ca), VG_OK);
    assert_int_equal(pki_key_new(&key), VG_OK);
    assert_int_equal(pki_key_new(&other), VG_OK);
    issue(&ca, &ca_key, &key, NOW, &cert);
    answer = json_pack("{ss ss ss ss ss ss ss}", "agent", "018f0000-0000-7000-8000-0000000000a1",
                       "cert", buf_str(&cert), "ca", buf_str(&ca), "url", "https://h:8443",
                       "token_key", HEX, "tenant", "T", "site", "S");
    assert_int_equal(identity_save(dir, buf_slice(&key), answer), VG_OK);
    check_token_key(dir);
    assert_int_equal(identity_load(dir, &id), VG_OK);
    assert_string_equal(id.url, "https://h:8443");
    assert_true(id.info.from_ns == NOW);

    /* A renewed certificate must be for our key and from our CA. */
    issue(&ca, &ca_key, &other, NOW + VG_DAY_NS, &cert);
    assert_int_equal(identity_renew(&id, buf_slice(&cert), NOW + VG_DAY_NS), VG_ERR_DENIED);
    issue(&ca, &ca_key, &key, NOW + VG_DAY_NS, &cert);
    assert_int_equal(identity_renew(&id, buf_slice(&cert), NOW + VG_DAY_NS), VG_OK);
    assert_true(id.info.from_ns == NOW + VG_DAY_NS);
    identity_done(&id);
    assert_int_equal(identity_load(dir, &id), VG_OK);
    assert_true(id.info.from_ns == NOW + VG_DAY_NS);
    identity_done(&id);

    (void)json_object_set_new(answer, "url", json_string("http://h"));
    assert_int_equal(identity_save(dir, buf_slice(&key), answer), VG_ERR_FORMAT);
    json_decref(answer);
    buf_done(&ca_key), buf_done(&ca), buf_done(&key), buf_done(&other), buf_done(&cert);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_identity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
