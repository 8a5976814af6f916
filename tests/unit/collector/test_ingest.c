/* SPDX-License-Identifier: Apache-2.0 */
/* From an agent's bytes to rows and incidents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/ingest.h"
#include "common/vtime.h"
#include "common/zst.h"

#define NOW   INT64_C(1790000000000000000)
#define STORE "018f0000-0000-4000-8000-0000000000b1"

struct world {
    char dir[64];
    struct storage *s;
    struct storage_agent agent[3];
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char why[STORAGE_WHY_MAX], path[96];
    struct storage_site site = {.name = "Centro",
                                .zone = "America/Mexico_City",
                                .language = "es-MX",
                                .mail = "dueno@example.mx"};

    strcpy(w->dir, "/tmp/vg-ingest-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(path, sizeof path, "%s/c.sqlite", w->dir);
    assert_int_equal(storage_open(path, STORAGE_WRITE, &w->s, why), VG_OK);
    assert_int_equal(w->s->ops->tenant_add(w->s, "Proveedor", NOW, site.tenant), VG_OK);
    assert_int_equal(w->s->ops->site_add(w->s, &site, NOW, site.id), VG_OK);
    for (int i = 0; i < 3; i++) {
        struct storage_agent *a = &w->agent[i];

        assert_int_equal(uuid_v7(NOW, a->id), VG_OK);
        strcpy(a->tenant, site.tenant);
        strcpy(a->site, site.id);
        assert_int_equal(w->s->ops->agent_add(w->s, a, NOW), VG_OK);
    }
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    char command[128];

    storage_close(w->s);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

/* Appends a line; `id` picks the event's id, times in ns. */
static void
line(struct buf *b, int64_t seq, unsigned id, const char *detector, const char *severity,
     const char *subject, int64_t time_ns, int64_t recorded_ns)
{
    char t[VTIME_TEXT_MAX], r[VTIME_TEXT_MAX];

    buf_printf(b,
               "{\"v\":1,\"id\":\"018f0000-0000-7000-8000-%012x\",\"store\":\"" STORE
               "\",\"seq\":%lld,\"time\":\"%s\",\"recorded\":\"%s\",\"class\":\"alert\","
               "\"sensor\":\"net\",\"detector\":\"%s\",\"severity\":\"%s\",\"score\":50,"
               "\"subject\":{\"kind\":\"host\",\"id\":\"%s\",\"label\":\"%s\"},\"facts\":{}}\n",
               id, (long long)seq, vtime_format(time_ns, t), vtime_format(recorded_ns, r), detector,
               severity, subject, subject);
}

static struct buf
body(void)
{
    struct buf b;

    buf_init(&b, INGEST_PLAIN_MAX);
    return b;
}

static enum vg_err
commit(struct world *w, int agent, struct buf *b, int64_t *durable)
{
    struct ingest in;
    enum vg_err err = ingest_parse(buf_slice(b), false, STORE, 0, &in);

    assert_int_equal(err, VG_OK);
    assert_int_equal(w->s->ops->begin(w->s), VG_OK);
    err = ingest_commit(w->s, &w->agent[agent], STORE, &in, NOW, durable);
    if (err == VG_OK)
        assert_int_equal(w->s->ops->commit(w->s), VG_OK);
    else
        w->s->ops->rollback(w->s);
    ingest_done(&in);
    buf_done(b);
    return err;
}

static json_t *
incidents(struct world *w)
{
    struct storage_incident_query q = {
        .state = "all", .severity = "", .site = "", .detector = "", .cursor = "", .limit = 100};
    json_t *page, *items;

    assert_int_equal(w->s->ops->incidents(w->s, &STORAGE_EVERYTHING, &q, &page), VG_OK);
    items = json_incref(json_object_get(page, "items"));
    json_decref(page);
    return items;
}

static size_t
mails(struct world *w, int64_t now_ns, const char *kind)
{
    json_t *list, *m;
    size_t i, n = 0;

    assert_int_equal(w->s->ops->mail_claim(w->s, now_ns, VG_HOUR_NS, 100, &list), VG_OK);
    json_array_foreach(list, i, m) n += strcmp(vg_json_str(m, "kind", ""), kind) == 0;
    assert_int_equal(json_array_size(list), n);
    json_decref(list);
    return n;
}

static enum vg_err
count_line(void *ctx, struct slice json)
{
    (void)json;
    ++*(size_t *)ctx;
    return VG_OK;
}

static size_t
stored(struct world *w)
{
    size_t n = 0;

    assert_int_equal(w->s->ops->events(w->s, &STORAGE_EVERYTHING, count_line, &n), VG_OK);
    return n;
}

