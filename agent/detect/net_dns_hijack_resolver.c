/* SPDX-License-Identifier: Apache-2.0 */
/* Whom devices ask, and whom the network tells them to ask: net.dns_hijack's look at resolvers. */
#include "agent/detect/net_dns_hijack_private.h"

#include <string.h>

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"

/* ---- who is asked ---- */

static bool
well_known(const struct hijack *h, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];

    return hijack_lists(h->resolvers, net_addr_format(a, text));
}

void
hijack_asked(struct hijack *h, const struct dns_view *d, int64_t now_ns)
{
    struct client *c = keytab_touch(h->clients, hijack_hash(&d->flow->src), NULL);
    struct told t = {.style = "resolver",
                     .name = d->query,
                     .who = &d->flow->src,
                     .by = &d->flow->dst,
                     .with = &d->flow->dst,
                     .severity = SEVERITY_LOW,
                     .at_ns = now_ns};
    size_t i = 0;

    if (c == NULL || !net_addr_is_local(&d->flow->src))
        return;
    while (i < c->count && !net_addr_eq(&c->resolver[i].addr, &d->flow->dst))
        i++;
    if (i == c->count) {
        if (c->count == RESOLVERS_MAX) {
            memmove(&c->resolver[1], &c->resolver[2], sizeof(c->resolver[0]) * (RESOLVERS_MAX - 2));
            c->count--;
            i--;
        }
        memset(&c->resolver[i], 0, sizeof(c->resolver[i]));
        c->resolver[c->count++].addr = d->flow->dst;
    }
    if (c->resolver[i].answers < UINT32_MAX)
        c->resolver[i].answers++;
    /* The first one is what the network gave; another one counts once it is really in use. */
    if (i == 0 || c->resolver[i].told || c->resolver[0].answers < h->changed ||
        c->resolver[i].answers < h->changed)
        return;
    c->resolver[i].told = true;
    if (net_addr_is_local(&d->flow->dst) || well_known(h, &d->flow->dst) ||
        keytab_find(h->handed, hijack_hash(&d->flow->dst)) != NULL)
        return;
    hijack_report(h, &t);
}

/* ---- what the network gives out ---- */

/* A resolver that is given out is no surprise when it is asked. */
static void
give_out(struct hijack *h, const struct net_addr *a, int64_t now_ns)
{
    struct handed *g = keytab_touch(h->handed, hijack_hash(a), NULL);

    if (g != NULL && g->since_ns == 0)
        g->since_ns = now_ns;
}

/* `server` gives out `dns` (its first one; `all` a hash of the list) to `who`. */
static void
handed_out(struct hijack *h, const struct net_addr *server, const struct net_addr *dns,
           uint32_t all, const struct net_addr *who, int64_t now_ns)
{
    uint64_t key = hijack_hash(server) ^ UINT64_C(0x68616e646564);
    struct handed *g = keytab_touch(h->handed, key, NULL);
    struct told t = {.style = "handed",
                     .who = who,
                     .by = server,
                     .with = dns,
                     .severity = SEVERITY_HIGH,
                     .at_ns = now_ns};
    bool before = keytab_find(h->handed, hijack_hash(dns)) != NULL;

    if (g == NULL || g->dns == all)
        return;
    if (g->dns != 0 && !before && !net_addr_is_local(dns) && !well_known(h, dns))
        hijack_report(h, &t);
    g->dns = all;
    g->since_ns = now_ns;
}

void
hijack_dhcp(struct hijack *h, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *dns = record_find(r, "dns");
    struct net_addr server, first, client, each;
    uint32_t all = 0;

    if (strcmp(r->type, "dhcp") != 0 || !str_is(record_text(r, "message"), "ack") || dns == NULL ||
        dns->type != FIELD_LIST || dns->list_count == 0 ||
        !net_addr_parse(record_text(r, "server_id"), &server) ||
        !net_addr_parse(dns->list[0], &first))
        return;
    if (!net_addr_parse(record_text(r, "assigned"), &client) || client.bytes[0] == 0)
        client = server;
    for (size_t i = 0; i < dns->list_count; i++)
        all ^= (uint32_t)domain_hash(dns->list[i]);
    handed_out(h, &server, &first, all | 1, &client, now_ns);
    for (size_t i = 0; i < dns->list_count; i++)
        if (net_addr_parse(dns->list[i], &each))
            give_out(h, &each, now_ns);
}

void
hijack_icmp(struct hijack *h, const struct icmp_view *i, int64_t now_ns)
{
    if (i->ndp == NULL || i->type != 134 || i->ndp->name_server.family == 0)
        return;
    handed_out(h, &i->src, &i->ndp->name_server, (uint32_t)hijack_hash(&i->ndp->name_server) | 1,
               &i->src, now_ns);
    give_out(h, &i->ndp->name_server, now_ns);
}
