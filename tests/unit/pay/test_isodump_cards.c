/* SPDX-License-Identifier: Apache-2.0 */
/* Card numbers in dumps of ISO 8583 messages, in every form of a message and element that may hold one: they
 * become tokens of the same card, and no number, track or PIN is in what comes out. */
#include "card_lines.h"
#include "pay_bench.h"

#include "agent/pay/isomsg.h"

enum { MESSAGES = 6000, BATCH = 50, MESSAGE_MAX = 1200 };

/* A message that grows, as characters or bytes. */
struct message {
    uint8_t at[MESSAGE_MAX];
    size_t len;
    enum iso_form form;
};

static void
put_text(struct message *m, const char *text)
{
    size_t n = strlen(text);

    assert_true(m->len + n <= MESSAGE_MAX);
    memcpy(m->at + m->len, text, n);
    m->len += n;
}

static unsigned
nibble_of(char digit)
{
    return digit == '=' ? 0x0d : (unsigned)(digit - '0');
}

/* Digits, packed where the form is; an odd number of them after a nought. */
static void
put_digits(struct message *m, const char *digits)
{
    unsigned high = 0;

    if (m->form < ISO_PACKED) {
        put_text(m, digits);
        return;
    }
    for (bool half = strlen(digits) % 2 == 1; *digits != '\0'; digits++, half = !half) {
        if (half)
            m->at[m->len++] = (uint8_t)(high << 4 | nibble_of(*digits));
        else
            high = nibble_of(*digits);
    }
}

static void
put_length(struct message *m, size_t n, int digits)
{
    char text[8];

    (void)snprintf(text, sizeof text, "%0*u", digits, (unsigned)n);
    put_digits(m, text);
}

static void
put_map(struct message *m, const unsigned *elements, size_t count)
{
    uint64_t map = 0;
    char hex[20];

    for (size_t i = 0; i < count; i++)
        map |= UINT64_C(1) << (64 - elements[i]);
    (void)sprintf(hex, "%016llX", (unsigned long long)map);
    if (m->form == ISO_TEXT) {
        put_text(m, hex);
        return;
    }
    for (int i = 7; i >= 0; i--)
        m->at[m->len++] = (uint8_t)(map >> (8 * i));
}

/* An answer: number, track 2, a track 1 without its end, and the number once more where it is nobody's
 * business. */
static void
message_make(struct message *m, enum iso_form form, const char *number, unsigned n)
{
    static const unsigned elements[] = {2, 3, 4, 7, 11, 35, 37, 39, 41, 48, 49};
    char text[200], track[40];

    *m = (struct message){.form = form};
    put_digits(m, "0210");
    put_map(m, elements, VG_ARRAY_LEN(elements));
    put_length(m, strlen(number), 2);
    put_digits(m, number);
    put_digits(m, "000000");
    put_digits(m, "000000012950");
    put_digits(m, "0302160502");
    (void)sprintf(text, "%06u", n % 1000000);
    put_digits(m, text);
    (void)snprintf(track, sizeof track, "%s=3012201%s", number, strlen(number) % 2 ? "00" : "0");
    put_length(m, strlen(track), 2);
    put_digits(m, track);
    (void)sprintf(text, "%012u", n);
    put_text(m, text);
    put_text(m, "00CAJA0001");
    (void)snprintf(text, sizeof text, "PAN %.4s %.4s %.4s %s B%s^ZZTRACK/A^3012201", number,
                   number + 4, number + 8, number + 12, number);
    put_length(m, strlen(text), 3);
    put_text(m, text);
    if (form == ISO_PACKED_CURRENCY)
        put_digits(m, "484");
    else
        put_text(m, "484");
}

