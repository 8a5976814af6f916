/* SPDX-License-Identifier: Apache-2.0 */
/* Every profile's fixture against its expected transactions, whole, cut at every byte, resumed at
 * every record, and in other encodings. VIGIA_GOLDEN=write regenerates; read the difference. */
#include "pay_bench.h"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static const char *const FIXTURES[] = {
    "stripe.jsonl",
    "stripe-payments.csv",
    "stripe-balance.csv",
    "mercadopago.csv",
    "mercadopago-release.csv",
    "pos-plain.log",
    "pos-csv-es.csv",
    "pos-csv.csv",
};
static const char FOLDER[] = "tests/fixtures/pay";

static void
slurp(const char *path, struct buf *out)
{
    buf_init(out, 1 << 20);
    assert_int_equal(platform_file_slurp(path, 1 << 20, out), VG_OK);
}

static void
fixture_path(char out[256], const char *name, const char *suffix)
{
    (void)snprintf(out, 256, "%s/%s%s", FOLDER, name, suffix);
}

static void
read_all(const struct pay_bench *b, const char *path, struct buf *out,
         struct logfile_counts *counts)
{
    struct logfile *f = pay_bench_log(b, path, NULL);
    const struct profile *profile;

    buf_init(out, 1 << 20);
    assert_int_equal(pay_bench_read(f, out), VG_AGAIN);
    profile = logfile_profile(f);
    assert_non_null(profile);
    *counts = *logfile_counts(f);
    buf_printf(out, "# %s: %u records, %u skipped, %u bad, %u cards\n", profile->name,
               (unsigned)counts->records, (unsigned)counts->skipped, (unsigned)counts->bad,
               (unsigned)counts->cards);
    logfile_free(f);
}

static void
test_golden(void **state)
{
    const char *write = getenv("VIGIA_GOLDEN");
    struct pay_bench b;

    pay_bench_init(&b);
    for (size_t i = 0; i < VG_ARRAY_LEN(FIXTURES); i++) {
        char path[256], expected_path[256];
        struct logfile_counts counts;
        struct buf got, expected;

        fixture_path(path, FIXTURES[i], "");
        fixture_path(expected_path, FIXTURES[i], ".expected");
        read_all(&b, path, &got, &counts);
        if (write != NULL && strcmp(write, "write") == 0)
            assert_int_equal(platform_file_replace(expected_path, buf_slice(&got), false), VG_OK);
        slurp(expected_path, &expected);
        assert_string_equal(buf_str(&got), buf_str(&expected));
        buf_done(&got);
        buf_done(&expected);
    }
    pay_bench_done(&b);
}

/* Every beginning of every fixture: nothing is read that the whole file does not hold as well, but
 * for the cut record itself. */
static void
truncate_fixture(const struct pay_bench *b, const char *path)
{
    struct buf whole;
    char cut[256];

    slurp(path, &whole);
    (void)snprintf(cut, sizeof cut, "%s/cut", b->folder);
    pay_bench_write(b, "cut", "wb", whole.data, whole.len);
    for (size_t n = whole.len; n-- > 0;) {
        struct logfile *f;
        struct buf out;
        enum vg_err err;

        assert_int_equal(truncate(cut, (off_t)n), 0);
        buf_init(&out, 1 << 20);
        f = pay_bench_log(b, cut, NULL);
        err = pay_bench_read(f, &out);
        assert_true(err == VG_AGAIN || err == VG_ERR_NOENT);
        assert_true(logfile_offset(f) <= n);
        logfile_free(f);
        buf_done(&out);
    }
    buf_done(&whole);
}

/* All that lies in the folder but what makes it and what is expected of it. */
static bool
is_fixture(const char *name)
{
    const char *end = strrchr(name, '.');

    return end != NULL && strcmp(end, ".py") != 0 && strcmp(end, ".expected") != 0 &&
           strncmp(name, "__", 2) != 0;
}

