/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords and card numbers do not get out of URIs; what is none of them stays as it was. */
#include "agent/net/secrets.h"
#include "net_kit.h"

static void
expect(const char *uri, const char *masked)
{
    size_t len = strlen(uri);
    char *copy = malloc(len + 1); /* the exact size: no byte behind it is touched */

    assert_non_null(copy);
    memcpy(copy, uri, len);
    len = secrets_mask_uri(copy, len);
    assert_true(len <= strlen(uri));
    if (!str_is(str_n(copy, len), masked))
        fail_msg("%s: %.*s", uri, (int)len, copy);
    free(copy);
}

static void
test_uris(void **state)
{
    (void)state;
    expect("", "");
    expect("/", "/");
    expect("http://bob:secret@h/x", "http://*@h/x");
    expect("ftp://a@b@h?password=1", "ftp://*@h?password=*");
    expect("http://h/x@y", "http://h/x@y");
    expect("/l?user=a&password=hunter2&x=1", "/l?user=a&password=*&x=1");
    expect("/l?pwd=a", "/l?pwd=*");
    expect("/l?pass=a&pass=bcd", "/l?pass=*&pass=*");
    expect("/l?password=&x", "/l?password=&x");
    expect("/l?compass=n&x=passw", "/l?compass=n&x=passw");
    expect("/password/x=1", "/password/x=1");
    expect("/p?c=4111111111111111&d=1", "/p?c=XXXXXXXXXXXXXXXX&d=1");
    expect("/p/4111-1111-1111-1111/", "/p/XXXX-XXXX-XXXX-XXXX/");
    expect("/p/4111.1111.1111.1111/", "/p/XXXX.XXXX.XXXX.XXXX/");
    expect("/p/3782_822463_10005", "/p/XXXX_XXXXXX_XXXXX");
    expect("/p?4111%201111%201111%201111", "/p?XXXX%20XXXX%20XXXX%20XXXX");
    expect("/p?c=378282246310005", "/p?c=XXXXXXXXXXXXXXX");
    expect("/p?c=3782+822463+10005", "/p?c=XXXX+XXXXXX+XXXXX");
    expect("/p?c=4111111111111112", "/p?c=4111111111111112");   /* not Luhn-valid */
    expect("/p?t=1438892014123&r=0", "/p?t=1438892014123&r=0"); /* a time */
    expect("/p?c=41111111111111111111", "/p?c=41111111111111111111");
    expect("/p?12-4111111111111111-x", "/p?12-XXXXXXXXXXXXXXXX-x");
    expect("/v=12.0.0.4111.1111.1111.1111", "/v=12.0.0.XXXX.XXXX.XXXX.XXXX");
}

static void
test_names(void **state)
{
    static const char *const passwords[] = {
        "password",    "Passwd",       "user_pass", "pw1",     "login[pass]", "contrasena",
        "txtPassword", "pma_password", "clave",     "NEWPWD2", "j_password"};
    static const char *const others[] = {"compass", "bypass", "pwn", "q", "", "passenger", "pws"};
    static const char *const users[] = {"user",        "j_username",   "login",   "email",
                                        "txtUsername", "pma_username", "usuario", "log"};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(passwords); i++)
        assert_true(secrets_is_password(str_of(passwords[i])));
    for (size_t i = 0; i < VG_ARRAY_LEN(others); i++) {
        assert_false(secrets_is_password(str_of(others[i])));
        assert_false(secrets_is_user(str_of(others[i])));
    }
    for (size_t i = 0; i < VG_ARRAY_LEN(users); i++)
        assert_true(secrets_is_user(str_of(users[i])));
    assert_false(secrets_is_user(str_of("blog")));
}

static void
test_fields(void **state)
{
    struct str rest = str_of("a=1&b&&c=x%20y+z%4");
    struct secrets_field f;
    char out[16];

    (void)state;
    assert_true(secrets_next_field(&rest, &f) && str_is(f.name, "a") && str_is(f.value, "1"));
    assert_true(secrets_next_field(&rest, &f) && str_is(f.name, "b") && f.value.len == 0);
    assert_true(secrets_next_field(&rest, &f) && f.name.len == 0);
    assert_true(secrets_next_field(&rest, &f) && str_is(f.name, "c"));
    assert_int_equal(secrets_decode(f.value, out, sizeof(out)), 7);
    assert_string_equal(out, "x y z%4");
    assert_int_equal(secrets_decode(f.value, out, 4), 3);
    assert_string_equal(out, "x y");
    assert_false(secrets_next_field(&rest, &f));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