/* As a line or a dump by lines; now and then with a byte less, which makes it none. */
static void
message_write(const struct message *m, uint64_t *rng, struct buf *out)
{
    size_t len = m->len - (line_below(rng, 10) == 0);

    buf_printf(out, "10:05:02 <- ");
    if (m->form == ISO_TEXT && line_below(rng, 2) == 0) {
        buf_put(out, m->at, len);
        buf_put_u8(out, '\n');
        return;
    }
    if (line_below(rng, 2) == 0) {
        bool apart = line_below(rng, 2) == 0;

        for (size_t i = 0; i < len; i++)
            buf_printf(out, apart ? "%02X " : "%02x", m->at[i]);
        buf_put_u8(out, '\n');
        return;
    }
    buf_put_u8(out, '\n');
    for (size_t i = 0; i < len; i += 16) {
        buf_printf(out, "%04zx ", i);
        for (size_t k = i; k < i + 16; k++)
            if (k < len)
                buf_printf(out, " %02x", m->at[k]);
            else
                buf_put_str(out, "   ");
        buf_put_str(out, "  ");
        for (size_t k = i; k < i + 16 && k < len; k++)
            buf_put_u8(out, m->at[k] >= 0x20 && m->at[k] < 0x7f ? m->at[k] : '.');
        buf_put_u8(out, '\n');
    }
    buf_put_u8(out, '\n');
}

static size_t
read_back(const struct pay_bench *b, struct buf *out, char numbers[BATCH][LINE_NUMBER_MAX],
          unsigned first)
{
    char path[256], token[TOKEN_TEXT_MAX];
    struct logfile *f;
    size_t seen = 0, count;

    (void)snprintf(path, sizeof path, "%s/in", b->folder);
    f = pay_bench_log(b, path, "iso8583-dump");
    while (logfile_next(f, true) == VG_OK) {
        const struct txn_view *t = logfile_txns(f, &count);
        const struct card_view *cards;
        const char *number;

        for (size_t i = 0; i < count; i++, seen++) {
            number = numbers[strtoul(t[i].id.at, NULL, 10) - first];
            assert_int_equal(
                tokens_make(b->tokens, TOKEN_CARD, slice_of(number, strlen(number)), token), VG_OK);
            assert_true(str_eq(t[i].card, str_of(token)));
            assert_memory_equal(t[i].bin, number, 6);
            assert_string_equal(t[i].last4, number + strlen(number) - 4);
            txn_write(&t[i], out);
            buf_put_u8(out, '\n');
        }
        cards = logfile_cards(f, &count);
        for (size_t i = 0; i < count; i++)
            buf_printf(out, "%.*s %.*s %s\n", (int)cards[i].token.len, cards[i].token.at,
                       (int)cards[i].field.len, cards[i].field.at, cards[i].last4);
    }
    for (size_t i = 0; i < LOGFILE_SHAPES; i++)
        buf_printf(out, "%s\n", logfile_bad_shape(f, i));
    logfile_free(f);
    return seen;
}

static void
test_no_card(void **state)
{
    char numbers[BATCH][LINE_NUMBER_MAX];
    struct pay_bench b;
    struct buf in, out;
    uint64_t rng = 20261130;
    size_t seen = 0;

    (void)state;
    pay_bench_init(&b);
    buf_init(&in, 1 << 20);
    buf_init(&out, 1 << 20);
    for (unsigned first = 0; first < MESSAGES; first += BATCH) {
        buf_clear(&in);
        buf_clear(&out);
        for (unsigned i = 0; i < BATCH; i++) {
            struct message m;

            do
                line_card(&rng, numbers[i]);
            while (strlen(numbers[i]) < 13);
            message_make(&m, (enum iso_form)line_below(&rng, ISO_FORMS), numbers[i], first + i);
            message_write(&m, &rng, &in);
        }
        assert_false(in.bad);
        pay_bench_write(&b, "in", "wb", in.data, in.len);
        seen += read_back(&b, &out, numbers, first);
        assert_false(out.bad);
        for (unsigned i = 0; i < BATCH; i++)
            if (strstr(buf_str(&out), numbers[i]) != NULL)
                fail_msg("%s is in the output", numbers[i]);
        assert_null(strstr(buf_str(&out), "ZZTRACK"));
        assert_null(strstr(buf_str(&out), "3012201"));
    }
    print_message("%zu of %d messages read\n", seen, MESSAGES);
    assert_in_range(seen, MESSAGES * 85 / 100, MESSAGES * 95 / 100);
    buf_done(&in);
    buf_done(&out);
    pay_bench_done(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_card)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
