/* SPDX-License-Identifier: Apache-2.0 */
/* net_host_discovery: what the detector remembers, shared by its logic and its rows. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keytab.h"

enum { SWEEPS_MAX = 256, SWEEP_BITS = 512, SWEEP_SAMPLES = 5, GATEWAYS_MAX = 8 };

enum way { WAY_ARP, WAY_PING, WAY_NAMES, WAY_SERVICES, WAY_COUNT };

struct limits {
    uint32_t fast, slow; /* machines within the window; machines that nobody saw, in a day */
};

/* A set of machines by hash: counts up to a few hundred. */
struct machines {
    uint16_t set;
    uint8_t bits[SWEEP_BITS / 8];
};

struct sweep { /* one source and way */
    int64_t fast_ns, slow_ns, told_ns, usual_day;
    struct machines asked, nobody; /* in the fast window: all, and where nobody was seen */
    struct machines strange;       /* the latter over a day */
    uint32_t told;                 /* the largest number told, or learned as usual */
    uint8_t usual;                 /* days on which it swept without an alert */
    uint8_t sample_count;
    struct net_addr sample[SWEEP_SAMPLES];
};

struct gateway {
    uint8_t mac[6];
    int64_t seen_ns;
};

struct discovery {
    struct judge *judge;
    const struct net_scene *scene;
    struct limits limits[WAY_COUNT], world;
    int64_t window_ns;
    struct keytab *sweeps;
    struct gateway gateway[GATEWAYS_MAX];
    bool gateways_changed;
};

enum vg_err discovery_tables(struct discovery *d) VG_MUST_CHECK;
/* As detector.save and detector.load; `self` is a struct discovery. */
void discovery_save(void *self, struct state_out *out);
enum vg_err discovery_load(void *self, struct slice key, uint16_t version,
                           struct slice blob) VG_MUST_CHECK;
