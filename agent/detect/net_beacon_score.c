/* SPDX-License-Identifier: Apache-2.0 */
/* A series on the scale of RITA 5 (github.com/activecm/rita, analysis/beacons.go): what people who
 * know that scale look for in the facts of an alert. The four are weighted alike, as there.
 *
 * time, size: the mean of 1 - |Bowley's skewness| and (median - median absolute deviation) / median.
 * day: over the visits in each hour of the last day, the larger of 1 - coefficient of variation and,
 * from MODES_HOURS hours with visits, the share of them that is in the two most frequent heights.
 * lasting: from LASTING_HOURS hours with visits, the larger of the share of the day between first and
 * last visit and the longest run of hours against IDEAL_HOURS.
 * Where RITA has a data set of a day, we have the last 24 hours, or what was watched so far. */
#include "agent/detect/net_beacon_private.h"

#include <math.h>

#include "common/vtime.h"

enum { MODES_HOURS = 11, LASTING_HOURS = 6, IDEAL_HOURS = 12, OUTLIERS = 1 };
#define HEIGHT_SHARE 0.05 /* heights within this share of the largest are one */

static double
spread_score(const uint32_t *v, size_t n, double unit, double without_median)
{
    double q1, q2, q3, skew = 0, even = without_median;

    if (n < 3)
        return 0;
    q1 = beacon_quantile(v, n, 0.25);
    q2 = beacon_quantile(v, n, 0.5);
    q3 = beacon_quantile(v, n, 0.75);
    if (q3 - q1 >= 10 * unit && q2 > q1 && q2 < q3)
        skew = (q1 + q3 - 2 * q2) / (q3 - q1);
    if (q2 >= unit)
        even = fmax(0, (q2 - beacon_deviation(v, n, q2)) / q2);
    return (1 - fabs(skew) + even) / 2;
}

/* The hours of the last day that were watched, the oldest first. */
static size_t
hours_of(const struct beacon *b, const struct beacon_series *s, uint16_t out[BEACON_DAY_HOURS])
{
    int64_t watched = s->hour - b->since_ns / VG_HOUR_NS + 1;
    size_t n = watched < BEACON_DAY_HOURS ? (size_t)(watched > 1 ? watched : 1) : BEACON_DAY_HOURS;

    for (size_t i = 0; i < n; i++)
        out[i] = s->hours[(uint64_t)(s->hour - (int64_t)(n - 1 - i)) % BEACON_DAY_HOURS];
    return n;
}

static double
flat_score(const uint16_t *hours, size_t n)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        sum += hours[i];
        squares += (double)hours[i] * hours[i];
    }
    if (!(sum > 0))
        return 0;
    return fmax(0, 1 - sqrt(fmax(0, squares / (double)n - sum / (double)n * sum / (double)n)) /
                           (sum / (double)n));
}

static double
modes_score(const uint16_t *hours, size_t n, size_t bars)
{
    unsigned largest = 0, height, first = 0, second = 0;

    if (bars < MODES_HOURS)
        return 0;
    for (size_t i = 0; i < n; i++)
        largest = hours[i] > largest ? hours[i] : largest;
    height = (unsigned)ceil(largest * HEIGHT_SHARE);
    for (unsigned at = 0; at <= largest; at += height) {
        unsigned count = 0;

        for (size_t i = 0; i < n; i++)
            count += hours[i] > 0 && hours[i] >= at && hours[i] < at + height;
        if (count > first) {
            second = first;
            first = count;
        } else if (count > second) {
            second = count;
        }
    }
    return fmin(1, (double)(first + second) / (double)(bars - OUTLIERS));
}

static double
lasting_score(const uint16_t *hours, size_t n, size_t bars)
{
    size_t first = n, last = 0, run = 0, longest = 0;

    if (bars < LASTING_HOURS)
        return 0;
    for (size_t i = 0; i < 2 * n; i++) { /* around midnight as well */
        run = hours[i % n] > 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
        if (i < n && hours[i] > 0) {
            first = first == n ? i : first;
            last = i;
        }
    }
    return fmin(1, fmax((double)(last - first + 1) / (double)n, (double)longest / IDEAL_HOURS));
}

struct beacon_scores
beacon_scores_of(const struct beacon *b, const struct beacon_series *s)
{
    uint32_t sorted[BEACON_RING];
    uint16_t hours[BEACON_DAY_HOURS];
    struct beacon_scores out = {0};
    size_t n = beacon_sorted(s->interval_ms, BEACON_RING, s->interval_count, sorted), bars = 0;

    out.time = spread_score(sorted, n, 1000, 1);
    n = beacon_sorted(s->size, BEACON_SIZES, s->size_count, sorted);
    out.size = spread_score(sorted, n, 1, 0);
    n = hours_of(b, s, hours);
    for (size_t i = 0; i < n; i++)
        bars += hours[i] > 0;
    out.day = fmax(flat_score(hours, n), modes_score(hours, n, bars));
    out.lasting = lasting_score(hours, n, bars);
    out.all = (out.time + out.size + out.day + out.lasting) / 4;
    return out;
}
