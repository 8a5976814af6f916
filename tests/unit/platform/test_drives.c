/* SPDX-License-Identifier: Apache-2.0 */
/* Watching folders with the drive that they lie on, with the real kernel; what the right allows is passed over
 * where the test has none. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/linux.h"

enum { MANY = 20000 }; /* more than fs.fanotify.max_queued_events, which is 16384 */

struct place {
    struct platform_watch *watch;
    char dir[64], in[96], out[96], shm[64];
};

static void
in_folder(const char *folder, const char *name, char path[160])
{
    (void)snprintf(path, 160, "%s/%s", folder, name);
}

static void
put(const char *folder, const char *name)
{
    char path[160];
    int fd;

    in_folder(folder, name, path);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(close(fd), 0);
}

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    if (p == NULL)
        return -1;
    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    (void)vg_strcpy(p->shm, sizeof p->shm, "/dev/shm/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL || mkdtemp(p->shm) == NULL)
        return -1;
    (void)snprintf(p->in, sizeof p->in, "%s/in", p->dir);
    (void)snprintf(p->out, sizeof p->out, "%s/out", p->dir);
    *state = p;
    return mkdir(p->in, 0700) == 0 && mkdir(p->out, 0700) == 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct place *p = *state;
    char command[160];

    platform_watch_free(p->watch);
    (void)snprintf(command, sizeof command, "rm -rf '%s' '%s'", p->dir, p->shm);
    free(p);
    return system(command) == 0 ? 0 : -1;
}

/* Whether there is a watch of `in` with its drive. */
static bool
watched(struct place *p)
{
    const char *const folders[] = {p->in, NULL, "/no/such/place"};
    platform_file drives;
    enum vg_err err = platform_drives_open(PLATFORM_DRIVE_FOLDERS, folders, 3, &drives);

    if (err == VG_ERR_DENIED)
        return false;
    assert_int_equal(err, VG_OK);
    assert_int_equal(platform_watch_new(&p->watch), VG_OK);
    assert_int_equal(platform_watch_drives(p->watch, drives), VG_OK);
    assert_int_equal(platform_watch_add(p->watch, p->in), VG_OK);
    (void)platform_watch_drain(p->watch);
    return true;
}

static void
test_here_and_elsewhere(void **state)
{
    struct place *p = *state;
    char one[160], two[160];
    platform_handle handle;
    unsigned ready;

    if (!watched(p))
        skip();
    assert_int_equal(platform_watch_counts(p->watch).by_drive, 1);
    assert_int_equal(platform_watch_counts(p->watch).by_folder, 0);
    handle = platform_watch_handle(p->watch);
    put(p->in, "a");
    assert_int_equal(platform_wait(&handle, 1, 0, INT64_C(5000000000), &ready), VG_OK);
    assert_int_equal(ready, 1);
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    put(p->out, "b");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_ELSEWHERE);

    in_folder(p->out, "b", one);
    in_folder(p->in, "b", two);
    assert_int_equal(rename(one, two), 0); /* as a browser ends */
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    in_folder(p->in, "c", one);
    assert_int_equal(link(two, one), 0);
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    in_folder(p->in, "new", one);
    assert_int_equal(mkdir(one, 0700), 0);
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    assert_int_equal(chmod(two, 0400), 0);
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    in_folder(p->dir, "moved", one);
    assert_int_equal(rename(p->in, one), 0);
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
}

