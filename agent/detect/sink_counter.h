/* SPDX-License-Identifier: Apache-2.0 */
/* sink_counter: a sink before another one, which knows how many events wait for the commit. */
#pragma once

#include "agent/detect/sink.h"

struct sink_counter {
    struct sink sink; /* hand this one on */
    const struct sink *to;
    unsigned events; /* since its owner put it to 0 */
};

/* `c` does not move afterwards; `to` outlives it. */
void sink_counter_init(struct sink_counter *c, const struct sink *to);
