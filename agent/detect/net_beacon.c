/* SPDX-License-Identifier: Apache-2.0 */
/* net.beacon: a device calls the same place again and again by the clock, as programs do that wait
 * for orders.
 *
 * One row for each (device, place, port): the last BEACON_RING intervals between contacts and what each
 * contact sent. The null hypothesis is contacts that come by chance, the p of the test that these are
 * as even (net_beacon_shape.c); sleeps at night are left out, and jitter of up to half the interval
 * passes. RITA's shape checks (Bowley's skewness, median
 * absolute deviation of intervals and of sizes) must hold as well. A contact is an answered flow, or
 * a request in plain HTTP; those within a second are one.
 *
 * By the clock also come time servers, update checkers and tills that ask their own server. So:
 * known services and places that several devices call are left out; places inside the shop count
 * only when the pair is new to a sensor that has watched for LEARN_NS, or when it speaks to a bare
 * address and changes the path while the clock stays (what no till does). */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keyed.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_beacon_private.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

#define SAME_VISIT_NS  VG_SEC_NS
#define LEARN_NS       (2 * VG_DAY_NS)
#define SLOW_S         120
#define P_ALWAYS_THERE 2e-3 /* the judge's ceiling is 1e-3 */

/* ---- what is left out ---- */

static bool
known_name(const struct beacon *b, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *at = b->known; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");

        if (len > 0 && len <= name_len &&
            str_eq_nocase(str_n(name + name_len - len, len), str_n(at, len)) &&
            (name_len == len || name[name_len - len - 1] == '.'))
            return true;
        at += len;
        at += strspn(at, " ");
    }
    return false;
}

/* Services that keep the clock by nature. */
static bool
keeps_the_clock(const struct flow_view *f)
{
    /* names, mail, push */
    static const uint16_t tcp[] = {25, 53, 110, 143, 465, 587, 853, 993, 995, 5223, 5228};
    static const uint16_t udp[] = {53,  67,   68,   69,   123,  137,  138,  161,  162,
                                   500, 1900, 3478, 3702, 4500, 5351, 5353, 5355, 6771};

    if (f->proto != 6 && f->proto != 17)
        return true;
    for (size_t i = 0; i < VG_ARRAY_LEN(tcp) && f->proto == 6; i++) {
        if (f->dport == tcp[i])
            return true;
    }
    if (f->proto == 6)
        return false;
    if (net_addr_is_local(&f->dst))
        return true; /* discovery and telemetry of devices among themselves */
    for (size_t i = 0; i < VG_ARRAY_LEN(udp); i++) {
        if (f->dport == udp[i])
            return true;
    }
    return false;
}

static bool
bare_address(struct str host)
{
    size_t dots = 0, i = 0;

    if (host.len > 0 && host.at[0] == '[')
        return true;
    for (; i < host.len && host.at[i] != ':'; i++) {
        if (host.at[i] == '.')
            dots++;
        else if (host.at[i] < '0' || host.at[i] > '9')
            return false;
    }
    return dots == 3;
}

static bool
popular(struct beacon *b, const struct flow_view *f)
{
    struct net_key k = {0}, who = {0};
    uint32_t caller;
    struct beacon_place *place;

    net_key_addr(&k, &f->dst);
    net_key_addr(&who, &f->src);
    caller = (uint32_t)str_hash(&STR_HASH_STORED, who.bytes, who.len);
    place = keyed_use(b->places, k.bytes, k.len, NULL);
    for (size_t i = 0; i < place->count; i++) {
        if (place->caller[i] == caller)
            return place->count > b->callers_max;
    }
    if (place->count < BEACON_CALLERS_MAX)
        place->caller[place->count++] = caller;
    return place->count > b->callers_max;
}

static bool
place_counts(const struct beacon *b, const struct beacon_pair *pair, const struct flow_view *f)
{
    if (known_name(b, pair->name))
        return false;
    if (!net_addr_is_local(&f->dst))
        return true;
    return (pair->bare && pair->path_count > 1) || pair->first_ns - b->since_ns >= LEARN_NS;
}

/* ---- tests ---- */

