/* SPDX-License-Identifier: Apache-2.0 */
/* The quarantine with a real folder: what is taken and what is not, whoever plays tricks with names; and
 * killed, or out of space, at each step: the linker's --wrap counts them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/host/quarantine.h"
#include "agent/host/sealed.h"
#include "common/hex.h"
#include "common/vtime.h"
#include <openssl/sha.h>

#define NOW     (INT64_C(1790000000) * VG_SEC_NS)
#define CONTENT "MZ what a rule found\n"

/* ---- each step counted: the n-th dies before or after, or fails ---- */

enum fate { LIVES, DIES_BEFORE, DIES_AFTER, FAILS };
static enum fate fate;
static int step, fated;

static bool
fails_now(void)
{
    if (++step != fated)
        return false;
    if (fate == DIES_BEFORE)
        _exit(9);
    return fate == FAILS;
}

static enum vg_err
after(enum vg_err err)
{
    if (step == fated && fate == DIES_AFTER)
        _exit(9);
    return err;
}

#define WRAP(name, params, ...)                                                                    \
    enum vg_err __real_##name params;                                                              \
    enum vg_err __wrap_##name params;                                                              \
    enum vg_err __wrap_##name params                                                               \
    {                                                                                              \
        return fails_now() ? VG_ERR_LIMIT : after(__real_##name(__VA_ARGS__));                     \
    }
WRAP(platform_file_make, (const char *p, platform_file *f), p, f)
WRAP(platform_file_write, (platform_file f, uint64_t at, struct slice c), f, at, c)
WRAP(platform_file_sync, (platform_file f), f)
WRAP(platform_file_rename, (const char *a, const char *b), a, b)
WRAP(platform_file_remove, (const char *p), p)
WRAP(platform_file_replace, (const char *p, struct slice c, bool s), p, c, s)
WRAP(platform_place_aside, (struct platform_place * p, const char *n), p, n)
WRAP(platform_place_back, (struct platform_place * p, const char *n), p, n)
WRAP(platform_place_remove, (struct platform_place * p, const char *n), p, n)
WRAP(platform_place_make, (struct platform_place * p, const char *n, platform_file *f), p, n, f)
WRAP(platform_place_finish,
     (struct platform_place * p, const char *n, platform_file f, const struct platform_dress *d), p,
     n, f, d)

/* ---- a place ---- */

struct place {
    char dir[64];
    struct agent_config config;
    struct quarantine *q;
};

static const char *
in(const struct place *p, const char *name)
{
    static char path[64][320];
    static unsigned turn;
    char *out = path[turn++ % 64];

    (void)snprintf(out, sizeof path[0], "%s/%s", p->dir, name);
    return out;
}

static void
put_raw(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void
put(const char *path, const char *text)
{
    put_raw(path, text, strlen(text));
}

static bool
holds(const char *path, const char *text)
{
    struct buf got;
    bool same;

    if (platform_file_slurp(path, 1 << 20, &got) != VG_OK)
        return false;
    same = got.len == strlen(text) && memcmp(got.data, text, got.len) == 0;
    buf_done(&got);
    return same;
}

static void
open_it(struct place *p)
{
    assert_int_equal(quarantine_open(&p->config, true, &p->q), VG_OK);
}

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char text[512];
    struct conf_error err;

    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    assert_int_equal(platform_folder_make(in(p, "files/deep"), false), VG_OK);
    (void)snprintf(text, sizeof text,
                   "files: [%s/files]\nstore: {path: %s/state}\nscan: {response: quarantine, "
                   "quarantine_size: 1 MiB}\n",
                   p->dir, p->dir);
    if (agent_config_parse("test", slice_of(text, strlen(text)), &p->config, &err) != VG_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    fate = LIVES;
    open_it(p);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *p = *state;
    char command[128];

    quarantine_free(p->q);
    agent_config_done(&p->config);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    if (system(command) != 0)
        return -1;
    free(p);
    return 0;
}

/* As the file sensor would ask. */
static struct quarantine_entry
scanned(const char *path, const char *content)
{
    struct quarantine_entry e = {.severity = SEVERITY_HIGH};
    uint8_t digest[SHA256_DIGEST_LENGTH];

    (void)vg_strcpy(e.path, sizeof e.path, path);
    (void)vg_strcpy(e.rule, sizeof e.rule, "Test_Rule");
    assert_int_equal(platform_path_stat_self(path, &e.stat), VG_OK);
    SHA256((const unsigned char *)content, strlen(content), digest);
    hex_put(digest, sizeof digest, e.sha256);
    return e;
}

static enum quarantine_outcome
move(struct place *p, const char *path, const char *content, char id[QUARANTINE_ID_SIZE])
{
    struct quarantine_entry e = scanned(path, content);
    enum quarantine_outcome outcome = quarantine_seal(p->q, &e, NOW);

    if (id != NULL)
        (void)vg_strcpy(id, QUARANTINE_ID_SIZE, e.id);
    return outcome == QUARANTINE_DONE ? quarantine_take(p->q, e.id) : outcome;
}

static bool
there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

struct tally {
    size_t kept, pending;
    struct quarantine_entry last;
};

static void
count(void *ctx, const struct quarantine_entry *e)
{
    struct tally *t = ctx;

    t->kept += !e->pending;
    t->pending += e->pending;
    t->last = *e;
}

static struct tally
tally(struct place *p)
{
    struct tally t = {0};
    size_t broken;

    assert_int_equal(quarantine_list(p->q, count, &t, &broken), VG_OK);
    assert_int_equal(broken, 0);
    return t;
}

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

/* ---- killed, or out of space, at each step ---- */

/* In a child, which dies where it is told to. True: it came to its end. */
static bool
child(struct place *p, void (*work)(struct place *p))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        step = 0;
        work(p);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    return WEXITSTATUS(status) == 0;
}

static void
do_move(struct place *p)
{
    (void)move(p, in(p, "files/a"), CONTENT, NULL);
}

static void
do_restore(struct place *p)
{
    struct tally t = tally(p);

    step = 0;
    if (quarantine_restore(p->q, &t.last) == VG_OK && quarantine_drop(p->q, &t.last) == VG_OK)
        return;
}

/* The agent starts again, finds what is there, and asks again: the file is in the quarantine, once. */
static void
check_moved_in_the_end(struct place *p)
{
    struct tally t;

    fate = LIVES;
    if (!there(in(p, "files/a"))) {
        t = tally(p);
        assert_int_equal(t.kept + t.pending, 1); /* one of both, always */
    }
    quarantine_free(p->q);
    open_it(p);
    quarantine_recover(p->q);
    if (there(in(p, "files/a"))) {
        assert_true(holds(in(p, "files/a"), CONTENT));
        assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_DONE);
    }
    t = tally(p);
    assert_int_equal(t.kept, 1);
    assert_int_equal(t.pending, 0);
    assert_int_equal(quarantine_restore(p->q, &t.last), VG_OK);
    assert_int_equal(quarantine_drop(p->q, &t.last), VG_OK);
    assert_true(holds(in(p, "files/a"), CONTENT));
    assert_int_equal(unlink(in(p, "files/a")), 0);
    assert_int_equal(unlink(in(p, "state/quarantine/wanted")), 0);
    assert_int_equal(rmdir(in(p, "files/deep")), 0);
    assert_int_equal(rmdir(in(p, "files")), 0); /* nothing of ours is left there */
    assert_int_equal(platform_folder_make(in(p, "files/deep"), false), VG_OK);
}

