/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/amount.h"

#define BAD INT64_MIN

static int64_t
parse(const char *text, enum amount_style style, unsigned decimals, bool minor)
{
    struct own o = own(text);
    int64_t out = BAD;
    enum vg_err err = amount_parse(o.text, style, decimals, minor, &out);

    assert_true(err == VG_OK || err == VG_ERR_FORMAT || err == VG_ERR_LIMIT);
    assert_true((err == VG_OK) == (out != BAD));
    free(o.block);
    return out;
}

static void
test_writings(void **state)
{
    static const struct {
        const char *text;
        enum amount_style style;
        unsigned decimals;
        bool minor;
        int64_t want;
    } cases[] = {
        {"79", AMOUNT_DOT, 2, false, 7900},
        {"79.5", AMOUNT_DOT, 2, false, 7950},
        {".5", AMOUNT_DOT, 2, false, 50},
        {"5.", AMOUNT_DOT, 2, false, 500},
        {"1,500.00", AMOUNT_DOT, 2, false, 150000},
        {"1,234,567.89", AMOUNT_DOT, 2, false, 123456789},
        {"1'500.00", AMOUNT_DOT, 2, false, 150000},
        {"-$0.93", AMOUNT_DOT, 2, false, -93},
        {"$-0.93", AMOUNT_DOT, 2, false, -93},
        {"(12.00)", AMOUNT_DOT, 2, false, -1200},
        {"12.00-", AMOUNT_DOT, 2, false, -1200},
        {"+12.00", AMOUNT_DOT, 2, false, 1200},
        {" 12.00 ", AMOUNT_DOT, 2, false, 1200},
        {"1.234,56 MXN", AMOUNT_COMMA, 2, false, 123456},
        {"9.700", AMOUNT_DOT, 2, false, 970},
        {"9.700", AMOUNT_COMMA, 0, false, 9700},
        {"\xe2\x82\xac 5,00", AMOUNT_COMMA, 2, false, 500},
        {"12.345", AMOUNT_DOT, 3, false, 12345},
        {"12.34", AMOUNT_DOT, 3, false, 12340},
        {"15000", AMOUNT_DOT, 0, false, 15000},
        {"15000.00", AMOUNT_DOT, 0, false, 15000},
        {"2000", AMOUNT_DOT, 2, true, 2000},
        {"-2000", AMOUNT_DOT, 2, true, -2000},
        /* rounded half away from zero, by the first digit that is cut off */
        {"12.505", AMOUNT_DOT, 2, false, 1251},
        {"12.504999", AMOUNT_DOT, 2, false, 1250},
        {"-12.505", AMOUNT_DOT, 2, false, -1251},
        {"0.995", AMOUNT_DOT, 2, false, 100},
        {"9999999999.99", AMOUNT_DOT, 2, false, AMOUNT_MAX},
        /* no amounts */
        {"", AMOUNT_DOT, 2, false, BAD},
        {"$", AMOUNT_DOT, 2, false, BAD},
        {"n/a", AMOUNT_DOT, 2, false, BAD},
        {"1.2.3", AMOUNT_DOT, 2, false, BAD},
        {"1.234,56", AMOUNT_DOT, 2, false, BAD},
        {"2e5", AMOUNT_DOT, 2, false, BAD},
        {"1;2", AMOUNT_DOT, 2, false, BAD},
        {"12(3", AMOUNT_DOT, 2, false, BAD},
        {"10000000000.00", AMOUNT_DOT, 2, false, BAD},
        {"9999999999.995", AMOUNT_DOT, 2, false, BAD}, /* rounding up over the cap */
        {"999999999999999999999999999999", AMOUNT_DOT, 2, false, BAD},
        {"0000000000000000000000000000000000000000000000000000000000000000001", AMOUNT_DOT, 2,
         false, BAD},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        if (parse(cases[i].text, cases[i].style, cases[i].decimals, cases[i].minor) !=
            cases[i].want)
            fail_msg("%s", cases[i].text);
}

static void
test_currencies(void **state)
{
    char code[4] = "";
    struct own o = own(" mxn\r");

    assert_true(amount_currency(o.text, code));
    assert_string_equal(code, "MXN");
    free(o.block);
    assert_false(amount_currency(slice_of("MX", 2), code));
    assert_false(amount_currency(slice_of("MXN ARS", 7), code));
    assert_false(amount_currency(slice_of("M4N", 3), code));
    assert_false(amount_currency(slice_of("", 0), code));
    assert_string_equal(code, "MXN");
    assert_true(amount_currency(slice_of("484", 3), code));
    assert_string_equal(code, "MXN");
    assert_true(amount_currency(slice_of("986", 3), code));
    assert_string_equal(code, "BRL");
    assert_false(amount_currency(slice_of("999", 3), code));
    assert_int_equal(amount_decimals("MXN"), 2);
    assert_int_equal(amount_decimals("JPY"), 0);
    assert_int_equal(amount_decimals("CLP"), 0);
    assert_int_equal(amount_decimals("KWD"), 3);
    assert_int_equal(amount_decimals("XXX"), 2);
    assert_int_equal(amount_decimals((const char[4]){""}), 2);
}

static enum amount_style
decide(const char *const *cells)
{
    struct amount_evidence e = {0};

    for (; *cells != NULL; cells++)
        amount_look(&e, slice_of(*cells, strlen(*cells)));
    return amount_decide(&e, NULL);
}

/* A column's style is decided over its cells: the ambiguous ones follow the clear ones. */
static void
test_style(void **state)
{
    assert_int_equal(decide((const char *const[]){"1,500.00", "9", NULL}), AMOUNT_DOT);
    assert_int_equal(decide((const char *const[]){"9.700", "1.234,50", NULL}), AMOUNT_COMMA);
    assert_int_equal(decide((const char *const[]){"9.700", "12,5", NULL}), AMOUNT_COMMA);
    assert_int_equal(decide((const char *const[]){"9.700", "12.5", NULL}), AMOUNT_DOT);
    assert_int_equal(decide((const char *const[]){"9.700", "14.550", "0", NULL}), AMOUNT_COMMA);
    assert_int_equal(decide((const char *const[]){"9,700", "14,550", "0", NULL}), AMOUNT_DOT);
    assert_int_equal(decide((const char *const[]){"1.234.567", NULL}), AMOUNT_COMMA);
    assert_int_equal(decide((const char *const[]){"1,234,567", NULL}), AMOUNT_DOT);
    assert_int_equal(decide((const char *const[]){"12", "", "x", NULL}), AMOUNT_DOT);
    assert_int_equal(decide((const char *const[]){"1.000", "0.600", NULL}), AMOUNT_DOT);
    assert_int_equal(decide((const char *const[]){"1,000", "0,600", NULL}), AMOUNT_COMMA);
}

/* Where a column's own cells leave it open the other columns of the file say it. */
static void
test_style_of_others(void **state)
{
    struct amount_evidence own_cells = {0}, others = {0};

    amount_look(&own_cells, slice_of("1.000", 5));
    assert_int_equal(amount_decide(&own_cells, &others), AMOUNT_COMMA);
    amount_look(&others, slice_of("12.50", 5));
    assert_int_equal(amount_decide(&own_cells, &others), AMOUNT_DOT);
    amount_look(&own_cells, slice_of("12,5", 4));
    assert_int_equal(amount_decide(&own_cells, &others), AMOUNT_COMMA);
}

static void
test_truncations(void **state)
{
    static const char text[] = " (MXN $1'234.567,899-) ";

    for (size_t n = 0; n < sizeof text; n++) {
        struct own o = own_n(text, n);
        struct amount_evidence e = {0};
        char code[4];
        int64_t out;

        for (int style = AMOUNT_DOT; style <= AMOUNT_COMMA; style++)
            if (amount_parse(o.text, (enum amount_style)style, 2, false, &out) == VG_OK)
                assert_true(out <= AMOUNT_MAX && out >= -AMOUNT_MAX);
        amount_look(&e, o.text);
        (void)amount_currency(o.text, code);
        free(o.block);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writings),    cmocka_unit_test(test_currencies),
        cmocka_unit_test(test_style),       cmocka_unit_test(test_style_of_others),
        cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
