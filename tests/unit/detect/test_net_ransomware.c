/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_ransomware_looks.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_RANSOMWARE, &judge, NULL);
}

static void
record(void *self, int64_t t, const char *command, const char *path, const char *other,
       const char *value)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 5), ip4(192, 168, 1, 2), 445, t);
    struct record_field all[] = {
        {.name = "command", .type = FIELD_TEXT, .text = str_of(command)},
        {.name = "status", .type = FIELD_TEXT, .text = str_of("STATUS_SUCCESS")},
        {.name = "path", .type = FIELD_TEXT, .text = str_of(path)},
        {.name = other, .type = FIELD_TEXT, .text = str_of(value)},
    };
    struct record_view r = {.flow = &f, .type = "smb", .fields = all, .count = VG_ARRAY_LEN(all)};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = t, .record = &r};

    NET_RANSOMWARE.observe(self, &obs);
}

static void
body(void *self, int64_t t, const char *protocol, bool from_server, const char *name,
     const uint8_t *bytes, size_t len)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 5), ip4(192, 168, 1, 2), 445, t);
    struct body_view b = {.flow = &f,
                          .from_server = from_server,
                          .name = str_of(name),
                          .mime = str_of(""),
                          .host = str_of("a.example"),
                          .bytes = bytes,
                          .len = len,
                          .first = true};
    struct obs obs = {.kind = OBS_BODY, .time_ns = t, .body = &b};

    f.protocol = str_of(protocol);
    NET_RANSOMWARE.observe(self, &obs);
}

/* Bytes without order: the same in every run (xorshift, Marsaglia 2003). */
static void
disorder(uint8_t *out, size_t len, uint32_t x)
{
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        out[i] = (uint8_t)(x >> 9);
    }
}

static void
test_renames(void **state)
{
    void *self = start();
    char path[64], target[80];

    (void)state;
    for (int i = 0; i < 30; i++) {
        snprintf(path, sizeof(path), "a\\f%d.docx", i);
        snprintf(target, sizeof(target), "%s.bak", path);
        record(self, T0 + i * VG_SEC_NS, "rename", path, "target", target);
    }
    assert_int_equal(judge.count, 0);
    for (int i = 0; i < 30; i++) {
        snprintf(path, sizeof(path), "a\\f%d.docx", i);
        snprintf(target, sizeof(target), "%s.id-77.kqzt", path);
        record(self, T0 + i * VG_SEC_NS, "rename", path, "target", target);
        assert_int_equal(judge.count, i >= 11);
    }
    NET_RANSOMWARE.free(self);
}

static void
test_slow_renames_are_quiet(void **state)
{
    void *self = start();

    (void)state;
    for (int i = 0; i < 100; i++)
        record(self, T0 + i * VG_HOUR_NS, "rename", "a\\b.doc", "target", "a\\b.doc.x1");
    assert_int_equal(judge.count, 0);
    NET_RANSOMWARE.free(self);
}

static void
test_notes(void **state)
{
    static const char *const folders[] = {"a\\", "b\\", "c\\c\\"};
    void *self = start();
    char path[80];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%sREADME.txt", folders[i]);
        record(self, T0, "create", path, "action", "created");
    }
    assert_int_equal(judge.count, 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s!! HOW_TO-Decrypt !!.TXT", folders[i]);
        record(self, T0, "create", path, "action", "created");
        assert_int_equal(judge.count, i == 2);
    }
    NET_RANSOMWARE.free(self);
}

