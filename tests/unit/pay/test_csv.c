/* SPDX-License-Identifier: Apache-2.0 */
#include "pay_own.h"

#include "agent/pay/csv.h"

enum { ARENA = 4096 };

/* The columns of one record as "[a][b]", or the error's number. */
static void
split(const char *text, uint8_t delimiter, char out[1024])
{
    struct own o = own(text);
    struct csv_arena arena = {.data = malloc(ARENA), .room = ARENA};
    struct csv_row *row = malloc(sizeof *row);
    size_t n = 0;
    enum vg_err err;

    assert_non_null(arena.data);
    assert_non_null(row);
    err = csv_split(o.text, delimiter, &arena, row);
    if (err == VG_ERR_FORMAT)
        n += (size_t)snprintf(out, 1024, "open quote");
    else
        assert_int_equal(err, VG_OK);
    for (size_t i = 0; err == VG_OK && i < row->count; i++)
        n += (size_t)snprintf(out + n, 1024 - n, "[%.*s]", (int)row->cell[i].left,
                              row->cell[i].left > 0 ? (const char *)row->cell[i].at : "");
    assert_true(n < 1024);
    out[n] = '\0';
    free(row);
    free(arena.data);
    free(o.block);
}

static void
test_split(void **state)
{
    static const struct {
        uint8_t delimiter;
        const char *in, *out;
    } cases[] = {
        {',', "", "[]"},
        {',', "a", "[a]"},
        {',', "a,b", "[a][b]"},
        {',', "a,", "[a][]"},
        {',', ",,", "[][][]"},
        {';', "1,5;b", "[1,5][b]"},
        {'\t', "a\tb c\t", "[a][b c][]"},
        {'|', "a|b", "[a][b]"},
        {',', "\"a,b\",c", "[a,b][c]"},
        {',', "\"a \"\"b\"\"\",c", "[a \"b\"][c]"},
        {',', "\"\",x", "[][x]"},
        {',', "\"\"\"\"", "[\"]"},
        {',', "\"a\nb\",c", "[a\nb][c]"},
        {',', "a \"b\",c", "[a \"b\"][c]"}, /* a quote within opens nothing */
        {',', "\"a\"b,c", "[ab][c]"},       /* text behind the closing quote stays */
        {',', "\"a", "open quote"},
        {',', "x,\"a\"\"", "open quote"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char out[1024];

        split(cases[i].in, cases[i].delimiter, out);
        assert_string_equal(out, cases[i].out);
    }
}

/* "end/next/lines" of the first record, "again" when it is not whole. */
static void
record(const char *text, bool final, char out[64])
{
    struct own o = own(text);
    size_t end = 0, next = 0, lines = 0;

    if (csv_record(o.text, ',', final, &end, &next, &lines) == VG_AGAIN)
        (void)snprintf(out, 64, "again");
    else
        (void)snprintf(out, 64, "%zu/%zu/%zu", end, next, lines);
    free(o.block);
}

static void
test_record(void **state)
{
    static const struct {
        const char *in, *growing, *final;
    } cases[] = {
        {"", "again", "again"},
        {"a,b", "again", "3/3/1"},
        {"a,b\nc", "3/4/1", "3/4/1"},
        {"a,b\r\nc", "3/5/1", "3/5/1"},
        {"\n", "0/1/1", "0/1/1"},
        {"\r\n", "0/2/1", "0/2/1"},
        {"\"a\nb\",c\nd", "7/8/2", "7/8/2"},
        {"\"a\r\nb\"\r\nd", "6/8/2", "6/8/2"},
        {"\"a\"\"\n\"\"b\"\nd", "9/10/2", "9/10/2"},
        {"x,\"a\nb\nc", "again", "4/5/1"}, /* nobody closes it: its first line alone */
        {"a \"b\nc", "4/5/1", "4/5/1"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char out[64];

        record(cases[i].in, false, out);
        assert_string_equal(out, cases[i].growing);
        record(cases[i].in, true, out);
        assert_string_equal(out, cases[i].final);
    }
}

/* An open quote does not swallow the file: at the cap the record is its first line. */
static void
test_open_quote_is_bounded(void **state)
{
    size_t n = 2 * (CSV_QUOTED_LINES_MAX + 10), end, next, lines;
    char *text = malloc(n);
    struct own o;

    assert_non_null(text);
    for (size_t i = 0; i < n; i += 2)
        memcpy(text + i, i == 0 ? "\"\n" : "x\n", 2);
    o = own_n(text, n);
    assert_int_equal(csv_record(o.text, ',', false, &end, &next, &lines), VG_OK);
    assert_int_equal(end, 1);
    assert_int_equal(next, 2);
    assert_int_equal(lines, 1);
    free(o.block);
    o = own_n(text, 2 * (CSV_QUOTED_LINES_MAX - 1));
    assert_int_equal(csv_record(o.text, ',', false, &end, &next, &lines), VG_AGAIN);
    free(o.block);
    free(text);
}

static void
test_caps(void **state)
{
    struct csv_arena arena = {.data = malloc(4), .room = 4};
    struct csv_row *row = malloc(sizeof *row);
    char many[CSV_COLUMNS_MAX + 9];
    struct own o;

    assert_non_null(arena.data);
    assert_non_null(row);
    memset(many, ',', sizeof many);
    o = own_n(many, sizeof many);
    assert_int_equal(csv_split(o.text, ',', &arena, row), VG_OK);
    assert_int_equal(row->count, CSV_COLUMNS_MAX);
    assert_int_equal(row->dropped, 10);
    free(o.block);
    o = own("\"ab\"\"cd\"");
    assert_int_equal(csv_split(o.text, ',', &arena, row), VG_ERR_LIMIT);
    free(o.block);
    free(row);
    free(arena.data);
}

static void
test_delimiter(void **state)
{
    static const struct {
        const char *line;
        uint8_t want;
    } cases[] = {
        {"a,b,c", ','},
        {"a;b;c", ';'},
        {"a\tb", '\t'},
        {"a|b|c,d", '|'},
        {"\"a,b,c\";d", ';'},
        {"\"a,b;c|d", ','},
        {"a", 0},
        {"", 0},
        {"\"a;b;c\"", 0},
        {"fecha;\"a,b,c,d\"", ';'},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct own o = own(cases[i].line);

        assert_int_equal(csv_guess_delimiter(o.text), cases[i].want);
        free(o.block);
    }
}

/* Every beginning of a text with everything in it: records tile it, columns lie within it. */
static void
test_truncations(void **state)
{
    static const char text[] =
        "id,\"a \"\"b\"\"\",c\r\n1,\"x\ny\",\"\"\"\"\n,,\n\"z\"z,\"\",q\r\n\"open,\nend";

    for (size_t n = 0; n < sizeof text; n++) {
        struct own o = own_n(text, n);
        struct slice left = o.text;
        struct csv_arena arena = {.data = malloc(n + 1), .room = n};
        struct csv_row *row = malloc(sizeof *row);
        size_t end, next, lines;

        assert_non_null(arena.data);
        assert_non_null(row);
        while (csv_record(left, ',', true, &end, &next, &lines) == VG_OK) {
            struct slice one = left;

            assert_true(next > 0 && end <= next && next <= left.left && lines > 0);
            one.left = end;
            arena.len = 0;
            if (csv_split(one, ',', &arena, row) == VG_OK)
                for (size_t i = 0; i < row->count; i++)
                    assert_true(row->cell[i].left <= end);
            slice_skip(&left, next);
        }
        assert_int_equal(left.left, 0);
        (void)csv_guess_delimiter(o.text);
        free(row);
        free(arena.data);
        free(o.block);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),     cmocka_unit_test(test_record),
        cmocka_unit_test(test_caps),      cmocka_unit_test(test_open_quote_is_bounded),
        cmocka_unit_test(test_delimiter), cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
