/* SPDX-License-Identifier: Apache-2.0 */
/* How rare a place is: what tells an implant from an update checker that keeps the same clock.
 *
 * Common are the names of `known`, places that several devices call, look-ups of one name that are
 * answered like any other, places inside the shop (but for a pair that is new to a sensor that has
 * watched for LEARN_NS, or one that speaks to a bare address and changes the path while the clock
 * stays, what no till does). Usual are places that were known before the series began, clocks that ran
 * when the watching began, pings that carry nothing, UDP that only pauses, an address
 * without a name that several call, and what a blocking resolver answers. The rest is rare. */
#include "agent/detect/net_beacon_private.h"

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"
#include "common/vtime.h"

#define LEARN_NS   (2 * VG_DAY_NS)
#define KNOWN_DAYS 3 /* on which a place was called before */
#define SLOW_S     120
#define FAST_S     20
#define START_NS   VG_MIN_NS /* in which a device starts its programs */
/* Faster, questions are net.dns_tunnel's, and pings are somebody's who watches the line. */
#define TALK_S    5
#define NEW_SHARE 0.75 /* of look-ups; content networks go round some dozen names */

bool
beacon_keeps_the_clock(const struct flow_view *f)
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

/* ---- callers ---- */

static uint64_t
place_key(const struct beacon_contact *c)
{
    struct net_key k = {0};

    if (c->name.len > 0 && !domain_is_address(c->name))
        return domain_hash(domain_registered(c->name));
    net_key_addr(&k, &c->flow->dst);
    return net_key_hash(&k);
}

static bool
is_caller(const struct beacon_place *p, uint32_t caller)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->caller[i] == caller)
            return true;
    }
    return p->count == BEACON_CALLERS_MAX;
}

void
beacon_note_caller(struct beacon *b, const struct beacon_contact *c)
{
    uint64_t key = place_key(c);
    const struct beacon_place *known = keytab_find(b->places, key);
    struct beacon_place *p;
    struct net_key who = {0};
    uint32_t caller;

    net_key_addr(&who, &c->flow->src);
    caller = (uint32_t)net_key_hash(&who);
    if (known != NULL && is_caller(known, caller)) {
        if (c->carrier != BEACON_DNS)
            (void)keytab_touch(b->places, key, NULL); /* the names of pages must not oust it */
        return;
    }
    p = keytab_touch(b->places, key, NULL);
    if (p != NULL)
        p->caller[p->count++] = caller;
}

uint32_t
beacon_callers(const struct beacon *b, const struct beacon_contact *c)
{
    const struct beacon_place *p = keytab_find(b->places, place_key(c));
    struct net_place_view view;
    uint32_t callers = p != NULL ? p->count : 0;

    if (net_scene_place(b->scene, c->name, &c->flow->dst, &view) && view.callers > callers &&
        c->carrier != BEACON_DNS)
        callers = view.callers;
    return callers > 0 ? callers : 1;
}

/* ---- rarity ---- */

/* The series began after the shop had come to know the place. */
static bool
known_before(const struct beacon *b, const struct beacon_series *s, const struct beacon_contact *c)
{
    struct net_place_view view;

    return net_scene_place(b->scene, c->name, &c->flow->dst, &view) && view.days >= KNOWN_DAYS &&
           s->first_ns - view.first_ns >= LEARN_NS;
}

static enum beacon_rarity
rarity_of_queries(const struct beacon *b, const struct beacon_series *s, double median_s)
{
    if (median_s < TALK_S)
        return BEACON_USUAL;
    if ((double)s->fresh >= NEW_SHARE * (double)s->visits)
        return BEACON_RARE; /* a new name each time: no cache may answer */
    if (s->data * 2 >= s->size_count)
        return BEACON_RARE;
    if (s->nowhere * 2 < s->size_count)
        return BEACON_COMMON;
    return b->blocked_count < BEACON_BLOCKED_MAX && b->calls_seen ? BEACON_RARE : BEACON_USUAL;
}

static enum beacon_rarity
rarity_of_pings(const struct beacon_series *s, double median_s)
{
    return median_s < TALK_S || s->plain * 2 >= s->size_count ? BEACON_USUAL : BEACON_RARE;
}

static enum beacon_rarity
rarity_inside(const struct beacon *b, const struct beacon_series *s, uint32_t callers)
{
    if (callers > b->callers_max)
        return BEACON_COMMON;
    return ((s->marks & BEACON_BARE) != 0 && s->fresh > 1) || s->first_ns - b->since_ns >= LEARN_NS
               ? BEACON_RARE
               : BEACON_COMMON;
}

/* Since when the device is known. */
static int64_t
device_since_ns(const struct beacon *b, const struct net_addr *device)
{
    struct net_device_view view;

    return net_scene_device(b->scene, device, &view) ? view.first_ns : b->since_ns;
}

/* While the shop is being learned: a slow clock to a place with a name, or a faster one that ran as
 * soon as its device was seen: the till's own server, a camera's heartbeat, more likely than not. */
static bool
was_always_there(const struct beacon *b, const struct beacon_series *s,
                 const struct beacon_contact *c, double median_s)
{
    int64_t late_ns = s->first_ns - device_since_ns(b, &c->flow->src);

    if (s->first_ns - b->since_ns >= LEARN_NS || (s->marks & BEACON_BARE) != 0 ||
        s->name[0] == '\0')
        return false;
    return median_s > SLOW_S ||
           (median_s > FAST_S && (double)late_ns <= 2 * median_s * 1e9 + START_NS);
}

static enum beacon_rarity
rarity_outside(const struct beacon *b, const struct beacon_series *s,
               const struct beacon_contact *c, uint32_t callers, double median_s)
{
    bool stager = (s->marks & BEACON_STAGER) != 0, named = s->name[0] != '\0';

    if (callers > b->callers_max && !stager)
        return named && (s->marks & BEACON_BARE) == 0 ? BEACON_COMMON : BEACON_USUAL;
    if (stager)
        return BEACON_RARE;
    if (s->standing * 2 > s->visits || known_before(b, s, c) || was_always_there(b, s, c, median_s))
        return BEACON_USUAL;
    return BEACON_RARE;
}

enum beacon_rarity
beacon_rarity_of(const struct beacon *b, const struct beacon_series *s,
                 const struct beacon_contact *c, double median_s)
{
    uint32_t callers = beacon_callers(b, c);

    if (domain_in_list(str_of(s->name), b->known != NULL ? b->known : ""))
        return BEACON_COMMON;
    if (s->carrier == BEACON_DNS)
        return callers > b->callers_max ? BEACON_COMMON : rarity_of_queries(b, s, median_s);
    if (s->carrier == BEACON_ICMP)
        return callers > b->callers_max ? BEACON_COMMON : rarity_of_pings(s, median_s);
    if (net_addr_is_local(&c->flow->dst))
        return rarity_inside(b, s, callers);
    return rarity_outside(b, s, c, callers, median_s);
}
