/* SPDX-License-Identifier: Apache-2.0 */
/* pay.refund: refunds that do not add up.
 *
 * Findings (certain once the sale is known): more refunded than the sale was worth; refunded to
 * another card. A refund that names no sale is one too where nearly all refunds (MATCHED_SHARE) name
 * one; one that names an unknown sale only where sales have been read for known_days and nearly all
 * are known: else the log simply does not say. Tests: an employee (or terminal) whose share of
 * refunds is far above everybody else's (negative binomial tail), who refunds again and again when
 * the shop has just closed (pay_share, pay_closing), or a refund far larger than refunds usually are
 * (ranks), fused by the Cauchy combination. Sales are kept by pay_sales, shares by pay_person. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/moments.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_closing.h"
#include "agent/detect/pay_common.h"
#include "agent/detect/pay_person.h"
#include "agent/detect/pay_sales.h"
#include "agent/detect/pay_share.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

/* How long sizes, and whether refunds name their sales, are remembered. */
#define MEMORY_NS (90 * VG_DAY_NS)
/* Refunds of which this share has a known sale: then one without is odd. */
#define MATCHED_SHARE 0.9
#define MATCHED_LEAST 10.0
/* Refunds before sizes are compared, and before a person's share says anything. */
#define SIZES_LEAST 50.0
#define SHARE_LEAST 4.0
/* Size of the negative binomial: refunds come in clumps (a bad batch of goods). */
#define SIZE 3.0

/* A refund when less than this is still to come of the day is late; so many refunds are thought to
 * have been seen before. */
#define LATE_LEFT  0.01
#define LATE_PRIOR 50.0

enum { STATE_VERSION = 2 };
enum problem {
    PROBLEM_MORE,
    PROBLEM_CARD,
    PROBLEM_SALE,
    PROBLEM_SHARE,
    PROBLEM_LARGE,
    PROBLEM_LATE,
    PROBLEMS
};
static const char *const PROBLEM_NAMES[PROBLEMS] = {"more",  "card",  "sale",
                                                    "share", "large", "late"};

struct refund {
    struct judge *judge;
    char currency[4];
    const json_t *settings; /* borrowed: the phrases of the problems */
    const struct zone *zone;
    struct keytab *sales, *people, *late; /* late: pay_share of late refunds, by person */
    struct pay_share late_all;
    struct pay_closing closing;
    struct pay_person all;
    struct moments matched; /* of refunds that name a sale: 1 where it is known */
    struct moments named;   /* 1: the refund names a sale */
    struct quantile sizes;
    int64_t since_ns;
    double known_days;
    bool any, changed;
};

/* A refund against what is known. */
struct look {
    const struct pay_sale *sale; /* NULL: unknown */
    double share, usual_share, p_share, p_large, p_late;
};

/* ---- refunds ---- */

static void
subject_of(struct party *out, const struct txn_view *t)
{
    if (!pay_party(out, "employee", t->employee, NULL) &&
        !pay_party(out, "terminal", t->terminal, NULL))
        pay_party_of(out, t);
}

static void
look_at(struct refund *r, const struct txn_view *t, const struct pay_person *p, struct look *out)
{
    double others_sales = r->all.sales - p->sales, others = r->all.refunds - p->refunds;
    double mine = p->sales + p->refunds;

    out->usual_share = (others > 0 ? others : 0) / (fmax(others_sales + others, 0) + 1);
    out->share = mine > 0 ? p->refunds / mine : 0;
    out->p_share = out->p_large = out->p_late = 1;
    if (p->refunds >= SHARE_LEAST && others_sales > 20)
        out->p_share = pay_count_p(p->refunds, out->usual_share * mine + 0.5, SIZE);
    /* A large sale that is taken back is no news: only where the sale is not known. */
    if (out->sale == NULL && t->has_amount && quantile_weight(&r->sizes) >= SIZES_LEAST)
        out->p_large = tail_upper_p(&r->sizes, (double)t->amount + 1);
}

static json_t *
facts_of(const struct refund *r, const struct txn_view *t, const struct look *look,
         enum problem problem)
{
    char es[32], en[32];

    (void)snprintf(es, sizeof es, "%s_es", PROBLEM_NAMES[problem]);
    (void)snprintf(en, sizeof en, "%s_en", PROBLEM_NAMES[problem]);
    return json_pack("{s:I, s:s, s:I, s:I, s:f, s:f, s:s, s:s}", "amount",
                     (json_int_t)(t->has_amount ? t->amount : 0), "currency",
                     t->currency[0] != '\0' ? t->currency : r->currency, "sale_amount",
                     (json_int_t)(look->sale != NULL ? look->sale->amount : 0), "refunded",
                     (json_int_t)(look->sale != NULL ? look->sale->refunded : 0), "share",
                     look->share, "usual_share", look->usual_share, "problem_es",
                     vg_json_str(r->settings, es, PROBLEM_NAMES[problem]), "problem_en",
                     vg_json_str(r->settings, en, PROBLEM_NAMES[problem]));
}

