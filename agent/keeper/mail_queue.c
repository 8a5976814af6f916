/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/mail_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mail_policy.h"
#include "common/vtime.h"

enum { BATCH_MAX = 200, BATCH_BYTES = 1024 * 1024, STATE_BYTES_MAX = 256 * 1024 };

static const char STATE_NAME[] = "mailed";

/* state: {"store", "seq", "sent": [ns of the day's mails], "total", "full": ns,
 *   "threads": {incident: {"mails", "told", "last", "update": seq waiting, 0 for none}},
 *   "late": {"seqs": [], "more", "since"}, "held": {...}} */
struct mail_queue {
    struct store *store;
    json_t *state;
    bool changed;
};

void
mail_job_done(struct mail_job *job)
{
    size_t i;

    for (i = 0; i < job->count; i++)
        json_decref(job->events[i]);
    *job = (struct mail_job){0};
}

/* ---- the state ---- */

static json_t *
state_new(const char *store)
{
    return json_pack("{s:s s:i s:[] s:i s:i s:{} s:{s:[] s:i s:i} s:{s:[] s:i s:i}}", "store",
                     store, "seq", 0, "sent", "total", 0, "full", 0, "threads", "late", "seqs",
                     "more", 0, "since", 0, "held", "seqs", "more", 0, "since", 0);
}

static enum vg_err
state_save(struct mail_queue *q)
{
    struct buf text;
    enum vg_err err = VG_ERR_NOMEM;

    buf_init(&text, STATE_BYTES_MAX);
    vg_json_write(q->state, &text);
    if (!text.bad)
        err = store_set_value(q->store, STATE_NAME, buf_slice(&text));
    if (err == VG_OK)
        q->changed = false;
    buf_done(&text);
    return err;
}

static void
set_int(struct mail_queue *q, json_t *at, const char *key, int64_t value)
{
    (void)json_object_set_new(at, key, json_integer(value)); /* checked by state_save() */
    q->changed = true;
}

enum vg_err
mail_queue_new(struct store *store, struct mail_queue **out)
{
    struct mail_queue *q = calloc(1, sizeof *q);
    struct buf text;
    json_t *fresh = state_new(store_id(store));
    enum vg_err err;

    buf_init(&text, STATE_BYTES_MAX);
    if (q == NULL || fresh == NULL) {
        err = VG_ERR_NOMEM;
        goto fail;
    }
    q->store = store;
    err = store_value(store, STATE_NAME, &text);
    if (err == VG_OK && vg_json_parse(buf_slice(&text), STATE_BYTES_MAX, &q->state) == VG_OK) {
        /* another store numbers from 1 again; what was mailed of its incidents still holds */
        if (strcmp(vg_json_str(q->state, "store", ""), store_id(store)) != 0) {
            set_int(q, q->state, "seq", 0);
            (void)json_object_set_new(q->state, "store", json_string(store_id(store)));
        }
        (void)json_object_update_missing(q->state, fresh);
    } else if (err == VG_OK || err == VG_ERR_NOENT) {
        q->state = json_incref(fresh);
    } else {
        goto fail;
    }
    json_decref(fresh);
    buf_done(&text);
    *out = q;
    return VG_OK;
fail:
    json_decref(fresh);
    buf_done(&text);
    mail_queue_free(q);
    return err;
}

void
mail_queue_free(struct mail_queue *q)
{
    if (q == NULL)
        return;
    json_decref(q->state);
    free(q);
}

int64_t
mail_queue_sent(const struct mail_queue *q)
{
    return vg_json_int(q->state, "total", 0);
}

/* Mails of the last day; older marks are dropped. */
static struct mail_day
day_of(struct mail_queue *q, int64_t now_ns)
{
    json_t *sent = json_object_get(q->state, "sent");
    int64_t full = vg_json_int(q->state, "full", 0);

    while (json_array_size(sent) > 0 &&
           (json_array_size(sent) > MAIL_DAY_CAP ||
            now_ns - json_integer_value(json_array_get(sent, 0)) >= MAIL_DAY_NS))
        (void)json_array_remove(sent, 0);
    return (struct mail_day){.mails = (unsigned)json_array_size(sent),
                             .full_told = full > 0 && now_ns - full < MAIL_DAY_NS};
}

