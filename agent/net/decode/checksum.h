/* SPDX-License-Identifier: Apache-2.0 */
/* checksum: the Internet checksum (RFC 1071) of what was captured. */
#pragma once

#include "agent/net/packet.h"

/* Sum of 16-bit words in one's complement, as the machine orders bytes; an odd last byte is the
 * first of its word. Folded. */
uint16_t checksum_of(struct slice in);

enum checksum {
    CHECKSUM_NONE, /* none was sent, not all of the bytes are here, or more than a frame holds */
    CHECKSUM_RIGHT,
    CHECKSUM_OFFLOADED, /* zero, or the pseudo header's alone: the card would have filled it in */
    CHECKSUM_WRONG,
};
/* Of a TCP or UDP packet. */
enum checksum checksum_judge(const struct packet *pkt);
