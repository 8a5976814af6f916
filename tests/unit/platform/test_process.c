/* SPDX-License-Identifier: Apache-2.0 */
/* Workers and streams. This program starts itself again as the worker. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/platform.h"

#define SECOND INT64_C(1000000000)

static enum vg_err
wait_for(platform_stream stream, bool write)
{
    platform_handle handle = stream;
    unsigned ready;
    enum vg_err err = platform_wait(&handle, 1, write ? 1 : 0, 10 * SECOND, &ready);

    return err != VG_OK ? err : ready != 0 ? VG_OK : VG_ERR_NOENT;
}

/* Reads until `size` bytes are there or the stream ends. */
static size_t
read_all(platform_stream stream, char *to, size_t size, platform_file *file)
{
    size_t done = 0;

    while (done < size && wait_for(stream, false) == VG_OK) {
        platform_file got;
        size_t n;
        enum vg_err err = platform_stream_read(stream, to + done, size - done, &n, &got);

        if (err == VG_AGAIN)
            continue;
        if (err != VG_OK)
            break;
        if (got != PLATFORM_NO_HANDLE && file != NULL)
            *file = got;
        done += n;
    }
    return done;
}

/* ---- the worker ---- */

static int
worker_descriptors(void)
{
    int open_count = 0;

    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            open_count++;
    return open_count;
}

static int
worker(const char *what)
{
    platform_stream stream;
    platform_file file = PLATFORM_NO_HANDLE;
    char text[64] = "";
    size_t n;

    if (platform_child_stream(&stream) != VG_OK)
        return 90;
    if (strcmp(what, "descriptors") == 0)
        return worker_descriptors();
    if (strcmp(what, "environment") == 0)
        return (getenv("SECRET_OF_PARENT") != NULL ? 1 : 0) + (getenv("VIGIA_X") != NULL ? 2 : 0);
    if (strcmp(what, "crash") == 0) {
        (void)raise(SIGKILL);
        return 91;
    }
    if (strcmp(what, "grandchild") == 0) { /* a parent that dies; its worker must follow */
        struct platform_child child;
        char *path = platform_program_path();
        const char *argv[] = {path, "--worker", "hang", NULL};

        if (platform_child_start(argv, 0, NULL, &child) != VG_OK)
            return 92;
        (void)snprintf(text, sizeof text, "%16lld", (long long)child.pid);
        if (platform_stream_write(stream, text, 16, &n, PLATFORM_NO_HANDLE) != VG_OK)
            return 93;
        (void)read_all(stream, text, 1, NULL);
        _exit(0);
    }
    if (strcmp(what, "hang") == 0)
        for (;;)
            (void)pause();
    if (strcmp(what, "yield") == 0) {
        platform_yield_to_others();
        platform_yield_to_others(); /* not twice as far */
        return getpriority(PRIO_PROCESS, 0);
    }
    if (strcmp(what, "endless") == 0) {
        platform_cpu_limit(1);
        for (volatile unsigned i = 0;; i++)
            ;
    }
    /* "file": a name comes with the descriptor; answer with what is in the file */
    if (read_all(stream, text, 4, &file) != 4 || memcmp(text, "read", 4) != 0 ||
        file == PLATFORM_NO_HANDLE || platform_file_read(file, 0, text, sizeof text, &n) != VG_OK ||
        platform_stream_write(stream, text, n, &n, PLATFORM_NO_HANDLE) != VG_OK)
        return 94;
    return 7;
}

/* ---- the tests ---- */

static struct platform_child
start(const char *what)
{
    struct platform_child child = {0};
    char *path = platform_program_path();
    const char *argv[] = {path, "--worker", what, NULL};

    assert_int_equal(platform_child_start(argv, 0, NULL, &child), VG_OK);
    assert_true(child.pid > 0);
    free(path);
    return child;
}

static int
end_of(struct platform_child *child)
{
    char rest;
    int status = -1;
    enum vg_err err;

    (void)read_all(child->stream, &rest, 1, NULL); /* the end of the stream */
    for (int i = 0; (err = platform_child_wait(child, &status)) == VG_AGAIN && i < 5000; i++)
        usleep(1000);
    assert_int_equal(err, VG_OK);
    assert_int_equal(child->pid, 0);
    platform_stream_close(child->stream);
    return status;
}

static void
test_inherits_four_descriptors(void **state)
{
    int extra = open("/dev/null", O_RDONLY); /* without close-on-exec on purpose */
    struct platform_child child = start("descriptors");

    assert_int_equal(end_of(&child), 4);
    (void)close(extra);
}

static void
test_environment_is_chosen(void **state)
{
    struct platform_child child;

    assert_int_equal(setenv("SECRET_OF_PARENT", "x", 1), 0);
    assert_int_equal(setenv("VIGIA_X", "x", 1), 0);
    child = start("environment");
    assert_int_equal(end_of(&child), 2);
}

