/* SPDX-License-Identifier: Apache-2.0 */
/* worker_link: a worker's end of the stream. Frames may arrive while a commit or an opened file is
 * being waited for, deep inside the sensor's work: they are only noted here, and acted upon by
 * worker_main() between two pieces of work. Exception: rows and positions before FRAME_GO. */
#pragma once

#include "agent/link/frame.h"
#include "agent/link/worker.h"

enum {
    WORKER_FILES_MAX = 4,     /* received and not yet claimed by their frame */
    WORKER_FEEDBACK_MAX = 64, /* waiting between two pieces of work; newer ones are dropped */
    WORKER_OUT_FLUSH = 256 * 1024,
    WORKER_OUT_MAX = WORKER_OUT_FLUSH + 2 * FRAME_BYTES_MAX,
};

struct worker_opener {
    struct worker_owner {
        uint32_t number; /* of the last question */
        bool asked, answered;
        enum vg_err err;
        json_t *answer; /* until it was passed on */
    } owner;
    uint32_t number; /* of the last question for a file, or of the quarantine */
    bool answered;
    enum vg_err err;
    platform_file file;
    json_t *moved;
    platform_file drives; /* PLATFORM_NO_HANDLE: none, or taken */
};

struct worker_link {
    const struct worker_ops *ops;
    void *self; /* NULL until ops->open() made it */
    platform_stream stream;
    struct buf in, out;
    platform_file files[WORKER_FILES_MAX];
    size_t file_count;
    bool gone; /* the keeper's end is closed */
    bool go, stop;
    bool pending; /* something was sent since the last commit */
    uint64_t committed, acked;
    int64_t tick_ns; /* 0: none since the last look */
    json_t *config, *feedback;
    struct worker_opener opener;
};

enum vg_err worker_link_init(struct worker_link *l, const struct worker_ops *ops,
                             platform_stream stream) VG_MUST_CHECK;
void worker_link_done(struct worker_link *l);

/* Waits until the stream or `other` (PLATFORM_NO_HANDLE: none) has something or the time (negative:
 * no limit) has passed, writes what waits to be written, and takes in what has come. VG_END: the
 * keeper is gone. Errors are the end of the worker. */
enum vg_err worker_link_pump(struct worker_link *l, platform_handle other,
                             int64_t wait_ns) VG_MUST_CHECK;
/* Until everything is written. */
enum vg_err worker_link_flush(struct worker_link *l) VG_MUST_CHECK;

/* The sink that sends (worker_sink.c). */
extern const struct sink_ops WORKER_SINK;
