/* SPDX-License-Identifier: Apache-2.0 */
/* net_scene: what all detectors of the net sensor share: who the devices are, which names the
 * addresses of the world were asked by, how familiar each place is.
 *
 * The panel shows it each observation before the detectors see it, so that what an observation says
 * is known when it is judged: a place that is called for the first time has `first_ns` of now.
 * Memory is fixed (NET_SCENE_BYTES); the longest unused gives way, counted. Everything takes a NULL
 * scene (unit tests of a detector) and then knows nothing. */
#pragma once

#include "agent/detect/geo.h"
#include "agent/detect/obs.h"
#include "agent/detect/sink.h"

enum { NET_SCENE_BYTES = 1152 * 1024, NET_NAME_MAX = 64 };

struct net_scene;

struct net_scene_options {
    const char *geo_dir; /* of geo_open(); NULL: no country, no owner */
};

enum vg_err net_scene_new(const struct net_scene_options *options,
                          struct net_scene **out) VG_MUST_CHECK;
void net_scene_free(struct net_scene *scene);
void net_scene_observe(struct net_scene *scene, const struct obs *obs);

/* ---- devices: addresses of the shop ---- */

struct net_device_view {
    int64_t first_ns, last_ns;
    bool has_mac;
    uint8_t mac[6];
    char name[NET_NAME_MAX]; /* as it calls itself: DHCP, mDNS, NetBIOS; "" */
};
/* False when it was never seen. */
bool net_scene_device(const struct net_scene *scene, const struct net_addr *a,
                      struct net_device_view *out);

/* ---- places: destinations in the world ---- */

/* A place is a registered domain, or an address where it has no name. */
struct net_place_view {
    int64_t first_ns, last_ns;
    uint32_t callers; /* different devices of the shop, counted up to NET_CALLERS_MAX */
    uint32_t days;    /* on which it was called, in days of UTC */
};
enum { NET_CALLERS_MAX = 4 };
/* The place of a name (SNI, Host; may be "") and an address. False when nobody called it yet. */
bool net_scene_place(const struct net_scene *scene, struct str name, const struct net_addr *a,
                     struct net_place_view *out);
/* The name by which the address was last looked up, or ""; borrowed until the next observation. */
struct str net_scene_resolved(const struct net_scene *scene, const struct net_addr *a);
/* Since when this network is watched, 0 before; and in how many different hours something was
 * called: a baseline asks for both, so that a gap in the watching is not learning. */
int64_t net_scene_since_ns(const struct net_scene *scene);
uint32_t net_scene_hours(const struct net_scene *scene);
/* Country and network owner. False (and *out empty) when unknown, also for the shop's own. */
bool net_scene_where(const struct net_scene *scene, const struct net_addr *a,
                     struct geo_place *out);

/* ---- rows and counters ---- */

#define NET_SCENE_STATE_NAME "scene"
void net_scene_save(struct net_scene *scene, const struct sink *sink);
enum vg_err net_scene_load(struct net_scene *scene, struct slice key, uint16_t version,
                           struct slice blob) VG_MUST_CHECK;
void net_scene_health(const struct net_scene *scene, json_t *counters);