static struct mail_thread
thread_of(const json_t *thread)
{
    return (struct mail_thread){.mails = (unsigned)vg_json_int(thread, "mails", 0),
                                .told = (enum severity)vg_json_int(thread, "told", 0),
                                .last_ns = vg_json_int(thread, "last", 0)};
}

static void
forget_oldest(json_t *threads)
{
    const char *key, *oldest = NULL;
    json_t *thread;
    int64_t least = INT64_MAX;

    json_object_foreach(threads, key, thread)
    {
        int64_t last = vg_json_int(thread, "last", 0);

        if (last < least) {
            least = last;
            oldest = key;
        }
    }
    if (oldest != NULL)
        (void)json_object_del(threads, oldest);
}

/* Borrowed; made when missing. */
static json_t *
thread_get(struct mail_queue *q, const char *incident)
{
    json_t *threads = json_object_get(q->state, "threads");
    json_t *thread = json_object_get(threads, incident);

    if (thread != NULL)
        return thread;
    while (json_object_size(threads) >= MAIL_QUEUE_THREADS_MAX)
        forget_oldest(threads);
    (void)json_object_set_new(threads, incident, json_object());
    return json_object_get(threads, incident);
}

static void
list_add(struct mail_queue *q, const char *name, int64_t seq, int64_t now_ns)
{
    json_t *list = json_object_get(q->state, name), *seqs = json_object_get(list, "seqs");

    if (json_array_size(seqs) == 0)
        set_int(q, list, "since", now_ns);
    if (json_array_size(seqs) < MAIL_QUEUE_LIST_MAX)
        (void)json_array_append_new(seqs, json_integer(seq));
    else
        set_int(q, list, "more", vg_json_int(list, "more", 0) + 1);
    q->changed = true;
}

static void
list_clear(struct mail_queue *q, const char *name)
{
    json_t *list = json_object_get(q->state, name);

    (void)json_array_clear(json_object_get(list, "seqs"));
    set_int(q, list, "more", 0);
}

/* ---- choosing ---- */

/* An event by its number. */
static enum vg_err
take_one(void *ctx, int64_t seq, struct slice json)
{
    json_t **out = ctx;

    (void)seq;
    if (*out != NULL)
        return VG_OK;
    return vg_json_parse(json, EVENT_BYTES_MAX * 2, out);
}

static json_t *
event_get(struct mail_queue *q, int64_t seq)
{
    json_t *event = NULL;

    if (store_events_after(q->store, seq - 1, 1, BATCH_BYTES, take_one, &event) != VG_OK ||
        vg_json_int(event, "seq", -1) != seq) { /* retention took it */
        json_decref(event);
        return NULL;
    }
    return event;
}

static int64_t
time_of(const json_t *event, const char *key)
{
    const char *text = vg_json_str(event, key, "");
    int64_t t_ns;

    return vtime_parse(text, strlen(text), &t_ns) == VG_OK ? t_ns : 0;
}

static enum severity
severity_of(const json_t *event)
{
    enum severity s;

    return severity_parse(vg_json_str(event, "severity", "info"), &s) == VG_OK ? s : SEVERITY_INFO;
}

/* A job about one event; false when its incident's id makes no Message-ID (never for our own). */
static bool
job_of_event(struct mail_queue *q, enum mail_job_kind kind, json_t *event, unsigned mails,
             struct mail_job *job)
{
    const char *incident = vg_json_str(event, "incident", vg_json_str(event, "id", ""));
    char name[MAIL_ID_SIZE];

