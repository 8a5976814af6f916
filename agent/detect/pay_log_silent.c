/* SPDX-License-Identifier: Apache-2.0 */
/* pay.log_silent: a payment log says nothing although the shop is open.
 *
 * For each log: how long it is silent at most while the shop is open, in each of the last eight weeks.
 * Silence is counted in open time, from the newest transaction or from when it came in, whichever is
 * later, so that a log that is exported once a day is used to silences of a day. It is told of once,
 * with the clock's ticks, when it is FACTOR times as long as any usual one. Open is what the shop's
 * hours say; where they are unknown, the hours of the week in which this log had transactions in at
 * least half of the weeks. A silence that was told of is not learned unless somebody says that it was
 * harmless. Without ticks (a back-test) nothing is told: nobody waits for the next line there. */
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"
#include "agent/detect/pay_log.h"
#include "common/vtime.h"

enum { LOGS_MAX = 128, WEEKS = 8, HOURS = 168, STATE_VERSION = 1, OPEN_WEEKS_MIN = 2 };
#define STEP_NS   (15 * VG_MIN_NS)
#define WEEK_NS   (7 * VG_DAY_NS)
#define LAG_MAX   (4 * WEEK_NS) /* longer ones are looked at from there */
#define COARSE_NS VG_MIN_NS     /* transactions closer than that are one piece of news */

struct silent_log {
    int64_t first_ns, last_ns; /* transactions */
    int64_t at_ns, lag_ns;     /* up to when silence is counted; open time without news */
    int64_t day, week;         /* numbers of the newest */
    int64_t longest_ns[WEEKS];
    uint32_t days; /* different ones with transactions */
    bool told;
    uint8_t active[HOURS]; /* weeks with transactions in this hour of the week */
    int64_t hour;          /* number of the newest hour that was counted there */
    char name[PAY_LOG_NAME_MAX];
};

struct silent {
    struct judge *judge;
    struct shop_hours hours;
    const struct zone *zone;
    struct keytab *logs;
    double factor, min_minutes, min_days;
    struct pay_log latest;
};

static void
log_put(const void *cell, struct buf *out)
{
    const struct silent_log *l = cell;

    buf_put_be64(out, (uint64_t)l->first_ns);
    buf_put_be64(out, (uint64_t)l->last_ns);
    buf_put_be64(out, (uint64_t)l->at_ns);
    buf_put_be64(out, (uint64_t)l->lag_ns);
    buf_put_be64(out, (uint64_t)l->day);
    buf_put_be64(out, (uint64_t)l->week);
    buf_put_be64(out, (uint64_t)l->hour);
    for (size_t i = 0; i < WEEKS; i++)
        buf_put_be64(out, (uint64_t)l->longest_ns[i]);
    buf_put_be32(out, l->days);
    buf_put_u8(out, l->told);
    buf_put(out, l->active, sizeof l->active);
    buf_put(out, l->name, sizeof l->name);
}

static void
log_get(void *cell, struct slice *in)
{
    struct silent_log *l = cell;
    struct slice name;

    l->first_ns = codec_time(in);
    l->last_ns = codec_time(in);
    l->at_ns = codec_time(in);
    l->lag_ns = codec_time(in);
    l->day = codec_time(in);
    l->week = codec_time(in);
    l->hour = codec_time(in);
    for (size_t i = 0; i < WEEKS; i++)
        l->longest_ns[i] = codec_time(in);
    if (l->first_ns < 0 || l->last_ns < l->first_ns || l->at_ns < l->first_ns || l->lag_ns < 0 ||
        l->week < 0) /* weeks are places in a table */
        in->bad = true;
    l->days = slice_be32(in);
    l->told = slice_u8(in) != 0;
    for (size_t i = 0; i < HOURS; i++)
        l->active[i] = slice_u8(in);
    name = slice_sub(in, sizeof l->name);
    if (name.left == sizeof l->name)
        memcpy(l->name, name.at, sizeof l->name);
    l->name[sizeof l->name - 1] = '\0';
}

/* ---- open? ---- */