static void
test_file_alongside(void **state)
{
    struct platform_child child = start("file");
    char path[] = "/tmp/vigia-test-XXXXXX", text[16] = "";
    int fd = mkstemp(path);
    size_t n;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "inside", 6), 6);
    assert_int_equal(platform_stream_write(child.stream, "read", 4, &n, fd), VG_OK);
    assert_int_equal(n, 4);
    (void)close(fd);
    assert_int_equal(read_all(child.stream, text, 6, NULL), 6);
    assert_string_equal(text, "inside");
    assert_int_equal(end_of(&child), 7);
    (void)unlink(path);
}

/* A file that nobody asked for is closed, not leaked. */
static void
test_file_refused(void **state)
{
    int pair[2], before;
    char text[4];
    size_t n;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    before = worker_descriptors();
    assert_int_equal(platform_stream_read(pair[0], text, sizeof text, &n, NULL), VG_AGAIN);
    assert_int_equal(platform_stream_write(pair[1], "abc", 3, &n, 2), VG_OK);
    assert_int_equal(platform_stream_read(pair[0], text, sizeof text, &n, NULL), VG_OK);
    assert_int_equal(n, 3);
    assert_int_equal(worker_descriptors(), before);
    platform_stream_close(pair[1]);
    assert_int_equal(platform_stream_read(pair[0], text, sizeof text, &n, NULL), VG_END);
    platform_stream_close(pair[0]);
}

static void
test_crash_is_told(void **state)
{
    struct platform_child child = start("crash");
    char byte = 'x';
    size_t n;
    int status = end_of(&child);

    assert_int_equal(status, 128 + SIGKILL);
    child = start("crash");
    while (platform_child_wait(&child, &status) == VG_AGAIN)
        usleep(1000);
    assert_int_equal(platform_stream_write(child.stream, &byte, 1, &n, PLATFORM_NO_HANDLE), VG_END);
    platform_stream_close(child.stream);
}

static void
test_no_such_program(void **state)
{
    const char *argv[] = {"/nonexistent/vigia", NULL};
    struct platform_child child;

    assert_int_equal(platform_child_start(argv, 0, NULL, &child), VG_OK);
    assert_int_equal(end_of(&child), 127);
    assert_int_equal(platform_child_start(argv, 0, "no-such-user-here", &child),
                     platform_is_admin() ? VG_ERR_NOENT : VG_OK);
}

static void
test_deaf_to_terminate(void **state)
{
    struct platform_child child = start("hang");
    int status;

    usleep(200000); /* until it is the new program */
    assert_int_equal(kill((pid_t)child.pid, SIGTERM), 0);
    assert_int_equal(kill((pid_t)child.pid, SIGINT), 0);
    usleep(100000);
    assert_int_equal(platform_child_wait(&child, &status), VG_AGAIN);
    platform_child_kill(&child);
    assert_int_equal(end_of(&child), 128 + SIGKILL);
}

static void
test_gives_way_and_ends(void **state)
{
    struct platform_child child = start("yield");

    assert_in_range(end_of(&child), 15, 19);
    child = start("endless");
    assert_in_range(end_of(&child), 129, 128 + 64); /* by whichever signal */
}

static void
test_dies_with_its_parent(void **state)
{
    struct platform_child parent = start("grandchild");
    char text[17] = "";
    size_t n;
    pid_t pid;

    assert_int_equal(read_all(parent.stream, text, 16, NULL), 16);
    pid = (pid_t)strtol(text, NULL, 10);
    usleep(200000);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(platform_stream_write(parent.stream, "x", 1, &n, PLATFORM_NO_HANDLE), VG_OK);
    assert_int_equal(end_of(&parent), 0);
    for (int i = 0; i < 5000; i++) {
        char path[64], line[512] = "";
        FILE *file;

        /* Gone, or dead and not yet collected by whoever inherited it. */
        (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        file = fopen(path, "r");
        if (file == NULL)
            return;
        if (fgets(line, sizeof line, file) == NULL || strstr(line, ") Z") != NULL) {
            (void)fclose(file);
            return;
        }
        (void)fclose(file);
        usleep(1000);
    }
    fail();
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inherits_four_descriptors),
        cmocka_unit_test(test_environment_is_chosen),
        cmocka_unit_test(test_file_alongside),
        cmocka_unit_test(test_file_refused),
        cmocka_unit_test(test_crash_is_told),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_deaf_to_terminate),
        cmocka_unit_test(test_gives_way_and_ends),
        cmocka_unit_test(test_dies_with_its_parent),
    };

    if (argc == 3 && strcmp(argv[1], "--worker") == 0)
        return worker(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
