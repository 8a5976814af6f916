/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of DNS: what belongs together, what is told twice, what never. */
#include "dialog.h"

/* Head (id 7, one question, `answers` records) and the question "a.mx", type A. */
#define MESSAGE(flags, answers)                                                                    \
    0, 7, (flags) >> 8, (flags)&0xff, 0, 1, 0, (answers), 0, 0, 0, 0, 1, 'a', 2, 'm', 'x', 0, 0,   \
        1, 0, 1
#define ADDRESS(last) 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, (last)

static const uint8_t QUERY[] = {MESSAGE(0x0100, 0)};
static const uint8_t ANSWER[] = {MESSAGE(0x8180, 1), ADDRESS(1)};
static const uint8_t SPOOFED[] = {MESSAGE(0x8180, 1), ADDRESS(66)};
static const uint8_t REFUSED[] = {MESSAGE(0x8185, 0)};
static const uint8_t BAD_VERSION[] = {0, 7, 0x81, 0x80, 0,    1,   0, 0,    0, 0, 0,
                                      1, 1, 'a',  2,    'm',  'x', 0, 0,    1, 0, 1,
                                      0, 0, 41,   4,    0xd0, 1,   0, 0x80, 0, 0, 0};

static void
test_once(void **state)
{
    static const struct line again[] = {{0, BYTES(QUERY)},
                                        {0, BYTES(QUERY)},
                                        {1, BYTES(ANSWER)},
                                        {1, BYTES(ANSWER)},
                                        {0, BYTES(QUERY)}};
    static const struct line backwards[] = {{1, BYTES(ANSWER)}, {0, BYTES(QUERY)}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, again, VG_ARRAY_LEN(again), 53);
    assert_int_equal(log.count[OBS_DNS], 1);
    assert_true(kit_says(&log, "\"query\":\"a.mx\",\"qtype\":\"A\",\"rcode\":0,"
                               "\"answers\":[\"192.0.2.1\"],\"ttl\":60}"));
    kit_log_free(&log);
    dialog_udp(&log, backwards, VG_ARRAY_LEN(backwards), 53);
    assert_int_equal(log.count[OBS_DNS], 1);
    assert_true(kit_says(&log, "\"src\":\"10.0.0.2\",\"sport\":40000"));
    kit_log_free(&log);
    dialog_udp(&log, again, 1, 53); /* nobody answers */
    assert_true(kit_says(&log, "\"rcode\":null,\"answers\":[]}"));
    kit_log_free(&log);
}

static void
test_a_second_answer_that_differs_is_told(void **state)
{
    static const struct line lines[] = {{0, BYTES(QUERY)}, {1, BYTES(SPOOFED)}, {1, BYTES(ANSWER)}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, lines, VG_ARRAY_LEN(lines), 53);
    assert_int_equal(log.count[OBS_DNS], 2);
    assert_true(kit_says(&log, "\"answers\":[\"192.0.2.66\"],\"ttl\":60}"));
    assert_true(kit_says(&log, "\"answers\":[\"192.0.2.1\"],\"ttl\":60,\"again\":true}"));
    kit_log_free(&log);
}

static void
test_codes(void **state)
{
    static const struct line refused[] = {{0, BYTES(QUERY)}, {1, BYTES(REFUSED)}};
    static const struct line version[] = {{0, BYTES(QUERY)}, {1, BYTES(BAD_VERSION)}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, refused, 2, 53);
    assert_true(kit_says(&log, "\"rcode\":5,"));
    kit_log_free(&log);
    dialog_udp(&log, version, 2, 53);
    assert_true(kit_says(&log, "\"rcode\":16,\"answers\":[],\"edns\":1232,\"dnssec\":true}"));
    kit_log_free(&log);
}

/* More questions than may wait: the oldest are told, none is lost. */
static void
test_many_wait(void **state)
{
    static uint8_t queries[300][sizeof(QUERY)];
    static struct line lines[300];
    struct kit_log log;

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        memcpy(queries[i], QUERY, sizeof(QUERY));
        queries[i][0] = (uint8_t)(i >> 8);
        queries[i][1] = (uint8_t)i;
        lines[i] = (struct line){0, BYTES(queries[i])};
    }
    dialog_udp(&log, lines, 300, 53);
    assert_int_equal(log.count[OBS_DNS], 300);
    kit_log_free(&log);
}

static const uint8_t STREAM_QUERY[] = {0, sizeof(QUERY), MESSAGE(0x0100, 0)};
static const uint8_t STREAM_ANSWER[] = {0, sizeof(ANSWER), MESSAGE(0x8180, 1), ADDRESS(1)};
static const struct line STREAM[] = {{0, BYTES(STREAM_QUERY)}, {1, BYTES(STREAM_ANSWER)}};
static const struct line DATAGRAMS[] = {
    {0, BYTES(QUERY)}, {1, BYTES(ANSWER)}, {1, BYTES(BAD_VERSION)}};

static void
test_streams(void **state)
{
    struct kit_log log;

    (void)state;
    for (size_t piece = 1; piece < 50; piece += 7) {
        dialog_tcp(&log, STREAM, 2, 53, piece);
        assert_int_equal(log.count[OBS_DNS], 1);
        assert_true(kit_says(&log, "\"proto\":\"tcp\""));
        kit_log_free(&log);
    }
    dialog_tcp(&log, STREAM, 2, 5300, DIALOG_WHOLE); /* by its content */
    assert_int_equal(log.count[OBS_DNS], 1);
    kit_log_free(&log);
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(STREAM, VG_ARRAY_LEN(STREAM), 53, false);
    dialog_survives_cuts(DATAGRAMS, VG_ARRAY_LEN(DATAGRAMS), 53, true);
    dialog_seed("fuzz_net_dns_udp", "dialog", DATAGRAMS, VG_ARRAY_LEN(DATAGRAMS));
    dialog_seed("fuzz_net_dns_tcp", "dialog", STREAM, VG_ARRAY_LEN(STREAM));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),    cmocka_unit_test(test_a_second_answer_that_differs_is_told),
        cmocka_unit_test(test_codes),   cmocka_unit_test(test_many_wait),
        cmocka_unit_test(test_streams), cmocka_unit_test(test_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
