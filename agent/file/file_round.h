/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the file sensor share. Included nowhere else.
 *
 *   worker_file.c   its life: opening, rows, commits, the time of the next round
 *   file_round.c    a round: a walk over all roots, and what is scanned on the way */
#pragma once

#include "agent/detect/keyed.h"
#include "agent/detect/net_common.h"
#include "agent/file/file_known.h"
#include "agent/file/file_move.h"
#include "agent/file/file_pass.h"
#include "agent/file/file_scan.h"
#include "agent/file/file_walk.h"
#include "agent/file/worker_file.h"
#include "common/texts.h"
#include "common/vtime.h"

enum { FILE_STICK_PLACES = 3 };

struct seen {
    uint64_t size;
    int64_t modified_ns, changed_ns;
    uint64_t rules; /* which, with these limits, found nothing in it, or told */
    bool partial;   /* given up before its end: the next full pass tries again */
    uint64_t told;  /* of a mailbox and the like: what (file_move.h) */
};

struct file_worker {
    const struct agent_config *config;
    const struct sink *sink;
    struct worker_opener *opener;
    struct texts *texts;
    struct panel *panel;
    struct file_scan *scan;
    struct file_move move;
    struct file_walk *walk;
    struct keyed *seen;
    struct file_known *known; /* NULL: goes without */
    struct platform_watch *watch;
    struct platform_mounts *mounts; /* NULL: no sticks */
    struct platform_sticks sticks;  /* as of this round */
    uint64_t unwatched;             /* folders */
    int64_t now_ns;
    uint64_t rules;      /* the rules of today and the limits: bytes of their digests */
    int64_t rest_ns;     /* until then (monotonic) others have the processor */
    int64_t debt_ns;     /* how long to rest for what was used */
    bool again_by_rules; /* the last file was scanned because the rules are new */
    /* the round: a walk over all roots */
    bool walking, again, unsettled;
    size_t root;
    uint64_t missing; /* in this round */
    int64_t ended_ns; /* of the last round, monotonic */
    size_t uncommitted;
    bool gone[CONFIG_LIST_MAX]; /* folders that were not there in this round */
    /* Roots that were not there at the lock-down, which let in what was: another life can have them. */
    bool absent[CONFIG_LIST_MAX], absent_place[FILE_STICK_PLACES], locked_out;
    struct {
        unsigned minute; /* of the day */
        int64_t done_ns; /* when the last one ended; 0: never */
        bool running;
        uint64_t count;
    } pass;
    int64_t deaf_ns;      /* until then (monotonic) nobody wakes us for what goes on elsewhere */
    int64_t pass_look_ns; /* after the round: when it is looked whether a pass is due */
    int64_t keep_ns;      /* monotonic: when what is known is kept again */
};

/* Where desktops and people mount sticks: what is let in at the lock-down. */
extern const char *const FILE_STICK_PLACE[FILE_STICK_PLACES];

/* worker_file.c */
enum vg_err file_worker_commit(struct file_worker *w) VG_MUST_CHECK;

/* file_round.c */
void file_round_begin(struct file_worker *w);
/* Goes on with it for a while, or rests. VG_END: it is over; VG_AGAIN: *wait_ns; VG_OK: call again. */
enum vg_err file_round_work(struct file_worker *w, int64_t *wait_ns) VG_MUST_CHECK;
void file_round_on_folder(void *ctx, const char *path); /* for file_walk_on_folder() */
