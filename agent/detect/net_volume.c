/* SPDX-License-Identifier: Apache-2.0 */
/* net.volume: a device sends out of the shop far more than it usually does.
 *
 * Places (a registered domain, or an address without a name) to which a device sent in bulk on
 * USUAL_DAYS days are its usual ones, as the storage of a nightly backup is. What goes there is held
 * against that place's own days alone, at whatever hour: a late, a missed or a full backup is none
 * of our business. All else is summed by the hour and by the day, and its logarithm held against
 * this hour of this kind of day, and against the device's days. The sums of what did not go in bulk
 * are learned, silent hours as zeros, so that a night is known as a night. Bulk to places that are
 * not usual is remembered by itself: a device that sent as much to such a place before (some people
 * send films) has that on so many of its days. Places where the shop goes on many days need much
 * more. Nothing is tested before a device has been known for `learn`, nor below a floor that nobody
 * would mind; then at once, and again each time a sum has doubled. */
#include "agent/detect/net_volume_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/detectors.h"
#include "agent/detect/domain.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/json.h"

enum {
    SILENT_HOURS_MAX = 24 * 28,
    PLACE_BYTES_MIN = 64 * 1024, /* of one flow: smaller ones make no place */
};

static int64_t
hour_of(int64_t t_ns)
{
    return t_ns - t_ns % VG_HOUR_NS;
}

/* ---- places ---- */

static struct str
site_of(const struct volume *v, struct str name, const struct net_addr *where)
{
    if (name.len == 0 || domain_is_address(name))
        name = net_scene_resolved(v->scene, where);
    return name.len > 0 && !domain_is_address(name) ? name : str_of("");
}

static uint64_t
place_key(const struct net_addr *who, struct str site, const struct net_addr *where)
{
    struct net_key k = {0};

    net_key_addr(&k, who);
    if (site.len > 0)
        net_key_u64(&k, domain_hash(domain_registered(site)));
    else
        net_key_addr(&k, where);
    return net_key_hash(&k);
}

/* The place's former day is over: learned, as far as nobody was told of it. */
static void
place_turn(struct volume *v, const struct net_addr *who, const struct volume_top *here,
           struct volume_place *p, int64_t now_ns)
{
    struct party subject, peer;

    if (p->day == v->clock.day_number)
        return;
    if (p->bytes >= volume_bulk_floor(v)) {
        net_tell_party(v->scene, &subject, who);
        net_tell_peer(v->scene, &peer, domain_registered(str_of(here->name)), &here->addr);
        moments_add(&p->days, volume_scale(p->bytes),
                    judge_learn_share(v->judge, "net.volume", &subject, &peer, now_ns), now_ns,
                    VOLUME_MEMORY_NS);
    }
    p->day = v->clock.day_number;
    p->bytes = p->next = 0;
}

static void
bulk_note(struct volume_device *d, uint64_t place, int64_t day, uint64_t bytes)
{
    struct volume_bulk *b = volume_bulk_of(d, place, day);

    if (b == NULL) {
        b = &d->bulk[0];
        for (size_t i = 0; i < VOLUME_BULKS; i++) {
            if (day - d->bulk[i].day > VOLUME_BULK_DAYS)
                d->bulk[i].bytes = 0;
            if (d->bulk[i].bytes < b->bytes)
                b = &d->bulk[i];
        }
        if (b->bytes >= bytes)
            return;
        *b = (struct volume_bulk){.place = place, .day = day, .weight = 1};
    }
    b->bytes = bytes;
}

