/* SPDX-License-Identifier: Apache-2.0 */
/* flow_key: one key for both directions of a conversation, and its hash. */
#pragma once

#include "agent/net/flow.h"

/* *dir: 0 when the packet comes from the key's first address, else 1. */
void flow_key_of(const struct packet *pkt, struct flow_key *key, unsigned *dir);
/* The key of a table's hash: random, so that peers, who choose the keys, cannot choose collisions.
 * NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999): two keys that do not depend on the
 * secret collide before the last mixing with a probability of 2^-32. */
enum { FLOW_SECRET_WORDS = 14 }; /* ten for IPv6, four for IPv4 */
struct flow_secret {
    uint32_t word[FLOW_SECRET_WORDS];
};
uint32_t flow_key_hash(const struct flow_secret *secret, const struct flow_key *key);
/* Same for the same input in every run and process. */
uint64_t flow_id(const struct flow_key *key, int64_t start_ns);

static inline bool
flow_key_eq(const struct flow_key *a, const struct flow_key *b)
{
    uint64_t x[5], y[5]; /* no padding: checked in flow_key.c */

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
}
