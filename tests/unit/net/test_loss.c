/* SPDX-License-Identifier: Apache-2.0 */
/* Episodes of loss: one event each, told when over, or after a while; little losses are none. */
#include "agent/net/loss.h"
#include "net_kit.h"

#define SEC INT64_C(1000000000)

struct bench {
    struct net_counters now;
    struct net_loss loss;
    struct net_loss_episode told;
    unsigned events;
    int64_t t;
};

static void
begin(struct bench *b)
{
    *b = (struct bench){.t = 1700000000 * SEC};
    net_loss_begin(&b->loss, &b->now);
}

/* So many seconds, in each of them so much of one counter. */
static void
pass(struct bench *b, unsigned seconds, uint64_t *counter, uint64_t each)
{
    for (unsigned i = 0; i < seconds; i++) {
        b->t += SEC;
        b->now.packets += 1000;
        if (counter != NULL)
            *counter += each;
        assert_true(net_loss_due(&b->loss, b->t));
        b->events += net_loss_look(&b->loss, &b->now, b->t, &b->told);
        assert_false(net_loss_due(&b->loss, b->t + SEC - 1));
    }
}

static void
test_one_event(void **state)
{
    struct bench b;

    (void)state;
    begin(&b);
    pass(&b, 30, NULL, 0);
    pass(&b, 120, &b.now.flows_evicted, 5000);
    pass(&b, 50, NULL, 0); /* a pause, shorter than an end */
    pass(&b, 10, &b.now.flows_evicted, 5000);
    assert_int_equal(b.events, 0);
    pass(&b, 300, NULL, 0);
    assert_int_equal(b.events, 1);
    assert_false(b.told.ongoing);
    assert_int_equal(b.told.rose.flows_evicted, 130 * 5000);
    assert_int_equal((b.told.ended_ns - b.told.began_ns) / SEC, 180);
    assert_false(net_loss_end(&b.loss, &b.now, &b.told));
}

static void
test_input_ends(void **state)
{
    struct bench b;

    (void)state;
    begin(&b);
    pass(&b, 5, &b.now.kernel_drops, 1);
    assert_int_equal(b.events, 0);
    assert_true(net_loss_end(&b.loss, &b.now, &b.told));
    assert_int_equal(b.told.rose.kernel_drops, 5);
    assert_false(net_loss_end(&b.loss, &b.now, &b.told)); /* the next input is another matter */
}

static void
test_little_is_none(void **state)
{
    struct bench b;

    (void)state;
    begin(&b);
    pass(&b, 1000, &b.now.stream_gaps, 63);
    pass(&b, 1000, &b.now.fragments_dropped, 1);
    assert_int_equal(b.events, 0);
    assert_false(net_loss_end(&b.loss, &b.now, &b.told));
    pass(&b, 1, &b.now.stream_gaps, 64);
    pass(&b, 200, &b.now.stream_gaps, 16); /* goes on, by a quarter */
    assert_int_equal(b.events, 0);
    pass(&b, 200, &b.now.stream_gaps, 15);
    assert_int_equal(b.events, 1);
}

/* A day of it: told now and then, not at each look. */
static void
test_goes_on(void **state)
{
    struct bench b;

    (void)state;
    begin(&b);
    pass(&b, 601, &b.now.flows_evicted, 1);
    assert_int_equal(b.events, 1);
    assert_true(b.told.ongoing);
    pass(&b, 24 * 3600, &b.now.flows_evicted, 1);
    assert_in_range(b.events, 6, 9);
}

/* In the middle of an episode the clock goes back by a day: it is still one, as long as it was. */
static void
test_clock_set_back(void **state)
{
    struct bench b;

    (void)state;
    begin(&b);
    pass(&b, 60, &b.now.flows_evicted, 5000);
    b.t -= 86400 * SEC;
    net_loss_clock_back(&b.loss, 86400 * SEC);
    pass(&b, 60, &b.now.flows_evicted, 5000);
    pass(&b, 100, NULL, 0);
    assert_int_equal(b.events, 1);
    assert_in_range((b.told.ended_ns - b.told.began_ns) / SEC, 119, 120);
}

static void
test_event(void **state)
{
    struct bench b;
    char why[EVENT_WHY_MAX] = "";
    json_t *event, *facts;

    (void)state;
    begin(&b);
    pass(&b, 3, &b.now.parser_refused, 7);
    assert_true(net_loss_end(&b.loss, &b.now, &b.told));
    event = net_loss_event(&b.told);
    assert_non_null(event);
    assert_int_equal(event_check(event, false, why), VG_OK);
    assert_string_equal(vg_json_str(event, "detector", ""), "net.loss");
    assert_string_equal(vg_json_str(event, "class", ""), "health");
    facts = json_object_get(event, "facts");
    assert_int_equal(vg_json_int(facts, "parser_refused", 0), 21);
    assert_null(json_object_get(facts, "kernel_drops"));
    json_decref(event);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_event),      cmocka_unit_test(test_input_ends),
        cmocka_unit_test(test_little_is_none), cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_clock_set_back), cmocka_unit_test(test_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