/* The hour of the device is over, and maybe silent ones after it. */
static void
close_hours(struct volume *v, struct volume_device *d, int64_t now_ns)
{
    int64_t now_hour = hour_of(now_ns), last = now_hour - SILENT_HOURS_MAX * VG_HOUR_NS;

    if (d->hour_ns < last) { /* away for longer than is worth counting */
        d->hour = d->hour_plain = 0;
        d->hour_ns = last;
    }
    while (d->hour_ns < now_hour) {
        struct season_slot at = season_at(&v->clock, d->hour_ns);
        int64_t day = v->clock.day_number;
        double x = volume_scale(d->hour_plain);

        moments_add(&d->slots[volume_slot_of(at)], x, (double)d->hour_share, d->hour_ns,
                    VOLUME_MEMORY_NS);
        moments_add(&d->all, x, (double)d->hour_share, d->hour_ns, VOLUME_MEMORY_NS);
        d->hour = d->hour_plain = d->hour_next = 0;
        d->hour_share = 1;
        d->top.bytes = 0;
        d->hour_ns += VG_HOUR_NS;
        (void)season_at(&v->clock, d->hour_ns);
        if (v->clock.day_number == day)
            continue;
        moments_add(&d->days, volume_scale(d->day_plain), (double)d->day_share, d->hour_ns,
                    VOLUME_MEMORY_NS);
        d->day = d->day_plain = d->day_next = 0;
        d->day_share = 1;
    }
}

/* Time passes for all, once an hour. */
static void
pass_time(struct volume *v, int64_t now_ns)
{
    struct slice key[VOLUME_DEVICES_MAX], at;
    const void *cursor = NULL;
    struct volume_device *d;
    size_t n = 0;

    if (hour_of(now_ns) <= v->hour_ns)
        return;
    v->hour_ns = hour_of(now_ns);
    while ((d = keyed_walk(v->devices, &cursor, &at)) != NULL && n < VOLUME_DEVICES_MAX) {
        if (d->hour_ns < v->hour_ns)
            key[n++] = at;
    }
    for (size_t i = 0; i < n; i++)
        close_hours(v, keyed_use(v->devices, key[i].at, key[i].left, NULL), now_ns);
}

/* ---- observations ---- */

static uint64_t
newly_sent(struct volume *v, const struct flow_view *f, uint64_t sent, bool end)
{
    const struct volume_flow *seen = keytab_find(v->flows, f->id);
    uint64_t before = seen != NULL ? seen->bytes : 0;
    struct volume_flow *kept;

    if (end) {
        if (seen != NULL)
            keytab_remove(v->flows, f->id);
    } else if ((kept = keytab_touch(v->flows, f->id, NULL)) != NULL) {
        kept->bytes = sent;
    }
    return sent > before ? sent - before : 0;
}

/* What goes to a place that is not usual: plain until it is bulk. */
static void
count_place(struct volume *v, struct volume_device *d, struct volume_place *p,
            const struct volume_top *here, uint64_t fresh)
{
    if (p->hour_ns != d->hour_ns) {
        p->hour_ns = d->hour_ns;
        p->hour_plain = 0;
    }
    if (p->bytes < volume_bulk_floor(v)) {
        p->hour_plain += fresh;
        d->hour_plain += fresh;
        d->day_plain += fresh;
    } else {
        d->hour_plain -= p->hour_plain < d->hour_plain ? p->hour_plain : d->hour_plain;
        d->day_plain -= p->hour_plain < d->day_plain ? p->hour_plain : d->day_plain;
        p->hour_plain = 0;
        bulk_note(d, here->place, v->clock.day_number, p->bytes);
    }
    if (p->bytes >= d->top.bytes) {
        d->top = *here;
        d->top.bytes = p->bytes;
    }
}

static void
count(struct volume *v, const struct net_addr *who, struct volume_device *d,
      struct volume_top *here, uint64_t sent, uint64_t fresh, int64_t now_ns)
{
    struct volume_place *p = NULL;

    (void)season_at(&v->clock, now_ns);
    if (sent >= PLACE_BYTES_MIN || keytab_find(v->places, here->place) != NULL)
        p = keytab_touch(v->places, here->place, NULL);
    if (p != NULL) {
        place_turn(v, who, here, p, now_ns);
        p->bytes += fresh;
        if (volume_usual(v, p, now_ns)) {
            if (now_ns - d->first_ns >= v->learn_ns)
                volume_test_usual(v, who, here, p, now_ns);
            return;
        }
        count_place(v, d, p, here, fresh);
    } else {
        d->hour_plain += fresh;
        d->day_plain += fresh;
    }
    d->hour += fresh;
    d->day += fresh;
    volume_test_sums(v, who, d, now_ns);
}

