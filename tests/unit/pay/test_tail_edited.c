/* SPDX-License-Identifier: Apache-2.0 */
/* A log that lacks records which had stood in it is told of; none of what rotation and exports do to a
 * file is taken for that. Simulated clock, killed at every point between reading and telling. */
#include "pay_bench.h"

#include "agent/pay/sensor.h"
#include "agent/pay/tail.h"
#include "common/vtime.h"

enum { ROWS_MAX = 64 };

/* What the keeper keeps, and what was told of replaced files. */
struct rig {
    struct pay_bench b;
    struct tail *tail;
    struct pay_sensor sensor;
    char *rows[ROWS_MAX];
    int64_t now_ns;
    unsigned told;
    uint64_t lost, held;
    char name[64];
};

static void
on_position(void *ctx, const char *source, struct slice json)
{
    struct rig *r = ctx;
    unsigned long at = strtoul(source + 5, NULL, 10);

    assert_true(at < ROWS_MAX);
    free(r->rows[at]);
    r->rows[at] = strndup((const char *)json.at, json.left);
}

static void
on_replaced(void *ctx, const char *name, struct seen_recent *recent)
{
    struct rig *r = ctx;

    if (span_lost(&recent->spans) > 0) {
        r->told++;
        r->lost = span_lost(&recent->spans);
        r->held = recent->spans.was.rows;
        (void)snprintf(r->name, sizeof r->name, "%s", name);
    }
    pay_sensor_replaced(&r->sensor, name, recent);
}

static void
start(struct rig *r)
{
    const struct tail_options options = {.profiles = &r->b.profiles,
                                         .tokens = r->b.tokens,
                                         .zone = r->b.zone,
                                         .currency = "MXN",
                                         .replaced = on_replaced,
                                         .ctx = r};
    struct conf_error why = {.text = ""};

    assert_int_equal(tail_new(&options, &r->tail), VG_OK);
    assert_int_equal(tail_add(r->tail, r->b.folder, "auto", &why), VG_OK);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        char source[24];
        json_t *position = r->rows[i] != NULL ? json_loads(r->rows[i], 0, NULL) : NULL;

        (void)snprintf(source, sizeof source, "file-%zu", i);
        if (position != NULL)
            assert_int_equal(tail_position(r->tail, source, position), VG_OK);
        json_decref(position);
    }
    assert_int_equal(pay_sensor_init(&r->sensor, NULL, r->b.tokens), VG_OK);
}

static void
stop(struct rig *r)
{
    tail_free(r->tail);
    pay_sensor_done(&r->sensor);
}

static void
rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    pay_bench_init(&r->b);
    r->now_ns = 1000;
    start(r);
}

static void
rig_done(struct rig *r)
{
    stop(r);
    for (size_t i = 0; i < ROWS_MAX; i++)
        free(r->rows[i]);
    pay_bench_done(&r->b);
}

/* Reads what is there, every second for so long, and commits. */
static void
work(struct rig *r, unsigned seconds)
{
    const struct sink_ops ops = {.position = on_position};
    const struct sink sink = {.ops = &ops, .ctx = r};

    for (unsigned i = 0; i < seconds; i++) {
        struct seen_recent *recent;
        struct logfile *log;
        int64_t wait_ns;

        r->now_ns += VG_SEC_NS;
        tail_look(r->tail);
        while (tail_next(r->tail, r->now_ns, &log, &recent, &wait_ns) == VG_OK) {
            uint64_t held = recent->spans.was.rows;

            assert_int_equal(pay_sensor_take(&r->sensor, log, recent), VG_OK);
            /* Told while it was read: what comes now is so far behind what was there. */
            if (recent->spans.was.rows == 0 && held > recent->spans.again_rows &&
                recent->spans.again_rows > 0) {
                r->told++;
                r->held = held;
                r->lost = held - recent->spans.again_rows;
                (void)snprintf(r->name, sizeof r->name, "%s", logfile_source(log));
            }
        }
        tail_save(r->tail, &sink);
    }
}

static void
shell(const struct rig *r, const char *command)
{
    char full[1024];

    (void)snprintf(full, sizeof full, "cd '%s' && %s", r->b.folder, command);
    assert_int_equal(system(full), 0);
}

