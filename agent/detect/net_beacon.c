/* SPDX-License-Identifier: Apache-2.0 */
/* net.beacon: a device calls the same place again and again by the clock, as programs do that wait
 * for orders: over TCP, UDP, TLS, HTTP, in DNS questions and in pings.
 *
 * One series for each (device, place, port or carrier): the last BEACON_RING intervals between
 * contacts, what each contact sent, and in which hours of the last day it came. The null hypothesis
 * is contacts that come by chance, the p of the test that these are as even (net_beacon_shape.c);
 * nights are left out, and jitter of up to half the interval passes. What RITA scores of the same
 * series (net_beacon_score.c) goes into the alert. The series must cover a share of the time that
 * was watched, up to a day: a page left open for some minutes does not.
 *
 * By the clock also come time servers, update checkers and tills that ask their own server: what
 * tells them apart is how rare the place is (net_beacon_place.c). */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/net_beacon_private.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

#define P_USUAL 2e-3 /* the judge's ceiling is 1e-3 */

/* ---- tests ---- */

static const char *
carrier_name(const struct beacon_series *s)
{
    static const char *const names[BEACON_CARRIERS] = {"TCP", "UDP", "TLS", "HTTP", "DNS", "ICMP"};

    return s->carrier < BEACON_CARRIERS ? names[s->carrier] : "";
}

static const char *
marks_text(const struct beacon_series *s, char out[64])
{
    (void)snprintf(out, 64, "%s%s%s", (s->marks & BEACON_BARE) != 0 ? "bare_address " : "",
                   (s->marks & BEACON_STAGER) != 0 ? "stager_path " : "",
                   (s->marks & BEACON_NO_AGENT) != 0 ? "no_user_agent " : "");
    if (out[0] != '\0')
        out[strlen(out) - 1] = '\0';
    return out;
}

static json_t *
facts_of(const struct beacon *b, const struct beacon_series *s, const struct beacon_contact *c,
         const char *style, const struct beacon_shape *shape, struct str name)
{
    json_t *facts = net_tell_flow(b->scene, c->flow, name);
    struct beacon_scores scores = beacon_scores_of(b, s);
    char marks[64];

    if (facts == NULL)
        return NULL;
    (void)json_object_update_new(
        facts,
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I}", "style", style,
                  "carrier", carrier_name(s), "marks", marks_text(s, marks), "contacts",
                  (json_int_t)s->visits, "callers", (json_int_t)beacon_callers(b, c), "every",
                  shape->median_s, "deviation", shape->deviation_s, "skew", shape->skew,
                  "regular_share", shape->near_share, "bytes", (json_int_t)shape->size, "seconds",
                  (json_int_t)((s->last_ns - s->first_ns) / VG_SEC_NS)));
    (void)json_object_update_new(facts, json_pack("{s:f, s:f, s:f, s:f, s:f}", "time_score",
                                                  scores.time, "size_score", scores.size,
                                                  "day_score", scores.day, "lasting_score",
                                                  scores.lasting, "beacon_score", scores.all));
    return facts;
}

static void
test_series(struct beacon *b, struct beacon_series *s, const struct beacon_contact *c,
            const char *style, const struct beacon_shape *shape, double p)
{
    struct party subject, peer;
    struct test test = {.detector = "net.beacon",
                        .time_ns = c->now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = fmin(1, p)};
    struct str name = (s->marks & BEACON_BARE) != 0 ? str_of("") : str_of(s->name);

    b->tested++;
    net_tell_party(b->scene, &subject, &c->flow->src);
    net_tell_peer(b->scene, &peer, name, &c->flow->dst);
    if (judge_wants(b->judge, test.p)) {
        test.facts = facts_of(b, s, c, style, shape, name);
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(c->flow));
        s->reported = test.p < P_USUAL;
    }
    judge_test(b->judge, &test);
}

/* Long enough for what was watched: RITA's coverage of the data set, of which we ask a share. */
static bool
covers(const struct beacon *b, const struct beacon_series *s, int64_t now_ns)
{
    int64_t span = s->last_ns - s->first_ns, watched = now_ns - b->since_ns;

    if (span < b->span_min_ns)
        return false;
    if ((s->marks & (BEACON_BARE | BEACON_STAGER)) != 0)
        return true;
    return (double)span >= b->cover_min * (double)(watched < VG_DAY_NS ? watched : VG_DAY_NS);
}

static void
look(struct beacon *b, struct beacon_series *s, const struct beacon_contact *c)
{
    struct beacon_shape shape;
    enum beacon_rarity rarity;

    if (s->reported || s->visits < s->next_test || !covers(b, s, c->now_ns))
        return;
    s->next_test = s->visits + s->visits / 2; /* 20, 30, 45, ... */
    shape = beacon_shape_of(b, s);
    rarity = beacon_rarity_of(b, s, c, shape.median_s);
    if (rarity == BEACON_COMMON)
        return;
    s->looks++;
    /* What is not regular is a test as well, passed: p near 1. */
    test_series(b, s, c, "clock", &shape,
                !shape.regular           ? 1
                : rarity == BEACON_USUAL ? fmax(shape.p * s->looks, P_USUAL)
                                         : shape.p * s->looks);
}

