/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/yara_gate.h"

static struct yara_gate *
gate_of(const char *source)
{
    YR_COMPILER *compiler;
    YR_RULES *rules;
    struct yara_gate *gate;

    assert_int_equal(yr_compiler_create(&compiler), ERROR_SUCCESS);
    assert_int_equal(yr_compiler_add_string(compiler, source, NULL), 0);
    assert_int_equal(yr_compiler_get_rules(compiler, &rules), ERROR_SUCCESS);
    yr_compiler_destroy(compiler);
    assert_int_equal(yara_gate_new(&gate), VG_OK);
    assert_int_equal(yara_gate_add(gate, rules), VG_OK);
    assert_int_equal(yara_gate_ready(gate), VG_OK);
    yr_rules_destroy(rules);
    return gate;
}

/* Looks at a copy of just this length, so that a sanitizer sees a byte too many. */
static bool
lets(struct yara_gate *gate, const void *bytes, size_t len)
{
    void *copy = malloc(len + 1);
    bool open;

    assert_non_null(copy);
    memcpy((char *)copy + 1, bytes, len);
    open = yara_gate_lets(gate, slice_of((char *)copy + 1, len)) != 0;
    free(copy);
    return open;
}

static bool
lets_text(struct yara_gate *gate, const char *text)
{
    return lets(gate, text, strlen(text));
}

/* Wherever it stands, in whatever case, and wide too; not where its end is missing. */
static void
at_every_place(struct yara_gate *gate, const char *text, bool wide)
{
    size_t step = wide ? 2 : 1, len = strlen(text) * step - (wide ? 1 : 0);

    for (size_t place = 0; place < 20; place++) {
        for (size_t after = 0; after < 6; after++) {
            char bytes[200];

            memset(bytes, '.', sizeof(bytes));
            if (wide)
                memset(bytes + place, 0, len);
            for (size_t i = 0; text[i] != '\0'; i++)
                bytes[place + i * step] = text[i];
            assert_true(lets(gate, bytes, place + len + after));
            assert_false(lets(gate, bytes, place + len - 1));
            bytes[place + step * (place % strlen(text))] = '+';
            assert_false(lets(gate, bytes, place + len + after));
        }
    }
}

static void
test_every_place(void **state)
{
    static const char *const lists[] = {"abcd", "abcdef", "wallet.dat", "zyxw|Wallet.Dat|abcdefgh"};
    static const char *const texts[] = {"abcd", "ABCdef", "wALLet.dat", "WALLET.DAT"};

    for (size_t i = 0; i < VG_ARRAY_LEN(lists); i++) {
        char source[300];
        struct yara_gate *gate;

        snprintf(source, sizeof(source),
                 "rule r { meta: needs = \"%s\" strings: $a = \"abc\" wide condition: $a }",
                 lists[i]);
        gate = gate_of(source);
        assert_int_equal(yara_gate_without_needs(gate), 0);
        at_every_place(gate, texts[i], false);
        at_every_place(gate, texts[i], true);
        assert_false(lets_text(gate, ""));
        assert_false(lets_text(gate, "ab"));
        yara_gate_free(gate);
    }
}

/* Each clause of one rule; not one clause of each of two. */
static void
test_all_clauses_of_one_rule(void **state)
{
    struct yara_gate *gate = gate_of("rule a { meta: needs = \"first|other\" needs = \"second\" "
                                     "condition: filesize > 1 }"
                                     "rule b { meta: needs = \"third\" needs = \"fourth\" "
                                     "condition: filesize > 1 }");

    assert_true(lets_text(gate, "the second and the first"));
    assert_true(lets_text(gate, "others seconded it"));
    assert_true(lets_text(gate, "thirdfourth"));
    assert_false(lets_text(gate, "first and other"));
    assert_false(lets_text(gate, "first and fourth"));
    assert_false(lets_text(gate, "second and third"));
    /* Nothing of an earlier look is left. */
    assert_false(lets_text(gate, "second"));
    yara_gate_free(gate);
}

/* A rule that cannot match in more bytes says so. */
static void
test_most_bytes(void **state)
{
    struct yara_gate *gate = gate_of("rule a { meta: needs = \"first\" max_bytes = 9 condition: "
                                     "filesize < 10 }");

    assert_true(lets_text(gate, "the first"));
    assert_false(lets_text(gate, "the first "));
    yara_gate_begin(gate, 10);
    assert_false(yara_gate_more(gate, slice_of("first", 5)));
    assert_true(yara_gate_open(gate) == 0);
    yara_gate_begin(gate, 9);
    assert_true(yara_gate_more(gate, slice_of("first", 5)));
    yara_gate_free(gate);
}

