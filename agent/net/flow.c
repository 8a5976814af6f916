/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/flow.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "agent/net/app.h"
#include "agent/net/flow_forged.h"
#include "agent/net/flow_key.h"
#include "agent/net/flow_tcp.h"

enum { CACHE_LINE = 64 };

/* A place of the pool: no two flows share a line. */
union place {
    struct flow flow;
    uint8_t lines[FLOW_BYTES];
};
_Static_assert(sizeof(union place) == FLOW_BYTES && FLOW_BYTES % CACHE_LINE == 0,
               "places are whole lines");

struct bucket {
    uint32_t hash, place; /* place FLOW_NONE: empty */
};

/* A flow's place in its list, apart from the flow: neighbours are touched with each packet. */
struct link {
    int64_t last_ns;     /* as in the flow */
    uint32_t prev, next; /* next also chains places that are free */
    uint32_t hash;
    uint8_t list;
};

_Static_assert(sizeof(struct link) + 4 * sizeof(struct bucket) <= FLOW_BESIDE_BYTES,
               "the memory of the flow table is promised");

struct flow_table {
    struct net_counters *counters;
    flow_end_fn *end;
    void *ctx;
    struct flow_secret secret; /* the order of the table never shows */
    union place *pool;         /* flows_max + 1; untouched pages until used */
    struct link *links;        /* of the same places */
    struct bucket *buckets;    /* at least twice flows_max */
    uint32_t flows_max, mask;  /* mask: number of buckets less one */
    uint32_t fresh;            /* places from here on were never used */
    uint32_t spare;            /* list of places that were */
    uint32_t count;
    struct {
        uint32_t head, tail, count;
    } list[FLOW_LISTS];
    int64_t now_ns;
    int64_t due_ns; /* no flow times out up to here */
};

static const int64_t TIMEOUT_NS[FLOW_LISTS] = {
    [FLOW_LIST_NEW] = FLOW_UNANSWERED_NS, [FLOW_LIST_TCP] = FLOW_TCP_IDLE_NS,
    [FLOW_LIST_HALF] = FLOW_TCP_IDLE_NS,  [FLOW_LIST_CLOSED] = FLOW_CLOSED_NS,
    [FLOW_LIST_OTHER] = FLOW_OTHER_NS,
};

/* What each list may keep under pressure, in the order in which they are asked to give. The sum is
 * below the whole, so that in a full table one list at least holds more than its share. */
enum { SHARES_WHOLE = 16 };
static const struct {
    enum flow_list list;
    uint32_t share;
} SHARES[FLOW_LISTS] = {
    {FLOW_LIST_CLOSED, 0}, {FLOW_LIST_NEW, 2}, {FLOW_LIST_HALF, 1},
    {FLOW_LIST_OTHER, 4},  {FLOW_LIST_TCP, 8},
};

enum vg_err
flow_table_new(struct net_counters *counters, uint32_t flows_max, flow_end_fn *end, void *ctx,
               struct flow_table **out)
{
    struct flow_table *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return VG_ERR_NOMEM;
    t->counters = counters;
    t->end = end;
    t->ctx = ctx;
    t->fresh = 1;
    t->due_ns = INT64_MAX;
    if (RAND_bytes((unsigned char *)&t->secret, sizeof(t->secret)) != 1)
        t->secret = (struct flow_secret){{1}}; /* slower under attack, same results */
    t->flows_max = flows_max > 0 && flows_max < FLOWS_MAX ? flows_max : FLOWS_MAX;
    for (t->mask = 1; t->mask < t->flows_max * 2; t->mask = t->mask * 2 + 1)
        ;
    t->pool = aligned_alloc(CACHE_LINE, (t->flows_max + (size_t)1) * sizeof(t->pool[0]));
    t->links = calloc(t->flows_max + (size_t)1, sizeof(t->links[0]));
    t->buckets = calloc(t->mask + (size_t)1, sizeof(t->buckets[0]));
    if (t->pool == NULL || t->links == NULL || t->buckets == NULL)
        goto fail;
    *out = t;
    return VG_OK;
fail:
    flow_table_free(t);
    return VG_ERR_NOMEM;
}

