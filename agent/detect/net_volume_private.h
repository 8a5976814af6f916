/* SPDX-License-Identifier: Apache-2.0 */
/* net_volume: what the detector remembers, shared by its logic and its rows. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keyed.h"
#include "agent/detect/keytab.h"
#include "agent/detect/moments.h"
#include "agent/detect/season.h"
#include "common/vtime.h"

enum {
    VOLUME_DEVICES_MAX = 128,
    VOLUME_PLACES_MAX = 1024,
    VOLUME_FLOWS_MAX = 2048,
    VOLUME_SLOTS = 48, /* hours of a workday, and of a day of rest */
    VOLUME_BULKS = 8,
    VOLUME_BULK_DAYS = 60, /* a bulk is remembered for so long */
    VOLUME_NAME_MAX = 64,
};
#define VOLUME_MEMORY_NS (30 * VG_DAY_NS)

/* A device sent in bulk to a place that was not usual, on one day. */
struct volume_bulk {
    uint64_t place, bytes;
    int64_t day;  /* local day number */
    float weight; /* as judge_learn_share() says: what was alerted is not what is usual */
};

/* Where most went today, apart from the usual places. */
struct volume_top {
    struct net_addr addr;
    uint16_t port;
    uint8_t proto;
    bool listed; /* an app of the lists */
    uint64_t place, bytes;
    char name[VOLUME_NAME_MAX];
};

struct volume_device {
    int64_t first_ns, hour_ns;
    /* Bytes of this hour and day that did not go to usual places; of them those that did not go
     * anywhere in bulk, which are what is learned. */
    uint64_t hour, day, hour_plain, day_plain;
    uint64_t hour_next, day_next; /* the sum at which it is tested; 0: at the floor */
    float hour_share, day_share;  /* how far the sums may be learned */
    struct moments all, slots[VOLUME_SLOTS], days;
    struct volume_bulk bulk[VOLUME_BULKS];
    struct volume_top top;
};

/* One device and place. */
struct volume_place {
    int64_t day, hour_ns;
    uint64_t bytes, next; /* of that day; the sum at which it is tested */
    uint64_t hour_plain;  /* what of that hour stands in the device's plain sums */
    struct moments days;  /* log of its bytes on days on which they were bulk */
};

struct volume_flow {
    uint64_t bytes;
};

struct volume {
    struct judge *judge;
    const struct net_scene *scene;
    struct season_clock clock;
    struct zone *own_zone;
    struct keyed *devices;
    struct keytab *places, *flows;
    const char *drop_sites;    /* of the settings, borrowed */
    int64_t learn_ns, hour_ns; /* hour_ns: of the last event */
    uint64_t hour_floor, day_floor, tested;
};

/* A fifth of what is tested is bulk. */
static inline uint64_t
volume_bulk_floor(const struct volume *v)
{
    return v->hour_floor / 5;
}

/* ---- net_volume_test.c ---- */

/* What is learned of a sum: its logarithm, where little and nothing are the same. */
double volume_scale(uint64_t bytes);
/* The device sent there in bulk on so many days that it is no news. */
bool volume_usual(const struct volume *v, const struct volume_place *p, int64_t now_ns);
/* The bulk that is remembered of the place and day; NULL: none. */
struct volume_bulk *volume_bulk_of(struct volume_device *d, uint64_t place, int64_t day);
/* Which of a device's `slots`. */
size_t volume_slot_of(struct season_slot s);
/* The day's bytes to a usual place; `here` is the place. */
void volume_test_usual(struct volume *v, const struct net_addr *who, struct volume_top *here,
                       struct volume_place *p, int64_t now_ns);
/* The sums of all else. */
void volume_test_sums(struct volume *v, const struct net_addr *who, struct volume_device *d,
                      int64_t now_ns);

/* ---- net_volume_rows.c ---- */

enum vg_err volume_tables(struct volume *v) VG_MUST_CHECK;
/* As detector.save and detector.load; `self` is a struct volume. */
void volume_save(void *self, struct state_out *out);
enum vg_err volume_load(void *self, struct slice key, uint16_t version,
                        struct slice blob) VG_MUST_CHECK;
