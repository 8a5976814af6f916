/* SPDX-License-Identifier: Apache-2.0 */
/* What a locked-down process can and cannot do, tried for real: each trial in a child of its own,
 * with the newest Landlock that the kernel has, with ABI 2 (Debian 12) and with none. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/linux.h"
#include "common/json.h"

enum { KILLED = 1000 };

static char dir_in[] = "/tmp/vigia-in-XXXXXX", dir_out[] = "/tmp/vigia-out-XXXXXX";
static char file_in[64], file_out[64];

/* Each returns 0 when it worked, else errno. */
static int
try_open(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0)
        return errno;
    (void)close(fd);
    return 0;
}

static int
do_read_in(void)
{
    return try_open(file_in, O_RDONLY);
}

static int
do_read_out(void)
{
    return try_open(file_out, O_RDONLY);
}

static int
do_write_in(void)
{
    return try_open(file_in, O_WRONLY);
}

static int
do_create(void)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/new", dir_in);
    return try_open(path, O_WRONLY | O_CREAT);
}

static int
do_unlink(void)
{
    return unlink(file_in) == 0 ? 0 : errno;
}

static int
do_list_in(void)
{
    struct platform_names names;

    if (platform_folder_list(dir_in, 10, &names) != VG_OK)
        return errno != 0 ? errno : EIO;
    platform_names_free(&names);
    return 0;
}

static int
do_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int
do_socket_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int
do_exec(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int
do_fork(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : errno;
}

static int
do_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int
do_kill_parent(void)
{
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

static int
do_exec_memory(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p != MAP_FAILED ? 0 : errno;
}

static int
do_watch(void)
{
    struct platform_watch *watch;

    if (platform_watch_new(&watch) != VG_OK)
        return errno;
    platform_watch_free(watch);
    return 0;
}

static int
do_work(void)
{
    /* memory, time, randomness, formatted output: the everyday of a sensor */
    char *big = malloc(8 * 1024 * 1024), *text;
    FILE *null = fopen(file_in, "r");

    if (big == NULL || null == NULL)
        return errno;
    memset(big, 1, 8 * 1024 * 1024);
    text = realloc(big, 16 * 1024 * 1024);
    if (text == NULL)
        return ENOMEM;
    (void)snprintf(text, 100, "%lld", (long long)platform_clock_monotonic());
    free(text);
    (void)fclose(null);
    return platform_wait(NULL, 0, 0, 1000, &(unsigned){0}) == VG_OK ? 0 : errno;
}

static int
do_abort(void)
{
    abort();
}

static int
do_owner(void)
{
    const uint8_t local[16] = {127, 0, 0, 1};
    struct platform_holders recent = {0};
    struct platform_owner owner;
    enum vg_err err = platform_socket_owner(&recent, true, false, local, 1, local, 2, &owner);

    return err == VG_ERR_NOENT ? 0 : errno;
}

/* Runs `what` in a child in the sandbox: 0, errno, or KILLED + signal. */
static int
in_sandbox(const struct platform_sandbox *sandbox, int abi, int (*what)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        char told[PLATFORM_TOLD_MAX];

        if (linux_sandbox_enter(sandbox, abi, told) != VG_OK)
            _exit(255);
        errno = 0;
        _exit(what());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return KILLED + WTERMSIG(status);
    assert_int_not_equal(WEXITSTATUS(status), 255);
    return WEXITSTATUS(status);
}

static const struct platform_sandbox SENSOR = {.read = {dir_in, "/nonexistent"}, .read_count = 2};

static void
check_sensor(int abi)
{
    const int dead = KILLED + SIGSYS;

    assert_int_equal(in_sandbox(&SENSOR, abi, do_read_in), 0);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_list_in), 0);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_work), 0);
    if (abi > 0 && linux_landlock_abi() > 0)
        assert_int_equal(in_sandbox(&SENSOR, abi, do_read_out), EACCES);
    else
        assert_int_equal(in_sandbox(&SENSOR, abi, do_read_out), 0); /* told as landlock 0 */
    assert_int_equal(in_sandbox(&SENSOR, abi, do_write_in), EPERM);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_create), EPERM);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_unlink), EPERM);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_socket), dead);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_socket_unix), dead);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_exec), dead);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_fork), LINUX_SANITIZERS ? EPERM : dead);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_ptrace), dead);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_kill_parent), EPERM);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_exec_memory), EPERM);
    assert_int_equal(in_sandbox(&SENSOR, abi, do_abort), KILLED + SIGABRT);
}

