/* SPDX-License-Identifier: Apache-2.0 */
/* Records that wait are copies, and leave in the order in which they came. */
#include "pay_own.h"

#include "agent/detect/pay_common.h"
#include "agent/pay/queue.h"

static void
put(struct pay_queue *q, unsigned n, size_t cards)
{
    char id[16], token[16];
    struct txn_view t = {.time_ns = n, .id = str_of(""), .card = str_of("")};
    struct card_view card[2] = {{.source = str_of("s"), .field = str_of("")}};

    (void)snprintf(id, sizeof id, "t%u", n);
    (void)snprintf(token, sizeof token, "card%u", n);
    t.id = str_of(id);
    t.card = card[0].token = card[1].token = str_of(token);
    assert_int_equal(pay_queue_put(q, n % 4 == 3 ? NULL : &t, n, card, cards), VG_OK);
    memset(id, 'x', sizeof id); /* the line is gone */
    memset(token, 'x', sizeof token);
}

static void
check(const struct pay_waiting *w, unsigned n, size_t cards)
{
    char id[16], token[16];

    (void)snprintf(id, sizeof id, "t%u", n);
    (void)snprintf(token, sizeof token, "card%u", n);
    assert_non_null(w);
    assert_int_equal(w->has_txn, n % 4 != 3);
    assert_int_equal(w->digest, n);
    if (w->has_txn) {
        assert_true(str_is(w->txn.id, id));
        assert_int_equal(w->keys.key[KEY_CARD], pay_key("card", str_of(token)));
        assert_int_equal(w->keys.key[KEY_CASE], pay_key("case", str_of(id)));
    }
    assert_int_equal(w->card_count, cards);
    for (size_t i = 0; i < cards; i++)
        assert_true(str_is(w->cards[i].token, token));
}

static void
test_order(void **state)
{
    struct pay_queue *q;
    unsigned in = 0, out = 0;

    assert_int_equal(pay_queue_new(&q), VG_OK);
    assert_null(pay_queue_ago(q, 0));
    for (unsigned turn = 0; turn < 100; turn++) {
        for (; in - out < 1 + turn % PAY_QUEUE; in++)
            put(q, in, in % (PAY_QUEUE_CARDS + 1));
        assert_int_equal(pay_queue_count(q), in - out);
        for (size_t ago = 0; ago < in - out; ago++)
            assert_int_equal(pay_queue_ago(q, ago)->digest, in - 1 - ago);
        assert_null(pay_queue_ago(q, in - out));
        check(pay_queue_take(q), out, out % (PAY_QUEUE_CARDS + 1));
        out++;
    }
    pay_queue_free(q);
}

/* What no mapper makes is refused whole. */
static void
test_too_long(void **state)
{
    static char text[PAY_QUEUE_TEXT];
    const struct card_view cards[PAY_QUEUE_CARDS + 1] = {{.line = 1}};
    struct txn_view t = {.id = str_n(text, sizeof text), .reason = str_of("why")};
    struct pay_queue *q;

    assert_int_equal(pay_queue_new(&q), VG_OK);
    assert_int_equal(pay_queue_put(q, &t, 1, NULL, 0), VG_ERR_LIMIT);
    assert_int_equal(pay_queue_count(q), 0);
    t.reason = str_of("");
    assert_int_equal(pay_queue_put(q, &t, 1, NULL, 0), VG_OK);
    assert_int_equal(pay_queue_count(q), 1);
    assert_int_equal(pay_queue_put(q, NULL, 1, cards, PAY_QUEUE_CARDS + 1), VG_ERR_LIMIT);
    for (size_t n = 1; n < PAY_QUEUE; n++)
        assert_int_equal(pay_queue_put(q, NULL, n, cards, 1), VG_OK);
    assert_int_equal(pay_queue_put(q, NULL, 9, cards, 1), VG_ERR_LIMIT);
    assert_int_equal(pay_queue_count(q), PAY_QUEUE);
    assert_int_equal(pay_queue_ago(q, 0)->digest, PAY_QUEUE - 1);
    pay_queue_free(q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
