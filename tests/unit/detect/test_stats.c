/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics: each one's statistical property on seeded data, and its blob. */
#include "judge_kit.h"

#include <math.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/countsketch.h"
#include "agent/detect/firstseen.h"
#include "agent/detect/pay_common.h"
#include "agent/detect/season.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

#define T0 (INT64_C(1700000000) * VG_SEC_NS)

static double
normal(struct kit_rng *r)
{
    return sqrt(-2 * log(kit_uniform(r))) * cos(6.283185307179586 * kit_uniform(r));
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* ---- moments ---- */

/* The predictive upper tail covers as it says, from five observations on. */
static void
test_moments_coverage(void **state)
{
    struct kit_rng rng;
    int over[3] = {0};
    const double level[3] = {0.2, 0.05, 0.01};

    (void)state;
    kit_seed(&rng, 11);
    for (int round = 0; round < 20000; round++) {
        struct moments m = {0};
        struct moments_expect e;
        double p;

        for (int i = 0; i < 5; i++)
            moments_add(&m, 40 + 3 * normal(&rng), 1, T0 + i * VG_SEC_NS, VG_DAY_NS * 90);
        /* unbiased: the population variance of five has four degrees of freedom */
        e = (struct moments_expect){m.mean, m.squares / (m.weight - 1), m.weight - 1};
        p = moments_upper_p(&e, e.mean + (40 + 3 * normal(&rng) - e.mean) *
                                             sqrt((1 + 1.0 / 4) / (1 + 1.0 / 5)));
        for (int k = 0; k < 3; k++)
            over[k] += p < level[k];
    }
    for (int k = 0; k < 3; k++) {
        double share = over[k] / 20000.0;

        print_message("moments: p < %g in %.4f\n", level[k], share);
        assert_true(share > level[k] * 0.85 && share < level[k] * 1.15);
    }
}

static void
test_moments_forget(void **state)
{
    struct moments m = {0};
    struct moments_expect parent = {10, 4, 100}, e;
    struct buf blob;
    struct slice in;
    struct moments back = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        moments_add(&m, 5, 1, T0 + i * VG_HOUR_NS, 10 * VG_DAY_NS);
    assert_true(fabs(m.weight - 240) < 8); /* rate times memory */
    for (int i = 1000; i < 2000; i++)
        moments_add(&m, 9, 1, T0 + i * VG_HOUR_NS, 10 * VG_DAY_NS);
    assert_true(m.mean > 8.9 && m.mean < 9);   /* it follows */
    moments_add(&m, 1, 1, T0, 10 * VG_DAY_NS); /* late: counts, without forgetting backwards */
    e = moments_shrink(&(struct moments){0}, &parent, 3);
    assert_true(e.mean == 10 && e.variance == 4);
    e = moments_shrink(&(struct moments){.weight = 3, .mean = 20}, &parent, 3);
    assert_true(fabs(e.mean - 15) < 1e-12);
    buf_init(&blob, 100);
    moments_put(&m, &blob);
    in = buf_slice(&blob);
    moments_get(&back, &in);
    assert_true(!in.bad && memcmp(&m, &back, sizeof m) == 0);
    buf_done(&blob);
}

/* ---- quantile and tail ---- */

static void
test_quantile_rank(void **state)
{
    enum { N = 50000 };
    static struct quantile q, half, both;
    double *x = malloc(N * sizeof *x);
    struct kit_rng rng;

    (void)state;
    assert_non_null(x);
    kit_seed(&rng, 5);
    quantile_init(&q, 0);
    quantile_init(&half, 0);
    quantile_init(&both, 0);
    for (int i = 0; i < N; i++) {
        x[i] = exp(8 + 1.5 * normal(&rng));
        quantile_add(&q, x[i], 1);
        quantile_add(i % 2 == 0 ? &half : &both, x[i], 1);
    }
    quantile_merge(&both, &half);
    qsort(x, N, sizeof *x, by_value);
    for (int k = 1; k < 100; k++) {
        double truth = x[N * k / 100], got = quantile_value(&q, k / 100.0);

        assert_true(fabs(got / truth - 1) < 0.03); /* 1.5 % of the bin and the gap between ranks */
        assert_true(fabs(quantile_value(&both, k / 100.0) - got) < 1e-6 * got);
        assert_true(fabs(quantile_above(&q, truth) / N - (1 - k / 100.0)) < 0.006);
    }
    free(x);
}

static void
test_quantile_forget(void **state)
{
    static struct quantile q, back;
    struct buf blob;
    struct slice in;

    (void)state;
    quantile_init(&q, 10 * VG_DAY_NS);
    for (int i = 0; i < 5000; i++) {
        quantile_time(&q, T0 + i * VG_HOUR_NS);
        quantile_add(&q, i < 2500 ? 100 : 1000, 1);
    }
    assert_true(fabs(quantile_weight(&q) - 240) < 3);
    assert_true(quantile_above(&q, 500) / quantile_weight(&q) > 0.999);
    buf_init(&blob, 20000);
    quantile_put(&q, &blob);
    in = buf_slice(&blob);
    quantile_init(&back, 10 * VG_DAY_NS);
    quantile_get(&back, &in);
    assert_true(!in.bad && in.left == 0 && memcmp(&q, &back, sizeof q) == 0);
    for (size_t n = 0; n < blob.len; n += 7) { /* cut short: refused, and empty afterwards */
        uint8_t *cut = malloc(n + 1);

        assert_non_null(cut);
        memcpy(cut, blob.data, n);
        in = slice_of(cut, n);
        quantile_get(&back, &in);
        assert_true(in.bad && quantile_weight(&back) == 0);
        free(cut);
    }
    buf_done(&blob);
}

/* Under the null p < alpha happens with at most about alpha, for light and heavy tails, and p goes on
 * falling beyond the largest value seen. */
static void
test_tail_false_alarms(void **state)
{
    static struct quantile q;
    const double level[4] = {0.1, 0.01, 1e-3, 1e-4};
    struct kit_rng rng;

    (void)state;
    kit_seed(&rng, 21);
    for (int shape = 0; shape < 3; shape++) {
        int over[4] = {0}, rounds = 200, tests = 2000;
        double last = 1;

        for (int round = 0; round < rounds; round++) {
            quantile_init(&q, 0);
            for (int i = -2000; i < tests; i++) {
                double u = kit_uniform(&rng);
                double x = shape == 0   ? 5000 + 1000 * normal(&rng)
                           : shape == 1 ? exp(7 + normal(&rng))
                                        : 100 / pow(u, 1 / 1.5);

                if (i >= 0)
                    for (int k = 0; k < 4; k++)
                        over[k] += tail_upper_p(&q, x) < level[k];
                quantile_add(&q, x, 1);
            }
        }
        for (int k = 0; k < 4; k++) {
            double share = over[k] / (double)(rounds * tests);

            print_message("tail shape %d: p < %g in %.6f\n", shape, level[k], share);
            assert_true(share < level[k] * (k < 3 ? 1.2 : 2.5));
            assert_true(k == 3 || share > level[k] * 0.5);
        }
        for (double x = quantile_top(&q); x < 1e9; x *= 1.5) {
            double p = tail_upper_p(&q, x);

            assert_true(p < last && p > 0);
            last = p;
        }
    }
}

/* ---- cauchy ---- */

/* The combination keeps its level when the parts are independent, equal, or in between. */
static void
test_cauchy_level(void **state)
{
    struct kit_rng rng;

    (void)state;
    kit_seed(&rng, 31);
    for (int kind = 0; kind < 3; kind++) {
        int over = 0;

        for (int i = 0; i < 400000; i++) {
            double common = normal(&rng), w = kind == 0 ? 0 : kind == 1 ? 0.7 : 1;
            struct cauchy c = {0};

            for (int k = 0; k < 4; k++) {
                double z = sqrt(w) * common + sqrt(1 - w) * normal(&rng);

                cauchy_add(&c, 0.5 * erfc(z / sqrt(2)));
            }
            over += cauchy_mean(&c) < 0.001;
        }
        print_message("cauchy %d: p < 0.001 in %.6f\n", kind, over / 400000.0);
        assert_true(over > 400 * 0.7 && over < 400 * 1.2);
    }
}

/* ---- first seen ---- */

static void
test_firstseen(void **state)
{
    const struct firstseen_options o = {
        .keys_max = 1000, .age_ns = 30 * VG_DAY_NS, .memory_ns = 60 * VG_DAY_NS, .name = 'f'};
    struct firstseen *s = NULL, *back = NULL;
    struct kit kit;
    struct state_out out;
    double p;

    (void)state;
    kit_init(&kit);
    out = (struct state_out){&kit.sink, "pay.test"};
    assert_int_equal(firstseen_new(&o, &s), VG_OK);
    assert_int_equal(firstseen_learning_ns(s, T0), 0);
    for (uint64_t i = 0; i < 2000; i++) /* 100 keys, each seen 20 times */
        (void)firstseen_see(s, (i % 100) * UINT64_C(0x9e3779b97f4a7c15),
                            T0 + (int64_t)i * VG_MIN_NS, 1, &p);
    assert_int_equal(firstseen_count(s), 100);
    assert_true(firstseen_learning_ns(s, T0 + VG_DAY_NS) == VG_DAY_NS);
    assert_true(firstseen_see(s, 77, T0 + 2 * VG_DAY_NS, 0, &p));
    assert_true(p > 0.03 && p < 0.07);         /* one in twenty was new */
    assert_int_equal(firstseen_count(s), 100); /* weight 0 only looks */
    assert_false(firstseen_see(s, 0, T0 + 2 * VG_DAY_NS, 1, &p));
    assert_true(p == 1);
    firstseen_save(s, &out);
    assert_int_equal(firstseen_new(&o, &back), VG_OK);
    for (size_t i = 0; i < kit.row_count; i++) {
        struct slice key = slice_of(kit.rows[i].key, kit.rows[i].key_len);

        assert_true(firstseen_owns(back, key));
        assert_int_equal(firstseen_load(back, key, kit.rows[i].version,
                                        slice_of(kit.rows[i].blob, kit.rows[i].blob_len)),
                         VG_OK);
    }
    assert_true(firstseen_knows(back, UINT64_C(0x9e3779b97f4a7c15), T0 + 3 * VG_DAY_NS));
    assert_false(firstseen_knows(back, UINT64_C(0x9e3779b97f4a7c15), T0 + 60 * VG_DAY_NS));
    for (uint64_t i = 0; i < 5000; i++) /* the cap holds, the oldest go */
        (void)firstseen_see(back, (i + 1000) * UINT64_C(0x9e3779b97f4a7c15), T0 + 4 * VG_DAY_NS, 1,
                            &p);
    assert_int_equal(firstseen_count(back), 1000);
    assert_true(firstseen_evicted(back) == 4100);
    assert_false(firstseen_knows(back, UINT64_C(0x9e3779b97f4a7c15), T0 + 4 * VG_DAY_NS));
    firstseen_free(s);
    firstseen_free(back);
    kit_done(&kit);
}

/* ---- count sketch ---- */

static void
test_countsketch(void **state)
{
    enum { KEYS = 5000, WIDTH = 2048 };
    static double truth[KEYS];
    struct countsketch *s = NULL, *back = NULL;
    struct kit_rng rng;
    struct buf blob;
    struct slice in;
    double total = 0;
    int off = 0;

    (void)state;
    kit_seed(&rng, 41);
    memset(truth, 0, sizeof truth);
    assert_int_equal(countsketch_new(1000, 0, &s), VG_ERR_LIMIT);
    assert_int_equal(countsketch_new(WIDTH, 7 * VG_DAY_NS, &s), VG_OK);
    for (int i = 0; i < 100000; i++) {
        double u = kit_uniform(&rng);
        int k = (int)(KEYS * u * u * u); /* few keys often, many seldom */
        uint64_t key = str_hash(&STR_HASH_STORED, &k, sizeof k);

        countsketch_add(s, key, 1, T0);
        truth[k] += 1;
        total += 1;
    }
    for (int k = 0; k < KEYS; k++) {
        double got = countsketch_estimate(s, str_hash(&STR_HASH_STORED, &k, sizeof k));

        assert_true(got >= truth[k]);
        off += got > truth[k] + 2 * total / WIDTH;
    }
    assert_true(off < KEYS / 16);
    buf_init(&blob, 256 * 1024);
    countsketch_put(s, &blob);
    in = buf_slice(&blob);
    assert_int_equal(countsketch_new(WIDTH, 7 * VG_DAY_NS, &back), VG_OK);
    countsketch_get(back, &in);
    assert_true(!in.bad && countsketch_total(back) == total);
    countsketch_add(back, 1, 1, T0 + 14 * VG_DAY_NS); /* two half lives */
    assert_true(fabs(countsketch_total(back) - (total / 4 + 1)) < 1e-6);
    buf_done(&blob);
    countsketch_free(s);
    countsketch_free(back);
}

/* ---- seasons ---- */

static struct zone_local
day(int year, unsigned month, unsigned d)
{
    struct zone_local l = {.year = year, .month = month, .day = d};

    l.weekday = (unsigned)((vtime_days_from_civil(year, month, d) + 3) % 7);
    return l;
}

static void
test_season_days(void **state)
{
    static const struct {
        int year;
        unsigned month, day;
        enum season_day kind;
    } rows[] = {
        {2024, 3, 13, SEASON_WORKDAY},  {2024, 3, 15, SEASON_PAYDAY}, /* a Friday */
        {2024, 3, 16, SEASON_SATURDAY}, {2024, 3, 17, SEASON_SUNDAY},
        {2024, 3, 18, SEASON_SUNDAY}, /* third Monday of March */
        {2024, 3, 29, SEASON_PAYDAY}, /* Friday before Sunday the 31st */
        {2024, 2, 29, SEASON_PAYDAY},   {2024, 5, 1, SEASON_SUNDAY},
        {2024, 9, 16, SEASON_SUNDAY},   {2024, 12, 25, SEASON_SUNDAY},
        {2024, 6, 14, SEASON_PAYDAY}, /* the 15th is a Saturday */
        {2024, 10, 1, SEASON_SUNDAY},   {2025, 10, 1, SEASON_WORKDAY},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct zone_local l = day(rows[i].year, rows[i].month, rows[i].day);

        assert_int_equal(season_day_of(&l), rows[i].kind);
    }
}

/* Two levels by the hour are told apart after two weeks; hours of the week after eight; an hour
 * never seen gives the overall level. */
static void
test_season_levels(void **state)
{
    static struct season s, back;
    struct season_clock clock;
    struct zone *zone = zone_utc();
    struct kit_rng rng;
    struct buf blob;
    struct slice in, cut;
    const int64_t monday = INT64_C(1704672000) * VG_SEC_NS; /* 2024-01-08 */

    (void)state;
    memset(&s, 0, sizeof s);
    assert_non_null(zone);
    kit_seed(&rng, 51);
    season_clock_init(&clock, zone);
    for (int h = 0; h < 24 * 7 * 12; h++) {
        int64_t t = monday + h * VG_HOUR_NS;
        bool noon = h % 24 == 12, tuesday = h / 24 % 7 == 1;

        if (h % 24 < 9)
            continue;
        if (h == 24 * 14) {
            struct moments_expect at = season_expect(&s, season_at(&clock, t + 12 * VG_HOUR_NS), t);
            struct moments_expect night =
                season_expect(&s, season_at(&clock, t + 3 * VG_HOUR_NS), t);

            assert_true(at.mean > 25 && at.mean < 60);
            assert_true(fabs(night.mean - s.all.mean) < 1e-9);
        }
        season_add(&s, season_at(&clock, t),
                   (noon ? 50 : 10) + (noon && tuesday ? 40 : 0) + normal(&rng), 1, t);
    }
    {
        int64_t t = monday + 12 * VG_WEEK_NS;
        struct moments_expect mon = season_expect(&s, season_at(&clock, t + 12 * VG_HOUR_NS), t);
        struct moments_expect tue = season_expect(&s, season_at(&clock, t + 36 * VG_HOUR_NS), t);

        assert_true(tue.mean > mon.mean + 8);
    }
    buf_init(&blob, 64 * 1024);
    season_put(&s, &blob);
    in = buf_slice(&blob);
    season_get(&back, &in);
    assert_true(!in.bad && in.left == 0 && memcmp(&s, &back, sizeof s) == 0);
    cut = slice_of(blob.data, blob.len - 1);
    season_get(&back, &cut);
    assert_true(cut.bad && back.all.weight == 0);
    buf_done(&blob);
    zone_free(zone);
}

/* ---- counts ---- */

/* Upper tail of the negative binomial, term by term. */
static double
count_tail(double k, double mean, double size)
{
    double q = mean / (mean + size), sum = 0;
    double term =
        exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + size * log1p(-q) + k * log(q));

    for (double i = 0; i < 1e7 && term > sum * 1e-14; i++) {
        sum += term;
        term *= (k + i + size) / (k + i + 1) * q;
    }
    return sum;
}

