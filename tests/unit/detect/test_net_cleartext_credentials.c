/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#define D NET_CLEARTEXT_CREDENTIALS

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&D, &judge, NULL);
}

static void
login(void *self, struct login_view l, struct net_addr dst, int64_t at)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), dst, 21, at);
    struct obs obs = {.kind = OBS_LOGIN, .time_ns = at, .login = &l};

    l.flow = &f;
    l.domain = str_of("");
    D.observe(self, &obs);
}

static struct login_view
readable(const char *service, const char *user)
{
    return (struct login_view){
        .service = service, .user = str_of(user), .result = LOGIN_SUCCEEDED, .cleartext = true};
}

static void
test_by_where_it_goes(void **state)
{
    void *self = start();

    login(self, readable("ftp", "ana"), ip4(203, 0, 113, 9), T0);
    login(self, readable("telnet", "admin"), ip4(203, 0, 113, 9), T0);
    login(self, readable("http", "admin"), ip4(192, 168, 1, 1), T0);
    assert_int_equal(judge.count, 3);
    assert_int_equal(judge.report[0].severity, SEVERITY_MEDIUM);
    assert_int_equal(judge.report[1].severity, SEVERITY_HIGH);
    assert_int_equal(judge.report[2].severity, SEVERITY_LOW);
    assert_string_equal(judge.report[0].subject, "192.168.1.20");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "user")), "ana");
    D.free(self);
}

static void
test_quiet(void **state)
{
    void *self = start();
    struct login_view l = readable("ftp", "ana");

    login(self, readable("ftp", "Anonymous"), ip4(203, 0, 113, 9), T0);
    login(self, readable("snmp", ""), ip4(192, 168, 1, 60), T0);
    login(self, readable("redis", ""), ip4(127, 0, 0, 1), T0);
    l.result = LOGIN_FAILED;
    login(self, l, ip4(203, 0, 113, 9), T0);
    l = readable("smb", "ana");
    l.cleartext = false;
    login(self, l, ip4(192, 168, 1, 30), T0);
    assert_int_equal(judge.count, 0);
    D.free(self);
}

static void
test_once_a_month_and_after_a_restart(void **state)
{
    void *self = start();
    static struct fake_store store; /* too large for a stack */

    for (int i = 0; i < 100; i++)
        login(self, readable("pop3", "ana"), ip4(203, 0, 113, 9), T0 + i * VG_HOUR_NS);
    assert_int_equal(judge.count, 1);
    self = fake_restart(&D, self, &store, &judge);
    login(self, readable("imap", "ana"), ip4(192, 168, 1, 2), T0); /* the shop's own mail server */
    login(self, readable("pop3", "ana"), ip4(203, 0, 113, 9), T0 + 20 * VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    login(self, readable("pop3", "ana"), ip4(203, 0, 113, 9), T0 + 31 * VG_DAY_NS);
    assert_int_equal(judge.count, 2);
    fake_truncate_rows(&D, &store, &judge);
    fake_store_done(&store);
    D.free(self);
}

static void
test_cap(void **state)
{
    void *self = start();

    for (unsigned i = 0; i < 3000; i++)
        login(self, readable("ftp", "ana"), ip4(203, 0, i / 250, 1 + i % 250), T0 + i);
    assert_int_equal(judge.count, 3000);
    D.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_where_it_goes),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_once_a_month_and_after_a_restart),
        cmocka_unit_test(test_cap),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
