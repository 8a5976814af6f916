/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_lateral_signs.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_LATERAL, &judge, NULL);
}

struct text_field {
    const char *name, *text; /* text NULL: a true flag */
};

/* A record of these fields from one address to another. */
static void
tell(void *self, const char *type, uint8_t from, uint8_t to, int64_t t,
     const struct text_field *fields, size_t count)
{
    struct record_field all[8] = {0};
    struct flow_view f = flow_of(ip4(192, 168, 1, from), ip4(192, 168, 1, to), 445, t);
    struct record_view r = {.flow = &f, .type = type, .fields = all, .count = count};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = t, .record = &r};

    assert_true(count <= VG_ARRAY_LEN(all));
    for (size_t i = 0; i < count; i++)
        all[i] = (struct record_field){.name = fields[i].name,
                                       .type = fields[i].text != NULL ? FIELD_TEXT : FIELD_BOOL,
                                       .text = str_of(fields[i].text),
                                       .number = 1};
    NET_LATERAL.observe(self, &obs);
}
#define TELL(self, type, from, to, t, ...)                                                         \
    tell(self, type, from, to, t, (const struct text_field[]){__VA_ARGS__},                        \
         sizeof((const struct text_field[]){__VA_ARGS__}) / sizeof(struct text_field))

static void
call(void *self, uint8_t from, uint8_t to, int64_t t, const char *interface, const char *operation)
{
    TELL(self, "dcerpc", from, to, t, {"interface", interface}, {"operation", operation});
}

static const char *
fact(size_t report, const char *name)
{
    return json_string_value(json_object_get(judge.report[report].facts, name));
}

static void
test_service(void **state)
{
    void *self = start();

    (void)state;
    call(self, 5, 6, T0, "svcctl", "OpenSCManagerW");
    call(self, 5, 6, T0, "svcctl", "CreateServiceW");
    call(self, 5, 6, T0, "svcctl", "CreateServiceW");
    call(self, 5, 6, T0, "svcctl", "StartServiceW"); /* says nothing new */
    assert_int_equal(judge.count, 2);
    assert_false(judge.report[0].is_finding);
    assert_true(judge.report[1].is_finding);
    assert_string_equal(fact(1, "sign"), "service");
    assert_string_equal(fact(1, "host"), "192.168.1.5");
    assert_string_equal(judge.report[1].peer, "192.168.1.6");
    call(self, 5, 6, T0 + 7 * VG_HOUR_NS, "svcctl", "CreateServiceW");
    assert_int_equal(judge.count, 3);
    NET_LATERAL.free(self);
}

/* Each way in which Windows lets one PC work on another: the act is told, the look is a hint. */
static void
test_each_way(void **state)
{
    static const struct {
        const char *interface, *operation, *sign;
        bool act;
    } ways[] = {
        {"svcctl", "ChangeServiceConfigW", "service", true},
        {"atsvc", "NetrJobAdd", "task", true},
        {"ITaskSchedulerService", "SchRpcRegisterTask", "task", true},
        {"ITaskSchedulerService", "SchRpcRun", "task", true},
        {"IWbemServices", "ExecMethod", "wmi", true},
        {"IWbemServices", "ExecQuery", "look_wmi", false},
        {"IDispatch", "Invoke", "dcom", true},
        {"winreg", "BaseRegSetValue", "registry", true},
        {"winreg", "BaseRegSaveKey", "registry", true},
        {"winreg", "OpenLocalMachine", "look_registry", false},
        {"eventlog", "ElfrClearELFW", "log", true},
        {"samr", "SamrAddMemberToAlias", "account", true},
        {"srvsvc", "NetrShareAdd", "share", true},
        {"srvsvc", "NetrShareEnum", "look_shares", false},
        {"WindowsShutdown", "WsdrInitiateShutdown", "shutdown", false},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(ways); i++) {
        void *self = start();

        call(self, 5, 6, T0, ways[i].interface, ways[i].operation);
        assert_int_equal(judge.count, 1);
        if (judge.report[0].is_finding != ways[i].act)
            fail_msg("%s %s", ways[i].interface, ways[i].operation);
        if (judge.report[0].facts != NULL)
            assert_string_equal(fact(0, "sign"), ways[i].sign);
        NET_LATERAL.free(self);
    }
}

