/* SPDX-License-Identifier: Apache-2.0 */
/* pay.log_unreadable: the share of a log's records that cannot be read has risen, or a log that was
 * known is of no known format any more: after an update of the point of sale Vigía would be blind.
 *
 * For each log the share among its last RECENT records (exponentially forgotten) is held against the
 * share that it always had, among the last LONG ones outside of such times; a log without history is
 * taken for one of a per cent. Told once until the share has fallen to half of the limit again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"
#include "agent/detect/pay_log.h"

enum { LOGS_MAX = 256, STATE_VERSION = 1 };
#define RECENT        200.0
#define LONG          20000.0
#define PRIOR_RECORDS 100.0 /* of which one is bad */
#define BAD_MIN       10.0  /* of RECENT: fewer are chance */

struct read_log {
    double recent, recent_bad; /* records */
    double all, all_bad;
    bool told, told_unknown;
};

struct unreadable {
    struct judge *judge;
    struct keytab *logs;
    double times, min_share;
};

static void
log_put(const void *cell, struct buf *out)
{
    const struct read_log *l = cell;

    codec_put_f64(out, l->recent);
    codec_put_f64(out, l->recent_bad);
    codec_put_f64(out, l->all);
    codec_put_f64(out, l->all_bad);
    buf_put_u8(out, l->told);
    buf_put_u8(out, l->told_unknown);
}

static void
log_get(void *cell, struct slice *in)
{
    struct read_log *l = cell;

    l->recent = codec_f64(in);
    l->recent_bad = codec_f64(in);
    l->all = codec_f64(in);
    l->all_bad = codec_f64(in);
    l->told = slice_u8(in) != 0;
    l->told_unknown = slice_u8(in) != 0;
}

/* `records` more, `bad` of them, evenly spread. */
static void
forget_add(double *sum, double *bad_sum, double size, double records, double bad)
{
    double keep = exp(-records / size), gain = records > 0 ? (1 - keep) * size / records : 0;

    *sum = *sum * keep + records * gain;
    *bad_sum = *bad_sum * keep + bad * gain;
}

static double
usual_share(const struct read_log *l)
{
    return (l->all_bad + 1) / (l->all + PRIOR_RECORDS);
}

static void
tell(struct unreadable *u, const struct obs *obs, const char *name, const struct read_log *l)
{
    const struct log_view *v = obs->log;
    struct finding finding = {.detector = "pay.log_unreadable",
                              .time_ns = obs->time_ns,
                              .score = 75,
                              .group = v->unknown ? "format" : "records"};
    double share = v->unknown ? 1 : l->recent_bad / l->recent;
    struct party subject;

    if (!pay_party(&subject, "log", str_of(name), NULL))
        party_set(&subject, "log", "-", NULL);
    finding.subject = &subject;
    finding.facts =
        json_pack("{s:o, s:f, s:f, s:o, s:b}", "log", pay_text(v->source), "share",
                  round(share * 1000) / 1000, "usual_share", round(usual_share(l) * 1000) / 1000,
                  "like", pay_text(v->like), "format_unknown", v->unknown);
    judge_finding(u->judge, &finding);
}

static void
unreadable_observe(void *self, const struct obs *obs)
{
    struct unreadable *u = self;
    const struct log_view *v = obs->log;
    char name[PAY_LOG_NAME_MAX];
    struct read_log *l;
    double limit, old, old_bad;
    bool fresh;

    if (v->lost > 0)
        return;
    pay_log_name(v->source, name);
    /* Any file may lie in a folder of downloads: only one that was a log before is missed. */
    if (v->unknown && keytab_find(u->logs, pay_key("log", str_of(name))) == NULL)
        return;
    l = keytab_touch(u->logs, pay_key("log", str_of(name)), &fresh);
    if (l == NULL)
        return;
    if (v->unknown) {
        if (!l->told_unknown)
            tell(u, obs, name, l);
        l->told_unknown = true;
        return;
    }
    l->told_unknown = l->told_unknown && v->bad > 0;
    old = l->recent + (double)v->records;
    old_bad = l->recent_bad + (double)v->bad;
    forget_add(&l->recent, &l->recent_bad, RECENT, (double)v->records, (double)v->bad);
    old -= l->recent;
    old_bad -= l->recent_bad;
    limit = u->times * usual_share(l);
    limit = limit < u->min_share ? u->min_share : limit > 0.9 ? 0.9 : limit;
    if (l->recent_bad < limit / 2 * l->recent)
        l->told = false;
    if (!l->told && l->recent_bad >= BAD_MIN && l->recent_bad >= limit * l->recent) {
        l->told = true;
        tell(u, obs, name, l);
    }
    /* What is usual is what the recent ones were before: a rising share does not make itself usual. */
    if (!l->told && l->recent_bad < limit * l->recent)
        forget_add(&l->all, &l->all_bad, LONG, old, old_bad);
}

static void
unreadable_free(void *self)
{
    struct unreadable *u = self;

    if (u == NULL)
        return;
    keytab_free(u->logs);
    free(u);
}

static enum vg_err
unreadable_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options logs = {.cell_bytes = sizeof(struct read_log),
                                               .cells_max = LOGS_MAX,
                                               .row_bits = 4,
                                               .name = 'l',
                                               .version = STATE_VERSION,
                                               .put = log_put,
                                               .get = log_get};
    struct unreadable *u = calloc(1, sizeof *u);
    enum vg_err err;

    if (u == NULL)
        return VG_ERR_NOMEM;
    u->judge = env->judge;
    err = pay_setting(env->settings, "times", 5, 1, 100, &u->times, why);
    if (err == VG_OK)
        err = pay_setting(env->settings, "min_share", 0.05, 0.001, 0.9, &u->min_share, why);
    if (err == VG_OK)
        err = keytab_new(&logs, &u->logs);
    if (err != VG_OK) {
        unreadable_free(u);
        return err;
    }
    *self = u;
    return VG_OK;
}

static void
unreadable_save(void *self, struct state_out *out)
{
    keytab_save(((struct unreadable *)self)->logs, out);
}

static enum vg_err
unreadable_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct unreadable *u = self;

    return keytab_owns(u->logs, key) ? keytab_load(u->logs, key, version, blob) : VG_ERR_FORMAT;
}

static void
unreadable_health(const void *self, json_t *counters)
{
    const struct unreadable *u = self;

    (void)json_object_set_new(counters, "logs", json_integer((json_int_t)keytab_count(u->logs)));
    (void)json_object_set_new(counters, "logs_turned_away",
                              json_integer((json_int_t)keytab_evicted(u->logs)));
}

const struct detector PAY_LOG_UNREADABLE = {
    .name = "pay.log_unreadable",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_LOG,
    .make = unreadable_make,
    .observe = unreadable_observe,
    .save = unreadable_save,
    .load = unreadable_load,
    .free = unreadable_free,
    .health = unreadable_health,
};
