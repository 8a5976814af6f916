/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/file/file_pool.h"

#include <stdlib.h>
#include <string.h>
#include <threads.h>

enum job_state { JOB_WAITING, JOB_TAKEN, JOB_DONE };

struct job {
    char *path; /* owned */
    enum job_state state;
    struct file_verdict verdict;
};

struct hand { /* of one thread */
    struct file_pool *pool;
    struct yara_rules *rules; /* shared() ones, but the owner's */
    struct file_look *look;
    thrd_t thread;
};

struct file_pool {
    file_pool_tell *tell;
    void *ctx;
    struct hand hand[FILE_POOL_THREADS_MAX]; /* the first is the owner's */
    size_t hands;
    mtx_t lock;
    cnd_t work, done; /* a job waits; the oldest job is done */
    bool locks, stop, packed;
    /* Numbers of jobs, the ring's place is the rest by its size: told <= taken <= given. */
    struct job ring[FILE_POOL_QUEUE];
    uint64_t given, taken, told;
};

static struct job *
job_of(struct file_pool *pool, uint64_t number)
{
    return &pool->ring[number % FILE_POOL_QUEUE];
}

/* With the lock held, which is given up for the time of the look. */
static void
look_at_next(struct file_pool *pool, struct hand *hand)
{
    uint64_t number = pool->taken++;
    struct job *job = job_of(pool, number);
    struct file_verdict verdict;

    job->state = JOB_TAKEN;
    mtx_unlock(&pool->lock);
    file_look_path(hand->look, job->path, &verdict);
    mtx_lock(&pool->lock);
    job->verdict = verdict;
    job->state = JOB_DONE;
    if (number == pool->told)
        cnd_signal(&pool->done);
}

static int
run(void *ctx)
{
    struct hand *hand = ctx;
    struct file_pool *pool = hand->pool;

    mtx_lock(&pool->lock);
    while (!pool->stop) {
        if (pool->taken < pool->given)
            look_at_next(pool, hand);
        else
            cnd_wait(&pool->work, &pool->lock);
    }
    mtx_unlock(&pool->lock);
    return 0;
}

static enum vg_err
add_hand(struct file_pool *pool, struct yara_rules *rules)
{
    struct hand *hand = &pool->hand[pool->hands];
    bool first = pool->hands == 0;
    enum vg_err err = VG_OK;

    hand->pool = pool;
    hand->rules = rules;
    if (!first)
        err = yara_share(rules, &hand->rules);
    if (err == VG_OK)
        err = file_look_new(hand->rules, &hand->look);
    if (err == VG_OK && pool->packed)
        file_look_packed(hand->look);
    if (err == VG_OK && !first && thrd_create(&hand->thread, run, hand) != thrd_success)
        err = VG_ERR_SYS;
    if (err == VG_OK) {
        pool->hands++;
        return VG_OK;
    }
    file_look_free(hand->look);
    if (!first)
        yara_free(hand->rules);
    *hand = (struct hand){0};
    return err;
}

enum vg_err
file_pool_new(struct yara_rules *rules, size_t threads, bool packed, file_pool_tell *tell,
              void *ctx, struct file_pool **out)
{
    struct file_pool *pool = calloc(1, sizeof(*pool));
    bool lock, work, done;

    if (pool == NULL)
        return VG_ERR_NOMEM;
    pool->tell = tell;
    pool->ctx = ctx;
    pool->packed = packed;
    lock = mtx_init(&pool->lock, mtx_plain) == thrd_success;
    work = cnd_init(&pool->work) == thrd_success;
    done = cnd_init(&pool->done) == thrd_success;
    pool->locks = lock && work && done;
    if (!pool->locks || add_hand(pool, rules) != VG_OK) {
        file_pool_free(pool);
        return VG_ERR_NOMEM;
    }
    if (threads > FILE_POOL_THREADS_MAX)
        threads = FILE_POOL_THREADS_MAX;
    while (pool->hands < threads && add_hand(pool, rules) == VG_OK)
        ;
    *out = pool;
    return VG_OK;
}

static void
job_done(struct job *job)
{
    free(job->path);
    file_verdict_done(&job->verdict);
    *job = (struct job){0};
}

void
file_pool_free(struct file_pool *pool)
{
    if (pool == NULL)
        return;
    if (pool->locks) {
        mtx_lock(&pool->lock);
        pool->stop = true;
        cnd_broadcast(&pool->work);
        mtx_unlock(&pool->lock);
    }
    for (size_t i = 0; i < pool->hands; i++) {
        struct hand *hand = &pool->hand[i];

        if (i > 0)
            (void)thrd_join(hand->thread, NULL);
        file_look_free(hand->look);
        if (i > 0)
            yara_free(hand->rules);
    }
    for (; pool->told < pool->given; pool->told++)
        job_done(job_of(pool, pool->told));
    if (pool->locks) {
        cnd_destroy(&pool->work);
        cnd_destroy(&pool->done);
        mtx_destroy(&pool->lock);
    }
    free(pool);
}

/* Tells the oldest job, with the lock held; looks at files itself as long as that one is not done. */
static void
tell_oldest(struct file_pool *pool)
{
    struct job *job = job_of(pool, pool->told);
    struct job own;

    while (job->state != JOB_DONE) {
        if (pool->taken < pool->given)
            look_at_next(pool, &pool->hand[0]);
        else
            cnd_wait(&pool->done, &pool->lock);
    }
    own = *job;
    *job = (struct job){0};
    pool->told++;
    mtx_unlock(&pool->lock);
    pool->tell(pool->ctx, own.path, &own.verdict);
    job_done(&own);
    mtx_lock(&pool->lock);
}

enum vg_err
file_pool_put(struct file_pool *pool, const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);
    struct job *job;

    if (copy == NULL)
        return VG_ERR_NOMEM;
    memcpy(copy, path, size);
    mtx_lock(&pool->lock);
    while (pool->given - pool->told == FILE_POOL_QUEUE)
        tell_oldest(pool);
    job = job_of(pool, pool->given);
    job->path = copy;
    job->state = JOB_WAITING;
    pool->given++;
    cnd_signal(&pool->work);
    mtx_unlock(&pool->lock);
    return VG_OK;
}

void
file_pool_finish(struct file_pool *pool)
{
    mtx_lock(&pool->lock);
    while (pool->told < pool->given)
        tell_oldest(pool);
    mtx_unlock(&pool->lock);
}
