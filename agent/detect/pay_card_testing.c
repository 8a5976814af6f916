/* SPDX-License-Identifier: Apache-2.0 */
/* pay.card_testing: somebody finds out which stolen cards work: many different cards in a short time
 * at one place, most of them declined, or with amounts far smaller than the shop's.
 *
 * A place is an address, a device, a terminal, a range of cards (BIN), a log, a mailbox (whatever tags
 * and dots its address is written with) or a pattern of e-mail addresses (mail_shape). In a window of
 * PAY_PLACE_WINDOW_NS each keeps forgotten counts of different cards that were declined and of different
 * cards that paid a small amount (below SMALL_SHARE of the shop's sales); a card tried ten times
 * counts once. Both are held against the place's own busiest rate by a negative binomial tail. A range
 * that somebody goes through slowly, from many addresses, is told by its cards of a whole day and by
 * last four digits that lie close together (pay_issuer.h). One
 * attack touches several places: the test goes to the one that stands out most, and stays with it
 * until the attack is over, so that it is one alert. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_issuer.h"
#include "agent/detect/pay_place.h"
#include "agent/detect/pay_tries.h"
#include "agent/detect/quantile.h"
#include "common/vtime.h"

#define MEMORY_NS   (30 * VG_DAY_NS)
#define ATTACK_NS   (EVENT_INCIDENT_HOURS * VG_HOUR_NS)
#define SMALL_SHARE 0.05
/* From here on a place is under attack. */
#define ATTACK_P 1e-3
/* Beyond this it is a finding, not a test. */
#define CERTAIN_P        1e-8
#define CERTAIN_DECLINED 12.0

enum { PLACE_VERSION = 2, STATE_VERSION = 3 };
enum { AT_IP, AT_DEVICE, AT_TERMINAL, AT_BIN, AT_LOG, AT_MAIL, AT_MAILBOX, AT_COUNT };

/* The attack that goes on: its subject stays the same. */
struct attack {
    int64_t last_ns;         /* 0: none */
    uint64_t keys[AT_COUNT]; /* of the place and of whatever was seen with it */
    bool told;               /* the shop knows of it */
    struct party subject;
};

struct testing {
    struct judge *judge;
    char currency[4];
    const json_t *settings; /* borrowed: the phrases of the signs */
    struct keytab *places, *issuers;
    struct quantile amounts; /* of approved sales */
    struct attack attack;
    struct pay_tries tries;
    int64_t since_ns, last_ns;
    double learn_days, min_cards;
    bool any, changed;
};

/* What was seen at the place that stands out most. */
struct verdict {
    double p, usual, cards, tries, declined, small;
    int64_t window_ns;
    int at;
    const char *sign; /* in the settings, without language */
};

/* ---- the attack ---- */

/* The domain of an address's shape, shown with dots for letters and noughts for digits: an address that
 * people know for a pattern. */
static void
subject_mail(struct party *out, struct str shape)
{
    struct slice s = slice_of(shape.at, shape.len);
    char label[PARTY_LABEL_MAX];
    size_t n = 0;
    bool local = true;

    while (s.left > 0 && n + 8 < sizeof label) {
        char c = (char)slice_u8(&s);

        local = local && c != '@';
        if (local && (c == 'a' || c == '0'))
            n += (size_t)snprintf(label + n, sizeof label - n, c == 'a' ? "••" : "00");
        else
            label[n++] = c;
    }
    label[n] = '\0';
    (void)pay_party(out, "customer", shape, label);
}

static void
subject_bin(struct party *out, const char *bin)
{
    char id[32], label[32];

    (void)snprintf(id, sizeof id, "bin:%.6s", bin);
    (void)snprintf(label, sizeof label, "%.6s••", bin);
    party_set(out, "card", id, label);
}

static void
subject_of(struct party *out, const struct txn_view *t, int at)
{
    switch (at) {
    case AT_IP:
        (void)pay_party(out, "host", t->ip, NULL);
        break;
    case AT_DEVICE:
        (void)pay_party(out, "device", t->device, NULL);
        break;
    case AT_TERMINAL:
        (void)pay_party(out, "terminal", t->terminal, NULL);
        break;
    case AT_BIN:
        subject_bin(out, t->bin);
        break;
    case AT_MAIL:
        subject_mail(out, t->mail_shape);
        break;
    case AT_MAILBOX:
        (void)pay_party(out, "customer", t->mailbox, NULL);
        break;
    default:
        (void)pay_party(out, "log", t->source, NULL);
    }
}

