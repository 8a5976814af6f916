/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/conversation.h"

#include "agent/net/proto/raw.h"

enum {
    TRIES_MAX = 6,            /* pieces of each direction that protocols may look at */
    TRIES_MIDSTREAM_MAX = 60, /* a message rarely begins where we came in */
    TRIES_DATAGRAMS_MAX = 4,
    TRIES_SHARED_MAX = 64, /* a hello is sent again while media flows */
    HANDOVERS_MAX = 4,     /* protocols within one segment */
};

/* While no protocol is known: the first bytes of directions that were too short to tell. */
struct seeker {
    struct buf head[2];
    struct raw *raw; /* what they refused; NULL before */
};

struct context {
    struct stream_pool *pool;
    struct protocol_call call;
};

static void give(const struct protocol_call *call, struct slice bytes, unsigned depth);

static void
seeker_drop(const struct protocol_call *call, struct seeker *seek)
{
    if (seek == NULL)
        return;
    for (unsigned d = 0; d < 2; d++)
        net_gather_done(call->engine, &seek->head[d]);
    raw_free(seek->raw, call, call->flow->protocol != NULL);
    net_parser_free(call->engine, seek, sizeof(*seek));
}

static void
seeker_free(const struct protocol_call *call)
{
    seeker_drop(call, call->flow->seeker);
    call->flow->seeker = NULL;
}

static void
stop_listening(struct flow *flow)
{
    flow->parser_done = true;
    flow->stream[0].ignored = true;
    flow->stream[1].ignored = true;
}

static void
close_parser(const struct protocol_call *call)
{
    struct flow *flow = call->flow;

    if (flow->parser != NULL)
        flow->protocol->close(flow->parser, call);
    flow->parser = NULL;
}

/* Another protocol begins: with what the other side sent too early, and with the end of `bytes`. */
static void
hand_over(const struct protocol_call *call, struct slice bytes, unsigned depth)
{
    struct flow *flow = call->flow;
    struct protocol_call other = *call;
    struct handover left = net_handover_take(call->engine);

    other.dir = 1 - call->dir;
    close_parser(call);
    flow->handover = false;
    flow->protocol = NULL;
    flow->tries[0] = flow->tries[1] = 0;
    if (depth < HANDOVERS_MAX) {
        if (left.rest < bytes.left)
            slice_skip(&bytes, bytes.left - left.rest);
        give(&other, buf_slice(&left.early), depth + 1);
        give(call, bytes, depth + 1);
    }
    net_gather_done(call->engine, &left.early);
}

static void
feed(const struct protocol_call *call, struct slice bytes, unsigned depth)
{
    struct flow *flow = call->flow;
    enum vg_err err = flow->protocol->bytes(flow->parser, call, bytes);

    if (flow->handover) {
        hand_over(call, bytes, depth);
    } else if (err != VG_OK) {
        if (err == VG_ERR_FORMAT)
            net_engine_counters(call->engine)->parser_errors++;
        if (flow->protocol == &PROTOCOL_RAW) { /* a protocol may be agreed upon yet */
            close_parser(call);
            flow->protocol = NULL;
        }
        stop_listening(flow);
    }
}

/* The protocol of `head`, sent by call->dir. PROBE_MORE where one of them needs more. */
static enum probe
ask_all(const struct protocol_call *call, struct slice head, const struct protocol **found)
{
    const struct flow_key *key = &call->flow->key;
    enum probe answer = PROBE_NO;

    for (size_t i = 0; PROTOCOLS[i] != NULL; i++) {
        enum probe one = PROBE_NO;

        if (PROTOCOLS[i]->probe != NULL)
            one = PROTOCOLS[i]->probe(head, key->port[call->dir], key->port[1 - call->dir]);
        if (one == PROBE_YES) {
            *found = PROTOCOLS[i];
            return PROBE_YES;
        }
        if (one == PROBE_MORE)
            answer = PROBE_MORE;
    }
    return answer;
}

/* Gives the parser the first bytes of call->dir, then what the other side had said before. */
static void
begin_protocol(const struct protocol_call *call, const struct protocol *protocol, struct slice head,
               unsigned depth)
{
    struct flow *flow = call->flow;
    struct seeker *seek = flow->seeker; /* holds `head`, perhaps: freed last */
    struct protocol_call other = *call;

    flow->seeker = NULL;
    flow->protocol = protocol;
    flow->app = protocol->name;
    flow->parser = protocol->open != NULL ? protocol->open(call) : NULL;
    if (flow->parser == NULL) {
        stop_listening(flow);
    } else {
        other.dir = 1 - call->dir;
        feed(call, head, depth);
        if (seek != NULL)
            give(&other, buf_slice(&seek->head[other.dir]), depth);
    }
    seeker_drop(call, seek);
}

