/* SPDX-License-Identifier: Apache-2.0 */
/* net.volume: a device sends out of the shop far more than it usually does at this hour, or in a day.
 *
 * For each device the logarithm of the bytes that left it towards the world: by the hour against its
 * season (season.h) and against the tail of all its hours (tail.h; a slot with few data says little,
 * a hundred times the largest hour ever says much), by the day against its own moments. Hours of silence count as zeros, so that a
 * night is known as a night. Nothing is tested before a device has been known for `learn`, nor below
 * a floor that nobody would mind. What stands out is learned at half weight. Tests are made when an
 * hour or a day is over. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keyed.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/season.h"
#include "agent/detect/tail.h"
#include "common/vtime.h"

enum {
    VOLUME_DEVICES_MAX = 96, /* 26 KiB each */
    VOLUME_FLOWS_MAX = 4096,
    VOLUME_VERSION = 1,
    SILENT_HOURS_MAX = 24 * 28,
    PLACE_NAME_MAX = 64,
};
#define DAY_MEMORY_NS (30 * VG_DAY_NS)
/* The spread of ordinary hours in natural logarithms is hardly ever less than this. */
#define SPREAD_MIN 0.5

struct device {
    int64_t first_ns, hour_ns, day; /* day: local day number */
    uint64_t hour_bytes, day_bytes;
    struct moments daily;
    uint64_t top_bytes; /* of the flow that sent most in this day, and where to */
    struct net_addr top;
    char top_name[PLACE_NAME_MAX];
};

struct past { /* of one device */
    struct season season;
    struct quantile hours; /* bytes of each hour */
};

struct flow_seen {
    uint64_t bytes;
};

struct volume {
    struct judge *judge;
    struct season_clock clock;
    struct zone *own_zone;
    struct keyed *devices, *pasts, *flows;
    int64_t learn_ns, hour_ns; /* hour_ns: of the last event */
    uint64_t hour_floor, day_floor, tested;
};

static int64_t
hour_of(int64_t t_ns)
{
    return t_ns - t_ns % VG_HOUR_NS;
}

/* ---- tests ---- */

static void
tell(struct volume *v, const struct net_addr *who, const struct device *d, const char *span,
     uint64_t bytes, double usual, double p, int64_t now_ns)
{
    char host[NET_ADDR_TEXT_MAX], top[NET_ADDR_TEXT_MAX];
    struct party subject;
    struct test test = {.detector = "net.volume", .time_ns = now_ns, .subject = &subject, .p = p};

    v->tested++;
    net_party_addr(&subject, who);
    if (judge_wants(v->judge, p)) {
        net_addr_format(&d->top, top);
        test.facts =
            json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:I}", "host", net_addr_format(who, host),
                      "span", span, "bytes", (json_int_t)bytes, "usual_bytes", (json_int_t)usual,
                      "site", d->top_name[0] != '\0' ? d->top_name : top, "server", top,
                      "site_bytes", (json_int_t)d->top_bytes);
        test.evidence = json_pack("[{s:s, s:s, s:s, s:I}]", "type", "volume", "src", host, "dst",
                                  top, "bytes_out", (json_int_t)d->top_bytes);
    }
    judge_test(v->judge, &test);
}

static double
upper_p(struct moments_expect e, double x)
{
    e.variance = fmax(e.variance, SPREAD_MIN * SPREAD_MIN);
    return fmin(1, fmax(moments_upper_p(&e, x), 1e-300));
}

static double
weight_of(double p)
{
    return p < 1e-3 ? 0.5 : 1;
}

static void
close_day(struct volume *v, const struct net_addr *who, struct device *d, bool ready)
{
    double x = log1p((double)d->day_bytes), p = 1;
    struct moments_expect e = moments_plain(&d->daily);

    if (ready && d->day_bytes >= v->day_floor && e.weight >= 3) {
        p = upper_p(e, x);
        tell(v, who, d, "day", d->day_bytes, expm1(e.mean), p, d->hour_ns + VG_HOUR_NS);
    }
    moments_add(&d->daily, x, weight_of(p), d->hour_ns, DAY_MEMORY_NS);
    d->day_bytes = d->top_bytes = 0;
    d->top_name[0] = '\0';
}