static void
find(struct refund *r, const struct txn_view *t, const struct look *look, enum problem problem,
     double score)
{
    struct party subject, card;
    struct finding finding = {.detector = "pay.refund",
                              .time_ns = t->time_ns,
                              .subject = &subject,
                              .score = score,
                              .group = PROBLEM_NAMES[problem]};

    subject_of(&subject, t);
    if (t->card.len > 0 && strcmp(subject.kind, "card") != 0) {
        pay_party_card(&card, t);
        finding.peer = &card;
    }
    finding.facts = facts_of(r, t, look, problem);
    finding.evidence = json_pack("[o]", pay_evidence(t));
    judge_finding(r->judge, &finding);
}

static bool
names_sale(const struct txn_view *t)
{
    return t->original.len > 0 || t->order.len > 0;
}

static bool
nearly_all(const struct moments *m)
{
    return m->weight >= MATCHED_LEAST && m->mean >= MATCHED_SHARE;
}

/* Whether a refund of an unknown sale is odd here at all. */
static bool
sales_are_known(const struct refund *r, int64_t now_ns)
{
    return (double)(now_ns - r->since_ns) >= r->known_days * (double)VG_DAY_NS &&
           nearly_all(&r->matched);
}

/* True when something certain was wrong. */
static bool
find_problems(struct refund *r, const struct txn_view *t, const struct look *look)
{
    uint64_t card = pay_key("card", t->card);
    const struct pay_sale *s = look->sale;

    if (s == NULL) {
        if (!(names_sale(t) ? sales_are_known(r, t->time_ns) : nearly_all(&r->named)))
            return false;
        find(r, t, look, PROBLEM_SALE, 60);
        return true;
    }
    if (t->has_amount && t->amount > s->amount - s->refunded) {
        find(r, t, look, PROBLEM_MORE, 85);
        return true;
    }
    if (card != 0 && s->card != 0 && card != s->card) {
        find(r, t, look, PROBLEM_CARD, 75);
        return true;
    }
    return false;
}

/* When less than LATE_LEFT of the day's business is still to come. */
static void
look_late(struct refund *r, const struct txn_view *t, uint64_t person, struct look *out)
{
    bool late = pay_closing_left(&r->closing, r->zone, t->time_ns) < LATE_LEFT, fresh;
    struct pay_share *s = person != 0 ? keytab_touch(r->late, person, &fresh) : NULL,
                     *all = &r->late_all;

    if (s == NULL)
        return;
    pay_share_forget(s, t->time_ns);
    pay_share_forget(all, t->time_ns);
    out->p_late = pay_share_see(
        s, pay_share_usual(fmax(all->n - s->n, 0), fmax(all->k - s->k, 0), LATE_PRIOR), late,
        (double)t->amount, t->time_ns);
    pay_share_learn(s, late, judge_learn_weight(out->p_late));
    pay_share_learn(all, late, judge_learn_weight(out->p_late));
}

static enum problem
worst_of(const struct look *look)
{
    if (look->p_late < look->p_share && look->p_late < look->p_large)
        return PROBLEM_LATE;
    return look->p_share <= look->p_large ? PROBLEM_SHARE : PROBLEM_LARGE;
}

/* Returns the p of the test. What goes on night after night is told once in a while. */
static double
make_test(struct refund *r, const struct txn_view *t, uint64_t person, const struct look *look)
{
    struct party subject;
    struct test test = {.detector = "pay.refund", .time_ns = t->time_ns, .subject = &subject};
    struct cauchy both = {0};

    cauchy_add_share(&both, look->p_share, 0.4);
    cauchy_add_share(&both, look->p_large, 0.2);
    cauchy_add_share(&both, look->p_late, 0.4);
    test.p = cauchy_sum(&both);
    subject_of(&subject, t);
    if (judge_wants(r->judge, test.p)) {
        test.facts = facts_of(r, t, look, worst_of(look));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    if (judge_test(r->judge, &test) && person != 0 && worst_of(look) == PROBLEM_LATE) {
        struct pay_share *late = keytab_change(r->late, person);

        if (late != NULL)
            pay_share_hush(late, t->time_ns);
    }
    return cauchy_sum(&both);
}

static void
see_refund(struct refund *r, const struct txn_view *t, uint64_t key, struct pay_person *p)
{
    struct pay_sale *sale = pay_sales_of(r->sales, t);
    struct look look = {.sale = sale};
    bool wrong;
    double w = 1;

    pay_person_count(p, true, 1, t->time_ns);
    pay_person_count(&r->all, true, 1, t->time_ns);
    look_at(r, t, p, &look);
    look_late(r, t, key, &look);
    wrong = find_problems(r, t, &look);
    if (!wrong && (look.p_share < 1 || look.p_large < 1 || look.p_late < 1))
        w = judge_learn_weight(make_test(r, t, key, &look));
    moments_add(&r->named, names_sale(t) ? 1 : 0, wrong ? 0.2 : 1, t->time_ns, MEMORY_NS);
    if (names_sale(t))
        moments_add(&r->matched, sale != NULL ? 1 : 0, wrong ? 0.2 : 1, t->time_ns, MEMORY_NS);
    if (t->has_amount && !wrong)
        quantile_add(&r->sizes, (double)t->amount + 1, w);
    if (sale != NULL && t->has_amount)
        pay_sale_refund(sale, t->amount);
}

static void
refund_observe(void *self, const struct obs *obs)
{
    struct refund *r = self;
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_PERSON];
    struct pay_person nobody = {0}, *p = &nobody;
    bool fresh;

    if ((t->kind != TXN_SALE && t->kind != TXN_REFUND) ||
        (t->outcome != TXN_APPROVED && t->outcome != TXN_PENDING))
        return;
    if (!r->any) {
        r->any = true;
        r->since_ns = t->time_ns;
    }
    r->changed = true;
    quantile_time(&r->sizes, t->time_ns);
    if (key != 0)
        p = keytab_touch(r->people, key, &fresh);
    if (p == NULL)
        return;
    if (t->kind == TXN_REFUND) {
        see_refund(r, t, key, p);
        return;
    }
    pay_sales_see(r->sales, obs);
    if (t->ip.len == 0) /* a web shop does not close */
        pay_closing_sale(&r->closing, r->zone, t->time_ns);
    pay_person_count(p, false, 1, t->time_ns);
    pay_person_count(&r->all, false, 1, t->time_ns);
}

