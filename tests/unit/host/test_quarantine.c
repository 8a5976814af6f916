/* SPDX-License-Identifier: Apache-2.0 */
/* The quarantine with a real folder: what is taken and what is not, whoever plays tricks with names. */
#include <fcntl.h>
#include <sys/wait.h>

#include "agent/host/sealed.h"
#include "tests/unit/host/quarantine_kit.h"

/* ---- the way there and back ---- */

static void
test_there_and_back(void **state)
{
    struct place *p = *state;
    const char *path = in(p, "files/deep/a\nb\033[31m\xe9.exe"); /* a name as it comes */
    struct timespec times[2] = {{.tv_sec = 1600000001}, {.tv_sec = 1600000000, .tv_nsec = 7}};
    char id[QUARANTINE_ID_SIZE], copy[64];
    struct quarantine_entry e;
    struct stat st;
    struct buf raw;

    put(path, CONTENT);
    assert_int_equal(chmod(path, 04751), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(move(p, path, CONTENT, id), QUARANTINE_DONE);
    assert_false(there(path));
    (void)snprintf(copy, sizeof copy, "state/quarantine/%s.sealed", id);
    assert_int_equal(platform_file_slurp(in(p, copy), 1 << 20, &raw), VG_OK);
    assert_null(memmem(raw.data, raw.len, "what a rule", 11));
    assert_null(memmem(raw.data, raw.len, "Test_Rule", 9));
    buf_done(&raw);

    assert_int_equal(quarantine_find(p->q, id, &e), VG_OK);
    assert_string_equal(e.path, path);
    assert_string_equal(e.rule, "Test_Rule");
    assert_int_equal(e.severity, SEVERITY_HIGH);
    assert_int_equal(e.sealed_ns, NOW);
    assert_int_equal(quarantine_find(p->q, "00000000", &e), VG_ERR_NOENT);
    assert_int_equal(quarantine_find(p->q, "../../et", &e), VG_ERR_NOENT);

    assert_int_equal(quarantine_find(p->q, id, &e), VG_OK);
    put(path, "another");
    assert_int_equal(quarantine_restore(p->q, &e), VG_ERR_EXISTS);
    assert_true(holds(path, "another"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(quarantine_restore(p->q, &e), VG_OK);
    assert_true(holds(path, CONTENT));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0751); /* no set-user bit comes back */
    assert_int_equal(st.st_mtim.tv_sec, 1600000000);
    assert_int_equal(st.st_mtim.tv_nsec, 7);
    assert_int_equal(quarantine_restore(p->q, &e), VG_OK); /* it is there already */
    assert_int_equal(quarantine_drop(p->q, &e), VG_OK);
    assert_int_equal(tally(p).kept, 0);
    assert_int_equal(move(p, path, CONTENT, NULL), QUARANTINE_WANTED);
    assert_true(holds(path, CONTENT));
}

/* ---- what is not taken ---- */

static void
test_links(void **state)
{
    struct place *p = *state;
    struct quarantine_entry e;

    put(in(p, "files/a"), CONTENT);
    assert_int_equal(link(in(p, "files/a"), in(p, "files/b")), 0);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_LINKED);
    assert_int_equal(unlink(in(p, "files/b")), 0);

    e = scanned(in(p, "files/a"), CONTENT);
    assert_int_equal(symlink(in(p, "files/a"), in(p, "files/c")), 0);
    (void)vg_strcpy(e.path, sizeof e.path, in(p, "files/c"));
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_LINKED);
    assert_int_equal(symlink(in(p, "files"), in(p, "door")), 0);
    (void)vg_strcpy(e.path, sizeof e.path, in(p, "door/a"));
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_LINKED);
    (void)vg_strcpy(e.path, sizeof e.path, in(p, "files/deep/../a"));
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_LINKED);
    assert_true(holds(in(p, "files/a"), CONTENT));
    assert_int_equal(tally(p).kept + tally(p).pending, 0);
}

static void
test_changed(void **state)
{
    struct place *p = *state;
    const char *path = in(p, "files/a");
    struct quarantine_entry e;
    struct stat st;
    struct timespec times[2];

    /* Other bytes than those that were scanned, of the same length, times set back. */
    put(path, CONTENT);
    assert_int_equal(move(p, path, "MZ what a rule missed", NULL), QUARANTINE_CHANGED);
    e = scanned(path, CONTENT);
    assert_int_equal(stat(path, &st), 0);
    put(path, "MZ that one was found");
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_CHANGED);

    /* Between the two steps: another file under its name, or another content. */
    put(path, CONTENT);
    e = scanned(path, CONTENT);
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_DONE);
    put(in(p, "files/new"), "the invoice");
    assert_int_equal(rename(in(p, "files/new"), path), 0);
    assert_int_equal(quarantine_take(p->q, e.id), QUARANTINE_CHANGED);
    assert_true(holds(path, "the invoice"));

    e = scanned(path, "the invoice");
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_DONE);
    put(path, "the Invoice");
    assert_int_equal(quarantine_take(p->q, e.id), QUARANTINE_CHANGED);
    assert_true(holds(path, "the Invoice"));

    e = scanned(path, "the Invoice");
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_DONE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(quarantine_take(p->q, e.id), QUARANTINE_CHANGED);
    assert_int_equal(quarantine_take(p->q, "12345678"), QUARANTINE_FAILED);
    assert_int_equal(tally(p).kept + tally(p).pending, 0);
}

