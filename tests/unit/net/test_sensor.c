/* SPDX-License-Identifier: Apache-2.0 */
/* A crash at any commit: what was committed before it and what comes after are, together, exactly
 * what an undisturbed run sees. */
#include "agent/net/sensor.h"
#include "common/zone.h"
#include "net_kit.h"

enum { ROWS_MAX = 4096 };

/* A store in memory: what is pending becomes durable at a commit, or is lost. */
struct memory {
    struct sink sink;
    struct buf pending, durable; /* observations and events as text */
    char *source[16], *position[16], *position_pending[16];
    size_t sources;
    unsigned commits, fail_at; /* fail_at 0: never */
    unsigned done;
};

static void
on_event(void *ctx, json_t *event)
{
    struct memory *m = ctx;
    char *text = vg_json_text(event);

    assert_non_null(text);
    buf_printf(&m->pending, "event %s\n", text);
    free(text);
    json_decref(event);
}

static void
on_slice(void *ctx, struct slice json)
{
    (void)ctx;
    (void)json;
}

static void
on_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    (void)ctx;
    (void)detector;
    (void)key;
    (void)version;
    (void)blob;
}

static void
on_position(void *ctx, const char *source, struct slice json)
{
    struct memory *m = ctx;
    size_t i = 0;

    while (i < m->sources && strcmp(m->source[i], source) != 0)
        i++;
    assert_true(i < VG_ARRAY_LEN(m->source));
    if (i == m->sources)
        m->source[m->sources++] = strdup(source);
    free(m->position_pending[i]);
    m->position_pending[i] = strndup((const char *)json.at, json.left);
}

static enum vg_err
on_commit(void *ctx)
{
    struct memory *m = ctx;

    if (++m->commits == m->fail_at)
        return VG_ERR_SYS;
    buf_put(&m->durable, m->pending.data, m->pending.len);
    buf_clear(&m->pending);
    for (size_t i = 0; i < m->sources; i++)
        if (m->position_pending[i] != NULL) {
            free(m->position[i]);
            m->position[i] = m->position_pending[i];
            m->position_pending[i] = NULL;
        }
    return VG_OK;
}

static const struct sink_ops OPS = {.event = on_event,
                                    .observation = on_slice,
                                    .state = on_state,
                                    .position = on_position,
                                    .commit = on_commit,
                                    .health = on_slice};

static void
on_observation(void *ctx, const struct obs *obs)
{
    struct memory *m = ctx;

    if (obs->kind == OBS_BODY)
        kit_body(obs->body, &m->pending);
    else if (!metadata_put(obs, &m->pending))
        buf_printf(&m->pending, "kind %d", obs->kind);
    buf_printf(&m->pending, " %lld\n", (long long)obs->time_ns);
}

static void
on_told(void *ctx, const char *path, enum vg_err err, uint64_t packets, const char *why)
{
    struct memory *m = ctx;

    (void)path;
    (void)why;
    assert_int_equal(err, VG_OK);
    assert_true(packets > 0);
    m->done++;
}

static void
memory_init(struct memory *m)
{
    memset(m, 0, sizeof(*m));
    m->sink = (struct sink){&OPS, m};
    buf_init(&m->pending, 16 * 1024 * 1024);
    buf_init(&m->durable, 16 * 1024 * 1024);
}

static void
memory_done(struct memory *m)
{
    for (size_t i = 0; i < m->sources; i++) {
        free(m->source[i]);
        free(m->position[i]);
        free(m->position_pending[i]);
    }
    buf_done(&m->pending);
    buf_done(&m->durable);
}

/* One life of the sensor on what is durable. VG_END, or VG_ERR_SYS when a commit failed. */
static enum vg_err
live_once(struct memory *m, uint64_t commit_packets)
{
    struct zone *zone = zone_utc();
    struct shop_hours hours = {0};
    struct sensor_options options = {
        .panel = {.sensor = "none", /* no detectors: this is about what they would be shown */
                  .zone = zone,
                  .hours = &hours,
                  .currency = "MXN",
                  .judge = sensor_judge_settings(3)},
        .sink = &m->sink,
        .store = true,
        .commit_packets = commit_packets,
        .observe = on_observation,
        .told = on_told,
        .ctx = m,
    };
    char why[DETECT_WHY_MAX];
    struct sensor *s = NULL;
    platform_handle handle;
    int64_t wait_ns;
    enum vg_err err;

    buf_clear(&m->pending);
    m->done = 0;
    assert_int_equal(sensor_new(&options, &s, why), VG_OK);
    for (size_t i = 0; i < VG_ARRAY_LEN(KIT_FIXTURES); i++)
        assert_int_equal(sensor_add_capture(s, KIT_FIXTURES[i], false), VG_OK);
    for (size_t i = 0; i < m->sources; i++) {
        json_t *position = m->position[i] != NULL ? json_loads(m->position[i], 0, NULL) : NULL;

        free(m->position_pending[i]);
        m->position_pending[i] = NULL;
        if (position != NULL)
            assert_int_equal(sensor_position(s, m->source[i], position), VG_OK);
        json_decref(position);
    }
    while ((err = sensor_work(s, &handle, &wait_ns)) == VG_OK)
        ;
    sensor_free(s);
    zone_free(zone);
    return err;
}

static void
test_crashes(void **state)
{
    struct memory whole;
    unsigned commits;

    (void)state;
    memory_init(&whole);
    assert_int_equal(live_once(&whole, 3), VG_END);
    assert_int_equal(whole.done, VG_ARRAY_LEN(KIT_FIXTURES));
    assert_int_equal(whole.pending.len, 0);
    commits = whole.commits;
    assert_true(commits > 20);
    for (unsigned at = 1; at <= commits; at++) {
        struct memory m;

        memory_init(&m);
        m.fail_at = at;
        assert_int_equal(live_once(&m, 3), VG_ERR_SYS);
        assert_int_equal(live_once(&m, 1 + at % 7), VG_END);
        assert_int_equal(m.done, VG_ARRAY_LEN(KIT_FIXTURES));
        assert_int_equal(m.durable.len, whole.durable.len);
        assert_memory_equal(m.durable.data, whole.durable.data, whole.durable.len);
        /* All is done: one more life adds nothing. */
        assert_int_equal(live_once(&m, 3), VG_END);
        assert_int_equal(m.durable.len, whole.durable.len);
        assert_int_equal(m.pending.len, 0);
        memory_done(&m);
    }
    memory_done(&whole);
}

/* Dying again and again, one commit further each time. */
static void
test_crash_loop(void **state)
{
    struct memory whole, m;
    unsigned lives = 0;

    (void)state;
    memory_init(&whole);
    memory_init(&m);
    assert_int_equal(live_once(&whole, 3), VG_END);
    do {
        m.commits = 0;
        m.fail_at = 2;
        assert_true(++lives < 500);
    } while (live_once(&m, 2) != VG_END);
    assert_true(lives > 20);
    assert_int_equal(m.durable.len, whole.durable.len);
    assert_memory_equal(m.durable.data, whole.durable.data, whole.durable.len);
    memory_done(&whole);
    memory_done(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_crash_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
