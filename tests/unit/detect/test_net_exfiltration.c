/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    json_t *settings = json_pack("{s:s}", "drop_sites", "wetransfer.com");
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&NET_EXFILTRATION, &judge, settings);
    json_decref(settings);
    return self;
}

static void
upload(void *self, uint64_t id, const char *name, uint64_t out, uint64_t in, enum obs_kind kind,
       int64_t at_ns)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 443, at_ns);

    f.id = id;
    f.payload_out = out;
    f.payload_in = in;
    f.server_name = str_of(name);
    see_flow(&NET_EXFILTRATION, self, kind, &f);
}

/* Without history only a bulk to a bare address is told, once, however it is cut into pieces. */
static void
test_bulk_on_a_cold_start(void **state)
{
    static struct fake_store store;
    void *self = start();

    upload(self, 1, "example.com", 900000000, 1000, OBS_FLOW_END, T0);
    assert_int_equal(judge.count, 0);
    upload(self, 2, "", 100000000, 1000, OBS_FLOW_UPDATE, T0 + VG_MIN_NS);
    self = fake_restart(&NET_EXFILTRATION, self, &store, &judge);
    upload(self, 2, "", 190000000, 1000, OBS_FLOW_UPDATE, T0 + 2 * VG_MIN_NS);
    assert_int_equal(judge.count, 0);
    upload(self, 2, "", 210000000, 2000, OBS_FLOW_END, T0 + 3 * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    upload(self, 3, "", 300000000, 2000, OBS_FLOW_END, T0 + 4 * VG_MIN_NS);
    assert_int_equal(judge.count, 1);
    NET_EXFILTRATION.free(self);
    fake_truncate_rows(&NET_EXFILTRATION, &store, &judge);
    fake_store_done(&store);
}

static void
test_site_for_files(void **state)
{
    void *self = start();

    upload(self, 1, "www.wetransfer.com", 9000, 90000, OBS_FLOW_END, T0);
    assert_int_equal(judge.count, 0); /* a visit */
    upload(self, 2, "api.wetransfer.com", 30000, 9000, OBS_FLOW_END, T0 + VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_int_equal(judge.report[0].severity, SEVERITY_LOW);
    NET_EXFILTRATION.free(self);
}

/* Who uploads there every week is not told of again. */
static void
test_habit(void **state)
{
    void *self = start();

    upload(self, 1, "api.wetransfer.com", 9000, 9000, OBS_FLOW_END, T0);
    upload(self, 2, "api.wetransfer.com", 90000, 9000, OBS_FLOW_END, T0 + 2 * VG_DAY_NS);
    assert_int_equal(judge.count, 0);
    judge.learn_share_set = true; /* an alert on it stands */
    judge.learn_share = 0;
    upload(self, 3, "api.wetransfer.com", 90000, 9000, OBS_FLOW_END, T0 + 4 * VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    NET_EXFILTRATION.free(self);
}

static void
file(void *self, const char *service, const char *name, int64_t bytes, int from_server)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 20), ip4(203, 0, 113, 9), 25, T0);
    const struct record_field fields[] = {
        {.name = "service", .type = FIELD_TEXT, .text = str_of(service)},
        {.name = "name", .type = FIELD_TEXT, .text = str_of(name)},
        {.name = "bytes", .type = FIELD_NUMBER, .number = bytes},
        {.name = "from_server", .type = FIELD_BOOL, .number = from_server}};
    const struct record_view r = {.flow = &f, .type = "file", .fields = fields, .count = 4};
    const struct obs obs = {.kind = OBS_RECORD, .time_ns = T0, .record = &r};

    NET_EXFILTRATION.observe(self, &obs);
}

static void
test_documents(void **state)
{
    void *self = start();

    file(self, "smtp", "logo.png", 90000, 0);
    file(self, "smtp", "clientes.docx", 90, 0);
    file(self, "pop3", "clientes.docx", 90000, 1);
    file(self, "http", "clientes.docx", 90000, 1);
    assert_int_equal(judge.count, 0);
    file(self, "smtp", "clientes.docx", 90000, 0);
    assert_int_equal(judge.count, 1);
    assert_true(judge.report[0].is_finding);
    file(self, "ftp", "ventas.zip", 90000, 0);
    assert_int_equal(judge.count, 2);
    assert_false(judge.report[1].is_finding);
    NET_EXFILTRATION.free(self);
    fake_judge_done(&judge);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk_on_a_cold_start),
        cmocka_unit_test(test_site_for_files),
        cmocka_unit_test(test_habit),
        cmocka_unit_test(test_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
