/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of listings as tools print them, and lines that are none; where messages begin and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/pay/listing.h"

static struct names names;

static int
setup(void **state)
{
    uint8_t slot;

    (void)state;
    memset(&names, 0, sizeof names);
    for (int i = 0; i <= 128; i++) {
        static char text[129][8];

        if (i > 0 && i % 8 == 5)
            continue; /* elements that nobody asks for */
        (void)snprintf(text[i], sizeof text[i], "%d", i);
        if (names.count < NAMES_MAX)
            assert_int_equal(names_add(&names, str_of(text[i]), &slot), VG_OK);
    }
    return 0;
}

/* What the line gives, "number=value" or "". */
static const char *
line_gives(const char *line, char out[128])
{
    struct values *v = calloc(1, sizeof *v);
    char text[256];

    assert_non_null(v);
    (void)snprintf(text, sizeof text, "MTI: 0210\n%s", line);
    assert_int_equal(listing_read(slice_of(text, strlen(text)), &names, v), VG_OK);
    out[0] = '\0';
    for (size_t i = 1; i < names.count; i++) /* the first name is the type */
        if (v->present[i])
            (void)snprintf(out, 128, "%.*s=%.*s", (int)names.name[i].len, names.name[i].at,
                           (int)v->value[i].left, (const char *)v->value[i].at);
    free(v);
    return out;
}

static void
test_lines(void **state)
{
    static const char *const cases[][2] = {
        {"F2   Primary Account Number..: 4242****4242", "2=4242****4242"},
        {"F011 STAN = 000101", "11=000101"},
        {"DE 004 = 000000012950", "4=000000012950"},
        {"DE[4]: 12", "4=12"},
        {"de-4 : 12", "4=12"},
        {"Field 4: [12]", "4=12"},
        {"field(004)=\"12\"", "4=12"},
        {"Data Element 39 (Response Code): 00", "39=00"},
        {"Bit 41 : 'CAJA 1 '", "41=CAJA 1"},
        {"P-3: 200000", "3=200000"},
        {"S-102: 123", "102=123"},
        {"    002: 4111", "2=4111"},
        {"[041] => T1", "41=T1"},
        {" | 4 | Amount : 100", "4=100"},
        {"13:05:09 [main] DEBUG F4 amount: 100", "4=100"},
        {"2026-03-02 10:05:01,001 DEBUG [pool-1] DE 011 = [000101]", "11=000101"},
        {"<<< 10.0.0.1:8583 de 4 = 7 ", "4=7"},
        /* none */
        {"13:05:09 said hello: again", ""},
        {"2026-03-02: F", ""},
        {"F4 Transaction Amount", ""},
        {"F4:", ""},
        {"F4444: 1", ""},
        {"F193: 1", ""},
        {"F4a: 1", ""},
        {"model 4: 12", ""},
        {"code 12: 1", ""},
        {"P 4: 12", ""},
        {"", ""},
        {"    SUBFIELDS:", ""},
    };
    char got[128];

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        if (strcmp(line_gives(cases[i][0], got), cases[i][1]) != 0)
            fail_msg("\"%s\" gives \"%s\"", cases[i][0], got);
}

static const char LOG[] = "started at 10:00\n"
                          "\n"
                          "MTI: 0200\r\n"
                          "F2: a\r\n"
                          "F4: 1\r\n"
                          "Message Type Indicator = 0210\n"
                          "some words\n"
                          "DE 4 = 2\n"
                          "DE 4 = 3\n"
                          "\n"
                          "bye\n"
                          "msgtype [0400]\n"
                          "4: 5";

/* The records of a text: "+" a message with its amount, "-" a line. */
static void
records(struct slice text, bool final, char *out, size_t size)
{
    size_t n = 0, end, next, lines, all = 0;

    out[0] = '\0';
    while (listing_record(text, final, &end, &next, &lines) == VG_OK) {
        struct values *v = calloc(1, sizeof *v);
        int amount = names_find(&names, str_of("4"));
        enum vg_err err;

        assert_non_null(v);
        assert_true(next > 0 && next <= text.left && end <= next);
        assert_int_equal(lines, bytes_lines(bytes_part(text, 0, next)) +
                                    (byte_at(text, next - 1) != '\n'));
        err = listing_read(bytes_part(text, 0, end), &names, v);
        if (err == VG_OK)
            n += (size_t)snprintf(out + n, size - n, "+%.*s", (int)v->value[amount].left,
                                  (const char *)v->value[amount].at);
        else
            n += (size_t)snprintf(out + n, size - n, "-");
        free(v);
        slice_skip(&text, next);
        all += lines;
    }
    (void)all;
}

static void
test_records(void **state)
{
    char got[256], part[256];

    (void)state;
    records(slice_of(LOG, strlen(LOG)), true, got, sizeof got);
    assert_string_equal(got, "--+1+2--+5");
    records(slice_of(LOG, strlen(LOG)), false, got, sizeof got);
    assert_string_equal(got, "--+1+2--");      /* the last one may go on */
    for (size_t n = 0; n < strlen(LOG); n++) { /* what is there is taken, and never another way */
        char *cut = malloc(n > 0 ? n : 1);

        assert_non_null(cut);
        memcpy(cut, LOG, n);
        records(slice_of(cut, n), false, part, sizeof part);
        if (strncmp(part, got, strlen(part)) != 0)
            fail_msg("cut at %zu: %s", n, part);
        records(slice_of(cut, n), true, part, sizeof part);
        (void)listing_is(slice_of(cut, n));
        free(cut);
    }
    assert_true(listing_is(slice_of("MTI: 0210\nF2: 1\nF3: 2\nF4: 3\n", 27)));
    assert_false(listing_is(slice_of("F2: 1\nF3: 2\nF4: 3\nF7: 1\n", 24)));
    assert_false(listing_is(slice_of("MTI: 12345\nF2: 1\nF3: 2\nF4: 3\n", 28)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_records),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
