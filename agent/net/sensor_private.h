/* SPDX-License-Identifier: Apache-2.0 */
/* sensor_private: the inside of the net sensor, for sensor.c (its life, commits, loss) and sensor_input.c
 * (captures and interfaces) alone. */
#pragma once

#include "agent/detect/sink_counter.h"
#include "agent/net/app.h"
#include "agent/net/engine.h"
#include "agent/net/loss.h"
#include "agent/net/sensor.h"
#include "agent/net/sensor_json.h"
#include "agent/net/sensor_owners.h"

struct source {
    char *path; /* owned */
    struct capture *capture;
    bool learn, resumed;
    enum vg_err opened;
    char why[CAPTURE_WHY_MAX];
    struct sensor_place committed;
};

struct sensor {
    struct sensor_options options;
    struct sink_counter counting; /* before options.sink: knows what waits for the commit */
    struct panel *panel;
    struct net_engine *engine;
    struct app_list *apps; /* NULL: no folder of rules */
    struct owners *owners; /* NULL: nobody to ask */

    struct source *sources; /* SENSOR_SOURCES_MAX at most */
    size_t source_count, current;
    bool running; /* sources[current] was begun */
    struct sensor_place place;

    struct capture *live[SENSOR_LIVE_MAX];
    size_t live_count;
    uint64_t live_packets;
    int64_t now_ns, committed_ns;

    unsigned context; /* lines waiting for the commit */
    uint64_t packets; /* since the commit */
    uint64_t context_dropped, from_the_future;
    struct net_loss loss;
    struct buf line;
    enum vg_err failed; /* a commit within an observation failed */
    const char *why;    /* of the live capture that ended; borrowed from it */
};

/* Rows, position, health and events in one transaction; `done`: of this capture nothing is left. */
enum vg_err sensor_commit(struct sensor *s, bool done);
void sensor_look_for_loss(struct sensor *s, int64_t now_ns);
/* The input ends, or we do: an episode that goes on is told now. */
void sensor_end_loss(struct sensor *s);
