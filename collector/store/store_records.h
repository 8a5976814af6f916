/* SPDX-License-Identifier: Apache-2.0 */
/* store_records: the records that the storage (store.h) takes and gives: who there is and what they see,
 * agents, events, incidents, bundles; their bounds and words. */
#pragma once

#include "common/event.h"
#include "common/slice.h"
#include "common/uuid.h"

#define STORAGE_ALL ""

enum {
    STORAGE_NAME_MAX = 128, /* tenants, sites, users; bytes, without NUL */
    STORAGE_MAIL_MAX = 254, /* an address */
    STORAGE_HASH_SIZE = 32, /* SHA-256 */
    STORAGE_WHY_MAX = 256,
    STORAGE_FACTOR_SIZE = 12 + 20 + 16, /* nonce, secret, tag */
    STORAGE_API_TOKENS_MAX = 50,        /* of one user */
    STORAGE_LINKS_AN_HOUR = 3,          /* mails that set a password, to one user */
    STORAGE_PAGE_MAX = 200,             /* rows of one page */
    STORAGE_INCIDENT_EVENTS = 100,      /* newest events shown with an incident */
    STORAGE_BUNDLE_PIECE = 192 * 1024,
    STORAGE_MAIL_INCIDENTS = 50, /* incidents named in one summary mail */
    STORAGE_AGENTS_MAX = 1000,   /* rows of one list of agents */
    STORAGE_FACES_MAX = 16,      /* machines, and stores, remembered of one agent */
    STORAGE_STREAMS_MAX = 1000,  /* stores of one agent: one a day for as long as a PC lasts */
    STORAGE_CERTS_A_DAY = 16,    /* of one agent */
};

/* Whose rows somebody may see: all, one tenant's, or those of the tenants that a user of the provider
 * was given (user_tenants). Zeroed: nobody's. */
struct storage_scope {
    enum { STORAGE_SEES_NONE, STORAGE_SEES_ALL, STORAGE_SEES_TENANT, STORAGE_SEES_GIVEN } kind;
    char id[UUID_TEXT_SIZE]; /* the tenant's; the user's */
};
extern const struct storage_scope STORAGE_EVERYTHING; /* the operator's, at the command line */
struct storage_scope storage_scope_tenant(const char *tenant);

/* 2^40 - 1: an agent that makes a thousand events a second needs 34 years for them. */
#define STORAGE_SEQ_MAX ((INT64_C(1) << 40) - 1)

struct storage_site {
    char id[UUID_TEXT_SIZE], tenant[UUID_TEXT_SIZE];
    char tenant_name[STORAGE_NAME_MAX + 1], name[STORAGE_NAME_MAX + 1];
    char zone[64], language[8], mail[STORAGE_MAIL_MAX + 1];
    char hours[512]; /* JSON text of `shop.hours`, or "" */
};

/* Administrators and technicians are the provider's, owners are a tenant's; either has people who only
 * read (collector/rights.h says who may do what). */
enum storage_role { STORAGE_READONLY, STORAGE_TECHNICIAN, STORAGE_ADMIN, STORAGE_OWNER };

struct storage_user {
    char id[UUID_TEXT_SIZE], name[STORAGE_NAME_MAX + 1];
    char tenant[UUID_TEXT_SIZE]; /* STORAGE_ALL: of the provider */
    bool given;                  /* of the provider, and sees only the tenants of user_tenants */
    enum storage_role role;
    char language[8];
    char password[256]; /* argon2id, encoded */
    char mail[STORAGE_MAIL_MAX + 1];
    bool factor; /* signs in with a second factor */
};

/* A second factor (collector/second_factor.h). */
struct storage_factor {
    uint8_t sealed[STORAGE_FACTOR_SIZE]; /* its secret, where it is on */
    uint8_t next[STORAGE_FACTOR_SIZE]; /* of the one that was begun, and waits for its first code */
    bool on, begun;
};

struct storage_api_token {
    char user[UUID_TEXT_SIZE], name[STORAGE_NAME_MAX + 1];
    unsigned rights;
    int64_t expires_ns;
};

/* What a user sees. */
struct storage_scope storage_scope_of(const struct storage_user *user);

