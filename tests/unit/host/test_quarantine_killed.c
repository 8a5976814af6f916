/* SPDX-License-Identifier: Apache-2.0 */
/* The quarantine killed, or out of space, at each step: the linker's --wrap counts them. */
#include <sys/wait.h>

#include "tests/unit/host/quarantine_kit.h"

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
        TEST(test_killed_while_it_moves),
        TEST(test_out_of_space_while_it_moves),
        TEST(test_killed_while_it_restores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
