/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/meter.h"

struct meter
meter_of(int64_t one_in, int64_t most_ns, int64_t now_ns)
{
    return (struct meter){
        .one_in = one_in, .most_ns = most_ns, .saved_ns = most_ns, .last_ns = now_ns};
}

bool
meter_open(struct meter *m, int64_t now_ns)
{
    int64_t earned = (now_ns - m->last_ns) / m->one_in;

    if (earned > 0) { /* what is less than a nanosecond stays in last_ns */
        m->last_ns += earned * m->one_in;
        m->saved_ns = earned > m->most_ns - m->saved_ns ? m->most_ns : m->saved_ns + earned;
    }
    return m->saved_ns > 0;
}

void
meter_spend(struct meter *m, int64_t used_ns)
{
    m->saved_ns -= used_ns;
}

int64_t
meter_wait(const struct meter *m)
{
    return m->saved_ns > 0 ? 0 : (1 - m->saved_ns) * m->one_in;
}