static bool
within_hours(const struct shop_hours *hours, const struct zone_local *at)
{
    unsigned minute = at->hour * 60 + at->min, before = (at->weekday + 6) % 7;
    unsigned open = hours->day[at->weekday].open_min, close = hours->day[at->weekday].close_min;

    if (close >= open ? minute >= open && minute < close : minute >= open)
        return true;
    /* Yesterday's closing may lie after midnight. */
    return hours->day[before].close_min < hours->day[before].open_min &&
           minute < hours->day[before].close_min;
}

/* Without a zone days are UTC's. */
static void
local_of(const struct silent *s, int64_t t_ns, struct zone_local *out)
{
    if (s->zone != NULL) {
        zone_to_local(s->zone, t_ns, out);
        return;
    }
    *out = (struct zone_local){.day_number = t_ns / VG_DAY_NS,
                               .weekday = (unsigned)((t_ns / VG_DAY_NS + 3) % 7),
                               .hour = (unsigned)(t_ns % VG_DAY_NS / VG_HOUR_NS),
                               .min = (unsigned)(t_ns % VG_HOUR_NS / VG_MIN_NS)};
}

static bool
is_open(const struct silent *s, const struct silent_log *l, int64_t t_ns)
{
    struct zone_local at;
    int64_t weeks;

    local_of(s, t_ns, &at);
    if (s->hours.known)
        return within_hours(&s->hours, &at);
    weeks = (l->last_ns - l->first_ns) / WEEK_NS + 1;
    return weeks >= OPEN_WEEKS_MIN && l->active[at.weekday * 24 + at.hour] * 2 >= weeks;
}

/* Counts the open time up to `now`. */
static void
advance(const struct silent *s, struct silent_log *l, int64_t now_ns)
{
    if (now_ns - l->at_ns > LAG_MAX)
        l->at_ns = now_ns - LAG_MAX;
    while (l->at_ns < now_ns) {
        int64_t until = (l->at_ns / STEP_NS + 1) * STEP_NS;

        if (until > now_ns)
            until = now_ns;
        if (is_open(s, l, l->at_ns))
            l->lag_ns += until - l->at_ns;
        l->at_ns = until;
    }
}

static int64_t
usual(const struct silent_log *l)
{
    int64_t longest = 0;

    for (size_t i = 0; i < WEEKS; i++)
        if (l->longest_ns[i] > longest)
            longest = l->longest_ns[i];
    return longest;
}

/* ---- news ---- */

static void
party_of(const struct silent_log *l, struct party *out)
{
    if (!pay_party(out, "log", str_of(l->name), NULL))
        party_set(out, "log", "-", NULL);
}

/* The silence that ends at t becomes one of those that are usual. */
static void
silence_learn(const struct silent *s, struct silent_log *l, int64_t t_ns)
{
    int64_t week = t_ns / WEEK_NS;
    struct party subject;

    if (week != l->week) {
        for (int64_t w = l->week + 1; w <= week && w <= l->week + WEEKS; w++)
            l->longest_ns[w % WEEKS] = 0;
        l->week = week;
    }
    party_of(l, &subject);
    if (l->told && judge_learn_share(s->judge, "pay.log_silent", &subject, NULL, t_ns) < 1)
        return;
    if (l->lag_ns > l->longest_ns[week % WEEKS])
        l->longest_ns[week % WEEKS] = l->lag_ns;
}

static void
on_txn(struct silent *s, const struct txn_view *t)
{
    const struct silent_log *known;
    struct silent_log *l;
    struct zone_local at;
    uint64_t key;
    bool fresh;

    if (!pay_log_same(&s->latest, t->source))
        pay_log_turn(&s->latest, t->source);
    key = s->latest.key;
    known = keytab_find(s->logs, key);
    if (t->time_ns <= 0 || (known != NULL && t->time_ns < known->last_ns + COARSE_NS))
        return; /* an older one is no news of today */
    l = keytab_touch(s->logs, key, &fresh);
    if (l == NULL)
        return;
    local_of(s, t->time_ns, &at);
    if (fresh) {
        (void)vg_strcpy(l->name, sizeof l->name, s->latest.name);
        l->first_ns = l->at_ns = t->time_ns;
        l->week = t->time_ns / WEEK_NS;
        l->day = l->hour = -1;
    }
    advance(s, l, t->time_ns);
    silence_learn(s, l, t->time_ns);
    l->lag_ns = 0;
    l->told = false;
    l->last_ns = t->time_ns;
    if (at.day_number != l->day) {
        l->day = at.day_number;
        l->days++;
    }
    if (at.day_number * 24 + at.hour != l->hour) {
        uint8_t *active = &l->active[at.weekday * 24 + at.hour];

        l->hour = at.day_number * 24 + at.hour;
        *active = (uint8_t)(*active + (*active < UINT8_MAX));
    }
}

