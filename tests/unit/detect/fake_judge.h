/* SPDX-License-Identifier: Apache-2.0 */
/* fake_judge: stands for judge and panel in the unit test of one detector: takes what it reports
 * and keeps the rows that it saves. Include it once in a test that links no panel and no judge. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/detectors.h"
#include "agent/detect/net_common.h"
#include "common/vtime.h"

enum { FAKE_REPORTS_MAX = 4096, FAKE_ROWS_MAX = 4096 };

struct fake_report {
    char detector[32], subject[PARTY_ID_MAX], kind[16], peer[PARTY_ID_MAX], group[64];
    bool is_finding;
    enum severity severity;
    double p;
    int64_t time_ns;
    json_t *facts, *evidence;
};

struct fake_row {
    uint8_t key[STATE_KEY_MAX];
    size_t key_len;
    uint16_t version;
    uint8_t *blob;
    size_t len;
    bool many; /* of a keytab: records one after the other, so that a shorter row may be whole */
};

struct judge {
    struct fake_report report[FAKE_REPORTS_MAX];
    size_t count;
    bool learn_share_set; /* else all may be learned */
    double learn_share;
};

struct fake_store {
    struct state_out out; /* first: a detector is given it */
    struct sink sink;
    struct fake_row row[FAKE_ROWS_MAX];
    size_t count;
    size_t written; /* rows put or removed in all */
};

bool
judge_wants(const struct judge *judge, double p)
{
    (void)judge;
    return p < 0.01;
}

static inline void
fake_take(struct judge *judge, struct fake_report r, const struct party *subject,
          const struct party *peer)
{
    assert_true(judge->count < FAKE_REPORTS_MAX);
    assert_non_null(subject);
    snprintf(r.subject, sizeof(r.subject), "%s", subject->id);
    snprintf(r.kind, sizeof(r.kind), "%s", subject->kind);
    snprintf(r.peer, sizeof(r.peer), "%s", peer != NULL ? peer->id : "");
    judge->report[judge->count++] = r;
}

bool
judge_test(struct judge *judge, struct test *test)
{
    struct fake_report r = {
        .p = test->p, .time_ns = test->time_ns, .facts = test->facts, .evidence = test->evidence};

    assert_true(test->p > 0 && test->p <= 1);
    snprintf(r.detector, sizeof(r.detector), "%s", test->detector);
    fake_take(judge, r, test->subject, test->peer);
    return judge_wants(judge, r.p);
}

double
judge_learn_share(const struct judge *judge, const char *detector, const struct party *subject,
                  const struct party *peer, int64_t now_ns)
{
    (void)detector;
    (void)subject;
    (void)peer;
    (void)now_ns;
    return judge->learn_share_set ? judge->learn_share : 1;
}

void
judge_finding(struct judge *judge, struct finding *finding)
{
    struct fake_report r = {
        .is_finding = true, .severity = finding->severity, .time_ns = finding->time_ns};

    if (finding->fill != NULL)
        finding->fill(finding, finding->ctx);
    r.facts = finding->facts;
    r.evidence = finding->evidence;
    assert_non_null(finding->facts);
    assert_true(finding->score >= 0 && finding->score <= 100);
    snprintf(r.detector, sizeof(r.detector), "%s", finding->detector);
    snprintf(r.group, sizeof(r.group), "%s", finding->group != NULL ? finding->group : "");
    fake_take(judge, r, finding->subject, finding->peer);
}

static struct fake_store *
fake_store_of(struct state_out *out)
{
    return (struct fake_store *)(void *)out;
}

static size_t
fake_row_find(const struct fake_store *s, struct slice key)
{
    size_t i = 0;

    while (i < s->count &&
           (s->row[i].key_len != key.left || memcmp(s->row[i].key, key.at, key.left) != 0))
        i++;
    return i;
}

static void
fake_put(struct fake_store *s, struct slice key, uint16_t version, struct slice blob)
{
    size_t at = fake_row_find(s, key);
    struct fake_row *row = &s->row[at];

    assert_true(at < FAKE_ROWS_MAX && key.left <= STATE_KEY_MAX && blob.left <= STATE_BLOB_MAX);
    if (at == s->count)
        s->count++;
    else
        free(row->blob);
    memcpy(row->key, key.at, key.left);
    row->key_len = key.left;
    row->version = version;
    row->len = blob.left;
    row->blob = malloc(blob.left + 1);
    assert_non_null(row->blob);
    memcpy(row->blob, blob.at, blob.left);
    row->many = false;
    s->written++;
}

static void
fake_remove(struct fake_store *s, struct slice key)
{
    size_t at = fake_row_find(s, key);

    s->written++;
    if (at == s->count)
        return;
    free(s->row[at].blob);
    s->row[at] = s->row[--s->count];
}

