/* SPDX-License-Identifier: Apache-2.0 */
/* mail_queue: which mail is next for the owner, from the store's events and a small state in the
 * store value "mailed" (JSON). A mail is chosen without changing the state, and the state moves
 * when it is done: after a crash the same mail with the same Message-ID is chosen again. */
#pragma once

#include "agent/keeper/store.h"
#include "common/mail.h"
#include "common/mail_alert.h"

enum {
    MAIL_QUEUE_THREADS_MAX = 256, /* incidents remembered; the one mailed longest ago goes first */
    MAIL_QUEUE_LIST_MAX = MAIL_LIST_SHOWN,
};
/* Late alerts wait this long for more of them. */
#define MAIL_QUEUE_LATE_WAIT_NS (INT64_C(2) * 60 * 1000000000)

enum mail_job_kind { MAIL_JOB_ALERT, MAIL_JOB_UPDATE, MAIL_JOB_FULL, MAIL_JOB_LATE, MAIL_JOB_HELD };

struct mail_job {
    enum mail_job_kind kind;
    char id[MAIL_ID_SIZE], references[MAIL_ID_SIZE]; /* references "": begins a thread */
    int64_t time_ns;                                 /* the header Date: fixed too */
    json_t *events[MAIL_QUEUE_LIST_MAX];             /* owned */
    size_t count;
    int64_t more;
    int64_t seq; /* of the event that asked for it; 0: a list */
};
void mail_job_done(struct mail_job *job); /* frees; zeroed is fine */

struct mail_queue;
/* `store` outlives it. VG_ERR_NOMEM, VG_ERR_SYS. */
enum vg_err mail_queue_new(struct store *store, struct mail_queue **out) VG_MUST_CHECK;
void mail_queue_free(struct mail_queue *q);

/* VG_OK: *out is the caller's. VG_AGAIN: nothing before *due_ns (INT64_MAX: until something
 * happens). */
enum vg_err mail_queue_next(struct mail_queue *q, int64_t now_ns, struct mail_job *out,
                            int64_t *due_ns) VG_MUST_CHECK;
/* The job was sent, or refused for good: durable on VG_OK. */
enum vg_err mail_queue_finish(struct mail_queue *q, const struct mail_job *job,
                              int64_t now_ns) VG_MUST_CHECK;
int64_t mail_queue_sent(const struct mail_queue *q); /* mails since the store was made */
