/* SPDX-License-Identifier: Apache-2.0 */
/* pay.country_mismatch: the countries around one payment do not fit: that of its log row (billing,
 * delivery or card, whatever the log writes there), that of its address, those that the issuer's
 * range (BIN), the card and the customer usually come with.
 *
 * Where any of them differs, what counts is how surprising the row's country is, -log(share) among
 * the shop's payments, AGREE more for each further one that differs, summed over what came for that
 * country within the last day. (A regular who sends a gift abroad differs in all, but to a country
 * that others send to as well.) p is the share of payments in which anything differs, times how rare such
 * a surprise is among those by its ranks, so that a shop on the border or for tourists is used to it;
 * both begin with a prior, since every shop sees its first gift abroad one day. What is too odd to be
 * learned waits for LATE_NS, in which the owner or a charge-back may say what it was.
 * Countries of ranges, cards and customers are learned; that of an address is the registry's (geo.h),
 * where it is installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/geo.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/quantile.h"
#include "common/vtime.h"

#define MEMORY_NS (180 * VG_DAY_NS)
#define AGREE     0.3
#define HEAT_NS   VG_DAY_NS
#define LEAST     300.0
/* As if of so many payments so many had differed, and as if so many that do had been seen, whose
 * surprise falls off with SURPRISE. */
#define PRIOR_PAYMENTS 1000.0
#define PRIOR_DIFFER   5.0
#define PRIOR_SEEN     2.0
#define SURPRISE       3.0
/* When an alert that nobody answered may be learned from (judge_learn_share()). */
#define LATE_NS (15 * VG_DAY_NS)
/* Payments of a range, card or customer that make a country the usual one, and their share. */
#define HOME_LEAST_BIN 10.0F
#define HOME_LEAST     2.0F
#define HOME_SHARE     0.9F

enum { HOMES_MAX = 8192, COUNTRIES = 26 * 26, LATE_MAX = 32 };
enum { HOME_VERSION = 1, STATE_VERSION = 2 };

struct home {
    char country[2];
    float n, same;
};

/* What was not learned when it came, or not fully. */
struct late {
    int64_t due_ns; /* 0: none */
    uint32_t at;    /* country */
    float surprise, rest;
    char kind[16], id[64]; /* subject */
};

struct mismatch {
    struct pay_frame frame;               /* tables[0]: home by range, card or customer */
    struct geo *geo;                      /* may be NULL */
    float total, differ, seen[COUNTRIES]; /* payments; those in which anything differs */
    float heat[COUNTRIES];                /* surprises to this country within the last HEAT_NS */
    int64_t heat_ns;
    int64_t folded_ns;
    struct quantile ranks; /* of the surprise, where anything differs */
    struct late late[LATE_MAX];
    uint32_t late_next;
};

enum side { SIDE_BIN, SIDE_CARD, SIDE_CUSTOMER, SIDE_ADDRESS, SIDES };
static const char *const SIDE_NAMES[SIDES] = {"bin", "card", "customer", "address"};

struct look {
    double surprise; /* from 1 */
    bool rare;       /* the country itself: what differs in a common one does not add up */
    int differ;
    char other[3]; /* the country of the first side that differs */
    const char *side;
};

/* -1: none. */
static int
index_of(const char country[3])
{
    int a = country[0] - 'A', b = country[1] - 'A';

    return a >= 0 && a < 26 && b >= 0 && b < 26 ? a * 26 + b : -1;
}

static void
forget(struct mismatch *m, int64_t now_ns)
{
    float keep;

    if (now_ns - m->folded_ns < VG_WEEK_NS)
        return;
    keep = m->folded_ns == 0 ? 1 : (float)exp(-(double)(now_ns - m->folded_ns) / (double)MEMORY_NS);
    m->total *= keep;
    m->differ *= keep;
    for (int i = 0; i < COUNTRIES; i++)
        m->seen[i] *= keep;
    m->folded_ns = now_ns;
}