/* The tail is right for a quiet till and for the busiest processor: none of it is cut off. */
static void
test_count_tail(void **state)
{
    static const double means[] = {0.5, 3, 14, 16, 40, 300, 6500, 100000}, sizes[] = {1.5, 3, 8},
                        times[] = {1.01, 1.5, 3, 8};

    (void)state;
    for (size_t m = 0; m < VG_ARRAY_LEN(means); m++)
        for (size_t s = 0; s < VG_ARRAY_LEN(sizes); s++)
            for (size_t i = 0; i < VG_ARRAY_LEN(times); i++) {
                double k = ceil(means[m] * times[i] + 0.5);
                double want = count_tail(k, means[m], sizes[s]);
                double got = pay_count_p(k, means[m], sizes[s]);

                if (!(fabs(got - want) < 1e-6 * want))
                    fail_msg("mean %g size %g k %g: %g, not %g", means[m], sizes[s], k, got, want);
            }
    assert_true(pay_count_p(5, 5, 3) == 1 && pay_count_p(5, 0, 3) == 1);
    assert_true(pay_count_p(1e7, 1, 8) >= 1e-300);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments_coverage),  cmocka_unit_test(test_moments_forget),
        cmocka_unit_test(test_quantile_rank),     cmocka_unit_test(test_quantile_forget),
        cmocka_unit_test(test_tail_false_alarms), cmocka_unit_test(test_cauchy_level),
        cmocka_unit_test(test_firstseen),         cmocka_unit_test(test_countsketch),
        cmocka_unit_test(test_season_days),       cmocka_unit_test(test_season_levels),
        cmocka_unit_test(test_count_tail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