static void
test_pair(struct beacon *b, struct beacon_pair *pair, const struct flow_view *f, int64_t now_ns,
          const char *style, const struct beacon_shape *shape, double p)
{
    struct party subject, peer;
    struct test test = {.detector = "net.beacon",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = fmin(1, p * pair->looks)};
    struct str name = pair->bare ? str_of("") : str_of(pair->name);

    b->tested++;
    net_tell_party(b->scene, &subject, &f->src);
    net_tell_peer(b->scene, &peer, name, &f->dst);
    if (judge_wants(b->judge, test.p)) {
        test.facts = net_tell_flow(b->scene, f, name);
        if (test.facts != NULL)
            (void)json_object_update_new(
                test.facts,
                json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:I, s:I}", "style", style,
                          "contacts", (json_int_t)pair->visits, "every", shape->median_s,
                          "deviation", shape->deviation_s, "skew", shape->skew, "clock_score",
                          shape->clock_score, "regular_share", shape->near_share, "bytes",
                          (json_int_t)shape->size, "seconds",
                          (json_int_t)((pair->last_ns - pair->first_ns) / VG_SEC_NS)));
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(f));
        pair->reported = true;
    }
    judge_test(b->judge, &test);
}

/* A slow clock that ran when the watching began, to a place with a name: the till's own server, more
 * likely than not. It counts with what others say of the place, not by itself. */
static bool
was_always_there(const struct beacon *b, const struct beacon_pair *pair,
                 const struct beacon_shape *shape)
{
    return pair->first_ns - b->since_ns < LEARN_NS && shape->median_s > SLOW_S && !pair->bare &&
           pair->name[0] != '\0';
}

static void
look(struct beacon *b, struct beacon_pair *pair, const struct flow_view *f, int64_t now_ns)
{
    struct beacon_shape shape;

    if (pair->reported || pair->visits < pair->next_test ||
        pair->last_ns - pair->first_ns < b->span_min_ns)
        return;
    pair->next_test = pair->visits + pair->visits / 2; /* 20, 30, 45, ... */
    if (popular(b, f) || !place_counts(b, pair, f))
        return;
    pair->looks++;
    shape = beacon_shape_of(b, pair);
    /* What is not regular is a test as well, passed: p near 1. */
    test_pair(b, pair, f, now_ns, "clock", &shape,
              !shape.regular                      ? 1
              : was_always_there(b, pair, &shape) ? fmax(shape.p, P_ALWAYS_THERE)
                                                  : shape.p);
}

/* Asks a bare address for the same page over and over: an implant at work, faster than its clock. */
static void
look_poll(struct beacon *b, struct beacon_pair *pair, const struct flow_view *f, int64_t now_ns)
{
    struct beacon_shape shape;

    if (pair->reported || !pair->bare || net_addr_is_local(&f->dst) ||
        pair->poll_count < b->polls_min || pair->last_ns - pair->poll_ns < b->span_min_ns / 2)
        return;
    if (popular(b, f) || known_name(b, pair->name))
        return;
    pair->looks++;
    shape = beacon_shape_of(b, pair);
    pair->visits = pair->visits > pair->poll_count ? pair->visits : pair->poll_count;
    test_pair(b, pair, f, now_ns, "poll", &shape, exp2(-(double)pair->poll_count / 3));
}

/* ---- contacts ---- */

static struct beacon_pair *
pair_of(struct beacon *b, const struct flow_view *f, int64_t t_ns)
{
    struct net_key k = {0};
    struct beacon_pair *pair;
    bool made;

    net_key_addr(&k, &f->src);
    net_key_addr(&k, &f->dst);
    net_key_u8(&k, f->proto);
    net_key_u16(&k, f->dport);
    pair = keyed_use(b->pairs, k.bytes, k.len, &made);
    if (made) {
        pair->first_ns = t_ns;
        pair->next_test = b->contacts_min;
    }
    return pair;
}

static void
add_contact(struct beacon_pair *pair, int64_t t_ns, uint64_t size)
{
    int64_t gap = t_ns - pair->last_ns;

    pair->size[pair->size_count++ % BEACON_RING] = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    if (pair->last_ns != 0 && gap < SAME_VISIT_NS)
        return; /* one visit; also a flow that began earlier and ended later */
    if (pair->last_ns != 0)
        pair->interval_ms[pair->interval_count++ % BEACON_RING] =
            gap / VG_MS_NS < UINT32_MAX ? (uint32_t)(gap / VG_MS_NS) : UINT32_MAX;
    pair->last_ns = t_ns;
    pair->visits++;
}

