/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/engine.h"

#include <stdlib.h>

#include "agent/detect/card_number.h"
#include "agent/net/app.h"
#include "agent/net/cards.h"
#include "agent/net/conversation.h"
#include "agent/net/owner.h"
#include "agent/net/trust.h"

enum { MALLOC_OWN_BYTES = 16 }; /* what an allocation costs besides */
/* When parsers hold as much, conversations that are over give theirs back; then the idle ones. */
enum {
    RELIEF_BYTES = ENGINE_PARSER_BYTES / 4 * 3,
    RELIEF_BYTES_URGENT = ENGINE_PARSER_BYTES / 16 * 15,
    RELIEF_FLOWS = 4, /* at most, for a packet */
};

/* What the engine may hold, part by part. */
enum {
    HASH_BYTES = 320, /* OpenSSL's, of the file that a transfer follows */
    KEPT_BYTES = 128 * 1024,
};
_Static_assert((FLOWS_MAX + 1) * (FLOW_BYTES + FLOW_BESIDE_BYTES) + STREAM_POOL_BYTES +
                       FRAGMENT_POOL_BYTES + ENGINE_PARSER_BYTES + ENGINE_SCRATCH_BYTES +
                       EXPECT_MAX * sizeof(struct expectation) + TRANSFERS_MAX * HASH_BYTES +
                       ENGINE_KEPT_MAX * KEPT_BYTES + CARDS_PLACE_BYTES <=
                   ENGINE_BYTES_MAX,
               "the memory of the engine is promised");

struct net_engine {
    struct net_counters counters;
    struct decoder decoder;
    struct flow_table *flows;
    struct stream_pool *pool;
    net_observe_fn *observe;
    void *ctx;
    int64_t now_ns;
    size_t parser_bytes;
    struct trust trust;
    struct buf scratch;
    struct cards cards;
    struct handover handover;
    struct {
        const struct protocol *of;
        void *what;
        void (*done)(void *);
    } kept[ENGINE_KEPT_MAX];
    uint32_t wanted; /* bits 1 << obs_kind */
    struct expect expect;
    struct transfers transfers;
    const struct app_list *apps; /* NULL: none */
    const struct owners *owners; /* NULL: none */
};

/* ---- what protocols call ---- */

void
net_emit(struct net_engine *e, const struct obs *obs)
{
    const struct obs *told = cards_cover(&e->cards, obs, &e->counters.texts_left_out);

    if (told == NULL)
        return;
    e->counters.observations++;
    e->observe(e->ctx, told);
}

bool
net_wants(const struct net_engine *e, enum obs_kind kind)
{
    return (e->wanted >> kind & 1) != 0;
}

void
net_engine_want(struct net_engine *e, uint32_t kinds)
{
    e->wanted = kinds;
}

struct expect *
net_expect(struct net_engine *e)
{
    return &e->expect;
}

struct transfers *
net_transfers(struct net_engine *e)
{
    return &e->transfers;
}

int64_t
net_now(const struct net_engine *e)
{
    return e->now_ns;
}

/* Asks the lists by what is known by now; only when a flow is looked at, never for a packet. */
static void
name_app(const struct net_engine *e, struct flow *flow)
{
    const struct app *found;

    if (flow->server_name != NULL && !flow->asked_name) {
        flow->asked_name = true;
        found = app_of_host(e->apps, str_of(flow->server_name));
        if (found != NULL) {
            flow->listed = found;
            flow->listed_by = FLOW_LISTED_NAME;
        }
    }
    if (flow->listed == NULL && flow->protocol != NULL && !flow->asked_protocol) {
        flow->asked_protocol = true;
        flow->listed = app_of_protocol(e->apps, str_of(flow->app));
        flow->listed_by = flow->listed != NULL ? FLOW_LISTED_PROTOCOL : FLOW_LISTED_NOT;
    }
}

/* A port says little: it counts only where both sides spoke and no protocol is known. */
static void
name_app_by_port(const struct net_engine *e, const struct flow *flow, unsigned client,
                 struct flow_view *view)
{
    const struct app *found;

