/* SPDX-License-Identifier: Apache-2.0 */
/* net_beacon_private: what the files of net.beacon share: the state of a pair (net_beacon.c), what
 * its numbers look like (net_beacon_shape.c), its rows (net_beacon_rows.c). */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keyed.h"

enum {
    BEACON_PAIRS_MAX = 1536,
    BEACON_PLACES_MAX = 1024,
    BEACON_VERSION = 1,
    BEACON_RING = 64,
    BEACON_CALLERS_MAX = 4,
    BEACON_PATHS_MAX = 4,
    BEACON_NAME_MAX = 64,
};
struct beacon_pair {
    int64_t first_ns, last_ns;
    uint32_t visits; /* contacts more than a second apart */
    uint32_t next_test, looks;
    bool reported;
    uint32_t interval_ms[BEACON_RING], size[BEACON_RING]; /* rings, by visits and by contacts */
    uint32_t interval_count, size_count;
    char name[BEACON_NAME_MAX]; /* what the place calls itself: SNI or Host */
    bool bare;                  /* plain HTTP to an address instead of a name */
    uint32_t path[BEACON_PATHS_MAX];
    uint8_t path_count;
    uint32_t poll_path, poll_count; /* the path that is asked for most (majority vote) */
    int64_t poll_ns;                /* since when it is */
};

struct beacon_place { /* who calls one address */
    uint32_t caller[BEACON_CALLERS_MAX];
    uint8_t count;
};

struct beacon {
    struct judge *judge;
    const struct net_scene *scene;
    struct keyed *pairs, *places;
    int64_t since_ns; /* first event that this sensor saw */
    bool since_changed;
    char *known; /* suffixes of names, separated by blanks */
    uint32_t contacts_min, polls_min, callers_max;
    int64_t span_min_ns;
    double near_share, size_share;
    uint64_t tested;
};

/* Of one pair, on the scale of RITA (github.com/activecm/rita): skewness and deviation of intervals and
 * of sizes, and how even the contacts lie over the hours. */
struct beacon_shape {
    double p; /* that contacts by chance are as even */
    double median_s, deviation_s, skew, near_share, size, size_share;
    double clock_score; /* 0..1, the mean of what RITA scores of the intervals */
    bool regular;
};

struct beacon_shape beacon_shape_of(const struct beacon *b, const struct beacon_pair *pair);

void beacon_save(void *self, struct state_out *out);
enum vg_err beacon_load(void *self, struct slice key, uint16_t version, struct slice blob);
