/* SPDX-License-Identifier: Apache-2.0 */
/* pay.disposable_email: orders with addresses of services that give an address for ten minutes
 * (rules/indicators/email), far more of them than usual.
 *
 * Honest people use them too, so one by itself says little: the p of the count within WINDOW_NS (each
 * address once) under the shop's own rate, a negative binomial tail. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/indicator_list.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/pay_stamp.h"
#include "common/vtime.h"

#define WINDOW_NS VG_DAY_NS
#define MEMORY_NS (120 * VG_DAY_NS)
/* As if so many days with one such address had been seen before. */
#define PRIOR_DAYS 30.0
#define SIZE       3.0

enum { DOMAINS_MAX = 20000, MAILS_MAX = 1024, SHAPES = 256, STATE_VERSION = 1 };

struct disposable {
    struct pay_frame frame; /* tables[0]: when an address was seen last */
    struct indicators lists;
    uint64_t harmless[SHAPES]; /* keys of shapes that were looked up lately */
    double recent, base, days; /* within the window; with MEMORY_NS; how long that is */
    double orders;             /* with an address, within the window */
    int64_t at_ns;             /* 0: never */
};

static void
fade(struct disposable *d, int64_t now_ns)
{
    double dt = (double)(now_ns - d->at_ns);

    if (d->at_ns == 0)
        d->at_ns = now_ns;
    if (d->at_ns == now_ns || dt < 0)
        return;
    d->recent *= exp(-dt / (double)WINDOW_NS);
    d->orders *= exp(-dt / (double)WINDOW_NS);
    d->base *= exp(-dt / (double)MEMORY_NS);
    d->days = d->days * exp(-dt / (double)MEMORY_NS) +
              (double)MEMORY_NS / (double)VG_DAY_NS * (1 - exp(-dt / (double)MEMORY_NS));
    d->at_ns = now_ns;
}

/* What stands behind the @ of an address's shape. */
static struct str
domain_of(struct str shape)
{
    struct slice s = slice_of(shape.at, shape.len);
    struct slice after = s;
    bool any = false;

    while (s.left > 0)
        if (slice_u8(&s) == '@') {
            after = s;
            any = true;
        }
    return any ? str_n((const char *)after.at, after.left) : str_of("");
}

static void
report(struct disposable *d, const struct txn_view *t, struct str domain, double usual, double p)
{
    struct party subject;
    struct test test = {
        .detector = "pay.disposable_email", .time_ns = t->time_ns, .subject = &subject, .p = p};

    if (!pay_party(&subject, "terminal", t->terminal, NULL) &&
        !pay_party(&subject, "log", t->source, NULL))
        return;
    if (judge_wants(d->frame.judge, p)) {
        test.facts = json_pack("{s:o, s:I, s:I, s:f, s:I, s:I, s:s}", "domain", pay_text(domain),
                               "addresses", (json_int_t)lround(d->recent), "orders",
                               (json_int_t)lround(d->orders), "usual", round(100 * usual) / 100,
                               "seconds", (json_int_t)(WINDOW_NS / VG_SEC_NS), "amount",
                               (json_int_t)(t->has_amount ? t->amount : 0), "currency",
                               pay_frame_currency(&d->frame, t));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(d->frame.judge, &test);
}

/* Shapes come again and again: false of one that is known to be of no listed domain. */
static bool
may_be_listed(struct disposable *d, uint64_t shape, struct str text)
{
    uint64_t *harmless = &d->harmless[shape % SHAPES];
    struct str domain, which;

    if (*harmless == shape)
        return false;
    domain = domain_of(text);
    if (domain.len > 0 && indicators_domain(&d->lists, domain, &which) != NULL)
        return true;
    *harmless = shape;
    return false;
}

static void
disposable_observe(void *self, const struct obs *obs)
{
    struct disposable *d = self;
    const struct txn_view *t = obs->txn;
    struct str domain, which;
    double usual, p = 1;

    if (t->mail_shape.len == 0 || (t->kind != TXN_SALE && t->kind != TXN_AUTH))
        return;
    pay_frame_time(&d->frame, t->time_ns);
    fade(d, t->time_ns);
    d->orders += 1;
    if (!may_be_listed(d, obs->keys->key[KEY_MAIL_SHAPE], t->mail_shape))
        return;
    domain = domain_of(t->mail_shape);
    if (domain.len == 0 || indicators_domain(&d->lists, domain, &which) == NULL ||
        pay_stamp(d->frame.tables[0], pay_key("mail", t->email), t->time_ns, WINDOW_NS))
        return;
    d->recent += 1;
    usual = (d->base + 1) / (d->days + PRIOR_DAYS);
    if (pay_frame_learned(&d->frame)) {
        p = pay_count_p(d->recent, usual, SIZE);
        report(d, t, domain, usual, p);
    }
    d->base += judge_learn_weight(p);
}

static void
disposable_put(const void *self, struct buf *out)
{
    const struct disposable *d = self;

    codec_put_f64(out, d->recent);
    codec_put_f64(out, d->base);
    codec_put_f64(out, d->days);
    codec_put_f64(out, d->orders);
    codec_put_i64(out, d->at_ns);
}

static void
disposable_get(void *self, struct slice *in)
{
    struct disposable *d = self;

    d->recent = codec_f64(in);
    d->base = codec_f64(in);
    d->days = codec_f64(in);
    d->orders = codec_f64(in);
    d->at_ns = codec_time(in);
    if (d->recent < 0 || d->base < 0 || d->days < 0)
        in->bad = true;
}

static void
disposable_free(void *self)
{
    struct disposable *d = self;

    if (d != NULL)
        indicators_done(&d->lists);
    pay_frame_free(d);
}

/* An unread list is no reason not to start: `health` says how many domains there are. */
static enum vg_err
lists_load(struct disposable *d, const char *rules_dir)
{
    char folder[1024], why[200];
    const char *folders[1] = {folder};
    int n =
        rules_dir != NULL ? snprintf(folder, sizeof folder, "%s/indicators/email", rules_dir) : -1;
    enum vg_err err;

    if (n < 0 || (size_t)n >= sizeof folder)
        return VG_OK;
    err = indicators_load(folders, 1, DOMAINS_MAX, &d->lists, why);
    return err == VG_ERR_NOMEM ? err : VG_OK;
}

static enum vg_err
disposable_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct disposable *d = calloc(1, sizeof *d);
    enum vg_err err;

    if (d == NULL)
        return VG_ERR_NOMEM;
    d->frame.version = STATE_VERSION;
    d->frame.put = disposable_put;
    d->frame.get = disposable_get;
    err = pay_frame_init(&d->frame, env, 7, why);
    if (err == VG_OK)
        err = pay_stamps_new('m', STATE_VERSION, MAILS_MAX, &d->frame.tables[0]);
    if (err == VG_OK)
        err = lists_load(d, env->rules_dir);
    if (err != VG_OK) {
        disposable_free(d);
        return err;
    }
    *self = d;
    return VG_OK;
}

static void
disposable_health(const void *self, json_t *counters)
{
    const struct disposable *d = self;

    pay_frame_health(self, counters);
    (void)json_object_set_new(
        counters, "domains",
        json_integer(d->lists.set != NULL ? (json_int_t)indicator_set_count(d->lists.set) : 0));
}

const struct detector PAY_DISPOSABLE_EMAIL = {
    .name = "pay.disposable_email",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = disposable_make,
    .observe = disposable_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = disposable_free,
    .health = disposable_health,
};
