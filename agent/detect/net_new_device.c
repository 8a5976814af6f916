/* SPDX-License-Identifier: Apache-2.0 */
/* net.new_device: a device that was never on this network before opens a PC or terminal of the shop.
 *
 * For the first learning period every MAC is only noted (health says so); it lasts `learn` and at
 * least HOURS_MIN different hours with traffic, so that a gap in the watching is not learning. After
 * it a MAC that was not seen for FORGET_NS is new. That it is there says little: guests and
 * employees come with telephones, which make up a new MAC for each network (IEEE 802, the locally
 * administered bit). What counts is that it calls, by TCP, the services by which one works on
 * another machine, reads its files or its database (DOORS). Each new device is told once. */
#include "agent/detect/detectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/keyed.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { DEVICES_MAX = 2048, DEVICES_VERSION = 2, HOURS_MIN = 24 };
#define FORGET_NS (90 * VG_DAY_NS)
#define TOUCH_NS  VG_HOUR_NS /* a device's row changes at most so often */

/* Ports of PCs, tills and servers that telephones and guests have no business with (IANA registry;
 * 3050: Firebird). Printing, casting, pages of routers and cameras are not among them. */
static const uint16_t DOORS[] = {22,   23,   135,  139,  445,  1433, 1521,
                                 3050, 3306, 3389, 5432, 5900, 5985, 5986};

struct device {
    int64_t first_ns, last_ns;
    bool known; /* learned, or told */
};

struct new_device {
    struct judge *judge;
    const struct net_scene *scene;
    struct keyed *devices;
    int64_t since_ns, learn_ns;
    int64_t hour;   /* the last one with traffic, since 1970 */
    uint32_t hours; /* with traffic, counted up to HOURS_MIN */
    bool since_changed, learning;
};

static bool
learning(struct new_device *n, int64_t now_ns)
{
    if (n->since_ns == 0) {
        n->since_ns = now_ns;
        n->since_changed = true;
    }
    if (n->hours < HOURS_MIN && now_ns / VG_HOUR_NS != n->hour) {
        n->hour = now_ns / VG_HOUR_NS;
        n->hours++;
        n->since_changed = true;
    }
    n->learning = n->hours < HOURS_MIN || now_ns - n->since_ns < n->learn_ns;
    return n->learning;
}

static bool
is_door(const struct flow_view *f)
{
    if (f->proto != 6 || !net_addr_is_local(&f->dst) || net_addr_is_group(&f->dst) ||
        net_addr_eq(&f->src, &f->dst))
        return false;
    for (size_t i = 0; i < VG_ARRAY_LEN(DOORS); i++)
        if (f->dport == DOORS[i])
            return true;
    return false;
}

static void
report(struct new_device *n, const uint8_t mac[6], const struct device *d, const struct obs *obs)
{
    const struct flow_view *f = obs->flow;
    char text[NET_MAC_TEXT_MAX], host[NET_ADDR_TEXT_MAX];
    char device[NET_TELL_MAX], target[NET_TELL_MAX];
    bool random = (mac[0] & 2) != 0;
    struct party subject, peer;
    struct finding finding = {.detector = "net.new_device",
                              .time_ns = obs->time_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = random ? 55 : 65};

    net_mac_format(mac, text);
    net_addr_format(&f->src, host);
    party_set(&subject, "device", text, net_tell_device(n->scene, &f->src, NULL, device));
    net_tell_party(n->scene, &peer, &f->dst);
    finding.facts =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:I, s:I, s:I}", "host", host, "mac", text,
                  "device", net_tell_device(n->scene, &f->src, NULL, device), "target",
                  net_tell_device(n->scene, &f->dst, NULL, target), "port", (int)f->dport,
                  "random_mac", (int)random, "known", (json_int_t)keyed_count(n->devices) - 1,
                  "here_seconds", (json_int_t)((obs->time_ns - d->first_ns) / VG_SEC_NS),
                  "watched_days", (json_int_t)((obs->time_ns - n->since_ns) / VG_DAY_NS));
    finding.evidence = json_pack("[o]", net_evidence_flow(f));
    judge_finding(n->judge, &finding);
}

/* The device, new or not; NULL for what is none of this network. */
static struct device *
see(struct new_device *n, const uint8_t mac[6], const struct net_addr *addr, int64_t now_ns)
{
    const struct device *found;
    struct device *d;
    bool learn;

    if (!net_mac_usable(mac) || !net_addr_is_local(addr) || net_addr_is_group(addr))
        return NULL;
    learn = learning(n, now_ns);
    found = keyed_find(n->devices, mac, 6);
    if (found != NULL && found->known && now_ns - found->last_ns < TOUCH_NS)
        return NULL;
    d = keyed_use(n->devices, mac, 6, NULL);
    if (d->first_ns == 0 || now_ns - d->last_ns > FORGET_NS)
        *d = (struct device){.first_ns = now_ns};
    d->last_ns = now_ns;
    if (learn)
        d->known = true;
    return d;
}