/* Asks a bare address for the same page over and over: an implant at work, faster than its clock. */
static void
look_poll(struct beacon *b, struct beacon_series *s, const struct beacon_contact *c)
{
    struct beacon_shape shape;

    if (s->reported || (s->marks & BEACON_BARE) == 0 || net_addr_is_local(&c->flow->dst) ||
        s->poll_count < b->polls_min || s->last_ns - s->poll_ns < b->span_min_ns / 2)
        return;
    if (beacon_callers(b, c) > b->callers_max)
        return;
    s->looks++;
    shape = beacon_shape_of(b, s);
    s->visits = s->visits > s->poll_count ? s->visits : s->poll_count;
    test_series(b, s, c, "poll", &shape, exp2(-(double)s->poll_count / 3) * s->looks);
}

/* ---- observations ---- */

static void
note_since(struct beacon *b, int64_t now_ns)
{
    if (b->since_ns == 0) {
        b->since_ns = now_ns;
        b->changed = true;
    }
}

static void
observe(void *self, const struct obs *obs)
{
    struct beacon *b = self;
    struct beacon_contact c = {.flow = NULL};
    struct beacon_series *s = NULL;
    struct flow_view ping;

    note_since(b, obs->time_ns);
    switch (obs->kind) {
    case OBS_FLOW_START:
    case OBS_FLOW_UPDATE:
        beacon_called(b, obs->flow);
        break;
    case OBS_FLOW_END:
        beacon_called(b, obs->flow);
        s = beacon_from_flow(b, obs->flow, obs->time_ns, &c);
        break;
    case OBS_HTTP:
        s = beacon_from_http(b, obs->http, obs->time_ns, &c);
        break;
    case OBS_DNS:
        s = beacon_from_dns(b, obs->dns, obs->time_ns, &c);
        break;
    case OBS_ICMP:
        s = beacon_from_icmp(b, obs->icmp, obs->time_ns, &ping, &c);
        break;
    default:
        break;
    }
    if (s == NULL)
        return;
    look(b, s, &c);
    if (obs->kind == OBS_HTTP)
        look_poll(b, s, &c);
}

/* ---- life ---- */

static void
beacon_free(void *self)
{
    struct beacon *b = self;

    if (b == NULL)
        return;
    keytab_free(b->series);
    keytab_free(b->queries);
    keytab_free(b->places);
    free(b->known);
    free(b);
}

static enum vg_err
read_settings(struct beacon *b, const struct detector_env *env, char why[DETECT_WHY_MAX])
{
    const json_t *known = env->settings != NULL ? json_object_get(env->settings, "known") : NULL;

    if (!net_setting_u32(env, "contacts", 10, BEACON_RING, &b->contacts_min, why) ||
        !net_setting_u32(env, "polls", 30, 10000, &b->polls_min, why) ||
        !net_setting_u32(env, "callers", 1, BEACON_CALLERS_MAX - 1, &b->callers_max, why) ||
        !net_setting_duration(env, "span", VG_SEC_NS, VG_DAY_NS, &b->span_min_ns, why) ||
        !net_setting_real(env, "cover", 0, 1, &b->cover_min, why) ||
        !net_setting_real(env, "regular_share", 0.5, 1, &b->near_share, why) ||
        !net_setting_real(env, "size_share", 0, 1, &b->size_share, why))
        return VG_ERR_CONFIG;
    if (known != NULL && !json_is_string(known)) {
        snprintf(why, DETECT_WHY_MAX, "known: names separated by blanks");
        return VG_ERR_CONFIG;
    }
    if (known != NULL && (b->known = strdup(json_string_value(known))) == NULL)
        return VG_ERR_NOMEM;
    return VG_OK;
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct beacon *b = calloc(1, sizeof(*b));
    enum vg_err err;

    if (b == NULL)
        return VG_ERR_NOMEM;
    b->judge = env->judge;
    b->scene = env->scene;
    b->contacts_min = 20;
    b->polls_min = 60;
    b->callers_max = 2;
    b->span_min_ns = VG_MIN_NS;
    b->cover_min = 0.04;
    b->near_share = 0.85;
    b->size_share = 0.7;
    err = read_settings(b, env, why);
    if (err == VG_OK)
        err = beacon_tables_new(b);
    if (err != VG_OK) {
        beacon_free(b);
        return err;
    }
    *self = b;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct beacon *b = self;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"pairs", keytab_count(b->series)},
        {"evicted", keytab_evicted(b->series)},
        {"queries", keytab_count(b->queries)},
        {"queries_evicted", keytab_evicted(b->queries)},
        {"tested", b->tested},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++)
        (void)json_object_set_new(counters, rows[i].name, json_integer((json_int_t)rows[i].value));
}

const struct detector NET_BEACON = {
    .name = "net.beacon",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_START | 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_HTTP |
             1u << OBS_DNS | 1u << OBS_ICMP,
    .make = make,
    .observe = observe,
    .save = beacon_save,
    .load = beacon_load,
    .free = beacon_free,
    .health = health,
};
