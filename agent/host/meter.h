/* SPDX-License-Identifier: Apache-2.0 */
/* meter: a budget of processor time: a share of what passes, saved up to a limit, spent as it is
 * used. Times are ns; those of `now_ns` of one monotonic clock. */
#pragma once

#include "common/base.h"

struct meter {
    int64_t one_in;   /* 250: 1/250 of the time that passes */
    int64_t most_ns;  /* what can be saved */
    int64_t saved_ns; /* negative: overdrawn */
    int64_t last_ns;
};

struct meter meter_of(int64_t one_in, int64_t most_ns, int64_t now_ns);
/* Whether something may be spent now; the work is then done whole and paid afterwards. */
bool meter_open(struct meter *m, int64_t now_ns);
void meter_spend(struct meter *m, int64_t used_ns);
/* How long until it is open again; 0: it is. */
int64_t meter_wait(const struct meter *m);