/* Sales `from` to `until`, a minute apart, at the end of the file. */
static void
append(const struct rig *r, const char *name, unsigned from, unsigned until)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", r->b.folder, name);
    f = fopen(path, "ab");
    assert_non_null(f);
    for (unsigned i = from; i < until; i++)
        fprintf(f, "2026-11-%02u %02u:%02u:00 SALE APPROVED id=L%u amount=12.50 term=T1\n",
                1 + i / 1440, i / 60 % 24, i % 60, i);
    assert_int_equal(fclose(f), 0);
}

static const struct edit {
    const char *how;
    unsigned more; /* sales afterwards */
    unsigned lost;
} EDITS[] = {
    {"sed -i '50d' x.log", 0, 1},                               /* by an editor: a new file */
    {"sed '50,59d' x.log > y && cat y > x.log && rm y", 0, 10}, /* in place */
    {"sed -i '2,99d' x.log", 0, 98},                            /* nearly all */
    {"head -n 80 x.log > y && mv y x.log", 0, 20},              /* shorter */
    {"truncate -s 5000 x.log && sed -i '$d' x.log", 0, 0},      /* counted below */
    {"sed -i '50d' x.log", 5, 1},                               /* and business goes on */
    {"sed -i '50d' x.log", 200, 1},                             /* for hours, at once */
    {"sed -i '1d' x.log", 0, 1},                                /* the first one */
    {"sed -i '1,3d' x.log", 2, 3},
    {"sed -i '1d;50d;99d' x.log", 0, 3},
    {"sed -i '50d' x.log && gzip -n x.log && gunzip x.log.gz", 3, 1}, /* a detour */
};

static void
test_edited(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(EDITS); i++) {
        for (unsigned killed = 0; killed < 4; killed++) { /* never; before, between, after */
            struct rig r;

            rig_init(&r);
            append(&r, "x.log", 0, 100);
            work(&r, 10);
            if (killed == 1)
                stop(&r);
            shell(&r, EDITS[i].how);
            append(&r, "x.log", 100, 100 + EDITS[i].more);
            if (killed == 1)
                start(&r);
            work(&r, 5);
            if (killed == 2) {
                stop(&r);
                start(&r);
            }
            work(&r, 40);
            if (killed == 3) {
                stop(&r);
                start(&r);
            }
            work(&r, 80);
            assert_int_equal(r.told, 1);
            assert_string_equal(r.name, "x.log");
            assert_int_equal(r.held, 100);
            if (EDITS[i].lost > 0)
                assert_int_equal(r.lost, EDITS[i].lost);
            rig_done(&r);
        }
    }
}

/* A log of three days, 150 rows, is emptied; then sales come from one to another. */
static const struct emptied {
    const char *how;
    unsigned from, until;
    bool told;
} EMPTIED[] = {
    {": > x.log", 4403, 4410, true},  /* the next customer is in the new one */
    {"rm x.log", 4403, 4410, true},   /* the till makes it again */
    {": > x.log", 4403, 4470, false}, /* an export that came whole, of the days that follow */
    {": > x.log", 4900, 4910, false}, /* rotated at night to where nobody looks */
    {"mv x.log x.log.1", 4403, 4410, false},
    {"cp x.log x.log.1 && : > x.log", 4403, 4410, false},
    {"gzip -nc x.log > x.log.1.gz && : > x.log", 4403, 4410, false},
};

static void
test_emptied(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(EMPTIED); i++) {
        struct rig r;

        rig_init(&r);
        append(&r, "x.log", 0, 50);
        append(&r, "x.log", 4300, 4400);
        work(&r, 10);
        shell(&r, EMPTIED[i].how);
        work(&r, 5);
        stop(&r);
        start(&r);
        work(&r, 40);
        assert_int_equal(r.told, 0); /* nothing came that says when it is */
        append(&r, "x.log", EMPTIED[i].from, EMPTIED[i].until);
        work(&r, 80);
        if (r.told != EMPTIED[i].told)
            fail_msg("%s: told %u times", EMPTIED[i].how, r.told);
        if (r.told > 0)
            assert_int_equal(r.lost, 150);
        rig_done(&r);
    }
}

