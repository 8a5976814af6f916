/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/judge_event.h"
#include "agent/detect/judge_rate.h"
#include "agent/detect/judge_tables.h"
#include "common/vtime.h"

/* Tests above this are counted and scored, but remember nothing: about one in a hundred stays. */
#define REMEMBER_P 0.01
/* Suppressed alerts that are kept as info events; further ones are counted only. */
#define SUPPRESSED_PER_WEEK 50.0
#define GROUP_NS            (EVENT_INCIDENT_HOURS * JUDGE_WINDOW_NS)

enum { STATE_VERSION = 1, GROWTH = 10 };

struct judge {
    struct judge_settings settings;
    char sensor[16];
    const struct texts *texts;
    const struct sink *sink;
    bool muted;
    int64_t now_ns;
    struct judge_rate rate;
    struct judge_bucket budget, suppressed_budget;
    struct keytab *subjects, *groups;
    struct cauchy observation;
    uint64_t tests, alerts, suppressed, suppressed_uncounted, findings, joined;
};

/* ---- life ---- */

enum vg_err
judge_new(const struct judge_settings *settings, const char *sensor, const struct texts *texts,
          const struct sink *sink, struct judge **out)
{
    struct judge *judge = calloc(1, sizeof *judge);

    if (judge == NULL)
        return VG_ERR_NOMEM;
    judge->settings = *settings;
    (void)vg_strcpy(judge->sensor, sizeof judge->sensor, sensor);
    judge->texts = texts;
    judge->sink = sink;
    judge->now_ns = INT64_MIN;
    judge_rate_init(&judge->rate);
    judge_bucket_init(&judge->budget, settings->budget_per_week);
    judge_bucket_init(&judge->suppressed_budget, SUPPRESSED_PER_WEEK);
    if (judge_subjects_new(&judge->subjects) != VG_OK ||
        judge_groups_new(&judge->groups) != VG_OK) {
        judge_free(judge);
        return VG_ERR_NOMEM;
    }
    *out = judge;
    return VG_OK;
}

void
judge_free(struct judge *judge)
{
    if (judge == NULL)
        return;
    keytab_free(judge->subjects);
    keytab_free(judge->groups);
    free(judge);
}

void
judge_mute(struct judge *judge, bool muted)
{
    judge->muted = muted;
}

bool
judge_wants(const struct judge *judge, double p)
{
    return p < REMEMBER_P && !judge->muted;
}

double
judge_threshold(const struct judge *judge)
{
    return judge_rate_threshold(&judge->rate, judge->settings.target_per_week);
}

double
judge_learn_weight(double p)
{
    double odds;

    if (!(p < 1 / M_E))
        return 1;
    if (p < CAUCHY_P_MIN)
        p = CAUCHY_P_MIN;
    odds = JUDGE_PRIOR_ODDS / (-M_E * p * log(p)); /* the largest Bayes factor that p allows */
    return 1 / (1 + odds);
}

double
judge_score(double p)
{
    double x = -log10(p > CAUCHY_P_MIN ? p : CAUCHY_P_MIN);

    return x > 0 ? 100 * x / (x + 4) : 0;
}

/* ---- time ---- */

/* Forgets subjects whose window is over, so that the table holds what can still fuse. */
static void
purge(struct judge *judge)
{
    uint64_t key;
    const struct judge_subject *s;

    while ((s = keytab_oldest(judge->subjects, &key)) != NULL &&
           s->last_ns < judge->now_ns - JUDGE_WINDOW_NS)
        keytab_remove(judge->subjects, key);
}

static void
advance(struct judge *judge, int64_t time_ns)
{
    if (time_ns <= judge->now_ns)
        return;
    judge->now_ns = time_ns;
    judge_rate_time(&judge->rate, time_ns);
}

/* ---- alerts ---- */

static uint64_t
mix(uint64_t h, const char *text)
{
    uint64_t pair[2] = {h, str_hash(&STR_HASH_STORED, text, strlen(text))};

    return str_hash(&STR_HASH_STORED, pair, sizeof pair);
}