static void
test_newest(void **state)
{
    check_sensor(LINUX_LANDLOCK_ABI_MAX);
}

static void
test_landlock_2(void **state)
{
    check_sensor(2);
}

static void
test_no_landlock(void **state)
{
    check_sensor(0);
}

/* Without anything to read, opening fails also where there is no Landlock. */
static void
test_nothing_to_read(void **state)
{
    const struct platform_sandbox none = {.capture = true};

    if (LINUX_SANITIZERS) /* its reports open files */
        skip();
    assert_int_equal(in_sandbox(&none, 0, do_read_in), EACCES);
    assert_int_equal(in_sandbox(&none, LINUX_LANDLOCK_ABI_MAX, do_read_in), EACCES);
    assert_int_equal(in_sandbox(&none, 0, do_socket), KILLED + SIGSYS);
}

/* Watching goes on with a descriptor from before; a new one is not to be had. */
static struct platform_watch *early;

static int
do_watch_early(void)
{
    return platform_watch_add(early, dir_in) == VG_OK ? 0 : errno;
}

static void
test_watch(void **state)
{
    struct platform_sandbox watch = SENSOR;

    assert_int_equal(platform_watch_new(&early), VG_OK);
    assert_int_equal(in_sandbox(&watch, LINUX_LANDLOCK_ABI_MAX, do_watch_early), EPERM);
    watch.watch = true;
    assert_int_equal(in_sandbox(&watch, LINUX_LANDLOCK_ABI_MAX, do_watch_early), 0);
    assert_int_equal(in_sandbox(&watch, LINUX_LANDLOCK_ABI_MAX, do_watch), EPERM);
    platform_watch_free(early);
}

/* With the drive as well: the folder is added and its news are read, other drives are not to be had. */
static int
do_watch_drive(void)
{
    if (platform_watch_add(early, dir_in) != VG_OK || platform_watch_counts(early).by_drive != 1)
        return EIO;
    (void)platform_watch_drain(early);
    (void)try_open(file_in, O_RDONLY); /* looking is no news */
    return platform_watch_drain(early) == PLATFORM_WATCH_HERE ? EIO : 0;
}

static int
do_open_drives(void)
{
    const char *const folders[] = {dir_in};
    platform_file drives;

    return platform_drives_open(PLATFORM_DRIVE_FOLDERS, folders, 1, &drives) == VG_OK ? 0 : errno;
}

static void
test_watch_drive(void **state)
{
    const char *const folders[] = {dir_in};
    struct platform_sandbox watch = SENSOR;
    platform_file drives;
    enum vg_err err = platform_drives_open(PLATFORM_DRIVE_FOLDERS, folders, 1, &drives);

    if (err == VG_ERR_DENIED)
        skip();
    assert_int_equal(err, VG_OK);
    assert_int_equal(platform_watch_new(&early), VG_OK);
    assert_int_equal(platform_watch_drives(early, drives), VG_OK);
    watch.watch = true;
    assert_int_equal(in_sandbox(&watch, 0, do_watch_drive), 0);
    assert_int_equal(in_sandbox(&watch, LINUX_LANDLOCK_ABI_MAX, do_watch_drive), 0);
    assert_int_equal(in_sandbox(&watch, LINUX_LANDLOCK_ABI_MAX, do_open_drives), KILLED + SIGSYS);
    platform_watch_free(early);
}

/* A thread of its own where asked for, and no process even then. */
static int
in_thread(void *ctx)
{
    *(int *)ctx = try_open(file_in, O_RDONLY) == 0 && try_open(file_in, O_WRONLY) == EPERM;
    return 0;
}

