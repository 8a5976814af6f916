/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t READ[] = {0x00, 0x01, 0x62, 0x6f, 0x6f, 0x74, 0x2f, 0x70, 0x78, 0x65, 0x2e, 0x30, 0x00, 0x6f, 0x63, 0x74, 0x65, 0x74, 0x00, 0x74, 0x73, 0x69, 0x7a, 0x65, 0x00, 0x30, 0x00};
static const uint8_t WRITE[] = {0x00, 0x02, 0x63, 0x6f, 0x6e, 0x66, 0x69, 0x67, 0x2e, 0x74, 0x78, 0x74, 0x00, 0x6e, 0x65, 0x74, 0x61, 0x73, 0x63, 0x69, 0x69, 0x00};
/* clang-format on */

static const struct line LINES[] = {{0, BYTES(READ)}, {0, BYTES(READ)}, {0, BYTES(WRITE)}};

static void
test_what_is_told(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 69);
    assert_int_equal(log.count[OBS_RECORD], 2);
    assert_true(
        kit_says(&log, "\"operation\":\"read\",\"file\":\"boot/pxe.0\",\"mode\":\"octet\"}"));
    assert_true(
        kit_says(&log, "\"operation\":\"write\",\"file\":\"config.txt\",\"mode\":\"netascii\"}"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_tftp", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 69, true);
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
