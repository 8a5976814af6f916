/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 8583 messages in every form in which logs show them, what is none, and every part of one. */
#include "pay_own.h"

#include "agent/pay/isodump.h"

enum { LIST_MAX = 8192 };

/* What the record gives, lines joined by a blank; "": no message. */
static const char *
gives(const char *record, struct buf *out)
{
    struct own o = own(record);
    bool any;

    buf_clear(out);
    any = isodump_list(o.text, out);
    assert_int_equal(any, out->len > 0);
    free(o.block);
    assert_false(out->bad);
    for (char *at = strchr(buf_str(out), '\n'); at != NULL; at = strchr(at, '\n'))
        *at = ' ';
    return buf_str(out);
}

#define AMOUNT "F3: 000000 F4: 000000012950 F11: 000101 F39: 00 "

static void
test_forms(void **state)
{
    static const char *const cases[][2] = {
        /* Characters, with a length before them, in quotes. */
        {"02103020000002000000000000000000012950000101"
         "00",
         "MTI: 0210 " AMOUNT},
        {"10:05 <- 00460210302000000200000000000000000001295000010100",
         "MTI: 0210 " AMOUNT "10:05 <- 0046"},
        {"\"02103020000002000000000000000000012950000101"
         "00\"]\r",
         "MTI: 0210 " AMOUNT "\""},
        /* The same as bytes; the bitmap as bytes; packed; behind a TPDU, with its length, in pairs. */
        {"rx 3032313033303230303030303032303030303030303030303030303030303030303132"
         "3935303030303130313030",
         "MTI: 0210 " AMOUNT "rx "},
        {"3032313030200000020000003030303030303030303030303031323935303030303130313030",
         "MTI: 0210 " AMOUNT},
        {"02103020000002000000000000000000012950000101"
         "3030",
         "MTI: 0210 " AMOUNT},
        {"6000010002 6000010002"
         "02103020000002000000000000000000012950000101"
         "3030",
         "MTI: 0210 " AMOUNT "6000010002 "},
        {"001d6000010002"
         "02103020000002000000000000000000012950000101"
         "3030",
         "MTI: 0210 " AMOUNT},
        {"10:05:02 02 10 30 20 00 00 02 00 00 00 00 00 00 00 00 00 01 29 50 00 01 01 30 30.",
         "MTI: 0210 " AMOUNT "10:05:02 "},
        /* Dumps by lines. */
        {"0000  02 10 30 20 00 00 02 00  00 00 00 00 00 00 00 00  ..0 ............\n"
         "0010  01 29 50 00 01 01 30 30                           .)P...00\n",
         "MTI: 0210 " AMOUNT},
        {"00000000: 0210 3020 0000 0200 0000 0000 0000 0000  ..0 ............\n"
         "00000010: 0129 5000 0101 3030                      .)P...00\n",
         "MTI: 0210 " AMOUNT},
        {"00000000  02 10 30 20 00 00 02 00  00 00 00 00 00 00 00 00  |..0 ............|\n"
         "00000010  01 29 50 00 01 01 30 30                           |.)P...00|\n",
         "MTI: 0210 " AMOUNT},
        /* An odd card number, filled before or behind; a masked one; a sign; a second bitmap. */
        {"0200600000000000000015037828224631000500"
         "0000",
         "MTI: 0200 F2: 378282246310005 F3: 000000 "},
        {"02006000000000000000153782822463100"
         "05f000000",
         "MTI: 0200 F2: 378282246310005 F3: 000000 "},
        {"0200600000000000000016411111******1111000000",
         "MTI: 0200 F2: 411111******1111 F3: 000000 "},
        {"02002000001000000000000000C00000100", "MTI: 0200 F3: 000000 F28: 00000100 "},
        {"0800822000000000000004000000000000000302161600000105301",
         "MTI: 0800 F7: 0302161600 F11: 000105 F70: 301 "},
        /* Left out: a PIN block, chip data. Shown, to be searched: track data. */
        {"02000000000020001200"
         "094111=2512"
         "8F3A11C09B22D7E1"
         "0049F26",
         "MTI: 0200 F35: 4111=2512 "},
        /* None: a wrong type, an element with letters, one that is cut, something behind it, a third bitmap. */
        {"09103020000002000000000000000000012950000101"
         "00",
         ""},
        {"02503020000002000000000000000000012950000101"
         "00",
         ""},
        {"021030200000020000000000000000000129500001x1"
         "00",
         ""},
        {"02103020000002000000000000000000012950000101"
         "0",
         ""},
        {"02103020000002000000000000000000012950000101"
         "00 and more",
         ""},
        {"02000000000000000001", ""},
        {"0210000000000000000"
         "0",
         ""},
        {"2026-03-02 10:05:00 0000 0000 0000 0000 0000", ""},
        {"", ""},
        {"card 4111111111111111", ""},
    };
    struct buf out;

    (void)state;
    buf_init(&out, LIST_MAX);
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++)
        if (strcmp(gives(cases[i][0], &out), cases[i][1]) != 0)
            fail_msg("case %zu: \"%s\"", i, buf_str(&out));
    /* Every part of each, and every byte of it damaged: a message or none. */
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        char text[256];
        size_t len = strlen(cases[i][0]);

        for (size_t n = 0; n < len; n++) {
            (void)snprintf(text, sizeof text, "%.*s", (int)n, cases[i][0]);
            (void)gives(text, &out);
            (void)snprintf(text, sizeof text, "%s", cases[i][0]);
            text[n] = (char)(0x80 | n);
            (void)gives(text, &out);
        }
    }
    buf_done(&out);
}

/* Where records end: a line, or the lines of one dump. */
static void
test_records(void **state)
{
    static const char text[] =
        "a line\n"
        "0000  01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10  ................\n"
        "0010  01 02\n"
        "0000  01 02\n"
        "0010  03 04\n"
        "last";
    static const size_t lines_of[] = {1, 2, 1, 1, 1};
    struct slice rest = slice_of(text, strlen(text));
    size_t end, next, lines;

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(lines_of); i++) {
        /* Not whole: the line, or what may go on. */
        assert_int_equal(isodump_record(bytes_part(rest, 0, 4), false, &end, &next, &lines),
                         VG_AGAIN);
        assert_int_equal(isodump_record(rest, true, &end, &next, &lines), VG_OK);
        assert_int_equal(lines, lines_of[i]);
        slice_skip(&rest, next);
    }
    assert_int_equal(rest.left, 0);
    assert_int_equal(isodump_record(rest, true, &end, &next, &lines), VG_AGAIN);
    rest = bytes_part(slice_of(text, strlen(text)), 7, 81);
    assert_int_equal(isodump_record(rest, false, &end, &next, &lines), VG_AGAIN);
}

/* What is no payment is no such log, however much it looks like one. */
static void
test_is(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"started\n02103020000002000000000000000000012950000101"
         "00\n",
         false}, /* too little in it */
        {"started\n0210722000000A808000164111111111111111000000000000012950030216050200010160611600"
         "010100CAJA0001484\n",
         true},
        {"0210 0210 0210\n0000  00 00\n2026-03-02 10:00:00 venta 12.50\n", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct own o = own(cases[i].text);

        assert_int_equal(isodump_is(o.text), cases[i].is);
        free(o.block);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