static int
do_thread(void)
{
    int good = 0;
    thrd_t thread;

    if (thrd_create(&thread, in_thread, &good) != thrd_success)
        return EAGAIN;
    (void)thrd_join(thread, NULL);
    return good ? 0 : EIO;
}

static void
test_threads(void **state)
{
    struct platform_sandbox threads = SENSOR;
    const int dead = KILLED + SIGSYS;

    threads.threads = true;
    assert_int_equal(in_sandbox(&threads, LINUX_LANDLOCK_ABI_MAX, do_thread), 0);
    assert_int_equal(in_sandbox(&threads, LINUX_LANDLOCK_ABI_MAX, do_fork),
                     LINUX_SANITIZERS ? EPERM : dead);
    assert_int_equal(in_sandbox(&threads, LINUX_LANDLOCK_ABI_MAX, do_exec), dead);
    assert_int_equal(in_sandbox(&SENSOR, LINUX_LANDLOCK_ABI_MAX, do_thread),
                     LINUX_SANITIZERS ? EAGAIN : dead);
}

/* What was opened before goes on being written, and nothing else is. */
static platform_file own;

static int
do_write_own(void)
{
    return platform_file_write(own, 3, slice_of("xyz", 3)) == VG_OK ? 0 : errno;
}

static void
test_own_file(void **state)
{
    char path[96], got[8] = "";
    platform_file twice;
    size_t n = 0;

    (void)snprintf(path, sizeof path, "%s/own", dir_in);
    assert_int_equal(platform_file_open_own(path, &own), VG_OK);
    assert_int_equal(platform_file_open_own(path, &twice), VG_ERR_EXISTS);
    assert_int_equal(platform_file_write(own, 0, slice_of("abc", 3)), VG_OK);
    assert_int_equal(in_sandbox(&SENSOR, LINUX_LANDLOCK_ABI_MAX, do_write_own), 0);
    assert_int_equal(platform_file_read(own, 0, got, sizeof got, &n), VG_OK);
    assert_int_equal(n, 6);
    assert_memory_equal(got, "abcxyz", 6);
    platform_unlock(own);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(file_in, path), 0);
    assert_int_not_equal(platform_file_open_own(path, &own), VG_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(file_in, path), 0);
    assert_int_equal(platform_file_open_own(path, &own), VG_ERR_DENIED);
    assert_int_equal(unlink(path), 0);
}

static void
test_host_worker(void **state)
{
    const struct platform_sandbox host = {.keep_rights = true};
    const struct platform_sandbox mover = {.keep_rights = true, .move = true};
    const int dead = KILLED + SIGSYS;

    assert_int_equal(in_sandbox(&host, LINUX_LANDLOCK_ABI_MAX, do_owner), 0);
    assert_int_equal(in_sandbox(&host, LINUX_LANDLOCK_ABI_MAX, do_read_in), 0);
    assert_int_equal(in_sandbox(&host, LINUX_LANDLOCK_ABI_MAX, do_write_in), EPERM);
    assert_int_equal(in_sandbox(&host, LINUX_LANDLOCK_ABI_MAX, do_socket), dead);
    assert_int_equal(in_sandbox(&host, LINUX_LANDLOCK_ABI_MAX, do_exec), dead);
    assert_int_equal(in_sandbox(&mover, LINUX_LANDLOCK_ABI_MAX, do_write_in), 0);
    assert_int_equal(in_sandbox(&mover, LINUX_LANDLOCK_ABI_MAX, do_socket), dead);
    assert_int_equal(in_sandbox(&mover, LINUX_LANDLOCK_ABI_MAX, do_exec), dead);
}

/* The keeper: network and programs, but no capability is left to this root. */
static int
do_chown(void)
{
    return chown(file_in, 1, 1) == 0 ? 0 : errno;
}

static void
test_keeper(void **state)
{
    const struct platform_sandbox keeper = {.network = true};

    assert_int_equal(in_sandbox(&keeper, LINUX_LANDLOCK_ABI_MAX, do_socket), 0);
    assert_int_equal(in_sandbox(&keeper, LINUX_LANDLOCK_ABI_MAX, do_create), 0);
    assert_int_equal(in_sandbox(&keeper, LINUX_LANDLOCK_ABI_MAX, do_exec), 0);
    assert_int_equal(in_sandbox(&keeper, LINUX_LANDLOCK_ABI_MAX, do_ptrace), KILLED + SIGSYS);
}