/* What happens to logs and exports every day. */
static const char *const DAILY[] = {
    "mv x.log x.log.1",
    "cp x.log x.log.1 && : > x.log",
    "mv x.log x.log.1 && gzip -n x.log.1",
    "mv x.log x.log.1 && zstd -q --rm x.log.1",
    "gzip -nc x.log > x.log.1.gz && : > x.log",
    "mv x.log x.log-20261102",
    "mv x.log gone; rm -f gone; : > x.log", /* rotated out of sight */
    ": > x.log",
    "sed -i 's/id=L7 /id=L7 note=late /' x.log",                   /* the same rows, longer */
    "sed -i 's/SALE APPROVED id=L9 /SALE DECLINED id=L9 /' x.log", /* what became of one */
    "sed -i '30p' x.log",                                          /* one twice */
    "tac x.log > y && cat y > x.log && rm y",                      /* newest first */
    "sed -i '1,60d' x.log",                                        /* an export of later days */
    "sed -i '1d' x.log; echo '2026-11-01 01:40:30 SALE APPROVED id=M1 amount=1.00 term=T1' >> "
    "x.log",                           /* a ring */
    "sed -i 's/id=L0 /id=M0 /' x.log", /* another log */
    "cp x.log y && : > x.log && sleep 0 && mv y x.log",
    "touch x.log && chmod 600 x.log",
};

static void
test_daily(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(DAILY); i++) {
        for (unsigned again = 0; again < 3;
             again++) { /* nothing; sales go on; an export grows too */
            struct rig r;

            rig_init(&r);
            append(&r, "x.log", 0, 100);
            work(&r, 10);
            shell(&r, DAILY[i]);
            work(&r, 2);
            append(&r, "x.log", 100, 100 + 30 * again);
            work(&r, 50);
            if (r.told > 0)
                fail_msg("%s: %llu of %llu", DAILY[i], (unsigned long long)r.lost,
                         (unsigned long long)r.held);
            if (again == 2)
                shell(&r, "cp x.log y && cat y > x.log && rm y");
            work(&r, 50);
            assert_int_equal(r.told, 0);
            rig_done(&r);
        }
    }
}

/* An export of the month so far is written slowly over the old one, every day; then one of the last
 * thirty days; overlapping, never the same length. */
static void
test_exports(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    for (unsigned day = 1; day < 12; day++) {
        unsigned from = day > 8 ? 40 * (day - 8) : 0;

        shell(&r, ": > export.log");
        work(&r, 3);
        append(&r, "export.log", from, from + 20); /* the program takes its time */
        work(&r, 15);
        append(&r, "export.log", from + 20, 60 * day);
        work(&r, 60);
    }
    assert_int_equal(r.told, 0);
    rig_done(&r);
}

/* What a text of spans holds comes back; damage gives none. */
static void
test_text(void **state)
{
    struct spans s = {.rows = 12,
                      .is = {.head = {{UINT64_MAX, 1}}, .last_ns = INT64_MAX / 8, .rows = 7},
                      .was = {.head = {{9, -5}, {8, -4}}, .last_ns = 4, .rows = 100},
                      .again_rows = 98},
                 back;
    char text[SPAN_TEXT + 1];

    (void)state;
    span_text(&s, text);
    span_parse(&back, text);
    assert_memory_equal(&back, &s, sizeof s);
    assert_int_equal(span_lost(&back), 2);
    text[3] = 'G';
    span_parse(&back, text);
    assert_int_equal(back.rows + back.was.rows, 0);
    s.was.head[1].time_ns = INT64_MIN;
    span_text(&s, text);
    span_parse(&back, text);
    assert_int_equal(back.rows + back.was.rows, 0);
    text[160] = '\0'; /* as an older version kept it: nothing to compare with, and no harm */
    text[3] = '0';
    span_parse(&back, text);
    assert_int_equal(back.rows + back.was.rows + back.is.rows, 0);
    span_parse(&back, "12");
    assert_int_equal(span_lost(&back), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edited), cmocka_unit_test(test_emptied),
        cmocka_unit_test(test_daily),  cmocka_unit_test(test_exports),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
