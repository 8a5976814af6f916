/* SPDX-License-Identifier: Apache-2.0 */
/* pay.country_mismatch: the countries around one payment do not fit: that of its log row (billing,
 * delivery or card, whatever the log writes there), that of its address, those that the issuer's
 * range (BIN), the card and the customer usually come with.
 *
 * Where any of them differs, what counts is how surprising the row's country is, -log(share) among
 * the shop's payments, AGREE more for each further one that differs, summed over what came for that
 * country within the last day. (A regular who sends a gift abroad differs in all, but to a country
 * that others send to as well.) How rare that is comes from its ranks over all payments with a
 * country, so that a shop on the border or for tourists is used to it. Countries of ranges, cards and customers are
 * learned; that of an address is the registry's (geo.h), where it is installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/geo.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

#define MEMORY_NS (180 * VG_DAY_NS)
#define AGREE     0.3
#define HEAT_NS   VG_DAY_NS
#define LEAST     300.0
/* Payments of a range, card or customer that make a country the usual one, and their share. */
#define HOME_LEAST_BIN 10.0F
#define HOME_LEAST     2.0F
#define HOME_SHARE     0.9F

enum { HOMES_MAX = 8192, COUNTRIES = 26 * 26, STATE_VERSION = 1 };

struct home {
    char country[2];
    float n, same;
};

struct mismatch {
    struct pay_frame frame; /* tables[0]: home by range, card or customer */
    struct geo *geo;        /* may be NULL */
    float total, seen[COUNTRIES];
    float heat[COUNTRIES]; /* surprises to this country within the last HEAT_NS */
    int64_t heat_ns;
    int64_t folded_ns;
    struct quantile ranks;
};

enum side { SIDE_BIN, SIDE_CARD, SIDE_CUSTOMER, SIDE_ADDRESS, SIDES };
static const char *const SIDE_NAMES[SIDES] = {"bin", "card", "customer", "address"};

struct look {
    double surprise;
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

    *out = (struct look){.side = "-"};
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
    const uint64_t keys[SIDES] = {pay_key("bin", str_of(t->bin)), pay_key("card", t->card),
                                  pay_key("customer", t->customer.len > 0 ? t->customer : t->email),
                                  0};
    struct look look;
    double p = 1;
    float w;
    int at = index_of(t->country);

    if (at < 0 || (t->kind != TXN_SALE && t->kind != TXN_AUTH))
        return;
    pay_frame_time(&m->frame, t->time_ns);
    forget(m, t->time_ns);
    quantile_time(&m->ranks, t->time_ns);
    look_at(m, t, keys, &look);
    if (look.differ > 0) {
        cool(m, t->time_ns);
        m->heat[at] += (float)look.surprise;
        look.surprise = (double)m->heat[at];
    }
    if (look.differ > 0 && (double)m->total >= LEAST && pay_frame_learned(&m->frame)) {
        p = tail_upper_p(&m->ranks, 1 + 100 * look.surprise);
        report(m, t, &look, p);
    }
    w = (float)judge_learn_weight(p);
    quantile_add(&m->ranks, 1 + 100 * look.surprise, (double)w);
    m->seen[at] += w;
    m->total += w;
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
    codec_put_i64(out, m->folded_ns);
    codec_put_i64(out, m->heat_ns);
    for (int i = 0; i < COUNTRIES; i++) {
        codec_put_f32(out, m->seen[i]);
        codec_put_f32(out, m->heat[i]);
    }
    quantile_put(&m->ranks, out);
}

static void
mismatch_get(void *self, struct slice *in)
{
    struct mismatch *m = self;

    m->total = codec_f32(in);
    m->folded_ns = codec_time(in);
    m->heat_ns = codec_time(in);
    for (int i = 0; i < COUNTRIES; i++) {
        m->seen[i] = codec_f32(in);
        m->heat[i] = codec_f32(in);
    }
    quantile_get(&m->ranks, in);
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
                                                .version = STATE_VERSION,
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
