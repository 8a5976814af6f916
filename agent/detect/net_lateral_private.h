/* SPDX-License-Identifier: Apache-2.0 */
/* net_lateral: what the files of net.lateral share: its tables and their rows. */
#pragma once

#include "agent/detect/distinct.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_lateral_signs.h"
#include "agent/detect/net_tell.h"

enum { LATERAL_PAIRS_MAX = 1024, LATERAL_TALLIES_MAX = 128, LATERAL_SERVERS_MAX = 128 };

/* Who moved whom: one source and one target. */
struct lateral_pair {
    int64_t told_ns;   /* when the first sign of `told` came */
    int64_t tested_ns; /* the last hint that was judged */
    uint32_t told;     /* bits 1 << sign, of the present group */
    uint32_t known;    /* hints that were seen before */
    uint8_t graver;    /* a grave one was told: lesser ones say nothing new */
};

/* One source: different targets (or services) within an hour. */
struct lateral_tally {
    int64_t first_ns;
    bool told;
    struct distinct things;
};

/* An address that answered as a domain's controller. */
struct lateral_server {
    int64_t last_ns;
};

struct lateral {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *pairs, *tallies, *servers;
    uint32_t search_hosts, share_hosts, tickets;
    int64_t learn_ns;
    int64_t learned_ns; /* when the habits of pairs were known; 0: still learning */
    uint32_t fresh;     /* new pairs since then */
    bool habits_changed;
};

enum vg_err lateral_tables(struct lateral *l);
void lateral_save(void *self, struct state_out *out);
enum vg_err lateral_load(void *self, struct slice key, uint16_t version, struct slice blob);
