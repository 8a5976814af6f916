/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/tail.h"

#include <math.h>

/* Hill's estimate of the tail index from the bins above the TAIL_TOP_SHARE quantile. */
static double
tail_index(const struct quantile *q)
{
    double want = q->total * TAIL_TOP_SHARE, seen = 0, logs = 0, index;
    const double step = log(QUANTILE_GROWTH);
    int low = QUANTILE_BINS;

    while (low > 0 && seen < want)
        seen += q->bins[--low];
    for (int i = low; i < QUANTILE_BINS; i++)
        logs += q->bins[i] * (i + 0.5 - low) * step;
    index = logs > 0 ? seen / logs : TAIL_INDEX_MAX;
    return index < TAIL_INDEX_MIN   ? TAIL_INDEX_MIN
           : index > TAIL_INDEX_MAX ? TAIL_INDEX_MAX
                                    : index;
}

double
tail_upper_p(const struct quantile *q, double x)
{
    double n = quantile_weight(q), above = quantile_above(q, x), top, p;

    if (!(n > 0))
        return 1;
    p = (above + 1) / (n + 1);
    if (above > 0)
        return p < 1 ? p : 1;
    top = quantile_top(q);
    if (x > top)
        p *= pow(top / x, tail_index(q));
    return p > 1e-300 ? p : 1e-300;
}
