/* SPDX-License-Identifier: Apache-2.0 */
/* net.host_discovery: one device asks the whole street who is there.
 *
 * A tally for each source and way of asking: ARP (and neighbour solicitations), ICMP requests,
 * services that say who somebody is (NetBIOS names, SNMP, SSDP, mDNS asked of one machine at a
 * time). Each counts different machines in a fast window
 * and, over a day, those at which nobody was ever seen: who asks for many of these does not know
 * the shop. TCP is net.scan's.
 *
 * Quiet: the router (who sends the shop's traffic on asks for all of it), questions to groups
 * (printers' drivers, Windows, televisions), and who did the same on USUAL_DAYS days without an
 * alert (a monitor, in history that is learned or after feedback). */
#include "agent/detect/net_host_discovery_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/detectors.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { USUAL_DAYS = 2 };
#define SLOW_NS  (24 * VG_HOUR_NS)
#define AGAIN_NS (7 * VG_DAY_NS) /* then the same sweep is told again; at once when it doubled */

static uint64_t
hash_addr(const struct net_addr *a)
{
    return str_hash(&STR_HASH_STORED, a, sizeof(*a));
}

/* ---- who is asked ---- */

/* True when the machine is new to the set. */
static bool
set_add(struct machines *m, const struct net_addr *a)
{
    uint64_t bit = hash_addr(a) % SWEEP_BITS;
    uint8_t mask = (uint8_t)(1u << bit % 8);

    if ((m->bits[bit / 8] & mask) != 0)
        return false;
    m->bits[bit / 8] |= mask;
    m->set++;
    return true;
}

/* Linear counting (Whang, Vander-Zanden and Taylor 1990). */
static uint32_t
set_count(const struct machines *m)
{
    double left = SWEEP_BITS - m->set;

    return left <= 0 ? SWEEP_BITS * 4 : (uint32_t)lround(-SWEEP_BITS * log(left / SWEEP_BITS));
}

static void
age(const struct discovery *d, struct sweep *s, int64_t now_ns)
{
    if (s->fast_ns == 0 || llabs(now_ns - s->fast_ns) > d->window_ns) {
        s->fast_ns = now_ns;
        s->asked = s->nobody = (struct machines){0};
    }
    if (s->slow_ns == 0 || llabs(now_ns - s->slow_ns) > SLOW_NS) {
        s->slow_ns = now_ns;
        s->strange = (struct machines){0};
        s->sample_count = 0;
    }
}

/* The router has good reason to ask for everybody, and many make lists of who is there. */
static bool
is_gateway(const struct discovery *d, const uint8_t mac[6])
{
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        if (d->gateway[i].seen_ns != 0 && memcmp(d->gateway[i].mac, mac, 6) == 0)
            return true;
    }
    return false;
}

static bool
is_gateway_addr(const struct discovery *d, const struct net_addr *a)
{
    struct net_device_view view;

    return net_scene_device(d->scene, a, &view) && view.has_mac && is_gateway(d, view.mac);
}

/* ---- reports ---- */

static const char *
style_name(enum way way)
{
    static const char *const names[] = {[WAY_ARP] = "arp",
                                        [WAY_PING] = "ping",
                                        [WAY_NAMES] = "netbios",
                                        [WAY_SERVICES] = "services"};

    return names[way];
}

static json_t *
evidence(const struct sweep *s, const char *src, enum way way)
{
    json_t *list = json_array();
    char to[NET_ADDR_TEXT_MAX];

    for (size_t i = 0; i < s->sample_count; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "type", "probe", "src",
                                                    src, "dst", net_addr_format(&s->sample[i], to),
                                                    "way", style_name(way)));
    return list;
}

static void
report(struct discovery *d, struct sweep *s, const struct net_addr *src, enum way way,
       uint32_t asked, int64_t now_ns)
{
    char host[NET_ADDR_TEXT_MAX], device[NET_TELL_MAX];
    struct party subject;
    struct finding finding = {.detector = "net.host_discovery",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .score = fmin(90, 35 + 15 * log10(asked)),
                              .severity = net_addr_is_local(src) ? SEVERITY_INFO : SEVERITY_LOW};
    int64_t from_ns = set_count(&s->asked) >= asked ? s->fast_ns : s->slow_ns;
    int64_t seconds = (now_ns - from_ns) / VG_SEC_NS;

    net_tell_party(d->scene, &subject, src);
    net_addr_format(src, host);
    finding.facts =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "host", host, "device",
                  net_addr_is_local(src) ? net_tell_device(d->scene, src, NULL, device)
                                         : net_tell_place(d->scene, str_of(""), src, device),
                  "style", style_name(way), "asked", (json_int_t)asked, "nobody",
                  (json_int_t)set_count(asked > set_count(&s->asked) ? &s->strange : &s->nobody),
                  "seconds", (json_int_t)(seconds > 0 ? seconds : 1));
    finding.evidence = evidence(s, host, way);
    judge_finding(d->judge, &finding);
}

