/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders, locks and watching, on a real file system. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/linux.h"

struct place {
    char dir[64];
    char path[4][128];
};

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    if (p == NULL)
        return -1;
    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    for (size_t i = 0; i < 4; i++)
        (void)snprintf(p->path[i], sizeof p->path[i], "%s/%c", p->dir, (char)('a' + i));
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *p = *state;
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    if (system(command) != 0)
        return -1;
    free(p);
    return 0;
}

static void
put(const char *path, const char *text)
{
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
}

static void
expect_content(const char *path, const char *text)
{
    struct buf got;

    assert_int_equal(platform_file_slurp(path, 4096, &got), VG_OK);
    assert_int_equal(got.len, strlen(text));
    if (got.len > 0)
        assert_memory_equal(got.data, text, got.len);
    buf_done(&got);
}

static void
test_replace_and_read(void **state)
{
    struct place *p = *state;
    struct buf none;
    platform_file file;
    char piece[8];
    size_t got;

    put(p->path[0], "first");
    expect_content(p->path[0], "first");
    put(p->path[0], "the second, longer");
    expect_content(p->path[0], "the second, longer");
    put(p->path[0], "");
    expect_content(p->path[0], "");
    put(p->path[0], "0123456789");
    assert_int_equal(platform_file_slurp(p->path[0], 9, &none), VG_ERR_LIMIT);
    assert_int_equal(platform_file_slurp(p->path[1], 9, &none), VG_ERR_NOENT);
    assert_int_equal(platform_file_open(p->path[0], &file), VG_OK);
    assert_int_equal(platform_file_read(file, 4, piece, 3, &got), VG_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(piece, "456", 3);
    assert_int_equal(platform_file_read(file, 8, piece, sizeof piece, &got), VG_OK);
    assert_int_equal(got, 2);
    assert_int_equal(platform_file_read(file, 10, piece, sizeof piece, &got), VG_OK);
    assert_int_equal(got, 0);
    platform_file_close(file);
}

static void
test_secret_mode(void **state)
{
    struct place *p = *state;
    struct stat st;

    assert_int_equal(platform_file_replace(p->path[0], slice_of("key", 3), true), VG_OK);
    assert_int_equal(stat(p->path[0], &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(platform_folder_make(p->path[1], true), VG_OK);
    assert_int_equal(stat(p->path[1], &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(chmod(p->path[1], 0755), 0);
    assert_int_equal(platform_folder_make(p->path[1], true), VG_OK);
    assert_int_equal(stat(p->path[1], &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

/* A writer that is killed again and again leaves one of the whole contents, never a mixture. */
static void
test_replace_survives_kill(void **state)
{
    struct place *p = *state;
    static char big[2][200000];

    memset(big[0], 'x', sizeof big[0]);
    memset(big[1], 'y', sizeof big[1]);
    assert_int_equal(platform_file_replace(p->path[0], slice_of(big[0], sizeof big[0]), true),
                     VG_OK);
    for (unsigned round = 0; round < 12; round++) {
        struct buf got;
        int status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            for (unsigned i = 0;; i++)
                if (platform_file_replace(p->path[0], slice_of(big[i % 2], sizeof big[0]), true) !=
                    VG_OK)
                    _exit(1);
        }
        usleep(3000 + round * 1700);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(platform_file_slurp(p->path[0], sizeof big[0], &got), VG_OK);
        assert_int_equal(got.len, sizeof big[0]);
        assert_memory_equal(got.data, big[got.data[0] == 'x' ? 0 : 1], got.len);
        buf_done(&got);
    }
    put(p->path[0], "still writable");
    expect_content(p->path[0], "still writable");
}

static void
test_two_writers(void **state)
{
    struct place *p = *state;
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    for (unsigned i = 0; i < 50; i++)
        if (platform_file_replace(p->path[0], slice_of(child == 0 ? "aaaa" : "bbbb", 4), false) !=
            VG_OK) {
            if (child == 0)
                _exit(1);
            fail();
        }
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    status = 0;
    {
        struct buf got;

        assert_int_equal(platform_file_slurp(p->path[0], 16, &got), VG_OK);
        assert_int_equal(got.len, 4);
        assert_true(memcmp(got.data, "aaaa", 4) == 0 || memcmp(got.data, "bbbb", 4) == 0);
        buf_done(&got);
    }
}

static void
test_identity_through_rename(void **state)
{
    struct place *p = *state;
    struct platform_stat before, after, other;

    put(p->path[0], "line\n");
    assert_int_equal(platform_path_stat(p->path[0], &before), VG_OK);
    assert_true(before.regular && !before.folder);
    assert_int_equal(before.size, 5);
    assert_int_equal(rename(p->path[0], p->path[1]), 0);
    put(p->path[0], "new\n");
    assert_int_equal(platform_path_stat(p->path[1], &after), VG_OK);
    assert_int_equal(platform_path_stat(p->path[0], &other), VG_OK);
    assert_memory_equal(&before.identity, &after.identity, sizeof before.identity);
    assert_memory_not_equal(&before.identity, &other.identity, sizeof before.identity);
    assert_int_equal(platform_path_stat(p->path[2], &other), VG_ERR_NOENT);
    assert_int_equal(platform_path_stat(p->dir, &other), VG_OK);
    assert_true(other.folder && !other.regular);
}

static void
test_fifo_does_not_block(void **state)
{
    struct place *p = *state;
    struct platform_stat st;
    platform_file file;

    assert_int_equal(mkfifo(p->path[0], 0600), 0);
    assert_int_equal(platform_file_open(p->path[0], &file), VG_OK);
    assert_int_equal(platform_file_stat(file, &st), VG_OK);
    assert_false(st.regular);
    platform_file_close(file);
}

static void
test_folder_list(void **state)
{
    struct place *p = *state;
    struct platform_names names;
    char path[128];

    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(path, sizeof path, "%s/%03u", p->dir, (i * 7) % 300);
        put(path, "");
    }
    assert_int_equal(platform_folder_list(p->dir, 1000, &names), VG_OK);
    assert_int_equal(names.count, 300);
    assert_false(names.more);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(strtoul(names.name[i], NULL, 10), i);
    platform_names_free(&names);
    assert_int_equal(platform_folder_list(p->dir, 10, &names), VG_OK);
    assert_int_equal(names.count, 10);
    assert_true(names.more);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(strtoul(names.name[i], NULL, 10), i);
    platform_names_free(&names);
    assert_int_equal(platform_folder_list(p->path[0], 10, &names), VG_ERR_NOENT);
}

static void
test_folder_make_and_remove(void **state)
{
    struct place *p = *state;
    struct platform_stat st;
    char deep[128];

    (void)snprintf(deep, sizeof deep, "%s/x/y//z", p->dir);
    assert_int_equal(platform_folder_make(deep, true), VG_OK);
    assert_int_equal(platform_folder_make(deep, true), VG_OK);
    assert_int_equal(platform_path_stat(deep, &st), VG_OK);
    assert_true(st.folder);
    put(p->path[0], "in the way");
    assert_int_equal(platform_folder_make(p->path[0], false), VG_ERR_EXISTS);
    assert_int_equal(platform_file_remove(p->path[0]), VG_OK);
    assert_int_equal(platform_file_remove(p->path[0]), VG_ERR_NOENT);
}

static void
test_lock(void **state)
{
    struct place *p = *state;
    platform_file lock, other;

    assert_int_equal(platform_lock(p->path[0], &lock), VG_OK);
    assert_int_equal(platform_lock(p->path[0], &other), VG_ERR_EXISTS);
    platform_unlock(lock);
    assert_int_equal(platform_lock(p->path[0], &other), VG_OK);
    platform_unlock(other);
}

/* A file that says to be of the year 2400 is of a time to come, not of the past. */
static void
test_far_times(void **state)
{
    struct place *p = *state;
    const struct timespec far[2] = {{.tv_sec = INT64_C(13569465600)},
                                    {.tv_sec = INT64_C(13569465600)}};
    struct platform_stat st;

    put(p->path[0], "x");
    assert_int_equal(utimensat(AT_FDCWD, p->path[0], far, 0), 0);
    assert_int_equal(platform_path_stat(p->path[0], &st), VG_OK);
    assert_true(st.modified_ns > st.changed_ns);
}

static void
test_watch(void **state)
{
    struct place *p = *state;
    struct platform_watch *watch;
    platform_handle handle;
    unsigned ready;

    assert_int_equal(platform_watch_new(&watch), VG_OK);
    assert_int_equal(platform_watch_add(watch, p->path[3]), VG_ERR_NOENT);
    assert_int_equal(platform_watch_add(watch, p->dir), VG_OK);
    assert_false(platform_watch_drain(watch));
    handle = platform_watch_handle(watch);
    assert_int_equal(platform_wait(&handle, 1, 0, 0, &ready), VG_OK);
    assert_int_equal(ready, 0);
    put(p->path[0], "x");
    assert_int_equal(platform_wait(&handle, 1, 0, INT64_C(5000000000), &ready), VG_OK);
    assert_int_equal(ready, 1);
    assert_true(platform_watch_drain(watch));
    assert_false(platform_watch_drain(watch));
    assert_int_equal(rename(p->path[0], p->path[1]), 0);
    assert_true(platform_watch_drain(watch));
    platform_watch_free(watch);
}

static void
test_machine(void **state)
{
    char name[256], id[64], tiny[1];
    char *path = platform_program_path();
    char *home = platform_path_expand("~/x");
    char *plain = platform_path_expand("/etc/~");
    int64_t before = platform_clock_monotonic();

    assert_non_null(path);
    assert_true(access(path, X_OK) == 0);
    assert_non_null(home);
    assert_int_equal(home[0], '/');
    assert_string_equal(home + strlen(home) - 2, "/x");
    assert_string_equal(plain, "/etc/~");
    assert_int_equal(platform_host_name(name, sizeof name), VG_OK);
    assert_int_equal(platform_host_name(tiny, sizeof tiny), VG_ERR_LIMIT);
    assert_int_equal(platform_machine_id(id, sizeof id), VG_OK);
    assert_true(strlen(id) == 32 || strlen(id) == 0);
    assert_true(platform_clock_monotonic() >= before);
    memset(name, 'k', sizeof name);
    platform_secure_zero(name, sizeof name);
    for (size_t i = 0; i < sizeof name; i++)
        assert_int_equal(name[i], 0);
    free(path);
    free(home);
    free(plain);
}

static void
test_remote(void **state)
{
    assert_true(linux_remote_type(0x6969));
    assert_true(linux_remote_type(0xff534d42));
    assert_true(linux_remote_type((uint64_t)(int32_t)0xff534d42)); /* as a signed word */
    assert_false(linux_remote_type(0xef53));                       /* ext4 */
    assert_false(linux_remote_type(0x4d44));                       /* FAT: a stick */
    assert_false(linux_remote_type(0x65735546));                   /* FUSE: NTFS on a stick */
    assert_false(platform_path_remote("/proc"));
    assert_false(platform_path_remote("/no/such/place"));
}

/* More than the system keeps (fs.inotify.max_queued_events): counted, and still a hint. */
static void
test_watch_overflow(void **state)
{
    struct place *p = *state;
    struct platform_watch *watch;

    assert_int_equal(platform_watch_new(&watch), VG_OK);
    assert_int_equal(platform_watch_add(watch, p->dir), VG_OK);
    assert_false(platform_watch_drain(watch));
    assert_int_equal(platform_watch_counts(watch).overflows, 0);
    for (int i = 0; i < 70000 && platform_watch_counts(watch).overflows == 0; i++) {
        int fd = open(p->path[i % 2], O_WRONLY | O_CREAT, 0600);

        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
        if (i % 17500 == 17499) /* not before they are too many */
            assert_true(platform_watch_drain(watch));
    }
    assert_true(platform_watch_counts(watch).overflows > 0);
    platform_watch_free(watch);
}

static void
test_sticks(void **state)
{
    struct platform_mounts *mounts;
    struct platform_sticks sticks;

    assert_true(linux_is_stick("999:1", "/media/ana/USB DISK", "/dev/sdb1"));
    assert_true(linux_is_stick("999:1", "/run/media/ana/x", "/dev/sdb1"));
    assert_false(linux_is_stick("999:1", "/mediathek", "/dev/sdb1"));
    assert_false(linux_is_stick("0:1", "/media/server", "//server/share"));
    assert_false(linux_is_stick("0:1", "/media/x", "tmpfs"));
    assert_false(linux_is_stick("999:1", "/", "/dev/sda1"));
    assert_false(linux_is_stick("999:1", "/mnt/data", "/dev/sda2")); /* on no USB */
    assert_false(linux_is_stick("../../etc/passwd", "/mnt/data", "/dev/sda2"));

    assert_int_equal(platform_mounts_new(&mounts), VG_OK);
    assert_int_equal(platform_mounts_sticks(mounts, &sticks), VG_OK);
    assert_true(sticks.count <= PLATFORM_STICKS_MAX);
    (void)platform_mounts_changed(mounts);
    assert_false(platform_mounts_changed(mounts));
    platform_mounts_free(mounts);
    assert_true(platform_load() >= 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replace_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_secret_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replace_survives_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_writers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_identity_through_rename, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fifo_does_not_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_make_and_remove, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watch_overflow, set_up, tear_down),
        cmocka_unit_test(test_sticks),
        cmocka_unit_test_setup_teardown(test_far_times, set_up, tear_down),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_remote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
