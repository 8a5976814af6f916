/* SPDX-License-Identifier: Apache-2.0 */
/* sensor_json: places in captures and health counters as JSON, and back. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/net/capture.h"
#include "agent/net/counters.h"

/* All observations up to and with this one were seen by the panel. */
struct sensor_place {
    uint64_t packet;      /* 1-based; one more than there are: the end */
    uint64_t observation; /* of that packet, 1-based */
    bool done;
    char identity[CAPTURE_IDENTITY_MAX]; /* only in places that were read back */
};

static inline bool
sensor_place_after(const struct sensor_place *a, const struct sensor_place *b)
{
    return a->packet > b->packet || (a->packet == b->packet && a->observation > b->observation);
}

void sensor_put_place(const char *identity, const struct sensor_place *place, bool done,
                      struct buf *out);
struct sensor_place sensor_place_of(const json_t *json);
void sensor_put_live(int64_t now_ns, uint64_t packets, struct buf *out);
void sensor_put_health(const struct net_counters *counters, size_t flows, uint64_t context_dropped,
                       uint64_t from_the_future, const struct panel *panel, struct buf *out);
