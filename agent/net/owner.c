/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/owner.h"

#include <stdlib.h>

#include <openssl/rand.h>

#include "agent/net/owner_programs.h"

#define SECOND_NS INT64_C(1000000000)

struct waiting {
    uint64_t flow;
    struct owner_socket socket;
};

/* What is known of one of our ends: a port of ours, whoever speaks with it. */
struct known {
    struct net_addr local;
    uint16_t port, program; /* program 0: nobody's, as far as we could learn */
    bool tcp, used;
    int64_t until_ns;
};

struct owners {
    struct owner_options options;
    struct net_addr address[OWNERS_ADDRESSES];
    uint8_t mac[OWNERS_ADDRESSES][6];
    size_t addresses, macs;
    struct waiting queue[OWNERS_WAITING_MAX]; /* a ring */
    size_t first, count;
    struct waiting asked; /* the question on its way */
    enum { IDLE, ASKED_SOCKET, ASKED_HASH } state;
    uint16_t hash_of; /* program, while ASKED_HASH */
    struct known known[OWNERS_SOCKETS];
    struct hash_key secret;
    struct owner_programs *programs;
    int64_t now_ns, second_ns;
    unsigned asked_this_second;
};

enum vg_err
owners_new(const struct owner_options *options, struct owners **out)
{
    struct owners *o = calloc(1, sizeof(*o));

    if (o == NULL)
        return VG_ERR_NOMEM;
    o->options = *options;
    if (RAND_bytes((unsigned char *)&o->secret, sizeof(o->secret)) != 1)
        o->secret = STR_HASH_STORED;
    if (owner_programs_new(&o->programs) != VG_OK) {
        free(o);
        return VG_ERR_NOMEM;
    }
    *out = o;
    return VG_OK;
}

void
owners_free(struct owners *o)
{
    if (o == NULL)
        return;
    owner_programs_free(o->programs);
    free(o);
}

/* ---- whose end is ours ---- */

void
owners_add_address(struct owners *o, const struct net_addr *address)
{
    if (o->addresses < OWNERS_ADDRESSES)
        o->address[o->addresses++] = *address;
}

void
owners_add_mac(struct owners *o, const uint8_t mac[6])
{
    if (o->macs < OWNERS_ADDRESSES)
        memcpy(o->mac[o->macs++], mac, 6);
}

static bool
is_ours(const struct owners *o, const struct net_addr *address, bool has_mac, const uint8_t mac[6])
{
    for (size_t i = 0; i < o->addresses; i++)
        if (net_addr_eq(&o->address[i], address))
            return true;
    /* An address that we got since: our interface's frames bear it. */
    for (size_t i = 0; i < o->macs && has_mac; i++)
        if (memcmp(o->mac[i], mac, 6) == 0)
            return true;
    return false;
}

static bool
socket_of(const struct owners *o, const struct flow_view *f, struct owner_socket *out)
{
    bool out_of_us = is_ours(o, &f->src, f->has_mac, f->src_mac);

    if ((f->proto != 6 && f->proto != 17) || f->src.family == 0)
        return false;
    if (!out_of_us && (net_addr_is_group(&f->dst) || !is_ours(o, &f->dst, f->has_mac, f->dst_mac)))
        return false;
    *out = (struct owner_socket){
        .tcp = f->proto == 6,
        .local = out_of_us ? f->src : f->dst,
        .remote = out_of_us ? f->dst : f->src,
        .local_port = out_of_us ? f->sport : f->dport,
        .remote_port = out_of_us ? f->dport : f->sport,
    };
    return true;
}

/* ---- what is known of our ports ---- */

static struct known *
place_of(struct owners *o, const struct owner_socket *s)
{
    struct {
        uint8_t family, tcp, bytes[16];
        uint16_t port;
    } key = {.family = s->local.family, .tcp = s->tcp, .port = s->local_port};

    memcpy(key.bytes, s->local.bytes, sizeof(key.bytes));
    return &o->known[str_hash(&o->secret, &key, sizeof(key)) % OWNERS_SOCKETS];
}

static const struct known *
look_up(struct owners *o, const struct owner_socket *s)
{
    const struct known *k = place_of(o, s);

    return k->used && k->tcp == s->tcp && k->port == s->local_port &&
                   net_addr_eq(&k->local, &s->local) && o->now_ns < k->until_ns
               ? k
               : NULL;
}

