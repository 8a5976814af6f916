/* SPDX-License-Identifier: Apache-2.0 */
/* net_tor_private: what net_tor.c (relays) and net_tor_bridge.c (bridges) share. */
#pragma once

#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"

enum { TOR_SERVERS_KEPT = 8, TOR_STUN_KEPT = 4, TOR_SEALED_KEPT = 4 };

struct tor_device {
    int64_t first_ns; /* of the hour of relays; 0: empty */
    uint32_t server[TOR_SERVERS_KEPT];
    uint8_t servers;
    uint8_t stuns, sealed;
    int64_t stun_ns, sealed_ns; /* since when the ones below are counted */
    uint32_t stun[TOR_STUN_KEPT], seal[TOR_SEALED_KEPT];
};

struct tor {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *devices;
};

/* The row of the device that begins; NULL: there is no room. */
struct tor_device *tor_device(struct tor *t, const struct net_addr *address);
/* Adds a hash to a list of so many, unless it is there or the list is full; whether it was added. */
bool tor_count(uint32_t *list, uint8_t *count, size_t most, uint32_t hash);
uint32_t tor_hash(const void *bytes, size_t len);
/* `score` 0: a test with `p` instead of a finding. */
void tor_report(struct tor *t, const struct flow_view *f, struct str site, const char *sign,
                unsigned servers, int64_t since_ns, double score, double p, int64_t now_ns);

/* net_tor_bridge.c: bridges by their names, Snowflake, streams that are enciphered from the first byte on. */
void tor_bridge_dns(struct tor *t, const struct dns_view *d, int64_t now_ns);
void tor_bridge_tls(struct tor *t, const struct tls_view *v, int64_t now_ns);
void tor_bridge_record(struct tor *t, const struct record_view *r, int64_t now_ns);