/* The hour of the device is over, and maybe silent ones after it. */
static void
close_hours(struct volume *v, const struct slice *key, struct device *d, int64_t now_ns)
{
    int64_t now_hour = hour_of(now_ns), last = now_hour - SILENT_HOURS_MAX * VG_HOUR_NS;
    bool made;
    struct past *past = keyed_use(v->pasts, key->at, key->left, &made);
    struct slice in = *key;
    struct net_addr who = net_addr_decode(&in);

    if (made)
        quantile_init(&past->hours, DAY_MEMORY_NS);
    if (d->hour_ns < last) { /* away for longer than is worth counting */
        d->hour_bytes = 0;
        d->hour_ns = last;
    }
    while (d->hour_ns < now_hour) {
        struct season_slot slot = season_at(&v->clock, d->hour_ns);
        int64_t day = v->clock.day_number;
        double x = log1p((double)d->hour_bytes), p = 1;
        bool ready = d->hour_ns - d->first_ns >= v->learn_ns;

        if (ready && d->hour_bytes >= v->hour_floor) {
            struct moments_expect e = season_expect(&past->season, slot, d->hour_ns);

            quantile_time(&past->hours, d->hour_ns);
            p = fmin(1,
                     2 * fmin(upper_p(e, x),
                              fmax(tail_upper_p(&past->hours, 1 + (double)d->hour_bytes), 1e-300)));
            tell(v, &who, d, "hour", d->hour_bytes, expm1(e.mean), p, d->hour_ns + VG_HOUR_NS);
        }
        season_add(&past->season, slot, x, weight_of(p), d->hour_ns);
        quantile_time(&past->hours, d->hour_ns);
        quantile_add(&past->hours, 1 + (double)d->hour_bytes, weight_of(p));
        d->hour_bytes = 0;
        d->hour_ns += VG_HOUR_NS;
        (void)season_at(&v->clock, d->hour_ns);
        if (v->clock.day_number != day)
            close_day(v, &who, d, ready);
    }
}

/* Time passes for all, once an hour. */
static void
pass_time(struct volume *v, int64_t now_ns)
{
    struct slice key[VOLUME_DEVICES_MAX], at;
    const void *cursor = NULL;
    struct device *d;
    size_t n = 0;

    if (hour_of(now_ns) <= v->hour_ns)
        return;
    v->hour_ns = hour_of(now_ns);
    while ((d = keyed_walk(v->devices, &cursor, &at)) != NULL && n < VOLUME_DEVICES_MAX) {
        if (d->hour_ns < v->hour_ns)
            key[n++] = at;
    }
    for (size_t i = 0; i < n; i++)
        close_hours(v, &key[i], keyed_use(v->devices, key[i].at, key[i].left, NULL), now_ns);
}

/* ---- observations ---- */

static uint64_t
newly_sent(struct volume *v, const struct flow_view *f, uint64_t sent, bool end)
{
    struct net_key k = {0};
    const struct flow_seen *seen;
    uint64_t before;

    net_key_u64(&k, f->id);
    seen = keyed_find(v->flows, k.bytes, k.len);
    before = seen != NULL ? seen->bytes : 0;
    if (end) {
        if (seen != NULL)
            keyed_drop(v->flows, k.bytes, k.len);
    } else {
        ((struct flow_seen *)keyed_use(v->flows, k.bytes, k.len, NULL))->bytes = sent;
    }
    return sent > before ? sent - before : 0;
}

static void
on_flow(struct volume *v, const struct flow_view *f, bool end, int64_t now_ns)
{
    bool out = net_addr_is_local(&f->src) && !net_addr_is_local(&f->dst);
    bool in = !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
    const struct net_addr *who = out ? &f->src : &f->dst, *where = out ? &f->dst : &f->src;
    uint64_t sent = out ? f->payload_out : f->payload_in, fresh;
    struct buf key;
    struct device *d;
    bool made;

    if ((!out && !in) || net_addr_is_group(&f->dst))
        return;
    fresh = newly_sent(v, f, sent, end);
    buf_init(&key, KEYED_KEY_MAX);
    net_addr_encode(who, &key);
    if (!key.bad) {
        d = keyed_use(v->devices, key.data, key.len, &made);
        if (made) {
            d->first_ns = now_ns;
            d->hour_ns = hour_of(now_ns);
        }
        d->hour_bytes += fresh;
        d->day_bytes += fresh;
        if (sent > d->top_bytes) {
            d->top_bytes = sent;
            d->top = *where;
            mask_text(d->top_name, sizeof(d->top_name), f->server_name.at, f->server_name.len);
        }
    }
    buf_done(&key);
}

static void
observe(void *self, const struct obs *obs)
{
    struct volume *v = self;

    pass_time(v, obs->time_ns);
    if (obs->kind == OBS_FLOW_UPDATE || obs->kind == OBS_FLOW_END)
        on_flow(v, obs->flow, obs->kind == OBS_FLOW_END, obs->time_ns);
}

/* ---- life and state ---- */

static void
volume_free(void *self)
{
    struct volume *v = self;

    if (v == NULL)
        return;
    keyed_free(v->devices);
    keyed_free(v->pasts);
    keyed_free(v->flows);
    zone_free(v->own_zone);
    free(v);
}

