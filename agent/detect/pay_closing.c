/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_closing.h"

#include <math.h>

#include "agent/detect/codec.h"
#include "common/vtime.h"

/* Sales of a weekday before it says anything. */
#define LEAST 200.0

static bool
slot_of(const struct zone *zone, int64_t t_ns, unsigned *day, unsigned *quarter)
{
    struct zone_local at;

    zone_to_local(zone, t_ns, &at);
    *day = at.weekday;
    *quarter = at.hour * 4 + at.min / 15;
    return *day < PAY_CLOSING_DAYS && *quarter < PAY_CLOSING_QUARTERS;
}

static void
forget(struct pay_closing *c, int64_t now_ns)
{
    float keep;

    if (c->folded_ns == 0)
        c->folded_ns = now_ns;
    if (now_ns - c->folded_ns < VG_DAY_NS)
        return;
    keep = (float)exp(-(double)(now_ns - c->folded_ns) / (double)PAY_CLOSING_MEMORY_NS);
    for (unsigned d = 0; d < PAY_CLOSING_DAYS; d++)
        for (unsigned q = 0; q < PAY_CLOSING_QUARTERS; q++)
            c->sales[d][q] *= keep;
    c->folded_ns = now_ns;
}

void
pay_closing_sale(struct pay_closing *c, const struct zone *zone, int64_t t_ns)
{
    unsigned day, quarter;

    forget(c, t_ns);
    if (slot_of(zone, t_ns, &day, &quarter))
        c->sales[day][quarter] += 1;
}

double
pay_closing_left(const struct pay_closing *c, const struct zone *zone, int64_t t_ns)
{
    double all = 0, left = 0;
    unsigned day, quarter;

    if (!slot_of(zone, t_ns, &day, &quarter))
        return 1;
    for (unsigned q = 0; q < PAY_CLOSING_QUARTERS; q++) {
        all += (double)c->sales[day][q];
        left += q >= quarter ? (double)c->sales[day][q] : 0;
    }
    return all >= LEAST ? left / all : 1;
}

void
pay_closing_put(const struct pay_closing *c, struct buf *out)
{
    codec_put_i64(out, c->folded_ns);
    for (unsigned d = 0; d < PAY_CLOSING_DAYS; d++)
        for (unsigned q = 0; q < PAY_CLOSING_QUARTERS; q++)
            codec_put_f32(out, c->sales[d][q]);
}

void
pay_closing_get(struct pay_closing *c, struct slice *in)
{
    c->folded_ns = codec_time(in);
    for (unsigned d = 0; d < PAY_CLOSING_DAYS; d++)
        for (unsigned q = 0; q < PAY_CLOSING_QUARTERS; q++)
            c->sales[d][q] = codec_f32(in);
}