void
state_put(struct state_out *out, struct slice key, uint16_t version, struct slice blob)
{
    fake_put(fake_store_of(out), key, version, blob);
}

void
state_remove(struct state_out *out, struct slice key)
{
    fake_remove(fake_store_of(out), key);
}

static void
fake_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct fake_store *s = ctx;

    (void)detector;
    if (version == 0) {
        fake_remove(s, key);
        return;
    }
    fake_put(s, key, version, blob);
    s->row[fake_row_find(s, key)].many = true;
}

/* What to give to save(). */
static inline struct state_out *
fake_out(struct fake_store *s, const struct detector *d)
{
    static const struct sink_ops ops = {.state = fake_state};

    s->sink = (struct sink){.ops = &ops, .ctx = s};
    s->out = (struct state_out){.sink = &s->sink, .detector = d->name};
    return &s->out;
}

static inline void
fake_store_done(struct fake_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->row[i].blob);
    memset(s, 0, sizeof(*s));
}

static inline void
fake_judge_done(struct judge *judge)
{
    for (size_t i = 0; i < judge->count; i++) {
        json_decref(judge->report[i].facts);
        json_decref(judge->report[i].evidence);
    }
    memset(judge, 0, sizeof(*judge));
}

static inline void *
fake_make(const struct detector *d, struct judge *judge, json_t *settings)
{
    struct detector_env env = {.settings = settings, .judge = judge, .rules_dir = "rules"};
    char why[DETECT_WHY_MAX] = "";
    void *self = NULL;

    if (d->make(&env, &self, why) != VG_OK)
        fail_msg("%s: %s", d->name, why);
    return self;
}

/* Saves the detector, frees it, and gives a new one with all rows loaded. */
static inline void *
fake_restart(const struct detector *d, void *self, struct fake_store *store, struct judge *judge)
{
    void *again = fake_make(d, judge, NULL);

    d->save(self, fake_out(store, d));
    d->free(self);
    for (size_t i = 0; i < store->count; i++) {
        const struct fake_row *r = &store->row[i];

        assert_int_equal(
            d->load(again, slice_of(r->key, r->key_len), r->version, slice_of(r->blob, r->len)),
            VG_OK);
    }
    return again;
}

static inline void
fake_same_reports(const struct judge *a, const struct judge *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->report[i].subject, b->report[i].subject);
        assert_string_equal(a->report[i].group, b->report[i].group);
        assert_true(a->report[i].p == b->report[i].p);
        assert_true(a->report[i].facts == b->report[i].facts /* none: nobody wanted them */ ||
                    json_equal(a->report[i].facts, b->report[i].facts));
        assert_true(a->report[i].evidence == b->report[i].evidence ||
                    json_equal(a->report[i].evidence, b->report[i].evidence));
    }
}

/* Every prefix of every row, in a block of its own, is refused or taken without harm. */
static inline void
fake_truncate_rows(const struct detector *d, const struct fake_store *store, struct judge *judge)
{
    for (size_t i = 0; i < store->count && i < 20; i++) {
        const struct fake_row *r = &store->row[i];
        void *self = fake_make(d, judge, NULL); /* a refused row leaves nothing behind */

        for (size_t n = 0; n < r->len; n++) {
            uint8_t *cut = malloc(n + 1);

            assert_non_null(cut);
            memcpy(cut, r->blob, n);
            if (d->load(self, slice_of(r->key, r->key_len), r->version, slice_of(cut, n)) == VG_OK)
                assert_true(r->many);
            free(cut);
        }
        d->free(self);
    }
}

/* ---- observations ---- */

static inline struct net_addr
ip4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (struct net_addr){.family = 4,
                             .bytes = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}};
}

#define T0 (INT64_C(1750000000) * VG_SEC_NS)

/* A TCP flow that was refused; change what the test needs. */
static inline struct flow_view
flow_of(struct net_addr src, struct net_addr dst, uint16_t dport, int64_t at_ns)
{
    return (struct flow_view){.id = (uint64_t)at_ns,
                              .src = src,
                              .dst = dst,
                              .sport = 50000,
                              .dport = dport,
                              .proto = 6,
                              .first_flags = TCP_SYN,
                              .flags_out = TCP_SYN,
                              .flags_in = TCP_RST | TCP_ACK,
                              .state = FLOW_REFUSED,
                              .bytes_out = 60,
                              .bytes_in = 40,
                              .packets_out = 1,
                              .packets_in = 1,
                              .start_ns = at_ns,
                              .end_ns = at_ns,
                              .app = {"", 0},
                              .server_name = {"", 0}};
}

static inline void
see_flow(const struct detector *d, void *self, enum obs_kind kind, const struct flow_view *f)
{
    struct obs obs = {.kind = kind, .time_ns = f->end_ns, .flow = f};

    if ((d->kinds & 1u << kind) != 0)
        d->observe(self, &obs);
}
