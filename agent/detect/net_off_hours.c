/* SPDX-License-Identifier: Apache-2.0 */
/* net.off_hours: a device is busy with the Internet while the shop is closed, and usually is not.
 *
 * For each device: in how many closed hours this network was watched, in how many of them the device
 * was busy (FLOWS_BUSY conversations that were answered), and in how many it called a place that
 * nobody here had called before. The share of such hours, by Laplace's rule, is the p of the next
 * one: small only for a device that sleeps at night, after a week or more of nights. A PC that
 * updates itself every night is usual and never told. It is a weak sign that rarely alerts alone:
 * it is fused with what else is found on the device (judge.h).
 *
 * Closed is what lies outside the shop's hours by more than MARGIN_MIN; where these are unknown,
 * from ten at night to six in the morning. */
#include "agent/detect/detectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum {
    DEVICES_MAX = 512,
    OFF_HOURS_VERSION = 1,
    CELL_OWN_BYTES = 48,
    FLOWS_BUSY = 5,
    HOURS_MIN = 60, /* closed hours watched before anything is tested: about five nights */
    MARGIN_MIN = 45,
    NIGHT_FROM = 22,
    NIGHT_UNTIL = 6,
};
#define SLOT_NS      (15 * VG_MIN_NS)
#define MEMORY_H     2000.0 /* older hours fade: about five months of nights */
#define TESTS_IN_ONE 2.0

struct device {
    double watched, busy, strange; /* closed hours before this one; strange: with a new place */
    double counted;                /* off_hours.closed_hours when this one began; 0: none did */
    int64_t hour;                  /* this one, since 1970 */
    uint32_t flows;
    bool busy_now, strange_now;
};

struct off_hours {
    struct judge *judge;
    const struct net_scene *scene;
    const struct zone *zone;
    struct zone *own_zone;
    struct shop_hours hours;
    struct keytab *devices;
    int64_t slot; /* of SLOT_NS, that `closed` is of */
    bool closed;
    /* Closed hours in which this sensor saw anything, and the last of them: a device was quiet in
     * those that it did not show itself in. */
    double closed_hours;
    int64_t last_hour;
    bool changed;
};

/* ---- closed? ---- */

static bool
closed_at(const struct off_hours *o, const struct zone_local *l)
{
    int now = (int)(l->hour * 60 + l->min);

    if (!o->hours.known)
        return l->hour >= NIGHT_FROM || l->hour < NIGHT_UNTIL;
    for (int back = 0; back <= 1; back++) { /* yesterday's closing may lie after midnight */
        unsigned day = (l->weekday + 7u - (unsigned)back) % 7;
        int open = o->hours.day[day].open_min - back * 1440,
            close = o->hours.day[day].close_min - back * 1440;

        if (close <= open && o->hours.day[day].open_min != o->hours.day[day].close_min)
            close += 1440;
        if (open != close && now >= open - MARGIN_MIN && now < close + MARGIN_MIN)
            return false;
    }
    return true;
}

static bool
closed(struct off_hours *o, int64_t now_ns)
{
    struct zone_local l;

    if (o->slot != now_ns / SLOT_NS) {
        o->slot = now_ns / SLOT_NS;
        zone_to_local(o->zone, now_ns, &l);
        o->closed = closed_at(o, &l);
    }
    if (o->closed && now_ns / VG_HOUR_NS > o->last_hour) {
        o->last_hour = now_ns / VG_HOUR_NS;
        o->closed_hours += 1;
        o->changed = true;
    }
    return o->closed;
}

/* ---- tests ---- */

static double
share(double k, double n)
{
    return (k + 1) / (n + 2);
}

