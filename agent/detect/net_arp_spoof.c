/* SPDX-License-Identifier: Apache-2.0 */
/* net.arp_spoof: a device says in ARP that it is another one, to have its traffic sent to itself.
 *
 * ARP has no proof of anything (RFC 826), and honest networks break the simple rule "one address,
 * one MAC": leases move to other devices, a repeater answers for all behind it, routers fail over.
 * So a second MAC alone is nothing. It counts when the first one is alive and
 *   answers:  the other one answers again and again though nobody asked;
 *   conflict: both claim the address in turn within a minute;
 *   lure:     a device is told, unasked and in private, that the router's address is at a MAC that
 *             is not the one its traffic to the Internet just went through;
 *   flood:    unasked answers pour out of one MAC.
 * The subject is the attacker's MAC, so that all agents of a network name the same. */
#include "agent/detect/detectors.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/net_arp_spoof_private.h"
#include "agent/detect/net_common.h"
#include "common/vtime.h"

enum {
    ARP_ADDRS_MAX = 1024,
    ARP_MACS_MAX = 512,
    ARP_CLIENTS_MAX = 256,
    ARP_ASKED_MAX = 256,
};
#define ASKED_NS  (10 * VG_SEC_NS) /* an answer that comes later was not asked for */
#define TURNS_NS  VG_MIN_NS
#define REPEAT_NS VG_MIN_NS /* not more than one report of an address a minute */
#define TOUCH_NS  (30 * VG_SEC_NS)
#define RELAY_NS  (5 * VG_MS_NS)

enum claim { CLAIM_ASKING, CLAIM_ANSWER, CLAIM_UNASKED, CLAIM_ANNOUNCED };

/* VRRP and CARP (RFC 9568), HSRP, GLBP: addresses that move between routers by design. */
static bool
virtual_mac(const uint8_t mac[6])
{
    static const uint8_t prefixes[][5] = {
        {0x00, 0x00, 0x5e, 0x00, 0x01}, {0x00, 0x00, 0x5e, 0x00, 0x02},
        {0x00, 0x00, 0x0c, 0x07, 0xac}, {0x00, 0x00, 0x0c, 0x9f, 0xf0},
        {0x00, 0x07, 0xb4, 0x00, 0x01},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(prefixes); i++) {
        if (memcmp(mac, prefixes[i], sizeof(prefixes[i])) == 0)
            return true;
    }
    return false;
}

/* By custom the router has the first or the last address of the network. */
static bool
routerlike(const struct net_addr *a)
{
    return a->family == 4 && (a->bytes[3] == 1 || a->bytes[3] == 254);
}

static const void *
find(const struct keyed *table, const void *key, size_t len)
{
    return keyed_find(table, key, len);
}

/* ---- claims ---- */

static struct station *
station_claims(struct arp_spoof *s, const uint8_t mac[6], const struct net_addr *addr)
{
    struct station *st = keyed_use(s->stations, mac, 6, NULL);

    for (size_t i = 0; i < st->count; i++) {
        if (net_addr_eq(&st->addr[i], addr))
            return st;
    }
    if (st->count == MAC_ADDRS_MAX) {
        memmove(&st->addr[0], &st->addr[1], sizeof(st->addr[0]) * (MAC_ADDRS_MAX - 1));
        st->count--;
    }
    st->addr[st->count++] = *addr;
    return st;
}

static bool
between(const struct addr *a, int64_t now_ns, int64_t alive_ns, int side)
{
    return a->side[side].first_ns != 0 && now_ns - a->side[side].last_ns <= alive_ns;
}

/* Which side of the address this MAC is; the one before it leaves when it has gone silent. */
static int
side_of(struct arp_spoof *s, struct addr *a, const uint8_t mac[6], int64_t now_ns)
{
    for (int i = 0; i < 2; i++) {
        if (a->side[i].first_ns != 0 && mac_eq(a->side[i].mac, mac))
            return i;
    }
    if (a->side[0].first_ns != 0 && !between(a, now_ns, s->alive_ns, 0)) {
        a->side[0] = a->side[1]; /* a lease went to another device */
        memset(&a->side[1], 0, sizeof(a->side[1]));
        if (!between(a, now_ns, s->alive_ns, 0))
            memset(&a->side[0], 0, sizeof(a->side[0]));
        a->turns = 0;
        a->last_side = 0;
    }
    if (a->side[0].first_ns == 0) {
        a->side[0] = (struct side){.first_ns = now_ns};
        memcpy(a->side[0].mac, mac, 6);
        a->last_side = 0;
        return 0;
    }
    a->side[1] = (struct side){.first_ns = now_ns};
    memcpy(a->side[1].mac, mac, 6);
    return 1;
}