static struct seeker *
seeker_of(const struct protocol_call *call)
{
    struct seeker *seek = call->flow->seeker;

    if (seek != NULL)
        return seek;
    seek = net_parser_alloc(call->engine, sizeof(*seek));
    if (seek == NULL)
        return NULL;
    buf_init(&seek->head[0], 128 * 1024); /* one segment after PROBE_BYTES_MAX */
    buf_init(&seek->head[1], 128 * 1024);
    call->flow->seeker = seek;
    return seek;
}

/* What no protocol wants. */
static void
show_raw(const struct protocol_call *call, struct slice bytes)
{
    struct seeker *seek = seeker_of(call);

    if (seek == NULL)
        return;
    if (seek->raw == NULL)
        seek->raw = raw_new(call);
    if (seek->raw != NULL)
        (void)raw_bytes(seek->raw, call, bytes);
}

/* The flow ends while protocols wait for more. */
static void
show_rest(const struct protocol_call *call)
{
    struct seeker *seek = call->flow->seeker;
    struct protocol_call of = *call;

    for (unsigned d = 0; seek != NULL && d < 2; d++) {
        of.dir = d;
        if (seek->head[d].len > 0)
            show_raw(&of, buf_slice(&seek->head[d]));
    }
}

/* All have given up: the rest is looked at as it is. */
static void
begin_raw(const struct protocol_call *call)
{
    struct flow *flow = call->flow;
    struct raw *raw = flow->seeker != NULL ? flow->seeker->raw : NULL;

    if (raw != NULL)
        flow->seeker->raw = NULL;
    seeker_free(call);
    if (raw == NULL) {
        stop_listening(flow);
        return;
    }
    flow->protocol = &PROTOCOL_RAW;
    flow->parser = raw;
}

static void
give_up_direction(const struct protocol_call *call)
{
    struct flow *flow = call->flow;
    unsigned max = flow->midstream ? TRIES_MIDSTREAM_MAX : TRIES_MAX;

    if (flow->tries[call->dir] < max)
        flow->tries[call->dir]++;
    if (flow->tries[0] >= max || flow->tries[1] >= max)
        begin_raw(call);
}

static void
seek_protocol(const struct protocol_call *call, struct slice bytes, unsigned depth)
{
    struct flow *flow = call->flow;
    struct seeker *seek = flow->seeker;
    const struct protocol *found = NULL;
    struct slice head = bytes, whole;
    enum probe answer;

    if (seek == NULL && expect_take(net_expect(call->engine), call->time_ns, flow)) {
        begin_protocol(call, net_expect(call->engine)->came.protocol, head, depth);
        return;
    }
    if (seek != NULL && seek->head[call->dir].len > 0) {
        if (net_gather(call->engine, &seek->head[call->dir], bytes.at, bytes.left) != VG_OK) {
            buf_clear(&seek->head[call->dir]);
            give_up_direction(call);
            return;
        }
        head = buf_slice(&seek->head[call->dir]);
    }
    whole = head;
    answer = ask_all(call, head, &found);
    if (answer == PROBE_NO && head.left > bytes.left) { /* what came first was something else */
        head = bytes;
        answer = ask_all(call, head, &found);
    }
    if (answer == PROBE_YES) {
        begin_protocol(call, found, head, depth);
        return;
    }
    if (answer == PROBE_MORE && head.left < PROBE_BYTES_MAX) {
        seek = seeker_of(call);
        if (seek == NULL) {
            stop_listening(flow);
            return;
        }
        if (head.left < whole.left) {
            show_raw(call, slice_sub(&whole, whole.left - bytes.left));
            buf_clear(&seek->head[call->dir]);
        }
        if (seek->head[call->dir].len > 0 ||
            net_gather(call->engine, &seek->head[call->dir], bytes.at, bytes.left) == VG_OK)
            return;
    }
    show_raw(call, whole);
    if (seek != NULL)
        buf_clear(&seek->head[call->dir]);
    give_up_direction(call);
}