/* ---- state ---- */

static void
refund_save(void *self, struct state_out *out)
{
    struct refund *r = self;
    struct buf blob;

    keytab_save(r->sales, out);
    keytab_save(r->people, out);
    keytab_save(r->late, out);
    if (!r->changed)
        return;
    r->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    pay_person_put(&r->all, &blob);
    moments_put(&r->matched, &blob);
    moments_put(&r->named, &blob);
    quantile_put(&r->sizes, &blob);
    pay_share_put(&r->late_all, &blob);
    pay_closing_put(&r->closing, &blob);
    codec_put_i64(&blob, r->since_ns);
    if (!blob.bad)
        state_put(out, slice_of("a", 1), STATE_VERSION, buf_slice(&blob));
    buf_done(&blob);
}

static enum vg_err
refund_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct refund *r = self;
    struct slice name = key;

    if (keytab_owns(r->sales, key))
        return keytab_load(r->sales, key, version, blob);
    if (keytab_owns(r->people, key))
        return keytab_load(r->people, key, version, blob);
    if (keytab_owns(r->late, key))
        return keytab_load(r->late, key, version, blob);
    if (key.left != 1 || slice_u8(&name) != 'a' || version != STATE_VERSION)
        return VG_ERR_FORMAT;
    pay_person_get(&r->all, &blob);
    moments_get(&r->matched, &blob);
    moments_get(&r->named, &blob);
    quantile_get(&r->sizes, &blob);
    pay_share_get(&r->late_all, &blob);
    pay_closing_get(&r->closing, &blob);
    r->since_ns = codec_time(&blob);
    r->any = !blob.bad;
    return blob.bad ? VG_ERR_FORMAT : VG_OK;
}

static void
refund_free(void *self)
{
    struct refund *r = self;

    if (r == NULL)
        return;
    keytab_free(r->sales);
    keytab_free(r->people);
    keytab_free(r->late);
    free(r);
}

static enum vg_err
refund_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct refund *r = calloc(1, sizeof *r);
    enum vg_err err;

    if (r == NULL)
        return VG_ERR_NOMEM;
    r->judge = env->judge;
    r->zone = env->zone;
    r->settings = env->settings;
    (void)vg_strcpy(r->currency, sizeof r->currency, env->currency != NULL ? env->currency : "");
    quantile_init(&r->sizes, MEMORY_NS);
    err = pay_setting(env->settings, "known_days", 45, 0, 3650, &r->known_days, why);
    if (err == VG_OK)
        err = pay_sales_new('s', STATE_VERSION, &r->sales);
    if (err == VG_OK)
        err = keytab_new(&PAY_PEOPLE, &r->people);
    if (err == VG_OK)
        err = pay_shares_new('l', STATE_VERSION, PAY_PEOPLE_MAX, &r->late);
    if (err != VG_OK) {
        refund_free(r);
        return err;
    }
    pay_ahead_add(env->ahead, r->sales, KEY_SALE);
    pay_ahead_add(env->ahead, r->sales, KEY_SALE_ORDER);
    *self = r;
    return VG_OK;
}

static void
refund_health(const void *self, json_t *counters)
{
    const struct refund *r = self;

    (void)json_object_set_new(counters, "learning",
                              json_integer(!r->any || r->matched.weight < MATCHED_LEAST ||
                                           !sales_are_known(r, r->all.at_ns)));
    (void)json_object_set_new(counters, "sales", json_integer((json_int_t)keytab_count(r->sales)));
    (void)json_object_set_new(counters, "sales_turned_away",
                              json_integer((json_int_t)keytab_evicted(r->sales)));
}

const struct detector PAY_REFUND = {
    .name = "pay.refund",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = refund_make,
    .observe = refund_observe,
    .save = refund_save,
    .load = refund_load,
    .free = refund_free,
    .health = refund_health,
};
