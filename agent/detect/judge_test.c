/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: those on one subject within the window are fused, held against threshold and budget. */
#include "agent/detect/judge_private.h"

#include <math.h>
#include <string.h>

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
test_release(struct test *test)
{
    json_decref(test->facts);
    json_decref(test->evidence);
    test->facts = test->evidence = NULL;
}

/* Cuts evidence down to what a row keeps, so that a run that was restored says what this one says. */
static void
evidence_fit(json_t *evidence)
{
    size_t used = 0, keep = 0;
    struct buf text;

    buf_init(&text, JUDGE_EVIDENCE_BYTES_MAX);
    for (; keep < json_array_size(evidence); keep++) {
        buf_clear(&text);
        vg_json_write(json_array_get(evidence, keep), &text);
        used += text.len + 2; /* brackets and commas */
        if (text.bad || used > JUDGE_EVIDENCE_BYTES_MAX)
            break;
    }
    buf_done(&text);
    while (json_array_size(evidence) > keep)
        (void)json_array_remove(evidence, json_array_size(evidence) - 1);
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
    evidence_fit(slot->evidence);
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

static const char *
peer_id(const struct judge_slot *slot)
{
    return vg_json_str(slot->peer, "id", "");
}

/* More on a subject that has alerted: joins, or speaks again, or takes the token that it lacked.
 * Whether the shop knows. */
static bool
test_join(struct judge *judge, struct judge_group *g, struct test *test)
{
    struct judge_slot slots[JUDGE_SLOTS] = {0};
    struct judge_event e;
    bool grown = judge_group_join(judge, g, test->time_ns);
    bool passes = test->p < judge_threshold(judge);
    bool told, raised = g->suppressed && passes && judge_bucket_take(&judge->budget, judge->now_ns);
    bool further = passes && (raised || !g->suppressed) && judge_group_new_voice(g, test->detector);

    if (raised)
        g->suppressed = 0;
    told = passes && !g->suppressed;
    if (!raised && !further && (!grown || g->suppressed))
        return told;
    slot_fill(&slots[0], test);
    event_from_test(judge, test, slots, &e);
    judge_group_event(&e, g);
    judge_verdict_note(judge, test->detector, test->subject, peer_id(&slots[0]), test->time_ns);
    judge_emit(judge, &e);
    judge_slot_clear(&slots[0]);
    return told;
}

/* Whether the shop is told. */
static bool
test_alert(struct judge *judge, struct judge_group *g, const struct test *test,
           struct judge_subject *s)
{
    struct judge_event e;

    judge_group_begin(g, judge->now_ns, s->first_ns, s->count);
    event_from_test(judge, test, s->slots, &e);
    judge_group_event(&e, g);
    for (size_t i = 0; i < JUDGE_SLOTS; i++) {
        const struct judge_slot *slot = &s->slots[i];

        if (slot->detector[0] == '\0')
            continue;
        if (slot->p < judge_threshold(judge))
            (void)judge_group_new_voice(g, slot->detector);
        judge_verdict_note(judge, slot->detector, test->subject, peer_id(slot), test->time_ns);
    }
    if (!judge_bucket_take(&judge->budget, judge->now_ns)) {
        g->suppressed = 1;
        e.suppressed = true;
        judge->suppressed++;
        if (!judge_bucket_take(&judge->suppressed_budget, judge->now_ns)) {
            judge->suppressed_uncounted++;
            return false;
        }
    }
    judge_emit(judge, &e);
    return !e.suppressed;
}

/* The observation's own score is asked for only where nobody told one. */
static void
test_count(struct judge *judge, int64_t time_ns, double p)
{
    judge_advance(judge, time_ns);
    judge->tests++;
    judge_rate_count(&judge->rate);
    if (!judge->told)
        cauchy_add(&judge->observation, p);
}

bool
judge_test_idle(struct judge *judge, int64_t time_ns, double p)
{
    if (judge_wants(judge, p))
        return false;
    test_count(judge, time_ns, p);
    return true;
}

bool
judge_test(struct judge *judge, struct test *test)
{
    struct cauchy all = {0};
    struct judge_subject *s;
    struct judge_group *g;
    uint64_t key;
    bool fresh, told = false;

    test_count(judge, test->time_ns, test->p);
    if (!judge_wants(judge, test->p) ||
        judge_excused(judge, judge_party_verdict_key(test->detector, test->subject, test->peer),
                      test->detector, test->subject, test->peer))
        goto done;
    test->p = fmin(1, test->p / judge_belief(judge, test->detector));
    key = judge_party_key(1, test->subject);
    g = keytab_change(judge->groups, key);
    if (g != NULL && judge_group_open(g, judge->now_ns)) {
        told = test_join(judge, g, test);
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
            told = test_alert(judge, g, test, s);
        keytab_remove(judge->subjects, key);
    }
done:
    test_release(test);
    return told;
}
