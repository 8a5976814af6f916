/* SPDX-License-Identifier: Apache-2.0 */
/* engine: packets in, observations out: decoder, fragments, flows, streams and protocols together.
 *
 * Deterministic: the same frames with the same times give the same observations in the same order.
 * Memory is bounded by the caps of its parts, whose sum is ENGINE_BYTES_MAX at most (engine.c adds
 * them up); the parsers together by ENGINE_PARSER_BYTES. */
#pragma once

#include "agent/net/decode/decode.h"
#include "agent/net/expect.h"
#include "agent/net/flow.h"
#include "agent/net/transfer.h"
#include "common/buf.h"

enum {
    ENGINE_PARSER_BYTES = 8 * 1024 * 1024, /* what all parsers together may hold */
    ENGINE_SCRATCH_BYTES = 256 * 1024,
    ENGINE_KEPT_MAX = 4,
    ENGINE_BYTES_MAX = 36 * 1024 * 1024, /* all that an engine may hold */
};

struct app_list;
struct owners;
struct owner_socket;
struct net_engine;

/* Everything in the observation is borrowed for the call. */
typedef void net_observe_fn(void *ctx, const struct obs *obs);

/* `flows_max`: 1 to FLOWS_MAX; 0 is FLOWS_MAX. VG_ERR_NOMEM. */
enum vg_err net_engine_new(net_observe_fn *observe, void *ctx, uint32_t flows_max,
                           struct net_engine **out) VG_MUST_CHECK;
void net_engine_free(struct net_engine *e);
/* Names applications by this list, which outlives the engine. NULL: by protocols only. */
void net_engine_name_apps(struct net_engine *e, const struct app_list *apps);
/* Programs of flows come from these, which outlive the engine. NULL: none. */
void net_engine_name_programs(struct net_engine *e, const struct owners *owners);
/* The flow of this id, between these ends in either order, belongs to that program of owner.h. */
void net_engine_set_program(struct net_engine *e, uint64_t flow, const struct owner_socket *socket,
                            uint16_t program);

/* One frame. `wire` is its length before the snap length. */
void net_engine_frame(struct net_engine *e, int link, int64_t time_ns, struct slice frame,
                      uint32_t wire);
/* The clock moved (live only): timeouts, then OBS_TICK. A clock that was set back by more than
 * ENGINE_CLOCK_BACK_NS ends all flows, as between two inputs: else nothing would time out until the
 * old time is reached again. */
#define ENGINE_CLOCK_BACK_NS (INT64_C(60) * 1000000000)
void net_engine_tick(struct net_engine *e, int64_t now_ns);
/* The input ended: every flow ends, and the engine is as new for the next one. */
void net_engine_flush(struct net_engine *e);

/* Which kinds of observation somebody looks at, as bits 1 << obs_kind; all, until told. Protocols
 * spare themselves the work for others. */
void net_engine_want(struct net_engine *e, uint32_t kinds);

struct net_counters *net_engine_counters(struct net_engine *e);
size_t net_engine_flows(const struct net_engine *e);

/* ---- for protocols ---- */
/* The newest time so far: observations never go back in time, even where packets do. */
int64_t net_now(const struct net_engine *e);
void net_emit(struct net_engine *e, const struct obs *obs);
bool net_wants(const struct net_engine *e, enum obs_kind kind);
/* Whether a receiver would take this TCP or UDP packet (trust.h); counts those that it would not. */
bool net_believes(struct net_engine *e, const struct packet *pkt);
/* Flow seen with direction index `client` as src. */
void net_flow_view(const struct protocol_call *call, unsigned client, struct flow_view *out);
/* First name wins; longer than 255 bytes is cut. Counts as a parser's memory. */
void net_flow_name_server(struct flow *flow, struct str name);
/* What a ClientHello looks like (TLS or QUIC), before its flow is viewed: an application may be
 * known by that where no name tells. `alpn`: all that it asks for, comma between. */
void net_flow_hello(const struct protocol_call *call, struct str ja4, struct str alpn,
                    struct str sni);

/* Memory of parsers: charged against ENGINE_PARSER_BYTES. */
void *net_parser_alloc(struct net_engine *e, size_t size); /* zeroed; NULL at the cap */
void net_parser_free(struct net_engine *e, void *p, size_t size);
/* Appends to a parser's buffer within its own cap and the engine's; VG_ERR_LIMIT, VG_ERR_NOMEM. */
enum vg_err net_gather(struct net_engine *e, struct buf *b, const void *bytes,
                       size_t len) VG_MUST_CHECK;
void net_gather_done(struct net_engine *e, struct buf *b);

/* Connections that others announced (expect.h). */
struct expect *net_expect(struct net_engine *e);
/* The transfers of all flows (transfer.h). */
struct transfers *net_transfers(struct net_engine *e);

/* What a protocol keeps for all its flows (contexts of a library): made when it is first asked for,
 * freed by `done` with the engine. NULL where `make` gave NULL. At most ENGINE_KEPT_MAX protocols. */
void *net_keep(struct net_engine *e, const struct protocol *of, void *(*make)(void),
               void (*done)(void *));

/* A buffer for the texts of one record, of ENGINE_SCRATCH_BYTES; the next user clears it. */
struct buf *net_scratch(struct net_engine *e);

/* The stream's protocol is over and another begins (CONNECT, STARTTLS). Called from within bytes();
 * the parser is closed after it returns. */
void net_flow_handover(struct flow *flow);
/* What of it is the next protocol's: so many bytes at the end of those that bytes() was given; and
 * what the other side had sent too early: `early`, which net_gather() filled, is emptied. */
void net_handover_rest(const struct protocol_call *call, size_t bytes);
void net_handover_early(const struct protocol_call *call, struct buf *early);

/* ---- for conversations ---- */
struct handover {
    size_t rest;
    struct buf early; /* to be given back with net_gather_done() */
};
/* What was told by the two above, which begins anew. */
struct handover net_handover_take(struct net_engine *e);
