/* SPDX-License-Identifier: Apache-2.0 */
/* loss: what the net sensor could not look at, as health events: one for an episode, however many
 * packets it took.
 *
 * Counters of loss (kernel drops, caps that were hit, holes in streams) are compared once in
 * NET_LOSS_LOOK_NS of event time. An episode begins when one of them rose by as much as its row in
 * loss.c says, and is over when none rose by a quarter of that for NET_LOSS_QUIET_NS, or when the
 * input ends. It is told when it is over; one that goes on is told after NET_LOSS_PATIENCE_NS, and
 * again after twice as long each time. The event: class health, detector net.loss; facts: `began`,
 * `seconds`, `ongoing`, `packets` seen meanwhile, and by its name each counter that rose. */
#pragma once

#include "agent/net/counters.h"
#include "common/event.h"

#define NET_LOSS_LOOK_NS     (INT64_C(1) * 1000000000)
#define NET_LOSS_QUIET_NS    (INT64_C(60) * 1000000000)
#define NET_LOSS_PATIENCE_NS (INT64_C(600) * 1000000000)

struct net_loss {
    struct net_counters looked, began; /* at the last look; when the episode, or its part, began */
    int64_t looked_ns, next_ns, began_ns, lost_ns; /* lost_ns: the last loss that was seen */
    int64_t patience_ns;
    bool open;
};

struct net_loss_episode {
    int64_t began_ns, ended_ns;
    bool ongoing;
    struct net_counters rose;
};

/* A new input begins: what was counted before is no loss of its. */
void net_loss_begin(struct net_loss *loss, const struct net_counters *now);

static inline bool
net_loss_due(const struct net_loss *loss, int64_t now_ns)
{
    return now_ns >= loss->next_ns;
}
/* The clock was set back by `back_ns`: an episode keeps its length. */
void net_loss_clock_back(struct net_loss *loss, int64_t back_ns);
/* Looks. True: *out is to be told. */
bool net_loss_look(struct net_loss *loss, const struct net_counters *now, int64_t now_ns,
                   struct net_loss_episode *out);
/* The input ends. True: *out is to be told. */
bool net_loss_end(struct net_loss *loss, const struct net_counters *now,
                  struct net_loss_episode *out);

/* NULL without memory. */
json_t *net_loss_event(const struct net_loss_episode *episode);