    *job = (struct mail_job){
        .kind = kind, .time_ns = time_of(event, "recorded"), .seq = vg_json_int(event, "seq", 0)};
    if (kind == MAIL_JOB_FULL) {
        snprintf(name, sizeof name, "full-%s-%" PRId64, store_id(q->store), job->seq);
        if (!mail_id(name, 0, job->id))
            return false;
    } else if (!mail_id(incident, mails, job->id) ||
               (mails > 0 && !mail_id(incident, 0, job->references))) {
        return false;
    }
    job->events[0] = json_incref(event);
    job->count = 1;
    return true;
}

struct choice {
    struct mail_queue *q;
    struct mail_job *job;
    int64_t now_ns;
    bool found;
};

static enum vg_err
choose_event(void *ctx, int64_t seq, struct slice json)
{
    struct choice *c = ctx;
    struct mail_queue *q = c->q;
    struct mail_day day = day_of(q, c->now_ns);
    json_t *event = NULL, *thread;
    struct mail_thread told;
    enum mail_act act = MAIL_ACT_NONE;
    int64_t due;

    if (vg_json_parse(json, EVENT_BYTES_MAX * 2, &event) == VG_OK &&
        strcmp(vg_json_str(event, "class", ""), "alert") == 0 &&
        severity_of(event) > SEVERITY_INFO) {
        const char *incident = vg_json_str(event, "incident", vg_json_str(event, "id", ""));

        thread = json_object_get(json_object_get(q->state, "threads"), incident);
        told = thread_of(thread);
        if (mail_policy_late(time_of(event, "time"), time_of(event, "recorded")))
            list_add(q, "late", seq, c->now_ns);
        else
            act = mail_policy(&told, &day, severity_of(event), c->now_ns, &due);
        if (act == MAIL_ACT_HOLD)
            list_add(q, "held", seq, c->now_ns);
        else if (act == MAIL_ACT_LATER)
            set_int(q, thread, "update", seq);
        else if (act == MAIL_ACT_SEND)
            c->found = job_of_event(q, MAIL_JOB_ALERT, event, 0, c->job);
        else if (act == MAIL_ACT_UPDATE)
            c->found = job_of_event(q, MAIL_JOB_UPDATE, event, told.mails, c->job);
        else if (act == MAIL_ACT_FULL)
            c->found = job_of_event(q, MAIL_JOB_FULL, event, 0, c->job);
    }
    json_decref(event);
    if (c->found)
        return VG_END; /* the state moves when the mail is sent */
    set_int(q, q->state, "seq", seq);
    return VG_OK;
}

/* Reads on until an event wants a mail. */
static enum vg_err
choose_from_store(struct choice *c)
{
    for (;;) {
        int64_t before = vg_json_int(c->q->state, "seq", 0);
        enum vg_err err =
            store_events_after(c->q->store, before, BATCH_MAX, BATCH_BYTES, choose_event, c);

        if (c->found)
            return VG_OK;
        if (err != VG_OK)
            return err;
        if (vg_json_int(c->q->state, "seq", 0) == before)
            return VG_AGAIN;
    }
}

/* An update whose hour has passed. */
static bool
choose_update(struct choice *c, int64_t *due_ns)
{
    json_t *threads = json_object_get(c->q->state, "threads"), *thread;
    struct mail_day day = day_of(c->q, c->now_ns);
    const char *incident;

    json_object_foreach(threads, incident, thread)
    {
        int64_t seq = vg_json_int(thread, "update", 0), due = 0;
        struct mail_thread told = thread_of(thread);
        json_t *event = seq > 0 ? event_get(c->q, seq) : NULL;
        enum mail_act act = MAIL_ACT_NONE;

        if (seq == 0)
            continue;
        if (event != NULL)
            act = mail_policy(&told, &day, severity_of(event), c->now_ns, &due);
        if (act == MAIL_ACT_UPDATE)
            c->found = job_of_event(c->q, MAIL_JOB_UPDATE, event, told.mails, c->job);
        else if (act == MAIL_ACT_LATER)
            *due_ns = due < *due_ns ? due : *due_ns;
        else
            set_int(c->q, thread, "update", 0); /* overtaken, gone, or the day is full */
        if (act == MAIL_ACT_HOLD || act == MAIL_ACT_FULL)
            list_add(c->q, "held", seq, c->now_ns);
        json_decref(event);
        if (c->found)
            return true;
    }
    return false;
}

