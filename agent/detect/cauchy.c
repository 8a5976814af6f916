/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/cauchy.h"

#include <math.h>

#define PI 3.14159265358979323846
/* Below this the tangent is its argument, to the last digit. */
#define TINY 1e-9

void
cauchy_add(struct cauchy *c, double p)
{
    cauchy_add_share(c, p, 1);
}

void
cauchy_add_share(struct cauchy *c, double p, double share)
{
    if (!(p > CAUCHY_P_MIN))
        p = CAUCHY_P_MIN;
    if (p > 1)
        p = 1;
    /* cot(pi p) is tan(pi (1/2 - p)) without the cancellation at small p. Beyond one half it goes
     * on, still falling, but down to -1/2 only. */
    if (p < TINY)
        c->sum += share / (PI * p);
    else
        c->sum += share * (p < 0.5 ? 1 / tan(PI * p) : 0.5 - p);
    c->count++;
}

static double
tail(double t)
{
    return t > 1e-12 ? atan(1 / t) / PI : 0.5 - t / PI;
}

double
cauchy_mean(const struct cauchy *c)
{
    return c->count == 0 ? 1 : tail(c->sum / c->count);
}

double
cauchy_sum(const struct cauchy *c)
{
    return c->count == 0 ? 1 : tail(c->sum);
}