static void
test_rewritten(void **state)
{
    uint8_t text[1400], locked[1400];
    void *self = start();
    char name[32];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)('a' + i * i % 23);
    for (uint32_t i = 0; i < 40; i++) { /* a backup: writes alone */
        disorder(locked, sizeof(locked), i + 1);
        snprintf(name, sizeof(name), "d%u", (unsigned)i);
        body(self, T0, "smb", false, name, locked, sizeof(locked));
    }
    assert_int_equal(judge.count, 0);
    for (uint32_t i = 0; i < 12; i++) {
        disorder(locked, sizeof(locked), i + 100);
        snprintf(name, sizeof(name), "f%u.csv", (unsigned)i);
        body(self, T0, "smb", true, name, text, sizeof(text));
        body(self, T0, "smb", false, name, locked, sizeof(locked));
    }
    assert_int_equal(judge.count, 1);
    memcpy(locked, "PK\3\4", 4);
    assert_false(ransom_is_opaque(slice_of(locked, sizeof(locked))));
    assert_false(ransom_is_opaque(slice_of(text, sizeof(text))));
    assert_false(ransom_is_opaque(slice_of(locked, 100)));
    NET_RANSOMWARE.free(self);
}

static void
test_posts(void **state)
{
    static const char hex[] =
        "o="
        "6b787638683333616b6431660f05f2393c1a354ad6e57d984568037ecebfe360e70ca9e211cdc0f5cf1b0654";
    void *self = start();
    char uri[32];

    (void)state;
    for (int i = 0; i < 9; i++) /* one address that is asked again */
        body(self, T0, "http", false, "/sync.php", (const uint8_t *)hex, sizeof(hex) - 1);
    assert_int_equal(judge.count, 0);
    for (int i = 0; i < 3; i++) {
        snprintf(uri, sizeof(uri), "/a.php?%c=z%d", 'a' + i, i);
        body(self, T0 + VG_MIN_NS, "http", false, uri, (const uint8_t *)hex, sizeof(hex) - 1);
    }
    assert_int_equal(judge.count, 1);
    assert_false(ransom_is_hex_form(slice_of("user=ana&pass=1", 15)));
    assert_false(ransom_is_hex_form(slice_of("", 0)));
    NET_RANSOMWARE.free(self);
}

static void
test_names(void **state)
{
    struct str none = str_of("");

    (void)state;
    assert_true(str_is(ransom_added_ending(str_of("a\\b.doc"), str_of("a\\b.doc.lkt")), "lkt"));
    assert_true(str_eq(ransom_added_ending(str_of("a\\b.doc"), str_of("a\\c.doc.lkt")), none));
    assert_true(str_eq(ransom_added_ending(str_of("a.log"), str_of("a.log.1")), none));
    assert_true(str_eq(ransom_added_ending(str_of("b.tmp"), str_of("b.doc")), none));
    assert_true(str_eq(ransom_added_ending(none, none), none));
    assert_true(str_is(ransom_folder(str_of("a\\b\\c.txt")), "a\\b\\"));
}

static void
test_restart_and_damage(void **state)
{
    struct judge *other = calloc(1, sizeof(*other));
    struct fake_store *store = calloc(1, sizeof(*store));
    void *self = start(), *twin = fake_make(&NET_RANSOMWARE, other, NULL);
    char path[64], target[80];

    (void)state;
    assert_non_null(store);
    for (int i = 0; i < 60; i++) {
        snprintf(path, sizeof(path), "a\\f%d.docx", i);
        snprintf(target, sizeof(target), "%s.kqzt", path);
        record(self, T0 + i * VG_MIN_NS / 3, "rename", path, "target", target);
        record(twin, T0 + i * VG_MIN_NS / 3, "rename", path, "target", target);
        if (i % 7 == 5)
            self = fake_restart(&NET_RANSOMWARE, self, store, &judge);
    }
    assert_true(judge.count > 0);
    fake_same_reports(&judge, other);
    fake_truncate_rows(&NET_RANSOMWARE, store, &judge);
    NET_RANSOMWARE.free(self);
    NET_RANSOMWARE.free(twin);
    fake_judge_done(other);
    fake_store_done(store);
    free(store);
    free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renames),
        cmocka_unit_test(test_slow_renames_are_quiet),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_rewritten),
        cmocka_unit_test(test_posts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_restart_and_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