static void
remember(struct owners *o, const struct owner_socket *s, uint16_t program)
{
    *place_of(o, s) = (struct known){.local = s->local,
                                     .port = s->local_port,
                                     .program = program,
                                     .tcp = s->tcp,
                                     .used = true,
                                     .until_ns = o->now_ns + OWNERS_KEEP_NS};
}

/* ---- asking ---- */

static void
tell(struct owners *o, const struct waiting *w, uint16_t program)
{
    if (program == 0)
        return;
    o->options.counters->owners_known++;
    o->options.found(o->options.found_ctx, w->flow, &w->socket, program);
}

/* Asks the first that nothing is known of; what was learned meanwhile is told. */
static bool
ask_socket(struct owners *o)
{
    while (o->count > 0) {
        struct waiting w = o->queue[o->first];
        const struct known *k = look_up(o, &w.socket);

        if (k == NULL && o->options.ask_socket(o->options.ask_ctx, &w.socket) != VG_OK)
            return false;
        o->first = (o->first + 1) % OWNERS_WAITING_MAX;
        o->count--;
        if (k == NULL) {
            o->asked = w;
            o->state = ASKED_SOCKET;
            o->options.counters->owners_asked++;
            return true;
        }
        tell(o, &w, k->program);
    }
    return false;
}

static void
ask_hash(struct owners *o)
{
    uint64_t file;
    uint16_t program = owner_programs_due(o->programs, o->now_ns, &file);

    if (program == 0 || o->options.ask_hash(o->options.ask_ctx, file) != VG_OK)
        return;
    o->hash_of = program;
    o->state = ASKED_HASH;
}

static void
ask_next(struct owners *o)
{
    if (o->state != IDLE || o->asked_this_second >= OWNERS_A_SECOND)
        return;
    if (!ask_socket(o))
        ask_hash(o);
    o->asked_this_second += o->state != IDLE;
}

static void
pass_time(struct owners *o, int64_t now_ns)
{
    if (now_ns < o->now_ns - OWNERS_KEEP_NS) { /* the clock was set back: nothing holds any more */
        memset(o->known, 0, sizeof(o->known));
        o->now_ns = o->second_ns = now_ns;
        o->asked_this_second = 0;
    }
    if (now_ns > o->now_ns)
        o->now_ns = now_ns;
    if (o->now_ns - o->second_ns >= SECOND_NS) {
        o->second_ns = o->now_ns;
        o->asked_this_second = 0;
    }
}

void
owners_flow(struct owners *o, const struct flow_view *flow, int64_t now_ns)
{
    struct waiting w = {.flow = flow->id};
    const struct known *k;

    if (!socket_of(o, flow, &w.socket))
        return;
    pass_time(o, now_ns);
    k = look_up(o, &w.socket);
    if (k != NULL) {
        tell(o, &w, k->program);
        return;
    }
    if (o->count ==
        OWNERS_WAITING_MAX) { /* the oldest has had its time: its socket may be closed */
        o->first = (o->first + 1) % OWNERS_WAITING_MAX;
        o->count--;
        o->options.counters->owners_refused++;
    }
    o->queue[(o->first + o->count++) % OWNERS_WAITING_MAX] = w;
    ask_next(o);
}

void
owners_answer(struct owners *o, enum vg_err err, const json_t *answer)
{
    uint16_t program = 0;

    if (o->state == ASKED_HASH) {
        owner_programs_hash(o->programs, o->hash_of, err, answer, o->now_ns);
    } else if (o->state == ASKED_SOCKET) {
        if (err == VG_OK)
            program = owner_programs_add(o->programs, answer, o->now_ns);
        if (err == VG_ERR_LIMIT)
            o->options.counters->owners_refused++;
        else
            remember(o, &o->asked.socket, program);
        tell(o, &o->asked, program);
    }
    o->state = IDLE;
    ask_next(o);
}

void
owners_tick(struct owners *o, int64_t now_ns)
{
    pass_time(o, now_ns);
    ask_next(o);
}

const struct program_view *
owners_program(const struct owners *o, uint16_t program)
{
    return owner_programs_view(o->programs, program);
}
