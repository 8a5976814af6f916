/* SPDX-License-Identifier: Apache-2.0 */
/* tail against what log rotation really does to files, with a simulated clock: each line once. */
#include "pay_bench.h"

#include "agent/pay/rotation.h"
#include "agent/pay/sensor.h"
#include "agent/pay/tail.h"
#include "common/vtime.h"

enum { LINES_MAX = 20000, ROWS_MAX = 64 };

/* A keeper's memory: positions of the last commit. */
struct rows {
    char *json[ROWS_MAX];
};

struct rig {
    struct pay_bench b;
    struct tail *tail;
    struct rows rows, pending;
    int64_t now_ns;
    unsigned written;         /* lines so far: ids L0, L1, ... */
    uint8_t seen[LINES_MAX];  /* committed */
    uint8_t taken[LINES_MAX]; /* since the last commit */
    uint64_t rng;
};

static void
rows_free(struct rows *r)
{
    for (size_t i = 0; i < ROWS_MAX; i++)
        free(r->json[i]);
    memset(r, 0, sizeof *r);
}

static void
on_position(void *ctx, const char *source, struct slice json)
{
    struct rig *r = ctx;
    unsigned long at = strtoul(source + 5, NULL, 10);

    assert_true(strncmp(source, "file-", 5) == 0 && at < ROWS_MAX);
    free(r->pending.json[at]);
    r->pending.json[at] = strndup((const char *)json.at, json.left);
}

static const struct sink_ops OPS = {.position = on_position};

static void
tail_start(struct rig *r)
{
    const struct tail_options options = {
        .profiles = &r->b.profiles, .tokens = r->b.tokens, .zone = r->b.zone, .currency = "MXN"};
    struct conf_error why = {.text = ""};

    assert_int_equal(tail_new(&options, &r->tail), VG_OK);
    assert_int_equal(tail_add(r->tail, r->b.folder, "auto", &why), VG_OK);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        char source[24];
        json_t *position;

        if (r->rows.json[i] == NULL)
            continue;
        position = json_loads(r->rows.json[i], 0, NULL);
        assert_non_null(position);
        (void)snprintf(source, sizeof source, "file-%zu", i);
        assert_int_equal(tail_position(r->tail, source, position), VG_OK);
        json_decref(position);
    }
}

static void
rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    pay_bench_init(&r->b);
    r->now_ns = 1000;
    tail_start(r);
}

static void
rig_done(struct rig *r)
{
    tail_free(r->tail);
    rows_free(&r->rows);
    rows_free(&r->pending);
    pay_bench_done(&r->b);
}

static void
commit(struct rig *r)
{
    const struct sink sink = {.ops = &OPS, .ctx = r};

    tail_save(r->tail, &sink);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        if (r->pending.json[i] == NULL)
            continue;
        free(r->rows.json[i]);
        r->rows.json[i] = r->pending.json[i];
        r->pending.json[i] = NULL;
    }
    for (size_t i = 0; i < LINES_MAX; i++)
        r->seen[i] = (uint8_t)(r->seen[i] + r->taken[i]);
    memset(r->taken, 0, sizeof r->taken);
}

/* kill -9: what was not committed is gone. */
static void
crash(struct rig *r)
{
    tail_free(r->tail);
    rows_free(&r->pending);
    memset(r->taken, 0, sizeof r->taken);
    tail_start(r);
}

/* Reads at most `max` records, as if `seconds` had passed. */
static unsigned
work(struct rig *r, double seconds, unsigned max)
{
    unsigned n = 0;

    r->now_ns += (int64_t)(seconds * 1e9);
    tail_look(r->tail);
    while (n < max) {
        struct seen_recent *recent;
        struct logfile *log;
        int64_t wait_ns;
        size_t count;
        const struct txn_view *t;
        enum vg_err err = tail_next(r->tail, r->now_ns, &log, &recent, &wait_ns);

        if (err == VG_AGAIN)
            break;
        assert_int_equal(err, VG_OK);
        n++;
        t = logfile_txns(log, &count);
        for (size_t i = 0; i < count; i++) {
            unsigned long id = strtoul(t[i].id.at + 1, NULL, 10);

            assert_true(id < LINES_MAX);
            r->taken[id]++;
        }
    }
    return n;
}

static void
settle(struct rig *r)
{
    for (int i = 0; i < 6; i++) {
        (void)work(r, 2, UINT32_MAX);
        commit(r);
    }
}

static void
check(const struct rig *r)
{
    for (unsigned i = 0; i < r->written; i++)
        if (r->seen[i] != 1)
            fail_msg("line %u of %u was taken %u times", i, r->written, r->seen[i]);
}