void
flow_table_free(struct flow_table *t)
{
    if (t == NULL)
        return;
    free(t->pool);
    free(t->links);
    free(t->buckets);
    free(t);
}

size_t
flow_table_count(const struct flow_table *t)
{
    return t->count;
}

static uint32_t
place_of(const struct flow_table *t, const struct flow *f)
{
    return (uint32_t)((const union place *)f - t->pool);
}

/* ---- the lists: oldest packet first ---- */

/* The head of this list may time out sooner than any was known to. */
static void
head_changed(struct flow_table *t, unsigned list)
{
    int64_t due_ns = t->links[t->list[list].head].last_ns + TIMEOUT_NS[list];

    if (t->list[list].head != FLOW_NONE && due_ns < t->due_ns)
        t->due_ns = due_ns;
}

static void
list_remove(struct flow_table *t, uint32_t place)
{
    struct link *l = &t->links[place];

    t->list[l->list].count--;
    if (l->next != FLOW_NONE)
        t->links[l->next].prev = l->prev;
    else
        t->list[l->list].tail = l->prev;
    if (l->prev != FLOW_NONE) {
        t->links[l->prev].next = l->next;
    } else {
        t->list[l->list].head = l->next;
        head_changed(t, l->list);
    }
}

static void
list_append(struct flow_table *t, uint32_t place, enum flow_list list)
{
    struct link *l = &t->links[place];

    l->list = (uint8_t)list;
    l->last_ns = t->pool[place].flow.last_ns;
    l->next = FLOW_NONE;
    l->prev = t->list[list].tail;
    t->list[list].tail = place;
    t->list[list].count++;
    if (l->prev != FLOW_NONE) {
        t->links[l->prev].next = place;
    } else {
        t->list[list].head = place;
        head_changed(t, list);
    }
}

static enum flow_list
list_for(const struct flow *f)
{
    if (f->state == FLOW_NEW)
        return FLOW_LIST_NEW;
    if (f->key.proto != IPPROTO_NUM_TCP)
        return FLOW_LIST_OTHER;
    if (f->state != FLOW_ESTABLISHED || f->reset_doubt)
        return FLOW_LIST_CLOSED;
    return f->packets[f->client] > 1 || f->midstream ? FLOW_LIST_TCP : FLOW_LIST_HALF;
}

/* ---- the buckets: linear probing, deletion by moving back ---- */

/* All lines of a flow at once: they are needed one after the other, and each may have to come from
 * memory. */
static void
fetch(const struct flow *f)
{
    for (size_t at = 0; at < sizeof(*f); at += CACHE_LINE)
        __builtin_prefetch((const char *)f + at);
}

static struct flow *
lookup(struct flow_table *t, const struct flow_key *key, uint32_t hash)
{
    for (uint32_t i = hash & t->mask; t->buckets[i].place != FLOW_NONE; i = (i + 1) & t->mask) {
        struct flow *f = &t->pool[t->buckets[i].place].flow;

        if (t->buckets[i].hash != hash)
            continue;
        fetch(f);
        if (flow_key_eq(&f->key, key))
            return f;
    }
    return NULL;
}

static void
bucket_add(struct flow_table *t, uint32_t hash, uint32_t place)
{
    uint32_t i = hash & t->mask;

    while (t->buckets[i].place != FLOW_NONE)
        i = (i + 1) & t->mask;
    t->buckets[i] = (struct bucket){hash, place};
}

static void
bucket_remove(struct flow_table *t, uint32_t hash, uint32_t place)
{
    uint32_t hole = hash & t->mask;

    while (t->buckets[hole].place != place)
        hole = (hole + 1) & t->mask;
    for (uint32_t i = (hole + 1) & t->mask; t->buckets[i].place != FLOW_NONE;
         i = (i + 1) & t->mask) {
        uint32_t home = t->buckets[i].hash & t->mask;

        if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
            t->buckets[hole] = t->buckets[i];
            hole = i;
        }
    }
    t->buckets[hole].place = FLOW_NONE;
}

