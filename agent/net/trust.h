/* SPDX-License-Identifier: Apache-2.0 */
/* trust: whether a receiver would take a packet, as far as its checksum says.
 *
 * A wrong checksum is a reason to drop a packet only where its sender's are right: a capture on the
 * sender itself sees what its network card has yet to fill in. So each sender is learned, from its
 * own packets, in a table of fixed size; of whom nothing is known, everything is believed. Bytes of a
 * TCP segment that is not believed still count once the peer acknowledged them (stream.h). */
#pragma once

#include "agent/net/packet.h"

enum {
    TRUST_SENDERS = 512,
    TRUST_RIGHT_LEAST = 4,     /* right ones before a wrong one is refused, */
    TRUST_RIGHT_SHARE = 4,     /* and at least this many for each wrong one */
    TRUST_FINISHED_LEAST = 64, /* the same for what only looks unfinished */
    TRUST_FINISHED_SHARE = 16,
};

struct trust {
    struct {
        uint32_t sender;
        uint16_t right, wrong;
    } of[TRUST_SENDERS];
};

/* Learns from a TCP or UDP packet; false: its receiver drops it. */
bool trust_packet(struct trust *t, const struct packet *pkt);