/* `depth`: how many protocols ended within the same segment before. */
static void
give(const struct protocol_call *call, struct slice bytes, unsigned depth)
{
    if (call->flow->parser_done || bytes.left == 0)
        return;
    if (call->flow->protocol == NULL)
        seek_protocol(call, bytes, depth);
    else
        feed(call, bytes, depth);
}

/* ---- what streams call ---- */

static void
on_bytes(void *ctx, struct slice bytes)
{
    struct context *c = ctx;

    give(&c->call, bytes, 0);
}

static void
on_gap(void *ctx, uint32_t bytes)
{
    struct context *c = ctx;
    struct flow *flow = c->call.flow;

    if (flow->parser_done)
        return;
    if (flow->protocol == NULL) {
        if (flow->seeker != NULL)
            buf_clear(&flow->seeker->head[c->call.dir]);
    } else if (flow->protocol->gap(flow->parser, &c->call, bytes) != VG_OK) {
        stop_listening(flow);
    }
}

static void
on_end(void *ctx)
{
    struct context *c = ctx;
    struct flow *flow = c->call.flow;

    if (!flow->parser_done && flow->parser != NULL && flow->protocol->end != NULL)
        flow->protocol->end(flow->parser, &c->call);
}

/* Programs that ask for urgent bytes in line (telnet, rlogin, rsh, the control connection of FTP);
 * all others never see them, and so parsers must not. */
static bool
urgent_in_line(const struct flow_key *key)
{
    static const uint16_t ports[] = {21, 23, 513, 514};

    for (size_t i = 0; i < VG_ARRAY_LEN(ports); i++)
        if (key->port[0] == ports[i] || key->port[1] == ports[i])
            return true;
    return false;
}

/* A segment whose last urgent byte is `seg->bytes[urgent - 1]`: before, that byte, after. */
static void
urgent_segment(struct stream_pool *pool, struct stream *s, const struct stream_segment *seg,
               uint32_t urgent, const struct stream_user *user)
{
    struct stream_segment part = *seg;
    struct slice rest = seg->bytes;

    part.fin = false;
    part.bytes = slice_sub(&rest, urgent - 1);
    part.wire = urgent - 1;
    if (part.wire > 0 || part.syn)
        stream_segment(pool, s, &part, user);
    part.seq += part.wire + (part.syn ? 1 : 0);
    part.syn = false;
    part.quiet = true;
    part.wire = 1;
    part.bytes = slice_sub(&rest, 1);
    stream_segment(pool, s, &part, user);
    part.seq++;
    part.quiet = false;
    part.fin = seg->fin;
    part.wire = seg->wire - urgent;
    part.bytes = rest;
    if (part.wire > 0 || part.fin)
        stream_segment(pool, s, &part, user);
}

static const struct stream_user USER = {.bytes = on_bytes, .gap = on_gap, .end = on_end};

/* ---- packets ---- */

/* The beginning of a TLS record with a ClientHello: type 22, version 3.x, message type 1. */
static bool
looks_like_hello(struct slice in)
{
    if (slice_u8(&in) != 22 || slice_u8(&in) != 3 || slice_u8(&in) > 4)
        return false;
    slice_skip(&in, 2);
    return slice_u8(&in) == 1 && slice_u8(&in) == 0 && !in.bad;
}

/* STARTTLS and its like: a flow that has no parser any more gets a new chance. */
static void
look_again(struct stream_pool *pool, struct flow *flow)
{
    for (unsigned d = 0; d < 2; d++) {
        stream_ignore(pool, &flow->stream[d]);
        flow->stream[d] = (struct stream){0};
    }
    flow->parser_done = false;
    flow->protocol = NULL;
    flow->tries[0] = flow->tries[1] = 0;
}

