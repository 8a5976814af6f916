/* SPDX-License-Identifier: Apache-2.0 */
/* net_scan: what the detector remembers, shared by its logic and its rows. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/distinct.h"
#include "agent/detect/keyed.h"

enum { SCAN_SAMPLES = 6 };

struct settings {
    uint32_t ports, hosts, burst, hosts_world, pairs, slow_pairs, slow_ports, slow_hosts, stealth;
    double failed_share;
    int64_t window_ns;
};

struct window {
    int64_t first_ns;
    struct distinct failed, answered;
};

struct sample {
    struct net_addr dst;
    uint16_t port;
    uint8_t proto;
};

struct tally {
    struct window fast, slow;
    uint32_t stealth;             /* probes that no ordinary program sends, in the fast window */
    uint32_t reported;            /* the count at the last report in the slow window; 0: none */
    struct distinct hosts, ports; /* of 'b' alone, in the slow window */
    uint8_t sample_count;
    struct sample sample[SCAN_SAMPLES];
};

struct scan {
    struct settings set;
    struct judge *judge;
    const struct net_scene *scene;
    struct keyed *tallies;
};

/* Keeps the probe as evidence where there is room. */
void scan_tally_sample(struct tally *t, const struct net_addr *dst, uint8_t proto, uint16_t port);

/* As detector.save and detector.load; `self` is a struct scan. */
void scan_save(void *self, struct state_out *out);
enum vg_err scan_load(void *self, struct slice key, uint16_t version,
                      struct slice blob) VG_MUST_CHECK;
