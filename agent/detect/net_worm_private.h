/* SPDX-License-Identifier: Apache-2.0 */
/* net_worm: what the files of net.worm share: its tables and their rows. */
#pragma once

#include "agent/detect/distinct.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_tell.h"

enum { WORM_DOORS_MAX = 160, WORM_TALLIES_MAX = 96 };

/* A device of the shop and one kind of door: who came in by it, whom it calls there itself. */
struct worm_door {
    int64_t in_ns, first_out_ns, window_ns; /* window: of the counts */
    struct net_addr from;                   /* who came in first */
    uint8_t told;                           /* bits 1 << kind */
    struct distinct world, shop;            /* different machines within the window */
};

/* A device: different mail servers, names, machines that it gave a program. */
struct worm_tally {
    int64_t first_ns;
    bool told;
    struct distinct things;
};

struct worm {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *doors, *tallies;
    uint32_t world, chain, shares, mail;
    int64_t window_ns;
};

enum vg_err worm_tables(struct worm *w);
void worm_save(void *self, struct state_out *out);
enum vg_err worm_load(void *self, struct slice key, uint16_t version, struct slice blob);