static void
cool(struct mismatch *m, int64_t now_ns)
{
    float keep = (float)exp(-(double)(now_ns - m->heat_ns) / (double)HEAT_NS);

    if (now_ns <= m->heat_ns)
        return;
    for (int i = 0; i < COUNTRIES; i++)
        m->heat[i] *= m->heat_ns == 0 ? 0 : keep;
    m->heat_ns = now_ns;
}

/* Whether the side comes from another country than this one, which *out takes. */
static bool
differs(const struct mismatch *m, uint64_t key, float least, const char *country, char out[3])
{
    const struct home *h = key != 0 ? keytab_find(m->frame.tables[0], key) : NULL;

    if (h == NULL || h->n < least || h->same < HOME_SHARE * h->n ||
        memcmp(h->country, country, 2) == 0)
        return false;
    out[0] = h->country[0];
    out[1] = h->country[1];
    out[2] = '\0';
    return true;
}

static bool
address_differs(const struct mismatch *m, const struct txn_view *t, char out[3])
{
    struct net_addr a;
    struct geo_place place;

    if (m->geo == NULL || t->ip.len == 0 || !net_addr_parse(t->ip, &a) ||
        !geo_find(m->geo, &a, &place) || place.country[0] == '\0' ||
        memcmp(place.country, t->country, 2) == 0)
        return false;
    memcpy(out, place.country, 3);
    return true;
}

static void
look_at(const struct mismatch *m, const struct txn_view *t, const uint64_t keys[SIDES],
        struct look *out)
{
    int at = index_of(t->country);
    double share = ((double)(at >= 0 ? m->seen[at] : 0) + 0.5) / ((double)m->total + 1);

    *out = (struct look){.side = "-", .rare = -log(share) > 1};
    for (int i = 0; i < SIDES; i++) {
        char other[3];
        bool odd = i == SIDE_ADDRESS
                       ? address_differs(m, t, other)
                       : differs(m, keys[i], i == SIDE_BIN ? HOME_LEAST_BIN : HOME_LEAST,
                                 t->country, other);

        if (!odd)
            continue;
        if (out->differ++ == 0) {
            memcpy(out->other, other, sizeof out->other);
            out->side = SIDE_NAMES[i];
        }
        out->surprise = fmax(out->surprise + AGREE, fmax(1, -log(share)));
    }
}