/* What a pair of PCs does: RDP, or a log-on to folders. */
static void
meet(void *self, bool smb, uint8_t to, int64_t t)
{
    if (smb)
        TELL(self, "smb", 5, to, t, {"command", "session"}, {"status", "STATUS_SUCCESS"},
             {"user", "caja"}, {"auth", "ntlm"});
    else
        TELL(self, "rdp", 5, to, t, {"version", "5"});
}

/* Remote desktops and folders between PCs that never spoke, once it is known who does. */
static void
test_pairs_that_never_spoke(void **state)
{
    const struct net_scene_options options = {0};

    (void)state;
    for (int smb = 0; smb < 2; smb++) {
        struct detector_env env = {.judge = &judge, .rules_dir = "rules"};
        struct net_scene *scene;
        char why[DETECT_WHY_MAX];
        int64_t t = T0;
        void *self;

        fake_judge_done(&judge);
        assert_int_equal(net_scene_new(&options, &scene), VG_OK);
        env.scene = scene;
        assert_int_equal(NET_LATERAL.make(&env, &self, why), VG_OK);
        for (unsigned hour = 0; hour < 6 * 24; hour++, t += VG_HOUR_NS) {
            struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, t);
            struct obs obs = {.kind = OBS_FLOW_END, .time_ns = t, .flow = &f};

            net_scene_observe(scene, &obs);
            meet(self, smb != 0, 1, t);
        }
        for (size_t i = 0; i < judge.count; i++) /* what it always did is no news */
            assert_true(judge.report[i].p > 0.01);
        meet(self, smb != 0, 6, t);
        assert_false(judge.report[judge.count - 1].is_finding);
        assert_true(judge.report[judge.count - 1].p < 0.01);
        assert_string_equal(judge.report[judge.count - 1].peer, "192.168.1.6");
        NET_LATERAL.free(self);
        net_scene_free(scene);
    }
}

static void
test_ordinary_calls(void **state)
{
    static const struct {
        const char *interface, *operation;
    } ordinary[] = {{"netlogon", "NetrServerAuthenticate3"},
                    {"netlogon", "NetrLogonSamLogonEx"},
                    {"samr", "SamrLookupNamesInDomain"},
                    {"lsarpc", "LsarLookupSids3"},
                    {"spoolss", "RpcOpenPrinterEx"},
                    {"drsuapi", "DRSCrackNames"},
                    {"epm", "ept_map"},
                    {"IObjectExporter", "ServerAlive2"},
                    {"BackupKey", "BackuprKey"},
                    {"svcctl", "bind"}};
    void *self = start();

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(ordinary); i++)
        call(self, 5, 1, T0, ordinary[i].interface, ordinary[i].operation);
    TELL(self, "smb", 5, 1, T0, {"command", "tree"}, {"status", "STATUS_SUCCESS"},
         {"share", "\\\\server\\Docs"});
    TELL(self, "file", 5, 1, T0, {"service", "smb"}, {"host", "\\\\server\\Docs"},
         {"name", "setup.exe"}, {"magic", "exe"}, {"from_server", NULL});
    assert_int_equal(judge.count, 0);
    NET_LATERAL.free(self);
}

static void
test_replication(void **state)
{
    void *self = start();

    (void)state;
    call(self, 9, 2, T0, "netlogon", "NetrServerAuthenticate3"); /* 2 is a controller */
    call(self, 2, 1, T0, "drsuapi", "DRSGetNCChanges");
    assert_int_equal(judge.count, 0);
    call(self, 5, 1, T0, "drsuapi", "DRSGetNCChanges");
    assert_int_equal(judge.count, 1);
    assert_int_equal(judge.report[0].severity, SEVERITY_CRITICAL);
    NET_LATERAL.free(self);
}

static void
test_search(void **state)
{
    void *self = start();

    (void)state;
    for (uint8_t to = 10; to < 20; to++)
        call(self, 5, to, T0 + to * VG_SEC_NS, "srvsvc", "NetrSessionEnum");
    for (size_t i = 0, found = 0; i <= judge.count; i++) {
        if (i == judge.count)
            assert_int_equal(found, 1);
        else
            found += judge.report[i].is_finding;
    }
    NET_LATERAL.free(self);
}

