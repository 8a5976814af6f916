/* SPDX-License-Identifier: Apache-2.0 */
/* flow_key: one key for both directions of a conversation, and its hash. */
#pragma once

#include "agent/net/flow.h"

/* *dir: 0 when the packet comes from the key's first address, else 1. */
void flow_key_of(const struct packet *pkt, struct flow_key *key, unsigned *dir);
uint32_t flow_key_hash(const struct hash_key *secret, const struct flow_key *key);
/* Same for the same input in every run and process. */
uint64_t flow_id(const struct flow_key *key, int64_t start_ns);

static inline bool
flow_key_eq(const struct flow_key *a, const struct flow_key *b)
{
    return memcmp(a, b, sizeof(*a)) == 0; /* no padding: checked in flow_key.c */
}
