/* SPDX-License-Identifier: Apache-2.0 */
/* net_proxy_tunnel_private: what the detector's files share: the detector itself and single
 * conversations (net_proxy_tunnel.c), who passes on what it gets (_pivot.c), which ways through the
 * devices use for the first time (_first.c). */
#pragma once

#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"

enum { PIVOT_LEGS = 64, FIRST_USES_MAX = 256, FIRST_CELL_OWN_BYTES = 48, FIRST_BYTES = 24 * 1024 };

/* A conversation that ended, with a machine of the shop as its server. */
struct pivot_leg {
    struct net_addr src, dst;
    uint16_t dport;
    int64_t start_ns, end_ns;
    uint64_t out, in; /* payload */
};

struct pivot {
    struct pivot_leg leg[PIVOT_LEGS]; /* the oldest is written over */
    uint8_t next, count;
    bool changed;
};

struct proxy_tunnel {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *scripts, *uses;
    struct pivot pivot;
};

/* `sign`: as in the rules file. `through`: the machine behind, or NULL. */
void proxy_tunnel_report(struct proxy_tunnel *t, const struct flow_view *f, const char *sign,
                         const struct net_addr *through, double score, int64_t now_ns);

/* A flow that ended. */
void pivot_flow(struct proxy_tunnel *t, const struct flow_view *f, int64_t now_ns);
void pivot_save(struct pivot *p, struct state_out *out);
bool pivot_owns(struct slice key);
enum vg_err pivot_load(struct pivot *p, uint16_t version, struct slice blob) VG_MUST_CHECK;

/* A flow that ended or goes on. */
void first_use_flow(struct proxy_tunnel *t, const struct flow_view *f, int64_t now_ns);
enum vg_err first_use_table(struct keytab **out) VG_MUST_CHECK;
