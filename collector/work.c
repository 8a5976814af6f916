/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/work.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "common/log.h"

struct queue {
    struct work_job *head, **tail;
    size_t count;
};

struct work {
    struct event *wake;
    pthread_mutex_t mutex;
    pthread_cond_t to_read, to_write;
    struct queue reads, writes, dones;
    size_t under_way; /* between work_add() and done() */
    bool stopping;
    pthread_t reader[WORK_READERS_MAX], writer;
    size_t readers;
    bool has_writer;
    struct storage *reader_store[WORK_READERS_MAX], *writer_store;
};

struct reader {
    struct work *work;
    struct storage *store;
};

static void
queue_init(struct queue *q)
{
    *q = (struct queue){.tail = &q->head};
}

static void
push(struct queue *q, struct work_job *job)
{
    job->next = NULL;
    *q->tail = job;
    q->tail = &job->next;
    q->count++;
}

static struct work_job *
pop(struct queue *q)
{
    struct work_job *job = q->head;

    if (job == NULL)
        return NULL;
    q->head = job->next;
    if (q->head == NULL)
        q->tail = &q->head;
    q->count--;
    return job;
}

static void
finished(struct work *w, struct work_job *job)
{
    push(&w->dones, job);
    event_active(w->wake, EV_READ, 0);
}