static bool
is_router(const struct arp_spoof *s, const struct net_addr *addr, const uint8_t owner[6])
{
    const struct station *st = find(s->stations, owner, 6);
    const void *cursor = NULL;
    const struct client *c;
    struct slice key;

    if (!routerlike(addr) && (st == NULL || st->count > 1))
        return false;
    while ((c = keyed_walk(s->clients, &cursor, &key)) != NULL) {
        if (mac_eq(c->next_hop, owner))
            return true;
    }
    return routerlike(addr);
}

/* Whether the two sides of an address make an attack, and which of them is the attacker. */
static void
judge_sides(struct arp_spoof *s, struct addr *a, const struct net_addr *addr, int64_t now_ns)
{
    int bad = a->side[1].unasked >= a->side[0].unasked ? 1 : 0;
    bool router = is_router(s, addr, a->side[1 - bad].mac);
    struct arp_report r = {.mac = a->side[bad].mac,
                           .owner = a->side[1 - bad].mac,
                           .addr = addr,
                           .router = router,
                           .claims = a->side[bad].unasked};

    if (a->reported_ns != 0 && now_ns - a->reported_ns < REPEAT_NS)
        return;
    if (a->side[bad].unasked >= s->unasked_min && between(a, now_ns, s->alive_ns, 1 - bad)) {
        r.style = "answers";
        r.severity = router ? SEVERITY_CRITICAL : SEVERITY_HIGH;
    } else if (a->turns >= s->turns_min &&
               (a->relay_ns == 0 || now_ns - a->relay_ns > s->alive_ns)) {
        r.style = "conflict"; /* maybe two devices with one address: bad as well, less urgent */
        r.claims = a->turns;
        r.severity = router ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    } else {
        return;
    }
    a->reported_ns = now_ns;
    arp_spoof_report(s, now_ns, &r);
}

static void
watch_relay(struct addr *a, int side, const struct net_addr *asked_for, int64_t now_ns)
{
    if (a->asked_ns != 0 && side != a->asked_by && now_ns - a->asked_ns <= RELAY_NS &&
        net_addr_eq(&a->asked_for, asked_for))
        a->relay_ns = now_ns;
    a->asked_for = *asked_for;
    a->asked_by = (uint8_t)side;
    a->asked_ns = now_ns;
}

static void
claim_address(struct arp_spoof *s, const struct arp_view *v, enum claim claim, int64_t now_ns)
{
    const struct net_addr *addr = &v->sender;
    struct addr *a = keyed_use(s->addrs, addr, sizeof(*addr), NULL);
    int i = side_of(s, a, v->sender_mac, now_ns);

    a->side[i].last_ns = now_ns;
    if (claim == CLAIM_ASKING)
        watch_relay(a, i, &v->target, now_ns);
    if (now_ns - a->side[i].unasked_ns > s->alive_ns) {
        a->side[i].unasked_ns = now_ns;
        a->side[i].unasked = 0;
    }
    if (claim == CLAIM_UNASKED)
        a->side[i].unasked++;
    /* Announcements are how an honest router takes over: they count once the other speaks again. */
    if (claim == CLAIM_ANNOUNCED && a->side[1].first_ns != 0 &&
        a->side[1 - i].last_ns > a->side[1].first_ns)
        a->side[i].unasked++;
    if (a->turns_ns == 0 || now_ns - a->turns_ns > TURNS_NS) {
        a->turns_ns = now_ns;
        a->turns = 0;
    }
    if (i != a->last_side) {
        a->turns++;
        a->last_side = (uint8_t)i;
    }
    if (a->side[1].first_ns != 0)
        judge_sides(s, a, addr, now_ns);
}

/* ---- lures ---- */

static void
judge_lure(struct arp_spoof *s, struct station *st, const uint8_t mac[6], int64_t now_ns)
{
    const struct addr *a = find(s->addrs, &st->lure, sizeof(st->lure));
    struct arp_report r = {.style = "lure",
                           .mac = mac,
                           .owner = st->lured_from,
                           .addr = &st->lure,
                           .claims = 1,
                           .severity = SEVERITY_CRITICAL,
                           .router = true};
    bool known_owner = a != NULL && mac_eq(a->side[0].mac, st->lured_from);

    if (st->lure_ns == 0 || now_ns - st->lure_ns > s->alive_ns)
        return;
    /* Either the address is known to be the router's, or the speaker has another one too. */
    if (!known_owner && st->count < 2)
        return;
    st->lure_ns = 0;
    arp_spoof_report(s, now_ns, &r);
}

