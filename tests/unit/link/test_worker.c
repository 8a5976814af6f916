/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a worker, with this program as the keeper and, started again, as the worker. The fake
 * sensor writes down what happens to it and sends that as an event. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/link/frame.h"
#include "agent/link/worker.h"
#include "common/json.h"

#define SECOND INT64_C(1000000000)

/* ---- the sensor ---- */

struct sensor {
    const struct sink *sink;
    struct worker_opener *opener;
    char story[1024];
    int works;
};

static void
tell(struct sensor *s, const char *word)
{
    size_t len = strlen(s->story);

    (void)snprintf(s->story + len, sizeof s->story - len, "%s ", word);
}

static enum vg_err
fake_open(const struct agent_config *config, const struct sink *sink, struct worker_opener *opener,
          void **self, char why[WORKER_WHY_MAX])
{
    struct sensor *s;

    if (strcmp(config->shop_name, "refuse") == 0) {
        (void)vg_strcpy(why, WORKER_WHY_MAX, "no such interface");
        return VG_ERR_CONFIG;
    }
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->sink = sink;
    s->opener = opener;
    tell(s, config->shop_name);
    *self = s;
    return VG_OK;
}

static void
fake_needs(void *self, struct platform_sandbox *sandbox)
{
    tell(self, "needs");
}

static enum vg_err
fake_restore(void *self, const char *detector, struct slice key, uint16_t version,
             struct slice blob)
{
    char text[128];

    (void)snprintf(text, sizeof text, "%s/%.*s/%u/%.*s", detector, (int)key.left,
                   (const char *)key.at, version, (int)blob.left, (const char *)blob.at);
    tell(self, text);
    return VG_OK;
}

static enum vg_err
fake_position(void *self, const char *source, const json_t *position)
{
    tell(self, source);
    return vg_json_int(position, "offset", 0) == 7 ? VG_OK : VG_ERR_FORMAT;
}

static enum vg_err
fake_begin(void *self)
{
    tell(self, "begin");
    return VG_OK;
}

static void
send_story(struct sensor *s)
{
    s->sink->ops->event(s->sink->ctx, json_pack("{s:s}", "story", s->story));
    s->story[0] = '\0';
}

/* First: may it still open a file, and what does the keeper give it? Then it is done. */
static enum vg_err
fake_work(void *self, platform_handle *handle, int64_t *wait_ns)
{
    struct sensor *s = self;
    platform_file file;
    char text[16] = "";
    size_t n;

    s->works++;
    if (s->works > 1) {
        if (strstr(s->story, "tick") == NULL || strstr(s->story, "feedback") == NULL)
            return VG_AGAIN;
        send_story(s);
        return s->sink->ops->commit(s->sink->ctx) == VG_OK ? VG_END : VG_ERR_SYS;
    }
    tell(s, platform_file_open("/etc/passwd", &file) == VG_OK ? "open" : "closed");
    if (worker_open_path(s->opener, "/none", &file) == VG_ERR_NOENT)
        tell(s, "none");
    if (worker_open_path(s->opener, "/some", &file) == VG_OK) {
        if (platform_file_read(file, 0, text, sizeof text - 1, &n) == VG_OK)
            tell(s, text);
        platform_file_close(file);
    }
    send_story(s);
    s->sink->ops->state(s->sink->ctx, "net.fake", slice_of("k", 1), 2, slice_of("v", 1));
    s->sink->ops->position(s->sink->ctx, "/log", slice_of("{}", 2));
    return s->sink->ops->commit(s->sink->ctx);
}

static void
fake_tick(void *self, int64_t now_ns)
{
    tell(self, now_ns == 42 ? "tick" : "wrong");
}

static void
fake_feedback(void *self, const json_t *feedback)
{
    tell(self, vg_json_str(feedback, "verdict", "?"));
    tell(self, "feedback");
}

static enum vg_err
fake_finish(void *self)
{
    struct sensor *s = self;

    tell(s, "finish");
    send_story(s);
    return s->sink->ops->commit(s->sink->ctx);
}

static const struct worker_ops FAKE = {
    .name = "fake",
    .open = fake_open,
    .needs = fake_needs,
    .restore = fake_restore,
    .position = fake_position,
    .begin = fake_begin,
    .work = fake_work,
    .tick = fake_tick,
    .feedback = fake_feedback,
    .finish = fake_finish,
    .close = free,
};

/* ---- the keeper ---- */

struct keeper {
    struct platform_child child;
    struct buf in;
    enum frame_type type; /* of the last frame */
    char text[4096];      /* its payload */
    size_t len;
};