static void
test_repeats_and_conflicts(void **state)
{
    struct world *w = *state;
    int64_t durable = 0;

    for (int again = 0; again < 3; again++) {
        struct buf b = body();

        for (unsigned n = 1; n <= 4; n++)
            line(&b, n, n, "net.scan", "high", "10.0.0.7", NOW, NOW);
        assert_int_equal(commit(w, 0, &b, &durable), VG_OK);
        assert_int_equal(durable, 4);
        assert_int_equal(stored(w), 4);
    }
    struct buf b = body(); /* number 3 under another id */

    line(&b, 3, 99, "net.scan", "high", "10.0.0.7", NOW, NOW);
    line(&b, 5, 5, "net.scan", "high", "10.0.0.7", NOW, NOW);
    assert_int_equal(commit(w, 0, &b, &durable), VG_ERR_EXISTS);
    assert_int_equal(stored(w), 4);
    b = body(); /* another agent's same numbers are its own */
    line(&b, 3, 99, "net.scan", "high", "10.0.0.7", NOW, NOW);
    assert_int_equal(commit(w, 1, &b, &durable), VG_OK);
    json_t *list = incidents(w);
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(vg_json_int(json_array_get(list, 0), "count", 0), 5);
    assert_int_equal(vg_json_int(json_array_get(list, 0), "agents", 0), 2);
    json_decref(list);
}

/* Every order in which three agents report, with a gap at both sides of six hours. */
static void
test_one_incident_for_three_agents(void **state)
{
    struct world *w = *state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (int o = 0; o < 6; o++) {
        char subject[32];
        int64_t durable;

        snprintf(subject, sizeof subject, "10.0.0.%d", o);
        for (int i = 0; i < 3; i++) {
            int a = orders[o][i];
            struct buf b = body();

            line(&b, o + 1, (unsigned)(100 * o + a), "net.arp_spoof", "critical", subject,
                 NOW + a * VG_MIN_NS, NOW);
            assert_int_equal(commit(w, a, &b, &durable), VG_OK);
        }
    }
    json_t *list = incidents(w);
    assert_int_equal(json_array_size(list), 6);
    json_decref(list);
    assert_int_equal(mails(w, NOW, "incident"), 6);
}

static void
test_six_hours(void **state)
{
    struct world *w = *state;
    struct buf b = body();
    int64_t durable;

    line(&b, 1, 1, "net.scan", "low", "a", NOW, NOW);
    line(&b, 2, 2, "net.scan", "low", "a", NOW + 6 * VG_HOUR_NS, NOW);      /* joins */
    line(&b, 3, 3, "net.scan", "low", "a", NOW + 12 * VG_HOUR_NS + 1, NOW); /* does not */
    line(&b, 4, 4, "net.scan", "low", "b", NOW, NOW);                       /* subject */
    line(&b, 5, 5, "net.beacon", "low", "a", NOW, NOW);                     /* family */
    line(&b, 6, 6, "net.scan", "info", "a", NOW, NOW);                      /* no alert */
    line(&b, 7, 7, "net.remote_shell", "high", "a", NOW, NOW);
    line(&b, 8, 8, "net.lateral", "high", "a", NOW, NOW); /* one act, one family */
    for (int h = 0; h < 40; h += 4)
        line(&b, 10 + h, 10 + (unsigned)h, "net.scan", "low", "long", NOW + (h - 40) * VG_HOUR_NS,
             NOW);
    assert_int_equal(commit(w, 0, &b, &durable), VG_OK);
    json_t *list = incidents(w);
    assert_int_equal(json_array_size(list), 4 + 1 + 2); /* 40 hours: a day, and the rest */
    json_decref(list);
}

/* Clocks that cannot be right: the incident counts as of now, the event stays as it was told. */
static void
test_clocks_years_off(void **state)
{
    struct world *w = *state;
    const int64_t years = 30 * 365 * VG_DAY_NS;
    const struct {
        int64_t time_ns, recorded_ns;
        bool moved;
    } rows[] = {{NOW + years, NOW + years, true},
                {NOW - years, NOW - years, true},
                {NOW, NOW + years, true},
                {NOW + VG_HOUR_NS, NOW, false},
                {NOW - years, NOW, false}, /* an old log, read today */
                {NOW - 300 * VG_DAY_NS, NOW - 300 * VG_DAY_NS, false}};
    char now[VTIME_TEXT_MAX], subject[2] = "a";
    struct buf b = body();
    int64_t durable, same = 0;
    json_t *list, *i;
    size_t k;

    (void)vtime_format(NOW, now);
    for (size_t r = 0; r < VG_ARRAY_LEN(rows); r++) {
        subject[0] = (char)('a' + r);
        line(&b, (int64_t)r + 1, (unsigned)r + 1, "net.scan", "low", subject, rows[r].time_ns,
             rows[r].recorded_ns);
        same += rows[r].moved;
    }
    assert_int_equal(commit(w, 0, &b, &durable), VG_OK);
    list = incidents(w);
    assert_int_equal(json_array_size(list), VG_ARRAY_LEN(rows));
    json_array_foreach(list, k, i) same -= strcmp(vg_json_str(i, "last", ""), now) == 0;
    assert_int_equal(same, 0);
    json_decref(list);
}

