/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_worker: what the files of the supervisor share about one worker. Included nowhere else.
 *
 *   supervisor.c         who runs, ticks, stopping, status
 *   supervisor_life.c    start, end, back-off, the health event
 *   supervisor_stream.c  bytes in and out on the loop
 *   supervisor_gate.c    which frames a worker may send, and what they do
 *   supervisor_commit.c  one transaction, and trying again while the disk is full
 *   supervisor_host.c    files and answers through the host worker */
#pragma once

#include "agent/keeper/brought.h"
#include "agent/keeper/health.h"
#include "agent/keeper/supervisor.h"
#include "agent/link/frame.h"
#include "agent/link/worker.h"

enum {
    SUPERVISOR_OUT_MAX = 256 * 1024 * 1024, /* rows of a start; given back once sent */
    SUPERVISOR_HEALTH_MAX = 16 * 1024,
    SUPERVISOR_HEALTH_A_SECOND = 1000,
    SUPERVISOR_OWNERS_A_SECOND = 500, /* questions for owners: a sensor of ours asks less */
    SUPERVISOR_PATH_MAX = 4096,
    SUPERVISOR_MOVE_MAX = 12 * 1024,
    SUPERVISOR_WORKERS = 4,
};

enum life {
    LIFE_OFF,      /* not configured */
    LIFE_STARTING, /* configuration sent, not locked down yet */
    LIFE_LIVE,     /* rows and FRAME_GO sent */
    LIFE_ENDING,   /* stream closed, process not gone yet */
    LIFE_WAITING,  /* back-off */
    LIFE_STOPPED,
};

struct worker_kind {
    const char *name;
    unsigned rights; /* enum platform_right, at its start */
    bool sensor;
    const struct frame_rule *rules;
    size_t rule_count;
};

enum question_kind {
    QUESTION_FILE,  /* FRAME_OPEN: answered by FRAME_HANDLE, with a file */
    QUESTION_OWNER, /* FRAME_WHOSE: by FRAME_OWNER */
    QUESTION_MOVE,  /* FRAME_MOVE: by FRAME_MOVED */
};

/* A question on its way to the host worker: at most one for each worker. */
struct question {
    bool waiting, asked;
    enum question_kind kind;
    uint32_t number; /* the worker's own */
    json_t *text;
};

struct supervised {
    struct supervisor *s;
    const struct worker_kind *kind;
    enum life life;
    struct platform_child child;
    struct event *readable, *writable, *timer; /* timer: reaping, then back-off */
    struct buf in, out;
    platform_file out_file; /* goes with the byte at out_file_at */
    size_t out_file_at;
    struct frame_gate gate;

    struct batch batch;
    uint64_t commit; /* received, not durable yet; 0: none */
    uint64_t commit_last;
    struct event *retry; /* of that commit */
    int64_t retry_ns, full_since_ns;

    int64_t started_ns, kill_at_ns; /* monotonic */
    int64_t backoff_ns;
    bool progress; /* something was committed in this life */
    bool lived;    /* was locked down and at work in this life */
    bool reload;   /* told to end because of other rules */
    unsigned restarts;
    int status;
    char why[WORKER_WHY_MAX];  /* why it must end; the first reason stays */
    char told[WORKER_WHY_MAX]; /* what it said itself */
    json_t *sandbox, *health;
    bool done; /* nothing left to read, for now */
    int64_t health_second;
    unsigned health_seen;
    int64_t owner_second;
    unsigned owner_seen;
    struct question question;
};

struct supervisor {
    struct supervisor_options options;
    struct supervised worker[SUPERVISOR_WORKERS]; /* the first is the host worker */
    struct event *tick, *stop_timer, *stopped;
    struct health_limit health;
    struct brought *brought; /* NULL: without memory */
    bool stopping, idle_told;
    char *rules_dir;  /* owned; NULL: the configuration's */
    char *exceptions; /* owned: for sensors that start; NULL: none were told */
    void (*done)(void *ctx);
    void *done_ctx;
    /* The host worker answers one question at a time. */
    struct supervised *asking;
    uint32_t ask_number;
    platform_file answer_file;
};

/* supervisor.c */
void supervisor_check_idle(struct supervisor *s);
void supervisor_check_stopped(struct supervisor *s);

/* supervisor_life.c */
void supervised_start(struct supervised *w);
/* Ends it at once, for this reason; it is restarted later. Does nothing when it is ending already. */
void supervised_end(struct supervised *w, const char *fmt, ...) VG_PRINTF(2, 3);
/* Ends it in good order and starts it again, if it lives. */
void supervised_reload(struct supervised *w);
/* Its stream has ended by itself. */
void supervised_gone(struct supervised *w);
/* An event of the keeper's own, if there were not too many lately: takes `facts`. */
void supervisor_tell(struct supervisor *s, const char *detector, json_t *facts);
bool supervised_alive(const struct supervised *w);

/* supervisor_stream.c */
enum vg_err supervised_listen(struct supervised *w) VG_MUST_CHECK; /* makes its events */
void supervised_deafen(struct supervised *w);                      /* and frees them */
/* Sends what was put into w->out. */
void supervised_send(struct supervised *w);
void supervised_send_frame(struct supervised *w, enum frame_type type, struct slice payload);
/* A frame with a file: taken, also when the worker cannot be told any more. */
void supervised_send_file(struct supervised *w, enum frame_type type, struct slice payload,
                          platform_file file);
/* Goes on with what has come, after a commit became durable. */
void supervised_resume(struct supervised *w);

/* supervisor_gate.c */
extern const struct worker_kind WORKER_KINDS[SUPERVISOR_WORKERS];

/* supervisor_commit.c */
void supervised_commit(struct supervised *w);

/* supervisor_host.c */
/* Takes `text`. */
enum vg_err supervisor_ask(struct supervised *w, uint32_t number, json_t *text,
                           enum question_kind kind) VG_MUST_CHECK;
void supervisor_ask_next(struct supervisor *s);
enum vg_err supervisor_answered(struct supervised *host, struct slice payload) VG_MUST_CHECK;
void supervisor_ask_forget(struct supervised *w); /* the one that asked is gone */
/* {"what": "open", "path": HEX}; NULL without memory. */
json_t *supervisor_open_question(const char *path);
/* What a FRAME_MOVE becomes for the host worker: of what is allowed, these fields alone; NULL: no such
 * question. */
json_t *supervisor_move_question(const struct agent_config *config, const json_t *asked);
