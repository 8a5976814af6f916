/* SPDX-License-Identifier: Apache-2.0 */
/* The quarantine of files on another drive, which may be read-only or full. The drive is a tmpfs in a mount
 * namespace of this process: without the right to make one there is nothing to test. */
#include <sched.h>
#include <sys/mount.h>

#include "agent/host/sealed.h"
#include "tests/unit/host/quarantine_kit.h"

enum { DRIVE_BYTES = 1024 * 1024 };

static bool can_mount;

static void
drive(const struct place *p, unsigned long flags)
{
    char options[32];

    (void)snprintf(options, sizeof options, "size=%d", DRIVE_BYTES);
    assert_int_equal(mount("tmpfs", in(p, "files"), "tmpfs", flags, options), 0);
}

static int
put_drive(void **state)
{
    int rc = set_up(state);

    if (rc == 0 && can_mount)
        drive(*state, 0);
    return rc;
}

static int
pull_drive(void **state)
{
    struct place *p = *state;

    if (can_mount)
        (void)umount2(in(p, "files"), MNT_DETACH);
    return tear_down(state);
}

/* All of the drive but less than a page; false: it is full as it is. */
static void
fill(const char *path)
{
    static const uint8_t page[4096];
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    while (fwrite(page, 1, sizeof page, f) == sizeof page && fflush(f) == 0)
        ;
    (void)fclose(f);
}

static size_t
names_in(const char *path)
{
    struct platform_names names;
    size_t n;

    assert_int_equal(platform_folder_list(path, 100, &names), VG_OK);
    n = names.count;
    platform_names_free(&names);
    return n;
}

static void
test_there_and_back_over_drives(void **state)
{
    struct place *p = *state;
    struct tally t;

    if (!can_mount)
        skip();
    put(in(p, "files/a"), CONTENT);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_DONE);
    assert_int_equal(names_in(in(p, "files")), 0);
    t = tally(p);
    assert_int_equal(quarantine_restore(p->q, &t.last), VG_OK);
    assert_true(holds(in(p, "files/a"), CONTENT));
}

static void
test_read_only_drive(void **state)
{
    struct place *p = *state;
    struct tally t;

    if (!can_mount)
        skip();
    put(in(p, "files/a"), CONTENT);
    put(in(p, "files/b"), CONTENT "b");
    assert_int_equal(move(p, in(p, "files/b"), CONTENT "b", NULL), QUARANTINE_DONE);
    drive(p, MS_REMOUNT | MS_RDONLY);
    assert_int_equal(move(p, in(p, "files/a"), CONTENT, NULL), QUARANTINE_FAILED);
    assert_true(holds(in(p, "files/a"), CONTENT));
    t = tally(p); /* no copy is left of what stays */
    assert_int_equal(t.kept, 1);
    assert_int_equal(t.pending, 0);
    assert_int_equal(quarantine_restore(p->q, &t.last), VG_ERR_SYS);
    assert_int_equal(tally(p).kept, 1);
    drive(p, MS_REMOUNT);
    assert_int_equal(quarantine_restore(p->q, &t.last), VG_OK);
    assert_true(holds(in(p, "files/b"), CONTENT "b"));
}

static void
test_back_to_a_full_drive(void **state)
{
    static char large[3 * SEALED_PIECE];
    struct place *p = *state;
    struct tally t;

    if (!can_mount)
        skip();
    memset(large, 'x', sizeof large - 1);
    put(in(p, "files/a"), large);
    assert_int_equal(move(p, in(p, "files/a"), large, NULL), QUARANTINE_DONE);
    fill(in(p, "files/full"));
    t = tally(p);
    assert_int_equal(quarantine_restore(p->q, &t.last), VG_ERR_LIMIT);
    assert_int_equal(names_in(in(p, "files")), 1); /* nothing half-done */
    t = tally(p);
    assert_int_equal(t.kept, 1);
    assert_int_equal(unlink(in(p, "files/full")), 0);
    assert_int_equal(quarantine_restore(p->q, &t.last), VG_OK);
    assert_true(holds(in(p, "files/a"), large));
}

/* Pulled out between the two steps: where the file went, nobody knows; the copy is there. */
static void
test_pulled_out_meanwhile(void **state)
{
    struct place *p = *state;
    struct quarantine_entry e;
    struct tally t;

    if (!can_mount)
        skip();
    put(in(p, "files/a"), CONTENT);
    e = scanned(in(p, "files/a"), CONTENT);
    assert_int_equal(quarantine_seal(p->q, &e, NOW), QUARANTINE_DONE);
    assert_int_equal(umount2(in(p, "files"), MNT_DETACH), 0);
    assert_int_equal(quarantine_take(p->q, e.id), QUARANTINE_CHANGED);
    t = tally(p);
    assert_int_equal(t.kept + t.pending, 0);
    drive(p, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, put_drive, pull_drive)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back_over_drives),
        TEST(test_read_only_drive),
        TEST(test_back_to_a_full_drive),
        TEST(test_pulled_out_meanwhile),
    };

    can_mount = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