static void
each_fixture(void (*check)(const struct pay_bench *b, const char *path))
{
    struct platform_names names;
    struct pay_bench b;
    size_t seen = 0;

    pay_bench_init(&b);
    assert_int_equal(platform_folder_list(FOLDER, 500, &names), VG_OK);
    for (size_t i = 0; i < names.count; i++) {
        char path[256];

        if (!is_fixture(names.name[i]))
            continue;
        fixture_path(path, names.name[i], "");
        check(&b, path);
        seen++;
    }
    assert_true(seen >= 40);
    platform_names_free(&names);
    pay_bench_done(&b);
}

static void
test_truncations(void **state)
{
    each_fixture(truncate_fixture);
}

/* Stopped after any record and begun anew from the state: the same transactions. */
static void
resume_fixture(const struct pay_bench *b, const char *path)
{
    struct logfile_counts counts;
    struct buf whole;

    read_all(b, path, &whole, &counts);
    for (size_t stop = 0; stop < counts.records; stop++) {
        struct logfile *f = pay_bench_log(b, path, NULL);
        struct logfile_state at;
        struct buf out;

        buf_init(&out, 1 << 20);
        for (size_t k = 0; k < stop; k++) {
            size_t n;
            const struct txn_view *t;

            assert_int_equal(logfile_next(f, true), VG_OK);
            t = logfile_txns(f, &n);
            for (size_t m = 0; m < n; m++) {
                txn_write(&t[m], &out);
                buf_put_u8(&out, '\n');
            }
        }
        logfile_state(f, &at);
        logfile_free(f);
        f = pay_bench_log(b, path, NULL);
        if (logfile_resume(f, &at) != VG_OK)
            fail_msg("%s, after %zu records", path, stop);
        assert_int_equal(pay_bench_read(f, &out), VG_AGAIN);
        assert_memory_equal(out.data, whole.data, out.len);
        assert_true(whole.data[out.len] == '#');
        logfile_free(f);
        buf_done(&out);
    }
    buf_done(&whole);
}

static void
test_resume(void **state)
{
    each_fixture(resume_fixture);
}

static void
test_resume_elsewhere(void **state)
{
    static const char head[] = "time|id|amount\n2026-11-22T13:05:09Z|A1|1\n";
    struct logfile_state at;
    struct pay_bench b;
    struct logfile *f;
    char path[256];

    pay_bench_init(&b);
    (void)snprintf(path, sizeof path, "%s/log", b.folder);
    pay_bench_write(&b, "log", "wb", head, strlen(head));
    f = pay_bench_log(&b, path, NULL);
    assert_int_equal(logfile_next(f, false), VG_OK);
    assert_int_equal(logfile_next(f, false), VG_AGAIN);
    logfile_state(f, &at);
    assert_int_equal(at.offset, strlen(head));
    assert_true(logfile_unchanged(f, strlen(head)));
    assert_false(logfile_unchanged(f, 3));
    pay_bench_write(&b, "log", "r+b", "TIME", 4);
    assert_false(logfile_unchanged(f, strlen(head)));
    logfile_free(f);
    f = pay_bench_log(&b, path, NULL);
    assert_int_equal(logfile_resume(f, &at), VG_ERR_DENIED);
    logfile_free(f);
    pay_bench_done(&b);
}

/* The same text as gzip (in two members), zstd and UTF-16 gives the same transactions. */
static void
write_gzip(const struct pay_bench *b, const char *path, const struct buf *text)
{
    size_t half = text->len / 2;
    gzFile gz = gzopen(path, "wb");

    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, text->data, (unsigned)half), (int)half);
    assert_int_equal(gzclose(gz), Z_OK);
    gz = gzopen(path, "ab");
    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, text->data + half, (unsigned)(text->len - half)),
                     (int)(text->len - half));
    assert_int_equal(gzclose(gz), Z_OK);
}

