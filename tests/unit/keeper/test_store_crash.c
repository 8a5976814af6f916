/* SPDX-License-Identifier: Apache-2.0 */
/* A child commits batches without end and is killed at seeded moments. Afterwards: no gap, nothing
 * twice, baselines and positions exactly as far as the events, and the seal holds. */
#include "tests/unit/keeper/store_kit.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { KILLS = 36, EVENTS_A_BATCH = 3 };

static enum vg_err
read_position(void *ctx, const char *source, struct slice json)
{
    json_t *value;

    assert_string_equal(source, "log");
    assert_int_equal(vg_json_parse(json, 100, &value), VG_OK);
    *(int64_t *)ctx = vg_json_int(value, "line", -1);
    json_decref(value);
    return VG_OK;
}

static enum vg_err
read_counter(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    (void)detector;
    (void)key;
    (void)version;
    *(int64_t *)ctx = (int64_t)slice_be64(&blob);
    return blob.bad ? VG_ERR_FORMAT : VG_OK;
}

static int64_t
position_of(struct store *store)
{
    int64_t line = 0;

    assert_int_equal(store_positions(store, "pay", read_position, &line), VG_OK);
    return line;
}

/* Line n of the "log" gives one event about subject n; a baseline row counts them. */
static void
commit_lines(struct store *store, int64_t from)
{
    struct batch batch;
    struct buf row;
    char text[64];

    batch_init(&batch, "pay");
    buf_init(&row, 100);
    for (int64_t line = from; line < from + EVENTS_A_BATCH; line++) {
        snprintf(text, sizeof(text), "%lld", (long long)line);
        assert_int_equal(
            batch_event(&batch, event_at(NOW + line * VG_SEC_NS, "pay.velocity", "medium", text)),
            VG_OK);
    }
    buf_put_be64(&row, (uint64_t)(from + EVENTS_A_BATCH));
    assert_int_equal(
        batch_row(&batch, slice_of("pay.velocity", 12), slice_of("n", 1), 1, buf_slice(&row)),
        VG_OK);
    snprintf(text, sizeof(text), "{\"line\":%lld}", (long long)(from + EVENTS_A_BATCH));
    assert_int_equal(batch_position(&batch, slice_of("log", 3), slice_of(text, strlen(text))),
                     VG_OK);
    assert_int_equal(store_commit(store, &batch, NOW + from), VG_OK);
    batch_clear(&batch);
    buf_done(&row);
}

/* Says so on `told` after each commit; -1: says nothing. */
static void
work_until_killed(const char *dir, int told)
{
    struct store *store = open_with(dir, false, 0);
    int64_t line = position_of(store);

    for (;; line += EVENTS_A_BATCH) {
        commit_lines(store, line);
        if (told >= 0 && write(told, "", 1) != 1)
            _exit(1);
    }
}

static void
check_whole(const char *dir, const char *id, const uint8_t first[32])
{
    struct store *store = open_with(dir, false, 0);
    int64_t line = position_of(store), counter = 0;
    json_t *events = events_of(store), *event;
    size_t i;

    assert_string_equal(store_id(store), id); /* a kill is no restored copy */
    assert_int_equal(json_array_size(events), line);
    assert_int_equal(store_last_seq(store), line);
    json_array_foreach(events, i, event)
    {
        const json_t *subject = json_object_get(event, "subject");

        assert_int_equal(vg_json_int(event, "seq", 0), i + 1);
        assert_int_equal(strtoll(vg_json_str(subject, "id", "-1"), NULL, 10), i);
    }
    json_decref(events);
    assert_int_equal(store_rows(store, "pay", read_counter, &counter), VG_OK);
    assert_int_equal(counter, line);
    assert_verifies(store, first);
    store_close(store);
}

static void
test_kills(void **state)
{
    struct place *p = *state;
    struct store *store = open_with(p->dir, false, 0);
    unsigned seed = 20261122;
    char id[UUID_TEXT_SIZE];
    uint8_t first[32];
    int64_t lines;

    vg_strcpy(id, sizeof(id), store_id(store));
    assert_int_equal(store_seal_key_first(store, first), VG_OK);
    store_close(store);
    for (int i = 0; i < KILLS; i++) {
        struct timespec wait = {.tv_nsec = (long)(rand_r(&seed) % 90000000)};
        int ends[2], status;
        char byte;
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            work_until_killed(p->dir, ends[1]);
        }
        (void)close(ends[1]);
        /* Every other one is let live until its first commit, on however slow a machine. */
        if (i % 2 == 0)
            assert_int_equal(read(ends[0], &byte, 1), 1);
        (void)nanosleep(&wait, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself */
        (void)close(ends[0]);
        check_whole(p->dir, id, first);
    }
    store = open_with(p->dir, false, 0);
    lines = position_of(store);
    store_close(store);
    print_message("%lld events in %d lives\n", (long long)lines, KILLS);
    assert_true(lines > KILLS); /* it did work between the kills */
}

/* A new store that is killed while it is being made is whole at the next start. */
static void
test_kills_at_the_beginning(void **state)
{
    struct place *p = *state;
    unsigned seed = 7;

    for (int i = 0; i < 20; i++) {
        struct timespec wait = {.tv_nsec = 1000000L + (long)(rand_r(&seed) % 25000000)};
        pid_t child = fork();
        uint8_t first[32];
        struct store *store;
        int status;

        if (child == 0) {
            work_until_killed(p->dir, -1);
            _exit(0);
        }
        (void)nanosleep(&wait, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        store = open_with(p->dir, false, 0);
        assert_int_equal(store_seal_key_first(store, first), VG_OK);
        assert_verifies(store, first);
        assert_int_equal(count_detector(store, "agent.store_restored"), 0);
        assert_int_equal(count_detector(store, "agent.store_damaged"), 0);
        store_close(store);
        run_shell("rm -rf $A; mkdir -m 700 $A", p->dir, "");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kills, place_make, place_remove),
        cmocka_unit_test_setup_teardown(test_kills_at_the_beginning, place_make, place_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
