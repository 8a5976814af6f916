/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t READ[] = {0x00, 0x01, 0x00, 0x00, 0x00, 0x06, 0x01, 0x03, 0x00, 0x00, 0x00, 0x02};
static const uint8_t VALUES[] = {0x00, 0x01, 0x00, 0x00, 0x00, 0x07, 0x01, 0x03, 0x04, 0x00, 0x01, 0x00, 0x02};
static const uint8_t WRITE[] = {0x00, 0x02, 0x00, 0x00, 0x00, 0x09, 0x01, 0x10, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x07};
static const uint8_t REFUSED[] = {0x00, 0x02, 0x00, 0x00, 0x00, 0x03, 0x01, 0x90, 0x02};
/* clang-format on */

static const struct line LINES[] = {
    {0, BYTES(READ)}, {1, BYTES(VALUES)}, {0, BYTES(READ)}, {0, BYTES(WRITE)}, {1, BYTES(REFUSED)}};

static void
test_what_is_told(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, LINES, VG_ARRAY_LEN(LINES), 502, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_RECORD], 3);
    assert_true(kit_says(
        &log, "\"unit\":1,\"function\":3,\"name\":\"read holding registers\",\"write\":false}"));
    assert_true(kit_says(
        &log, "\"unit\":1,\"function\":16,\"name\":\"write multiple registers\",\"write\":true}"));
    assert_true(kit_says(
        &log,
        "\"function\":16,\"name\":\"write multiple registers\",\"write\":true,\"exception\":2}"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_modbus", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_bytes_one_by_one(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, LINES, VG_ARRAY_LEN(LINES), 502, 1);
    assert_true(kit_says(
        &log, "\"unit\":1,\"function\":3,\"name\":\"read holding registers\",\"write\":false}"));
    assert_true(kit_says(
        &log, "\"unit\":1,\"function\":16,\"name\":\"write multiple registers\",\"write\":true}"));
    assert_true(kit_says(
        &log,
        "\"function\":16,\"name\":\"write multiple registers\",\"write\":true,\"exception\":2}"));
    kit_log_free(&log);
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 502, false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_bytes_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
