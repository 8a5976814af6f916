/* SPDX-License-Identifier: Apache-2.0 */
/* net_arp_spoof: what the detector remembers, shared by its logic and its rows. */
#pragma once

#include <string.h>

#include "agent/detect/detector.h"
#include "agent/detect/keyed.h"

enum { MAC_ADDRS_MAX = 6 };

struct side { /* one MAC that claims an address */
    uint8_t mac[6];
    int64_t first_ns, last_ns;
    int64_t unasked_ns; /* when the counting of `unasked` began; it starts anew after `alive` */
    uint32_t unasked;   /* answers that nobody asked for */
};

struct addr { /* side[0] had it first */
    struct side side[2];
    uint8_t last_side;
    uint32_t turns; /* changes of the claiming side within TURNS_NS */
    int64_t turns_ns, reported_ns;
    /* The last question under this address, and when the other side was seen to repeat it at once:
     * a bridge that puts its own MAC into what it passes on (Wi-Fi client bridges, repeaters). */
    struct net_addr asked_for;
    uint8_t asked_by;
    int64_t asked_ns, relay_ns;
};

struct station {   /* one MAC */
    uint8_t count; /* addresses that it claimed, oldest dropped */
    struct net_addr addr[MAC_ADDRS_MAX];
    struct net_addr lure; /* the router's address that it gave to somebody unasked */
    uint8_t lured_from[6];
    int64_t lure_ns;
    uint32_t unasked;
    int64_t unasked_ns, flood_reported_ns;
};

struct client { /* where a device's traffic to the world goes */
    uint8_t next_hop[6];
    int64_t last_ns;
};

struct asked { /* one question, and who answered it: a second answer was not asked for */
    int64_t last_ns;
    uint8_t answers;
    uint8_t by[2][6];
};

struct arp_spoof {
    struct judge *judge;
    const struct net_scene *scene;
    struct keyed *addrs, *stations, *clients, *asked;
    uint32_t unasked_min, turns_min, flood_min;
    int64_t alive_ns;
};

static inline bool
mac_eq(const uint8_t a[6], const uint8_t b[6])
{
    return memcmp(a, b, 6) == 0;
}

struct arp_report {
    const char *style;
    const uint8_t *mac, *owner;  /* owner NULL: not known */
    const struct net_addr *addr; /* whom it pretends to be; NULL: a flood */
    uint32_t claims;
    enum severity severity;
    bool router;
};

/* Hands the finding to the judge. */
void arp_spoof_report(struct arp_spoof *s, int64_t now_ns, const struct arp_report *r);

/* As detector.save and detector.load; `self` is a struct arp_spoof. */
void arp_spoof_save(void *self, struct state_out *out);
enum vg_err arp_spoof_load(void *self, struct slice key, uint16_t version,
                           struct slice blob) VG_MUST_CHECK;
