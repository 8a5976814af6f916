/* SPDX-License-Identifier: Apache-2.0 */
/* The pay worker, killed at any moment: each record counts once. Between two commits some records have
 * been read and wait for their turn (queue.h); whatever was not committed is gone with the process. */
#include "pay_bench.h"

#include "agent/config.h"
#include "agent/pay/worker_pay.h"
#include "common/vtime.h"

enum { ROWS_MAX = 4096, EVENTS_MAX = 64, LIVES_MAX = 400 };

/* A keeper's store: what was committed, and what came since. */
struct row {
    char name[64]; /* the detector; of a position "" */
    uint8_t key[STATE_KEY_MAX];
    size_t key_len, len;
    uint16_t version;
    uint8_t *blob;
};

struct rows {
    struct row row[ROWS_MAX];
    size_t count;
};

struct keeper {
    struct pay_bench b;
    struct agent_config config;
    struct rows kept, coming;
    json_t *events, *events_coming;
    struct sink sink;
    size_t commits;
    void *worker;
};

/* The test may open every file itself. */
enum vg_err
worker_open_path(struct worker_opener *opener, const char *path, platform_file *out)
{
    (void)opener;
    return platform_file_open(path, out);
}

static void
row_put(struct rows *rows, const char *name, struct slice key, uint16_t version, struct slice blob)
{
    struct row *r = rows->row;

    while (r < rows->row + rows->count && (strcmp(r->name, name) != 0 || r->key_len != key.left ||
                                           memcmp(r->key, key.at, key.left) != 0))
        r++;
    assert_true(r < rows->row + ROWS_MAX && key.left <= STATE_KEY_MAX);
    rows->count += r == rows->row + rows->count;
    free(r->blob);
    (void)vg_strcpy(r->name, sizeof r->name, name);
    memcpy(r->key, key.at, key.left);
    r->key_len = key.left;
    r->version = version;
    r->len = blob.left;
    r->blob = malloc(blob.left + 1);
    assert_non_null(r->blob);
    if (blob.left > 0)
        memcpy(r->blob, blob.at, blob.left);
    r->blob[blob.left] = '\0';
}

static void
rows_drop(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->row[i].blob);
    memset(rows, 0, sizeof *rows);
}

static void
on_event(void *ctx, json_t *event)
{
    struct keeper *k = ctx;

    assert_int_equal(json_array_append_new(k->events_coming, event), 0);
}

static void
on_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    row_put(&((struct keeper *)ctx)->coming, detector, key, version, blob);
}

static void
on_position(void *ctx, const char *source, struct slice json)
{
    row_put(&((struct keeper *)ctx)->coming, "", slice_of(source, strlen(source)), 0, json);
}

static enum vg_err
on_commit(void *ctx)
{
    struct keeper *k = ctx;

    for (size_t i = 0; i < k->coming.count; i++) {
        const struct row *r = &k->coming.row[i];

        row_put(&k->kept, r->name, slice_of(r->key, r->key_len), r->version,
                slice_of(r->blob, r->len));
    }
    rows_drop(&k->coming);
    assert_int_equal(json_array_extend(k->events, k->events_coming), 0);
    json_array_clear(k->events_coming);
    k->commits++;
    return VG_OK;
}

static void
on_nothing(void *ctx, struct slice json)
{
    (void)ctx;
    (void)json;
}

static const struct sink_ops OPS = {.event = on_event,
                                    .observation = on_nothing,
                                    .state = on_state,
                                    .position = on_position,
                                    .commit = on_commit,
                                    .health = on_nothing};

static void
start(struct keeper *k)
{
    char why[WORKER_WHY_MAX] = "";

    if (WORKER_PAY.open(&k->config, &k->sink, NULL, &k->worker, why) != VG_OK)
        fail_msg("%s", why);
    for (size_t i = 0; i < k->kept.count; i++) {
        const struct row *r = &k->kept.row[i];
        json_t *position;

        if (r->name[0] == '\0') {
            char source[STATE_KEY_MAX + 1] = "";

            memcpy(source, r->key, r->key_len);
            position = json_loads((const char *)r->blob, 0, NULL);
            assert_non_null(position);
            assert_int_equal(WORKER_PAY.position(k->worker, source, position), VG_OK);
            json_decref(position);
        } else if (r->version != 0) {
            assert_int_equal(WORKER_PAY.restore(k->worker, r->name, slice_of(r->key, r->key_len),
                                                r->version, slice_of(r->blob, r->len)),
                             VG_OK);
        }
    }
    assert_int_equal(WORKER_PAY.begin(k->worker), VG_OK);
}