static void
start(struct keeper *k)
{
    char *path = platform_program_path();
    const char *argv[] = {path, "--worker", "fake", NULL};

    memset(k, 0, sizeof *k);
    buf_init(&k->in, 1024 * 1024);
    assert_int_equal(platform_child_start(argv, 0, NULL, &k->child), VG_OK);
    free(path);
}

static void
send_frame(struct keeper *k, enum frame_type type, const void *payload, size_t len,
           platform_file file)
{
    struct buf out;
    size_t n;

    buf_init(&out, 1024 * 1024);
    frame_put(&out, type, slice_of(payload, len));
    assert_false(out.bad);
    assert_int_equal(platform_stream_write(k->child.stream, out.data, out.len, &n, file), VG_OK);
    assert_int_equal(n, out.len);
    buf_done(&out);
}

static void
send_number(struct keeper *k, enum frame_type type, uint64_t number)
{
    struct buf payload;

    buf_init(&payload, 8);
    buf_put_be64(&payload, number);
    send_frame(k, type, payload.data, payload.len, PLATFORM_NO_HANDLE);
    buf_done(&payload);
}

static void
send_config(struct keeper *k, const char *shop, bool sandbox)
{
    struct agent_config config;
    struct conf_error why;
    char yaml[128], *text;
    json_t *tree;

    (void)snprintf(yaml, sizeof yaml, "shop: {name: %s}\nsandbox: %s\n", shop,
                   sandbox ? "true" : "false");
    if (agent_config_parse("test", slice_of(yaml, strlen(yaml)), &config, &why) != VG_OK)
        fail_msg("%s", why.text);
    tree = agent_config_for_worker(&config);
    text = vg_json_text(tree);
    assert_non_null(text);
    send_frame(k, FRAME_CONFIG, text, strlen(text), PLATFORM_NO_HANDLE);
    free(text);
    json_decref(tree);
    agent_config_done(&config);
}

/* The next frame within `wait_ns`; false when none came, or the stream ended. */
static bool
next(struct keeper *k, int64_t wait_ns)
{
    platform_handle handle = k->child.stream;
    int64_t until = platform_clock_monotonic() + wait_ns;

    for (;;) {
        struct slice in = buf_slice(&k->in), payload;
        char piece[4096];
        unsigned ready;
        size_t n;
        enum vg_err err = frame_next(&in, &k->type, &payload);

        if (err == VG_OK) {
            k->len = payload.left;
            assert_true(k->len < sizeof k->text);
            (void)slice_copy(&payload, k->text, k->len);
            k->text[k->len] = '\0';
            buf_consume(&k->in, k->in.len - in.left);
            return true;
        }
        assert_int_equal(err, VG_AGAIN);
        if (platform_clock_monotonic() > until ||
            platform_wait(&handle, 1, 0, until - platform_clock_monotonic(), &ready) != VG_OK ||
            ready == 0)
            return false;
        err = platform_stream_read(k->child.stream, piece, sizeof piece, &n, NULL);
        if (err == VG_END)
            return false;
        if (err == VG_OK)
            buf_put(&k->in, piece, n);
    }
}

static void
expect(struct keeper *k, enum frame_type type, const char *text)
{
    if (!next(k, 20 * SECOND))
        fail_msg("no frame; %c expected", (char)type);
    if (k->type != type || (text != NULL && strstr(k->text, text) == NULL))
        fail_msg("%c with \"%s\" instead of %c with \"%s\"", (char)k->type, k->text, (char)type,
                 text != NULL ? text : "anything");
}

static int
end(struct keeper *k)
{
    int status = -1;

    platform_stream_close(k->child.stream);
    for (int i = 0; platform_child_wait(&k->child, &status) == VG_AGAIN; i++) {
        if (i > 10000) {
            platform_child_kill(&k->child);
            fail_msg("the worker did not end");
        }
        usleep(1000);
    }
    buf_done(&k->in);
    return status;
}

