/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of net.brute_force: what is counted, how it is told, its rows. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_common.h"

enum {
    BRUTE_SET_MAX = 8, /* different things told apart; more are as many */
    BRUTE_TALLIES_MAX = 768,
    BRUTE_CELL_OWN = 48, /* what keytab adds to a record */
    BRUTE_VERSION = 1,
};

#define BRUTE_SPREAD_NS (INT64_C(1800) * 1000000000) /* slow tries must go on this long */

/* A few different things, by hash. */
struct brute_set {
    uint32_t at[BRUTE_SET_MAX];
    uint8_t count;
};

struct brute_tally {
    int64_t fast_ns, slow_ns; /* when the windows began; 0: never */
    uint32_t fast, fast_ok;   /* failures and successes in them */
    uint32_t slow, slow_ok;
    uint32_t in_phase; /* failures of the slow window that came at one second of the minute */
    uint32_t reported; /* failures when it was last told in this slow window */
    uint32_t answer;   /* web: the answer to the first try; https: the size of the last */
    uint32_t same;     /* tries in the fast window with that answer, or size */
    uint32_t usual;    /* failures of an ordinary day, before this one */
    uint8_t won;       /* a success came after several failures */
    struct brute_set names_fast, names_slow, ends; /* users; servers or clients */
};

struct brute_settings {
    uint32_t tries, one_user, slow_tries, users, ends, web, encrypted_mail, encrypted_web;
    int64_t window_ns;
};

struct brute {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *tallies;
    struct brute_settings set;
    uint64_t stale; /* failures that look like a program with an old password */
};

enum brute_style {
    BRUTE_FAST,    /* many tries on one server within minutes */
    BRUTE_SLOW,    /* on one server, spread over hours */
    BRUTE_USERS,   /* the same client tries many users */
    BRUTE_TARGETS, /* many servers */
    BRUTE_SOURCES, /* many clients of the world, one server */
    BRUTE_WEB,     /* a log-in page */
    BRUTE_VOIP,    /* extensions and numbers of a telephone system */
    BRUTE_SCANNER, /* a program made for breaking into telephone systems */
};

struct brute_try {
    const struct flow_view *flow;
    const char *service;
    struct str user;
    bool failed;
    int64_t now_ns;
};

/* The key of a tally; `src` and `dst` may be NULL. */
uint64_t brute_key(char kind, const struct net_addr *src, const struct net_addr *dst,
                   struct str what);
/* Begins new windows where the old ones are over. */
void brute_age(const struct brute *b, struct brute_tally *t, int64_t now_ns);
/* Counts a failed try; `end`: the other side, NULL: not told apart. NULL without memory. */
struct brute_tally *brute_failed(struct brute *b, uint64_t key, const struct brute_try *a,
                                 const struct net_addr *end);
void brute_on_http(struct brute *b, const struct http_view *h, int64_t now_ns);
void brute_on_https(struct brute *b, const struct flow_view *f, int64_t now_ns);
void brute_on_sip(struct brute *b, const struct record_view *r, int64_t now_ns);

/* Tells it, once and each time that it has grown tenfold. */
void brute_report(struct brute *b, struct brute_tally *t, const struct brute_try *a,
                  enum brute_style style);
/* A log-in succeeded after it was told. */
void brute_report_success(struct brute *b, struct brute_tally *t, const struct brute_try *a,
                          enum brute_style style);

extern const struct keytab_options BRUTE_TABLE;
