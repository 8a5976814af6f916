/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/secret.h"

static void
test_names(void **state)
{
    static const char *const secret[] = {
        "cvv",
        "CVV2",
        "card.cvc",
        "Card CVC",
        "securityCode",
        "Security Code",
        "security_code",
        "card.securityCode",
        "código de seguridad",
        "CÓDIGO DE SEGURIDAD",
        "Codigo seguridad",
        "cod_seguridad",
        "clave de seguridad",
        "PIN",
        "nip",
        "pin_block",
        "pinBlock",
        "card_verification_value",
        "track2",
        "track_2_data",
        "Pista 2",
        "csc",
        "data.object.card_code",
    };
    static const char *const fine[] = {
        "Card CVC Status",
        "checks.cvc_check",
        "cvv_result",
        "CVV Response",
        "shipping",
        "pinterest_id",
        "security_deposit",
        "codigo",
        "reason",
        "tracking_number",
        "Discount",
        "code",
        "customer_pin_verified",
        "",
    };

    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        if (!secret_name(str_of(secret[i])))
            fail_msg("%s", secret[i]);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (secret_name(str_of(fine[i])))
            fail_msg("%s", fine[i]);
}

static void
test_text(void **state)
{
    static const char *const cases[][2] = {
        {"declined cvv=123 exp", "declined cvv=*** exp"},
        {"CVV2: \"9876\"", "CVV2: \"****\""},
        {"código de seguridad 456, otra vez", "código de seguridad ***, otra vez"},
        {"security code: 0001", "security code: ****"},
        {"nip 4321", "nip ****"},
        {"PIN-4321", "PIN-4321"},
        {"cvv mismatch 2026", "cvv mismatch 2026"},
        {"cvc 12", "cvc 12"},
        {"order 123 total 456", "order 123 total 456"},
        {"cvv 1234567", "cvv 1234567"},
        {"cvv", "cvv"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct own text = own(cases[i][0]);

        (void)secret_mask((char *)text.block, text.text.left);
        if (text.text.left != strlen(cases[i][1]) ||
            memcmp(text.block, cases[i][1], text.text.left) != 0)
            fail_msg("%s: %.*s", cases[i][0], (int)text.text.left, (const char *)text.block);
        free(text.block);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_text)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