/* Root in a sensor's sandbox has nothing of root. */
static void
test_capabilities_gone(void **state)
{
    if (!platform_is_admin())
        skip();
    assert_int_equal(chmod(file_in, 0), 0);
    assert_int_equal(chown(file_in, 1, 1), 0);
    assert_int_equal(try_open(file_in, O_RDONLY), 0); /* root may */
    assert_int_equal(in_sandbox(&SENSOR, 0, do_read_in), EACCES);
    assert_int_equal(in_sandbox(&SENSOR, 0, do_chown), EPERM);
    assert_int_equal(chmod(file_in, 0600), 0);
    assert_int_equal(chown(file_in, 0, 0), 0);
}

/* The file sensor reads what others may not, where Landlock holds it to its folders; without Landlock
 * it has no such right. */
static void
test_reads_all_of_its_own(void **state)
{
    const struct platform_sandbox reader = {.read = {dir_in}, .read_count = 1, .read_all = true};
    const int abi = LINUX_LANDLOCK_ABI_MAX;

    if (!platform_is_admin())
        skip();
    assert_int_equal(chmod(file_in, 0), 0);
    assert_int_equal(chown(file_in, 1, 1), 0);
    assert_int_equal(in_sandbox(&reader, abi, do_read_in), linux_landlock_abi() > 0 ? 0 : EACCES);
    assert_int_equal(in_sandbox(&reader, abi, do_write_in), EPERM);
    assert_int_equal(in_sandbox(&reader, abi, do_chown), EPERM);
    assert_int_equal(in_sandbox(&reader, 0, do_read_in), EACCES);
    if (linux_landlock_abi() > 0)
        assert_int_equal(in_sandbox(&reader, abi, do_read_out), EACCES);
    assert_int_equal(chmod(file_in, 0600), 0);
    assert_int_equal(chown(file_in, 0, 0), 0);
}

/* A second process of the user, so that "told" is read as the keeper reads it. */
static void
test_told(void **state)
{
    int pipe_ends[2], status;
    char told[PLATFORM_TOLD_MAX] = "";
    json_t *json;
    pid_t child;

    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (platform_sandbox_enter(&SENSOR, told) != VG_OK)
            _exit(1);
        _exit(write(pipe_ends[1], told, strlen(told)) > 0 ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(read(pipe_ends[0], told, sizeof told - 1) > 0);
    json = json_loads(told, 0, NULL);
    assert_non_null(json);
    assert_int_equal(vg_json_int(json, "landlock", -1), linux_landlock_abi());
    assert_int_equal(vg_json_int(json, "capabilities", -1), 0);
    assert_true(vg_json_bool(json, "no_new_privs", false));
    json_decref(json);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
}

static int
set_up(void **state)
{
    int fd;

    if (mkdtemp(dir_in) == NULL || mkdtemp(dir_out) == NULL)
        return -1;
    (void)snprintf(file_in, sizeof file_in, "%s/file", dir_in);
    (void)snprintf(file_out, sizeof file_out, "%s/file", dir_out);
    for (int i = 0; i < 2; i++) {
        fd = open(i == 0 ? file_in : file_out, O_WRONLY | O_CREAT, 0600);
        if (fd < 0)
            return -1;
        (void)close(fd);
    }
    return 0;
}

static int
tear_down(void **state)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/new", dir_in);
    (void)unlink(path);
    (void)unlink(file_in);
    (void)unlink(file_out);
    return rmdir(dir_in) == 0 && rmdir(dir_out) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_landlock_2),
        cmocka_unit_test(test_no_landlock),
        cmocka_unit_test(test_nothing_to_read),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_watch_drive),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_own_file),
        cmocka_unit_test(test_host_worker),
        cmocka_unit_test(test_keeper),
        cmocka_unit_test(test_capabilities_gone),
        cmocka_unit_test(test_reads_all_of_its_own),
        cmocka_unit_test(test_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
