/* SPDX-License-Identifier: Apache-2.0 */
/* The life of workers: what they are believed, when they are ended, started again and let go. Full
 * disks are made by the linker: --wrap=store_commit. */
#include <signal.h>

#include "tests/unit/keeper/supervisor_kit.h"

enum vg_err __real_store_commit(struct store *store, struct batch *batch, int64_t now_ns);
enum vg_err __wrap_store_commit(struct store *store, struct batch *batch, int64_t now_ns);

static unsigned commits_failing, commits_tried;

enum vg_err
__wrap_store_commit(struct store *store, struct batch *batch, int64_t now_ns)
{
    commits_tried++;
    if (commits_failing > 0) {
        commits_failing--;
        return VG_ERR_LIMIT;
    }
    return __real_store_commit(store, batch, now_ns);
}

static bool
was_tried(struct place *p, int64_t n)
{
    return commits_tried >= n;
}

static void
test_good(void **state)
{
    struct place *p = *state;
    json_t *w;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "good");
    assert_true(until(p, net_acked, 1, 20));
    assert_int_equal(stored(p).alerts, 1);
    assert_int_equal(p->told, 1);
    assert_string_equal(stored(p).note, "rows=0 positions=0");
    w = worker(p, "net");
    assert_string_equal(vg_json_str(w, "state", ""), "running");
    assert_int_equal(vg_json_int(json_object_get(w, "sandbox"), "landlock", 0), 7);
    json_decref(w);
    assert_int_equal(p->idle, 0); /* an interface is never done */
    stop(p);
    assert_int_equal(stored(p).ended, 0);

    /* What was committed comes back at the next start. */
    start(p, "good");
    assert_true(until(p, net_acked, 1, 20));
    assert_string_equal(stored(p).note, "rows=2 positions=1");
    stop(p);
}

static void
test_idle(void **state)
{
    struct place *p = *state;

    configure(p, "network: {interfaces: [], replay: [/nonexistent.pcap]}\n");
    start(p, "good");
    assert_true(until(p, is_idle, 1, 20));
    stop(p);
    assert_int_equal(p->idle, 1);
}

/* Each of these is ended with a reason, and of its uncommitted batch nothing is stored. */
static void
check_ended(void **state, const char *mode, const char *reason)
{
    struct place *p = *state;
    struct tally t;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, mode);
    assert_true(until(p, restarted, 1, 30));
    t = stored(p);
    assert_int_equal(t.alerts, 0);
    assert_int_equal(t.ended, 1);
    if (strstr(t.reason, reason) == NULL)
        fail_msg("%s ended with: %s", mode, t.reason);
    /* What rules can bring about, and what they cannot. */
    assert_int_equal(p->crashes, strcmp(mode, "fails_to_open") == 0 ? 0 : 1);
    stop(p);
}

#define ENDED(mode, reason)                                                                        \
    static void test_##mode(void **state)                                                          \
    {                                                                                              \
        check_ended(state, #mode, reason);                                                         \
    }
ENDED(crash, "signal 6")
ENDED(flood, "frame 69 of")
ENDED(flood_health, "frame 72 of")
ENDED(unknown_frame, "frame 63 of 1 bytes refused: denied")
ENDED(keepers_frame, "frame 65 of 8 bytes refused: denied")
ENDED(bad_event, "frame 69 of 7 bytes refused: format")
ENDED(other_sensor, "refused: denied")
ENDED(other_detector, "refused: denied")
ENDED(huge_frame, "broken frame: limit")
ENDED(wrong_commit, "frame 67 of 8 bytes refused: denied")
ENDED(open_outside, "frame 81")
ENDED(early_event, "frame 69")
ENDED(whose_twice, "frame 85 of 41 bytes refused: denied")
ENDED(whose_size, "frame 85 of 40 bytes refused: denied")
ENDED(whose_bits, "frame 85 of 41 bytes refused: denied")
ENDED(whose_flood, "frame 85 of 12 bytes refused: denied")
ENDED(fails_to_open, "no such interface")

static void
test_backs_off(void **state)
{
    struct place *p = *state;
    int64_t began = platform_clock_monotonic();

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "crash");
    assert_true(until(p, restarted, 3, 30));
    /* 1 s and 2 s lie between three lives. */
    assert_true(platform_clock_monotonic() - began >= 3 * VG_SEC_NS);
    assert_int_equal(stored(p).alerts, 0);
    assert_int_equal(stored(p).ended, 3);
    stop(p);
}

