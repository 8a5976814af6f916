/* SPDX-License-Identifier: Apache-2.0 */
/* pay.off_hours: a terminal takes or gives back money at an hour of the week at which it never does.
 *
 * Each terminal has the hours of the week in which it was used. The first operation of a terminal in
 * an hour is one test: its p is the share of what was seen in hours as rare as this or rarer
 * (neighbouring hours count in part), and for each hour beyond the next to one in which it works it falls by DISTANCE. Opening
 * hours from the configuration speak before that is learned, and are overruled by what is: a web shop
 * sells at night. A till that is used DEEP hours away from all hours in which it ever worked, known for
 * DEEP_WEEKS, is no matter of statistics: the shop is told whatever is left of the budget. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "common/vtime.h"
#include "common/zone.h"

#define MEMORY_NS (120 * VG_DAY_NS)
#define DISTANCE  0.3
/* Hours in which a terminal was used before its own week is known. */
#define LEAST 100.0
/* Hours like this one that are thought to have been seen: somebody stays longer now and then. */
#define PRIOR 3.0
/* An hour with less than this is one in which it does not work. */
#define USED       0.7
#define DEEP       4
#define DEEP_WEEKS 6
/* By the configured hours alone. */
#define P_CLOSED 1e-3

enum { TERMINALS_MAX = 64, DAYS = 7, HOURS = 24, STATE_VERSION = 1 };

struct week {
    int64_t last_hour; /* since 1970, UTC: what was tested last */
    int64_t folded_ns, since_ns;
    float total, slot[DAYS][HOURS];
};

struct off_hours {
    struct pay_frame frame; /* tables[0]: week by terminal */
};

/* What is there at an hour, its neighbours in part. The day wraps onto itself: close enough. */
static double
density(const struct week *w, unsigned day, unsigned hour)
{
    const float *s = w->slot[day];

    return (double)s[hour] +
           0.3 * ((double)s[(hour + 1) % HOURS] + (double)s[(hour + HOURS - 1) % HOURS]);
}

/* Hours to the nearest one in which it works on that day of the week; on another day counts one more. */
static unsigned
distance(const struct week *w, unsigned day, unsigned hour)
{
    unsigned least = HOURS;

    for (unsigned d = 0; d < DAYS; d++)
        for (unsigned h = 0; h < HOURS; h++) {
            unsigned apart = h > hour ? h - hour : hour - h;
            unsigned far = (apart > HOURS / 2 ? HOURS - apart : apart) + (d != day ? 1 : 0);

            if ((double)w->slot[d][h] >= USED && far < least)
                least = far;
        }
    return least;
}

static double
own_p(const struct week *w, unsigned day, unsigned hour)
{
    double here = density(w, day, hour), rarer = 0;

    for (unsigned d = 0; d < DAYS; d++)
        for (unsigned h = 0; h < HOURS; h++)
            if (density(w, d, h) <= here)
                rarer += (double)w->slot[d][h];
    return (rarer + PRIOR) / ((double)w->total + PRIOR) *
           pow(DISTANCE, fmax(distance(w, day, hour), 1) - 1);
}

/* Hours outside the configured ones: 0 within them, or where none are configured. */
static unsigned
closed_by(const struct shop_hours *hours, const struct zone_local *at)
{
    unsigned minute = at->hour * 60 + at->min, open, close;

    if (hours == NULL || !hours->known)
        return 0;
    open = hours->day[at->weekday].open_min;
    close = hours->day[at->weekday].close_min;
    if (open == close)
        return 3;
    if (close < open ? minute >= open || minute < close : minute >= open && minute < close)
        return 0;
    if (minute < open)
        return (open - minute) / 60;
    return (minute - close) / 60;
}

static json_t *
facts_of(const struct off_hours *o, const struct txn_view *t, const struct zone_local *at,
         double weeks)
{
    char clock[8];

    (void)snprintf(clock, sizeof clock, "%02u:%02u", at->hour % 24, at->min % 60);
    return json_pack("{s:s, s:I, s:s, s:s, s:o, s:I}", "clock", clock, "amount",
                     (json_int_t)(t->has_amount ? t->amount : 0), "currency",
                     pay_frame_currency(&o->frame, t), "kind", txn_kind_name(t->kind), "employee",
                     pay_text(t->employee), "weeks", (json_int_t)lround(weeks));
}

