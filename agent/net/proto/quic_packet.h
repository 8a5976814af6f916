/* SPDX-License-Identifier: Apache-2.0 */
/* quic_packet: packets with a long header (RFC 9000, 17.2; RFC 8999) and the frames of an Initial
 * (RFC 9000, 12.4 and 19). */
#pragma once

#include "agent/net/pieces.h"
#include "agent/net/proto/quic_keys.h"

enum quic_packet_type {
    QUIC_INITIAL,
    QUIC_ZERO_RTT,
    QUIC_HANDSHAKE,
    QUIC_RETRY,
    QUIC_NEGOTIATION, /* a list of versions */
};

struct quic_packet {
    enum quic_packet_type type;
    uint32_t version;
    struct slice dcid, scid; /* borrowed */
    struct slice bytes;      /* all of it, as its length says; of QUIC_RETRY and QUIC_NEGOTIATION
                                what is left of the datagram */
    size_t number_at;        /* where the protected packet number begins; Initial only */
    bool cut;                /* the capture holds less than its length says */
};

/* RFC 9000, 16. */
uint64_t quic_varint(struct slice *in);

/* Takes one packet of a datagram; several may lie behind each other. VG_ERR_FORMAT: no long header,
 * or none that can be; VG_ERR_SHORT. */
enum vg_err quic_packet_take(struct slice *datagram, struct quic_packet *out) VG_MUST_CHECK;

/* The CRYPTO frames of an Initial's payload into `crypto`; others are skipped. `google`: frames as
 * Google numbered them. VG_ERR_FORMAT: a frame that no Initial may hold; errors of pieces_put(). */
enum vg_err quic_frames_read(struct net_engine *e, struct slice payload, bool google,
                             struct pieces *crypto) VG_MUST_CHECK;
