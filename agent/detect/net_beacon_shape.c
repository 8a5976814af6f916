/* SPDX-License-Identifier: Apache-2.0 */
/* How even a series is: the p of net.beacon, and the conditions beside it. */
#include "agent/detect/net_beacon_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTERVALS_LEAST = 8, DAY_LEAST = 4 /* contacts between two nights, on average */ };
#define NEAR            0.55 /* jitter of 50 %, and a little */
#define DEVIATION_MOST  0.33 /* of the median; uniform jitter of 50 % has 0.25, chance 0.69 */
#define SLEEP           3.0  /* times the median */
#define SLEEPS_SHARE    0.05
#define NIGHT_MS        (4 * 3600e3)
#define NIGHTS_APART_MS (20 * 3600e3)

static int
by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

size_t
beacon_sorted(const uint32_t *ring, size_t cap, uint32_t count, uint32_t out[BEACON_RING])
{
    size_t n = count < cap ? count : cap;

    memcpy(out, ring, n * sizeof(out[0]));
    qsort(out, n, sizeof(out[0]), by_value);
    return n;
}

double
beacon_quantile(const uint32_t *s, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;

    return low + 1 < n ? s[low] + (at - (double)low) * ((double)s[low + 1] - s[low]) : s[low];
}

/* How many lie within `near` of the median. */
static size_t
count_near(const uint32_t *s, size_t n, double median, double near, double least)
{
    double width = fmax(near * median, least);
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += fabs((double)s[i] - median) <= width;
    return k;
}

double
beacon_deviation(const uint32_t *s, size_t n, double median)
{
    uint32_t d[BEACON_RING];

    for (size_t i = 0; i < n; i++)
        d[i] = (uint32_t)fabs((double)s[i] - median);
    qsort(d, n, sizeof(d[0]), by_value);
    return beacon_quantile(d, n, 0.5);
}

/* P(a, x), the regularised lower incomplete gamma function for x < a + 1: Abramowitz and Stegun 6.5.29. */
static double
gamma_lower(double a, double x)
{
    double term = 1 / a, sum = term;

    if (!(x > 0))
        return 0;
    for (int i = 1; i < 500 && term > sum * 1e-12; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum * exp(a * log(x) - x - lgamma(a));
}

/* Contacts by chance (a Poisson process) have exponential intervals; a clock with jitter is more even.
 * Moran's statistic, the likelihood ratio against gamma intervals of any shape, with Bartlett's factor,
 * is chi-squared with n - 1 degrees then (Moran 1951; Bartholomew 1957); its lower tail is p. Uniform
 * jitter of 50 % over 20 intervals gives 1e-9. */
static double
moran_p(const uint32_t *s, size_t n)
{
    double sum = 0, logs = 0, statistic;

    for (size_t i = 0; i < n; i++) {
        sum += fmax(s[i], 1);
        logs += log(fmax(s[i], 1));
    }
    statistic = 2 * (double)n * (log(sum / (double)n) - logs / (double)n) /
                (1 + ((double)n + 1) / (6 * (double)n));
    if (statistic > (double)n - 1)
        return 1;
    return fmin(1, fmax(gamma_lower(((double)n - 1) / 2, statistic / 2), 1e-300));
}

/* Without the sleeps, at the end of the sorted intervals: one a day that is long (a night, a weekend;
 * the ring may hold few contacts of a day, but a visit now and then is none), and a few others of many times the median. Chance alone
 * would have more of them (one in eight). */
static size_t
awake(const uint32_t *s, size_t n)
{
    double median = beacon_quantile(s, n, 0.5), span = 0;
    size_t kept = n, nights;

    for (size_t i = 0; i < n; i++)
        span += s[i];
    nights = 1 + (size_t)(span / NIGHTS_APART_MS);
    nights = nights < n / DAY_LEAST ? nights : n / DAY_LEAST;
    while (nights > 0 && kept > INTERVALS_LEAST && s[kept - 1] > fmax(SLEEP * median, NIGHT_MS)) {
        kept--;
        nights--;
    }
    n = kept;
    while (kept > 0 && s[kept - 1] > SLEEP * median)
        kept--;
    return (double)(n - kept) <= SLEEPS_SHARE * (double)n + 1 ? kept : n;
}

struct beacon_shape
beacon_shape_of(const struct beacon *b, const struct beacon_series *series)
{
    uint32_t s[BEACON_RING];
    struct beacon_shape out = {.p = 1};
    size_t n = beacon_sorted(series->interval_ms, BEACON_RING, series->interval_count, s);
    double q1, q2, q3;

    if (n < INTERVALS_LEAST)
        return out;
    n = awake(s, n);
    q1 = beacon_quantile(s, n, 0.25);
    q2 = beacon_quantile(s, n, 0.5);
    q3 = beacon_quantile(s, n, 0.75);
    out.near_share = (double)count_near(s, n, q2, NEAR, 0) / (double)n;
    out.median_s = q2 / 1000;
    out.deviation_s = beacon_deviation(s, n, q2) / 1000;
    out.skew = q3 > q1 ? (q1 + q3 - 2 * q2) / (q3 - q1) : 0;
    out.p = moran_p(s, n);
    n = beacon_sorted(series->size, BEACON_SIZES, series->size_count, s);
    if (n == 0)
        return out;
    out.size = beacon_quantile(s, n, 0.5);
    out.size_share = (double)count_near(s, n, out.size, 0.15, 32) / (double)n;
    /* A skewed spread with a wide middle is people, not a clock; within a narrow one it says
     * nothing. */
    out.regular = out.near_share >= b->near_share && out.size_share >= b->size_share &&
                  out.deviation_s <= DEVIATION_MOST * out.median_s &&
                  (fabs(out.skew) <= 0.7 || out.deviation_s <= 0.1 * out.median_s);
    return out;
}
