/* SPDX-License-Identifier: Apache-2.0 */
/* net_beacon_private: what the files of net.beacon share: what is a contact (net_beacon_contact.c,
 * net_beacon_dns.c), series of them (net_beacon_series.c), how even they are (net_beacon_shape.c), what
 * RITA would score (net_beacon_score.c), how rare the place is (net_beacon_place.c), rows
 * (net_beacon_rows.c), when to speak (net_beacon.c). */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keytab.h"

enum {
    BEACON_SERIES_MAX = 1536,
    BEACON_QUERIES_MAX = 512, /* series of DNS look-ups, apart: pages ask for many names */
    BEACON_PLACES_MAX = 1024,
    BEACON_VERSION = 2,
    BEACON_RING = 64,
    BEACON_SIZES = 32,
    BEACON_CALLERS_MAX = 4,
    BEACON_SEEN = 8,
    BEACON_NAME_MAX = 64,
    BEACON_DAY_HOURS = 24,
    BEACON_RELAYS_MAX = 4,
    BEACON_BLOCKED_MAX = 3,
};

enum beacon_carrier {
    BEACON_TCP,
    BEACON_UDP,
    BEACON_TLS,
    BEACON_HTTP,
    BEACON_DNS,
    BEACON_ICMP,
    BEACON_CARRIERS
};

/* Of requests: what ordinary programs seldom do. */
enum beacon_mark {
    BEACON_BARE = 1,   /* plain HTTP to an address instead of a name */
    BEACON_STAGER = 2, /* a path as Metasploit's and Cobalt Strike's stagers ask for */
    BEACON_NO_AGENT = 4,
};

/* Contacts of one device with one place, over one port or carrier. */
struct beacon_series {
    int64_t first_ns, last_ns;
    uint32_t visits; /* contacts more than a second apart */
    uint32_t next_test, looks;
    uint32_t interval_ms[BEACON_RING], size[BEACON_SIZES]; /* rings, by visits and by contacts */
    uint32_t interval_count, size_count;
    int64_t hour;                     /* the newest of `hours`, since 1970 */
    uint16_t hours[BEACON_DAY_HOURS]; /* visits in each hour of the last day, by hour % 24 */
    uint32_t seen[BEACON_SEEN];       /* bitmap of paths, names or contents */
    uint32_t noted;                   /* into it, since it was empty */
    uint32_t fresh;                   /* that were not in it */
    uint32_t poll_path, poll_count;   /* the path that is asked for most (majority vote) */
    int64_t poll_ns;                  /* since when it is */
    uint32_t nowhere, data, plain;    /* answers with no usable address, with data; padded pings */
    uint32_t standing;                /* UDP flows from the port that the one before had */
    uint16_t last_sport;
    uint8_t marks; /* enum beacon_mark */
    uint8_t carrier;
    bool reported;
    char name[BEACON_NAME_MAX]; /* what the place calls itself: SNI, Host, registered domain */
};

struct beacon_place { /* who calls one name or address */
    uint32_t caller[BEACON_CALLERS_MAX];
    uint8_t count;
};

struct beacon {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *series, *queries, *places;
    int64_t since_ns;                     /* first event that this sensor saw */
    uint32_t relay[BEACON_RELAYS_MAX];    /* resolvers of the shop: they ask for others */
    uint64_t blocked[BEACON_BLOCKED_MAX]; /* domains that were answered with no usable address */
    uint8_t relays, blocked_count;
    bool calls_seen; /* connections to the world are seen, not name look-ups alone */
    bool changed;    /* the row of these */
    char *known;     /* suffixes of names, separated by blanks */
    uint32_t contacts_min, polls_min, callers_max;
    int64_t span_min_ns;
    double near_share, size_share, cover_min;
    uint64_t tested;
};

/* One contact, as the carriers tell it. */
struct beacon_contact {
    const struct flow_view *flow;
    struct str name; /* "" where it has none */
    int64_t at_ns, now_ns;
    uint64_t size;
    enum beacon_carrier carrier;
};

/* ---- series ---- */

/* The series that the contact belongs to, lengthened by it; NULL without memory only. */
struct beacon_series *beacon_lengthen(struct beacon *b, const struct beacon_contact *c);
/* Of look-ups of a registered domain, in `queries`. */
uint64_t beacon_query_key(const struct net_addr *who, struct str domain);
/* Counts a path, name or content into `fresh` where it was not there before, by a bitmap: a few new
 * ones of many are taken for known. The second begins anew before that is more than one in eight. */
void beacon_note_token(struct beacon_series *s, uint32_t token);
void beacon_note_one_of_many(struct beacon_series *s, uint32_t token);

/* ---- contacts ---- */

/* Each gives the series that it lengthened, and what was told in *c; NULL where it is none. */
struct beacon_series *beacon_from_flow(struct beacon *b, const struct flow_view *f, int64_t now_ns,
                                       struct beacon_contact *c);
struct beacon_series *beacon_from_http(struct beacon *b, const struct http_view *h, int64_t now_ns,
                                       struct beacon_contact *c);
struct beacon_series *beacon_from_dns(struct beacon *b, const struct dns_view *d, int64_t now_ns,
                                      struct beacon_contact *c);
/* `f` is the caller's room for the flow that a ping stands for. */
struct beacon_series *beacon_from_icmp(struct beacon *b, const struct icmp_view *v, int64_t now_ns,
                                       struct flow_view *f, struct beacon_contact *c);
/* A connection: the look-ups of its name were for it, and are no talk of their own. */
void beacon_called(struct beacon *b, const struct flow_view *f);

/* ---- places ---- */

enum beacon_rarity {
    BEACON_COMMON, /* no beacon, whatever its clock */
    BEACON_USUAL,  /* counts only with what others say of it */
    BEACON_RARE,
};
/* Notes that the device calls the place. */
void beacon_note_caller(struct beacon *b, const struct beacon_contact *c);
/* Devices of the shop that call it, up to BEACON_CALLERS_MAX. */
uint32_t beacon_callers(const struct beacon *b, const struct beacon_contact *c);
enum beacon_rarity beacon_rarity_of(const struct beacon *b, const struct beacon_series *s,
                                    const struct beacon_contact *c, double median_s);
/* Services that keep the clock by nature: the time, names, mail, discovery. */
bool beacon_keeps_the_clock(const struct flow_view *f);

/* ---- numbers ---- */

struct beacon_shape {
    double p; /* that contacts by chance are as even */
    double median_s, deviation_s, skew, near_share, size, size_share;
    bool regular;
};
struct beacon_shape beacon_shape_of(const struct beacon *b, const struct beacon_series *s);

/* As RITA scores, each 0 to 1; `all` is their mean. */
struct beacon_scores {
    double time, size, day, lasting, all;
};
struct beacon_scores beacon_scores_of(const struct beacon *b, const struct beacon_series *s);

/* Of a ring: its values in order; how many. */
size_t beacon_sorted(const uint32_t *ring, size_t cap, uint32_t count, uint32_t out[BEACON_RING]);
double beacon_quantile(const uint32_t *sorted, size_t n, double q);
double beacon_deviation(const uint32_t *sorted, size_t n, double median); /* median absolute */

/* ---- state ---- */

enum vg_err beacon_tables_new(struct beacon *b) VG_MUST_CHECK;
void beacon_save(void *self, struct state_out *out);
enum vg_err beacon_load(void *self, struct slice key, uint16_t version, struct slice blob);