static void
tell(const struct silent *s, const struct silent_log *l, int64_t now_ns)
{
    struct finding finding = {.detector = "pay.log_silent", .time_ns = now_ns, .score = 70};
    struct party subject;
    char last[64];

    party_of(l, &subject);
    vtime_format(l->last_ns, last);
    finding.subject = &subject;
    finding.facts =
        json_pack("{s:o, s:I, s:I, s:s, s:I}", "log", pay_text(str_of(l->name)), "silent",
                  (json_int_t)(l->lag_ns / VG_SEC_NS), "usual", (json_int_t)(usual(l) / VG_SEC_NS),
                  "last", last, "days", (json_int_t)l->days);
    judge_finding(s->judge, &finding);
}

static void
on_tick(struct silent *s, int64_t now_ns)
{
    uint64_t keys[LOGS_MAX];
    size_t n = keytab_keys(s->logs, keys, LOGS_MAX);

    for (size_t i = 0; i < n; i++) {
        struct silent_log *l = keytab_change(s->logs, keys[i]);
        double limit;

        if (l == NULL || l->told || now_ns <= l->at_ns)
            continue;
        advance(s, l, now_ns);
        limit = s->factor * (double)usual(l);
        if (limit < s->min_minutes * (double)VG_MIN_NS)
            limit = s->min_minutes * (double)VG_MIN_NS;
        if (l->days < s->min_days || usual(l) == 0 || (double)l->lag_ns < limit)
            continue;
        l->told = true;
        tell(s, l, now_ns);
    }
}

static void
silent_observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_TXN)
        on_txn(self, obs->txn);
    else
        on_tick(self, obs->time_ns);
}

/* ---- life ---- */

static void
silent_free(void *self)
{
    struct silent *s = self;

    if (s == NULL)
        return;
    keytab_free(s->logs);
    free(s);
}

static enum vg_err
silent_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options logs = {.cell_bytes = sizeof(struct silent_log),
                                               .cells_max = LOGS_MAX,
                                               .row_bits = 5,
                                               .name = 'l',
                                               .version = STATE_VERSION,
                                               .put = log_put,
                                               .get = log_get};
    struct silent *s = calloc(1, sizeof *s);
    enum vg_err err;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->zone = env->zone;
    if (env->hours != NULL)
        s->hours = *env->hours;
    err = pay_setting(env->settings, "factor", 2.5, 1, 100, &s->factor, why);
    if (err == VG_OK)
        err = pay_setting(env->settings, "min_minutes", 60, 1, 100000, &s->min_minutes, why);
    if (err == VG_OK)
        err = pay_setting(env->settings, "min_days", 10, 1, 1000, &s->min_days, why);
    if (err == VG_OK)
        err = keytab_new(&logs, &s->logs);
    if (err != VG_OK) {
        silent_free(s);
        return err;
    }
    *self = s;
    return VG_OK;
}

static void
silent_save(void *self, struct state_out *out)
{
    keytab_save(((struct silent *)self)->logs, out);
}

static enum vg_err
silent_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct silent *s = self;

    return keytab_owns(s->logs, key) ? keytab_load(s->logs, key, version, blob) : VG_ERR_FORMAT;
}

static void
silent_health(const void *self, json_t *counters)
{
    const struct silent *s = self;

    (void)json_object_set_new(counters, "logs", json_integer((json_int_t)keytab_count(s->logs)));
    (void)json_object_set_new(counters, "logs_turned_away",
                              json_integer((json_int_t)keytab_evicted(s->logs)));
}

const struct detector PAY_LOG_SILENT = {
    .name = "pay.log_silent",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN | UINT32_C(1) << OBS_TICK,
    .make = silent_make,
    .observe = silent_observe,
    .save = silent_save,
    .load = silent_load,
    .free = silent_free,
    .health = silent_health,
};
