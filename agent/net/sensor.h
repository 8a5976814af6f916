/* SPDX-License-Identifier: Apache-2.0 */
/* sensor: the net sensor as a whole: sources of frames, the engine, the panel of detectors, and
 * where all has been read to. Used by the worker (worker_net.c) and by `read`.
 *
 * Captures are read once, in order, each from an empty engine. Where a capture has been read to is
 * told as (packet, observation within the packet): after a crash it is read again from its
 * beginning, so that flows and streams are as they were, and the panel is shown what comes after
 * the committed place. Live interfaces come after the captures. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/net/capture.h"
#include "agent/net/owner.h"

enum {
    SENSOR_BYTES_MAX = 64 * 1024 * 1024,    /* all that it may hold, by caps; sensor.c adds up */
    SENSOR_CAPTURE_BYTES = 4 * 1024 * 1024, /* of them: one live capture's ring, by default */
    SENSOR_SOURCES_MAX = 4096,
    SENSOR_LIVE_MAX = 8,
    SENSOR_COMMIT_PACKETS = 50000,     /* captures: commit after as many */
    SENSOR_COMMIT_EVENTS = 100,        /* commit when as many events wait */
    SENSOR_COMMIT_OBSERVATIONS = 2000, /* context records between two commits; more are dropped */
    SENSOR_WORK_PACKETS = 5000,        /* one piece of work */
};

struct sensor;

struct sensor_options {
    struct panel_options panel;
    const struct sink *sink; /* outlives the sensor */
    bool store;              /* commit, tell positions, states, health and context */
    int64_t future_ns;       /* frames later than this are counted, not read; 0: no limit */
    uint64_t commit_packets; /* captures; 0: SENSOR_COMMIT_PACKETS */
    /* Sees each observation that the panel sees, but of learned captures; bodies only when a
     * detector wants them too. May be NULL. */
    void (*observe)(void *ctx, const struct obs *obs);
    /* A capture is done: VG_OK; VG_ERR_FORMAT: damaged after `packets`; other: not read at all.
     * May be NULL. */
    void (*told)(void *ctx, const char *path, enum vg_err err, uint64_t packets, const char *why);
    void *ctx;
    /* Live: questions for the programs behind our own sockets (owner.h). NULL: none are asked. */
    enum vg_err (*ask_socket)(void *ctx, const struct owner_socket *socket);
    enum vg_err (*ask_hash)(void *ctx, uint64_t file);
    void *ask_ctx;
};

/* The share of a site's alert budget that this sensor has (DESIGN, Budget). */
struct judge_settings sensor_judge_settings(double budget_per_week);

/* `why` is for people. VG_ERR_CONFIG, VG_ERR_NOMEM. */
enum vg_err sensor_new(const struct sensor_options *options, struct sensor **out,
                       char why[DETECT_WHY_MAX]) VG_MUST_CHECK;
void sensor_free(struct sensor *s);

/* Opens before the lock-down. A capture that cannot be opened is told in its turn; VG_OK then.
 * `learn`: the panel is muted while it is read. VG_ERR_LIMIT, VG_ERR_NOMEM. */
enum vg_err sensor_add_capture(struct sensor *s, const char *path, bool learn) VG_MUST_CHECK;
/* Errors of capture_open_live(). */
enum vg_err sensor_add_live(struct sensor *s, const struct capture_live *live,
                            char why[CAPTURE_WHY_MAX]) VG_MUST_CHECK;
bool sensor_is_live(const struct sensor *s);

/* What an earlier run committed. */
enum vg_err sensor_restore(struct sensor *s, const char *detector, struct slice key,
                           uint16_t version, struct slice blob) VG_MUST_CHECK;
enum vg_err sensor_position(struct sensor *s, const char *source,
                            const json_t *position) VG_MUST_CHECK;

/* One bounded piece of work. VG_OK: call again; VG_AGAIN: wait for *handle or *wait_ns; VG_END:
 * every capture is done and nothing is live; VG_ERR_SYS: an interface or the keeper is gone. */
enum vg_err sensor_work(struct sensor *s, platform_handle *handle, int64_t *wait_ns) VG_MUST_CHECK;
/* Which interface is gone and how, after VG_ERR_SYS; "" when that was not it. */
const char *sensor_why(const struct sensor *s);
/* The clock moved: passes time on live, lets a commit happen that is due. What goes wrong then the
 * next sensor_work() tells. */
void sensor_tick(struct sensor *s, int64_t now_ns);
/* The answer to the last ask_socket() or ask_hash(). */
void sensor_owner(struct sensor *s, enum vg_err err, const json_t *answer);
/* From the owner; `view` borrowed for the call. */
/* judge_exceptions() */
void sensor_exceptions(struct sensor *s, const json_t *list);
void sensor_feedback(struct sensor *s, int64_t now_ns, const struct feedback_view *view);
/* Commits what is whole. */
enum vg_err sensor_finish(struct sensor *s) VG_MUST_CHECK;
