/* SPDX-License-Identifier: Apache-2.0 */
/* pay.velocity: too many payments in a row from one card, customer, address, device or terminal.
 *
 * For each of them three exponentially forgotten counts (hour, day, week) are held against its own
 * long-run rate, drawn towards what is usual for its kind, by a negative binomial tail; the three
 * are fused by the Cauchy combination. A test is made only where a count is beyond FLOOR (a handful
 * of payments is nobody's burst), and only for the one of the five that stands out most, so that
 * one burst is one alert. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"
#include "agent/detect/moments.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_common.h"
#include "common/vtime.h"

enum { WINDOWS = 3, ENTITIES_MAX = 65536, STATE_VERSION = 1 };
enum { WHO_CARD, WHO_CUSTOMER, WHO_IP, WHO_DEVICE, WHO_TERMINAL, WHO_COUNT };

#define MEMORY_NS (60 * VG_DAY_NS)
/* How many observations what is usual for the kind counts for; and what is usual before anything
 * was learned (a payment comes alone), which counts for as many as KIND_PRIOR payments. */
#define PRIOR      10.0
#define KIND_PRIOR 50.0
#define KIND_ALONE 1.5

/* From here on a burst is that of the first of them that shows it: the card rather than its terminal,
 * so that one burst keeps one subject. */
#define CLEAR_P 1e-3

/* A forgotten count with this time constant holds about what came within it. */
static const int64_t WINDOW_NS[WINDOWS] = {VG_HOUR_NS, VG_DAY_NS, VG_WEEK_NS};
/* The busiest window against the average one: nobody pays evenly around the clock. */
static const double PEAK[WINDOWS] = {6, 2, 1.3};

static const struct who {
    const char *kind; /* of the party */
    double floor[WINDOWS], size;
} WHO[WHO_COUNT] = {
    {"card", {5, 8, 15}, 8},    {"customer", {5, 8, 15}, 8},     {"host", {8, 15, 40}, 3},
    {"device", {8, 15, 40}, 3}, {"terminal", {30, 150, 600}, 3},
};

struct pace {
    int64_t at_ns, since_ns;
    float counts[WINDOWS], total; /* total: of the amounts, within the day */
    float base;                   /* forgotten with MEMORY_NS */
};

struct velocity {
    struct judge *judge;
    char currency[4]; /* the shop's */
    struct keytab *paces;
    struct moments usual[WHO_COUNT][WINDOWS]; /* of the counts as a payment comes */
    int64_t since_ns, last_ns;
    double learn_days;
    bool any, changed;
};

struct verdict {
    double p, usual;
    int window;
};

static void
pace_put(const void *cell, struct buf *out)
{
    const struct pace *c = cell;

    codec_put_i64(out, c->at_ns);
    codec_put_i64(out, c->since_ns);
    for (size_t i = 0; i < WINDOWS; i++)
        codec_put_f32(out, c->counts[i]);
    codec_put_f32(out, c->total);
    codec_put_f32(out, c->base);
}

static void
pace_get(void *cell, struct slice *in)
{
    struct pace *c = cell;

    c->at_ns = codec_time(in);
    c->since_ns = codec_time(in);
    for (size_t i = 0; i < WINDOWS; i++)
        c->counts[i] = codec_f32(in);
    c->total = codec_f32(in);
    c->base = codec_f32(in);
}

static void
pace_forget(struct pace *c, int64_t now_ns)
{
    double dt = (double)(now_ns - c->at_ns), week, day, hour;

    if (dt <= 0)
        return;
    week = exp(-dt / (double)VG_WEEK_NS);
    day = week * week * week;
    day = day * day * week; /* the seventh power */
    hour = day * day * day;
    hour = hour * hour;
    hour = hour * hour;
    hour = hour * hour; /* the twenty-fourth of that */
    c->counts[0] = (float)((double)c->counts[0] * hour);
    c->counts[1] = (float)((double)c->counts[1] * day);
    c->counts[2] = (float)((double)c->counts[2] * week);
    c->total = (float)((double)c->total * day);
    c->base = (float)((double)c->base * exp(-dt / (double)MEMORY_NS));
    c->at_ns = now_ns;
}