/* Whether this try belongs to the attack that goes on: some place of the two is the same. */
static bool
attack_goes_on(const struct attack *a, const uint64_t keys[AT_COUNT], int64_t now_ns)
{
    if (a->last_ns == 0 || now_ns - a->last_ns > ATTACK_NS)
        return false;
    for (int at = 0; at < AT_COUNT; at++)
        if (keys[at] != 0 && keys[at] == a->keys[at])
            return true;
    return false;
}

/* So many different cards declined in one place within minutes is an attack by its nature, whatever is
 * left of the budget. */
static void
certain(struct testing *s, struct test *test)
{
    struct finding finding = {.detector = test->detector,
                              .time_ns = test->time_ns,
                              .subject = test->subject,
                              .score = judge_score(test->p),
                              .facts = test->facts,
                              .evidence = test->evidence};

    judge_finding(s->judge, &finding);
}

static json_t *
facts_of(const struct testing *s, const struct txn_view *t, const struct verdict *v)
{
    char es[24], en[24];

    (void)snprintf(es, sizeof es, "%s_es", v->sign);
    (void)snprintf(en, sizeof en, "%s_en", v->sign);
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:s, s:s, s:s}", "cards", (json_int_t)lround(v->cards),
        "tries", (json_int_t)lround(v->tries), "declined", (json_int_t)lround(v->declined), "small",
        (json_int_t)lround(v->small), "seconds", (json_int_t)(v->window_ns / VG_SEC_NS), "usual",
        round(10 * v->usual) / 10, "amount", (json_int_t)(t->has_amount ? t->amount : 0),
        "currency", t->currency[0] != '\0' ? t->currency : s->currency, "sign_es",
        vg_json_str(s->settings, es, v->sign), "sign_en", vg_json_str(s->settings, en, v->sign));
}

static void
report(struct testing *s, const struct txn_view *t, const struct verdict *v,
       const uint64_t keys[AT_COUNT])
{
    struct party subject;
    struct test test = {
        .detector = "pay.card_testing", .time_ns = t->time_ns, .subject = &subject, .p = v->p};

    if (v->p >= ATTACK_P && judge_test_idle(s->judge, t->time_ns, v->p))
        return;
    subject_of(&subject, t, v->at);
    if (v->p < ATTACK_P) {
        if (attack_goes_on(&s->attack, keys, t->time_ns)) {
            subject = s->attack.subject;
        } else {
            s->attack.subject = subject;
            s->attack.told = false;
        }
        s->attack.last_ns = t->time_ns;
        memcpy(s->attack.keys, keys, sizeof s->attack.keys);
    }
    if (judge_wants(s->judge, v->p)) {
        test.facts = facts_of(s, t, v);
        test.evidence = pay_tries_evidence(&s->tries, t->time_ns - 3 * v->window_ns);
    }
    if (v->p < CERTAIN_P && v->declined >= CERTAIN_DECLINED && !s->attack.told) {
        certain(s, &test);
        s->attack.told = true;
    } else if (judge_test(s->judge, &test)) {
        s->attack.told = true;
    }
}

/* ---- one transaction ---- */

static bool
is_small(struct testing *s, const struct txn_view *t)
{
    double x = (double)t->amount + 1, all = quantile_weight(&s->amounts);

    return t->has_amount && all >= 100 && all - quantile_above(&s->amounts, x) < SMALL_SHARE * all;
}

/* Where the log names neither card nor customer (the access log of a checkout) each attempt counts for a
 * card of its own, but at its address alone: nothing else tells one customer there from another. */
static bool
is_nameless(const struct txn_view *t)
{
    return t->kind == TXN_AUTH && t->card.len == 0 && t->last4[0] == '\0' && t->customer.len == 0 &&
           t->email.len == 0 && t->ip.len > 0;
}

static uint64_t
attempt_key(const struct txn_view *t)
{
    uint64_t h = ((uint64_t)t->time_ns ^ t->line * UINT64_C(0xd6e8feb86659fd93)) *
                 UINT64_C(0x9e3779b97f4a7c15);

    return (h ^ h >> 32) | 1;
}

/* What tells one card from another that is not named itself: its digits as far as the log has them, else
 * whose it is. 0: nothing. */
static uint64_t
stand_in_key(const struct txn_view *t)
{
    if (t->last4[0] != '\0')
        return pay_key("last4", str_of(t->last4)) + pay_key("bin", str_of(t->bin));
    return pay_key("card", t->customer.len > 0 ? t->customer : t->email);
}