static void
tell(struct off_hours *o, const struct flow_view *f, const struct device *d, double p,
     bool new_place, int64_t now_ns)
{
    struct party subject, peer;
    struct test test = {
        .detector = "net.off_hours", .time_ns = now_ns, .subject = &subject, .peer = &peer, .p = p};

    net_tell_party(o->scene, &subject, &f->src);
    net_tell_peer(o->scene, &peer, f->server_name, &f->dst);
    if (judge_wants(o->judge, p)) {
        test.facts = net_tell_flow(o->scene, f, str_of(""));
        (void)json_object_update_new(
            test.facts,
            json_pack("{s:b, s:f, s:I, s:I}", "new_place", (int)new_place, "usual_share",
                      share(d->busy - 1 > 0 ? d->busy - 1 : 0, d->watched), "closed_hours",
                      (json_int_t)d->watched, "flows", (json_int_t)d->flows));
        test.evidence = json_array();
        (void)json_array_append_new(test.evidence, net_evidence_flow(f));
    }
    judge_test(o->judge, &test);
}

/* What was alerted is no part of what is usual. */
static double
learn_share(const struct off_hours *o, const struct flow_view *f, int64_t now_ns)
{
    struct party subject, peer;

    net_tell_party(o->scene, &subject, &f->src);
    net_tell_peer(o->scene, &peer, f->server_name, &f->dst);
    return judge_learn_share(o->judge, "net.off_hours", &subject, &peer, now_ns);
}

/* A closed hour of this device begins: those since its last one were quiet. */
static void
begin_hour(struct off_hours *o, struct device *d, int64_t hour)
{
    if (d->counted > 0)
        d->watched += o->closed_hours - d->counted;
    if (d->watched > MEMORY_H) {
        double keep = MEMORY_H / d->watched;

        d->watched *= keep;
        d->busy *= keep;
        d->strange *= keep;
    }
    d->counted = o->closed_hours;
    d->hour = hour;
    d->flows = 0;
    d->busy_now = d->strange_now = false;
}

/* The hour has become a busy one, or one with a new place: each is tested once, then learned. */
static void
judge_hour(struct off_hours *o, const struct flow_view *f, struct device *d, bool new_place,
           int64_t now_ns)
{
    bool busy = d->flows >= FLOWS_BUSY && !d->busy_now, strange = new_place && !d->strange_now;
    double learn, p = 1;

    if (!busy && !strange)
        return;
    learn = learn_share(o, f, now_ns);
    if (busy) {
        p = share(d->busy, d->watched);
        d->busy += learn;
        d->busy_now = true;
    }
    if (strange) {
        p = fmin(p, share(d->strange, d->watched));
        d->strange += learn;
        d->strange_now = true;
    } else if (p == 1) {
        return;
    }
    if (d->watched >= HOURS_MIN)
        tell(o, f, d, p * TESTS_IN_ONE < 1 ? p * TESTS_IN_ONE : 1, new_place, now_ns);
}