static void
test_old_alerts_are_one_mail(void **state)
{
    struct world *w = *state;
    struct buf b = body();
    int64_t durable;

    line(&b, 1, 1, "net.scan", "high", "a", NOW - 49 * VG_HOUR_NS, NOW);
    line(&b, 2, 2, "net.scan", "high", "b", NOW - 500 * VG_HOUR_NS, NOW);
    line(&b, 3, 3, "net.beacon", "high", "c", NOW - 5000 * VG_HOUR_NS, NOW);
    assert_int_equal(commit(w, 0, &b, &durable), VG_OK);
    assert_int_equal(mails(w, NOW, "summary"), 0);
    assert_int_equal(mails(w, NOW + VG_HOUR_NS, "summary"), 1);
}

static void
test_refused_lines(void **state)
{
    struct world *w = *state;
    struct buf b = body();
    struct ingest in;
    int64_t durable;
    json_t *refused;

    line(&b, 1, 1, "net.scan", "high", "a", NOW, NOW);
    buf_put_str(&b, "{\"seq\":2,\"surprise\":1}\n\nrubbish\n");
    line(&b, 4, 4, "net.scan", "high", "a", NOW, NOW);
    assert_int_equal(ingest_parse(buf_slice(&b), false, STORE, 0, &in), VG_OK);
    assert_int_equal(in.count, 4);
    assert_null(in.records[1].event);
    assert_null(in.records[2].event);
    assert_int_equal(in.records[2].seq, 3);
    refused = ingest_refused(&in);
    assert_int_equal(json_array_size(refused), 2);
    json_decref(refused);
    ingest_done(&in);
    assert_int_equal(commit(w, 0, &b, &durable), VG_OK);
    assert_int_equal(durable, 4);
    assert_int_equal(stored(w), 2);

    /* Of another store: not taken, though well formed. */
    b = body();
    line(&b, 9, 9, "net.scan", "high", "a", NOW, NOW);
    assert_int_equal(
        ingest_parse(buf_slice(&b), false, "018f0000-0000-4000-8000-0000000000ff", 0, &in), VG_OK);
    assert_null(in.records[0].event);
    ingest_done(&in);
    /* Numbers that do not rise, and a first line without a number. */
    line(&b, 9, 10, "net.scan", "high", "a", NOW, NOW);
    assert_int_equal(ingest_parse(buf_slice(&b), false, STORE, 0, &in), VG_ERR_FORMAT);
    assert_int_equal(ingest_parse(slice_of("x\n", 2), false, STORE, 0, &in), VG_ERR_FORMAT);
    assert_int_equal(ingest_parse(slice_of("x\n", 2), false, STORE, 7, &in), VG_OK);
    assert_int_equal(in.records[0].seq, 7);
    ingest_done(&in);
    assert_int_equal(ingest_parse(slice_of("", 0), false, STORE, 1, &in), VG_ERR_FORMAT);
    buf_done(&b);
}

static void
test_every_truncation(void **state)
{
    struct buf plain = body(), packed = body();

    (void)state;
    line(&plain, 1, 1, "net.scan", "high", "a", NOW, NOW);
    line(&plain, 2, 2, "net.scan", "high", "a", NOW, NOW);
    assert_int_equal(zst_pack(buf_slice(&plain), &packed), VG_OK);
    for (int pass = 0; pass < 2; pass++) {
        const struct buf *whole = pass == 0 ? &plain : &packed;

        for (size_t cut = 0; cut < whole->len; cut++) {
            uint8_t *copy = malloc(cut + (cut == 0));
            struct ingest in;

            memcpy(copy, whole->data, cut);
            if (ingest_parse(slice_of(copy, cut), pass == 1, STORE, 1, &in) == VG_OK) {
                assert_int_equal(pass, 0);
                ingest_done(&in);
            }
            free(copy);
        }
    }
    buf_done(&plain);
    buf_done(&packed);
}

static void
test_too_many_lines(void **state)
{
    struct buf b = body();
    struct ingest in;

    (void)state;
    for (int i = 0; i <= INGEST_RECORDS_MAX; i++)
        buf_put_str(&b, "x\n");
    assert_int_equal(ingest_parse(buf_slice(&b), false, STORE, 1, &in), VG_ERR_LIMIT);
    buf_done(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeats_and_conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_incident_for_three_agents, setup, teardown),
        cmocka_unit_test_setup_teardown(test_six_hours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clocks_years_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_alerts_are_one_mail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_lines, setup, teardown),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_too_many_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