/* What was not added again is not ours; what lies on another drive is watched by itself. */
static void
test_added_again(void **state)
{
    struct place *p = *state;

    if (!watched(p))
        skip();
    platform_watch_begin(p->watch);
    assert_int_equal(platform_watch_add(p->watch, p->out), VG_OK);
    assert_int_equal(platform_watch_add(p->watch, p->shm), VG_OK);
    assert_int_equal(platform_watch_counts(p->watch).by_drive, 1);
    assert_int_equal(platform_watch_counts(p->watch).by_folder, 1);
    (void)platform_watch_drain(p->watch);
    put(p->in, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_ELSEWHERE);
    put(p->out, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    put(p->shm, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
}

static void
test_more_folders_than_by_themselves(void **state)
{
    struct place *p = *state;
    char path[160], name[16];

    if (!watched(p))
        skip();
    for (int i = 0; i < 2 * PLATFORM_WATCH_FOLDERS; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        in_folder(p->in, name, path);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(platform_watch_add(p->watch, path), VG_OK);
    }
    assert_int_equal(platform_watch_counts(p->watch).by_drive, 1 + 2 * PLATFORM_WATCH_FOLDERS);
    (void)platform_watch_drain(p->watch);
    put(path, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
}

/* More than the system keeps: counted, and a reason to look. */
static void
test_overflow(void **state)
{
    struct place *p = *state;
    char path[160], name[16];

    if (!watched(p))
        skip();
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        in_folder(p->out, name, path);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        in_folder(p->out, name, path);
        assert_int_equal(rmdir(path), 0);
    }
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    assert_true(platform_watch_counts(p->watch).overflows > 0);
}

/* The folder is watched, not the link that was configured for it. */
static void
test_a_link_to_a_folder(void **state)
{
    struct place *p = *state;
    char path[160];

    if (!watched(p))
        skip();
    in_folder(p->dir, "link", path);
    assert_int_equal(symlink(p->out, path), 0);
    platform_watch_begin(p->watch);
    assert_int_equal(platform_watch_add(p->watch, path), VG_OK);
    (void)platform_watch_drain(p->watch);
    put(p->out, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
}

/* What is mounted in its place has the same number, and nobody marked it. */
static void
test_a_drive_goes_and_another_comes(void **state)
{
    struct place *p = *state;
    struct stat before, after;

    if (mount("test", p->in, "tmpfs", 0, NULL) != 0)
        skip();
    assert_int_equal(stat(p->in, &before), 0);
    if (!watched(p)) {
        assert_int_equal(umount(p->in), 0);
        skip();
    }
    assert_int_equal(platform_watch_counts(p->watch).by_drive, 1);
    assert_int_equal(umount(p->in), 0);
    assert_int_equal(mount("test", p->in, "tmpfs", 0, NULL), 0);
    assert_int_equal(stat(p->in, &after), 0);
    platform_watch_begin(p->watch);
    assert_int_equal(platform_watch_add(p->watch, p->in), VG_OK);
    (void)platform_watch_drain(p->watch);
    put(p->in, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
    assert_int_equal(umount(p->in), 0);
    assert_true(before.st_dev == after.st_dev);
}

/* Given up, it does not come back; folders are then watched by themselves. */
static void
test_without_the_right(void **state)
{
    struct place *p = *state;
    const char *const folders[] = {p->in};
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        platform_file drives = PLATFORM_NO_HANDLE;

        if (platform_drives_give_up() != VG_OK ||
            platform_drives_open(PLATFORM_DRIVE_FOLDERS, folders, 1, &drives) != VG_ERR_DENIED ||
            platform_drives_open(PLATFORM_DRIVE_WRITERS, folders, 1, &drives) != VG_ERR_DENIED ||
            drives != PLATFORM_NO_HANDLE || (linux_caps_permitted() >> 21 & 1) != 0)
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    assert_int_equal(platform_watch_new(&p->watch), VG_OK);
    assert_int_equal(platform_watch_add(p->watch, p->in), VG_OK);
    assert_int_equal(platform_watch_counts(p->watch).by_drive, 0);
    assert_int_equal(platform_watch_counts(p->watch).by_folder, 1);
    put(p->out, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_QUIET);
    put(p->in, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
}

/* A handle of nothing that the kernel says drives of. */
static void
test_no_drives(void **state)
{
    struct place *p = *state;
    platform_file file;

    assert_int_equal(platform_watch_new(&p->watch), VG_OK);
    assert_int_equal(platform_file_open("/dev/null", &file), VG_OK);
    assert_int_equal(platform_watch_drives(p->watch, file), VG_ERR_NOENT);
    assert_int_equal(platform_watch_add(p->watch, p->in), VG_OK);
    put(p->in, "a");
    assert_int_equal(platform_watch_drain(p->watch), PLATFORM_WATCH_HERE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_here_and_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_added_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_folders_than_by_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overflow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_link_to_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_drive_goes_and_another_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_the_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_drives, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
