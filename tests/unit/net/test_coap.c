/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t GET[] = {0x41, 0x01, 0x00, 0x01, 0x54, 0x33, 0x6c, 0x75, 0x7a, 0x8b, 0x2e, 0x77, 0x65, 0x6c, 0x6c, 0x2d, 0x6b, 0x6e, 0x6f, 0x77, 0x6e, 0x04, 0x63, 0x6f, 0x72, 0x65};
static const uint8_t CONTENT[] = {0x61, 0x45, 0x00, 0x01, 0x54, 0xff, 0x3c, 0x2f, 0x61, 0x3e};
static const uint8_t PUT[] = {0x40, 0x03, 0x00, 0x02, 0xb2, 0x6f, 0x6e, 0xff, 0x31};
/* clang-format on */

static const struct line LINES[] = {{0, BYTES(GET)}, {1, BYTES(CONTENT)}, {0, BYTES(PUT)}};

static void
test_what_is_told(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 5683);
    assert_int_equal(log.count[OBS_RECORD], 3);
    assert_true(
        kit_says(&log, "\"method\":\"get\",\"host\":\"luz\",\"path\":\"/.well-known/core\"}"));
    assert_true(kit_says(&log, "\"code\":\"2.05\"}"));
    assert_true(kit_says(&log, "\"method\":\"put\",\"path\":\"/on\"}"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_coap", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 5683, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
