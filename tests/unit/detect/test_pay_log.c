/* SPDX-License-Identifier: Apache-2.0 */
/* pay.log_silent and pay.log_unreadable. */
#include "tests/unit/detect/fake_judge.h"

#include "agent/detect/pay_log.h"

static struct judge judge;

/* 2026-03-02 00:00 UTC, a Monday; the shop has no hours in the configuration. */
#define DAY0 (INT64_C(1772409600) * VG_SEC_NS)

static void
sale(void *self, const char *source, int64_t t_ns)
{
    struct txn_view t = {.time_ns = t_ns, .source = str_of(source), .label = -1};
    struct obs obs = {.kind = OBS_TXN, .time_ns = t_ns, .txn = &t};

    PAY_LOG_SILENT.observe(self, &obs);
}

static void
tick(void *self, int64_t t_ns)
{
    struct obs obs = {.kind = OBS_TICK, .time_ns = t_ns};

    PAY_LOG_SILENT.observe(self, &obs);
}

/* Monday to Saturday from nine to nine a sale every ten minutes, and a tick every five. */
static void
live(void *self, unsigned from, unsigned until)
{
    for (unsigned day = from; day < until; day++) {
        for (unsigned min = 0; min < 1440; min += 5) {
            int64_t t = DAY0 + day * VG_DAY_NS + min * VG_MIN_NS;

            if (day % 7 != 6 && min >= 540 && min < 1260 && min % 10 == 0)
                sale(self, min % 20 == 0 ? "caja.log" : "CAJA.log.1", t);
            tick(self, t);
        }
    }
}

static void
test_name(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"Ventas-2026-03-02.CSV", "ventas-#-#-#.csv"},
        {"caja.log.1.gz", "caja.log"},
        {"caja.log-20260302.zst", "caja.log"},
        {"caja.log", "caja.log"},
        {"12", "#"},
        {"", "-"},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char got[PAY_LOG_NAME_MAX];

        pay_log_name(str_of(cases[i].in), got);
        assert_string_equal(got, cases[i].want);
    }
}

static void
test_silent(void **state)
{
    void *self = fake_make(&PAY_LOG_SILENT, &judge, NULL);
    int64_t day = DAY0 + 28 * VG_DAY_NS;

    (void)state;
    live(self, 0, 28); /* nights and Sundays are no silence */
    assert_int_equal(judge.count, 0);
    for (unsigned min = 0; min < 1440; min += 5) { /* and now nothing, all day */
        if (min == 540)
            sale(self, "caja.log", day + min * VG_MIN_NS);
        tick(self, day + min * VG_MIN_NS);
    }
    assert_int_equal(judge.count, 1); /* once */
    assert_string_equal(judge.report[0].detector, "pay.log_silent");
    assert_string_equal(judge.report[0].subject, "caja.log");
    assert_int_equal(json_integer_value(json_object_get(judge.report[0].facts, "silent")), 3600);
    assert_true(judge.report[0].time_ns == day + 600 * VG_MIN_NS);
    fake_judge_done(&judge);
    PAY_LOG_SILENT.free(self);
}

/* A log that comes once a day with the sales of the day before. */
static void
test_daily_export(void **state)
{
    void *self = fake_make(&PAY_LOG_SILENT, &judge, NULL);

    (void)state;
    for (unsigned day = 1; day < 40; day++) {
        for (unsigned min = 0; min < 1440; min += 15) {
            if (min == 420 && day < 36)
                for (unsigned s = 540; s < 1260; s += 10)
                    sale(self, "export-2026.csv", DAY0 + (day - 1) * VG_DAY_NS + s * VG_MIN_NS);
            tick(self, DAY0 + day * VG_DAY_NS + min * VG_MIN_NS);
        }
        assert_int_equal(judge.count, day < 37 ? 0 : 1); /* after two and a half usual ones */
    }
    fake_judge_done(&judge);
    PAY_LOG_SILENT.free(self);
}