static void
every_step(struct place *p, enum fate how)
{
    bool end = false;

    for (fated = 1; !end; fated++) {
        assert_true(fated < 40);
        put(in(p, "files/a"), CONTENT);
        fate = how;
        end = child(p, do_move) && (how != FAILS || fated > 12);
        check_moved_in_the_end(p);
    }
    assert_true(fated > 6);
}

static void
test_killed_while_it_moves(void **state)
{
    every_step(*state, DIES_BEFORE);
    every_step(*state, DIES_AFTER);
}

static void
test_out_of_space_while_it_moves(void **state)
{
    every_step(*state, FAILS);
}

static void
restore_every_step(struct place *p, enum fate how)
{
    bool end = false;

    for (fated = 1; !end; fated++) {
        struct tally t;

        assert_true(fated < 40);
        fate = LIVES;
        put(in(p, "files/a"), CONTENT);
        assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_DONE);
        fate = how;
        end = child(p, do_restore) && (how != FAILS || fated > 12);
        fate = LIVES;
        t = tally(p);
        assert_true(t.kept == 1 || holds(in(p, "files/a"), CONTENT));
        if (t.kept == 1) {
            assert_int_equal(quarantine_restore(p->q, &t.last), VG_OK);
            assert_int_equal(quarantine_drop(p->q, &t.last), VG_OK);
        }
        assert_true(holds(in(p, "files/a"), CONTENT));
        assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_WANTED);
        assert_int_equal(unlink(in(p, "files/a")), 0);
        assert_int_equal(unlink(in(p, "state/quarantine/wanted")), 0);
        assert_int_equal(rmdir(in(p, "files/deep")), 0);
        assert_int_equal(rmdir(in(p, "files")), 0);
        assert_int_equal(platform_folder_make(in(p, "files/deep"), false), VG_OK);
    }
}

static void
test_killed_while_it_restores(void **state)
{
    restore_every_step(*state, DIES_BEFORE);
    restore_every_step(*state, DIES_AFTER);
    restore_every_step(*state, FAILS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back),
        TEST(test_links),
        TEST(test_changed),
        TEST(test_system_files),
        TEST(test_full),
        TEST(test_in_use),
        TEST(test_busy),
        TEST(test_seal),
        TEST(test_killed_while_it_moves),
        TEST(test_out_of_space_while_it_moves),
        TEST(test_killed_while_it_restores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