static void *
reader_main(void *arg)
{
    struct reader *r = arg;
    struct work *w = r->work;
    struct storage *store = r->store;

    free(r);
    (void)pthread_mutex_lock(&w->mutex);
    for (;;) {
        struct work_job *job = pop(&w->reads);

        if (job == NULL) {
            if (w->stopping)
                break;
            (void)pthread_cond_wait(&w->to_read, &w->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&w->mutex);
        job->err = job->read(job, store);
        (void)pthread_mutex_lock(&w->mutex);
        if (job->err == VG_AGAIN && job->write != NULL) {
            push(&w->writes, job);
            (void)pthread_cond_signal(&w->to_write);
        } else {
            finished(w, job);
        }
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void
run_one(struct storage *s, struct work_job *job)
{
    job->err = s->ops->mark(s);
    if (job->err != VG_OK)
        return;
    job->err = job->write(job, s);
    if (job->err == VG_OK)
        job->err = s->ops->keep(s);
    else
        s->ops->undo(s);
}

/* One transaction for all of `group`: either each job's own outcome holds, or none is done. */
static void
commit_group(struct storage *s, struct work_job **group, size_t count)
{
    enum vg_err err = s->ops->begin(s);

    if (err == VG_OK) {
        for (size_t i = 0; i < count; i++)
            run_one(s, group[i]);
        err = s->ops->commit(s);
        if (err != VG_OK)
            s->ops->rollback(s);
    }
    if (err == VG_OK)
        return;
    log_event(LOG_LEVEL_ERROR, "store.commit_failed", "error=%s why=%s", vg_err_name(err),
              log_quote(s->ops->why(s)));
    for (size_t i = 0; i < count; i++)
        group[i]->err = err;
}

static void *
writer_main(void *arg)
{
    struct work *w = arg;
    struct work_job *group[WORK_GROUP_MAX];

    (void)pthread_mutex_lock(&w->mutex);
    for (;;) {
        size_t count = 0;

        while (count < WORK_GROUP_MAX && w->writes.head != NULL)
            group[count++] = pop(&w->writes);
        if (count == 0) {
            if (w->stopping && w->under_way == 0)
                break;
            (void)pthread_cond_wait(&w->to_write, &w->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&w->mutex);
        commit_group(w->writer_store, group, count);
        (void)pthread_mutex_lock(&w->mutex);
        for (size_t i = 0; i < count; i++)
            finished(w, group[i]);
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void
drain(struct work *w)
{
    struct work_job *job;

    (void)pthread_mutex_lock(&w->mutex);
    while ((job = pop(&w->dones)) != NULL) {
        (void)pthread_mutex_unlock(&w->mutex);
        job->done(job);
        (void)pthread_mutex_lock(&w->mutex);
        w->under_way--;
    }
    if (w->under_way == 0) {
        (void)pthread_cond_broadcast(&w->to_write);
    }
    (void)pthread_mutex_unlock(&w->mutex);
}

static void
on_wake(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    drain(ctx);
}

static enum vg_err
start_readers(struct work *w, const char *where, size_t readers, char why[STORAGE_WHY_MAX])
{
    for (size_t i = 0; i < readers; i++) {
        struct reader *r = malloc(sizeof *r);
        enum vg_err err;

        if (r == NULL)
            return VG_ERR_NOMEM;
        err = storage_open(where, STORAGE_READ, &w->reader_store[i], why);
        if (err != VG_OK) {
            free(r);
            return err;
        }
        *r = (struct reader){w, w->reader_store[i]};
        if (pthread_create(&w->reader[i], NULL, reader_main, r) != 0) {
            free(r);
            storage_close(w->reader_store[i]);
            return VG_ERR_SYS;
        }
        w->readers++;
    }
    return VG_OK;
}

enum vg_err
work_new(struct event_base *loop, const char *where, size_t readers, struct work **out,
         char why[STORAGE_WHY_MAX])
{
    struct work *w = calloc(1, sizeof *w);
    enum vg_err err;

    if (w == NULL)
        return VG_ERR_NOMEM;
    (void)pthread_mutex_init(&w->mutex, NULL);
    (void)pthread_cond_init(&w->to_read, NULL);
    (void)pthread_cond_init(&w->to_write, NULL);
    queue_init(&w->reads);
    queue_init(&w->writes);
    queue_init(&w->dones);
    why[0] = '\0';
    w->wake = event_new(loop, -1, EV_PERSIST, on_wake, w);
    err =
        w->wake != NULL ? storage_open(where, STORAGE_WRITE, &w->writer_store, why) : VG_ERR_NOMEM;
    if (err != VG_OK)
        goto fail;
    if (pthread_create(&w->writer, NULL, writer_main, w) != 0) {
        err = VG_ERR_SYS;
        goto fail;
    }
    w->has_writer = true;
    err = start_readers(w, where, readers < WORK_READERS_MAX ? readers : WORK_READERS_MAX, why);
    if (err != VG_OK)
        goto fail;
    *out = w;
    return VG_OK;
fail:
    work_free(w);
    return err;
}

enum vg_err
work_add(struct work *w, struct work_job *job)
{
    enum vg_err err = VG_OK;

    (void)pthread_mutex_lock(&w->mutex);
    if (w->under_way >= WORK_QUEUE_MAX || w->stopping) {
        err = VG_ERR_LIMIT;
    } else {
        w->under_way++;
        push(job->read != NULL ? &w->reads : &w->writes, job);
        (void)pthread_cond_signal(job->read != NULL ? &w->to_read : &w->to_write);
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return err;
}

void
work_free(struct work *w)
{
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    (void)pthread_cond_broadcast(&w->to_read);
    (void)pthread_cond_broadcast(&w->to_write);
    (void)pthread_mutex_unlock(&w->mutex);
    for (size_t i = 0; i < w->readers; i++) {
        (void)pthread_join(w->reader[i], NULL);
        storage_close(w->reader_store[i]);
    }
    /* The writer goes on until every job was answered, which only this thread can do. */
    while (w->has_writer) {
        bool busy;

        drain(w);
        (void)pthread_mutex_lock(&w->mutex);
        busy = w->under_way > 0;
        (void)pthread_mutex_unlock(&w->mutex);
        if (!busy)
            break;
        (void)sched_yield();
    }
    if (w->has_writer)
        (void)pthread_join(w->writer, NULL);
    storage_close(w->writer_store);
    if (w->wake != NULL)
        event_free(w->wake);
    (void)pthread_mutex_destroy(&w->mutex);
    (void)pthread_cond_destroy(&w->to_read);
    (void)pthread_cond_destroy(&w->to_write);
    free(w);
}