static void
append(struct rig *r, const char *name, unsigned lines)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", r->b.folder, name);
    f = fopen(path, "ab");
    assert_non_null(f);
    for (unsigned i = 0; i < lines; i++, r->written++)
        fprintf(f, "2026-11-22 13:%02u:%02u SALE APPROVED id=L%u amount=12.50 term=T1\n",
                r->written / 60 % 60, r->written % 60, r->written);
    assert_int_equal(fclose(f), 0);
    assert_true(r->written < LINES_MAX);
}

static void
shell(const struct rig *r, const char *command)
{
    char full[512];

    (void)snprintf(full, sizeof full, "cd '%s' && %s", r->b.folder, command);
    assert_int_equal(system(full), 0);
}

static void
test_growth_and_half_lines(void **state)
{
    struct rig r;

    rig_init(&r);
    append(&r, "x.log", 3);
    assert_int_equal(work(&r, 1, 100), 3);
    pay_bench_write(&r.b, "x.log", "ab", "2026-11-22 13:00:03 SALE id=L3 amo", 34);
    assert_int_equal(work(&r, 1, 100), 0);
    pay_bench_write(&r.b, "x.log", "ab", "unt=1\n", 6);
    r.written = 4;
    assert_int_equal(work(&r, 1, 100), 1);
    pay_bench_write(&r.b, "x.log", "ab", "2026-11-22 13:00:04 SALE id=L4 amount=1", 39);
    r.written = 5;
    assert_int_equal(work(&r, 1, 100), 0);
    assert_int_equal(work(&r, 1, 100), 0);
    assert_int_equal(work(&r, 3, 100), 1); /* it stood still */
    commit(&r);
    check(&r);
    rig_done(&r);
}

static void
test_rename(void **state)
{
    struct rig r;

    rig_init(&r);
    append(&r, "x.log", 100);
    (void)work(&r, 1, 50);
    commit(&r);
    append(&r, "x.log", 100);
    shell(&r, "mv x.log x.log.1");
    append(&r, "x.log", 100);
    (void)work(&r, 1, 70);
    crash(&r);
    settle(&r);
    check(&r);
    rig_done(&r);
}

static void
test_copy_truncate(void **state)
{
    struct rig r;

    rig_init(&r);
    append(&r, "x.log", 100);
    (void)work(&r, 1, 60);
    commit(&r);
    append(&r, "x.log", 20);
    shell(&r, "cp x.log x.log.1"); /* seen before the original is cut */
    (void)work(&r, 1, 20);
    commit(&r);
    shell(&r, ": > x.log");
    append(&r, "x.log", 200); /* longer than before: only the content tells */
    settle(&r);
    check(&r);
    rig_done(&r);
}

static void
test_copy_in_pieces(void **state)
{
    struct rig r;

    rig_init(&r);
    append(&r, "x.log", 100);
    (void)work(&r, 1, 1000);
    commit(&r);
    shell(&r, ": > x.log.1");
    (void)work(&r, 1, 1000);
    shell(&r, "head -c 500 x.log > x.log.1");
    (void)work(&r, 1, 1000);
    shell(&r, "head -c 5000 x.log > x.log.1");
    (void)work(&r, 1, 1000);
    shell(&r, "cp x.log x.log.1");
    (void)work(&r, 1, 1000);
    shell(&r, ": > x.log");
    append(&r, "x.log", 10);
    settle(&r);
    check(&r);
    rig_done(&r);
}

static void
test_compression(void **state)
{
    struct rig r;

    rig_init(&r);
    append(&r, "x.log", 300);
    (void)work(&r, 1, 100);
    commit(&r);
    shell(&r, "mv x.log x.log.1");
    append(&r, "x.log", 50);
    shell(&r, "gzip -kn x.log.1"); /* both are there for a while */
    (void)work(&r, 1, 10);
    commit(&r);
    shell(&r, "rm x.log.1");
    (void)work(&r, 1, 20);
    crash(&r);
    (void)work(&r, 1, 30);
    commit(&r);
    shell(&r,
          "gzip -d x.log.1.gz && mv x.log.1 x.log.2 && zstd -q --rm x.log.2 && mv x.log x.log.1");
    append(&r, "x.log", 50);
    settle(&r);
    check(&r);
    rig_done(&r);
}

static void
test_replaced_in_place(void **state)
{
    struct rig r;

    rig_init(&r);
    append(&r, "x.log", 50);
    settle(&r);
    shell(&r, "rm x.log");
    append(&r, "x.log", 50); /* often the same inode again */
    settle(&r);
    shell(&r, ": > x.log");
    append(&r, "x.log", 500);
    settle(&r);
    check(&r);
    rig_done(&r);
}

