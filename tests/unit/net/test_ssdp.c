/* SPDX-License-Identifier: Apache-2.0 */
#include "dialog.h"

/* clang-format off */
/* clang-format on */

static const struct line LINES[] = {
    {0,
     TEXT("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\n"
          "ST: upnp:rootdevice\r\n\r\n")},
    {1, TEXT("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nst: upnp:rootdevice\r\n"
             "USN: uuid:1::upnp:rootdevice\r\nServer: Linux UPnP/1.0 Router/2\r\n"
             "Location: http://10.0.0.1:80/d.xml\r\n\r\n")},
    {1, TEXT("NOTIFY * HTTP/1.1\r\nNT:urn:x\r\nNTS: ssdp:alive\r\nUSN:uuid:1\r\n\r\n")},
    {1, TEXT("NOTIFY * HTTP/1.1\r\nNT:urn:x\r\nNTS: ssdp:alive\r\nUSN:uuid:1\r\n\r\n")},
};

static void
test_devices(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, LINES, VG_ARRAY_LEN(LINES), 1900);
    assert_int_equal(log.count[OBS_RECORD], 3);
    assert_int_equal(log.count[OBS_HTTP], 0);
    assert_true(kit_says(&log, "\"method\":\"M-SEARCH\",\"st\":\"upnp:rootdevice\"}"));
    assert_true(
        kit_says(&log, "\"method\":\"response\",\"st\":\"upnp:rootdevice\","
                       "\"usn\":\"uuid:1::upnp:rootdevice\",\"server\":\"Linux UPnP/1.0 Router/2\","
                       "\"location\":\"http://10.0.0.1:80/d.xml\"}"));
    assert_true(kit_says(
        &log, "\"method\":\"NOTIFY\",\"nt\":\"urn:x\",\"nts\":\"ssdp:alive\",\"usn\":\"uuid:1\"}"));
    kit_log_free(&log);
    dialog_udp(&log, LINES, 2, 45000); /* by its content */
    assert_int_equal(log.count[OBS_RECORD], 2);
    kit_log_free(&log);
    dialog_seed("fuzz_net_ssdp", "dialog", LINES, VG_ARRAY_LEN(LINES));
}

static void
test_cuts(void **state)
{
    (void)state;
    dialog_survives_cuts(LINES, VG_ARRAY_LEN(LINES), 1900, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
