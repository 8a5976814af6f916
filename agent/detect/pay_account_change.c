/* SPDX-License-Identifier: Apache-2.0 */
/* pay.account_change: the account that the shop's money is paid out to was changed, and then a payout
 * went there: what somebody does first who got into the payment provider's page.
 *
 * Findings: settings that name an account which never got a payout (while there is still time); a
 * payout to such an account, where earlier ones went to others. After settings of another kind (a
 * key, a password) a payout within KEY_NS that is larger than payouts are is a test. What is known:
 * accounts by their token, sizes of payouts. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

#define KEY_NS      (3 * VG_DAY_NS)
#define CHANGE_NS   (30 * VG_DAY_NS)
#define MEMORY_NS   (365 * VG_DAY_NS)
#define SIZES_LEAST 20.0
/* Payouts before another account is anything new. */
#define KNOWN_LEAST 3

enum { ACCOUNTS_MAX = 256, STATE_VERSION = 1 };

struct account {
    uint32_t payouts;
};

struct change {
    struct pay_frame frame; /* tables[0]: account by token */
    struct quantile sizes;
    uint64_t payouts;
    int64_t settings_ns; /* the newest of any kind; 0: none */
};

enum what { SETTINGS_ACCOUNT, PAYOUT_ACCOUNT, PAYOUT_LARGE };
static const char *const WHAT_NAMES[] = {"settings", "payout", "large"};

static json_t *
facts_of(const struct change *c, const struct txn_view *t, enum what what)
{
    char es[32], en[32];
    bool changed = c->settings_ns != 0 && t->time_ns - c->settings_ns < CHANGE_NS;

    (void)snprintf(es, sizeof es, "%s_es", WHAT_NAMES[what]);
    (void)snprintf(en, sizeof en, "%s_en", WHAT_NAMES[what]);
    return json_pack(
        "{s:I, s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:o}", "amount",
        (json_int_t)(t->has_amount ? t->amount : 0), "currency", pay_frame_currency(&c->frame, t),
        "payouts", (json_int_t)c->payouts, "usual", (json_int_t)quantile_value(&c->sizes, 0.5),
        "changed_seconds", (json_int_t)(changed ? (t->time_ns - c->settings_ns) / VG_SEC_NS : 0),
        "what_es", vg_json_str(c->frame.settings, es, WHAT_NAMES[what]), "what_en",
        vg_json_str(c->frame.settings, en, WHAT_NAMES[what]), "who",
        pay_text(t->employee.len > 0 ? t->employee : t->customer), "ip", pay_text(t->ip));
}

static void
find(struct change *c, const struct txn_view *t, enum what what, double score)
{
    struct party subject;
    struct finding f = {.detector = "pay.account_change",
                        .time_ns = t->time_ns,
                        .subject = &subject,
                        .score = score,
                        .group = WHAT_NAMES[what]};

    if (!pay_party(&subject, "account", t->account, NULL))
        return;
    if (t->last4[0] != '\0')
        (void)snprintf(subject.label, sizeof subject.label, "•••• %.4s", t->last4);
    f.facts = facts_of(c, t, what);
    f.evidence = json_pack("[o]", pay_evidence(t));
    judge_finding(c->frame.judge, &f);
}

static void
test_large(struct change *c, const struct txn_view *t)
{
    struct party subject;
    struct test test = {
        .detector = "pay.account_change", .time_ns = t->time_ns, .subject = &subject};

    if (!pay_party(&subject, "account", t->account, NULL) &&
        !pay_party(&subject, "log", t->source, NULL))
        return;
    test.p = tail_upper_p(&c->sizes, (double)t->amount + 1);
    if (judge_wants(c->frame.judge, test.p)) {
        test.facts = facts_of(c, t, PAYOUT_LARGE);
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(c->frame.judge, &test);
}

static void
see_payout(struct change *c, const struct txn_view *t, uint64_t key)
{
    struct account *a = NULL;
    bool fresh = false;

    if (key != 0)
        a = keytab_touch(c->frame.tables[0], key, &fresh);
    if (a != NULL && a->payouts == 0 && c->payouts >= KNOWN_LEAST)
        find(c, t, PAYOUT_ACCOUNT, 85);
    else if (c->settings_ns != 0 && t->time_ns - c->settings_ns < KEY_NS && t->has_amount &&
             quantile_weight(&c->sizes) >= SIZES_LEAST)
        test_large(c, t);
    if (a != NULL && a->payouts < UINT32_MAX)
        a->payouts++;
    c->payouts++;
    if (t->has_amount)
        quantile_add(&c->sizes, (double)t->amount + 1, 1);
}

static void
change_observe(void *self, const struct obs *obs)
{
    struct change *c = self;
    const struct txn_view *t = obs->txn;
    uint64_t key = pay_key("account", t->account);
    const struct account *a;

    if ((t->kind != TXN_PAYOUT && t->kind != TXN_SETTINGS) || t->outcome == TXN_DECLINED ||
        t->outcome == TXN_ERROR)
        return;
    pay_frame_time(&c->frame, t->time_ns);
    quantile_time(&c->sizes, t->time_ns);
    if (t->kind == TXN_PAYOUT) {
        see_payout(c, t, key);
        return;
    }
    a = key != 0 ? keytab_find(c->frame.tables[0], key) : NULL;
    c->settings_ns = t->time_ns;
    if (key != 0 && (a == NULL || a->payouts == 0) && c->payouts >= KNOWN_LEAST)
        find(c, t, SETTINGS_ACCOUNT, 70);
}

/* ---- state ---- */

static void
account_put(const void *cell, struct buf *out)
{
    buf_put_be32(out, ((const struct account *)cell)->payouts);
}

static void
account_get(void *cell, struct slice *in)
{
    ((struct account *)cell)->payouts = slice_be32(in);
}

static void
change_put(const void *self, struct buf *out)
{
    const struct change *c = self;

    quantile_put(&c->sizes, out);
    buf_put_be64(out, c->payouts);
    codec_put_i64(out, c->settings_ns);
}

static void
change_get(void *self, struct slice *in)
{
    struct change *c = self;

    quantile_get(&c->sizes, in);
    c->payouts = slice_be64(in);
    c->settings_ns = codec_time(in);
}

static enum vg_err
change_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options accounts = {.cell_bytes = sizeof(struct account),
                                                   .cells_max = ACCOUNTS_MAX,
                                                   .row_bits = 2,
                                                   .name = 'c',
                                                   .version = STATE_VERSION,
                                                   .put = account_put,
                                                   .get = account_get};
    struct change *c = calloc(1, sizeof *c);
    enum vg_err err;

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->frame.version = STATE_VERSION;
    c->frame.put = change_put;
    c->frame.get = change_get;
    quantile_init(&c->sizes, MEMORY_NS);
    err = pay_frame_init(&c->frame, env, 0, why);
    if (err == VG_OK)
        err = keytab_new(&accounts, &c->frame.tables[0]);
    if (err != VG_OK) {
        pay_frame_free(c);
        return err;
    }
    *self = c;
    return VG_OK;
}

const struct detector PAY_ACCOUNT_CHANGE = {
    .name = "pay.account_change",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = change_make,
    .observe = change_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
