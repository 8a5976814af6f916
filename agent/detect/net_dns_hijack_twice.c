/* SPDX-License-Identifier: Apache-2.0 */
/* What net.dns_hijack says when one question gets two answers.
 *
 * To one question, in one conversation: somebody answers beside the resolver and hopes to be first
 * (RFC 5452, 4.2). A resolver that is asked again may turn its list round, or name another machine of
 * the same owner: answers differ only where they share no address, no neighbourhood and no owner.
 *
 * From two resolvers: networks of delivery answer by where the asker is, so a name that leads on to
 * somebody else's (CNAME), and one whose answers have no known owner, is not compared. What is left
 * is a weak sign, stronger for a bank and where the answer may be kept for an oddly short or long time.
 * That two agree is the rule, and no test. */
#include "agent/detect/net_dns_hijack_private.h"

#include <math.h>
#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

#define COMPARE_NS VG_HOUR_NS
#define P_DISAGREE 1e-2
#define P_BANK     0.2 /* times so much, where it is a bank's name */
#define P_TTL      0.5 /* and where the two may be kept TTL_TIMES as long as one another */
enum { TTL_TIMES = 50 };

static bool
neighbours(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 4 ? 2 : 4) == 0;
}

/* An answer of another family says nothing about this one. */
static bool
shares(const struct said *s, const struct dns_view *d)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t n = 0; n < d->address_count; n++)
            if (s->address[i].family != d->addresses[n].family ||
                neighbours(&s->address[i], &d->addresses[n]))
                return true;
    return false;
}

enum owners { OWNERS_UNKNOWN, OWNERS_SAME, OWNERS_DIFFER };

static enum owners
owners_of(const struct hijack *h, const struct net_addr *a, const struct net_addr *b)
{
    struct geo_place one, two;

    if (!net_scene_where(h->scene, a, &one) || !net_scene_where(h->scene, b, &two) ||
        one.asn == 0 || two.asn == 0)
        return OWNERS_UNKNOWN;
    return geo_same_owner(&one, &two) ? OWNERS_SAME : OWNERS_DIFFER;
}

static bool
leads_on(const struct dns_view *d)
{
    for (size_t i = 0; i < d->answer_count; i++)
        if (!domain_is_address(d->answers[i]) &&
            !domain_under(d->answers[i], domain_registered(d->query)))
            return true;
    return domain_is_hosted(d->query);
}

static double
p_of(const struct hijack *h, const struct said *s, const struct dns_view *d)
{
    double longer = fmax(s->ttl, d->ttl_min), shorter = fmax(1, fmin(s->ttl, d->ttl_min));

    return P_DISAGREE * (hijack_name_in(h->banks, d->query) ? P_BANK : 1) *
           (longer > TTL_TIMES * shorter ? P_TTL : 1);
}

static void
compare(struct hijack *h, struct said *s, const struct dns_view *d, int64_t now_ns)
{
    bool same_resolver = net_addr_eq(&s->resolver, &d->flow->dst);
    enum owners owners;
    struct told t = {.name = d->query,
                     .who = &d->flow->src,
                     .by = &d->flow->dst,
                     .with = &d->addresses[0],
                     .other = &s->address[0],
                     .other_by = &s->resolver,
                     .at_ns = now_ns};

    if (s->count == 0 || now_ns - s->at_ns > COMPARE_NS || s->told || shares(s, d))
        return;
    owners = owners_of(h, &s->address[0], &d->addresses[0]);
    if (same_resolver && d->again && owners != OWNERS_SAME) {
        t.style = "race";
        t.severity = SEVERITY_MEDIUM;
    } else if (!same_resolver && owners == OWNERS_DIFFER && !leads_on(d)) {
        t.style = "disagree";
        t.p = p_of(h, s, d);
    } else {
        return;
    }
    s->told = true;
    hijack_report(h, &t);
}

static void
keep(struct said *s, const struct dns_view *d, int64_t now_ns)
{
    s->at_ns = now_ns;
    s->resolver = d->flow->dst;
    s->ttl = d->ttl_min;
    s->count = 0;
    for (size_t i = 0; i < d->address_count && i < SAID_ADDRESSES; i++)
        s->address[s->count++] = d->addresses[i];
}

void
hijack_twice(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    uint64_t key = domain_hash(d->query) ^ d->qtype;
    const struct twice *known = keytab_find(h->twice, key);
    struct twice *t;
    struct said *mine = NULL;

    /* The same as ever: the row stays as it is. */
    for (size_t i = 0; known != NULL && i < VG_ARRAY_LEN(known->said); i++)
        if (net_addr_eq(&known->said[i].resolver, &d->flow->dst) && shares(&known->said[i], d) &&
            now_ns - known->said[i].at_ns < COMPARE_NS)
            return;
    t = keytab_touch(h->twice, key, NULL);
    if (t == NULL)
        return;
    for (size_t i = 0; i < VG_ARRAY_LEN(t->said); i++) {
        compare(h, &t->said[i], d, now_ns);
        if (net_addr_eq(&t->said[i].resolver, &d->flow->dst))
            mine = &t->said[i];
    }
    if (mine == NULL)
        mine = t->said[0].at_ns <= t->said[1].at_ns ? &t->said[0] : &t->said[1];
    if (mine->told && now_ns - mine->at_ns > COMPARE_NS)
        mine->told = false;
    keep(mine, d, now_ns);
}
