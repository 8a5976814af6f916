/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/token.h"

static const uint8_t KEY[TOKEN_KEY_SIZE] = {7, 7, 7};

/* A token that is remembered is the one that would be made; kinds are told apart. */
static void
test_remembered(void **state)
{
    enum { VALUES = 60000, STEP = 7919 };
    struct tokens *fresh, *known;
    char a[TOKEN_TEXT_MAX], b[TOKEN_TEXT_MAX], value[24];

    assert_int_equal(tokens_new(KEY, &known), VG_OK);
    assert_int_equal(tokens_new(KEY, &fresh), VG_OK);
    for (unsigned i = 0; i < VALUES; i++) {
        unsigned n = (i % 3 == 0 ? i : i * STEP) % VALUES;
        enum token_kind kind = i % 2 ? TOKEN_CARD : TOKEN_MAIL;
        struct slice s;

        (void)snprintf(value, sizeof value, "%u", n);
        s = slice_of(value, strlen(value));
        assert_int_equal(tokens_make(known, kind, s, a), VG_OK);
        assert_int_equal(tokens_make(known, TOKEN_NAME, s, b), VG_OK);
        assert_string_not_equal(a, b);
        assert_int_equal(tokens_make(known, kind, s, b), VG_OK);
        assert_string_equal(a, b);
        if (i % 1000 == 0) {
            tokens_free(fresh);
            assert_int_equal(tokens_new(KEY, &fresh), VG_OK);
        }
        assert_int_equal(tokens_make(fresh, kind, s, b), VG_OK);
        assert_string_equal(a, b);
    }
    tokens_free(known);
    tokens_free(fresh);
}

/* Tokens are stored and compared between shops: they must never change. */
static void
test_form(void **state)
{
    struct tokens *t;
    char text[TOKEN_TEXT_MAX];

    assert_int_equal(tokens_new(KEY, &t), VG_OK);
    assert_int_equal(tokens_make(t, TOKEN_CARD, slice_of("4111111111111111", 16), text), VG_OK);
    /* HMAC-SHA256 of "card_4111111111111111" by openssl(1), half bytes from a on. */
    assert_string_equal(text, "card_maemkhocenfeffdgihkihnpojmoeedoi");
    tokens_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