/* Told, unless this device does it every day and nobody minded. */
static void
swept(struct discovery *d, struct sweep *s, const struct net_addr *src, enum way way,
      uint32_t asked, int64_t now_ns)
{
    int64_t day = now_ns / VG_DAY_NS;
    struct party subject;

    if (s->usual >= USUAL_DAYS && asked <= 2 * s->told) {
        s->told_ns = now_ns;
        return;
    }
    if (s->told == 0 || asked >= 2 * s->told || now_ns - s->told_ns > AGAIN_NS) {
        report(d, s, src, way, asked, now_ns);
        s->told_ns = now_ns;
        s->told = asked > s->told ? asked : s->told;
    }
    net_tell_party(d->scene, &subject, src);
    if (judge_learn_share(d->judge, "net.host_discovery", &subject, NULL, now_ns) < 0.5)
        return;
    s->told = asked > s->told ? asked : s->told;
    if (day != s->usual_day && s->usual < UINT8_MAX) {
        s->usual_day = day;
        s->usual++;
    }
}

/* ---- questions ---- */

static const struct limits *
limits_of(const struct discovery *d, enum way way, bool world)
{
    return world ? &d->world : &d->limits[way];
}

static void
question(struct discovery *d, enum way way, const struct net_addr *src, const struct net_addr *dst,
         int64_t now_ns)
{
    struct net_key k = {0};
    struct net_device_view view;
    struct sweep *s;
    const struct limits *limit;
    bool world = !net_addr_is_local(dst), fresh;
    uint32_t asked;

    if (src->family == 0 || dst->family != src->family || net_addr_is_group(src) ||
        net_addr_is_group(dst) || net_addr_eq(src, dst))
        return;
    net_key_u8(&k, (uint8_t)way);
    net_key_addr(&k, src);
    /* In the world one network after the other is asked; games and VPNs ping servers here and
     * there, in many networks. NetBIOS has no business there at all. */
    if (world && way == WAY_PING) {
        for (size_t i = 0; i < (dst->family == 4 ? 3 : 8); i++)
            net_key_u8(&k, dst->bytes[i]);
    } else if (world) {
        net_key_u8(&k, 'w');
    }
    s = keytab_touch(d->sweeps, str_hash(&STR_HASH_STORED, k.bytes, k.len), NULL);
    if (s == NULL)
        return;
    age(d, s, now_ns);
    fresh = set_add(&s->asked, dst);
    if (!world && !net_scene_device(d->scene, dst, &view)) {
        (void)set_add(&s->nobody, dst);
        fresh |= set_add(&s->strange, dst);
    }
    if (!fresh)
        return;
    if (s->sample_count < SWEEP_SAMPLES)
        s->sample[s->sample_count++] = *dst;
    limit = limits_of(d, way, world);
    asked = set_count(&s->asked);
    if (asked < limit->fast && set_count(&s->strange) >= limit->slow)
        asked = set_count(&s->strange);
    else if (asked < limit->fast)
        return;
    if (!is_gateway_addr(d, src))
        swept(d, s, src, way, asked, now_ns);
}

/* ---- observations ---- */

static void
on_arp(struct discovery *d, const struct arp_view *a, int64_t now_ns)
{
    if (!a->reply && a->sender.family == 4 && !is_gateway(d, a->sender_mac))
        question(d, WAY_ARP, &a->sender, &a->target, now_ns);
}

static void
on_icmp(struct discovery *d, const struct icmp_view *i, int64_t now_ns)
{
    /* echo, timestamp, information, address mask (RFC 792, RFC 950) */
    bool asks =
        i->v6 ? i->type == 128 : i->type == 8 || i->type == 13 || i->type == 15 || i->type == 17;

    if (asks)
        question(d, WAY_PING, &i->src, &i->dst, now_ns);
    else if (i->ndp != NULL && i->type == 135 && i->ndp->has_eth && !is_gateway(d, i->ndp->eth_src))
        question(d, WAY_ARP, &i->src, &i->ndp->target, now_ns);
}

/* Asked of one machine, these only serve to learn who it is. A peer that answers a question to the
 * group does so from the service's own port to the same (RFC 1002, 4.2; RFC 6762, 6.7): only a
 * NetBIOS question, always 50 bytes long, goes that way too. */