/* ---- beginning and end ---- */

static void
finish(struct flow_table *t, struct flow *f, enum flow_state if_open)
{
    uint32_t place = place_of(t, f);

    if (f->state == FLOW_NEW && f->packets[1 - f->client] == 0)
        f->state = FLOW_UNANSWERED;
    else if (f->state == FLOW_ESTABLISHED && f->reset_doubt)
        f->state = FLOW_RESET;
    else if (f->state == FLOW_NEW || f->state == FLOW_ESTABLISHED)
        f->state = (uint8_t)if_open;
    t->end(t->ctx, f);
    free(f->server_name);
    f->server_name = NULL;
    list_remove(t, place);
    bucket_remove(t, t->links[place].hash, place);
    t->links[place].next = t->spare;
    t->spare = place;
    t->count--;
}

/* In a full table: the oldest of the first list that holds more than its share. */
static uint32_t
whom_to_evict(const struct flow_table *t)
{
    unsigned i = 0;

    while (i < FLOW_LISTS - 1 && (uint64_t)t->list[SHARES[i].list].count * SHARES_WHOLE <=
                                     (uint64_t)SHARES[i].share * t->flows_max)
        i++;
    return t->list[SHARES[i].list].head;
}

static uint32_t
take_place(struct flow_table *t)
{
    uint32_t place;

    if (t->spare == FLOW_NONE && t->fresh > t->flows_max) {
        t->counters->flows_evicted++;
        finish(t, &t->pool[whom_to_evict(t)].flow, FLOW_TIMEOUT);
        fetch(&t->pool[whom_to_evict(t)].flow); /* the next one, cold by now */
    }
    if (t->spare == FLOW_NONE)
        return t->fresh++;
    place = t->spare;
    t->spare = t->links[place].next;
    return place;
}

/* Whether the sender of a first packet is rather the one that was called. A conversation that we
 * come into midway shows its server by the well-known port. */
static bool
sender_is_server(const struct packet *pkt)
{
    if (pkt->proto == IPPROTO_NUM_TCP) {
        if ((pkt->flags & TCP_SYN) != 0)
            return (pkt->flags & TCP_ACK) != 0;
    } else if (pkt->proto != IPPROTO_NUM_UDP) {
        return false;
    }
    return pkt->sport < 1024 && pkt->dport >= 1024;
}

static struct flow *
begin(struct flow_table *t, const struct flow_key *key, uint32_t hash, const struct packet *pkt,
      unsigned dir)
{
    uint32_t place = take_place(t);
    struct flow *f = &t->pool[place].flow;
    bool reversed = sender_is_server(pkt);

    *f = (struct flow){
        .key = *key,
        .client = (uint8_t)(reversed ? 1 - dir : dir),
        .first_flags = pkt->flags,
        .midstream = reversed || (pkt->proto == IPPROTO_NUM_TCP && (pkt->flags & TCP_SYN) == 0),
        .has_mac = pkt->has_mac,
        .start_ns = pkt->time_ns,
        .last_ns = pkt->time_ns,
        .isn = pkt->seq,
        .id = flow_id(key, pkt->time_ns),
        .app = "",
    };
    if (pkt->has_mac) {
        memcpy(f->mac[dir], pkt->src_mac, 6);
        memcpy(f->mac[1 - dir], pkt->dst_mac, 6);
    }
    if (pkt->proto == IPPROTO_NUM_ICMP || pkt->proto == IPPROTO_NUM_ICMPV6) {
        f->icmp_type = (uint8_t)pkt->sport;
        f->icmp_code = (uint8_t)pkt->dport;
    }
    t->links[place].hash = hash;
    bucket_add(t, hash, place);
    list_append(t, place, FLOW_LIST_NEW);
    t->count++;
    t->counters->flows++;
    return f;
}

/* ---- packets ---- */

