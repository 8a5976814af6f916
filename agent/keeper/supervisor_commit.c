/* SPDX-License-Identifier: Apache-2.0 */
/* One FRAME_COMMIT, one transaction, one FRAME_ACK. While the disk is full the batch is kept and
 * tried again, and its worker waits unread: it takes in nothing more, so nothing is lost. */
#include "agent/keeper/supervisor_worker.h"
#include "common/log.h"
#include "common/vtime.h"

#define RETRY_FIRST_NS (1 * VG_SEC_NS)
#define RETRY_MOST_NS  (1 * VG_MIN_NS)

static void
on_retry(evutil_socket_t unused, short what, void *ctx)
{
    struct supervised *w = ctx;

    supervised_commit(w);
    if (supervised_alive(w) && w->commit == 0)
        supervised_resume(w);
}

static void
try_again(struct supervised *w, enum vg_err err)
{
    struct timeval wait;

    if (w->full_since_ns == 0) {
        w->full_since_ns = vtime_now();
        log_event(LOG_LEVEL_ERROR, "store.full", "worker=%s err=%s", w->kind->name,
                  vg_err_name(err));
    }
    w->retry_ns = w->retry_ns == 0 ? RETRY_FIRST_NS : w->retry_ns * 2;
    if (w->retry_ns > RETRY_MOST_NS)
        w->retry_ns = RETRY_MOST_NS;
    if (w->retry == NULL)
        w->retry = evtimer_new(w->s->options.loop, on_retry, w);
    wait = (struct timeval){.tv_sec = (time_t)(w->retry_ns / VG_SEC_NS)};
    if (w->retry == NULL || evtimer_add(w->retry, &wait) != 0)
        supervised_end(w, "no memory to try its commit again");
}

/* The store could not take the news while it was full: now it can. */
static void
tell_full_over(struct supervised *w)
{
    int64_t lasted_s = (vtime_now() - w->full_since_ns) / VG_SEC_NS;

    w->full_since_ns = 0;
    log_event(LOG_LEVEL_INFO, "store.full_over", "worker=%s lasted_s=%lld", w->kind->name,
              (long long)lasted_s);
    supervisor_tell(w->s, "agent.store_full",
                    json_pack("{s:s, s:I}", "worker", w->kind->name, "lasted_s",
                              (json_int_t)(lasted_s > 0 ? lasted_s : 0)));
}

void
supervised_commit(struct supervised *w)
{
    bool events = w->batch.event_count > 0;
    struct buf ack;
    enum vg_err err;

    if (w->health != NULL && w->batch.health == NULL)
        w->batch.health = vg_json_text(w->health);
    err = store_commit(w->s->options.store, &w->batch, vtime_now());
    if (err == VG_ERR_DENIED) {
        supervised_end(w, "its rows take more than their share of the store");
        return;
    }
    if (err != VG_OK) {
        try_again(w, err);
        return;
    }
    batch_clear(&w->batch);
    w->progress = true;
    w->retry_ns = 0;
    buf_init(&ack, 8);
    buf_put_be64(&ack, w->commit);
    w->commit = 0;
    if (ack.bad)
        supervised_end(w, "no memory to acknowledge");
    else
        supervised_send_frame(w, FRAME_ACK, buf_slice(&ack));
    buf_done(&ack);
    if (w->full_since_ns != 0)
        tell_full_over(w);
    if (events && w->s->options.on_events != NULL)
        w->s->options.on_events(w->s->options.ctx);
}