/* kill -9 */
static void
kill_it(struct keeper *k)
{
    WORKER_PAY.close(k->worker);
    rows_drop(&k->coming);
    json_array_clear(k->events_coming);
}

/* Whether there was something to do. */
static bool
work(struct keeper *k)
{
    platform_handle handle;
    int64_t wait_ns = 0;
    enum vg_err err = WORKER_PAY.work(k->worker, &handle, &wait_ns);

    assert_true(err == VG_OK || err == VG_AGAIN);
    return err == VG_OK;
}

static void
keeper_open(struct keeper *k)
{
    char text[512];
    struct conf_error why = {.text = ""};

    memset(k, 0, sizeof *k);
    pay_bench_init(&k->b);
    (void)snprintf(text, sizeof text,
                   "shop: {name: P, zone: America/Mexico_City, language: es-MX, currency: MXN}\n"
                   "payments: [{path: %s, format: auto}]\nrules: rules\n",
                   k->b.folder);
    if (agent_config_parse("test", slice_of(text, strlen(text)), &k->config, &why) != VG_OK)
        fail_msg("%s", why.text);
    k->events = json_array();
    k->events_coming = json_array();
    k->sink = (struct sink){.ops = &OPS, .ctx = k};
}

static void
keeper_close(struct keeper *k)
{
    rows_drop(&k->kept);
    rows_drop(&k->coming);
    json_decref(k->events);
    json_decref(k->events_coming);
    agent_config_done(&k->config);
    pay_bench_done(&k->b);
}

/* Two months of sales without ids, so that none is counted once by its number alone; in the last days cards
 * are tried out. */
static void
log_write(const struct keeper *k)
{
    enum { SALES = 9000, TRIES = 200 };
    char path[256];
    FILE *f;
    int64_t at = INT64_C(1772434800) * VG_SEC_NS;

    (void)snprintf(path, sizeof path, "%s/caja.csv", k->b.folder);
    f = fopen(path, "wb");
    assert_non_null(f);
    fprintf(f, "time,id,kind,outcome,amount,terminal,employee,ip,last4\n");
    for (unsigned i = 0; i < SALES + TRIES; i++) {
        char time[VTIME_TEXT_MAX];

        at += (i < SALES ? 9 * VG_MIN_NS : 10 * VG_SEC_NS);
        fprintf(f, "%s,,sale,%s,%u.%02u,caja-%u,emp%u,198.51.100.%u,%04u\n", vtime_format(at, time),
                i >= SALES && i % 5 > 0 ? "declined" : "approved",
                i < SALES ? 20 + i * 7919 % 400 : 1, i % 100, i % 3, i % 4,
                i < SALES ? i % 200 : 250, i * 31 % 10000);
    }
    assert_int_equal(fclose(f), 0);
}

static const struct row *
row_of(const struct keeper *k, const char *name)
{
    for (size_t i = 0; i < k->kept.count; i++)
        if (strcmp(k->kept.row[i].name, name) == 0)
            return &k->kept.row[i];
    fail_msg("no row of %s", name);
    return NULL;
}

static void
test_killed(void **state)
{
    struct keeper *calm = calloc(1, sizeof *calm), *wild = calloc(1, sizeof *wild);
    const struct row *a, *b;
    uint64_t rng = 3;
    unsigned kills = 0;

    (void)state;
    assert_true(calm != NULL && wild != NULL);
    keeper_open(calm);
    log_write(calm);
    start(calm);
    while (work(calm))
        continue;
    assert_int_equal(WORKER_PAY.finish(calm->worker), VG_OK);
    kill_it(calm);
    assert_true(json_array_size(calm->events) >= 1);

    keeper_open(wild);
    log_write(wild);
    for (bool more = true; more; kills++) {
        size_t pieces = 1 + (size_t)((rng = rng * 6364136223846793005U + 1) >> 33) % 7;

        assert_true(kills < LIVES_MAX);
        start(wild);
        for (; pieces > 0 && more; pieces--)
            more = work(wild);
        if (!more)
            assert_int_equal(WORKER_PAY.finish(wild->worker), VG_OK);
        kill_it(wild);
    }
    print_message("%u lives, %zu commits, %zu events\n", kills, wild->commits,
                  json_array_size(wild->events));
    assert_true(kills > 10 && wild->commits > 5);
    assert_true(json_equal(wild->events, calm->events));
    /* It counts every amount that it saw. */
    a = row_of(calm, "pay.benford");
    b = row_of(wild, "pay.benford");
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->blob, b->blob, a->len);
    keeper_close(calm);
    keeper_close(wild);
    free(calm);
    free(wild);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