/* Up to the first commit, which is left without an answer. */
static void
until_commit(struct keeper *k, bool sandbox)
{
    static const char state[] = "\0\10net.fake\0\3key\0\2blob",
                      position[] = "\0\4/log{\"offset\":7}";
    char path[] = "/tmp/vigia-test-XXXXXX", answer[8] = {0, 0, 0, 1, 0, 0, 0, VG_ERR_NOENT};
    char story[128];
    int file = mkstemp(path);

    assert_true(file >= 0);
    assert_int_equal(write(file, "given", 5), 5);
    start(k);
    send_config(k, "hello", sandbox);
    expect(k, FRAME_READY, sandbox ? "seccomp" : "off");
    send_frame(k, FRAME_STATE, state, sizeof state - 1, PLATFORM_NO_HANDLE);
    send_frame(k, FRAME_POSITION, position, sizeof position - 1, PLATFORM_NO_HANDLE);
    assert_false(next(k, SECOND / 5)); /* nothing untrusted is read before the keeper says so */
    send_frame(k, FRAME_GO, "", 0, PLATFORM_NO_HANDLE);
    expect(k, FRAME_OPEN, NULL);
    assert_string_equal(k->text + 4, "/none");
    send_frame(k, FRAME_HANDLE, answer, sizeof answer, PLATFORM_NO_HANDLE);
    expect(k, FRAME_OPEN, NULL);
    assert_string_equal(k->text + 4, "/some");
    answer[3] = 2;
    answer[7] = VG_OK;
    send_frame(k, FRAME_HANDLE, answer, sizeof answer, file);
    (void)snprintf(story, sizeof story, "hello needs net.fake/key/2/blob /log begin %s none given ",
                   sandbox ? "closed" : "open");
    expect(k, FRAME_EVENT, story);
    expect(k, FRAME_STATE, NULL);
    expect(k, FRAME_POSITION, NULL);
    expect(k, FRAME_COMMIT, NULL);
    assert_memory_equal(k->text, "\0\0\0\0\0\0\0\1", 8);
    (void)close(file);
    (void)unlink(path);
}

static void
whole_life(bool sandbox)
{
    struct keeper k;

    until_commit(&k, sandbox);
    /* While it waits for the commit it takes in what comes, and does nothing about it. */
    send_number(&k, FRAME_TICK, 42);
    send_frame(&k, FRAME_FEEDBACK, "{\"verdict\":\"noise\"}", 19, PLATFORM_NO_HANDLE);
    assert_false(next(&k, SECOND / 5));
    send_number(&k, FRAME_ACK, 1);
    expect(&k, FRAME_EVENT, "tick noise feedback ");
    expect(&k, FRAME_COMMIT, NULL);
    send_number(&k, FRAME_ACK, 2);
    expect(&k, FRAME_HEALTH, "{\"done\":true}");
    assert_false(next(&k, SECOND / 5));
    send_frame(&k, FRAME_STOP, "", 0, PLATFORM_NO_HANDLE);
    expect(&k, FRAME_EVENT, "finish ");
    expect(&k, FRAME_COMMIT, NULL);
    send_number(&k, FRAME_ACK, 3);
    assert_false(next(&k, 20 * SECOND)); /* the end of the stream */
    assert_int_equal(end(&k), 0);
}

static void
test_whole_life(void **state)
{
    whole_life(false);
}

static void
test_whole_life_in_sandbox(void **state)
{
    whole_life(true);
}

static void
test_keeper_gone(void **state)
{
    struct keeper k;

    until_commit(&k, true);
    assert_int_equal(end(&k), 0); /* in the middle of a commit */
    start(&k);
    assert_int_equal(end(&k), 0); /* before it knew anything */
}

static void
test_stop_in_a_commit(void **state)
{
    struct keeper k;

    until_commit(&k, true);
    send_frame(&k, FRAME_STOP, "", 0, PLATFORM_NO_HANDLE);
    assert_false(next(&k, SECOND / 5)); /* the commit is waited for all the same */
    send_number(&k, FRAME_ACK, 1);
    expect(&k, FRAME_EVENT, "finish ");
    expect(&k, FRAME_COMMIT, NULL);
    send_number(&k, FRAME_ACK, 2);
    assert_false(next(&k, 20 * SECOND));
    assert_int_equal(end(&k), 0);
}

static void
test_cannot_open(void **state)
{
    struct keeper k;

    start(&k);
    send_config(&k, "refuse", true);
    expect(&k, FRAME_HEALTH, "{\"error\":\"no such interface\"}");
    assert_false(next(&k, 20 * SECOND));
    assert_int_equal(end(&k), VG_EXIT_USAGE);
}

static void
test_nonsense_from_keeper(void **state)
{
    struct keeper k;

    start(&k);
    send_frame(&k, (enum frame_type)'?', "", 0, PLATFORM_NO_HANDLE);
    assert_false(next(&k, 20 * SECOND));
    assert_int_equal(end(&k), VG_EXIT_INTERNAL);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_life),  cmocka_unit_test(test_whole_life_in_sandbox),
        cmocka_unit_test(test_keeper_gone), cmocka_unit_test(test_stop_in_a_commit),
        cmocka_unit_test(test_cannot_open), cmocka_unit_test(test_nonsense_from_keeper),
    };

    if (argc == 3 && strcmp(argv[1], "--worker") == 0)
        return worker_main(&FAKE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