/* All places at which it happened. */
static struct verdict
look_at_places(struct testing *s, const struct pay_place_try *try, const uint64_t keys[AT_COUNT],
               bool learned)
{
    struct verdict worst = {.p = 1, .window_ns = PAY_PLACE_WINDOW_NS};

    for (int at = 0; at < AT_COUNT; at++) {
        struct pay_place *c = keys[at] != 0 ? pay_place_count(s->places, keys[at], try) : NULL;
        double p = 1, usual = 0;

        if (c == NULL || !(try->declined || try->small))
            continue;
        if (learned)
            p = pay_place_p(c, s->min_cards, try->time_ns, &usual);
        pay_place_learn(c, try, judge_learn_weight(p));
        if (p < worst.p)
            worst = (struct verdict){.p = p,
                                     .usual = usual,
                                     .cards = (double)c->different,
                                     .tries = (double)c->tries,
                                     .declined = (double)c->declined,
                                     .small = (double)c->small,
                                     .window_ns = PAY_PLACE_WINDOW_NS,
                                     .at = at,
                                     .sign = at == AT_MAIL      ? "mail"
                                             : at == AT_MAILBOX ? "mailbox"
                                                                : "many"};
    }
    return worst;
}

/* The cards of its issuer in the last day; where the log names no issuer, those of the log. */
static struct verdict
look_at_issuer(struct testing *s, const struct txn_view *t, const struct pay_place_try *try,
               const uint64_t keys[AT_COUNT], bool learned)
{
    struct verdict v = {.p = 1, .at = keys[AT_BIN] != 0 ? AT_BIN : AT_LOG};
    struct pay_issuer_look look = {.p = 1};
    struct slice digits = slice_of(t->last4, strlen(t->last4));
    unsigned last4 = 0;
    struct pay_issuer *c;

    if (keys[v.at] == 0 || digits.left != 4)
        return v;
    while (digits.left > 0)
        last4 = last4 * 10 + (slice_u8(&digits) - '0') % 10U;
    c = pay_issuer_count(s->issuers, keys[v.at], try->card, last4, try->declined, try->time_ns);
    if (c == NULL)
        return v;
    if (learned)
        look = pay_issuer_look(c, s->min_cards, try->time_ns);
    pay_issuer_learn(c, try->declined, judge_learn_weight(look.p));
    v.p = look.p;
    v.usual = look.usual;
    v.declined = (double)c->declined;
    v.cards = v.tries = look.cards > v.declined ? look.cards : v.declined;
    v.small = v.cards - v.declined;
    v.window_ns = PAY_ISSUER_WINDOW_NS;
    v.sign = look.in_a_row ? "row" : "range";
    return v;
}

static void
testing_observe(void *self, const struct obs *obs)
{
    struct testing *s = self;
    const struct txn_view *t = obs->txn;
    const uint64_t *named = obs->keys->key;
    uint64_t keys[AT_COUNT] = {named[KEY_IP],     named[KEY_DEVICE], named[KEY_TERMINAL],
                               named[KEY_BIN],    named[KEY_LOG],    named[KEY_MAIL_SHAPE],
                               named[KEY_MAILBOX]};
    struct pay_place_try try = {.time_ns = t->time_ns,
                                .card = named[KEY_CARD] != 0 ? named[KEY_CARD] : stand_in_key(t),
                                .declined = t->outcome == TXN_DECLINED};
    struct verdict worst, issuer;
    bool learned;

    if (is_nameless(t)) {
        try.card = attempt_key(t);
        keys[AT_DEVICE] = keys[AT_TERMINAL] = keys[AT_BIN] = keys[AT_LOG] = 0;
    }
    if ((t->kind != TXN_SALE && t->kind != TXN_AUTH) || try.card == 0)
        return;
    if (!s->any) {
        s->any = true;
        s->since_ns = t->time_ns;
    }
    s->changed = true;
    s->last_ns = t->time_ns;
    learned = (double)(t->time_ns - s->since_ns) >= s->learn_days * (double)VG_DAY_NS;
    quantile_time(&s->amounts, t->time_ns);
    try.small = is_small(s, t);
    worst = look_at_places(s, &try, keys, learned);
    if (try.declined || try.small) {
        pay_tries_keep(&s->tries, t);
        issuer = look_at_issuer(s, t, &try, keys, learned);
        worst = issuer.p < worst.p ? issuer : worst;
    }
    if (worst.p < 1)
        report(s, t, &worst, keys);
    if (!try.declined && t->has_amount)
        quantile_add(&s->amounts, (double)t->amount + 1, judge_learn_weight(worst.p));
}

/* ---- state ---- */