/* Payments to expect in the window at the busiest, from the record's own past and its kind's. */
static double
expected(const struct velocity *v, const struct pace *c, int who, int w, int64_t now_ns)
{
    double age = (double)(now_ns - c->since_ns), memory = (double)MEMORY_NS;
    double span = memory * (1 - exp(-age / memory)), own = 0, n = (double)c->base;
    const struct moments *kind = &v->usual[who][w];
    double usual =
        (kind->weight * kind->mean + KIND_PRIOR * KIND_ALONE) / (kind->weight + KIND_PRIOR);

    if (span > (double)WINDOW_NS[w])
        own = n / span * (double)WINDOW_NS[w] * PEAK[w];
    else
        n = 0; /* younger than the window: its past says nothing */
    return (n * own + PRIOR * usual) / (n + PRIOR) + 0.5;
}

/* Whether this window can be judged: what is usual for the kind is known from several such windows,
 * and the record is either older than the window or came after that was known (a card as old as the
 * log itself is not new, its past was merely not read). A new terminal is no news for a week: it may
 * be busy from its first hour. */
static bool
seasoned(const struct velocity *v, const struct pace *c, int who, int w, int64_t now_ns)
{
    int64_t known_ns = v->since_ns + 2 * WINDOW_NS[w];

    if (who == WHO_TERMINAL && now_ns - c->since_ns < VG_WEEK_NS)
        return false;
    return now_ns - v->since_ns >= 4 * WINDOW_NS[w] &&
           (now_ns - c->since_ns > 2 * WINDOW_NS[w] || c->since_ns >= known_ns);
}

static struct verdict
judge_pace(const struct velocity *v, const struct pace *c, int who, int64_t now_ns)
{
    struct verdict out = {.p = 1};
    struct cauchy all = {0};
    double least = 1;

    for (int w = 0; w < WINDOWS; w++) {
        double count = (double)c->counts[w], mean, p;

        if (count < WHO[who].floor[w] || !seasoned(v, c, who, w, now_ns))
            continue;
        mean = expected(v, c, who, w, now_ns);
        p = pay_count_p(count, mean, WHO[who].size);
        cauchy_add(&all, p);
        if (p < least) {
            least = p;
            out.window = w;
            out.usual = mean;
        }
    }
    if (least < 1)
        out.p = cauchy_mean(&all);
    return out;
}

static void
learn(struct velocity *v, struct pace *c, int who, double w, int64_t now_ns)
{
    for (size_t i = 0; i < WINDOWS; i++)
        moments_add(&v->usual[who][i], (double)c->counts[i], w, now_ns, MEMORY_NS);
    c->base = (float)((double)c->base + w);
}

static struct pace *
count(struct velocity *v, uint64_t key, const struct txn_view *t)
{
    bool fresh;
    struct pace *c = keytab_touch(v->paces, key, &fresh);

    if (c == NULL)
        return NULL;
    if (fresh)
        c->at_ns = c->since_ns = t->time_ns;
    pace_forget(c, t->time_ns);
    for (size_t i = 0; i < WINDOWS; i++)
        c->counts[i] += 1;
    if (t->has_amount)
        c->total = (float)((double)c->total + (double)t->amount);
    return c;
}

static struct str
name_of(const struct txn_view *t, int who)
{
    const struct str names[WHO_COUNT] = {t->card, t->customer, t->ip, t->device, t->terminal};

    return names[who];
}