static void
count_packet(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir)
{
    f->packets[dir]++;
    f->bytes[dir] += pkt->ip_bytes;
    f->payload[dir] += pkt->payload_wire;
    f->flags[dir] |= pkt->flags;
    if (pkt->time_ns > f->last_ns)
        f->last_ns = pkt->time_ns;
    if (pkt->distrusted) /* counted, but its receiver dropped it */
        return;
    if (pkt->proto == IPPROTO_NUM_TCP) {
        flow_forged_follow(f, pkt, dir);
        flow_tcp_advance(t->counters, f, pkt, dir);
    } else if (f->state == FLOW_NEW && f->packets[0] > 0 && f->packets[1] > 0) {
        f->state = FLOW_ESTABLISHED;
    }
}

static void
work_off(struct flow_table *t)
{
    t->due_ns = INT64_MAX;
    for (unsigned i = 0; i < FLOW_LISTS; i++) {
        while (t->list[i].head != FLOW_NONE &&
               t->now_ns - t->links[t->list[i].head].last_ns > TIMEOUT_NS[i])
            finish(t, &t->pool[t->list[i].head].flow, FLOW_TIMEOUT);
        head_changed(t, i);
    }
}

void
flow_table_advance(struct flow_table *t, int64_t now_ns)
{
    if (now_ns <= t->now_ns)
        return;
    t->now_ns = now_ns;
    if (now_ns > t->due_ns)
        work_off(t);
}

struct flow *
flow_table_packet(struct flow_table *t, const struct packet *pkt, unsigned *dir, bool *fresh)
{
    struct flow_key key;
    uint32_t hash, place;
    struct flow *f;
    enum flow_list list;

    flow_table_advance(t, pkt->time_ns);
    flow_key_of(pkt, &key, dir);
    hash = flow_key_hash(&t->secret, &key);
    f = lookup(t, &key, hash);
    if (f != NULL && flow_tcp_begins_anew(f, pkt)) {
        finish(t, f, FLOW_TIMEOUT);
        f = NULL;
    }
    *fresh = f == NULL;
    if (f == NULL)
        f = begin(t, &key, hash, pkt, *dir);
    count_packet(t, f, pkt, *dir);
    list = list_for(f);
    place = place_of(t, f);
    if (t->links[place].list == list && t->links[place].next == FLOW_NONE) {
        t->links[place].last_ns = f->last_ns;
    } else {
        list_remove(t, place);
        list_append(t, place, list);
    }
    return f;
}

struct flow *
flow_table_find(struct flow_table *t, const struct packet *pkt)
{
    struct flow_key key;
    unsigned dir;

    flow_key_of(pkt, &key, &dir);
    return lookup(t, &key, flow_key_hash(&t->secret, &key));
}

void
flow_refuse(struct flow_table *t, struct flow *f)
{
    if (f->state != FLOW_NEW)
        return;
    f->state = FLOW_REFUSED;
    list_remove(t, place_of(t, f));
    list_append(t, place_of(t, f), list_for(f));
}

/* Of all lists; FLOW_NONE when there is none. */
static uint32_t
oldest(const struct flow_table *t)
{
    uint32_t place = FLOW_NONE;

    for (unsigned i = 0; i < FLOW_LISTS; i++) {
        uint32_t head = t->list[i].head;

        if (head != FLOW_NONE &&
            (place == FLOW_NONE || t->links[head].last_ns < t->links[place].last_ns))
            place = head;
    }
    return place;
}

bool
flow_table_shed(struct flow_table *t, bool only_closed)
{
    uint32_t place = t->list[FLOW_LIST_CLOSED].head;

    if (place == FLOW_NONE && !only_closed)
        place = oldest(t);
    if (place == FLOW_NONE)
        return false;
    t->counters->flows_evicted++;
    finish(t, &t->pool[place].flow, FLOW_TIMEOUT);
    return true;
}

void
flow_table_flush(struct flow_table *t)
{
    uint32_t place;

    while ((place = oldest(t)) != FLOW_NONE)
        finish(t, &t->pool[place].flow, FLOW_CUT);
    t->now_ns = 0; /* the next capture may be older */
    t->due_ns = INT64_MAX;
}