static bool
choose_list(struct choice *c, const char *name, enum mail_job_kind kind, int64_t at_ns,
            int64_t *due_ns)
{
    const json_t *list = json_object_get(c->q->state, name), *seqs = json_object_get(list, "seqs");
    struct mail_job *job = c->job;
    char id[MAIL_ID_SIZE];
    size_t i;

    if (json_array_size(seqs) == 0)
        return false;
    if (c->now_ns < at_ns) {
        *due_ns = at_ns < *due_ns ? at_ns : *due_ns;
        return false;
    }
    *job = (struct mail_job){.kind = kind,
                             .time_ns = vg_json_int(list, "since", 0),
                             .more = vg_json_int(list, "more", 0)};
    for (i = 0; i < json_array_size(seqs); i++) {
        json_t *event = event_get(c->q, json_integer_value(json_array_get(seqs, i)));

        if (event != NULL)
            job->events[job->count++] = event;
        else
            job->more++;
    }
    snprintf(id, sizeof id, "%s-%s-%" JSON_INTEGER_FORMAT, name, store_id(c->q->store),
             json_integer_value(json_array_get(seqs, 0)));
    c->found = mail_id(id, 0, job->id);
    return c->found;
}

enum vg_err
mail_queue_next(struct mail_queue *q, int64_t now_ns, struct mail_job *out, int64_t *due_ns)
{
    struct mail_job job = {0};
    struct choice c = {.q = q, .job = &job, .now_ns = now_ns};
    const json_t *late = json_object_get(q->state, "late"),
                 *held = json_object_get(q->state, "held");
    int64_t due = INT64_MAX;
    enum vg_err err = choose_from_store(&c);

    if (err == VG_AGAIN) {
        err = VG_OK;
        (void)(choose_update(&c, &due) ||
               choose_list(&c, "late", MAIL_JOB_LATE,
                           vg_json_int(late, "since", 0) + MAIL_QUEUE_LATE_WAIT_NS, &due) ||
               choose_list(&c, "held", MAIL_JOB_HELD, vg_json_int(held, "since", 0) + MAIL_DAY_NS,
                           &due));
    }
    if (err == VG_OK && q->changed)
        err = state_save(q);
    if (err != VG_OK) {
        mail_job_done(&job);
        return err;
    }
    if (!c.found) {
        *due_ns = due;
        return VG_AGAIN;
    }
    *out = job;
    return VG_OK;
}

enum vg_err
mail_queue_finish(struct mail_queue *q, const struct mail_job *job, int64_t now_ns)
{
    if (job->kind == MAIL_JOB_ALERT || job->kind == MAIL_JOB_UPDATE) {
        const json_t *event = job->events[0];
        json_t *thread =
            thread_get(q, vg_json_str(event, "incident", vg_json_str(event, "id", "")));

        if (thread == NULL)
            return VG_ERR_NOMEM;
        set_int(q, thread, "mails", vg_json_int(thread, "mails", 0) + 1);
        set_int(q, thread, "told", (int64_t)severity_of(event));
        set_int(q, thread, "last", now_ns);
        set_int(q, thread, "update", 0);
        (void)json_array_append_new(json_object_get(q->state, "sent"), json_integer(now_ns));
    } else if (job->kind == MAIL_JOB_FULL) {
        set_int(q, q->state, "full", now_ns);
        list_add(q, "held", job->seq, now_ns);
    } else {
        list_clear(q, job->kind == MAIL_JOB_LATE ? "late" : "held");
    }
    if (job->seq > vg_json_int(q->state, "seq", 0))
        set_int(q, q->state, "seq", job->seq);
    set_int(q, q->state, "total", mail_queue_sent(q) + 1);
    return state_save(q);
}
