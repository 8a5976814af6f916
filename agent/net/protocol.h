/* SPDX-License-Identifier: Apache-2.0 */
/* protocol: the form of every application protocol: one file, one row in protocols.c, one test.
 *
 * A protocol is found by what its bytes look like; the port only helps where the look is not
 * enough. A stream protocol gets each direction's bytes in order, or a gap notice. `dir` is the
 * flow's direction index (flow.h). */
#pragma once

#include "agent/net/flow.h"

struct net_engine;

enum probe {
    PROBE_NO,
    PROBE_MORE, /* too few bytes to tell */
    PROBE_YES,
};

enum { PROBE_BYTES_MAX = 512 }; /* gathered while protocols ask for more */

struct protocol_call {
    struct net_engine *engine;
    struct flow *flow;
    int64_t time_ns;
    unsigned dir; /* who sent it */
};

struct protocol {
    const char *name; /* becomes the flow's `protocol` */
    /* Streams. `head`: the first bytes of one direction. NULL: not over TCP. */
    enum probe (*probe)(struct slice head, uint16_t sport, uint16_t dport);
    /* `call->dir` sent the bytes that were recognised. NULL without memory; a protocol that only
     * names the flow has open NULL. */
    void *(*open)(const struct protocol_call *call);
    /* VG_OK: go on. Anything else: nothing more is to be learned from this flow; close() follows
     * at its end all the same. VG_ERR_FORMAT is counted. */
    enum vg_err (*bytes)(void *self, const struct protocol_call *call, struct slice bytes);
    enum vg_err (*gap)(void *self, const struct protocol_call *call, uint32_t bytes);
    void (*end)(void *self,
                const struct protocol_call *call); /* FIN of one direction; may be NULL */
    /* The flow ends: hands on what is open, frees self. */
    void (*close)(void *self, const struct protocol_call *call);
    /* Datagrams: true when it was this protocol's. Called for every datagram of a flow that is
     * this protocol's or not known yet. NULL: not over UDP. `self` is flow->parser, which it may
     * make; close() frees it. */
    bool (*datagram)(const struct protocol_call *call, const struct packet *pkt);
    /* Its datagrams may lie between those of others that share (STUN, DTLS, QUIC: RFC 7983, RFC
     * 9443): what it does not claim is shown to them a few times. */
    bool shares;
};

/* All protocols, in the order in which they are asked; NULL-ended. */
extern const struct protocol *const PROTOCOLS[];
