/* SPDX-License-Identifier: Apache-2.0 */
/* Contacts in DNS: answered questions for names of a registered domain that is not called afterwards.
 * What a program asks in order to connect, also when its time to live is over and it asks anew, ends
 * the series, so that only those remain that ask for the sake of asking. Passed over: resolvers of the
 * shop, names of no public top-level domain, reverse look-ups, block lists. */
#include "agent/detect/net_beacon_private.h"

#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"

enum { /* RFC 1035, 3.2.2; 2535; 3596; 6895, 3.1 */
       TYPE_A = 1,
       TYPE_CNAME = 5,
       TYPE_NULL = 10,
       TYPE_TXT = 16,
       TYPE_KEY = 25,
       TYPE_AAAA = 28,
       TYPE_PRIVATE = 65280,
};

void
beacon_called(struct beacon *b, const struct flow_view *f)
{
    struct str name = f->server_name;

    if (f->dport == 53 || !net_addr_is_local(&f->src) || net_addr_is_local(&f->dst) ||
        net_addr_is_group(&f->dst))
        return;
    if (!b->calls_seen)
        b->calls_seen = b->changed = true;
    if (keytab_count(b->queries) == 0)
        return;
    if (name.len > 0)
        keytab_remove(b->queries, beacon_query_key(&f->src, domain_registered(name)));
    name = net_scene_resolved(b->scene, &f->dst);
    if (name.len > 0)
        keytab_remove(b->queries, beacon_query_key(&f->src, domain_registered(name)));
}

static uint32_t
short_hash(const struct net_addr *a)
{
    struct net_key k = {0};

    net_key_addr(&k, a);
    return (uint32_t)net_key_hash(&k);
}

/* A resolver of the shop asks the world what others have asked it. */
static bool
relays(struct beacon *b, const struct dns_view *d)
{
    uint32_t asked = short_hash(&d->flow->dst), who = short_hash(&d->flow->src);
    bool known = false, is_relay = false;

    for (size_t i = 0; i < b->relays; i++) {
        known = known || b->relay[i] == asked;
        is_relay = is_relay || b->relay[i] == who;
    }
    if (!known && b->relays < BEACON_RELAYS_MAX && net_addr_is_local(&d->flow->dst)) {
        b->relay[b->relays++] = asked;
        b->changed = true;
    }
    return is_relay;
}

/* All zero: "there is no such host" of blocking resolvers, "no orders" of Cobalt Strike's DNS beacon
 * (its profile's dns_idle, 0.0.0.0 unless it is set). */
static bool
is_zero(const struct net_addr *a)
{
    static const struct net_addr none = {.family = 0};

    return memcmp(a->bytes, none.bytes, sizeof(a->bytes)) == 0;
}

/* A block list: it answers in 127.0.0.0/8 (RFC 5782). */
static bool
answers_list(const struct dns_view *d)
{
    return d->address_count > 0 && d->addresses[0].family == 4 && d->addresses[0].bytes[0] == 127;
}

static bool
answers_nowhere(const struct dns_view *d)
{
    if ((d->qtype != TYPE_A && d->qtype != TYPE_AAAA) || d->address_count == 0)
        return false;
    for (size_t i = 0; i < d->address_count; i++) {
        if (!is_zero(&d->addresses[i]))
            return false;
    }
    return true;
}

/* A resolver that blocks advertisements answers many domains so. */
static void
note_blocked(struct beacon *b, uint64_t domain)
{
    for (size_t i = 0; i < b->blocked_count; i++) {
        if (b->blocked[i] == domain)
            return;
    }
    if (b->blocked_count < BEACON_BLOCKED_MAX) {
        b->blocked[b->blocked_count++] = domain;
        b->changed = true;
    }
}

static bool
answers_data(const struct dns_view *d)
{
    return d->answer_count > 0 &&
           (d->qtype == TYPE_TXT || d->qtype == TYPE_NULL || d->qtype == TYPE_CNAME ||
            d->qtype == TYPE_KEY || d->qtype >= TYPE_PRIVATE);
}

struct beacon_series *
beacon_from_dns(struct beacon *b, const struct dns_view *d, int64_t now_ns,
                struct beacon_contact *c)
{
    struct str domain = domain_registered(d->query);
    struct beacon_series *s;
    bool nowhere;

    if (d->rcode < 0 || !net_addr_is_local(&d->flow->src) || net_addr_is_group(&d->flow->dst) ||
        relays(b, d) || !domain_is_public(d->query) || domain_is_suffix(d->query) ||
        domain_under(d->query, str_of("arpa")))
        return NULL;
    if (answers_list(d)) {
        keytab_remove(b->queries, beacon_query_key(&d->flow->src, domain));
        return NULL;
    }
    *c = (struct beacon_contact){.flow = d->flow,
                                 .name = domain,
                                 .at_ns = now_ns,
                                 .now_ns = now_ns,
                                 .size = d->query_bytes,
                                 .carrier = BEACON_DNS};
    s = beacon_lengthen(b, c);
    if (s == NULL)
        return NULL;
    beacon_note_one_of_many(s, (uint32_t)domain_hash(d->query));
    nowhere = answers_nowhere(d);
    if (nowhere)
        note_blocked(b, domain_hash(domain));
    s->nowhere += nowhere;
    s->data += answers_data(d);
    return s;
}
