/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/dates.h"

/* What the dates say with "day first" listed first: 'd' or 'm', and how sure it is. */
static char
decide(const char *const *dates, enum dates_found *found)
{
    struct profile *p = calloc(1, sizeof *p);
    struct dates d;
    uint32_t dropped;

    assert_non_null(p);
    p->formats[p->format_count++] = "%d/%m/%Y";
    p->formats[p->format_count++] = "iso";
    p->formats[p->format_count++] = "%m/%d/%Y";
    dates_init(&d, p);
    for (; *dates != NULL; dates++)
        dates_look(&d, slice_of(*dates, strlen(*dates)), slice_of(NULL, 0));
    dropped = dates_decide(&d, found);
    free(p);
    assert_true(dropped == 1 || dropped == 4);
    return dropped == 1 ? 'm' : 'd';
}

static void
test_decide(void **state)
{
    static const struct {
        const char *dates[8];
        char want;
        enum dates_found found;
    } cases[] = {
        {{"03/04/2026", "25/04/2026", NULL}, 'd', DATES_PROVEN},
        {{"03/04/2026", "04/25/2026", NULL}, 'm', DATES_PROVEN},
        {{"03/02/2026", "03/03/2026", "03/04/2026", "03/05/2026", NULL}, 'm', DATES_LIKELY},
        {{"02/03/2026", "03/03/2026", "04/03/2026", "05/03/2026", NULL}, 'd', DATES_LIKELY},
        {{"05/03/2026", "04/03/2026", "03/03/2026", NULL}, 'd', DATES_LIKELY}, /* newest first */
        {{"03/04/2026", NULL}, 'd', DATES_GUESS},
        {{"03/04/2026", "03/04/2026", NULL}, 'd', DATES_GUESS},
        {{"2026-03-04", NULL}, 'd', DATES_PLAIN},
        {{"", "ayer", NULL}, 'd', DATES_PLAIN},
        {{"13/13/2026", NULL}, 'd', DATES_PLAIN},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        enum dates_found found;

        assert_int_equal(decide(cases[i].dates, &found), cases[i].want);
        assert_int_equal(found, cases[i].found);
    }
}

static void
test_one_way(void **state)
{
    struct profile *p = calloc(1, sizeof *p);
    enum dates_found found;
    struct dates d;

    assert_non_null(p);
    p->formats[p->format_count++] = "%d/%m/%Y %H:%M";
    p->formats[p->format_count++] = "%m/%d/%y %H:%M"; /* another year: no rival */
    dates_init(&d, p);
    dates_look(&d, slice_of("03/04/2026", 10), slice_of("10:00", 5));
    assert_int_equal(dates_decide(&d, &found), 0);
    assert_int_equal(found, DATES_PLAIN);
    free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decide),
        cmocka_unit_test(test_one_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
