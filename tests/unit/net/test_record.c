/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/metadata.h"
#include "agent/net/record.h"
#include "dialog.h"

/* A stand-in of the flow is enough: records are told through the engine. */
static void
test_fields_become_members(void **state)
{
    static const struct str list[] = {{"a", 1}, {"b\"", 2}};
    struct flow flow = {.app = "x", .key.family = 4, .key.proto = 6};
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);
    struct protocol_call call = {.engine = e, .flow = &flow, .time_ns = 5};
    struct record r = {.type = "demo"};

    (void)state;
    record_text_put(&r, "name", str_of("Caf\xc3\xa9"));
    record_text_opt(&r, "absent", str_of(""));
    record_number(&r, "size", -7);
    record_bool(&r, "whole", true);
    record_list(&r, "names", list, 2);
    record_tell(&r, &call, 0);
    assert_true(kit_says(&log, "\"type\":\"demo\""));
    assert_true(kit_says(&log, "\"name\":\"Caf\xc3\xa9\",\"size\":-7,\"whole\":true,"
                               "\"names\":[\"a\",\"b\\\"\"]}"));
    assert_false(kit_says(&log, "absent"));
    net_engine_free(e);
    kit_log_free(&log);
}

static void
test_login_names_its_result(void **state)
{
    struct flow flow = {.app = "x", .key.family = 4, .key.proto = 6};
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);
    struct protocol_call call = {.engine = e, .flow = &flow};
    struct login_view login = {
        .service = "ftp", .user = str_of("ana"), .result = LOGIN_FAILED, .cleartext = true};

    (void)state;
    login_tell(&login, &call, 0);
    assert_true(kit_says(&log, "\"type\":\"login\""));
    assert_true(kit_says(&log, "\"service\":\"ftp\",\"user\":\"ana\",\"result\":\"failed\","
                               "\"cleartext\":true,\"inferred\":false"));
    net_engine_free(e);
    kit_log_free(&log);
}

/* The dialogue kit itself: what it builds is a flow that an engine accepts whole. */
static void
test_dialog_is_a_connection(void **state)
{
    static const struct line lines[] = {{0, TEXT("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")},
                                        {1, TEXT("HTTP/1.1 204 No\r\n\r\n")}};
    struct kit_log whole, bytes;

    (void)state;
    dialog_tcp(&whole, lines, 2, 8080, DIALOG_WHOLE);
    dialog_tcp(&bytes, lines, 2, 8080, 1);
    assert_true(kit_says(&whole, "\"state\":\"closed\""));
    assert_true(kit_says(&whole, "\"uri\":\"/a\""));
    assert_true(kit_says(&bytes, "\"uri\":\"/a\""));
    kit_log_free(&whole);
    kit_log_free(&bytes);
    dialog_survives_cuts(lines, 2, 8080, false);
    dialog_survives_cuts(lines, 2, 8080, true);
    dialog_seed("fuzz_net_http", "dialog", lines, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_become_members),
        cmocka_unit_test(test_login_names_its_result),
        cmocka_unit_test(test_dialog_is_a_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
