/* SPDX-License-Identifier: Apache-2.0 */
/* net_dns_hijack: what the detector remembers, and what its files tell each other: the detector itself
 * (net_dns_hijack.c), what is answered (_answer.c, _twice.c), who is asked (_resolver.c), the rows (_rows.c). */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keytab.h"

enum {
    CLIENTS_MAX = 256,
    RESOLVERS_MAX = 4, /* of one client */
    ADDRESSES_MAX = 512,
    WANTED_MAX = 64,
    HANDED_MAX = 64,
    DOMAINS_MAX = 4,
    WANTED_NAME_MAX = 64,
    TWICE_MAX = 256,
    SAID_ADDRESSES = 3,
};

struct client { /* whom a device asks; the newest last */
    uint8_t count;
    struct {
        struct net_addr addr;
        uint32_t answers;
        bool told;
    } resolver[RESOLVERS_MAX];
};

struct address { /* what one address was the answer to, within a day */
    int64_t from_ns, told_ns;
    uint8_t kinds;   /* bits of enum name_kind */
    uint8_t domains; /* registered domains, up to DOMAINS_MAX */
    uint8_t made_up; /* names among them that nobody would choose */
    uint32_t domain[DOMAINS_MAX];
};

struct wanted { /* a made-up name that a device asked for and got an answer to */
    int64_t at_ns;
    bool visited;
    char name[WANTED_NAME_MAX];
};

struct handed { /* the resolvers that a DHCP server or router gives out */
    uint32_t dns;
    int64_t since_ns;
};

struct said { /* the newest answer of one resolver */
    int64_t at_ns;
    uint32_t ttl;
    struct net_addr resolver;
    bool told;
    uint8_t count;
    struct net_addr address[SAID_ADDRESSES];
};

struct twice { /* what two resolvers said to one question */
    struct said said[2];
};

struct hijack {
    struct judge *judge;
    const struct net_scene *scene;
    const json_t *banks, *names, *countries, *resolvers; /* of the settings, borrowed */
    uint32_t changed;
    struct keytab *clients, *addresses, *wanted, *handed, *twice;
};

struct told {
    const char *style;
    struct str name;             /* that was asked for; "" */
    const struct net_addr *who;  /* the device that asks */
    const struct net_addr *by;   /* who answers, or gives out the resolver; may be NULL */
    const struct net_addr *with; /* the answer, or the new resolver; may be NULL */
    /* What the question was answered with before, and by whom; or NULL. */
    const struct net_addr *other, *other_by;
    enum severity severity; /* of a finding */
    double p;               /* of a test; 0: it is a finding */
    int64_t at_ns;
};

void hijack_report(struct hijack *h, const struct told *t);

uint64_t hijack_hash(const struct net_addr *a);
/* The list of texts holds this one. */
bool hijack_lists(const json_t *list, const char *text);

/* The name is one of the list's, or below one. */
bool hijack_name_in(const json_t *list, struct str name);

/* Answers with addresses, and the pages that are opened after them. */
void hijack_answers(struct hijack *h, const struct dns_view *d, int64_t now_ns);
void hijack_page(struct hijack *h, const struct http_view *v, int64_t now_ns);
/* One question with two answers: spoofing, or resolvers that disagree. */
void hijack_twice(struct hijack *h, const struct dns_view *d, int64_t now_ns);
/* Whom the devices ask, and whom the network tells them to. */
void hijack_asked(struct hijack *h, const struct dns_view *d, int64_t now_ns);
void hijack_dhcp(struct hijack *h, const struct record_view *r, int64_t now_ns);
void hijack_icmp(struct hijack *h, const struct icmp_view *i, int64_t now_ns);

enum vg_err hijack_tables(struct hijack *h) VG_MUST_CHECK;
/* As detector.save and detector.load; `self` is a struct hijack. */
void hijack_save(void *self, struct state_out *out);
enum vg_err hijack_load(void *self, struct slice key, uint16_t version,
                        struct slice blob) VG_MUST_CHECK;