static void
test_files(void **state)
{
    const struct str c = str_of("\\\\caja\\C$"), admin = str_of("ADMIN$"),
                     docs = str_of("\\\\s\\Docs");
    const struct str none = str_of("");

    (void)state;
    assert_true(lateral_share_is_admin(c) && lateral_share_is_admin(admin));
    assert_false(lateral_share_is_admin(docs) || lateral_share_is_admin(str_of("\\\\s\\IPC$")) ||
                 lateral_share_is_admin(str_of("\\\\s\\print$")) || lateral_share_is_admin(none));
    assert_int_equal(lateral_written(c, str_of("x\\a.dat"), str_of("exe")), LATERAL_PROGRAM);
    assert_int_equal(lateral_written(c, str_of("x\\a.ps1"), none), LATERAL_PROGRAM);
    assert_int_equal(lateral_written(c, str_of("x\\a.txt"), none), LATERAL_ADMIN_COPY);
    assert_int_equal(lateral_written(c, str_of("Windows\\Temp\\a"), none), LATERAL_ADMIN_WRITE);
    assert_int_equal(lateral_written(admin, str_of("__1234.5"), none), LATERAL_ADMIN_WRITE);
    assert_int_equal(lateral_written(docs, str_of("setup.exe"), str_of("exe")), LATERAL_NONE);
    assert_int_equal(
        lateral_written(docs, str_of("ana\\Start Menu\\Programs\\Startup\\a.lnk"), none),
        LATERAL_PROGRAM);
    assert_int_equal(lateral_pipe(str_of("PSEXESVC-PC-12-stdin")), LATERAL_TOOL);
    assert_int_equal(lateral_pipe(str_of("spoolss")), LATERAL_NONE);
    assert_true(lateral_service_is_machine(str_of("cifs/server")));
    assert_false(lateral_service_is_machine(str_of("MSSQLSvc/server:1433")));
}

static void
test_roasting(void **state)
{
    static const char *const services[] = {"MSSQLSvc/a", "HTTP/b", "MSSQLSvc/c", "cifs/d"};
    void *self = start();

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(services); i++) {
        TELL(self, "kerberos", 5, 1, T0, {"request", "TGS"}, {"service", services[i]},
             {"success", NULL}, {"weak", NULL});
        assert_int_equal(judge.count, i >= 2);
    }
    assert_string_equal(fact(0, "sign"), "roast");
    NET_LATERAL.free(self);
}

static void
test_winrm(void **state)
{
    void *self = start();
    struct flow_view f = flow_of(ip4(192, 168, 1, 5), ip4(192, 168, 1, 6), 5985, T0);
    struct http_view h = {
        .flow = &f, .method = str_of("POST"), .uri = str_of("/wsman"), .status = 401};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = T0, .http = &h};

    (void)state;
    NET_LATERAL.observe(self, &obs);
    h.status = 200;
    h.uri = str_of("/wsman/subscriptions/1");
    NET_LATERAL.observe(self, &obs);
    assert_int_equal(judge.count, 0);
    h.uri = str_of("/wsman?PSVersion=5.1");
    NET_LATERAL.observe(self, &obs);
    assert_int_equal(judge.count, 1);
    NET_LATERAL.free(self);
}

static void
test_restart_and_damage(void **state)
{
    struct judge *other = calloc(1, sizeof(*other));
    struct fake_store *store = calloc(1, sizeof(*store));
    void *self = start(), *twin = fake_make(&NET_LATERAL, other, NULL);

    (void)state;
    assert_non_null(store);
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t from = (uint8_t)(2 + i % 7), to = (uint8_t)(10 + i % 200);
        int64_t t = T0 + i * VG_MIN_NS;
        const char *what = i % 3 == 0   ? "CreateServiceW"
                           : i % 3 == 1 ? "OpenSCManagerW"
                                        : "StartServiceW";

        call(self, from, to, t, "svcctl", what);
        call(twin, from, to, t, "svcctl", what);
        if (i % 500 == 250)
            self = fake_restart(&NET_LATERAL, self, store, &judge);
    }
    fake_same_reports(&judge, other);
    fake_truncate_rows(&NET_LATERAL, store, &judge);
    NET_LATERAL.free(self);
    NET_LATERAL.free(twin);
    fake_judge_done(other);
    fake_store_done(store);
    free(store);
    free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),     cmocka_unit_test(test_ordinary_calls),
        cmocka_unit_test(test_each_way),    cmocka_unit_test(test_pairs_that_never_spoke),
        cmocka_unit_test(test_replication), cmocka_unit_test(test_search),
        cmocka_unit_test(test_files),       cmocka_unit_test(test_roasting),
        cmocka_unit_test(test_winrm),       cmocka_unit_test(test_restart_and_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