static void
testing_save(void *self, struct state_out *out)
{
    struct testing *s = self;
    struct buf blob;

    keytab_save(s->places, out);
    keytab_save(s->issuers, out);
    if (!s->changed)
        return;
    s->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    codec_put_i64(&blob, s->since_ns);
    codec_put_i64(&blob, s->last_ns);
    quantile_put(&s->amounts, &blob);
    codec_put_i64(&blob, s->attack.last_ns);
    buf_put_u8(&blob, s->attack.told);
    for (int at = 0; at < AT_COUNT; at++)
        buf_put_be64(&blob, s->attack.keys[at]);
    pay_frame_put_text(s->attack.subject.kind, &blob);
    pay_frame_put_text(s->attack.subject.id, &blob);
    pay_frame_put_text(s->attack.subject.label, &blob);
    pay_tries_put(&s->tries, &blob);
    if (!blob.bad)
        state_put(out, slice_of("a", 1), STATE_VERSION, buf_slice(&blob));
    buf_done(&blob);
}

static void
get_main(struct testing *s, uint16_t version, struct slice *in)
{
    int places = version == 2 ? AT_MAIL : AT_COUNT; /* the second version knew of no mail */

    s->since_ns = codec_time(in);
    s->last_ns = codec_time(in);
    quantile_get(&s->amounts, in);
    s->attack.last_ns = codec_time(in);
    s->attack.told = slice_u8(in) != 0;
    for (int at = 0; at < places; at++)
        s->attack.keys[at] = slice_be64(in);
    pay_frame_get_text(s->attack.subject.kind, sizeof s->attack.subject.kind, in);
    pay_frame_get_text(s->attack.subject.id, sizeof s->attack.subject.id, in);
    pay_frame_get_text(s->attack.subject.label, sizeof s->attack.subject.label, in);
    pay_tries_get(&s->tries, in);
    s->any = !in->bad;
}

static enum vg_err
testing_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct testing *s = self;
    struct slice name = key;

    if (keytab_owns(s->places, key))
        return keytab_load(s->places, key, version, blob);
    if (keytab_owns(s->issuers, key))
        return keytab_load(s->issuers, key, version, blob);
    if (key.left != 1 || slice_u8(&name) != 'a' || version < 2 || version > STATE_VERSION)
        return VG_ERR_FORMAT;
    get_main(s, version, &blob);
    return blob.bad ? VG_ERR_FORMAT : VG_OK;
}

static void
testing_free(void *self)
{
    struct testing *s = self;

    if (s == NULL)
        return;
    keytab_free(s->places);
    keytab_free(s->issuers);
    free(s);
}

static enum vg_err
testing_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct testing *s = calloc(1, sizeof *s);
    enum vg_err err;

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->settings = env->settings;
    (void)vg_strcpy(s->currency, sizeof s->currency, env->currency != NULL ? env->currency : "");
    quantile_init(&s->amounts, MEMORY_NS);
    err = pay_setting(env->settings, "learn_days", 3, 0, 365, &s->learn_days, why);
    if (err == VG_OK)
        err = pay_setting(env->settings, "min_cards", 5, 2, 1000, &s->min_cards, why);
    if (err == VG_OK)
        err = pay_places_new('p', PLACE_VERSION, &s->places);
    if (err == VG_OK)
        err = keytab_new(&PAY_ISSUERS, &s->issuers);
    if (err != VG_OK) {
        testing_free(s);
        return err;
    }
    pay_ahead_add(env->ahead, s->places, KEY_IP);
    pay_ahead_add(env->ahead, s->places, KEY_MAIL_SHAPE);
    pay_ahead_add(env->ahead, s->places, KEY_MAILBOX);
    *self = s;
    return VG_OK;
}

static void
testing_health(const void *self, json_t *counters)
{
    const struct testing *s = self;
    bool learning =
        !s->any || (double)(s->last_ns - s->since_ns) < s->learn_days * (double)VG_DAY_NS;

    (void)json_object_set_new(counters, "learning", json_integer(learning));
    (void)json_object_set_new(counters, "places",
                              json_integer((json_int_t)keytab_count(s->places)));
    (void)json_object_set_new(
        counters, "turned_away",
        json_integer((json_int_t)(keytab_evicted(s->places) + keytab_evicted(s->issuers))));
}

const struct detector PAY_CARD_TESTING = {
    .name = "pay.card_testing",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN,
    .make = testing_make,
    .observe = testing_observe,
    .save = testing_save,
    .load = testing_load,
    .free = testing_free,
    .health = testing_health,
};
