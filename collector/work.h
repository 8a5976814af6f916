/* SPDX-License-Identifier: Apache-2.0 */
/* work: what must not stop the event loop: the database, parsing, password hashing.
 *
 * Reader threads have a read-only connection each; one writer thread gathers what waits into group
 * commits (WORK_GROUP_MAX jobs, each under its own savepoint). A job goes: read() on a reader
 * thread, write() on the writer thread, done() on the loop, after the commit. */
#pragma once

#include <event2/event.h>

#include "collector/store/store.h"

enum { WORK_QUEUE_MAX = 2048, WORK_GROUP_MAX = 64, WORK_READERS_MAX = 16 };

/* Embedded as the first member of a job; the job belongs to done(). */
struct work_job {
    /* NULL: begins with write(). VG_AGAIN: go on with write(); all else goes to done(). */
    enum vg_err (*read)(struct work_job *job, struct storage *s);
    /* Called once. Not VG_OK: what it did is undone, as it is when the commit fails. */
    enum vg_err (*write)(struct work_job *job, struct storage *s);
    void (*done)(struct work_job *job);
    enum vg_err err; /* for done(): of the last step, or of the commit */
    struct work_job *next;
};

struct work;

/* `where` as for storage_open(). Errors as there, `why` for people. */
enum vg_err work_new(struct event_base *loop, const char *where, size_t readers, struct work **out,
                     char why[STORAGE_WHY_MAX]) VG_MUST_CHECK;
/* On the loop. VG_ERR_LIMIT: too much waits; the job stays the caller's. */
enum vg_err work_add(struct work *work, struct work_job *job) VG_MUST_CHECK;
/* Finishes what waits, runs its done(), ends the threads. NULL is fine. */
void work_free(struct work *work);