static void
report(struct velocity *v, const struct txn_view *t, int who, const struct pace *c,
       const struct verdict *verdict)
{
    struct party subject;
    struct test test = {
        .detector = "pay.velocity", .time_ns = t->time_ns, .subject = &subject, .p = verdict->p};

    if (judge_test_idle(v->judge, t->time_ns, test.p))
        return;
    if (who == WHO_CARD)
        pay_party_card(&subject, t);
    else if (!pay_party(&subject, WHO[who].kind, name_of(t, who), NULL))
        return;
    if (judge_wants(v->judge, test.p)) {
        test.facts = json_pack("{s:I, s:I, s:f, s:I, s:s}", "payments",
                               (json_int_t)lround((double)c->counts[verdict->window]), "seconds",
                               (json_int_t)(WINDOW_NS[verdict->window] / VG_SEC_NS), "usual",
                               round(10 * verdict->usual) / 10, "total",
                               (json_int_t)llround((double)c->total), "currency",
                               t->currency[0] != '\0' ? t->currency : v->currency);
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(v->judge, &test);
}

static void
velocity_observe(void *self, const struct obs *obs)
{
    static const enum pay_key_kind kinds[WHO_COUNT] = {KEY_CARD, KEY_CUSTOMER, KEY_IP, KEY_DEVICE,
                                                       KEY_TERMINAL};
    struct velocity *v = self;
    const struct txn_view *t = obs->txn;
    struct verdict worst = {.p = 1};
    struct pace worst_pace = {0};
    int worst_who = -1;
    bool learned;

    if (t->kind != TXN_SALE && t->kind != TXN_AUTH)
        return;
    if (!v->any) {
        v->any = true;
        v->since_ns = t->time_ns;
    }
    v->changed = true;
    v->last_ns = t->time_ns;
    learned = (double)(t->time_ns - v->since_ns) >= v->learn_days * (double)VG_DAY_NS;
    for (int who = 0; who < WHO_COUNT; who++) {
        uint64_t key = obs->keys->key[kinds[who]];
        struct pace *c = key != 0 ? count(v, key, t) : NULL;
        struct verdict verdict = {.p = 1};

        if (c == NULL)
            continue;
        if (learned)
            verdict = judge_pace(v, c, who, t->time_ns);
        if (verdict.p < worst.p && worst.p > CLEAR_P) {
            worst = verdict;
            worst_pace = *c;
            worst_who = who;
        }
        learn(v, c, who, judge_learn_weight(verdict.p), t->time_ns);
    }
    if (worst_who >= 0)
        report(v, t, worst_who, &worst_pace, &worst);
}

/* ---- state ---- */

static void
velocity_save(void *self, struct state_out *out)
{
    struct velocity *v = self;
    struct buf blob;

    keytab_save(v->paces, out);
    if (!v->changed)
        return;
    v->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    codec_put_i64(&blob, v->since_ns);
    codec_put_i64(&blob, v->last_ns);
    for (size_t k = 0; k < WHO_COUNT; k++)
        for (size_t i = 0; i < WINDOWS; i++)
            moments_put(&v->usual[k][i], &blob);
    if (!blob.bad)
        state_put(out, slice_of("u", 1), STATE_VERSION, buf_slice(&blob));
    buf_done(&blob);
}

static enum vg_err
velocity_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct velocity *v = self;
    struct slice name = key;

    if (keytab_owns(v->paces, key))
        return keytab_load(v->paces, key, version, blob);
    if (key.left != 1 || slice_u8(&name) != 'u' || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    v->since_ns = codec_time(&blob);
    v->last_ns = codec_time(&blob);
    for (size_t k = 0; k < WHO_COUNT; k++)
        for (size_t i = 0; i < WINDOWS; i++)
            moments_get(&v->usual[k][i], &blob);
    v->any = !blob.bad;
    return blob.bad ? VG_ERR_FORMAT : VG_OK;
}

static void
velocity_free(void *self)
{
    struct velocity *v = self;

    if (v == NULL)
        return;
    keytab_free(v->paces);
    free(v);
}

static enum vg_err
velocity_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options paces = {.cell_bytes = sizeof(struct pace),
                                                .cells_max = ENTITIES_MAX,
                                                .roomy = true,
                                                .row_bits = 11,
                                                .name = 'p',
                                                .version = STATE_VERSION,
                                                .put = pace_put,
                                                .get = pace_get};
    struct velocity *v = calloc(1, sizeof *v);
    enum vg_err err;

    if (v == NULL)
        return VG_ERR_NOMEM;
    v->judge = env->judge;
    (void)vg_strcpy(v->currency, sizeof v->currency, env->currency != NULL ? env->currency : "");
    err = pay_setting(env->settings, "learn_days", 7, 0, 365, &v->learn_days, why);
    if (err == VG_OK)
        err = keytab_new(&paces, &v->paces);
    if (err != VG_OK) {
        velocity_free(v);
        return err;
    }
    pay_ahead_add(env->ahead, v->paces, KEY_CARD);
    pay_ahead_add(env->ahead, v->paces, KEY_CUSTOMER);
    pay_ahead_add(env->ahead, v->paces, KEY_IP);
    *self = v;
    return VG_OK;
}

static void
velocity_health(const void *self, json_t *counters)
{
    const struct velocity *v = self;
    bool learning =
        !v->any || (double)(v->last_ns - v->since_ns) < v->learn_days * (double)VG_DAY_NS;

    (void)json_object_set_new(counters, "learning", json_integer(learning));
    (void)json_object_set_new(counters, "known", json_integer((json_int_t)keytab_count(v->paces)));
    (void)json_object_set_new(counters, "turned_away",
                              json_integer((json_int_t)keytab_evicted(v->paces)));
}

const struct detector PAY_VELOCITY = {
    .name = "pay.velocity",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = velocity_make,
    .observe = velocity_observe,
    .save = velocity_save,
    .load = velocity_load,
    .free = velocity_free,
    .health = velocity_health,
};
