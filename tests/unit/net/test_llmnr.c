/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t QUERY[] = {0x00, 0x07, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x73, 0x65, 0x72, 0x76, 0x69, 0x64, 0x6f, 0x72, 0x00, 0x00, 0x01, 0x00, 0x01};
static const uint8_t ANSWER[] = {0x00, 0x07, 0x80, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x08, 0x73, 0x65, 0x72, 0x76, 0x69, 0x64, 0x6f, 0x72, 0x00, 0x00, 0x01, 0x00, 0x01, 0x08, 0x73, 0x65, 0x72, 0x76, 0x69, 0x64, 0x6f, 0x72, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x1e, 0x00, 0x04, 0x0a, 0x00, 0x00, 0x42};
/* clang-format on */

static const struct line LINES[] = {{0, BYTES(QUERY)}, {0, BYTES(QUERY)}, {1, BYTES(ANSWER)}};

static void
test_who_answers_for_a_name(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 5355);
    assert_int_equal(log.count[OBS_RECORD], 2);
    assert_int_equal(log.count[OBS_DNS], 0);
    assert_true(
        kit_says(&log, "\"src\":\"10.0.0.2\",\"sport\":40000,\"dst\":\"10.0.0.1\",\"dport\":5355"));
    assert_true(kit_says(&log, "\"response\":false,\"query\":\"servidor\",\"qtype\":\"A\"}"));
    assert_true(kit_says(&log,
                         "\"response\":true,\"query\":\"servidor\",\"qtype\":\"A\",\"rcode\":0,"
                         "\"answers\":[\"10.0.0.66\"]}"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_llmnr", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_other_ports_are_dns_or_nothing(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 5400);
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 5355, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_answers_for_a_name),
        cmocka_unit_test(test_other_ports_are_dns_or_nothing),
        cmocka_unit_test(test_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