void
conversation_segment(struct net_engine *e, struct stream_pool *pool, struct flow *flow,
                     unsigned dir, const struct packet *pkt)
{
    struct context ctx = {.pool = pool,
                          .call = {.engine = e, .flow = flow, .time_ns = net_now(e), .dir = dir}};
    struct stream_user user = USER;
    struct stream_segment seg = {
        .seq = pkt->seq,
        .syn = (pkt->flags & TCP_SYN) != 0,
        .fin = (pkt->flags & TCP_FIN) != 0,
        .alone = flow->packets[1 - dir] == 0,
        .wire = pkt->payload_wire,
        .bytes = pkt->payload,
    };

    if (flow->parser_done) {
        if (flow->parser != NULL || pkt->payload.left < 9 || !looks_like_hello(pkt->payload))
            return;
        look_again(pool, flow);
    }
    if (pkt->distrusted)
        return;
    seg.doubted = seg.wire > 0 && !seg.syn && !seg.fin && !net_believes(e, pkt);
    if (seg.doubted) { /* nor is its acknowledgement believed */
        stream_segment(pool, &flow->stream[dir], &seg, &user);
        return;
    }
    user.ctx = &ctx;
    if ((pkt->flags & TCP_ACK) != 0 &&
        (flow->stream[1 - dir].waiting != NULL || flow->stream[1 - dir].late > 0)) {
        ctx.call.dir = 1 - dir;
        stream_acked(pool, &flow->stream[1 - dir], pkt->ack, &user);
        ctx.call.dir = dir;
    }
    if ((pkt->flags & TCP_RST) != 0) /* its bytes, if any, are no part of the stream */
        return;
    seg.offered = seg.syn && seg.wire > 0 && !pkt->fast_open;
    if ((pkt->flags & TCP_URG) != 0 && pkt->urgent > 0 && pkt->urgent <= seg.bytes.left &&
        !urgent_in_line(&flow->key))
        urgent_segment(pool, &flow->stream[dir], &seg, pkt->urgent, &user);
    else if (seg.wire > 0 || seg.syn || seg.fin)
        stream_segment(pool, &flow->stream[dir], &seg, &user);
    if (flow->parser_done)
        for (unsigned d = 0; d < 2; d++)
            stream_ignore(pool, &flow->stream[d]);
}

/* A datagram of a flow whose protocol shares it with others, and that is not its own. The flow keeps
 * its first name. */
static void
ask_sharers(const struct protocol_call *call, const struct packet *pkt)
{
    struct flow *flow = call->flow;
    const struct protocol *first = flow->protocol;
    void *parser = flow->parser;

    if (!first->shares || flow->tries[1] >= TRIES_SHARED_MAX)
        return;
    flow->tries[1]++;
    flow->parser = NULL; /* each takes what is there for its own */
    for (size_t i = 0; PROTOCOLS[i] != NULL; i++) {
        if (!PROTOCOLS[i]->shares || PROTOCOLS[i] == first || !PROTOCOLS[i]->datagram(call, pkt))
            continue;
        flow->protocol = PROTOCOLS[i];
        flow->app = first->name;
        flow->tries[1] = TRIES_SHARED_MAX; /* one change is enough */
        if (parser != NULL)
            first->close(parser, call);
        return;
    }
    flow->parser = parser;
}

void
conversation_datagram(struct net_engine *e, struct flow *flow, unsigned dir,
                      const struct packet *pkt)
{
    struct protocol_call call = {.engine = e, .flow = flow, .time_ns = net_now(e), .dir = dir};

    if (flow->parser_done || pkt->payload.left == 0 || !net_believes(e, pkt))
        return;
    if (flow->protocol != NULL) {
        if (!flow->protocol->datagram(&call, pkt))
            ask_sharers(&call, pkt);
        return;
    }
    for (size_t i = 0; PROTOCOLS[i] != NULL; i++)
        if (PROTOCOLS[i]->datagram != NULL && PROTOCOLS[i]->datagram(&call, pkt)) {
            flow->protocol = PROTOCOLS[i];
            flow->app = PROTOCOLS[i]->name;
            return;
        }
    if (++flow->tries[0] >= TRIES_DATAGRAMS_MAX)
        flow->parser_done = true;
}

void
conversation_end(struct net_engine *e, struct stream_pool *pool, struct flow *flow, int64_t now_ns)
{
    struct context ctx = {.pool = pool, .call = {.engine = e, .flow = flow, .time_ns = now_ns}};
    struct stream_user user = USER;

    user.ctx = &ctx;
    for (unsigned i = 0; i < 2; i++) {
        unsigned d = i == 0 ? flow->client : 1u - flow->client;

        ctx.call.dir = d;
        if (!flow->parser_done)
            stream_flush(pool, &flow->stream[d], &user);
        stream_ignore(pool, &flow->stream[d]);
    }
    close_parser(&ctx.call);
    show_rest(&ctx.call);
    seeker_free(&ctx.call);
}
