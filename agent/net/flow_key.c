/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/flow_key.h"

_Static_assert(sizeof(struct flow_key) == 40, "flow keys are compared as bytes");

void
flow_key_of(const struct packet *pkt, struct flow_key *key, unsigned *dir)
{
    bool ports = pkt->proto == IPPROTO_NUM_TCP || pkt->proto == IPPROTO_NUM_UDP;
    int order = memcmp(pkt->src.bytes, pkt->dst.bytes, sizeof(pkt->src.bytes));
    unsigned d;

    if (order == 0)
        order = (int)pkt->sport - (int)pkt->dport;
    d = order <= 0 ? 0 : 1;
    memset(key, 0, sizeof(*key));
    memcpy(key->addr[d], pkt->src.bytes, sizeof(key->addr[0]));
    memcpy(key->addr[1 - d], pkt->dst.bytes, sizeof(key->addr[0]));
    if (ports) {
        key->port[d] = pkt->sport;
        key->port[1 - d] = pkt->dport;
    }
    key->family = pkt->src.family;
    key->proto = pkt->proto;
    *dir = d;
}

uint32_t
flow_key_hash(const struct hash_key *secret, const struct flow_key *key)
{
    uint64_t h;

    if (key->family == 4) {
        uint8_t packed[16] = {0};

        memcpy(packed, key->addr[0], 4);
        memcpy(packed + 4, key->addr[1], 4);
        memcpy(packed + 8, key->port, 4);
        packed[12] = key->proto;
        h = str_hash(secret, packed, sizeof(packed));
    } else {
        h = str_hash(secret, key, sizeof(*key));
    }
    return (uint32_t)(h ^ h >> 32);
}

uint64_t
flow_id(const struct flow_key *key, int64_t start_ns)
{
    struct hash_key start = {STR_HASH_STORED.k0 ^ (uint64_t)start_ns, STR_HASH_STORED.k1};

    return str_hash(&start, key, sizeof(*key));
}
