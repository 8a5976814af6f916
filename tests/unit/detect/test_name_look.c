/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/detect/domain.h"
#include "agent/detect/name_look.h"

static bool
coded(const char *label)
{
    struct name_look look;

    name_look(str_of(label), &look);
    return name_look_coded(&look);
}

static void
test_words_are_no_data(void **state)
{
    static const char *const WORDS[] = {
        "www",           "stackoverflow", "caja-2",        "facturacion",    "mercadopago",
        "download",      "printfriendly", "p26-fmfmobile", "oficina",        "updates",
        "img-s-msn-com", "static01",      "2024",          "cafe",           "akamaiedge",
        "_ldap",         "whatsapp",      "googleapis",    "desktop-office", ""};

    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (coded(WORDS[i]))
            fail_msg("%s is a word", WORDS[i]);
}

static void
test_data_is_data(void **state)
{
    static const char *const DATA[] = {"05e100a621c3620001",
                                       "mzxw6ytboi4dcmbq",
                                       "H4sICN03AAA3RlYXN\\061\\061",
                                       "kqjxvbzwfyhg",
                                       "a\\255\\254\\190\\191\\200\\201\\202\\203\\204\\205xyz",
                                       "6a1f33b2"};

    for (size_t i = 0; i < sizeof DATA / sizeof DATA[0]; i++)
        if (!coded(DATA[i]))
            fail_msg("%s is data", DATA[i]);
}

static void
test_bytes_and_labels(void **state)
{
    struct str rest = str_of("ab\\.c.d\\065e.f"), label;
    struct name_look look;

    assert_true(name_label(&rest, &label));
    assert_true(str_is(label, "ab\\.c"));
    name_look(label, &look);
    assert_int_equal(look.chars, 4);
    assert_int_equal(look.odd, 1);
    assert_true(name_label(&rest, &label));
    name_look(label, &look);
    assert_int_equal(look.chars, 3);
    assert_true(name_label(&rest, &label));
    assert_false(name_label(&rest, &label));
    name_look(str_of("00112233445566"), &look);
    assert_true(name_look_bytes(&look) == 7);
    name_look(str_of("ends\\"), &look);
    assert_int_equal(look.chars, 5);
}

static void
test_domains(void **state)
{
    assert_true(domain_is_public(str_of("x.example.com")));
    assert_false(domain_is_public(str_of("pc.tienda.local")));
    assert_false(domain_is_public(str_of("192.0.2.1")));
    assert_true(domain_is_hosted(str_of("a.d111111.cloudfront.net")));
    assert_false(domain_is_hosted(str_of("a.example.com.mx")));
    assert_true(domain_in_list(str_of("a.b.test"), "one.test b.test"));
    assert_false(domain_in_list(str_of("ab.test"), "one.test b.test"));
    assert_false(domain_in_list(str_of("ab.test"), ""));
}

/* Asked again, and among more names than are kept, the answer is the same. */
static void
test_domains_again(void **state)
{
    char name[80];

    for (unsigned i = 0; i < 6000; i++) {
        struct str of, domain;

        snprintf(name, sizeof(name), "Host%u.%s%u.%s", i % 1500, i % 3 == 0 ? "Shop" : "b",
                 i % 1500, i % 2 == 0 ? "com.mx" : "cloudfront.net");
        of = str_of(name);
        domain = domain_registered(of);
        assert_ptr_equal(domain.at, strchr(name, '.') + 1);
        assert_ptr_equal(domain.at + domain.len, name + of.len);
        assert_int_equal(domain_is_hosted(of), i % 2 == 1);
    }
    assert_true(str_is(domain_registered(str_of("com.mx")), "com.mx"));
    assert_true(str_is(domain_registered(str_of("com.mx")), "com.mx"));
    assert_true(str_is(domain_registered(str_of("192.0.2.1")), "192.0.2.1"));
    assert_true(str_is(domain_registered(str_of("192.0.2.1")), "192.0.2.1"));
    assert_true(str_is(domain_registered(str_of("")), ""));
    memset(name, 'a', sizeof(name));
    memcpy(name + 60, ".example.com", 13);
    assert_true(str_is(domain_registered(str_of(name)), "example.com"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_no_data), cmocka_unit_test(test_data_is_data),
        cmocka_unit_test(test_bytes_and_labels),  cmocka_unit_test(test_domains),
        cmocka_unit_test(test_domains_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
