/* SPDX-License-Identifier: Apache-2.0 */
/* hours: the figures of the sensors (agent/detect/figures.h) as health events agent.hour, one for each hour
 * that is over, for the collector's pictures. What a sensor adds to an hour later (a log that is exported
 * once a day) is one more event, of the difference: the collector adds them up. What was not told when the
 * keeper is killed is lost: it is for pictures. Pure but for hours_look()'s callback. */
#pragma once

#include "common/event.h"

/* As many as a sensor holds (FIGURES_CELLS), and more than it tells at once: the one that it told of longest
 * ago gives way, which by then it has forgotten too. */
enum { HOURS_CELLS = 64, HOURS_SENSORS = 2 };
/* An hour is told when it has been over for so long; and again at most so often. */
#define HOURS_LATE_NS  (INT64_C(90) * 1000000000)
#define HOURS_AGAIN_NS (INT64_C(600) * 1000000000)
/* Older ones are no news any more. */
#define HOURS_OLD_NS (INT64_C(8) * 86400 * 1000000000)

struct hours {
    struct hours_cell {
        int64_t hour, told_ns; /* hour 0: free */
        uint64_t met;          /* by which look last */
        char unit[4];
        /* `seen`: the sensor's sums; `before`: those of its former lives; `told`: of both. */
        struct hours_sum {
            int64_t a, b;
        } seen, before, told;
    } cell[HOURS_SENSORS][HOURS_CELLS];
    uint64_t looks;
};

/* `facts` is taken: {"sensor": "net", "hour", "in", "out"} or {"sensor": "pay", "hour", "currency", "sales",
 * "amount"}. */
typedef void hours_tell_fn(void *ctx, json_t *facts);

/* Looks at what supervisor_status() gives. `all`: also the hour that is not over (the end of the service). */
void hours_look(struct hours *h, const json_t *workers, bool all, int64_t now_ns,
                hours_tell_fn *tell, void *ctx);