/* `mac` told the client `to`, unasked, that it is `addr`. */
static void
lure(struct arp_spoof *s, const uint8_t mac[6], const uint8_t to[6], const struct net_addr *addr,
     struct station *st, int64_t now_ns)
{
    const struct client *c = find(s->clients, to, 6);
    const struct addr *a = find(s->addrs, addr, sizeof(*addr));

    if (c == NULL || mac_eq(c->next_hop, mac) || now_ns - c->last_ns > s->alive_ns)
        return;
    if (!routerlike(addr) && (a == NULL || !mac_eq(a->side[0].mac, c->next_hop)))
        return;
    st->lure = *addr;
    st->lure_ns = now_ns;
    memcpy(st->lured_from, c->next_hop, 6);
}

static void
flood(struct arp_spoof *s, struct station *st, const uint8_t mac[6], int64_t now_ns)
{
    struct arp_report r = {.style = "flood", .mac = mac, .severity = SEVERITY_MEDIUM};

    if (st->unasked_ns == 0 || now_ns - st->unasked_ns > VG_MIN_NS) {
        st->unasked_ns = now_ns;
        st->unasked = 0;
    }
    r.claims = ++st->unasked;
    if (st->unasked < s->flood_min ||
        (st->flood_reported_ns != 0 && now_ns - st->flood_reported_ns < VG_HOUR_NS))
        return;
    st->flood_reported_ns = now_ns;
    arp_spoof_report(s, now_ns, &r);
}

/* ---- observations ---- */

static struct net_key
asked_key(const struct net_addr *who, const struct net_addr *whom)
{
    struct net_key k = {0};

    net_key_addr(&k, who);
    net_key_addr(&k, whom);
    return k;
}

static bool
was_asked(struct arp_spoof *s, const struct arp_view *v, int64_t now_ns)
{
    struct net_key k = asked_key(&v->target, &v->sender);
    const struct asked *known = find(s->asked, k.bytes, k.len);
    struct asked *asked;

    if (known == NULL || now_ns - known->last_ns > ASKED_NS)
        return false;
    for (size_t i = 0; i < known->answers; i++) {
        if (mac_eq(known->by[i], v->sender_mac))
            return false;
    }
    asked = keyed_use(s->asked, k.bytes, k.len, NULL);
    if (asked->answers < VG_ARRAY_LEN(asked->by))
        memcpy(asked->by[asked->answers++], v->sender_mac, 6);
    return true;
}

static enum claim
claim_kind(struct arp_spoof *s, const struct arp_view *v, int64_t now_ns)
{
    if (net_addr_eq(&v->sender, &v->target))
        return CLAIM_ANNOUNCED;
    if (!v->reply)
        return CLAIM_ASKING;
    return was_asked(s, v, now_ns) ? CLAIM_ANSWER : CLAIM_UNASKED;
}

static void
on_arp(struct arp_spoof *s, const struct arp_view *v, int64_t now_ns)
{
    enum claim claim;
    struct station *st;

    if (!v->reply && !net_addr_eq(&v->sender, &v->target)) {
        struct net_key k = asked_key(&v->sender, &v->target);

        *(struct asked *)keyed_use(s->asked, k.bytes, k.len, NULL) =
            (struct asked){.last_ns = now_ns};
    }
    /* A probe (RFC 5227) has no sender address and claims nothing. */
    if (v->sender.family != 4 || net_addr_is_group(&v->sender) || !net_mac_usable(v->sender_mac) ||
        virtual_mac(v->sender_mac))
        return;
    claim = claim_kind(s, v, now_ns);
    st = station_claims(s, v->sender_mac, &v->sender);
    if (claim == CLAIM_UNASKED || claim == CLAIM_ANNOUNCED)
        flood(s, st, v->sender_mac, now_ns);
    if (claim == CLAIM_UNASKED && net_mac_usable(v->eth_dst))
        lure(s, v->sender_mac, v->eth_dst, &v->sender, st, now_ns);
    claim_address(s, v, claim, now_ns);
    judge_lure(s, st, v->sender_mac, now_ns);
}

