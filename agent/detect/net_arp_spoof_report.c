/* SPDX-License-Identifier: Apache-2.0 */
/* What net.arp_spoof tells: the attacker's MAC as the subject, and where else it was seen. */
#include "agent/detect/net_arp_spoof_private.h"

#include <stdio.h>

#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"

/* An address of the attacker that is not one of the stolen ones: where to find it. */
static const struct net_addr *
own_address(const struct arp_spoof *s, const struct station *st, const struct arp_report *r)
{
    for (size_t i = 0; st != NULL && i < st->count; i++) {
        const struct addr *a = keyed_find(s->addrs, &st->addr[i], sizeof(st->addr[i]));

        if (r->addr != NULL && net_addr_eq(&st->addr[i], r->addr))
            continue;
        if (a == NULL || (mac_eq(a->side[0].mac, r->mac) && a->side[1].first_ns == 0))
            return &st->addr[i];
    }
    return NULL;
}

static json_t *
claimed_list(const struct station *st)
{
    json_t *list = json_array();
    char text[NET_ADDR_TEXT_MAX];

    for (size_t i = 0; st != NULL && i < st->count; i++)
        (void)json_array_append_new(list, json_string(net_addr_format(&st->addr[i], text)));
    return list;
}

void
arp_spoof_report(struct arp_spoof *s, int64_t now_ns, const struct arp_report *r)
{
    char mac[NET_MAC_TEXT_MAX], owner[NET_MAC_TEXT_MAX] = "", addr[NET_ADDR_TEXT_MAX] = "";
    char host[NET_ADDR_TEXT_MAX], device[NET_TELL_MAX], victim[NET_TELL_MAX] = "-";
    const struct station *st = keyed_find(s->stations, r->mac, 6);
    const struct net_addr *own = own_address(s, st, r);
    struct party subject;
    struct finding finding = {.detector = "net.arp_spoof",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .severity = r->severity,
                              .score = r->router ? 95 : 80,
                              .group = r->style};

    net_mac_format(r->mac, mac);
    if (r->owner != NULL)
        net_mac_format(r->owner, owner);
    if (r->addr != NULL)
        net_addr_format(r->addr, addr);
    if (own != NULL) {
        net_addr_format(own, host);
        net_tell_device(s->scene, own, NULL, device);
    } else {
        snprintf(host, sizeof(host), "%s", mac);
        snprintf(device, sizeof(device), "%s", mac);
    }
    if (r->addr != NULL)
        net_tell_device(s->scene, r->addr, NULL, victim);
    party_set(&subject, "device", mac, device);
    finding.facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I}", "host", host, "device", device,
        "victim", victim, "mac", mac, "style", r->style, "address", r->addr != NULL ? addr : "-",
        "owner", r->owner != NULL ? owner : "-", "router", (int)r->router, "claims",
        (json_int_t)r->claims, "addresses", (json_int_t)(st != NULL ? st->count : 0));
    finding.evidence = json_pack("[{s:s, s:s, s:s, s:s, s:o}]", "type", "arp", "mac", mac,
                                 "address", addr, "owner", owner, "claimed", claimed_list(st));
    judge_finding(s->judge, &finding);
}