static uint64_t
party_key(uint64_t h, const struct party *p)
{
    return p != NULL ? mix(mix(h, p->kind), p->id) : mix(h, "");
}

static void
emit(struct judge *judge, const struct judge_event *e)
{
    json_t *event = judge_event_build(e);

    if (event == NULL)
        return;
    if (!e->suppressed)
        judge->alerts++;
    judge->sink->ops->event(judge->sink->ctx, event);
}

static bool
group_open(const struct judge_group *g, int64_t now_ns)
{
    return now_ns - g->last_ns <= GROUP_NS && now_ns - g->opened_ns <= JUDGE_GROUP_LIFE_NS;
}

static void
group_begin(struct judge_group *g, int64_t now_ns, int64_t first_ns, uint64_t count)
{
    *g = (struct judge_group){.opened_ns = now_ns,
                              .first_ns = first_ns,
                              .last_ns = now_ns,
                              .count = count,
                              .next = count * GROWTH};
}

/* One more for an open group; true when it has grown enough to speak again. */
static bool
group_join(struct judge *judge, struct judge_group *g, int64_t time_ns)
{
    judge->joined++;
    g->count++;
    if (time_ns > g->last_ns)
        g->last_ns = time_ns;
    if (g->count < g->next)
        return false;
    g->next *= GROWTH;
    return true;
}

static void
event_from_group(struct judge_event *e, const struct judge_group *g)
{
    e->count = g->count;
    e->first_ns = g->first_ns;
    e->last_ns = g->last_ns;
}

/* ---- tests ---- */

static void
test_release(struct test *test)
{
    json_decref(test->facts);
    json_decref(test->evidence);
    test->facts = test->evidence = NULL;
}

static void
slot_fill(struct judge_slot *slot, struct test *test)
{
    judge_slot_clear(slot);
    (void)vg_strcpy(slot->detector, sizeof slot->detector, test->detector);
    slot->p = test->p;
    slot->time_ns = test->time_ns;
    slot->facts = test->facts;
    slot->evidence = test->evidence;
    slot->peer = judge_party_json(test->peer);
    test->facts = test->evidence = NULL;
}

/* Drops what the window has left behind, puts the test in its detector's place (or in that of the
 * weakest, where all are taken). */
static void
subject_add(struct judge *judge, struct judge_subject *s, struct test *test)
{
    struct judge_slot *mine = NULL, *empty = NULL, *weakest = &s->slots[0];

    for (size_t i = 0; i < JUDGE_SLOTS; i++) {
        struct judge_slot *slot = &s->slots[i];

        if (slot->detector[0] != '\0' && slot->time_ns < judge->now_ns - JUDGE_WINDOW_NS)
            judge_slot_clear(slot);
        if (slot->detector[0] == '\0')
            empty = empty != NULL ? empty : slot;
        else if (strcmp(slot->detector, test->detector) == 0)
            mine = slot;
        if (slot->p > weakest->p)
            weakest = slot;
    }
    if (s->last_ns < judge->now_ns - JUDGE_WINDOW_NS)
        s->count = 0;
    if (s->count++ == 0)
        s->first_ns = test->time_ns;
    s->last_ns = judge->now_ns;
    if (mine == NULL)
        mine = empty != NULL ? empty : weakest->p > test->p ? weakest : NULL;
    if (mine != NULL && (mine->detector[0] == '\0' || test->p <= mine->p))
        slot_fill(mine, test);
}

/* The event of the slots that are filled. */
static void
event_from_test(struct judge *judge, const struct test *test, const struct judge_slot *slots,
                struct judge_event *e)
{
    struct cauchy all = {0};

    for (size_t i = 0; i < JUDGE_SLOTS; i++)
        if (slots[i].detector[0] != '\0')
            cauchy_add(&all, slots[i].p);
    *e = (struct judge_event){.sensor = judge->sensor,
                              .texts = judge->texts,
                              .subject = test->subject,
                              .slots = slots,
                              .time_ns = test->time_ns,
                              .has_p = true,
                              .p = cauchy_mean(&all),
                              .score = judge_score(cauchy_mean(&all))};
}

