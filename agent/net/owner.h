/* SPDX-License-Identifier: Apache-2.0 */
/* owner: which program of this PC a flow belongs to. Live only.
 *
 * For each new flow of one of our own addresses the question goes out to whoever may look (the host
 * worker, through the keeper), one at a time, at most OWNERS_A_SECOND; what is asked about a socket
 * holds for OWNERS_KEEP_NS for the next flows of the same one. The fingerprint of a program's file
 * comes later, asked for again until it is there. Nothing here has any right of its own. */
#pragma once

#include "agent/detect/obs.h"
#include "agent/net/counters.h"
#include "common/json.h"

enum {
    OWNERS_WAITING_MAX =
        64, /* questions that wait, about two seconds; the oldest is dropped for a new one */
    OWNERS_A_SECOND = 30,
    OWNERS_SOCKETS = 1024,  /* sockets remembered */
    OWNERS_PROGRAMS = 1024, /* programs remembered, for as long as the sensor lives */
    OWNERS_ADDRESSES = 64,
};
#define OWNERS_KEEP_NS (INT64_C(10) * 1000000000)

struct owner_socket {
    bool tcp;
    struct net_addr local, remote;
    uint16_t local_port, remote_port;
};

struct owner_options {
    struct net_counters *counters;
    /* Each VG_OK: an answer will come by owners_answer(); VG_AGAIN: one is still on its way. */
    enum vg_err (*ask_socket)(void *ctx, const struct owner_socket *socket);
    enum vg_err (*ask_hash)(void *ctx, uint64_t file);
    /* The flow of this id between these ends belongs to owners_program(program). */
    void *ask_ctx;
    void (*found)(void *ctx, uint64_t flow, const struct owner_socket *socket, uint16_t program);
    void *found_ctx;
};

struct owners;

/* VG_ERR_NOMEM. */
enum vg_err owners_new(const struct owner_options *options, struct owners **out) VG_MUST_CHECK;
void owners_free(struct owners *o);

/* One of our own: an address, or what our interface's frames bear (6 bytes). More than
 * OWNERS_ADDRESSES are ignored. */
void owners_add_address(struct owners *o, const struct net_addr *address);
void owners_add_mac(struct owners *o, const uint8_t mac[6]);

/* A flow began. Only now_ns and the ends matter. */
void owners_flow(struct owners *o, const struct flow_view *flow, int64_t now_ns);
/* The answer to the last question; `answer` is an object on VG_OK, borrowed. */
void owners_answer(struct owners *o, enum vg_err err, const json_t *answer);
/* About once a second: what waits is asked. */
void owners_tick(struct owners *o, int64_t now_ns);

/* Of a number that was found; NULL for 0 and what is none. Lives as long as `o`. */
const struct program_view *owners_program(const struct owners *o, uint16_t program);
