/* SPDX-License-Identifier: Apache-2.0 */
/* tls_record: one direction of a TLS connection, cut into records and handshake messages (RFC 8446,
 * 5.1). Messages may lie over records as they like, and records over segments. Only what somebody
 * wants of a message is kept: a whole hello, the first certificate of a chain; everything else
 * passes by, counted. */
#pragma once

#include "agent/net/engine.h"

enum {
    TLS_CHANGE_CIPHER = 20,
    TLS_ALERT = 21,
    TLS_HANDSHAKE = 22,
    TLS_DATA = 23,
    TLS_HEARTBEAT = 24,
    TLS_RECORD_MAX = 16384 + 2048,

    TLS_CLIENT_HELLO = 1,
    TLS_SERVER_HELLO = 2,
    TLS_CERTIFICATE = 11,
    TLS_SERVER_KEY_EXCHANGE = 12,
    TLS_SERVER_HELLO_DONE = 14,

    TLS_CLIENT_HELLO_MAX = 64 * 1024,
    TLS_SERVER_HELLO_MAX = 16 * 1024,
};

struct tls_side {
    uint8_t head[5];     /* of a record; within one, of an alert */
    uint8_t start[4];    /* of a handshake message */
    uint8_t have, begun; /* bytes of them */
    bool sealed;         /* what comes is encrypted: records are skipped by their length */
    bool begun_v2;       /* the first record may be one of SSL 2.0 */
    uint8_t type;        /* of the record that we are in */
    uint16_t left;       /* of it */
    uint32_t seen;       /* 1 << type of each handshake message that began */
    uint32_t message;    /* bytes of the handshake message that are still to come */
    uint32_t want;       /* bytes of its body that somebody wants, from its beginning */
    uint8_t curve_at;    /* how far the end of what passed by is as CURVE_EXPLICIT begins */
    bool beat;           /* the head of this heartbeat was told */
    bool explicit_curve; /* a certificate behind the first one brings the curve's own parameters */
    struct buf body;     /* those that are there, while some are missing */
};

enum tls_event_kind {
    TLS_EVENT_RECORD,    /* one begins: `type`, `len` */
    TLS_EVENT_MESSAGE,   /* a handshake message: `type`, `body` as far as it is wanted */
    TLS_EVENT_ALERT,     /* `type` the level, `len` the description */
    TLS_EVENT_V2,        /* a message in the form of SSL 2.0: `type`, `body` */
    TLS_EVENT_HEARTBEAT, /* in the clear (RFC 6520): `type` 1 asks, 2 answers; `len` as it claims */
};

struct tls_event {
    enum tls_event_kind kind;
    uint8_t type;
    uint16_t len;
    struct slice body; /* good until the next call */
};

void tls_side_init(struct tls_side *s, bool v2);
void tls_side_done(struct net_engine *e, struct tls_side *s);
/* The next event in `in`, which it consumes. VG_AGAIN: all is consumed. VG_ERR_FORMAT,
 * VG_ERR_LIMIT, VG_ERR_NOMEM. */
enum vg_err tls_side_next(struct net_engine *e, struct tls_side *s, struct slice *in,
                          struct tls_event *out) VG_MUST_CHECK;
/* `bytes` are missing: true where they were only to be skipped. */
bool tls_side_gap(struct tls_side *s, uint32_t bytes);