/* Young logs, and a back-test (which has no ticks). */
static void
test_quiet(void **state)
{
    void *self = fake_make(&PAY_LOG_SILENT, &judge, NULL);

    (void)state;
    live(self, 0, 6);
    for (unsigned h = 0; h < 500; h++)
        tick(self, DAY0 + 6 * VG_DAY_NS + h * VG_HOUR_NS);
    sale(self, "otra.log", DAY0 + 400 * VG_DAY_NS);
    assert_int_equal(judge.count, 0);
    PAY_LOG_SILENT.free(self);
}

/* Any eight bytes of its row become a number far below nothing: refused, or taken without harm. */
static void
test_silent_hostile_row(void **state)
{
    static const int64_t odd[] = {-3, INT64_MIN, INT64_MAX};
    struct fake_store store = {.count = 0};
    void *self = fake_make(&PAY_LOG_SILENT, &judge, NULL);
    const struct fake_row *r = store.row;

    (void)state;
    live(self, 0, 20);
    PAY_LOG_SILENT.save(self, fake_out(&store, &PAY_LOG_SILENT));
    PAY_LOG_SILENT.free(self);
    for (size_t i = 1; i < store.count; i++)
        r = store.row[i].len > r->len ? &store.row[i] : r; /* the log's own */
    for (size_t at = 0; at + 8 <= r->len; at++) {
        for (size_t k = 0; k < VG_ARRAY_LEN(odd); k++) {
            uint8_t *blob = malloc(r->len);

            assert_non_null(blob);
            memcpy(blob, r->blob, r->len);
            for (unsigned i = 0; i < 8; i++)
                blob[at + i] = (uint8_t)((uint64_t)odd[k] >> (56 - 8 * i));
            self = fake_make(&PAY_LOG_SILENT, &judge, NULL);
            (void)PAY_LOG_SILENT.load(self, slice_of(r->key, r->key_len), r->version,
                                      slice_of(blob, r->len));
            tick(self, DAY0 + 21 * VG_DAY_NS);
            sale(self, "caja.log", DAY0 + 30 * VG_DAY_NS);
            tick(self, DAY0 + 31 * VG_DAY_NS);
            PAY_LOG_SILENT.free(self);
            free(blob);
        }
    }
    fake_store_done(&store);
    fake_judge_done(&judge);
}

static void
test_silent_restart(void **state)
{
    struct judge other = {.count = 0};
    struct fake_store store = {.count = 0};
    void *a = fake_make(&PAY_LOG_SILENT, &judge, NULL),
         *b = fake_make(&PAY_LOG_SILENT, &other, NULL);

    (void)state;
    for (unsigned day = 0; day < 26; day++) {
        live(a, day, day + 1);
        live(b, day, day + 1);
        if (day % 6 == 5)
            b = fake_restart(&PAY_LOG_SILENT, b, &store, &other);
    }
    for (unsigned h = 0; h < 48; h++) {
        tick(a, DAY0 + 26 * VG_DAY_NS + h * VG_HOUR_NS);
        tick(b, DAY0 + 26 * VG_DAY_NS + h * VG_HOUR_NS);
        if (h % 7 == 0)
            b = fake_restart(&PAY_LOG_SILENT, b, &store, &other);
    }
    assert_int_equal(judge.count, 1);
    fake_same_reports(&judge, &other);
    fake_truncate_rows(&PAY_LOG_SILENT, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&judge);
    fake_judge_done(&other);
    PAY_LOG_SILENT.free(a);
    PAY_LOG_SILENT.free(b);
}

/* ---- pay.log_unreadable ---- */

static void
lines(void *self, const char *source, unsigned records, unsigned bad, bool unknown)
{
    const struct log_view v = {.source = str_of(source),
                               .records = records,
                               .bad = bad,
                               .like = str_of("aaa 00"),
                               .unknown = unknown};
    struct obs obs = {.kind = OBS_LOG, .time_ns = DAY0, .log = &v};

    PAY_LOG_UNREADABLE.observe(self, &obs);
}

