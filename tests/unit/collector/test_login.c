/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collector/config.h"
#include "collector/login.h"
#include "collector/password.h"

static void
test_passwords(void **state)
{
    char a[PASSWORD_ENCODED_SIZE], b[PASSWORD_ENCODED_SIZE], made[PASSWORD_MADE_SIZE];
    char other[PASSWORD_MADE_SIZE], longest[PASSWORD_LEN_MAX + 2];

    (void)state;
    assert_int_equal(password_encode("hunter2hunter2", a), VG_OK);
    assert_int_equal(password_encode("hunter2hunter2", b), VG_OK);
    assert_string_not_equal(a, b); /* salted */
    assert_int_equal(strncmp(a, "$argon2id$", 10), 0);
    assert_true(password_matches(a, "hunter2hunter2"));
    assert_false(password_matches(a, "hunter2hunter3"));
    assert_false(password_matches(NULL, "hunter2hunter2"));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(password_encode(longest, a), VG_ERR_LIMIT);
    assert_int_equal(password_make(made), VG_OK);
    assert_int_equal(password_make(other), VG_OK);
    assert_int_equal(strlen(made), 19);
    assert_string_not_equal(made, other);
}

static void
test_secrets(void **state)
{
    char a[SECRET_TEXT], b[SECRET_TEXT];
    uint8_t ha[32], hb[32];

    (void)state;
    assert_int_equal(secret_make(a), VG_OK);
    assert_int_equal(secret_make(b), VG_OK);
    assert_int_equal(strlen(a), SECRET_TEXT - 1);
    assert_int_equal(strspn(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
                     SECRET_TEXT - 1);
    assert_int_equal(secret_hash(a, ha), VG_OK);
    assert_int_equal(secret_hash(b, hb), VG_OK);
    assert_memory_not_equal(ha, hb, 32);
    assert_true(secret_equal(a, a));
    assert_false(secret_equal(a, b));
    assert_false(secret_equal(a, ""));
}

static void
test_waits(void **state)
{
    struct login_limit *limit;
    int64_t now = 1000;
    int last = 0;

    (void)state;
    assert_int_equal(login_limit_new(&limit), VG_OK);
    for (int i = 0; i < LOGIN_FREE; i++) {
        assert_int_equal(login_wait_s(limit, "ana", "10.0.0.1", now), 0);
        login_tried(limit, "ana", "10.0.0.1", now);
    }
    for (int i = 0; i < 14; i++) { /* doubles, to a cap */
        int wait = login_wait_s(limit, "ana", "10.0.0.2", now);

        assert_true(wait > 0 && wait >= last && wait <= LOGIN_WAIT_MAX_S);
        last = wait;
        now += wait;
        assert_int_equal(login_wait_s(limit, "ana", "10.0.0.2", now), 0);
        login_tried(limit, "ana", "10.0.0.2", now);
    }
    assert_int_equal(last, LOGIN_WAIT_MAX_S);
    assert_int_equal(login_wait_s(limit, "eva", "10.0.0.9", now), 0); /* others go on */
    assert_true(login_wait_s(limit, "eva", "10.0.0.2", now) > 0);     /* not from that place */
    login_succeeded(limit, "ana", "10.0.0.9");
    assert_int_equal(login_wait_s(limit, "ana", "10.0.0.9", now), 0);
    assert_int_equal(login_wait_s(limit, "eva", "10.0.0.2", now + LOGIN_FORGET_S + 1), 0);
    login_limit_free(limit);
}

/* A flood of made-up names cannot grow the table nor free a place from its wait for long. */
static void
test_many_names(void **state)
{
    struct login_limit *limit;
    char name[32];

    (void)state;
    assert_int_equal(login_limit_new(&limit), VG_OK);
    for (int i = 0; i < 3 * LOGIN_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        login_tried(limit, name, "10.0.0.1", 1000 + i);
    }
    assert_true(login_wait_s(limit, "another", "10.0.0.1", 1000 + 3 * LOGIN_ENTRIES_MAX) > 0);
    login_limit_free(limit);
}

static void
test_configuration(void **state)
{
    static const char bad[] = "listen: {agents: nowhere}\n";
    static const char good[] = "state_dir: /tmp/x\nlisten: {agents: \"[::1]:1\", web: \":2\"}\n"
                               "public_url: https://vigia.example.mx\nhosts: [192.0.2.7]\n";
    struct collector_config config;
    struct conf_error err;
    FILE *f;
    bool found = false;

    (void)state;
    f = fopen("/tmp/vg-collector-test.yaml", "w");
    fputs(bad, f);
    fclose(f);
    assert_int_equal(collector_config_load("/tmp/vg-collector-test.yaml", NULL, &config, &err),
                     VG_ERR_CONFIG);
    assert_non_null(strstr(err.text, ":1:"));
    f = fopen("/tmp/vg-collector-test.yaml", "w");
    fputs(good, f);
    fclose(f);
    assert_int_equal(collector_config_load("/tmp/vg-collector-test.yaml", "/tmp/y", &config, &err),
                     VG_OK);
    assert_string_equal(config.state_dir, "/tmp/y");
    assert_string_equal(config.agents.host, "::1");
    assert_int_equal(config.agents.port, 1);
    assert_string_equal(config.web.host, "0.0.0.0");
    assert_string_equal(config.web_url, "https://vigia.example.mx");
    assert_string_equal(config.agents_url, "https://[::1]:1");
    for (size_t i = 0; i < config.host_count; i++)
        found = found || strcmp(config.hosts[i], "192.0.2.7") == 0;
    assert_true(found);
    collector_config_done(&config);
    remove("/tmp/vg-collector-test.yaml");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords),     cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_waits),         cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