static void
observe(void *self, const struct obs *obs)
{
    struct new_device *n = self;

    if (obs->kind == OBS_ARP) {
        if (obs->arp->sender.family == 4)
            (void)see(n, obs->arp->sender_mac, &obs->arp->sender, obs->time_ns);
    } else if (obs->kind == OBS_FLOW_START && obs->flow->has_mac && !obs->flow->midstream) {
        struct device *d = see(n, obs->flow->src_mac, &obs->flow->src, obs->time_ns);

        if (d != NULL && !d->known && is_door(obs->flow)) {
            d->known = true;
            report(n, obs->flow->src_mac, d, obs);
        }
    } else if (obs->kind == OBS_TICK && n->since_ns != 0) {
        n->learning = n->hours < HOURS_MIN || obs->time_ns - n->since_ns < n->learn_ns;
    }
}

static void
new_device_free(void *self)
{
    struct new_device *n = self;

    if (n == NULL)
        return;
    keyed_free(n->devices);
    free(n);
}

_Static_assert(NET_TABLE_BYTES(DEVICES_MAX, struct device) <= NET_NEW_DEVICE_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct new_device *n = calloc(1, sizeof(*n));

    if (n == NULL)
        return VG_ERR_NOMEM;
    n->judge = env->judge;
    n->scene = env->scene;
    n->learning = true;
    n->learn_ns = 3 * VG_DAY_NS;
    if (!net_setting_duration(env, "learn", VG_HOUR_NS, 60 * VG_DAY_NS, &n->learn_ns, why)) {
        new_device_free(n);
        return VG_ERR_CONFIG;
    }
    if (keyed_new(DEVICES_MAX, sizeof(struct device), &n->devices) != VG_OK) {
        new_device_free(n);
        return VG_ERR_NOMEM;
    }
    *self = n;
    return VG_OK;
}

static void
encode(const void *value, struct buf *out)
{
    const struct device *d = value;

    buf_put_be64(out, (uint64_t)d->first_ns);
    buf_put_be64(out, (uint64_t)d->last_ns);
    buf_put_u8(out, d->known);
}

static void
decode(void *value, struct slice *in)
{
    struct device *d = value;

    d->first_ns = codec_time(in);
    d->last_ns = codec_time(in);
    d->known = slice_u8(in) != 0;
}

static void
save(void *self, struct state_out *out)
{
    struct new_device *n = self;
    struct buf blob;

    keyed_save(n->devices, out, 'm', DEVICES_VERSION, encode);
    if (!n->since_changed)
        return;
    buf_init(&blob, 64);
    buf_put_be64(&blob, (uint64_t)n->since_ns);
    buf_put_be64(&blob, (uint64_t)n->hour);
    buf_put_be32(&blob, n->hours);
    if (!blob.bad) {
        state_put(out, slice_of("i", 1), DEVICES_VERSION, buf_slice(&blob));
        n->since_changed = false;
    }
    buf_done(&blob);
}

static enum vg_err
load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct new_device *n = self;
    uint8_t kind = slice_u8(&key);
    int64_t since_ns, hour;
    uint32_t hours;

    if (version != DEVICES_VERSION)
        return VG_ERR_FORMAT;
    if (kind == 'm')
        return keyed_load(n->devices, key, blob, decode);
    since_ns = codec_time(&blob);
    hour = codec_time(&blob);
    hours = slice_be32(&blob);
    if (kind != 'i' || blob.bad || blob.left != 0)
        return VG_ERR_FORMAT;
    n->since_ns = since_ns;
    n->hour = hour;
    n->hours = hours;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct new_device *n = self;

    (void)json_object_set_new(counters, "learning", json_boolean(n->learning));
    (void)json_object_set_new(counters, "devices",
                              json_integer((json_int_t)keyed_count(n->devices)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(n->devices)));
}

const struct detector NET_NEW_DEVICE = {
    .name = "net.new_device",
    .sensor = "net",
    .kinds = 1u << OBS_ARP | 1u << OBS_FLOW_START | 1u << OBS_TICK,
    .make = make,
    .observe = observe,
    .save = save,
    .load = load,
    .free = new_device_free,
    .health = health,
};