static void
test_share_rises(void **state)
{
    void *self = fake_make(&PAY_LOG_UNREADABLE, &judge, NULL);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        lines(self, "caja.log", 50, 1, false); /* two in a hundred, as ever */
    assert_int_equal(judge.count, 0);
    for (unsigned i = 0; i < 200; i++)
        lines(self, "caja.log", 1, 1, false); /* the update */
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "caja.log");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "like")),
                        "aaa 00");
    for (unsigned i = 0; i < 100; i++)
        lines(self, "caja.log", 50, 1, false); /* mended */
    for (unsigned i = 0; i < 200; i++)
        lines(self, "caja.log", 2, 1, false); /* and broken again */
    assert_int_equal(judge.count, 2);
    fake_judge_done(&judge);
    PAY_LOG_UNREADABLE.free(self);
}

/* A young log, whose first lines could be read. */
static void
test_share_of_a_young_log(void **state)
{
    void *self = fake_make(&PAY_LOG_UNREADABLE, &judge, NULL);

    (void)state;
    lines(self, "caja.log", 301, 1, false);
    for (unsigned i = 0; i < 30; i++)
        lines(self, "caja.log", 1, 1, false);
    assert_int_equal(judge.count, 1);
    fake_judge_done(&judge);
    PAY_LOG_UNREADABLE.free(self);
}

static void
test_share_quiet(void **state)
{
    void *self = fake_make(&PAY_LOG_UNREADABLE, &judge, NULL);

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        lines(self, "a.csv", 100, 2, false); /* a sum at the end of each day */
        lines(self, "b.csv", 1000, 1, false);
    }
    lines(self, "c.csv", 9, 9, false);   /* nine lines are nothing */
    lines(self, "foto.txt", 0, 0, true); /* any file in a folder of downloads */
    assert_int_equal(judge.count, 0);
    fake_judge_done(&judge);
    PAY_LOG_UNREADABLE.free(self);
}

static void
test_format_lost(void **state)
{
    void *self = fake_make(&PAY_LOG_UNREADABLE, &judge, NULL);

    (void)state;
    lines(self, "ventas-2026-03-01.csv", 0, 0, false);
    lines(self, "ventas-2026-03-02.csv", 0, 0, true);
    lines(self, "ventas-2026-03-03.csv", 0, 0, true);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].detector, "pay.log_unreadable");
    assert_string_equal(judge.report[0].subject, "ventas-#-#-#.csv");
    assert_true(json_is_true(json_object_get(judge.report[0].facts, "format_unknown")));
    fake_judge_done(&judge);
    PAY_LOG_UNREADABLE.free(self);
}

static void
test_unreadable_restart(void **state)
{
    struct judge other = {.count = 0};
    struct fake_store store = {.count = 0};
    void *a = fake_make(&PAY_LOG_UNREADABLE, &judge, NULL);
    void *b = fake_make(&PAY_LOG_UNREADABLE, &other, NULL);

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        unsigned bad = i > 200 ? 20 : 1;
        char source[24];

        (void)snprintf(source, sizeof source, "log%c.csv", 'a' + (int)(i % 7));
        lines(a, source, 60, bad, i % 50 == 49);
        lines(b, source, 60, bad, i % 50 == 49);
        if (i % 11 == 0)
            b = fake_restart(&PAY_LOG_UNREADABLE, b, &store, &other);
    }
    assert_true(judge.count >= 7);
    fake_same_reports(&judge, &other);
    fake_truncate_rows(&PAY_LOG_UNREADABLE, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&judge);
    fake_judge_done(&other);
    PAY_LOG_UNREADABLE.free(a);
    PAY_LOG_UNREADABLE.free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_daily_export),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_silent_restart),
        cmocka_unit_test(test_silent_hostile_row),
        cmocka_unit_test(test_share_rises),
        cmocka_unit_test(test_share_quiet),
        cmocka_unit_test(test_share_of_a_young_log),
        cmocka_unit_test(test_format_lost),
        cmocka_unit_test(test_unreadable_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
