/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/flow.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "agent/net/app.h"
#include "agent/net/flow_key.h"

struct bucket {
    uint32_t hash, place; /* place FLOW_NONE: empty */
};

struct flow_table {
    struct net_counters *counters;
    flow_end_fn *end;
    void *ctx;
    struct hash_key secret;   /* peers choose keys; the order of the table never shows */
    struct flow *pool;        /* flows_max + 1; zeroed pages until used */
    struct bucket *buckets;   /* at least twice flows_max */
    uint32_t flows_max, mask; /* mask: number of buckets less one */
    uint32_t fresh;           /* places from here on were never used */
    uint32_t spare;           /* list of places that were */
    uint32_t count;
    struct {
        uint32_t head, tail;
    } list[FLOW_LISTS];
    int64_t now_ns;
};

static const int64_t TIMEOUT_NS[FLOW_LISTS] = {
    [FLOW_LIST_NEW] = FLOW_UNANSWERED_NS,
    [FLOW_LIST_TCP] = FLOW_TCP_IDLE_NS,
    [FLOW_LIST_CLOSED] = FLOW_CLOSED_NS,
    [FLOW_LIST_OTHER] = FLOW_OTHER_NS,
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
    if (RAND_bytes((unsigned char *)&t->secret, sizeof(t->secret)) != 1)
        t->secret = STR_HASH_STORED; /* slower under attack, same results */
    t->flows_max = flows_max > 0 && flows_max < FLOWS_MAX ? flows_max : FLOWS_MAX;
    for (t->mask = 1; t->mask < t->flows_max * 2; t->mask = t->mask * 2 + 1)
        ;
    t->pool = calloc(t->flows_max + (size_t)1, sizeof(t->pool[0]));
    t->buckets = calloc(t->mask + (size_t)1, sizeof(t->buckets[0]));
    if (t->pool == NULL || t->buckets == NULL)
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
    free(t->buckets);
    free(t);
}

size_t
flow_table_count(const struct flow_table *t)
{
    return t->count;
}

/* ---- the lists: oldest packet first ---- */

static void
list_remove(struct flow_table *t, struct flow *f)
{
    if (f->prev != FLOW_NONE)
        t->pool[f->prev].next = f->next;
    else
        t->list[f->list].head = f->next;
    if (f->next != FLOW_NONE)
        t->pool[f->next].prev = f->prev;
    else
        t->list[f->list].tail = f->prev;
}

static void
list_append(struct flow_table *t, struct flow *f, enum flow_list list)
{
    uint32_t place = (uint32_t)(f - t->pool);

    f->list = (uint8_t)list;
    f->next = FLOW_NONE;
    f->prev = t->list[list].tail;
    if (f->prev != FLOW_NONE)
        t->pool[f->prev].next = place;
    else
        t->list[list].head = place;
    t->list[list].tail = place;
}

static enum flow_list
list_for(const struct flow *f)
{
    if (f->state == FLOW_NEW)
        return FLOW_LIST_NEW;
    if (f->key.proto != IPPROTO_NUM_TCP)
        return FLOW_LIST_OTHER;
    return f->state == FLOW_ESTABLISHED ? FLOW_LIST_TCP : FLOW_LIST_CLOSED;
}

/* ---- the buckets: linear probing, deletion by moving back ---- */

static struct flow *
lookup(struct flow_table *t, const struct flow_key *key, uint32_t hash)
{
    for (uint32_t i = hash & t->mask; t->buckets[i].place != FLOW_NONE; i = (i + 1) & t->mask)
        if (t->buckets[i].hash == hash && flow_key_eq(&t->pool[t->buckets[i].place].key, key))
            return &t->pool[t->buckets[i].place];
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
    uint32_t place = (uint32_t)(f - t->pool);

    if (f->state == FLOW_NEW && f->packets[1 - f->client] == 0)
        f->state = FLOW_UNANSWERED;
    else if (f->state == FLOW_NEW || f->state == FLOW_ESTABLISHED)
        f->state = (uint8_t)if_open;
    t->end(t->ctx, f);
    free(f->server_name);
    f->server_name = NULL;
    list_remove(t, f);
    bucket_remove(t, f->hash, place);
    f->next = t->spare;
    t->spare = place;
    t->count--;
}