static void
test_encodings(void **state)
{
    struct logfile_counts counts;
    struct buf text, plain, got, wide;
    size_t packed_size;
    uint8_t *packed;
    struct pay_bench b;
    char path[256];

    pay_bench_init(&b);
    slurp("tests/fixtures/pay/mercadopago.csv", &text);
    read_all(&b, "tests/fixtures/pay/mercadopago.csv", &plain, &counts);
    (void)snprintf(path, sizeof path, "%s/log.gz", b.folder);
    write_gzip(&b, path, &text);
    read_all(&b, path, &got, &counts);
    assert_string_equal(buf_str(&got), buf_str(&plain));
    buf_done(&got);

    packed_size = ZSTD_compressBound(text.len);
    packed = malloc(packed_size);
    packed_size = ZSTD_compress(packed, packed_size, text.data, text.len, 3);
    pay_bench_write(&b, "log.zst", "wb", packed, packed_size);
    (void)snprintf(path, sizeof path, "%s/log.zst", b.folder);
    read_all(&b, path, &got, &counts);
    assert_string_equal(buf_str(&got), buf_str(&plain));
    buf_done(&got);
    for (size_t n = 0; n < packed_size; n++) { /* cut compression never breaks anything */
        struct logfile *f;

        pay_bench_write(&b, "log.zst", "wb", packed, n);
        f = pay_bench_log(&b, path, NULL);
        buf_init(&got, 1 << 20);
        assert_int_not_equal(pay_bench_read(f, &got), VG_OK);
        buf_done(&got);
        logfile_free(f);
    }
    free(packed);

    buf_init(&wide, 1 << 20);
    buf_put(&wide, "\xff\xfe", 2);
    for (size_t i = 0; i < text.len; i++) {
        buf_put_u8(&wide, text.data[i]);
        buf_put_u8(&wide, 0);
    }
    pay_bench_write(&b, "wide", "wb", wide.data, wide.len);
    (void)snprintf(path, sizeof path, "%s/wide", b.folder);
    read_all(&b, path, &got, &counts);
    assert_string_equal(buf_str(&got), buf_str(&plain));
    buf_done(&got);
    buf_done(&wide);
    buf_done(&plain);
    buf_done(&text);
    pay_bench_done(&b);
}

/* gzip that is cut off anywhere: only records that stand there whole, never half of one. */
static void
test_cut_compression(void **state)
{
    struct pay_bench b;
    struct buf text, plain, packed;
    struct logfile_counts counts;
    char path[256];
    size_t most = 0;
    gzFile gz;

    pay_bench_init(&b);
    fixture_path(path, "pos-plain.log", "");
    slurp(path, &text);
    read_all(&b, path, &plain, &counts);
    (void)snprintf(path, sizeof path, "%s/cut.gz", b.folder);
    gz = gzopen(path, "wb");
    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, text.data, (unsigned)text.len), (int)text.len);
    assert_int_equal(gzclose(gz), Z_OK);
    slurp(path, &packed);
    for (size_t n = 0; n < packed.len; n++) {
        struct logfile *f;
        struct buf got;

        pay_bench_write(&b, "cut.gz", "wb", packed.data, n);
        f = pay_bench_log(&b, path, NULL);
        buf_init(&got, 1 << 20);
        assert_int_not_equal(pay_bench_read(f, &got), VG_OK);
        assert_true(got.len <= plain.len);
        if (got.len > 0)
            assert_memory_equal(got.data, plain.data, got.len);
        most = got.len > most ? got.len : most;
        buf_done(&got);
        logfile_free(f);
    }
    assert_true(most > 0);
    buf_done(&packed);
    buf_done(&plain);
    buf_done(&text);
    pay_bench_done(&b);
}

/* A line over the cap is passed over and counted; what follows is read. */
static void
test_long_line(void **state)
{
    struct pay_bench b;
    struct buf text, out;
    struct logfile *f;
    char path[256];

    pay_bench_init(&b);
    buf_init(&text, 4 << 20);
    buf_put_str(&text, "time,id,amount\n2026-11-22T13:05:09Z,A1,1\n");
    for (int i = 0; i < 1000000; i++)
        buf_put_u8(&text, 'x');
    buf_put_str(&text, "\n2026-11-22T13:05:10Z,A2,2\n");
    pay_bench_write(&b, "log", "wb", text.data, text.len);
    (void)snprintf(path, sizeof path, "%s/log", b.folder);
    f = pay_bench_log(&b, path, NULL);
    buf_init(&out, 1 << 20);
    assert_int_equal(pay_bench_read(f, &out), VG_AGAIN);
    assert_int_equal(logfile_counts(f)->too_long, 1);
    assert_int_equal(logfile_counts(f)->transactions, 2);
    assert_non_null(strstr(buf_str(&out), "\"A2\""));
    logfile_free(f);
    buf_done(&out);
    buf_done(&text);
    pay_bench_done(&b);
}