    if (view->app.len > 0 || flow->payload[0] == 0 || flow->payload[1] == 0)
        return;
    found = app_of_port(e->apps, flow->key.proto, flow->key.port[1 - client]);
    if (found != NULL) {
        view->app = str_of(found->name);
        view->category = str_of(found->category);
    }
}

static void
view_flow(const struct net_engine *e, struct flow *flow, unsigned client, struct flow_view *out)
{
    name_app(e, flow);
    flow_view_fill(flow, client, out);
    name_app_by_port(e, flow, client, out);
    if (flow->program != 0 && e->owners != NULL)
        out->program = owners_program(e->owners, flow->program);
}

bool
net_believes(struct net_engine *e, const struct packet *pkt)
{
    bool believed = trust_packet(&e->trust, pkt);

    e->counters.checksum_wrong += !believed;
    return believed;
}

void
net_flow_view(const struct protocol_call *call, unsigned client, struct flow_view *out)
{
    view_flow(call->engine, call->flow, client, out);
}

void
net_flow_hello(const struct protocol_call *call, struct str ja4, struct str alpn, struct str sni)
{
    struct flow *flow = call->flow;
    const struct app *found;

    if (flow->listed_by >= FLOW_LISTED_HELLO)
        return;
    found = app_of_hello(call->engine->apps, ja4, alpn, sni);
    if (found != NULL) {
        flow->listed = found;
        flow->listed_by = FLOW_LISTED_HELLO;
    }
}

void
net_flow_name_server(struct flow *flow, struct str name)
{
    if (flow->server_name != NULL || name.len == 0)
        return;
    flow->server_name = strndup(name.at, name.len < 255 ? name.len : 255);
    if (flow->server_name != NULL)
        card_mask(flow->server_name, strlen(flow->server_name));
}

void
net_flow_handover(struct flow *flow)
{
    flow->handover = true;
}

void
net_handover_rest(const struct protocol_call *call, size_t bytes)
{
    call->engine->handover.rest = bytes;
}

void
net_handover_early(const struct protocol_call *call, struct buf *early)
{
    net_gather_done(call->engine, &call->engine->handover.early);
    call->engine->handover.early = *early;
    *early = (struct buf){.cap = early->cap};
}

struct handover
net_handover_take(struct net_engine *e)
{
    struct handover taken = e->handover;

    e->handover = (struct handover){.rest = 0};
    return taken;
}

void *
net_parser_alloc(struct net_engine *e, size_t size)
{
    void *p;

    if (size > ENGINE_PARSER_BYTES ||
        size + MALLOC_OWN_BYTES > ENGINE_PARSER_BYTES - e->parser_bytes) {
        e->counters.parser_refused++;
        return NULL;
    }
    p = calloc(1, size);
    if (p != NULL)
        e->parser_bytes += size + MALLOC_OWN_BYTES;
    return p;
}

void
net_parser_free(struct net_engine *e, void *p, size_t size)
{
    if (p == NULL)
        return;
    e->parser_bytes -= size + MALLOC_OWN_BYTES;
    free(p);
}

enum vg_err
net_gather(struct net_engine *e, struct buf *b, const void *bytes, size_t len)
{
    size_t before = b->room;

    if (len > b->cap - b->len || len * 2 + 64 > ENGINE_PARSER_BYTES - e->parser_bytes)
        return VG_ERR_LIMIT;
    buf_put(b, bytes, len);
    e->parser_bytes += b->room - before;
    return b->bad ? VG_ERR_NOMEM : VG_OK;
}

void
net_gather_done(struct net_engine *e, struct buf *b)
{
    e->parser_bytes -= b->room;
    buf_done(b);
}

void *
net_keep(struct net_engine *e, const struct protocol *of, void *(*make)(void), void (*done)(void *))
{
    for (size_t i = 0; i < ENGINE_KEPT_MAX; i++) {
        if (e->kept[i].what != NULL && e->kept[i].of == of)
            return e->kept[i].what;
        if (e->kept[i].what == NULL) {
            e->kept[i].what = make();
            e->kept[i].of = of;
            e->kept[i].done = done;
            return e->kept[i].what;
        }
    }
    return NULL;
}

struct buf *
net_scratch(struct net_engine *e)
{
    return &e->scratch;
}