_Static_assert(NET_TABLE_BYTES(VOLUME_DEVICES_MAX, struct device) +
                       NET_TABLE_BYTES(VOLUME_DEVICES_MAX, struct past) +
                       NET_TABLE_BYTES(VOLUME_FLOWS_MAX, struct flow_seen) <=
                   NET_VOLUME_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct volume *v = calloc(1, sizeof(*v));
    double hour_mb = 50, day_mb = 200;

    if (v == NULL)
        return VG_ERR_NOMEM;
    v->judge = env->judge;
    v->learn_ns = 7 * VG_DAY_NS;
    if (!net_setting_duration(env, "learn", VG_DAY_NS, 60 * VG_DAY_NS, &v->learn_ns, why) ||
        !net_setting_real(env, "hour_mb", 0.001, 1e6, &hour_mb, why) ||
        !net_setting_real(env, "day_mb", 0.001, 1e6, &day_mb, why)) {
        volume_free(v);
        return VG_ERR_CONFIG;
    }
    v->hour_floor = (uint64_t)(hour_mb * 1e6);
    v->day_floor = (uint64_t)(day_mb * 1e6);
    if ((env->zone == NULL && (v->own_zone = zone_utc()) == NULL) ||
        keyed_new(VOLUME_DEVICES_MAX, sizeof(struct device), &v->devices) != VG_OK ||
        keyed_new(VOLUME_DEVICES_MAX, sizeof(struct past), &v->pasts) != VG_OK ||
        keyed_new(VOLUME_FLOWS_MAX, sizeof(struct flow_seen), &v->flows) != VG_OK) {
        volume_free(v);
        return VG_ERR_NOMEM;
    }
    season_clock_init(&v->clock, env->zone != NULL ? env->zone : v->own_zone);
    *self = v;
    return VG_OK;
}

static void
encode_device(const void *value, struct buf *out)
{
    const struct device *d = value;

    codec_put_i64(out, d->first_ns);
    codec_put_i64(out, d->hour_ns);
    buf_put_be64(out, d->hour_bytes);
    buf_put_be64(out, d->day_bytes);
    moments_put(&d->daily, out);
    buf_put_be64(out, d->top_bytes);
    net_addr_encode(&d->top, out);
    buf_put_u8(out, (uint8_t)strlen(d->top_name));
    buf_put_str(out, d->top_name);
}

static void
decode_device(void *value, struct slice *in)
{
    struct device *d = value;
    uint8_t len;

    d->first_ns = codec_time(in);
    d->hour_ns = codec_time(in);
    d->hour_bytes = slice_be64(in);
    d->day_bytes = slice_be64(in);
    moments_get(&d->daily, in);
    d->top_bytes = slice_be64(in);
    d->top = net_addr_decode(in);
    len = slice_u8(in);
    if (len >= PLACE_NAME_MAX)
        slice_skip(in, SIZE_MAX); /* not ours */
    (void)slice_copy(in, d->top_name, len);
}

static void
encode_past(const void *value, struct buf *out)
{
    const struct past *p = value;

    season_put(&p->season, out);
    quantile_put(&p->hours, out);
}

static void
decode_past(void *value, struct slice *in)
{
    struct past *p = value;

    season_get(&p->season, in);
    quantile_init(&p->hours, DAY_MEMORY_NS);
    quantile_get(&p->hours, in);
}

static void
encode_flow(const void *value, struct buf *out)
{
    buf_put_be64(out, ((const struct flow_seen *)value)->bytes);
}

static void
decode_flow(void *value, struct slice *in)
{
    ((struct flow_seen *)value)->bytes = slice_be64(in);
}

static void
save(void *self, struct state_out *out)
{
    struct volume *v = self;

    keyed_save(v->devices, out, 'd', VOLUME_VERSION, encode_device);
    keyed_save(v->pasts, out, 's', VOLUME_VERSION, encode_past);
    keyed_save(v->flows, out, 'f', VOLUME_VERSION, encode_flow);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct volume *v = self;

    if (version != VOLUME_VERSION)
        return VG_ERR_FORMAT;
    switch (slice_u8(&key)) {
    case 'd':
        return keyed_load(v->devices, key, blob, decode_device);
    case 's':
        return keyed_load(v->pasts, key, blob, decode_past);
    case 'f':
        return keyed_load(v->flows, key, blob, decode_flow);
    default:
        return VG_ERR_FORMAT;
    }
}

static void
health(const void *self, json_t *counters)
{
    const struct volume *v = self;
    const void *cursor = NULL;
    const struct device *d;
    struct slice key;
    json_int_t young = 0;

    while ((d = keyed_walk(v->devices, &cursor, &key)) != NULL)
        young += d->hour_ns - d->first_ns < v->learn_ns;
    (void)json_object_set_new(counters, "devices",
                              json_integer((json_int_t)keyed_count(v->devices)));
    (void)json_object_set_new(counters, "learning", json_integer(young));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(v->devices)));
    (void)json_object_set_new(counters, "tested", json_integer((json_int_t)v->tested));
}

const struct detector NET_VOLUME = {
    .name = "net.volume",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_TICK,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = volume_free,
    .health = health,
};