/* A list that goes on, a bar within a text, and texts of two or three bytes: exact but for case. */
static void
test_short_texts(void **state)
{
    struct yara_gate *gate = gate_of("rule a { meta: needs = \"first\" or_needs = \"x\\\\id\\n\" "
                                     "or_needs = \"{{|'\\\\\\\\|$(a\" condition: filesize > 1 }");
    static const char *const open[] = {"the first", "ax|id\n", "{{",    "a{{",
                                       "{{{",       "'||",     "x $(A", "'\\\\"};
    static const char *const shut[] = {"ax|id ", "{",   "",       "[{",
                                       "{[",     "{ {", "'|",     "' ||",
                                       "$(",     "$(b", "\004(a", "{\"a\": {\"b\": [[1]]}}"};

    assert_int_equal(yara_gate_without_needs(gate), 0);
    for (size_t i = 0; i < VG_ARRAY_LEN(open); i++)
        assert_true(lets_text(gate, open[i]));
    for (size_t i = 0; i < VG_ARRAY_LEN(shut); i++)
        assert_false(lets_text(gate, shut[i]));
    yara_gate_free(gate);
}

/* Short texts of a rule that also asks for longer ones: wherever they stand, before or behind; in pieces
 * nobody knows, and the rule is let in. */
static void
test_short_texts_later(void **state)
{
    struct yara_gate *gate =
        gate_of("rule a { meta: needs = \"unescape|redim \" needs = \"%u|redim \" "
                "condition: true }");

    assert_int_equal(yara_gate_without_needs(gate), 0);
    assert_true(lets_text(gate, "unescape(%u"));
    assert_true(lets_text(gate, "%U and UNESCAPE"));
    assert_true(lets_text(gate, "redim "));
    assert_true(lets_text(gate, "unescape redim "));
    assert_false(lets_text(gate, "unescape(% u"));
    assert_false(lets_text(gate, "unescape(%"));
    assert_false(lets_text(gate, "%u escape"));
    yara_gate_begin(gate, 8);
    assert_true(yara_gate_more(gate, slice_of("unescape", 8)));
    yara_gate_free(gate);
}

/* At every place between bytes that no text has, between such as all have, and between both. */
static void
test_between_others(void **state)
{
    static const char *const metas[] = {"abcde", "abcdef", "abcdefg", "a\\xc3\\xb1bcd|abcdefg"};
    enum { BYTES = 400 };

    for (size_t i = 0; i < 3 * VG_ARRAY_LEN(metas); i++) {
        const char *meta = metas[i / 3];
        struct yara_gate *gate;
        char source[200], bytes[BYTES];
        size_t len;

        snprintf(source, sizeof(source), "rule r { meta: needs = \"%s\" condition: true }", meta);
        gate = gate_of(source);
        meta = i / 3 == 3 ? "abcdefg" : meta;
        len = strlen(meta);
        for (size_t place = 0; place + len <= BYTES; place++) {
            for (size_t k = 0; k < BYTES; k++)
                bytes[k] =
                    (char)(i % 3 == 0 || (i % 3 == 1 && k * 7 % 5 < 2) ? 0x90 + k % 90 : '-');
            memcpy(bytes + place, meta, len);
            assert_true(lets(gate, bytes, BYTES));
            bytes[place + len / 2] = (char)0xff;
            assert_false(lets(gate, bytes, BYTES));
        }
        yara_gate_free(gate);
    }
}

/* A rule that says nothing, or what cannot be looked for, is scanned for always. */
static void
test_rules_that_do_not_say(void **state)
{
    static const char *const metas[] = {
        "",
        "meta: description = \"needs\"",
        "meta: needs = 5",
        "meta: needs = \"\"",
        "meta: needs = \"a\"",
        "meta: needs = \"abcdef|a\"",
        "meta: needs = \"abcdef|\"",
        "meta: needs = \"0123456789012345678901234567890123456789012345678901234567890123456789\"",
        "meta: needs = \"abcd\" needs = \"abcd\" needs = \"abcd\" needs = \"abcd\" needs = "
        "\"abcd\" "
        "needs = \"abcd\" needs = \"abcd\" needs = \"abcd\" needs = \"abcd\"",
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(metas); i++) {
        char source[600];
        struct yara_gate *gate;

        snprintf(source, sizeof(source),
                 "rule a { meta: needs = \"wallet.dat\" condition: true }"
                 "rule b { %s condition: true }",
                 metas[i]);
        gate = gate_of(source);
        assert_int_equal(yara_gate_without_needs(gate), 1);
        assert_true(lets_text(gate, "anything"));
        yara_gate_free(gate);
    }
}