void
net_engine_name_apps(struct net_engine *e, const struct app_list *apps)
{
    e->apps = apps;
}

void
net_engine_name_programs(struct net_engine *e, const struct owners *owners)
{
    e->owners = owners;
}

void
net_engine_set_program(struct net_engine *e, uint64_t id, const struct owner_socket *socket,
                       uint16_t program)
{
    struct packet end = {.src = socket->local,
                         .dst = socket->remote,
                         .proto = socket->tcp ? IPPROTO_NUM_TCP : IPPROTO_NUM_UDP,
                         .sport = socket->local_port,
                         .dport = socket->remote_port};
    struct flow *flow = flow_table_find(e->flows, &end);

    if (flow != NULL && flow->id == id)
        flow->program = program;
}

struct net_counters *
net_engine_counters(struct net_engine *e)
{
    return &e->counters;
}

size_t
net_engine_flows(const struct net_engine *e)
{
    return flow_table_count(e->flows);
}

/* ---- flows ---- */

static void
emit_flow(struct net_engine *e, struct flow *flow, enum obs_kind kind)
{
    struct flow_view view;
    struct obs obs = {.kind = kind, .time_ns = e->now_ns, .flow = &view};

    view_flow(e, flow, flow->client, &view);
    net_emit(e, &obs);
}

static void
on_flow_end(void *ctx, struct flow *flow)
{
    struct net_engine *e = ctx;

    conversation_end(e, e->pool, flow, e->now_ns);
    emit_flow(e, flow, OBS_FLOW_END);
    e->parser_bytes -= flow->name_charged;
}

enum vg_err
net_engine_new(net_observe_fn *observe, void *ctx, uint32_t flows_max, struct net_engine **out)
{
    struct net_engine *e = calloc(1, sizeof(*e));
    enum vg_err err;

    if (e == NULL)
        return VG_ERR_NOMEM;
    e->observe = observe;
    e->ctx = ctx;
    e->wanted = UINT32_MAX;
    e->decoder.counters = &e->counters;
    buf_init(&e->scratch, ENGINE_SCRATCH_BYTES);
    err = fragments_new(&e->counters, &e->decoder.fragments);
    if (err == VG_OK)
        err = stream_pool_new(&e->counters, &e->pool);
    if (err == VG_OK)
        err = flow_table_new(&e->counters, flows_max, on_flow_end, e, &e->flows);
    if (err != VG_OK) {
        net_engine_free(e);
        return err;
    }
    *out = e;
    return VG_OK;
}

static void
ignore_observation(void *ctx, const struct obs *obs)
{
    (void)ctx;
    (void)obs;
}

void
net_engine_free(struct net_engine *e)
{
    if (e == NULL)
        return;
    if (e->flows != NULL) {
        e->observe = ignore_observation;
        flow_table_flush(e->flows); /* parsers free what they hold */
    }
    flow_table_free(e->flows);
    stream_pool_free(e->pool);
    fragments_free(e->decoder.fragments);
    expect_done(&e->expect);
    buf_done(&e->scratch);
    cards_done(&e->cards);
    buf_done(&e->handover.early);
    for (size_t i = 0; i < ENGINE_KEPT_MAX; i++)
        if (e->kept[i].what != NULL)
            e->kept[i].done(e->kept[i].what);
    free(e);
}

/* ---- packets ---- */

static void
on_icmp(struct net_engine *e, const struct packet *pkt)
{
    struct icmp_view view = {
        .src = pkt->src,
        .dst = pkt->dst,
        .type = (uint8_t)pkt->sport,
        .code = (uint8_t)pkt->dport,
        .v6 = pkt->proto == IPPROTO_NUM_ICMPV6,
        .payload_len = pkt->payload_wire,
    };
    struct obs obs = {.kind = OBS_ICMP, .time_ns = e->now_ns, .icmp = &view};
    struct slice payload = pkt->payload;
    struct packet quoted;
    struct ndp_view ndp;

    view.echo_id = slice_be16(&payload);
    view.echo_seq = slice_be16(&payload);
    view.data = str_n(payload.at, payload.left);
    if (view.v6 && view.type >= 133 && decode_ndp(pkt, &ndp))
        view.ndp = &ndp;

    net_emit(e, &obs);
    if ((view.v6 ? view.type == 1 : view.type == 3) && decode_quoted(pkt->payload, &quoted)) {
        struct flow *flow = flow_table_find(e->flows, &quoted);

        if (flow != NULL)
            flow_refuse(e->flows, flow);
    }
}

