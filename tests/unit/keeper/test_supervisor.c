/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor with the real store and with workers that misbehave (fake_worker.c). Full disks are
 * made by the linker: --wrap=store_commit. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/keeper/supervisor_worker.h"
#include "agent/platform/platform.h"
#include "common/json.h"
#include "common/log.h"
#include "common/vtime.h"

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

struct place {
    char dir[64], program[512], logs[96];
    struct agent_config config;
    struct event_base *loop;
    struct store *store;
    struct supervisor *s;
    unsigned told, idle;
    bool stopped, late;
    unsigned crashes;
};

static void
count_events(void *ctx)
{
    ((struct place *)ctx)->told++;
}

static void
count_idle(void *ctx)
{
    ((struct place *)ctx)->idle++;
}

static void
note_stopped(void *ctx)
{
    struct place *p = ctx;

    p->stopped = true;
    (void)event_base_loopbreak(p->loop);
}

static void
on_late(evutil_socket_t unused, short what, void *ctx)
{
    struct place *p = ctx;

    p->late = true;
    (void)event_base_loopbreak(p->loop);
}

static void
count_crash(void *ctx, const char *name)
{
    struct place *p = ctx;

    assert_string_equal(name, "net");
    p->crashes++;
}

static void
configure(struct place *p, const char *text)
{
    struct conf_error err;

    if (agent_config_parse("test", slice_of(text, strlen(text)), &p->config, &err) != VG_OK)
        fail_msg("%s", err.text);
}

static void
open_store(struct place *p)
{
    struct store_options options = {.dir = p->dir,
                                    .bytes_max = 64 * 1024 * 1024,
                                    .alerts_keep_ns = 365 * VG_DAY_NS,
                                    .observations_keep_ns = 7 * VG_DAY_NS};
    char why[STORE_WHY_MAX];

    if (store_open(&options, &p->store, why) != VG_OK)
        fail_msg("%s", why);
}

static void
start(struct place *p, const char *mode)
{
    struct supervisor_options options = {.loop = p->loop,
                                         .store = p->store,
                                         .config = &p->config,
                                         .program = p->program,
                                         .sandbox = true,
                                         .on_events = count_events,
                                         .on_idle = count_idle,
                                         .on_crash = count_crash,
                                         .ctx = p};

    assert_int_equal(setenv("VIGIA_FAKE", mode, 1), 0);
    assert_int_equal(supervisor_new(&options, &p->s), VG_OK);
    assert_int_equal(supervisor_start(p->s), VG_OK);
}

static json_t *
worker(struct place *p, const char *name)
{
    json_t *all = supervisor_status(p->s), *one, *found = NULL;
    size_t i;

    assert_non_null(all);
    json_array_foreach(all, i, one) if (strcmp(vg_json_str(one, "name", ""), name) == 0) found =
        json_incref(one);
    json_decref(all);
    assert_non_null(found);
    return found;
}

static int64_t
worker_int(struct place *p, const char *name, const char *key)
{
    json_t *w = worker(p, name);
    int64_t value = vg_json_int(w, key, -1);

    json_decref(w);
    return value;
}

static bool
restarted(struct place *p, int64_t n)
{
    return worker_int(p, "net", "restarts") >= n;
}

struct tally {
    unsigned alerts, ended;
    char note[64], reason[512];
    int64_t seq;
};

static enum vg_err
count_stored(void *ctx, int64_t seq, struct slice json)
{
    struct tally *t = ctx;
    json_t *event;

    assert_int_equal(vg_json_parse(json, EVENT_BYTES_MAX, &event), VG_OK);
    assert_int_equal(seq, ++t->seq);
    if (strcmp(vg_json_str(event, "class", ""), "alert") == 0) {
        t->alerts++;
        (void)vg_strcpy(t->note, sizeof t->note,
                        vg_json_str(json_object_get(event, "facts"), "note", ""));
    }
    if (strcmp(vg_json_str(event, "detector", ""), "agent.worker_ended") == 0) {
        t->ended++;
        (void)vg_strcpy(t->reason, sizeof t->reason,
                        vg_json_str(json_object_get(event, "facts"), "reason", ""));
    }
    json_decref(event);
    return VG_OK;
}

static struct tally
stored(struct place *p)
{
    struct tally t = {0};

    assert_int_equal(store_events_after(p->store, 0, 10000, 64 * 1024 * 1024, count_stored, &t),
                     VG_OK);
    return t;
}

static bool
has_alert(struct place *p, int64_t n)
{
    return stored(p).alerts >= n;
}

static bool
was_tried(struct place *p, int64_t n)
{
    return commits_tried >= n;
}

static bool
net_acked(struct place *p, int64_t n)
{
    json_t *w = worker(p, "net");
    bool acked = vg_json_int(json_object_get(w, "health"), "acked", 0) >= n;

    json_decref(w);
    return acked;
}

static bool
is_idle(struct place *p, int64_t n)
{
    return p->idle >= n;
}

/* Runs the loop until it is so; false when it is not within `seconds`. */
static bool
until(struct place *p, bool (*so)(struct place *p, int64_t n), int64_t n, int seconds)
{
    struct timeval wait = {.tv_sec = seconds};
    struct event *late = evtimer_new(p->loop, on_late, p);
    bool is;

    p->late = false;
    (void)evtimer_add(late, &wait);
    while (!(is = so(p, n)) && !p->late)
        (void)event_base_loop(p->loop, EVLOOP_ONCE);
    event_free(late);
    return is;
}

