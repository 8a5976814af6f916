/* SPDX-License-Identifier: Apache-2.0 */
/* Who wrote a file, with the real kernel; without the right there is nothing to see. */
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

#include "agent/host/writers.h"

static char folder[64] = "/tmp/vigia-test-XXXXXX";

/* Another process writes a file, renames it, and lives until it is told to end. */
static pid_t
write_in_child(const char *name, int *end)
{
    int ready[2], stop[2];
    char from[128], to[128], byte = 0;
    pid_t pid;

    (void)snprintf(from, sizeof from, "%s/%s.part", folder, name);
    (void)snprintf(to, sizeof to, "%s/%s", folder, name);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(stop), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(from, O_WRONLY | O_CREAT, 0600);

        close(stop[1]);
        if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0 || rename(from, to) != 0 ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        (void)!read(stop[0], &byte, 1);
        _exit(0);
    }
    close(stop[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *end = stop[1];
    return pid;
}

static void
test_writers(void **state)
{
    char path[128], outside[128];
    char *roots[] = {NULL, folder};
    struct platform_stat stat;
    struct writers *w;
    json_t *answer = NULL;
    int end, status, fd;
    pid_t pid;
    const char *const folders[] = {NULL, folder};
    platform_file drives;
    enum vg_err err = platform_drives_open(PLATFORM_DRIVE_WRITERS, folders, 2, &drives);

    if (err == VG_ERR_DENIED)
        skip();
    assert_int_equal(err, VG_OK);
    assert_int_equal(writers_new(drives, roots, 2, &w), VG_OK);
    pid = write_in_child("a.bin", &end);
    (void)snprintf(path, sizeof path, "%s/a.bin", folder);
    (void)snprintf(outside, sizeof outside, "%s-outside", folder);
    while (writers_work(w))
        ;
    assert_int_equal(platform_path_stat(path, &stat), VG_OK);
    assert_int_equal(writers_of(w, &stat.identity, &answer), VG_OK);
    assert_string_equal(json_string_value(json_object_get(answer, "program")), "test_writers");
    assert_non_null(
        strstr(json_string_value(json_object_get(answer, "program_path")), "/test_writers"));
    json_decref(answer);
    assert_int_equal(close(end), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);

    /* Neither what this process writes nor what lies elsewhere. */
    fd = open(outside, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    while (writers_work(w))
        ;
    assert_int_equal(platform_path_stat(outside, &stat), VG_OK);
    assert_int_equal(writers_of(w, &stat.identity, &answer), VG_ERR_NOENT);
    assert_int_equal(unlink(outside), 0);
    assert_int_equal(unlink(path), 0);
    writers_free(w);
}

static void
test_nothing_to_watch(void **state)
{
    const char *const folders[] = {NULL, "/no/such/place"};
    platform_file drives = PLATFORM_NO_HANDLE;
    enum vg_err err = platform_drives_open(PLATFORM_DRIVE_WRITERS, folders, 2, &drives);

    assert_true(err == VG_ERR_NOENT || err == VG_ERR_DENIED);
    assert_true(drives == PLATFORM_NO_HANDLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_writers),
                                       cmocka_unit_test(test_nothing_to_watch)};
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) == 0 ? failed : 1;
}
