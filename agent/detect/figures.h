/* SPDX-License-Identifier: Apache-2.0 */
/* figures: what a shop's hours look like in numbers: bytes from and to the world, sales by currency. No
 * detector: the keeper sends them up for the pictures of the collector (agent/keeper/hours.h).
 *
 * Sums by hour of event time since the sensor began. When full, the hour changed longest ago goes. */
#pragma once

#include "agent/detect/obs.h"

enum { FIGURES_CELLS = 64, FIGURES_FLOWS = 512, FIGURES_TOLD = 26 };

struct figures {
    struct figures_cell {
        int64_t hour; /* since 1970; 0: free */
        char unit[4]; /* "": bytes (a in, b out); a currency: sales (a how many, b their amount) */
        uint64_t a, b;
        uint64_t stamp; /* of the last change */
    } cell[FIGURES_CELLS];
    struct figures_flow {
        uint64_t id, in, out; /* counted so far of a flow that goes on */
    } flow[FIGURES_FLOWS];
    uint64_t stamp;
};

/* The kinds that it looks at, as bits 1 << obs_kind. */
#define FIGURES_KINDS (1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_TXN)

void figures_observe(struct figures *f, const struct obs *obs);
/* Adds "figures": [[hour, unit, a, b]], the FIGURES_TOLD changed last. */
void figures_health(const struct figures *f, json_t *health);
