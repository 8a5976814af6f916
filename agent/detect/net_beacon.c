/* SPDX-License-Identifier: Apache-2.0 */
/* net.beacon: a device calls the same place again and again by the clock, as programs do that wait
 * for orders.
 *
 * One row for each (device, place, port): the last RING intervals between contacts and what each
 * contact sent. The null hypothesis is contacts that come by chance (exponential intervals of the
 * same median): each then falls within NEAR of the median with probability NEAR_CHANCE, and the p of
 * the test is the binomial tail of how many did. RITA's shape checks (Bowley's skewness, median
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
#include "agent/detect/net_common.h"
#include "common/vtime.h"

enum {
    BEACON_PAIRS_MAX = 1536,
    BEACON_PLACES_MAX = 1024,
    BEACON_VERSION = 1,
    RING = 64,
    CALLERS_MAX = 4,
    PATHS_MAX = 4,
    NAME_MAX_LEN = 64,
};
#define SAME_VISIT_NS VG_SEC_NS
#define LEARN_NS      (2 * VG_DAY_NS)
#define NEAR          0.30   /* moderate jitter */
#define NEAR_CHANCE   0.2095 /* 2^-(1 - NEAR) - 2^-(1 + NEAR) */

struct pair {
    int64_t first_ns, last_ns;
    uint32_t visits; /* contacts more than a second apart */
    uint32_t next_test, looks;
    bool reported;
    uint32_t interval_ms[RING], size[RING]; /* rings, by visits and by contacts */
    uint32_t interval_count, size_count;
    char name[NAME_MAX_LEN]; /* what the place calls itself: SNI or Host */
    bool bare;               /* plain HTTP to an address instead of a name */
    uint32_t path[PATHS_MAX];
    uint8_t path_count;
    uint32_t poll_path, poll_count; /* the path that is asked for most (majority vote) */
    int64_t poll_ns;                /* since when it is */
};

struct place { /* who calls one address */
    uint32_t caller[CALLERS_MAX];
    uint8_t count;
};

struct beacon {
    struct judge *judge;
    struct keyed *pairs, *places;
    int64_t since_ns; /* first event that this sensor saw */
    bool since_changed;
    char *known; /* suffixes of names, separated by blanks */
    uint32_t contacts_min, polls_min, callers_max;
    int64_t span_min_ns;
    double near_share, size_share;
    uint64_t tested;
};

/* ---- statistics of one pair ---- */

static int
by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static size_t
sorted(const uint32_t *ring, uint32_t count, uint32_t out[RING])
{
    size_t n = count < RING ? count : RING;

    memcpy(out, ring, n * sizeof(out[0]));
    qsort(out, n, sizeof(out[0]), by_value);
    return n;
}

static double
quantile_of(const uint32_t *s, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;

    return low + 1 < n ? s[low] + (at - (double)low) * ((double)s[low + 1] - s[low]) : s[low];
}

/* How many lie within `near` of the median. */
static size_t
count_near(const uint32_t *s, size_t n, double median, double near, double least)
{
    double width = fmax(near * median, least);
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += fabs((double)s[i] - median) <= width;
    return k;
}

static double
deviation(const uint32_t *s, size_t n, double median)
{
    uint32_t d[RING];

    for (size_t i = 0; i < n; i++)
        d[i] = (uint32_t)fabs((double)s[i] - median);
    qsort(d, n, sizeof(d[0]), by_value);
    return quantile_of(d, n, 0.5);
}

/* P(at least k of n) with chance q, summed from the end in logarithms. */
static double
binomial_tail(size_t n, size_t k, double q)
{
    double sum = 0;

    for (size_t i = n + 1; i-- > k;)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                   (double)i * log(q) + (double)(n - i) * log1p(-q));
    return fmin(1, fmax(sum, 1e-300));
}

struct shape {
    double p, median_s, deviation_s, skew, near_share, size, size_share;
    bool regular;
};