/* A text over the border of two pieces, and two texts in different pieces; another thread's gate sees
 * nothing of that. */
static void
test_pieces(void **state)
{
    struct yara_gate *gate = gate_of("rule a { meta: needs = \"needle-one\" needs = \"second\" "
                                     "condition: true }");
    struct yara_gate *other;
    char text[600];
    const size_t piece = 200;

    assert_int_equal(yara_gate_share(gate, &other), VG_OK);
    memset(text, '.', sizeof(text));
    memcpy(text + 395, "needle-one", 10);
    memcpy(text + 20, "second", 6);
    for (int with = 1; with >= 0; with--) {
        bool open = false;

        yara_gate_begin(gate, sizeof(text));
        yara_gate_begin(other, sizeof(text));
        for (size_t at = 0; at < sizeof(text); at += piece) {
            size_t len = piece + YARA_NEEDS_OVERLAP;

            open |= yara_gate_more(
                gate, slice_of(text + at, len < sizeof(text) - at ? len : sizeof(text) - at));
        }
        assert_int_equal(open, with);
        assert_false(yara_gate_more(other, slice_of(text + 300, 200)));
        text[21] = '.';
    }
    yara_gate_free(other);
    yara_gate_free(gate);
}

/* Each set by its own rules: one that is open does not open the others, and one with a rule that says
 * nothing always is. */
static void
test_sets(void **state)
{
    static const char *const sources[] = {
        "rule r { meta: needs = \"first\" condition: true }",
        "rule r { meta: needs = \"##\" needs = \"third\" condition: true }",
        "rule r { meta: needs = \"fourth\" condition: true } rule s { condition: true }",
    };
    YR_RULES *sets[VG_ARRAY_LEN(sources)];
    struct yara_gate *gate;

    assert_int_equal(yara_gate_new(&gate), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(sources); i++) {
        YR_COMPILER *compiler;

        assert_int_equal(yr_compiler_create(&compiler), ERROR_SUCCESS);
        assert_int_equal(yr_compiler_add_string(compiler, sources[i], NULL), 0);
        assert_int_equal(yr_compiler_get_rules(compiler, &sets[i]), ERROR_SUCCESS);
        yr_compiler_destroy(compiler);
        assert_int_equal(yara_gate_asked(sets[i]), i < 2);
        assert_int_equal(yara_gate_add(gate, sets[i]), VG_OK);
        yr_rules_destroy(sets[i]);
    }
    assert_int_equal(yara_gate_ready(gate), VG_OK);
    assert_int_equal(yara_gate_without_needs(gate), 1);
    assert_int_equal(yara_gate_lets(gate, slice_of("nothing", 7)), 4);
    assert_int_equal(yara_gate_lets(gate, slice_of("the first", 9)), 4 | 1);
    assert_int_equal(yara_gate_lets(gate, slice_of("a ## b", 6)), 4);
    assert_int_equal(yara_gate_lets(gate, slice_of("a ## third", 10)), 4 | 2);
    assert_int_equal(yara_gate_lets(gate, slice_of("third first fourth ##", 21)), 4 | 2 | 1);
    yara_gate_free(gate);
}

/* More texts than there is room for: the rules that found none are scanned for always. */
static void
test_bounded(void **state)
{
    enum { RULES = YARA_NEEDS_TEXTS_MAX / 2 + 3 };
    char *source = malloc(RULES * 80), *at = source;
    struct yara_gate *gate;

    assert_non_null(source);
    for (int i = 0; i < RULES; i++)
        at += sprintf(at, "rule r%d { meta: needs = \"text%d\" condition: true }\n", i, i);
    gate = gate_of(source);
    assert_int_equal(yara_gate_without_needs(gate), 3);
    assert_true(lets_text(gate, "anything"));
    yara_gate_free(gate);
    free(source);
}

static int
setup(void **state)
{
    return yr_initialize() == ERROR_SUCCESS ? 0 : 1;
}

static int
teardown(void **state)
{
    return yr_finalize() == ERROR_SUCCESS ? 0 : 1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_all_clauses_of_one_rule),
        cmocka_unit_test(test_most_bytes),
        cmocka_unit_test(test_short_texts),
        cmocka_unit_test(test_short_texts_later),
        cmocka_unit_test(test_between_others),
        cmocka_unit_test(test_rules_that_do_not_say),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