/* Traffic says who is alive, and through whom a device reaches the world. */
static void
on_flow(struct arp_spoof *s, const struct flow_view *f, int64_t now_ns)
{
    const struct addr *known;
    const struct client *client;

    if (!f->has_mac || !net_addr_is_local(&f->src) || !net_mac_usable(f->src_mac) ||
        !net_mac_usable(f->dst_mac))
        return;
    known = find(s->addrs, &f->src, sizeof(f->src));
    for (int i = 0; known != NULL && i < 2; i++) {
        if (known->side[i].first_ns != 0 && mac_eq(known->side[i].mac, f->src_mac) &&
            now_ns - known->side[i].last_ns > TOUCH_NS)
            ((struct addr *)keyed_use(s->addrs, &f->src, sizeof(f->src), NULL))->side[i].last_ns =
                now_ns;
    }
    if (net_addr_is_local(&f->dst) || net_addr_is_group(&f->dst))
        return;
    client = find(s->clients, f->src_mac, 6);
    if (client == NULL || !mac_eq(client->next_hop, f->dst_mac) ||
        now_ns - client->last_ns > TOUCH_NS) {
        struct client *c = keyed_use(s->clients, f->src_mac, 6, NULL);

        memcpy(c->next_hop, f->dst_mac, 6);
        c->last_ns = now_ns;
    }
}

static void
observe(void *self, const struct obs *obs)
{
    if (obs->kind == OBS_ARP)
        on_arp(self, obs->arp, obs->time_ns);
    else if (obs->kind == OBS_FLOW_START)
        on_flow(self, obs->flow, obs->time_ns);
}

/* ---- life ---- */

static void
arp_spoof_free(void *self)
{
    struct arp_spoof *s = self;

    if (s == NULL)
        return;
    keyed_free(s->addrs);
    keyed_free(s->stations);
    keyed_free(s->clients);
    keyed_free(s->asked);
    free(s);
}

_Static_assert(NET_TABLE_BYTES(ARP_ADDRS_MAX, struct addr) +
                       NET_TABLE_BYTES(ARP_MACS_MAX, struct station) +
                       NET_TABLE_BYTES(ARP_CLIENTS_MAX, struct client) +
                       NET_TABLE_BYTES(ARP_ASKED_MAX, struct asked) <=
                   NET_ARP_SPOOF_BYTES,
               "the memory of detectors is promised");

static enum vg_err
make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    struct arp_spoof *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return VG_ERR_NOMEM;
    s->judge = env->judge;
    s->scene = env->scene;
    s->unasked_min = 3;
    s->turns_min = 4;
    s->flood_min = 60;
    s->alive_ns = 10 * VG_MIN_NS;
    if (!net_setting_u32(env, "unasked", 2, 100, &s->unasked_min, why) ||
        !net_setting_u32(env, "turns", 2, 100, &s->turns_min, why) ||
        !net_setting_u32(env, "flood", 10, 10000, &s->flood_min, why) ||
        !net_setting_duration(env, "alive", VG_MIN_NS, VG_HOUR_NS, &s->alive_ns, why)) {
        arp_spoof_free(s);
        return VG_ERR_CONFIG;
    }
    if (keyed_new(ARP_ADDRS_MAX, sizeof(struct addr), &s->addrs) != VG_OK ||
        keyed_new(ARP_MACS_MAX, sizeof(struct station), &s->stations) != VG_OK ||
        keyed_new(ARP_CLIENTS_MAX, sizeof(struct client), &s->clients) != VG_OK ||
        keyed_new(ARP_ASKED_MAX, sizeof(struct asked), &s->asked) != VG_OK) {
        arp_spoof_free(s);
        return VG_ERR_NOMEM;
    }
    *self = s;
    return VG_OK;
}

static void
health(const void *self, json_t *counters)
{
    const struct arp_spoof *s = self;

    (void)json_object_set_new(counters, "addresses",
                              json_integer((json_int_t)keyed_count(s->addrs)));
    (void)json_object_set_new(counters, "evicted",
                              json_integer((json_int_t)keyed_evicted(s->addrs)));
}

const struct detector NET_ARP_SPOOF = {
    .name = "net.arp_spoof",
    .sensor = "net",
    .kinds = 1u << OBS_ARP | 1u << OBS_FLOW_START,
    .make = make,
    .observe = observe,
    .save = arp_spoof_save,
    .load = arp_spoof_load,
    .free = arp_spoof_free,
    .health = health,
};