static void
on_flow(struct off_hours *o, const struct flow_view *f, int64_t now_ns)
{
    struct net_place_view place;
    struct net_key key = {0};
    struct device *d;
    bool new_place;

    if (f->packets_in == 0 || f->payload_out == 0 || !net_addr_is_local(&f->src) ||
        net_addr_is_local(&f->dst) || net_addr_is_group(&f->dst) || f->dport == 53 ||
        f->dport == 123)
        return;
    net_key_addr(&key, &f->src);
    d = keytab_touch(o->devices, str_hash(&STR_HASH_STORED, key.bytes, key.len), NULL);
    if (d == NULL)
        return;
    if (d->hour != now_ns / VG_HOUR_NS)
        begin_hour(o, d, now_ns / VG_HOUR_NS);
    d->flows++;
    new_place = net_scene_place(o->scene, f->server_name, &f->dst, &place) &&
                now_ns - place.first_ns < VG_HOUR_NS;
    judge_hour(o, f, d, new_place, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct off_hours *o = self;

    if (closed(o, obs->time_ns) && (obs->kind == OBS_FLOW_END || obs->kind == OBS_FLOW_UPDATE))
        on_flow(o, obs->flow, obs->time_ns);
}

/* ---- life and state ---- */

static void
put_device(const void *cell, struct buf *out)
{
    const struct device *d = cell;

    codec_put_f64(out, d->watched);
    codec_put_f64(out, d->busy);
    codec_put_f64(out, d->strange);
    codec_put_f64(out, d->counted);
    codec_put_i64(out, d->hour);
    buf_put_be32(out, d->flows);
    buf_put_u8(out, (uint8_t)(d->busy_now | d->strange_now << 1));
}

static void
get_device(void *cell, struct slice *in)
{
    struct device *d = cell;
    uint8_t flags;

    d->watched = codec_f64(in);
    d->busy = codec_f64(in);
    d->strange = codec_f64(in);
    d->counted = codec_f64(in);
    d->hour = codec_i64(in);
    d->flows = slice_be32(in);
    flags = slice_u8(in);
    d->busy_now = flags & 1;
    d->strange_now = (flags & 2) != 0;
    if (!(d->watched >= 0) || !(d->busy >= 0) || !(d->strange >= 0))
        in->bad = true;
}

static void
off_hours_free(void *self)
{
    struct off_hours *o = self;

    if (o == NULL)
        return;
    keytab_free(o->devices);
    zone_free(o->own_zone);
    free(o);
}

_Static_assert(DEVICES_MAX *(sizeof(struct device) + CELL_OWN_BYTES) <= NET_OFF_HOURS_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options devices = {.cell_bytes = sizeof(struct device),
                                                  .cells_max = DEVICES_MAX,
                                                  .row_bits = 4,
                                                  .name = 'd',
                                                  .version = OFF_HOURS_VERSION,
                                                  .put = put_device,
                                                  .get = get_device};
    struct off_hours *o = calloc(1, sizeof(*o));

    (void)why;
    if (o == NULL)
        return VG_ERR_NOMEM;
    o->judge = env->judge;
    o->scene = env->scene;
    if (env->hours != NULL)
        o->hours = *env->hours;
    o->slot = INT64_MIN;
    if ((env->zone == NULL && (o->own_zone = zone_utc()) == NULL) ||
        keytab_new(&devices, &o->devices) != VG_OK) {
        off_hours_free(o);
        return VG_ERR_NOMEM;
    }
    o->zone = env->zone != NULL ? env->zone : o->own_zone;
    *self = o;
    return VG_OK;
}

static void
save(void *self, struct state_out *out)
{
    struct off_hours *o = self;
    struct buf blob;

    keytab_save(o->devices, out);
    if (!o->changed)
        return;
    buf_init(&blob, 64);
    codec_put_f64(&blob, o->closed_hours);
    codec_put_i64(&blob, o->last_hour);
    if (!blob.bad) {
        state_put(out, slice_of("m", 1), OFF_HOURS_VERSION, buf_slice(&blob));
        o->changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct off_hours *o = self;
    double closed_hours;
    int64_t last_hour;

    if (keytab_owns(o->devices, key))
        return keytab_load(o->devices, key, version, blob);
    closed_hours = codec_f64(&blob);
    last_hour = codec_i64(&blob);
    if (key.left != 1 || slice_u8(&key) != 'm' || version != OFF_HOURS_VERSION || blob.bad ||
        blob.left > 0 || !(closed_hours >= 0))
        return VG_ERR_FORMAT;
    o->closed_hours = closed_hours;
    o->last_hour = last_hour;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct off_hours *o = self;

    (void)json_object_set_new(counters, "learning", json_boolean(o->closed_hours < HOURS_MIN));
    (void)json_object_set_new(counters, "closed_hours", json_integer((json_int_t)o->closed_hours));
    (void)json_object_set_new(counters, "devices",
                              json_integer((json_int_t)keytab_count(o->devices)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(o->devices)));
}

const struct detector NET_OFF_HOURS = {
    .name = "net.off_hours",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_ARP | 1u << OBS_TICK,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = off_hours_free,
    .health = health,
};