/* No card number of the input is in any output, whatever the reader. */
static void
no_card(const struct pay_bench *b, const char *path)
{
    static const char *const numbers[] = {"4111111111111111", "1111 1111",        "4111 1111",
                                          "4111/1111",        "5500005555555559", "5500-0055",
                                          "example.com"};
    struct logfile_counts counts;
    struct buf got;

    read_all(b, path, &got, &counts);
    for (size_t k = 0; k < VG_ARRAY_LEN(numbers); k++)
        assert_null(strstr(buf_str(&got), numbers[k]));
    buf_done(&got);
}

static void
test_no_card_in_output(void **state)
{
    each_fixture(no_card);
}

/* The same card has one token in every reader and in every writing of it. */
static void
test_one_token(void **state)
{
    char token[TOKEN_TEXT_MAX];
    size_t found = 0;
    struct pay_bench b;

    pay_bench_init(&b);
    assert_int_equal(tokens_make(b.tokens, TOKEN_CARD, slice_of("4111111111111111", 16), token),
                     VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(FIXTURES); i++) {
        struct logfile_counts counts;
        struct buf got;
        char path[256];

        fixture_path(path, FIXTURES[i], "");
        read_all(&b, path, &got, &counts);
        for (const char *at = buf_str(&got); (at = strstr(at, token)) != NULL; at++)
            found++;
        buf_done(&got);
    }
    assert_int_equal(found, 5); /* card=, id=, an escaped order, "/" between, a quoted csv */
    pay_bench_done(&b);
}

/* A log's name goes into its records, so what holds for its lines holds for it. */
static void
test_name_holds_no_card(void **state)
{
    static const struct {
        const char *name, *head, *tail;
    } cases[] = {{"ventas-4111111111111111.csv", "ventas-card_", ".csv"},
                 {"4111 1111 1111 1111.csv", "card_", ".csv"},
                 {"ventas_4111_1111_1111_1111.csv", "ventas_card_", ".csv"},
                 {"caf\xe9.csv", "caf\xef\xbf\xbd.csv", ""},
                 {"ventas-2026-11-22.csv", "ventas-2026-11-22.csv", ""}};
    struct pay_bench b;

    (void)state;
    pay_bench_init(&b);
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct logfile_options o = {.profiles = &b.profiles,
                                    .tokens = b.tokens,
                                    .zone = b.zone,
                                    .currency = "MXN",
                                    .source = cases[i].name};
        const struct txn_view *t = NULL;
        platform_file file;
        struct logfile *f;
        size_t n = 0;

        assert_int_equal(platform_file_open("tests/fixtures/pay/pos-csv.csv", &file), VG_OK);
        assert_int_equal(logfile_new(&o, file, &f), VG_OK);
        while (n == 0 && logfile_next(f, true) == VG_OK)
            t = logfile_txns(f, &n);
        assert_int_equal(n, 1);
        assert_true(t->source.len >= strlen(cases[i].head));
        assert_memory_equal(t->source.at, cases[i].head, strlen(cases[i].head));
        assert_memory_equal(t->source.at + t->source.len - strlen(cases[i].tail), cases[i].tail,
                            strlen(cases[i].tail));
        for (size_t k = 0; k + 4 <= t->source.len; k++)
            assert_memory_not_equal(t->source.at + k, "1111", 4);
        logfile_free(f);
    }
    pay_bench_done(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_elsewhere),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_cut_compression),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_no_card_in_output),
        cmocka_unit_test(test_name_holds_no_card),
        cmocka_unit_test(test_one_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