static struct shape
shape_of(const struct beacon *b, const struct pair *pair)
{
    uint32_t s[RING];
    struct shape out = {.p = 1};
    size_t n = sorted(pair->interval_ms, pair->interval_count, s), k;
    double q1, q2, q3;

    if (n < 8)
        return out;
    q1 = quantile_of(s, n, 0.25);
    q2 = quantile_of(s, n, 0.5);
    q3 = quantile_of(s, n, 0.75);
    k = count_near(s, n, q2, NEAR, 0);
    out.near_share = (double)k / (double)n;
    out.median_s = q2 / 1000;
    out.deviation_s = deviation(s, n, q2) / 1000;
    out.skew = q3 > q1 ? (q1 + q3 - 2 * q2) / (q3 - q1) : 0;
    out.p = binomial_tail(n, k, NEAR_CHANCE);
    n = sorted(pair->size, pair->size_count, s);
    if (n == 0)
        return out;
    out.size = quantile_of(s, n, 0.5);
    out.size_share = (double)count_near(s, n, out.size, 0.15, 32) / (double)n;
    /* A skewed spread with a wide middle is people, not a clock; within a narrow one it says
     * nothing. */
    out.regular = out.near_share >= b->near_share && out.size_share >= b->size_share &&
                  out.deviation_s <= 0.25 * out.median_s &&
                  (fabs(out.skew) <= 0.7 || out.deviation_s <= 0.1 * out.median_s);
    return out;
}

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
    static const uint16_t udp[] = {53,  67,   68,   69,   123,  137,  138,  161,  162,
                                   500, 1900, 3478, 3702, 4500, 5351, 5353, 5355, 6771};

    if (f->proto != 6 && f->proto != 17)
        return true;
    if (f->proto == 6)
        return f->dport == 53 || f->dport == 853;
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
    struct place *place;

    net_key_addr(&k, &f->dst);
    net_key_addr(&who, &f->src);
    caller = (uint32_t)str_hash(&STR_HASH_STORED, who.bytes, who.len);
    place = keyed_use(b->places, k.bytes, k.len, NULL);
    for (size_t i = 0; i < place->count; i++) {
        if (place->caller[i] == caller)
            return place->count > b->callers_max;
    }
    if (place->count < CALLERS_MAX)
        place->caller[place->count++] = caller;
    return place->count > b->callers_max;
}

static bool
place_counts(const struct beacon *b, const struct pair *pair, const struct flow_view *f)
{
    if (known_name(b, pair->name))
        return false;
    if (!net_addr_is_local(&f->dst))
        return true;
    return (pair->bare && pair->path_count > 1) || pair->first_ns - b->since_ns >= LEARN_NS;
}

/* ---- tests ---- */

static void
test_pair(struct beacon *b, struct pair *pair, const struct flow_view *f, int64_t now_ns,
          const char *style, const struct shape *shape, double p)
{
    struct party subject, peer;
    struct test test = {.detector = "net.beacon",
                        .time_ns = now_ns,
                        .subject = &subject,
                        .peer = &peer,
                        .p = fmin(1, p * pair->looks)};
    char host[NET_ADDR_TEXT_MAX], server[NET_ADDR_TEXT_MAX];

    b->tested++;
    net_party_addr(&subject, &f->src);
    if (pair->name[0] != '\0' && !pair->bare)
        party_set(&peer, "domain", pair->name, NULL);
    else
        net_party_addr(&peer, &f->dst);
    if (judge_wants(b->judge, test.p)) {
        test.facts =
            json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:f, s:f, s:f, s:f, s:I, s:I}", "host",
                      net_addr_format(&f->src, host), "style", style, "site",
                      pair->name[0] != '\0' ? pair->name : net_addr_format(&f->dst, server),
                      "server", net_addr_format(&f->dst, server), "port", (int)f->dport, "contacts",
                      (json_int_t)pair->visits, "every", shape->median_s, "deviation",
                      shape->deviation_s, "skew", shape->skew, "regular_share", shape->near_share,
                      "bytes", (json_int_t)shape->size, "seconds",
                      (json_int_t)((pair->last_ns - pair->first_ns) / VG_SEC_NS));
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(f));
        pair->reported = true;
    }
    judge_test(b->judge, &test);
}