static void
test_resumes_after_crash(void **state)
{
    struct place *p = *state;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "once");
    assert_true(until(p, has_alert, 2, 30));
    assert_string_equal(stored(p).note, "second life");
    assert_int_equal(stored(p).alerts, 2); /* of the crash's own batch: nothing */
    stop(p);
}

static void
test_killed_from_outside(void **state)
{
    struct place *p = *state;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "good");
    assert_true(until(p, net_acked, 1, 20));
    assert_int_equal(kill((pid_t)worker_int(p, "net", "pid"), SIGKILL), 0);
    assert_int_equal(kill((pid_t)worker_int(p, "host", "pid"), SIGKILL), 0);
    assert_true(until(p, has_alert, 2, 30));
    assert_int_equal(worker_int(p, "net", "restarts"), 1);
    assert_int_equal(worker_int(p, "host", "restarts"), 1);
    assert_int_equal(stored(p).ended, 2);
    assert_string_equal(stored(p).reason, "signal 9");
    stop(p);
}

/* Other rules: each sensor ends in good order and begins again at once, which is no crash. */
static void
test_reload(void **state)
{
    struct place *p = *state;
    int64_t pid;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "good");
    assert_true(until(p, net_acked, 1, 20));
    pid = worker_int(p, "net", "pid");
    assert_int_equal(supervisor_rules(p->s, "/nonexistent"), VG_OK);
    assert_int_equal(supervisor_rules(p->s, "rules"), VG_OK); /* again before it has happened */
    assert_true(until(p, has_alert, 2, 20));
    assert_true(worker_int(p, "net", "pid") != pid);
    assert_string_equal(stored(p).note, "rows=2 positions=1");
    assert_int_equal(worker_int(p, "net", "restarts"), 0);
    assert_int_equal(stored(p).ended, 0);
    assert_int_equal(p->crashes, 0);
    stop(p);
}

static void
test_hang_is_killed_at_stop(void **state)
{
    struct place *p = *state;
    int64_t began;
    pid_t pid;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "hang");
    assert_false(until(p, restarted, 1, 1));
    pid = (pid_t)worker_int(p, "net", "pid");
    assert_int_equal(kill(pid, 0), 0);
    began = platform_clock_monotonic();
    stop(p);
    assert_true(platform_clock_monotonic() - began >= 4 * VG_SEC_NS);
    assert_int_equal(kill(pid, 0), -1);
}

/* Nothing is acknowledged and nothing lost while the store cannot take it. */
static void
test_full_disk(void **state)
{
    struct place *p = *state;

    configure(p, "network: {interfaces: [lo]}\n");
    commits_failing = 2;
    commits_tried = 0;
    start(p, "good");
    assert_true(until(p, was_tried, 1, 20));
    assert_false(net_acked(p, 1));
    assert_int_equal(stored(p).alerts, 0);
    assert_true(until(p, net_acked, 1, 30));
    assert_int_equal(commits_tried, 3);
    assert_int_equal(stored(p).alerts, 1);
    assert_int_equal(worker_int(p, "net", "restarts"), 0);
    stop(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),
        TEST(test_idle),
        TEST(test_crash),
        TEST(test_flood),
        TEST(test_flood_health),
        TEST(test_unknown_frame),
        TEST(test_keepers_frame),
        TEST(test_bad_event),
        TEST(test_other_sensor),
        TEST(test_other_detector),
        TEST(test_huge_frame),
        TEST(test_wrong_commit),
        TEST(test_open_outside),
        TEST(test_early_event),
        TEST(test_whose_twice),
        TEST(test_whose_size),
        TEST(test_whose_bits),
        TEST(test_whose_flood),
        TEST(test_fails_to_open),
        TEST(test_backs_off),
        TEST(test_resumes_after_crash),
        TEST(test_killed_from_outside),
        TEST(test_hang_is_killed_at_stop),
        TEST(test_full_disk),
        TEST(test_reload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
