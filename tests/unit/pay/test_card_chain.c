/* SPDX-License-Identifier: Apache-2.0 */
/* What card_chain passes over holds nothing that could be a card number, and it finds the same with the
 * machine's vectors as without (card_chain_portable.c). */
#include "pay_own.h"

#include "agent/detect/card_number.h"
#include "agent/pay/card_chain.h"

static uint64_t
draw(uint64_t *state, uint64_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (*state >> 33) % below;
}

size_t card_chain_portable(struct slice text, size_t from);

static bool
is_together(struct slice s, size_t at)
{
    uint8_t kind = CARD_BYTE[byte_at(s, at)];

    return at < s.left && (kind == CARD_DIGIT || kind == CARD_SEPARATOR);
}

/* The first digit of the first run that is long enough, or that a lead byte goes on with; a lead byte. */
static size_t
earliest(struct slice s, bool *any)
{
    size_t begin = 0, first = s.left; /* of the run, its first digit */

    *any = true;
    for (size_t at = 0; at < s.left; at++) {
        if (CARD_BYTE[byte_at(s, at)] == CARD_LEAD)
            return first < at ? first : at;
        if (!is_together(s, at)) {
            begin = at + 1;
            first = s.left;
            continue;
        }
        if (CARD_BYTE[byte_at(s, at)] == CARD_DIGIT && first > at)
            first = at;
        if (at + 1 - begin >= CARD_DIGITS_MIN && first < s.left)
            return first;
    }
    *any = false;
    return s.left;
}

/* Runs of bytes of a kind each: digits and separators together, few, with lead bytes, none. */
static void
draw_text(uint64_t *seed, uint8_t *text, size_t len)
{
    static const char *const kinds[] = {"0123456789", "01234567 -", "4 1-1.1_1+1,",
                                        "abc,0",      "a,1%\\\xc2", "-- 1"};
    size_t at = 0;

    while (at < len) {
        const char *kind = kinds[draw(seed, VG_ARRAY_LEN(kinds))];
        size_t n = 1 + draw(seed, 20);

        for (; n > 0 && at < len; n--)
            text[at++] = (uint8_t)kind[draw(seed, strlen(kind))];
    }
}

static void
test_random(void **state)
{
    uint64_t seed = 5;

    for (int i = 0; i < 200000; i++) {
        uint8_t text[300];
        size_t len = draw(&seed, i % 2 ? sizeof text : 80), got, want;
        struct own o;
        bool any;

        draw_text(&seed, text, len);
        o = own_n(text, len);
        got = card_chain_likely(o.text, 0);
        want = earliest(o.text, &any);
        assert_true(got <= want);
        assert_true(got == len || CARD_BYTE[byte_at(o.text, got)] == CARD_DIGIT ||
                    CARD_BYTE[byte_at(o.text, got)] == CARD_LEAD);
        free(o.block);
    }
}

/* From every place of a text, so that blocks begin everywhere in it; and every byte in every place of
 * a block. The texts end where their memory ends. */
static void
test_same(void **state)
{
    enum { TEXTS = 12000, LONG = 330 };
    uint64_t seed = 11;

    for (int i = 0; i < TEXTS; i++) {
        uint8_t text[LONG];
        size_t len = draw(&seed, LONG);
        struct own o;

        draw_text(&seed, text, len);
        for (uint64_t n = draw(&seed, 3); n > 0 && len > 0; n--)
            text[draw(&seed, len)] = (uint8_t)draw(&seed, 256);
        o = own_n(text, len);
        for (size_t from = 0; from <= len; from++)
            assert_int_equal(card_chain_likely(o.text, from), card_chain_portable(o.text, from));
        free(o.block);
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 130; at++) {
            uint8_t text[130];
            struct own o;

            memset(text, at % 2 ? '1' : 'a', sizeof text);
            text[at] = (uint8_t)byte;
            o = own_n(text, sizeof text);
            for (size_t from = 0; from <= at; from++)
                assert_int_equal(card_chain_likely(o.text, from),
                                 card_chain_portable(o.text, from));
            free(o.block);
        }
    }
}

/* And it does pass over most of an ordinary line. */
static void
test_ordinary(void **state)
{
    static const char line[] =
        "2025-01-01T06:00:00Z,T000000000,sale,approved,274.70,MXN,c00005305,luis.5305@mail.example,"
        "198.18.20.185,caja-1,ana,pedido-T000000000,,,,,,,,,,4000000420102958";
    struct own o = own(line);

    /* An address of 13 digits and dots has to be looked at. */
    assert_int_equal(card_chain_likely(o.text, 0), (size_t)(strstr(line, "198.18.20") - line));
    assert_int_equal(card_chain_likely(o.text, (size_t)(strstr(line, ",caja") - line)),
                     (size_t)(strstr(line, "4000") - line));
    free(o.block);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_ordinary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