static bool
asks_who(const struct flow_view *f, enum way *way)
{
    static const uint16_t ports[] = {161,  427,  623,  1434, 1900,
                                     3702, 5353, 5355, 5683}; /* SNMP, SLP, IPMI, SQL browser,
                                     SSDP, WS-Discovery, mDNS, LLMNR, CoAP */

    if (f->proto != 17)
        return false;
    *way = WAY_NAMES;
    if (f->dport == 137)
        return f->sport != 137 || f->payload_out == 50;
    *way = WAY_SERVICES;
    for (size_t i = 0; i < VG_ARRAY_LEN(ports); i++) {
        if (f->dport == ports[i])
            return f->sport != f->dport;
    }
    return false;
}

static void
note_gateway(struct discovery *d, const struct flow_view *f, int64_t now_ns)
{
    struct gateway *oldest = &d->gateway[0];

    if (!f->has_mac || !net_addr_is_local(&f->src) || net_addr_is_local(&f->dst) ||
        net_addr_is_group(&f->dst) || !net_mac_usable(f->dst_mac))
        return;
    for (size_t i = 0; i < GATEWAYS_MAX; i++) {
        struct gateway *g = &d->gateway[i];

        if (g->seen_ns != 0 && memcmp(g->mac, f->dst_mac, 6) == 0) {
            if (now_ns - g->seen_ns > VG_HOUR_NS) {
                g->seen_ns = now_ns;
                d->gateways_changed = true;
            }
            return;
        }
        if (g->seen_ns < oldest->seen_ns)
            oldest = g;
    }
    oldest->seen_ns = now_ns;
    memcpy(oldest->mac, f->dst_mac, 6);
    d->gateways_changed = true;
}

static void
on_start(struct discovery *d, const struct flow_view *f, int64_t now_ns)
{
    enum way way;

    note_gateway(d, f, now_ns);
    if (!f->midstream && asks_who(f, &way))
        question(d, way, &f->src, &f->dst, now_ns);
}

static void
observe(void *self, const struct obs *obs)
{
    struct discovery *d = self;

    if (obs->kind == OBS_FLOW_START)
        on_start(d, obs->flow, obs->time_ns);
    else if (obs->kind == OBS_ICMP)
        on_icmp(d, obs->icmp, obs->time_ns);
    else if (obs->kind == OBS_ARP)
        on_arp(d, obs->arp, obs->time_ns);
}

/* ---- life ---- */

static void
discovery_free(void *self)
{
    struct discovery *d = self;

    if (d == NULL)
        return;
    keytab_free(d->sweeps);
    free(d);
}

static bool
read_settings(const struct detector_env *env, struct discovery *d, char why[DETECT_WHY_MAX])
{
    uint32_t arp = 48, ping = 12, named = 12;

    d->world = (struct limits){.fast = 40, .slow = UINT32_MAX};
    d->window_ns = 10 * VG_MIN_NS;
    if (!net_setting_u32(env, "arp", 8, 400, &arp, why) ||
        !net_setting_u32(env, "ping", 4, 400, &ping, why) ||
        !net_setting_u32(env, "named", 4, 400, &named, why) ||
        !net_setting_u32(env, "world", 4, 400, &d->world.fast, why) ||
        !net_setting_duration(env, "window", VG_MIN_NS, VG_DAY_NS, &d->window_ns, why))
        return false;
    d->limits[WAY_ARP] = (struct limits){arp, arp + arp / 2};
    d->limits[WAY_PING] = (struct limits){ping, 2 * ping};
    d->limits[WAY_NAMES] = d->limits[WAY_SERVICES] = (struct limits){named, 2 * named};
    return true;
}

_Static_assert(SWEEPS_MAX *(sizeof(struct sweep) + 48) + sizeof(struct discovery) <=
                   NET_HOST_DISCOVERY_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct discovery *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return VG_ERR_NOMEM;
    d->judge = env->judge;
    d->scene = env->scene;
    if (!read_settings(env, d, why)) {
        discovery_free(d);
        return VG_ERR_CONFIG;
    }
    if (discovery_tables(d) != VG_OK) {
        discovery_free(d);
        return VG_ERR_NOMEM;
    }
    *self = d;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct discovery *d = self;

    (void)json_object_set_new(counters, "sources",
                              json_integer((json_int_t)keytab_count(d->sweeps)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keytab_evicted(d->sweeps)));
}

const struct detector NET_HOST_DISCOVERY = {
    .name = "net.host_discovery",
    .sensor = "net",
    .kinds = 1u << OBS_FLOW_START | 1u << OBS_ICMP | 1u << OBS_ARP,
    .make = make,
    .observe = observe,
    .save = discovery_save,
    .load = discovery_load,
    .free = discovery_free,
    .health = health,
};