static void
report(struct off_hours *o, const struct txn_view *t, const struct zone_local *at, double p,
       double weeks, bool certain)
{
    struct party subject, employee;
    struct test test = {
        .detector = "pay.off_hours", .time_ns = t->time_ns, .subject = &subject, .p = p};
    struct finding finding = {.detector = "pay.off_hours",
                              .time_ns = t->time_ns,
                              .subject = &subject,
                              .score = judge_score(p)};

    if (!pay_party(&subject, "terminal", t->terminal, NULL) &&
        !pay_party(&subject, "log", t->source, NULL))
        return;
    if (certain) {
        finding.facts = facts_of(o, t, at, weeks);
        finding.evidence = json_pack("[o]", pay_evidence(t));
        judge_finding(o->frame.judge, &finding);
        return;
    }
    if (pay_party(&employee, "employee", t->employee, NULL))
        test.peer = &employee;
    if (judge_wants(o->frame.judge, p)) {
        test.facts = facts_of(o, t, at, weeks);
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(o->frame.judge, &test);
}

static void
forget(struct week *w, int64_t now_ns)
{
    float keep;

    if (now_ns - w->folded_ns < VG_DAY_NS)
        return;
    keep = (float)exp(-(double)(now_ns - w->folded_ns) / (double)MEMORY_NS);
    for (unsigned d = 0; d < DAYS; d++)
        for (unsigned h = 0; h < HOURS; h++)
            w->slot[d][h] *= keep;
    w->total *= keep;
    w->folded_ns = now_ns;
}

static void
off_hours_observe(void *self, const struct obs *obs)
{
    struct off_hours *o = self;
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_PLACE];
    struct zone_local at;
    struct week *w;
    double p = 1, weight, weeks;
    unsigned closed;
    bool fresh, known, till = t->terminal.len > 0 && t->ip.len == 0;

    if ((t->kind != TXN_SALE && t->kind != TXN_REFUND && t->kind != TXN_VOID) ||
        t->outcome != TXN_APPROVED || key == 0)
        return;
    pay_frame_time(&o->frame, t->time_ns);
    w = keytab_touch(o->frame.tables[0], key, &fresh);
    if (w == NULL)
        return;
    if (!fresh && t->time_ns / VG_HOUR_NS == w->last_hour)
        return;
    if (fresh)
        w->since_ns = w->folded_ns = t->time_ns;
    w->last_hour = t->time_ns / VG_HOUR_NS;
    zone_to_local(o->frame.zone, t->time_ns, &at);
    if (at.weekday >= DAYS || at.hour >= HOURS)
        return;
    forget(w, t->time_ns);
    weeks = (double)(t->time_ns - w->since_ns) / (double)VG_WEEK_NS;
    closed = closed_by(o->frame.hours, &at);
    known = (double)w->total >= LEAST && pay_frame_learned(&o->frame) &&
            (double)(t->time_ns - w->since_ns) >= o->frame.learn_days * (double)VG_DAY_NS;
    if (known)
        p = own_p(w, at.weekday, at.hour);
    if (closed > 0 && (!known || density(w, at.weekday, at.hour) < USED) && till)
        p = fmin(p, P_CLOSED * pow(DISTANCE, closed));
    if (p < 1 || known)
        report(o, t, &at, p, weeks,
               known && till && weeks >= DEEP_WEEKS && distance(w, at.weekday, at.hour) >= DEEP);
    weight = judge_learn_weight(p);
    w->slot[at.weekday][at.hour] += (float)weight;
    w->total += (float)weight;
}

/* ---- state ---- */

static void
week_put(const void *cell, struct buf *out)
{
    const struct week *w = cell;

    codec_put_i64(out, w->last_hour);
    codec_put_i64(out, w->folded_ns);
    codec_put_i64(out, w->since_ns);
    codec_put_f32(out, w->total);
    for (unsigned d = 0; d < DAYS; d++)
        for (unsigned h = 0; h < HOURS; h++)
            codec_put_f32(out, w->slot[d][h]);
}

static void
week_get(void *cell, struct slice *in)
{
    struct week *w = cell;

    w->last_hour = codec_time(in);
    w->folded_ns = codec_time(in);
    w->since_ns = codec_time(in);
    w->total = codec_f32(in);
    for (unsigned d = 0; d < DAYS; d++)
        for (unsigned h = 0; h < HOURS; h++)
            w->slot[d][h] = codec_f32(in);
}

static enum vg_err
off_hours_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options weeks = {.cell_bytes = sizeof(struct week),
                                                .cells_max = TERMINALS_MAX,
                                                .row_bits = 3,
                                                .name = 'w',
                                                .version = STATE_VERSION,
                                                .put = week_put,
                                                .get = week_get};
    struct off_hours *o = calloc(1, sizeof *o);
    enum vg_err err;

    if (o == NULL)
        return VG_ERR_NOMEM;
    o->frame.version = STATE_VERSION;
    err = pay_frame_init(&o->frame, env, 21, why);
    if (err == VG_OK)
        err = keytab_new(&weeks, &o->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(o);
        return err;
    }
    *self = o;
    return VG_OK;
}

const struct detector PAY_OFF_HOURS = {
    .name = "pay.off_hours",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = off_hours_make,
    .observe = off_hours_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