/* More on a subject that has alerted: joins, or speaks again, or takes the token that it lacked. */
static void
test_join(struct judge *judge, struct judge_group *g, struct test *test)
{
    struct judge_slot slots[JUDGE_SLOTS] = {0};
    struct judge_event e;
    bool grown = group_join(judge, g, test->time_ns);
    bool raised = g->suppressed && test->p < judge_threshold(judge) &&
                  judge_bucket_take(&judge->budget, judge->now_ns);

    if (raised)
        g->suppressed = 0;
    if (!raised && (!grown || g->suppressed))
        return;
    slot_fill(&slots[0], test);
    event_from_test(judge, test, slots, &e);
    event_from_group(&e, g);
    emit(judge, &e);
    judge_slot_clear(&slots[0]);
}

static void
test_alert(struct judge *judge, struct judge_group *g, const struct test *test,
           struct judge_subject *s)
{
    struct judge_event e;

    group_begin(g, judge->now_ns, s->first_ns, s->count);
    event_from_test(judge, test, s->slots, &e);
    event_from_group(&e, g);
    if (!judge_bucket_take(&judge->budget, judge->now_ns)) {
        g->suppressed = 1;
        e.suppressed = true;
        judge->suppressed++;
        if (!judge_bucket_take(&judge->suppressed_budget, judge->now_ns)) {
            judge->suppressed_uncounted++;
            return;
        }
    }
    emit(judge, &e);
}

void
judge_test(struct judge *judge, struct test *test)
{
    struct cauchy all = {0};
    struct judge_subject *s;
    struct judge_group *g;
    uint64_t key;
    bool fresh;

    advance(judge, test->time_ns);
    judge->tests++;
    judge_rate_count(&judge->rate);
    cauchy_add(&judge->observation, test->p);
    if (!judge_wants(judge, test->p))
        goto done;
    key = party_key(1, test->subject);
    g = keytab_change(judge->groups, key);
    if (g != NULL && group_open(g, judge->now_ns)) {
        test_join(judge, g, test);
        goto done;
    }
    purge(judge);
    s = keytab_touch(judge->subjects, key, &fresh);
    if (s == NULL)
        goto done;
    subject_add(judge, s, test);
    for (size_t i = 0; i < JUDGE_SLOTS; i++)
        if (s->slots[i].detector[0] != '\0')
            cauchy_add(&all, s->slots[i].p);
    if (cauchy_sum(&all) < judge_threshold(judge)) {
        g = keytab_touch(judge->groups, key, &fresh);
        if (g != NULL)
            test_alert(judge, g, test, s);
        keytab_remove(judge->subjects, key);
    }
done:
    test_release(test);
}

/* ---- findings ---- */

static uint64_t
finding_key(const struct finding *f)
{
    uint64_t h = party_key(mix(2, f->detector), f->subject);

    return mix(party_key(h, f->peer), f->group != NULL ? f->group : "");
}

void
judge_finding(struct judge *judge, struct finding *f)
{
    struct judge_slot slots[JUDGE_SLOTS] = {0};
    struct judge_event e = {.sensor = judge->sensor,
                            .texts = judge->texts,
                            .subject = f->subject,
                            .slots = slots,
                            .time_ns = f->time_ns,
                            .score = f->score,
                            .severity = f->severity};
    struct judge_group *g;
    bool fresh, speak = true;
    double x = f->score < 95 ? 4 * f->score / (100 - f->score) : 76;

    advance(judge, f->time_ns);
    judge->findings++;
    cauchy_add(&judge->observation, pow(10, -x)); /* the inverse of judge_score() */
    g = judge->muted ? NULL : keytab_touch(judge->groups, finding_key(f), &fresh);
    if (g != NULL && !fresh && group_open(g, judge->now_ns))
        speak = group_join(judge, g, f->time_ns);
    else if (g != NULL)
        group_begin(g, judge->now_ns, f->time_ns, 1);
    (void)vg_strcpy(slots[0].detector, sizeof slots[0].detector, f->detector);
    slots[0].facts = f->facts;
    slots[0].evidence = f->evidence;
    slots[0].peer = judge_party_json(f->peer);
    f->facts = f->evidence = NULL;
    if (g != NULL && speak) {
        event_from_group(&e, g);
        emit(judge, &e);
    }
    judge_slot_clear(&slots[0]);
}

