/* SPDX-License-Identifier: Apache-2.0 */
/* raw_sealed: whether a stream is enciphered from its first byte on, without a header that a protocol
 * would have: obfs4, Shadowsocks, the hidden form of BitTorrent and of some messengers. By the measures
 * of Wu and others, How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic, USENIX
 * Security 2023, 4: the share of set bits, printable bytes and runs of them; and by how many different
 * bytes there are. Of heads drawn by lot some in a hundred are not seen. Pure. */
#pragma once

#include "common/slice.h"

enum { RAW_SEALED_MIN = 64 };

/* The first bytes of one side; false for fewer than RAW_SEALED_MIN. */
bool raw_sealed(struct slice head);