static void
stop(struct place *p)
{
    p->stopped = false;
    supervisor_stop(p->s, note_stopped, p);
    assert_false(p->stopped); /* never from inside the call */
    while (!p->stopped)
        (void)event_base_loop(p->loop, EVLOOP_ONCE);
    supervisor_free(p->s);
    p->s = NULL;
}

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char *path = platform_program_path(), *slash = path != NULL ? strrchr(path, '/') : NULL;

    if (p == NULL || slash == NULL)
        return -1;
    *slash = '\0';
    (void)snprintf(p->program, sizeof p->program, "%s/fake_worker", path);
    free(path);
    (void)vg_strcpy(p->dir, sizeof p->dir, "/tmp/vigia-test-XXXXXX");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    (void)snprintf(p->logs, sizeof p->logs, "%s/logs", p->dir);
    p->loop = event_base_new();
    log_setup("test", LOG_LEVEL_ERROR);
    commits_failing = commits_tried = 0;
    open_store(p);
    *state = p;
    return p->loop != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct place *p = *state;
    char command[128];

    supervisor_free(p->s);
    store_close(p->store);
    agent_config_done(&p->config);
    event_base_free(p->loop);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    if (system(command) != 0)
        return -1;
    free(p);
    return 0;
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

static void
test_opens_through_host(void **state)
{
    struct place *p = *state;
    char text[256], path[160];
    struct tally t;

    assert_int_equal(platform_folder_make(p->logs, false), VG_OK);
    (void)snprintf(path, sizeof path, "%s/day.log", p->logs);
    assert_int_equal(platform_file_replace(path, slice_of("from the file", 13), true), VG_OK);
    assert_int_equal(setenv("VIGIA_FAKE_FILE", path, 1), 0);
    (void)snprintf(text, sizeof text, "network: off\npayments: [{path: %s}]\n", p->logs);
    configure(p, text);
    start(p, "open_inside");
    assert_true(until(p, has_alert, 1, 20));
    t = stored(p);
    assert_string_equal(t.note, "from the file");
    stop(p);
}

/* The net sensor's questions go to the host worker, and its answers back. */
static void
test_whose(void **state)
{
    struct place *p = *state;
    struct tally t;

    configure(p, "network: {interfaces: [lo]}\n");
    start(p, "whose");
    assert_true(until(p, has_alert, 1, 20));
    t = stored(p);
    assert_string_equal(t.note, "8 {}");
    stop(p);
}

static json_t *
move_question(const struct place *p, const char *text)
{
    json_t *asked, *question;

    assert_int_equal(vg_json_parse(slice_of(text, strlen(text)), 8192, &asked), VG_OK);
    question = supervisor_move_question(&p->config, asked);
    json_decref(asked);
    return question;
}

/* Of a step of the quarantine the host worker hears what is allowed, and these fields alone. */
static void
test_move_question(void **state)
{
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SEAL(path, sha, rule)                                                                      \
    "{\"what\":\"seal\",\"path\":\"" path "\",\"sha256\":\"" sha "\",\"rule\":\"" rule             \
    "\",\"size\":7,\"other\":1}"
    static const char *const wrong[] = {
        SEAL("2f6574632f70", SHA, "R"),     /* /etc/p */
        SEAL("2f73682f2e2e2f78", SHA, "R"), /* /sh/../x */
        SEAL("2f73682f00", SHA, "R"),       /* a NUL */
        SEAL("2f73682f6", SHA, "R"),        /* half a byte */
        SEAL("2f736878", SHA, "R"),         /* /shx */
        SEAL("2f73682f61", "ABC", "R"),     /* no hash */
        SEAL("2f73682f61", SHA, SHA),       /* no rule has such a name */
        "{\"what\":\"take\",\"id\":\"../../ab\"}",
        "{\"what\":\"take\",\"id\":\"\"}",
        "{\"what\":\"open\",\"path\":\"2f73682f61\"}",
        "[]",
    };
    struct place *p = *state;
    json_t *q;

    configure(p, "files: [/sh]\nscan: {response: quarantine}\n");
    for (size_t i = 0; i < VG_ARRAY_LEN(wrong); i++)
        assert_null(move_question(p, wrong[i]));
    q = move_question(p, SEAL("2f73682f61", SHA, "R"));
    assert_string_equal(vg_json_str(q, "path", ""), "2f73682f61");
    assert_int_equal(vg_json_int(q, "size", 0), 7);
    assert_null(json_object_get(q, "other"));
    json_decref(q);
    q = move_question(p, "{\"what\":\"take\",\"id\":\"0123abcd\"}");
    assert_string_equal(vg_json_str(q, "id", ""), "0123abcd");
    json_decref(q);
    p->config.scan.quarantine = false;
    assert_null(move_question(p, SEAL("2f73682f61", SHA, "R")));
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
        TEST(test_whose),
        TEST(test_fails_to_open),
        TEST(test_backs_off),
        TEST(test_resumes_after_crash),
        TEST(test_killed_from_outside),
        TEST(test_hang_is_killed_at_stop),
        TEST(test_full_disk),
        TEST(test_reload),
        TEST(test_opens_through_host),
        TEST(test_move_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