static void
note_since(struct beacon *b, int64_t now_ns)
{
    if (b->since_ns == 0) {
        b->since_ns = now_ns;
        b->since_changed = true;
    }
}

static bool
watched(const struct flow_view *f)
{
    return net_addr_is_local(&f->src) || !net_addr_is_local(&f->dst)
               ? !net_addr_is_group(&f->dst) && !net_addr_eq(&f->src, &f->dst) &&
                     !keeps_the_clock(f)
               : false; /* the world that calls the shop is no beacon of the shop's */
}

static void
on_flow_end(struct beacon *b, const struct flow_view *f, int64_t now_ns)
{
    struct beacon_pair *pair;

    if (f->packets_in == 0 || f->midstream || f->state == FLOW_REFUSED || !watched(f) ||
        str_is(f->protocol, "http"))
        return;
    (void)popular(b, f);
    pair = pair_of(b, f, f->start_ns);
    if (f->server_name.len > 0)
        mask_text(pair->name, sizeof(pair->name), f->server_name.at, f->server_name.len);
    add_contact(pair, f->start_ns, f->bytes_out);
    look(b, pair, f, now_ns);
}

static void
note_path(struct beacon_pair *pair, uint32_t path, int64_t now_ns)
{
    size_t i = 0;

    while (i < pair->path_count && pair->path[i] != path)
        i++;
    if (i == pair->path_count && i < BEACON_PATHS_MAX)
        pair->path[pair->path_count++] = path;
    if (pair->poll_count == 0) {
        pair->poll_path = path;
        pair->poll_ns = now_ns;
    }
    if (pair->poll_path == path)
        pair->poll_count++;
    else
        pair->poll_count--;
}

static void
on_http(struct beacon *b, const struct http_view *h, int64_t now_ns)
{
    const struct flow_view *f = h->flow;
    struct beacon_pair *pair;

    if (!watched(f))
        return;
    (void)popular(b, f);
    pair = pair_of(b, f, now_ns);
    if (h->host.len > 0) {
        mask_text(pair->name, sizeof(pair->name), h->host.at, h->host.len);
        pair->bare = bare_address(h->host);
    }
    add_contact(pair, now_ns, h->request_body + h->uri.len);
    if (str_is(h->method, "GET"))
        note_path(pair, (uint32_t)str_hash(&STR_HASH_STORED, h->uri.at, h->uri.len), now_ns);
    look(b, pair, f, now_ns);
    look_poll(b, pair, f, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct beacon *b = self;

    note_since(b, obs->time_ns);
    if (obs->kind == OBS_FLOW_END)
        on_flow_end(b, obs->flow, obs->time_ns);
    else if (obs->kind == OBS_HTTP)
        on_http(b, obs->http, obs->time_ns);
}

/* ---- life and state ---- */

static void
beacon_free(void *self)
{
    struct beacon *b = self;

    if (b == NULL)
        return;
    keyed_free(b->pairs);
    keyed_free(b->places);
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

_Static_assert(NET_TABLE_BYTES(BEACON_PAIRS_MAX, struct beacon_pair) +
                       NET_TABLE_BYTES(BEACON_PLACES_MAX, struct beacon_place) <=
                   NET_BEACON_BYTES,
               "the memory of detectors is promised");

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
    b->near_share = 0.85;
    b->size_share = 0.7;
    err = read_settings(b, env, why);
    if (err == VG_OK)
        err = keyed_new(BEACON_PAIRS_MAX, sizeof(struct beacon_pair), &b->pairs);
    if (err == VG_OK)
        err = keyed_new(BEACON_PLACES_MAX, sizeof(struct beacon_place), &b->places);
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

    (void)json_object_set_new(counters, "pairs", json_integer((json_int_t)keyed_count(b->pairs)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(b->pairs)));
    (void)json_object_set_new(counters, "tested", json_integer((json_int_t)b->tested));
}

const struct detector NET_BEACON = {
    .name = "net.beacon",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_END | 1u << OBS_HTTP,
    .make = make,
    .observe = observe,
    .save = beacon_save,
    .load = beacon_load,
    .free = beacon_free,
    .health = health,
};