static void
test_system_files(void **state)
{
    struct place *p = *state;
    static const char *const never[] = {"/usr/bin/env", "/bin/sh",     "/etc/passwd",   "/lib/x",
                                        "/usr",         "/proc/1/exe", "/boot/vmlinuz", "/dev/sda"};
    struct system_files *s;

    assert_int_equal(system_files_new(&p->config, &s), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(never); i++)
        assert_true(system_file_is(s, never[i]));
    assert_true(system_file_is(s, in(p, "state/vigia.db")));
    assert_true(system_file_is(s, in(p, "state-keys/token.key")));
    assert_true(system_file_is(s, "/var/lib/dpkg/status"));
    assert_false(system_file_is(s, in(p, "statement.pdf")));
    assert_false(system_file_is(s, "/usrs/x"));
    assert_false(system_file_is(s, "/home/ana/usr/x"));
    assert_false(system_file_is(s, "/var/www/html/x.php"));
    system_files_free(s);

    put(in(p, "state/mine"), CONTENT);
    assert_int_equal(move(p, in(p, "state/mine"), CONTENT, NULL), QUARANTINE_SYSTEM);
    assert_true(holds(in(p, "state/mine"), CONTENT));
}

static void
test_full(void **state)
{
    struct place *p = *state;
    char *large = calloc(1, 600 * 1024 + 1);
    char id[QUARANTINE_ID_SIZE];
    struct quarantine_entry e;

    memset(large, 'x', 600 * 1024);
    put(in(p, "files/a"), large);
    put(in(p, "files/b"), large);
    assert_int_equal(move(p, in(p, "files/a"), large, id), QUARANTINE_DONE);
    assert_int_equal(move(p, in(p, "files/b"), large, NULL), QUARANTINE_FULL);
    assert_true(holds(in(p, "files/b"), large));
    assert_int_equal(tally(p).kept, 1); /* nothing older makes room */
    assert_int_equal(quarantine_find(p->q, id, &e), VG_OK);
    assert_int_equal(quarantine_drop(p->q, &e), VG_OK);
    assert_int_equal(move(p, in(p, "files/b"), large, NULL), QUARANTINE_DONE);
    free(large);
}

/* What somebody writes to stays; who only reads it is no matter. */
static void
test_in_use(void **state)
{
    struct place *p = *state;
    int fd;

    put(in(p, "files/a"), CONTENT);
    fd = open(in(p, "files/a"), O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_IN_USE);
    assert_true(holds(in(p, "files/a"), CONTENT));
    assert_int_equal(close(fd), 0);
    fd = open(in(p, "files/a"), O_RDONLY);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_DONE);
    assert_int_equal(close(fd), 0);
}

static void
test_busy(void **state)
{
    struct place *p = *state;
    platform_file lock;

    put(in(p, "files/a"), CONTENT);
    assert_int_equal(platform_lock(in(p, "state/quarantine/lock"), &lock), VG_OK);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_BUSY);
    platform_unlock(lock);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_DONE);
}

/* Every byte of a sealed file counts, and so does its end. */
static void
test_seal(void **state)
{
    struct place *p = *state;
    char id[QUARANTINE_ID_SIZE], name[64];
    struct quarantine_entry e;
    struct buf raw;
    const char *path;

    put(in(p, "files/a"), CONTENT);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, id), QUARANTINE_DONE);
    assert_int_equal(quarantine_find(p->q, id, &e), VG_OK);
    (void)snprintf(name, sizeof name, "state/quarantine/%s.sealed", id);
    path = in(p, name);
    assert_int_equal(platform_file_slurp(path, 1 << 20, &raw), VG_OK);
    for (size_t i = 0; i < raw.len; i++) {
        raw.data[i] ^= 0x20;
        put_raw(path, raw.data, raw.len);
        assert_int_not_equal(quarantine_restore(p->q, &e), VG_OK);
        assert_false(there(e.path));
        raw.data[i] ^= 0x20;
    }
    for (size_t i = 0; i < raw.len; i += 3) {
        put_raw(path, raw.data, i);
        assert_int_not_equal(quarantine_restore(p->q, &e), VG_OK);
        assert_false(there(e.path));
    }
    put_raw(path, raw.data, raw.len);
    assert_int_equal(quarantine_restore(p->q, &e), VG_OK);
    buf_done(&raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back), TEST(test_links),  TEST(test_changed), TEST(test_system_files),
        TEST(test_full),           TEST(test_in_use), TEST(test_busy),    TEST(test_seal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
