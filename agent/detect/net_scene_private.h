/* SPDX-License-Identifier: Apache-2.0 */
/* net_scene_private: what the scene keeps, for net_scene.c (what is seen) and net_scene_rows.c (tables
 * and their rows) alone. */
#pragma once

#include "agent/detect/keytab.h"
#include "agent/detect/net_scene.h"
#include "common/vtime.h"

enum {
    SCENE_DEVICES_MAX = 512,
    SCENE_PLACES_MAX = 4096,
    SCENE_RESOLVED_MAX = 4096,
    SCENE_VERSION = 1,
    SCENE_CELL_BYTES = 48, /* what a record of a keytab costs besides */
};
#define SCENE_TOUCH_NS VG_HOUR_NS /* what is only seen again changes its row at most so often */

struct scene_device {
    struct net_device_view view;
};

struct scene_place {
    int64_t first_ns, last_ns, day;
    uint32_t days;
    uint32_t caller[NET_CALLERS_MAX]; /* hashes */
    uint8_t callers;
};

struct scene_resolved {
    int64_t at_ns;
    char name[NET_NAME_MAX];
};

struct net_scene {
    struct geo *geo;
    bool geo_unusable; /* there, but damaged */
    struct keytab *devices, *places, *resolved;
    int64_t since_ns, hour; /* hour: the last one with a call, since 1970 */
    uint32_t hours;
    bool changed; /* the row beside the tables */
};

/* The three tables, empty. VG_ERR_NOMEM: what was made is the scene's to free. */
enum vg_err scene_tables_new(struct net_scene *s) VG_MUST_CHECK;