/* A flow that got its server's name pays for it; at the cap it goes without. */
static void
charge_name(struct net_engine *e, struct flow *flow)
{
    size_t size = strlen(flow->server_name) + 1 + MALLOC_OWN_BYTES;

    if (size > ENGINE_PARSER_BYTES - e->parser_bytes) {
        e->counters.parser_refused++;
        free(flow->server_name);
        flow->server_name = NULL;
        return;
    }
    flow->name_charged = (uint16_t)size;
    e->parser_bytes += size;
}

/* Parsers of conversations that are over, or were silent the longest, make room for new ones
 * before any is refused. Only between packets, when no parser is at work. */
static void
relieve(struct net_engine *e)
{
    for (unsigned i = 0; i < RELIEF_FLOWS && e->parser_bytes > RELIEF_BYTES; i++)
        if (!flow_table_shed(e->flows, e->parser_bytes <= RELIEF_BYTES_URGENT))
            break;
}

static void
on_packet(struct net_engine *e, struct packet *pkt)
{
    unsigned dir;
    bool fresh;
    struct flow *flow;

    if (pkt->proto == IPPROTO_NUM_TCP && (pkt->flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0)
        pkt->distrusted = !net_believes(e, pkt);
    if (e->parser_bytes > RELIEF_BYTES)
        relieve(e);
    flow = flow_table_packet(e->flows, pkt, &dir, &fresh);
    if (fresh) {
        emit_flow(e, flow, OBS_FLOW_START);
    } else if (flow_update_due(flow, e->now_ns)) {
        emit_flow(e, flow, OBS_FLOW_UPDATE);
    }
    if (pkt->proto == IPPROTO_NUM_TCP)
        conversation_segment(e, e->pool, flow, dir, pkt);
    else if (pkt->tunnel != NULL && flow->protocol == NULL)
        flow->app = pkt->tunnel; /* what it carries is looked at instead */
    else if (pkt->proto == IPPROTO_NUM_UDP)
        conversation_datagram(e, flow, dir, pkt);
    else if (pkt->proto == IPPROTO_NUM_ICMP || pkt->proto == IPPROTO_NUM_ICMPV6)
        on_icmp(e, pkt);
    if (flow->server_name != NULL && flow->name_charged == 0)
        charge_name(e, flow);
}

void
net_engine_frame(struct net_engine *e, int link, int64_t time_ns, struct slice frame, uint32_t wire)
{
    struct packet pkt;
    enum decode_result result;

    e->counters.packets++;
    e->counters.bytes += wire;
    if (time_ns > e->now_ns)
        e->now_ns = time_ns;
    pkt.time_ns = time_ns;
    result = decode_frame(&e->decoder, link, frame, &pkt);
    while (result == DECODE_PACKET) {
        on_packet(e, &pkt);
        if (pkt.inner.left == 0)
            return;
        result = decode_inner(&e->decoder, &pkt); /* a tunnel: the packet within */
    }
    if (result == DECODE_ARP) {
        struct obs obs = {.kind = OBS_ARP, .time_ns = e->now_ns, .arp = &e->decoder.arp};

        net_emit(e, &obs);
    }
}

void
net_engine_tick(struct net_engine *e, int64_t now_ns)
{
    struct obs obs = {.kind = OBS_TICK};

    if (now_ns < e->now_ns - ENGINE_CLOCK_BACK_NS)
        net_engine_flush(e);
    if (now_ns < e->now_ns) /* the packets' clock is a little ahead */
        return;
    e->now_ns = now_ns;
    flow_table_advance(e->flows, now_ns);
    obs.time_ns = now_ns;
    net_emit(e, &obs);
}

void
net_engine_flush(struct net_engine *e)
{
    flow_table_flush(e->flows);
    fragments_reset(e->decoder.fragments);
    expect_reset(&e->expect);
    memset(&e->trust, 0, sizeof(e->trust));
    e->now_ns = 0;
}
