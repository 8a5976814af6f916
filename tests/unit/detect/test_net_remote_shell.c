/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static struct record_field
text(const char *name, const char *value)
{
    return (struct record_field){.name = name, .type = FIELD_TEXT, .text = str_of(value)};
}

static struct record_field
yes(const char *name, bool value)
{
    return (struct record_field){
        .name = name, .type = FIELD_BOOL, .text = str_of(""), .number = value};
}

static size_t
findings(uint16_t port, const struct record_field *fields, size_t count, const char *type)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), port, T0);
    struct record_view r = {.flow = &f, .type = type, .fields = fields, .count = count};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&NET_REMOTE_SHELL, &judge, NULL);
    NET_REMOTE_SHELL.observe(self, &obs);
    NET_REMOTE_SHELL.free(self);
    return judge.count;
}

static void
test_who_is_commanded(void **state)
{
    struct record_field shell[] = {text("shell", "unix"), yes("by_client", true)};

    assert_int_equal(findings(4444, shell, 2, "raw"), 1);
    assert_string_equal(judge.report[0].subject, "192.168.1.9");
    shell[1] = yes("by_client", false);
    assert_int_equal(findings(4444, shell, 2, "raw"), 1);
    assert_string_equal(judge.report[0].subject, "45.77.1.2");
    assert_int_equal(findings(23, shell, 2, "raw"), 0); /* a terminal is what the port is for */
}

static void
test_other_looks(void **state)
{
    struct record_field staged[] = {yes("staged", true), yes("executable", false),
                                    yes("pushed_by_client", false)};
    struct record_field hello[] = {text("greeting", "fields"), yes("greeting_by_client", true)};
    struct record_field dcom[] = {text("interface", "IDispatch"),
                                  text("operation", "Invoke"),
                                  {.name = "calls", .type = FIELD_NUMBER, .number = 3}};

    assert_int_equal(findings(80, staged, 3, "raw"), 1);
    assert_int_equal(findings(80, hello, 2, "raw"), 1);
    assert_int_equal(findings(49700, dcom, 2, "dcerpc"), 0); /* one call: net.lateral's */
    assert_int_equal(findings(49700, dcom, 3, "dcerpc"), 1);
    dcom[1] = text("operation", "GetTypeInfo");
    assert_int_equal(findings(49700, dcom, 3, "dcerpc"), 0);
}

static void
wsman(void *self, unsigned from, int64_t t)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, from), ip4(192, 168, 1, 7), 5985, t);
    struct http_view h = {.flow = &f,
                          .method = str_of("POST"),
                          .host = str_of("pc-7"),
                          .uri = str_of("/wsman?PSVersion=5.1"),
                          .user_agent = str_of(""),
                          .mime = str_of(""),
                          .status = 200};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = t, .http = &h};

    NET_REMOTE_SHELL.observe(self, &obs);
}

static void
test_sessions_of_winrm(void **state)
{
    static struct fake_store store;
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&NET_REMOTE_SHELL, &judge, NULL);
    for (int i = 0; i < 6; i++) /* one command: net.lateral's */
        wsman(self, 9, T0 + i * VG_SEC_NS / 4);
    for (int i = 0; i < 6; i++) /* one now and then */
        wsman(self, 10, T0 + i * VG_HOUR_NS);
    assert_int_equal(judge.count, 0);
    self = fake_restart(&NET_REMOTE_SHELL, self, &store, &judge);
    wsman(self, 9, T0 + 9 * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "192.168.1.9"); /* as net.lateral's */
    assert_string_equal(judge.report[0].peer, "192.168.1.7");
    for (unsigned i = 0; i < 250; i++)
        wsman(self, i, T0);
    fake_truncate_rows(&NET_REMOTE_SHELL, &store, &judge);
    fake_store_done(&store);
    NET_REMOTE_SHELL.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_commanded),
        cmocka_unit_test(test_other_looks),
        cmocka_unit_test(test_sessions_of_winrm),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
