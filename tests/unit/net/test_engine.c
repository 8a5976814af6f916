/* SPDX-License-Identifier: Apache-2.0 */
/* Whole captures through the engine: every truncation of every frame, determinism, bodies. */
#include "net_kit.h"

static void
test_truncations(void **state)
{
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(KIT_FIXTURES); i++)
        for (size_t most = 0; most < 1600; most += most < 160 ? 1 : 37) {
            kit_feed(e, KIT_FIXTURES[i], most);
            assert_int_equal(log.count[OBS_FLOW_START], log.count[OBS_FLOW_END]);
            assert_int_equal(net_engine_flows(e), 0);
            buf_clear(&log.text);
        }
    net_engine_free(e);
    buf_done(&log.text);
}

/* Twice through one engine, and once through another: the same words. */
static void
test_deterministic(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(KIT_FIXTURES); i++) {
        struct kit_log log, again;
        struct net_engine *e = kit_engine(&log), *other = kit_engine(&again);
        size_t once;

        kit_feed(e, KIT_FIXTURES[i], SIZE_MAX);
        once = log.text.len;
        kit_feed(e, KIT_FIXTURES[i], SIZE_MAX);
        kit_feed(other, KIT_FIXTURES[i], SIZE_MAX);
        assert_int_equal(log.text.len, 2 * once);
        assert_int_equal(again.text.len, once);
        assert_memory_equal(log.text.data, again.text.data, once);
        assert_memory_equal(log.text.data, log.text.data + once, once);
        net_engine_free(e);
        net_engine_free(other);
        buf_done(&log.text);
        buf_done(&again.text);
    }
}

static void
test_bodies(void **state)
{
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);

    (void)state;
    kit_feed(e, "tests/fixtures/net/http.pcap", SIZE_MAX);
    assert_true(kit_says(&log, "body server /index.html?a=1 text/html at 0: first <html>hol"));
    assert_true(kit_says(&log, "body server /index.html?a=1 text/html at 2013: last"));
    assert_true(kit_says(&log, "hola </html>"));
    assert_true(kit_says(&log, "body client /pay application/x-www-form-urlencoded at 0: first "
                               "amount=12"));
    assert_true(kit_says(&log, "body server /pay image/png at 0: first until the end"));
    assert_true(kit_says(&log, "body server /pay image/png at 13: last"));
    assert_true(kit_says(&log, "datos datos"));
    assert_true(kit_says(&log, "body server /hole text/plain at 2000: zzz"));
    assert_true(kit_says(&log, "body server /after  at 0: first ok"));
    net_engine_free(e);
    buf_done(&log.text);
}

static void
test_counters(void **state)
{
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);
    const struct net_counters *n = net_engine_counters(e);

    (void)state;
    kit_feed(e, "tests/fixtures/net/network.pcap", SIZE_MAX);
    assert_int_equal(n->fragments, 11);
    assert_int_equal(n->fragments_joined, 2);
    assert_int_equal(n->fragments_overlap, 2);
    assert_int_equal(n->fragments_conflict, 1); /* the one that IPv6 drops, with all that follow */
    assert_int_equal(n->fragments_dropped, 3);
    assert_int_equal(n->malformed, 1);
    assert_int_equal(n->link_unknown, 1);
    kit_feed(e, "tests/fixtures/net/http.pcap", SIZE_MAX);
    assert_true(n->stream_out_of_order > 0);
    assert_true(n->stream_overlap > 0);
    assert_int_equal(n->stream_gaps, 1);
    assert_int_equal(n->stream_gap_bytes, 1000);
    net_engine_free(e);
    buf_done(&log.text);
}

static void
test_icmp_and_ticks(void **state)
{
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);

    (void)state;
    kit_feed(e, "tests/fixtures/net/flows.pcap", SIZE_MAX);
    assert_int_equal(log.count[OBS_ICMP], 3);
    assert_int_equal(log.count[OBS_ARP], 2);
    net_engine_tick(e, INT64_C(1800000000) * 1000000000);
    net_engine_tick(e, INT64_C(1799999990) * 1000000000); /* packets were ahead: nothing */
    assert_int_equal(log.count[OBS_TICK], 1);
    net_engine_free(e);
    buf_done(&log.text);
}

/* Somebody sets the clock right: what went on is over, and time goes on from there. */
static void
test_clock_set_back(void **state)
{
    static const int64_t late = INT64_C(1800000000) * 1000000000, sec = 1000000000;
    struct capture *c = kit_open("tests/fixtures/net/flows.pcap");
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);
    struct frame f;

    (void)state;
    while (net_engine_flows(e) == 0) { /* frames of a link have none */
        assert_int_equal(capture_next(c, &f), VG_OK);
        net_engine_frame(e, capture_link(c), late, f.bytes, f.wire);
    }
    net_engine_tick(e, late - 86400 * sec);
    assert_int_equal(net_engine_flows(e), 0);
    assert_int_equal(log.count[OBS_FLOW_END], 1);
    assert_int_equal(log.count[OBS_TICK], 1);
    net_engine_frame(e, capture_link(c), late - 86399 * sec, f.bytes, f.wire);
    net_engine_tick(e, late - 86000 * sec); /* unanswered for longer than it may be */
    assert_int_equal(net_engine_flows(e), 0);
    assert_int_equal(log.count[OBS_FLOW_END], 2);
    net_engine_free(e);
    capture_free(c);
    buf_done(&log.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncations),    cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_bodies),         cmocka_unit_test(test_counters),
        cmocka_unit_test(test_icmp_and_ticks), cmocka_unit_test(test_clock_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
