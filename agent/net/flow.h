/* SPDX-License-Identifier: Apache-2.0 */
/* flow: the conversations that are going on, in a table of fixed size.
 *
 * Open addressing over a pool of at most FLOWS_MAX flows of FLOW_BYTES each; the pool is touched
 * only as far as it is used. Each flow hangs in one of a few lists, one for each timeout, in the
 * order of its last packet, so that expiry and eviction look at list heads only: constant work for
 * a packet. The lists live beside the pool, where they stay in the processor's cache. Time is event
 * time. Directions: index 0 sends from key.addr[0], index 1 from key.addr[1]; `client` is the index
 * of the initiator.
 *
 * Eviction: each list has a share of the table that is its own (SHARES in flow.c). A new flow takes
 * the place of the oldest of the first list there that holds more than its share: a flood of
 * unanswered or short conversations displaces itself, not the ordinary ones. */
#pragma once

#include "agent/net/counters.h"
#include "agent/net/packet.h"
#include "agent/net/stream.h"

enum {
    FLOWS_MAX = 65536,
    FLOW_BYTES = 256,       /* what a flow costs in the pool; whole cache lines */
    FLOW_BESIDE_BYTES = 56, /* and beside it: its links, and at most four buckets */
    FLOW_NONE = 0,          /* place 0 of the pool stays empty */
};

/* Sequence numbers further away than this from all that was seen are of no connection's window; an
 * RST this far below what was sent last is still where the receiver may wait. */
enum { FLOW_AHEAD_MAX = 16 * 1024 * 1024, FLOW_UNACKED_MAX = 64 * 1024 };

/* Why a timeout is as long as it is: RFC 5382 and RFC 4787 ask NAT boxes for more, but a sensor
 * only splits a record in two when it is wrong. */
#define FLOW_UNANSWERED_NS (INT64_C(30) * 1000000000)
#define FLOW_TCP_IDLE_NS   (INT64_C(3600) * 1000000000)
#define FLOW_CLOSED_NS     (INT64_C(5) * 1000000000) /* for late and repeated segments */
#define FLOW_OTHER_NS      (INT64_C(180) * 1000000000)

enum flow_list {
    FLOW_LIST_NEW,
    FLOW_LIST_TCP,
    FLOW_LIST_HALF, /* TCP that was answered, but the caller did not go on: a flood, mostly */
    FLOW_LIST_CLOSED,
    FLOW_LIST_OTHER,
    FLOW_LISTS
};

struct flow_key {
    uint8_t addr[2][16]; /* [0] with its port is the smaller one */
    uint16_t port[2];
    uint8_t family, proto;
    uint8_t zero[2];
};

struct app;
struct protocol;

/* What an application is known by, the surer the later. */
enum flow_listed { FLOW_LISTED_NOT, FLOW_LISTED_PROTOCOL, FLOW_LISTED_HELLO, FLOW_LISTED_NAME };

/* In the order of use: what every packet touches comes first. */
struct flow {
    struct flow_key key;
    uint8_t client, state, first_flags;
    uint8_t flags[2];
    bool fin[2];
    uint8_t hops[2];  /* hop limit of the newest segment that was no RST */
    uint8_t forging;  /* flow.c: how far a forged RST has shown itself */
    uint8_t forged;   /* RSTs that were another machine's */
    uint8_t tries[2]; /* pieces looked at in search of the protocol */
    bool midstream : 1;
    bool has_mac : 1;
    bool parser_done : 1;    /* nothing more to be learned from its bytes */
    bool handover : 1;       /* the parser says: another protocol begins */
    bool asked_name : 1;     /* what the lists were asked by */
    bool asked_protocol : 1; /* (engine.c) */
    bool asked_address : 1;
    bool reset_doubt : 1; /* an RST, perhaps forged: believed when silence follows */
    uint8_t icmp_type, icmp_code;
    uint8_t listed_by;     /* enum flow_listed: how sure `listed` is */
    uint16_t name_charged; /* engine.c: bytes that server_name is charged with */
    uint16_t program;      /* number of the program that owns it (owner.h); 0: not known */
    uint32_t isn;          /* of the initiator */

    int64_t last_ns, start_ns;
    uint64_t bytes[2], payload[2];
    uint32_t packets[2];
    uint32_t sent[2]; /* TCP: sequence number after all that was sent, or acknowledged */

    uint32_t updated_ms; /* of the last OBS_FLOW_UPDATE, since start_ns */
    uint8_t mac[2][6];

    struct stream stream[2];
    const struct protocol *protocol; /* NULL: not known (yet) */
    void *parser;                    /* protocol's, or NULL */
    struct seeker *seeker;           /* conversation.c's, while no protocol is known */
    const char *app;                 /* the protocol's name, static; "" */
    const struct app *listed;        /* by the lists (app.h); NULL: not there, or not asked yet */
    char *server_name;               /* owned, or NULL */
    uint64_t id;
};
_Static_assert(sizeof(struct flow) <= FLOW_BYTES, "the memory of the flow table is promised");

struct flow_table;

/* Called when a flow ends, before it is forgotten; flow->state is final. */
typedef void flow_end_fn(void *ctx, struct flow *flow);

/* `counters` is borrowed. `flows_max`: 1 to FLOWS_MAX; 0 is FLOWS_MAX. VG_ERR_NOMEM. */
enum vg_err flow_table_new(struct net_counters *counters, uint32_t flows_max, flow_end_fn *end,
                           void *ctx, struct flow_table **out) VG_MUST_CHECK;
/* Frees without a word: flow_table_flush() first where ends matter. */
void flow_table_free(struct flow_table *t);

/* The flow of a packet, begun when there is none (then *fresh). *dir is the packet's direction
 * index. Timeouts that have passed at pkt->time_ns are worked off first. Counts the packet and
 * moves the state on. Never NULL. */
struct flow *flow_table_packet(struct flow_table *t, const struct packet *pkt, unsigned *dir,
                               bool *fresh);
/* The flow of these addresses, or NULL: for what an ICMP error quotes. Marks nothing. */
struct flow *flow_table_find(struct flow_table *t, const struct packet *pkt);
/* Whether OBS_FLOW_UPDATE is due; then the next is due FLOW_UPDATE_NS later. */
static inline bool
flow_update_due(struct flow *flow, int64_t now_ns)
{
    int64_t age_ns = now_ns - flow->start_ns;
    uint32_t age_ms;

    if (age_ns < FLOW_UPDATE_NS)
        return false;
    age_ms = (uint32_t)(age_ns / 1000000); /* wraps after 49 days, and so does the difference */
    if (age_ms - flow->updated_ms < (uint32_t)(FLOW_UPDATE_NS / 1000000))
        return false;
    flow->updated_ms = age_ms;
    return true;
}
/* Time passes without a packet. */
void flow_table_advance(struct flow_table *t, int64_t now_ns);
/* Ends one flow early, because memory that flows hold elsewhere runs short: the closed one, or
 * without `only_closed` the one of all, that was silent the longest. False: there is none. */
bool flow_table_shed(struct flow_table *t, bool only_closed);
/* Ends all flows, oldest first: the input ended. */
void flow_table_flush(struct flow_table *t);
/* An ICMP error answered it. */
void flow_refuse(struct flow_table *t, struct flow *flow);
size_t flow_table_count(const struct flow_table *t);

/* As detectors see it. With `client` the index of the side that shall be src. What the lists say
 * was put into flow->listed before (net_flow_view()). */
void flow_view_fill(const struct flow *flow, unsigned client, struct flow_view *out);