/* ---- the rest ---- */

void
judge_observation_begin(struct judge *judge)
{
    judge->observation = (struct cauchy){0};
}

double
judge_observation_score(const struct judge *judge)
{
    return judge_score(cauchy_mean(&judge->observation));
}

void
judge_health(const struct judge *judge, json_t *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"judge.tests", judge->tests},
        {"judge.findings", judge->findings},
        {"judge.alerts", judge->alerts},
        {"judge.joined", judge->joined},
        {"judge.suppressed", judge->suppressed},
        {"judge.suppressed_not_kept", judge->suppressed_uncounted},
        {"judge.subjects_turned_away", keytab_evicted(judge->subjects)},
        {"judge.groups_turned_away", keytab_evicted(judge->groups)},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(out, rows[i].name, json_integer((json_int_t)rows[i].value));
}

void
judge_save(struct judge *judge)
{
    struct buf blob;

    keytab_save_as(judge->subjects, judge->sink, JUDGE_STATE_NAME);
    keytab_save_as(judge->groups, judge->sink, JUDGE_STATE_NAME);
    buf_init(&blob, 1024);
    judge_rate_put(&judge->rate, &blob);
    judge_bucket_put(&judge->budget, &blob);
    judge_bucket_put(&judge->suppressed_budget, &blob);
    codec_put_i64(&blob, judge->now_ns);
    buf_put_be64(&blob, judge->tests);
    buf_put_be64(&blob, judge->findings);
    buf_put_be64(&blob, judge->alerts);
    buf_put_be64(&blob, judge->joined);
    buf_put_be64(&blob, judge->suppressed);
    buf_put_be64(&blob, judge->suppressed_uncounted);
    if (!blob.bad)
        judge->sink->ops->state(judge->sink->ctx, JUDGE_STATE_NAME, slice_of("m", 1), STATE_VERSION,
                                buf_slice(&blob));
    buf_done(&blob);
}

static enum vg_err
load_main(struct judge *judge, struct slice blob)
{
    struct judge_rate rate;
    struct judge_bucket budget = judge->budget, suppressed = judge->suppressed_budget;
    int64_t now_ns;
    uint64_t counts[6];

    judge_rate_get(&rate, &blob);
    judge_bucket_get(&budget, &blob);
    judge_bucket_get(&suppressed, &blob);
    now_ns = codec_i64(&blob);
    for (size_t i = 0; i < VG_ARRAY_LEN(counts); i++)
        counts[i] = slice_be64(&blob);
    if (blob.bad || blob.left > 0)
        return VG_ERR_FORMAT;
    judge->rate = rate;
    judge->budget = budget;
    judge->suppressed_budget = suppressed;
    judge->now_ns = now_ns;
    judge->tests = counts[0];
    judge->findings = counts[1];
    judge->alerts = counts[2];
    judge->joined = counts[3];
    judge->suppressed = counts[4];
    judge->suppressed_uncounted = counts[5];
    return VG_OK;
}

enum vg_err
judge_load(struct judge *judge, struct slice key, uint16_t version, struct slice blob)
{
    struct slice name = key;

    if (keytab_owns(judge->subjects, key))
        return keytab_load(judge->subjects, key, version, blob);
    if (keytab_owns(judge->groups, key))
        return keytab_load(judge->groups, key, version, blob);
    if (key.left != 1 || slice_u8(&name) != 'm' || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    return load_main(judge, blob);
}
