/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/envelope.h"

/* The records, each in [], damaged ones in (), joined. */
static void
records(const char *text, size_t len, char out[1024])
{
    const struct str inside[] = {str_of("results"), str_of("orders")};
    struct own o = own_n(text, len);
    struct slice rest = o.text;
    size_t n = 0, start, end, next, lines;

    out[0] = '\0';
    while (rest.left > 0 && n < 900) {
        enum vg_err err = envelope_record(rest, inside, 2, true, &start, &end, &next, &lines);
        struct slice record;

        if (err == VG_AGAIN)
            break;
        assert_true(next > 0 && next <= rest.left && start <= end && end <= rest.left);
        record = bytes_part(rest, start, end);
        n += (size_t)snprintf(out + n, 1024 - n, err == VG_OK ? "[%.*s]" : "(%.*s)",
                              (int)record.left, record.left > 0 ? (const char *)record.at : "");
        slice_skip(&rest, next);
    }
    free(o.block);
}

static void
test_pages(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"a\":1}\n{\"a\":2}\n", "[{\"a\":1}][{\"a\":2}]"},
        {"[{\"a\":1},{\"a\":2}]", "[{\"a\":1}][{\"a\":2}]"},
        {"{\"results\":[{\"a\":1},{\"a\":2}],\"paging\":{\"total\":2}}", "[{\"a\":1}][{\"a\":2}]"},
        {"{\"paging\": {\"results\": [{}]}, \"x\": \"y,}\",\n \"results\": [\n {\"a\": 1} ] }\n",
         "[{\"a\": 1}]"},
        {"{\"results\":[{\"a\":1}]}\n{\"results\":[{\"a\":2}]}\n", "[{\"a\":1}][{\"a\":2}]"},
        {"{\"orders\":[],\"n\":null}", ""},
        {"{\"results\":[{\"results\":7}]}", "[{\"results\":7}]"},
        {"{\"results\":[{\"a\":1}", "[{\"a\":1}]"},
        {"{\"results\":[{\"a\":1", "({\"a\":1)"},
    };
    char got[1024];

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        records(cases[i].text, strlen(cases[i].text), got);
        assert_string_equal(got, cases[i].want);
    }
}

static void
test_truncations(void **state)
{
    static const char text[] = "{\"p\": {\"t\": [1, \"]\\\"\"]}, \"results\": [{\"a\": \"x\\\\\"}, "
                               "{\"a\": 2}], \"m\": \"n\"}";
    char got[1024];

    for (size_t n = 0; n < sizeof text; n++)
        records(text, n, got);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