static void
look(struct beacon *b, struct pair *pair, const struct flow_view *f, int64_t now_ns)
{
    struct shape shape;

    if (pair->reported || pair->visits < pair->next_test ||
        pair->last_ns - pair->first_ns < b->span_min_ns)
        return;
    pair->next_test = pair->visits + pair->visits / 2; /* 20, 30, 45, ... */
    if (popular(b, f) || !place_counts(b, pair, f))
        return;
    pair->looks++;
    shape = shape_of(b, pair);
    /* What is not regular is a test as well, passed: p near 1. */
    test_pair(b, pair, f, now_ns, "clock", &shape, shape.regular ? shape.p : 1);
}

/* Asks a bare address for the same page over and over: an implant at work, faster than its clock. */
static void
look_poll(struct beacon *b, struct pair *pair, const struct flow_view *f, int64_t now_ns)
{
    struct shape shape;

    if (pair->reported || !pair->bare || net_addr_is_local(&f->dst) ||
        pair->poll_count < b->polls_min || pair->last_ns - pair->poll_ns < b->span_min_ns / 2)
        return;
    if (popular(b, f) || known_name(b, pair->name))
        return;
    pair->looks++;
    shape = shape_of(b, pair);
    pair->visits = pair->visits > pair->poll_count ? pair->visits : pair->poll_count;
    test_pair(b, pair, f, now_ns, "poll", &shape, exp2(-(double)pair->poll_count / 3));
}

/* ---- contacts ---- */

