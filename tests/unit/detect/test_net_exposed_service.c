/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#define D NET_EXPOSED_SERVICE

static struct judge judge;
static const struct net_addr WORLD = {4, {203, 0, 113, 9}}, CAMERA = {4, {192, 168, 1, 70}};

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&D, &judge, NULL);
}

static struct flow_view
answered(struct net_addr src, struct net_addr dst, uint16_t port, const char *protocol, int64_t at)
{
    struct flow_view f = flow_of(src, dst, port, at);

    f.state = FLOW_CLOSED;
    f.payload_out = 40;
    f.payload_in = 400;
    f.protocol = str_of(protocol);
    return f;
}

static void
see(void *self, uint16_t port, const char *protocol, int64_t at)
{
    struct flow_view f = answered(WORLD, CAMERA, port, protocol, at);

    see_flow(&D, self, OBS_FLOW_END, &f);
}

static void
test_services(void **state)
{
    void *self = start();

    see(self, 3389, "tls", T0);
    see(self, 6900, "vnc", T0);
    see(self, 9100, "", T0);
    see(self, 22, "ssh", T0);
    assert_int_equal(judge.count, 4);
    assert_int_equal(judge.report[0].severity, SEVERITY_HIGH);
    assert_string_equal(judge.report[1].peer, "vnc");
    assert_int_equal(judge.report[2].severity, SEVERITY_MEDIUM);
    assert_int_equal(judge.report[3].severity, SEVERITY_LOW);
    assert_string_equal(judge.report[0].subject, "192.168.1.70");
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "host")),
                        "203.0.113.9");
    for (int i = 1; i < 30; i++)
        see(self, 3389, "tls", T0 + i * VG_HOUR_NS);
    assert_int_equal(judge.count, 4);
    D.free(self);
}

/* Each kind by its port alone, as where it is enciphered. */
static void
test_each_port(void **state)
{
    static const struct {
        uint16_t port;
        const char *name;
    } kinds[] = {
        {3389, "rdp"},    {445, "smb"},       {139, "smb"},         {5900, "vnc"},
        {23, "telnet"},   {3306, "mysql"},    {1433, "sql server"}, {5432, "postgresql"},
        {6379, "redis"},  {27017, "mongodb"}, {1521, "oracle"},     {9200, "elasticsearch"},
        {2375, "docker"}, {5985, "winrm"},    {389, "ldap"},        {8291, "winbox"},
        {554, "camera"},  {37777, "camera"},  {9100, "printer"},    {1883, "mqtt"},
        {21, "ftp"},      {22, "ssh"},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(kinds); i++) {
        void *self = start();

        see(self, kinds[i].port, "", T0);
        assert_int_equal(judge.count, 1);
        assert_string_equal(judge.report[0].peer, kinds[i].name);
        D.free(self);
    }
}

static void
test_camera_page(void **state)
{
    void *self = start();
    struct flow_view f = answered(WORLD, CAMERA, 80, "http", T0);
    struct http_view h = {.flow = &f,
                          .method = str_of("GET"),
                          .host = str_of(""),
                          .uri = str_of("/ISAPI/System/deviceInfo"),
                          .user_agent = str_of(""),
                          .mime = str_of(""),
                          .status = 404};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = T0, .http = &h};

    D.observe(self, &obs); /* somebody asks a shop's web server for a camera */
    assert_int_equal(judge.count, 0);
    h.status = 401;
    D.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].peer, "camera");
    D.free(self);
}

static void
test_quiet(void **state)
{
    void *self = start();
    struct flow_view f;

    see(self, 443, "tls", T0);
    see(self, 80, "http", T0);
    see(self, 25565, "", T0);
    see(self, 3389, "bittorrent", T0); /* file sharing picked that port */
    f = answered(CAMERA, WORLD, 3389, "rdp", T0);
    see_flow(&D, self, OBS_FLOW_END, &f);
    f = answered(ip4(192, 168, 1, 2), CAMERA, 445, "smb", T0);
    see_flow(&D, self, OBS_FLOW_END, &f);
    f = answered(WORLD, ip4(198, 51, 100, 7), 3389, "rdp", T0);
    see_flow(&D, self, OBS_FLOW_END, &f);
    f = answered(WORLD, CAMERA, 3389, "", T0);
    f.payload_in = 0; /* knocked, nobody said a word */
    see_flow(&D, self, OBS_FLOW_END, &f);
    f = answered(WORLD, CAMERA, 3389, "", T0);
    f.midstream = true; /* who began is not known */
    see_flow(&D, self, OBS_FLOW_END, &f);
    assert_int_equal(judge.count, 0);
    D.free(self);
}

static void
test_restart_and_damage(void **state)
{
    static struct fake_store store;
    void *self = start();

    see(self, 445, "smb", T0);
    self = fake_restart(&D, self, &store, &judge);
    see(self, 445, "smb", T0 + VG_DAY_NS);
    assert_int_equal(judge.count, 1);
    see(self, 445, "smb", T0 + 31 * VG_DAY_NS);
    assert_int_equal(judge.count, 2);
    assert_int_equal(json_integer_value(json_object_get(judge.report[1].facts, "calls")), 3);
    fake_truncate_rows(&D, &store, &judge);
    fake_store_done(&store);
    for (unsigned i = 0; i < 3000; i++) {
        struct flow_view f = answered(WORLD, ip4(10, 0, i / 200, 1 + i % 200), 22, "ssh", T0);

        see_flow(&D, self, OBS_FLOW_END, &f);
    }
    D.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services),           cmocka_unit_test(test_each_port),
        cmocka_unit_test(test_camera_page),        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_restart_and_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
