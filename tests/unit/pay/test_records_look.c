/* SPDX-License-Identifier: Apache-2.0 */
/* Day or month first, decimal point or comma, by what the records themselves say, in logs of lines and of
 * JSON. */
#include "pay_bench.h"

#include "common/vtime.h"

static const char MAP[] =
    "time: {field: [t], formats: [\"%m/%d/%Y %H:%M\", \"%d/%m/%Y %H:%M\"], zone: UTC}\n"
    "amount: {field: [a]}\n"
    "fields: {id: [i]}\n";
static const char LINES[] =
    "reader: text\npatterns: [\"^(?<i>\\\\w+) (?<t>\\\\S+ \\\\S+) (?<a>\\\\S+)$\"]\n";
static const char JSON[] = "reader: json\nrecognise: [i, t, a]\n";

struct want {
    const char *time;
    int64_t amount;
};

static void
check(const char *head, const char *log, const struct want *want, size_t count)
{
    struct conf_error why = {.text = ""};
    struct logfile_options options = {.currency = "MXN", .source = "x", .mark_key = {1, 2}};
    struct profile *profile;
    struct pay_bench b;
    struct logfile *f;
    platform_file file;
    struct buf yaml;
    char path[256];
    size_t n = 0;

    pay_bench_init(&b);
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "format: x\nfamily: x\nabout: x\n%s%s", head, MAP);
    if (profile_parse("x", buf_slice(&yaml), &profile, &why) != VG_OK)
        fail_msg("%s", why.text);
    options.profile = profile;
    options.tokens = b.tokens;
    options.zone = b.zone;
    pay_bench_write(&b, "log", "wb", log, strlen(log));
    (void)snprintf(path, sizeof path, "%s/log", b.folder);
    assert_int_equal(platform_file_open(path, &file), VG_OK);
    assert_int_equal(logfile_new(&options, file, &f), VG_OK);
    while (logfile_next(f, true) == VG_OK) {
        size_t txns;
        const struct txn_view *t = logfile_txns(f, &txns);
        char time[VTIME_TEXT_MAX];

        assert_int_equal(txns, 1);
        assert_true(n < count);
        assert_memory_equal(vtime_format(t->time_ns, time), want[n].time, strlen(want[n].time));
        assert_int_equal(t->amount, want[n].amount);
        n++;
    }
    assert_int_equal(n, count);
    assert_int_equal(logfile_counts(f)->records, count);
    assert_int_equal(logfile_counts(f)->cards, 0);
    logfile_free(f);
    profile_free(profile);
    buf_done(&yaml);
    pay_bench_done(&b);
}

static void
test_lines(void **state)
{
    static const struct want day[] = {{"2026-03-04T10:00", 970000}, {"2026-03-25T10:00", 123450}};
    static const struct want month[] = {{"2026-03-04T10:00", 970}, {"2026-03-25T10:00", 123450}};

    check(LINES, "a1 04/03/2026 10:00 9.700\na2 25/03/2026 10:00 1.234,50\n", day, 2);
    check(LINES, "a1 03/04/2026 10:00 9.70\na2 03/25/2026 10:00 1,234.50\n", month, 2);
}

static void
test_json(void **state)
{
    static const struct want day[] = {{"2026-03-04T10:00", 970000}, {"2026-03-25T10:00", 123450}};
    static const struct want number[] = {{"2026-03-04T10:00", 971}, {"2026-03-25T10:00", 123450}};

    check(JSON,
          "{\"i\":\"a1\",\"t\":\"04/03/2026 10:00\",\"a\":\"9.700\"}\n"
          "{\"i\":\"a2\",\"t\":\"25/03/2026 10:00\",\"a\":\"1.234,50\"}\n",
          day, 2);
    check(JSON,
          "[{\"i\":\"a1\",\"t\":\"04/03/2026 10:00\",\"a\":9.705},\n"
          "{\"i\":\"a2\",\"t\":\"25/03/2026 10:00\",\"a\":1234.5}]\n",
          number, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_json)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