static void
on_flow(struct volume *v, const struct flow_view *f, bool end, int64_t now_ns)
{
    bool out = net_addr_is_local(&f->src) && !net_addr_is_local(&f->dst);
    bool in = !net_addr_is_local(&f->src) && net_addr_is_local(&f->dst);
    const struct net_addr *who = out ? &f->src : &f->dst, *where = out ? &f->dst : &f->src;
    uint64_t sent = out ? f->payload_out : f->payload_in, fresh;
    struct volume_top here = {
        .addr = *where, .port = f->dport, .proto = f->proto, .listed = f->category.len > 0};
    struct net_key key = {0};
    struct volume_device *d;
    struct str site;
    bool made;

    if ((!out && !in) || net_addr_is_group(&f->dst))
        return;
    fresh = newly_sent(v, f, sent, end);
    net_key_addr(&key, who);
    d = keyed_use(v->devices, key.bytes, key.len, &made);
    if (made) {
        d->first_ns = now_ns;
        d->hour_ns = hour_of(now_ns);
        d->hour_share = d->day_share = 1;
    }
    if (fresh == 0)
        return;
    site = site_of(v, out ? f->server_name : str_of(""), where);
    here.place = place_key(who, site, where);
    if (site.len >= VOLUME_NAME_MAX)
        site = domain_registered(site);
    mask_text(here.name, sizeof(here.name), site.at, site.len);
    count(v, who, d, &here, sent, fresh, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct volume *v = self;

    pass_time(v, obs->time_ns);
    if (obs->kind == OBS_FLOW_UPDATE || obs->kind == OBS_FLOW_END)
        on_flow(v, obs->flow, obs->kind == OBS_FLOW_END, obs->time_ns);
}

/* ---- life ---- */

static void
volume_free(void *self)
{
    struct volume *v = self;

    if (v == NULL)
        return;
    keyed_free(v->devices);
    keytab_free(v->places);
    keytab_free(v->flows);
    zone_free(v->own_zone);
    free(v);
}

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct volume *v = calloc(1, sizeof(*v));
    double hour_mb = 50, day_mb = 200;

    if (v == NULL)
        return VG_ERR_NOMEM;
    v->judge = env->judge;
    v->scene = env->scene;
    v->learn_ns = 7 * VG_DAY_NS;
    v->drop_sites = vg_json_str(env->settings, "drop_sites", "");
    if (!net_setting_duration(env, "learn", VG_DAY_NS, 60 * VG_DAY_NS, &v->learn_ns, why) ||
        !net_setting_real(env, "hour_mb", 0.001, 1e6, &hour_mb, why) ||
        !net_setting_real(env, "day_mb", 0.001, 1e6, &day_mb, why)) {
        volume_free(v);
        return VG_ERR_CONFIG;
    }
    v->hour_floor = (uint64_t)(hour_mb * 1e6);
    v->day_floor = (uint64_t)(day_mb * 1e6);
    if ((env->zone == NULL && (v->own_zone = zone_utc()) == NULL) || volume_tables(v) != VG_OK) {
        volume_free(v);
        return VG_ERR_NOMEM;
    }
    season_clock_init(&v->clock, env->zone != NULL ? env->zone : v->own_zone);
    *self = v;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct volume *v = self;
    const void *cursor = NULL;
    const struct volume_device *d;
    struct slice key;
    json_int_t young = 0;

    while ((d = keyed_walk(v->devices, &cursor, &key)) != NULL)
        young += d->hour_ns - d->first_ns < v->learn_ns;
    (void)json_object_set_new(counters, "devices",
                              json_integer((json_int_t)keyed_count(v->devices)));
    (void)json_object_set_new(counters, "learning", json_integer(young));
    (void)json_object_set_new(
        counters, "evicted",
        json_integer((json_int_t)(keyed_evicted(v->devices) + keytab_evicted(v->places))));
    (void)json_object_set_new(counters, "tested", json_integer((json_int_t)v->tested));
}

const struct detector NET_VOLUME = {
    .name = "net.volume",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_UPDATE | 1u << OBS_FLOW_END | 1u << OBS_TICK,
    .make = make,
    .observe = observe,
    .save = volume_save,
    .load = volume_load,
    .free = volume_free,
    .health = health,
};