static struct flow *
take_place(struct flow_table *t)
{
    struct flow *oldest = NULL;
    uint32_t place;

    if (t->spare == FLOW_NONE && t->fresh > t->flows_max) {
        for (unsigned i = 0; i < FLOW_LISTS; i++) {
            struct flow *head = &t->pool[t->list[i].head];

            if (t->list[i].head != FLOW_NONE && (oldest == NULL || head->last_ns < oldest->last_ns))
                oldest = head;
        }
        assert(oldest != NULL);
        t->counters->flows_evicted++;
        finish(t, oldest, FLOW_TIMEOUT);
    }
    if (t->spare != FLOW_NONE) {
        place = t->spare;
        t->spare = t->pool[place].next;
    } else {
        place = t->fresh++;
    }
    return &t->pool[place];
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
    struct flow *f = take_place(t);
    bool reversed = sender_is_server(pkt);

    *f = (struct flow){
        .key = *key,
        .hash = hash,
        .client = (uint8_t)(reversed ? 1 - dir : dir),
        .first_flags = pkt->flags,
        .midstream = reversed || (pkt->proto == IPPROTO_NUM_TCP && (pkt->flags & TCP_SYN) == 0),
        .has_mac = pkt->has_mac,
        .start_ns = pkt->time_ns,
        .last_ns = pkt->time_ns,
        .update_ns = pkt->time_ns,
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
    bucket_add(t, hash, (uint32_t)(f - t->pool));
    list_append(t, f, FLOW_LIST_NEW);
    t->count++;
    t->counters->flows++;
    return f;
}

/* ---- packets ---- */

/* A new connection on the ports of an old one. */
static bool
begins_anew(const struct flow *f, const struct packet *pkt)
{
    if (pkt->proto != IPPROTO_NUM_TCP || (pkt->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return false;
    if (f->state != FLOW_NEW && f->state != FLOW_ESTABLISHED)
        return true;
    return f->state == FLOW_ESTABLISHED && pkt->seq != f->isn &&
           (f->fin[0] || f->fin[1] || pkt->time_ns - f->last_ns > FLOW_UNANSWERED_NS);
}

static void
advance_tcp(struct flow *f, const struct packet *pkt, unsigned dir)
{
    bool from_client = dir == f->client;

    if (pkt->flags & TCP_RST) {
        if (f->state == FLOW_NEW && !from_client)
            f->state = FLOW_REFUSED;
        else if (f->state == FLOW_NEW && f->midstream)
            f->state = FLOW_RESET;
        else if (f->state == FLOW_ESTABLISHED)
            f->state = FLOW_RESET;
        return;
    }
    if (f->state == FLOW_NEW && (!from_client || f->midstream) && f->packets[0] > 0 &&
        f->packets[1] > 0)
        f->state = FLOW_ESTABLISHED;
    if (pkt->flags & TCP_FIN)
        f->fin[dir] = true;
    if (f->fin[0] && f->fin[1] && f->state == FLOW_ESTABLISHED)
        f->state = FLOW_CLOSED;
}

static void
count_packet(struct flow *f, const struct packet *pkt, unsigned dir)
{
    f->packets[dir]++;
    f->bytes[dir] += pkt->ip_bytes;
    f->payload[dir] += pkt->payload_wire;
    f->flags[dir] |= pkt->flags;
    if (pkt->time_ns > f->last_ns)
        f->last_ns = pkt->time_ns;
    if (pkt->proto == IPPROTO_NUM_TCP)
        advance_tcp(f, pkt, dir);
    else if (f->state == FLOW_NEW && f->packets[0] > 0 && f->packets[1] > 0)
        f->state = FLOW_ESTABLISHED;
}

void
flow_table_advance(struct flow_table *t, int64_t now_ns)
{
    if (now_ns <= t->now_ns)
        return;
    t->now_ns = now_ns;
    for (unsigned i = 0; i < FLOW_LISTS; i++)
        while (t->list[i].head != FLOW_NONE) {
            struct flow *f = &t->pool[t->list[i].head];

            if (now_ns - f->last_ns <= TIMEOUT_NS[i])
                break;
            finish(t, f, FLOW_TIMEOUT);
        }
}

struct flow *
flow_table_packet(struct flow_table *t, const struct packet *pkt, unsigned *dir, bool *fresh)
{
    struct flow_key key;
    uint32_t hash;
    struct flow *f;
    enum flow_list list;

    flow_table_advance(t, pkt->time_ns);
    flow_key_of(pkt, &key, dir);
    hash = flow_key_hash(&t->secret, &key);
    f = lookup(t, &key, hash);
    if (f != NULL && begins_anew(f, pkt)) {
        finish(t, f, FLOW_TIMEOUT);
        f = NULL;
    }
    *fresh = f == NULL;
    if (f == NULL)
        f = begin(t, &key, hash, pkt, *dir);
    count_packet(f, pkt, *dir);
    list = list_for(f);
    if (f->list != list || f->next != FLOW_NONE) {
        list_remove(t, f);
        list_append(t, f, list);
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
    list_remove(t, f);
    list_append(t, f, list_for(f));
}

void
flow_table_flush(struct flow_table *t)
{
    for (;;) {
        struct flow *oldest = NULL;

        for (unsigned i = 0; i < FLOW_LISTS; i++) {
            struct flow *head = &t->pool[t->list[i].head];

            if (t->list[i].head != FLOW_NONE && (oldest == NULL || head->last_ns < oldest->last_ns))
                oldest = head;
        }
        if (oldest == NULL)
            break;
        finish(t, oldest, FLOW_CUT);
    }
    t->now_ns = 0; /* the next capture may be older */
}

void
flow_view_fill(const struct flow *f, unsigned client, struct flow_view *out)
{
    unsigned server = 1 - client;
    bool icmp = f->key.proto == IPPROTO_NUM_ICMP || f->key.proto == IPPROTO_NUM_ICMPV6;

    *out = (struct flow_view){
        .id = f->id,
        .src.family = f->key.family,
        .dst.family = f->key.family,
        .sport = icmp ? f->icmp_type : f->key.port[client],
        .dport = icmp ? f->icmp_code : f->key.port[server],
        .proto = f->key.proto,
        .first_flags = f->first_flags,
        .flags_out = f->flags[client],
        .flags_in = f->flags[server],
        .state = (enum flow_state)f->state,
        .midstream = f->midstream,
        .has_mac = f->has_mac,
        .bytes_out = f->bytes[client],
        .bytes_in = f->bytes[server],
        .payload_out = f->payload[client],
        .payload_in = f->payload[server],
        .packets_out = f->packets[client],
        .packets_in = f->packets[server],
        .start_ns = f->start_ns,
        .end_ns = f->last_ns,
        .app = str_of(f->listed != NULL ? f->listed->name : f->app),
        .protocol = str_of(f->app),
        .category = str_of(f->listed != NULL ? f->listed->category : NULL),
        .server_name = str_of(f->server_name),
    };
    memcpy(out->src.bytes, f->key.addr[client], 16);
    memcpy(out->dst.bytes, f->key.addr[server], 16);
    memcpy(out->src_mac, f->mac[client], 6);
    memcpy(out->dst_mac, f->mac[server], 6);
}
