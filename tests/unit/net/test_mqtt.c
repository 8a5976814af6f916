/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
static const uint8_t CONNECT[] = {0x10, 0x31, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04, 0xc4, 0x00, 0x3c, 0x00, 0x06, 0x63, 0x61, 0x6a, 0x61, 0x2d, 0x31, 0x00, 0x08, 0x63, 0x61, 0x73, 0x61, 0x2f, 0x66, 0x69, 0x6e, 0x00, 0x05, 0x61, 0x64, 0x69, 0x6f, 0x73, 0x00, 0x03, 0x61, 0x6e, 0x61, 0x00, 0x07, 0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32};
static const uint8_t REFUSED[] = {0x20, 0x02, 0x00, 0x05};
static const uint8_t PUBLISH[] = {0x30, 0x05, 0x00, 0x01, 0x61, 0x6f, 0x6b};
static const uint8_t VERSION5[] = {0x10, 0x0e, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x05, 0x02, 0x00, 0x3c, 0x00, 0x00, 0x01, 0x78};
static const uint8_t VERSION5_OK[] = {0x20, 0x03, 0x00, 0x00, 0x00};
/* clang-format on */

static const struct line LINES[] = {{0, BYTES(CONNECT)}, {1, BYTES(REFUSED)}, {0, BYTES(PUBLISH)}};

static void
test_what_is_told(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, LINES, VG_ARRAY_LEN(LINES), 1883, DIALOG_WHOLE);
    assert_int_equal(log.count[OBS_RECORD], 1);
    assert_int_equal(log.count[OBS_LOGIN], 1);
    assert_true(kit_says(&log,
                         "\"version\":\"3.1.1\",\"client_id\":\"caja-1\",\"user\":\"ana\","
                         "\"password\":true,\"will\":\"casa/fin\",\"keepalive\":60,\"code\":5}"));
    assert_true(kit_says(
        &log, "\"service\":\"mqtt\",\"user\":\"ana\",\"result\":\"failed\",\"cleartext\":true"));
    assert_false(kit_says(&log, "hunter2"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_mqtt", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_bytes_one_by_one(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, LINES, VG_ARRAY_LEN(LINES), 1883, 1);
    assert_true(kit_says(&log,
                         "\"version\":\"3.1.1\",\"client_id\":\"caja-1\",\"user\":\"ana\","
                         "\"password\":true,\"will\":\"casa/fin\",\"keepalive\":60,\"code\":5}"));
    assert_true(kit_says(
        &log, "\"service\":\"mqtt\",\"user\":\"ana\",\"result\":\"failed\",\"cleartext\":true"));
    kit_log_free(&log);
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 1883, false);
}

static void
test_version_5_without_a_user(void **state)
{
    static const struct line lines[] = {{0, BYTES(VERSION5)}, {1, BYTES(VERSION5_OK)}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, lines, 2, 45000, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"version\":\"5.0\",\"client_id\":\"x\",\"password\":false,"
                               "\"keepalive\":60,\"code\":0}"));
    assert_int_equal(log.count[OBS_LOGIN], 0);
    kit_log_free(&log);
    dialog_seed("fuzz_net_mqtt", "version5", lines, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_bytes_one_by_one),
        cmocka_unit_test(test_version_5_without_a_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