static void
report(struct mismatch *m, const struct txn_view *t, const struct look *look, double p)
{
    struct party subject;
    char es[32], en[32];
    struct test test = {
        .detector = "pay.country_mismatch", .time_ns = t->time_ns, .subject = &subject, .p = p};

    pay_party_of(&subject, t);
    if (judge_wants(m->frame.judge, p)) {
        int at = index_of(t->country);

        (void)snprintf(es, sizeof es, "%s_es", look->side);
        (void)snprintf(en, sizeof en, "%s_en", look->side);
        test.facts = json_pack(
            "{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:o}", "amount",
            (json_int_t)(t->has_amount ? t->amount : 0), "currency",
            pay_frame_currency(&m->frame, t), "country", t->country, "other", look->other,
            "side_es", vg_json_str(m->frame.settings, es, look->side), "side_en",
            vg_json_str(m->frame.settings, en, look->side), "differ", (json_int_t)look->differ,
            "share", at >= 0 ? (double)m->seen[at] / ((double)m->total + 1) : 0, "ip",
            pay_text(t->ip));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    judge_test(m->frame.judge, &test);
}

/* ---- learning ---- */

static double
rankable(double surprise)
{
    return 1 + 100 * surprise;
}

static double
p_of(const struct mismatch *m, double surprise)
{
    double share = ((double)m->differ + PRIOR_DIFFER) / ((double)m->total + PRIOR_PAYMENTS);
    double prior = PRIOR_SEEN * fmin(1, exp((1 - surprise) / SURPRISE));
    double p = share * (quantile_above(&m->ranks, rankable(surprise)) + prior) /
               (quantile_weight(&m->ranks) + PRIOR_SEEN);

    return p < 1 ? p : 1;
}

static void
learn_differing(struct mismatch *m, int at, double surprise, float w)
{
    m->seen[at] += w;
    m->total += w;
    m->differ += w;
    quantile_add(&m->ranks, rankable(surprise), (double)w);
}

static void
learn_later(struct mismatch *m, const struct txn_view *t, int at, double surprise, float rest)
{
    struct late *l = &m->late[m->late_next++ % LATE_MAX];
    struct party subject;

    pay_party_of(&subject, t);
    *l = (struct late){.due_ns = t->time_ns + LATE_NS,
                       .at = (uint32_t)at,
                       .surprise = (float)surprise,
                       .rest = rest};
    pay_frame_copy(l->kind, sizeof l->kind, str_of(subject.kind));
    pay_frame_copy(l->id, sizeof l->id, str_of(subject.id));
}

static void
learn_due(struct mismatch *m, int64_t now_ns)
{
    for (uint32_t i = 0; i < LATE_MAX; i++) {
        struct late *l = &m->late[(m->late_next + i) % LATE_MAX];
        struct party subject;
        double share;

        if (l->due_ns == 0 || l->due_ns > now_ns)
            continue;
        party_set(&subject, l->kind, l->id, NULL);
        share = judge_learn_share(m->frame.judge, "pay.country_mismatch", &subject, NULL, now_ns);
        learn_differing(m, (int)l->at, (double)l->surprise, l->rest * (float)share);
        l->due_ns = 0;
    }
}

/* The bank took it back: it was no gift. */
static void
charged_back(struct mismatch *m, const struct txn_view *t)
{
    struct party subject;

    pay_party_of(&subject, t);
    for (uint32_t i = 0; i < LATE_MAX; i++)
        if (strcmp(m->late[i].kind, subject.kind) == 0 && strcmp(m->late[i].id, subject.id) == 0)
            m->late[i].due_ns = 0;
}

static void
learn_home(struct mismatch *m, uint64_t key, const char *country, float w)
{
    bool fresh;
    struct home *h = key != 0 ? keytab_touch(m->frame.tables[0], key, &fresh) : NULL;

    if (h == NULL)
        return;
    if (h->n > 200) { /* old ones count less: people move, ranges are sold */
        h->n /= 2;
        h->same /= 2;
    }
    h->n += w;
    if (memcmp(h->country, country, 2) == 0) {
        h->same += w;
    } else if (h->same < h->n / 2 || fresh) {
        memcpy(h->country, country, 2);
        h->same = w;
    }
}

static void
mismatch_observe(void *self, const struct obs *obs)
{
    struct mismatch *m = self;
    const struct txn_view *t = obs->txn;
    uint64_t keys[SIDES] = {obs->keys->key[KEY_BIN], obs->keys->key[KEY_CARD],
                            obs->keys->key[KEY_CUSTOMER], 0};
    struct look look;
    double p = 1;
    float w;
    int at = index_of(t->country);

    if (t->kind == TXN_CHARGEBACK)
        charged_back(m, t);
    if (at < 0 || (t->kind != TXN_SALE && t->kind != TXN_AUTH))
        return;
    if (keys[SIDE_CUSTOMER] == 0)
        keys[SIDE_CUSTOMER] = pay_key("customer", t->email);
    pay_frame_time(&m->frame, t->time_ns);
    forget(m, t->time_ns);
    quantile_time(&m->ranks, t->time_ns);
    learn_due(m, t->time_ns);
    look_at(m, t, keys, &look);
    if (look.differ > 0) {
        cool(m, t->time_ns);
        if (look.rare) {
            m->heat[at] += (float)(look.surprise - 1);
            look.surprise = 1 + (double)m->heat[at];
        }
    }
    if (look.differ > 0 && (double)m->total >= LEAST && pay_frame_learned(&m->frame)) {
        p = p_of(m, look.surprise);
        report(m, t, &look, p);
    }
    w = (float)judge_learn_weight(p);
    if (look.differ > 0) {
        learn_differing(m, at, look.surprise, w);
        learn_later(m, t, at, look.surprise, 1 - w);
    } else {
        m->seen[at] += 1;
        m->total += 1;
    }
    for (int i = 0; i < SIDE_ADDRESS; i++)
        learn_home(m, keys[i], t->country, w);
}

/* ---- state ---- */

static void
home_put(const void *cell, struct buf *out)
{
    const struct home *h = cell;

    buf_put(out, h->country, sizeof h->country);
    codec_put_f32(out, h->n);
    codec_put_f32(out, h->same);
}

static void
home_get(void *cell, struct slice *in)
{
    struct home *h = cell;

    (void)slice_copy(in, h->country, sizeof h->country);
    h->n = codec_f32(in);
    h->same = codec_f32(in);
}

static void
mismatch_put(const void *self, struct buf *out)
{
    const struct mismatch *m = self;

    codec_put_f32(out, m->total);
    codec_put_f32(out, m->differ);
    codec_put_i64(out, m->folded_ns);
    codec_put_i64(out, m->heat_ns);
    for (int i = 0; i < COUNTRIES; i++) {
        codec_put_f32(out, m->seen[i]);
        codec_put_f32(out, m->heat[i]);
    }
    quantile_put(&m->ranks, out);
    buf_put_be32(out, m->late_next);
    for (int i = 0; i < LATE_MAX; i++) {
        codec_put_i64(out, m->late[i].due_ns);
        buf_put_be32(out, m->late[i].at);
        codec_put_f32(out, m->late[i].surprise);
        codec_put_f32(out, m->late[i].rest);
        pay_frame_put_text(m->late[i].kind, out);
        pay_frame_put_text(m->late[i].id, out);
    }
}

static void
mismatch_get(void *self, struct slice *in)
{
    struct mismatch *m = self;

    m->total = codec_f32(in);
    m->differ = codec_f32(in);
    m->folded_ns = codec_time(in);
    m->heat_ns = codec_time(in);
    for (int i = 0; i < COUNTRIES; i++) {
        m->seen[i] = codec_f32(in);
        m->heat[i] = codec_f32(in);
    }
    quantile_get(&m->ranks, in);
    m->late_next = slice_be32(in);
    for (int i = 0; i < LATE_MAX; i++) {
        m->late[i].due_ns = codec_time(in);
        m->late[i].at = slice_be32(in);
        m->late[i].surprise = codec_f32(in);
        m->late[i].rest = codec_f32(in);
        pay_frame_get_text(m->late[i].kind, sizeof m->late->kind, in);
        pay_frame_get_text(m->late[i].id, sizeof m->late->id, in);
        if (m->late[i].at >= COUNTRIES) { /* a row that is refused is left as far as it was read */
            m->late[i] = (struct late){0};
            in->bad = true;
        }
    }
}

static void
mismatch_free(void *self)
{
    struct mismatch *m = self;

    if (m != NULL)
        geo_free(m->geo);
    pay_frame_free(m);
}

static enum vg_err
mismatch_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options homes = {.cell_bytes = sizeof(struct home),
                                                .cells_max = HOMES_MAX,
                                                .row_bits = 7,
                                                .name = 'h',
                                                .version = HOME_VERSION,
                                                .put = home_put,
                                                .get = home_get};
    struct mismatch *m = calloc(1, sizeof *m);
    enum vg_err err;

    if (m == NULL)
        return VG_ERR_NOMEM;
    m->frame.version = STATE_VERSION;
    m->frame.put = mismatch_put;
    m->frame.get = mismatch_get;
    quantile_init(&m->ranks, MEMORY_NS);
    err = pay_frame_init(&m->frame, env, 21, why);
    if (err == VG_OK)
        err = keytab_new(&homes, &m->frame.tables[0]);
    if (err == VG_OK && env->geo_dir != NULL) {
        err = geo_open(env->geo_dir, &m->geo);
        if (err != VG_ERR_NOMEM) /* a damaged one answers less; `check` says so */
            err = VG_OK;
    }
    if (err != VG_OK) {
        mismatch_free(m);
        return err;
    }
    *self = m;
    return VG_OK;
}

const struct detector PAY_COUNTRY_MISMATCH = {
    .name = "pay.country_mismatch",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = mismatch_make,
    .observe = mismatch_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = mismatch_free,
    .health = pay_frame_health,
};