static struct pair *
pair_of(struct beacon *b, const struct flow_view *f, int64_t t_ns)
{
    struct net_key k = {0};
    struct pair *pair;
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
add_contact(struct pair *pair, int64_t t_ns, uint64_t size)
{
    int64_t gap = t_ns - pair->last_ns;

    pair->size[pair->size_count++ % RING] = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
    if (pair->last_ns != 0 && gap < SAME_VISIT_NS)
        return; /* one visit; also a flow that began earlier and ended later */
    if (pair->last_ns != 0)
        pair->interval_ms[pair->interval_count++ % RING] =
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
    struct pair *pair;

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
note_path(struct pair *pair, uint32_t path, int64_t now_ns)
{
    size_t i = 0;

    while (i < pair->path_count && pair->path[i] != path)
        i++;
    if (i == pair->path_count && i < PATHS_MAX)
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
    struct pair *pair;

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

    if (!net_setting_u32(env, "contacts", 10, RING, &b->contacts_min, why) ||
        !net_setting_u32(env, "polls", 30, 10000, &b->polls_min, why) ||
        !net_setting_u32(env, "callers", 1, CALLERS_MAX - 1, &b->callers_max, why) ||
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

_Static_assert(NET_TABLE_BYTES(BEACON_PAIRS_MAX, struct pair) +
                       NET_TABLE_BYTES(BEACON_PLACES_MAX, struct place) <=
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
    b->contacts_min = 20;
    b->polls_min = 60;
    b->callers_max = 2;
    b->span_min_ns = VG_MIN_NS;
    b->near_share = 0.85;
    b->size_share = 0.7;
    err = read_settings(b, env, why);
    if (err == VG_OK)
        err = keyed_new(BEACON_PAIRS_MAX, sizeof(struct pair), &b->pairs);
    if (err == VG_OK)
        err = keyed_new(BEACON_PLACES_MAX, sizeof(struct place), &b->places);
    if (err != VG_OK) {
        beacon_free(b);
        return err;
    }
    *self = b;
    return VG_OK;
}

static void
encode_ring(const uint32_t ring[RING], uint32_t count, struct buf *out)
{
    buf_put_be32(out, count);
    for (size_t i = 0; i < RING && i < count; i++)
        buf_put_be32(out, ring[i]);
}

static void
decode_ring(uint32_t ring[RING], uint32_t *count, struct slice *in)
{
    *count = slice_be32(in);
    for (size_t i = 0; i < RING && i < *count; i++)
        ring[i] = slice_be32(in);
}

static void
encode_pair(const void *value, struct buf *out)
{
    const struct pair *p = value;

    buf_put_be64(out, (uint64_t)p->first_ns);
    buf_put_be64(out, (uint64_t)p->last_ns);
    buf_put_be32(out, p->visits);
    buf_put_be32(out, p->next_test);
    buf_put_be32(out, p->looks);
    buf_put_u8(out, (uint8_t)(p->reported | p->bare << 1));
    encode_ring(p->interval_ms, p->interval_count, out);
    encode_ring(p->size, p->size_count, out);
    buf_put_u8(out, (uint8_t)strlen(p->name));
    buf_put_str(out, p->name);
    buf_put_u8(out, p->path_count);
    for (size_t i = 0; i < p->path_count; i++)
        buf_put_be32(out, p->path[i]);
    buf_put_be32(out, p->poll_path);
    buf_put_be32(out, p->poll_count);
    buf_put_be64(out, (uint64_t)p->poll_ns);
}

static void
decode_pair(void *value, struct slice *in)
{
    struct pair *p = value;
    uint8_t flags, len, paths;

    p->first_ns = codec_time(in);
    p->last_ns = codec_time(in);
    p->visits = slice_be32(in);
    p->next_test = slice_be32(in);
    p->looks = slice_be32(in);
    flags = slice_u8(in);
    p->reported = (flags & 1) != 0;
    p->bare = (flags & 2) != 0;
    decode_ring(p->interval_ms, &p->interval_count, in);
    decode_ring(p->size, &p->size_count, in);
    len = slice_u8(in);
    if (len >= NAME_MAX_LEN)
        slice_skip(in, SIZE_MAX); /* not ours */
    (void)slice_copy(in, p->name, len);
    paths = slice_u8(in);
    for (size_t i = 0; i < paths && i < PATHS_MAX; i++)
        p->path[p->path_count++] = slice_be32(in);
    p->poll_path = slice_be32(in);
    p->poll_count = slice_be32(in);
    p->poll_ns = codec_time(in);
}

static void
encode_place(const void *value, struct buf *out)
{
    const struct place *p = value;

    buf_put_u8(out, p->count);
    for (size_t i = 0; i < p->count; i++)
        buf_put_be32(out, p->caller[i]);
}

static void
decode_place(void *value, struct slice *in)
{
    struct place *p = value;
    uint8_t count = slice_u8(in);

    for (size_t i = 0; i < count && i < CALLERS_MAX; i++)
        p->caller[p->count++] = slice_be32(in);
}

static void
save(void *self, struct state_out *out)
{
    struct beacon *b = self;
    struct buf blob;

    keyed_save(b->pairs, out, 'p', BEACON_VERSION, encode_pair);
    keyed_save(b->places, out, 'd', BEACON_VERSION, encode_place);
    if (!b->since_changed)
        return;
    buf_init(&blob, 64);
    buf_put_be64(&blob, (uint64_t)b->since_ns);
    if (!blob.bad) {
        state_put(out, slice_of("i", 1), BEACON_VERSION, buf_slice(&blob));
        b->since_changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct beacon *b = self;
    int64_t since_ns;

    if (version != BEACON_VERSION)
        return VG_ERR_FORMAT;
    switch (slice_u8(&key)) {
    case 'p':
        return keyed_load(b->pairs, key, blob, decode_pair);
    case 'd':
        return keyed_load(b->places, key, blob, decode_place);
    case 'i':
        since_ns = codec_time(&blob);
        if (blob.bad || blob.left != 0)
            return VG_ERR_FORMAT;
        b->since_ns = since_ns;
        return VG_OK;
    default:
        return VG_ERR_FORMAT;
    }
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
    .save = save,
    .load = load,
    .free = beacon_free,
    .health = health,
};