struct storage_session {
    struct storage_user user;
    struct storage_scope scope; /* the user's */
    char csrf[65];
    int64_t expires_ns;
    bool whole; /* false: a second factor must be set up first */
};

struct storage_agent {
    char id[UUID_TEXT_SIZE], tenant[UUID_TEXT_SIZE], site[UUID_TEXT_SIZE];
    char host[128], machine[128], version[32], store[UUID_TEXT_SIZE];
    bool revoked;
    char silent[UUID_TEXT_SIZE]; /* the incident of its silence; "": none */
    int64_t last_seen_ns;        /* 0: never */
};

/* A machine, or a store, that spoke as an agent. */
struct storage_face {
    char kind[8], value[128], host[128], address[64]; /* kind: "machine", "store" */
};

struct storage_agent_query {
    const char *site, *text, *state; /* "": any; state: online, silent, revoked, never */
};

/* What an agent tells of itself. Texts may be NULL: stays as it was. */
struct storage_hello {
    const char *host, *machine, *version, *store;
    int64_t last_seq;   /* -1: stays */
    const char *status; /* JSON text */
};

/* A bundle of rules (common/bundle.h) on its way to the agents (collector/rollout.h). */
struct storage_bundle {
    int64_t version, size, created_ns, expires_ns, published_ns, promoted_ns;
    int64_t origin;   /* the version whose files it has again; 0: none */
    int64_t share;    /* of canaries, per cent */
    int64_t quiet_ns; /* without trouble, until all get it */
    uint8_t sha256[STORAGE_HASH_SIZE];
    char note[201], state[16], why[STORAGE_WHY_MAX];
};

/* What an agent says of one version. */
struct storage_report {
    int64_t version, crashes;
    const char *state, *why;
};

/* Alerts of an agent since a time, and in STORAGE_NOISE_BEFORE_NS before it. */
struct storage_noise {
    int64_t alerts, before;
};
#define STORAGE_NOISE_BEFORE_NS (INT64_C(7) * 86400 * 1000000000)

struct storage_event {
    int64_t stream, seq;
    const char *id, *tenant, *site, *detector, *class; /* class "refused" is a tombstone */
    enum severity severity;
    int64_t time_ns, recorded_ns, received_ns;
    bool moved;           /* time and recorded are not the event's own, which cannot be right */
    const char *incident; /* NULL */
    struct slice body;    /* the JSON line */
};

struct storage_incident {
    char id[UUID_TEXT_SIZE];
    char tenant[UUID_TEXT_SIZE], site[UUID_TEXT_SIZE];
    char family[64], detector[64];
    char subject_kind[16], subject_id[PARTY_ID_MAX];
    char subject_label[PARTY_LABEL_MAX];
    enum severity severity;
    int64_t first_ns, last_ns; /* by event time */
    int64_t count;
    int64_t stream, seq; /* the event that speaks for it: the gravest, of those the first */
    /* What the search finds it by besides: borrowed, NULL for none; of incident_grow(): adds what is new. */
    const char *peer, *words;
};

struct search;
struct storage_incident_query {
    const char *state;           /* "open" (new, acknowledged, in_progress), "resolved", "all" */
    const char *severity;        /* "" or a word: that one and graver */
    const char *site, *detector; /* "" : any */
    const char *assignee;        /* NULL, "": any; "none"; an id */
    const char *me;              /* whom the search means by "me": an id; NULL: nobody */
    const struct search *search; /* collector/search.h; NULL: none */
    const char *cursor;          /* "" : from the newest */
    size_t limit;                /* 1..STORAGE_PAGE_MAX */
};

enum storage_mail_result {
    STORAGE_MAIL_SENT,
    STORAGE_MAIL_LATER,  /* a passing failure: queued again for next_try_ns */
    STORAGE_MAIL_FAILED, /* for good: shown on the dashboard */
};

const char *storage_role_name(enum storage_role role);
enum vg_err storage_role_parse(const char *name, enum storage_role *out) VG_MUST_CHECK;
/* The words of an incident's state: new acknowledged in_progress resolved_true resolved_false
 * resolved_expected. */
bool storage_state_valid(const char *state);