static uint64_t
next_random(uint64_t *s)
{
    uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* One step of rotation, as logrotate does it, in one of its ways. */
static void
rotate(struct rig *r)
{
    static const char shift[] =
        "for i in 3 2 1; do n=$((i+1)); for s in '' .gz .zst; do "
        "if [ -e x.log.$i$s ]; then mv x.log.$i$s x.log.$n$s; fi; done; done; "
        "rm -f x.log.4 x.log.4.gz x.log.4.zst;";
    char command[512];
    static const char *const ways[] = {
        "mv x.log x.log.1",
        "cp x.log x.log.1; : > x.log",
        "mv x.log x.log.1; [ ! -e x.log.2 ] || gzip -nf x.log.2",
        "mv x.log x.log.1; [ ! -e x.log.2 ] || zstd -qf --rm x.log.2",
    };

    (void)snprintf(command, sizeof command, "%s %s", shift, ways[next_random(&r->rng) % 4]);
    shell(r, command);
}

static void
test_seeded_life(void **state)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct rig r;

        rig_init(&r);
        r.rng = seed;
        append(&r, "x.log", 30);
        for (int step = 0; step < 60; step++) {
            switch (next_random(&r.rng) % 8) {
            case 0:
                settle(&r); /* rotation is rarer than reading */
                rotate(&r);
                append(&r, "x.log", 1 + (unsigned)(next_random(&r.rng) % 20));
                (void)work(&r, 2, UINT32_MAX);
                break;
            case 1:
                crash(&r);
                break;
            case 2:
                commit(&r);
                break;
            case 3:
            case 4:
                append(&r, "x.log", 1 + (unsigned)(next_random(&r.rng) % 40));
                break;
            default:
                (void)work(&r, 0.3, (unsigned)(next_random(&r.rng) % 30));
                break;
            }
        }
        settle(&r);
        check(&r);
        rig_done(&r);
    }
}

static void
test_order(void **state)
{
    char a[] = "x.log", b[] = "x.log.1", c[] = "x.log.2.gz", d[] = "x.log.10.gz", e[] = "a.csv",
         f[] = "x.log-20261122";
    char *names[] = {a, b, c, d, e, f};
    static const char *const want[] = {"a.csv",   "x.log.10.gz", "x.log.2.gz",
                                       "x.log.1", "x.log",       "x.log-20261122"};

    rotation_sort(names, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(names[i], want[i]);
    assert_true(rotation_same_log("x.log", "x.log.2.gz"));
    assert_false(rotation_same_log("x.log", "y.log"));
    assert_true(rotation_packed("x.log.1.gz", "x.log.1"));
}

enum { MANY_FILES = TAIL_OPEN_MAX + 4, BAD_EVERY = 10 };

/* What the detectors have not been told yet of all the files together. */
static void
read_many(struct rig *r, struct pay_sensor *sensor, uint64_t *records, uint64_t *bad)
{
    const struct seen_recent *files[MANY_FILES] = {NULL};
    struct seen_recent *recent;
    struct logfile *log;
    int64_t wait_ns;

    r->now_ns += 4 * VG_SEC_NS;
    tail_look(r->tail);
    while (tail_next(r->tail, r->now_ns, &log, &recent, &wait_ns) == VG_OK) {
        assert_int_equal(pay_sensor_take(sensor, log, recent), VG_OK);
        files[strtoul(logfile_source(log), NULL, 10)] = recent;
    }
    *records = *bad = 0;
    for (size_t i = 0; i < MANY_FILES; i++) {
        assert_non_null(files[i]);
        *records += files[i]->untold;
        *bad += files[i]->untold_bad;
    }
}

/* More logs grow than are kept open, and the agent is killed between: how many records there were, and how
 * many of them could not be read, is told as if nothing had happened. */
static void
test_bad_records_are_counted_once(void **state)
{
    struct pay_sensor sensor;
    uint64_t records, bad;
    unsigned lines = 0, wrong = 0;
    struct rig r;

    rig_init(&r);
    assert_int_equal(pay_sensor_init(&sensor, NULL, r.b.tokens), VG_OK);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < MANY_FILES; i++) {
            char name[16];

            (void)snprintf(name, sizeof name, "%u.log", i);
            append(&r, name, BAD_EVERY);
            pay_bench_write(&r.b, name, "ab", "2026-11-22 13:00:00 SALE what\n", 30);
            lines += BAD_EVERY + 1;
            wrong++;
        }
        read_many(&r, &sensor, &records, &bad);
        assert_int_equal(records, lines);
        assert_int_equal(bad, wrong);
        commit(&r);
        if (round == 1)
            crash(&r);
    }
    pay_sensor_done(&sensor);
    rig_done(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth_and_half_lines),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_copy_truncate),
        cmocka_unit_test(test_copy_in_pieces),
        cmocka_unit_test(test_compression),
        cmocka_unit_test(test_replaced_in_place),
        cmocka_unit_test(test_seeded_life),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bad_records_are_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
