/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/flow_key.h"

_Static_assert(sizeof(struct flow_key) == 40, "flow keys are compared as bytes");

/* Addresses in the order of their bytes: below 0, 0, above 0. */
static int
compare(const struct net_addr *a, const struct net_addr *b)
{
    struct slice x = slice_of(a->bytes, sizeof(a->bytes)), y = slice_of(b->bytes, sizeof(b->bytes));
    uint64_t high = slice_be64(&x), other = slice_be64(&y);

    if (high == other) {
        high = slice_be64(&x);
        other = slice_be64(&y);
    }
    return (high > other) - (high < other);
}

void
flow_key_of(const struct packet *pkt, struct flow_key *key, unsigned *dir)
{
    bool ports = pkt->proto == IPPROTO_NUM_TCP || pkt->proto == IPPROTO_NUM_UDP;
    int order = compare(&pkt->src, &pkt->dst);
    unsigned d;

    if (order == 0)
        order = (int)pkt->sport - (int)pkt->dport;
    d = order <= 0 ? 0 : 1;
    memcpy(key->addr[d], pkt->src.bytes, sizeof(key->addr[0]));
    memcpy(key->addr[1 - d], pkt->dst.bytes, sizeof(key->addr[0]));
    key->port[d] = ports ? pkt->sport : 0;
    key->port[1 - d] = ports ? pkt->dport : 0;
    key->family = pkt->src.family;
    key->proto = pkt->proto;
    memset(key->zero, 0, sizeof(key->zero));
    *dir = d;
}

/* One step of NH: two words of the key with two of the secret. */
static uint64_t
nh(const uint32_t *word, const uint32_t *secret)
{
    uint32_t a = word[0] + secret[0], b = word[1] + secret[1];

    return (uint64_t)a * b;
}

uint32_t
flow_key_hash(const struct flow_secret *secret, const struct flow_key *key)
{
    uint32_t word[10];
    uint64_t h;

    memcpy(word, key, sizeof(word));
    if (key->family == 4) { /* the rest of both addresses is 0 */
        const uint32_t used[4] = {word[0], word[4], word[8], word[9]};

        h = nh(used, secret->word + 10) + nh(used + 2, secret->word + 12);
    } else {
        h = nh(word, secret->word) + nh(word + 2, secret->word + 2) +
            nh(word + 4, secret->word + 4) + nh(word + 6, secret->word + 6) +
            nh(word + 8, secret->word + 8);
    }
    h ^= h >> 32; /* every bit into the low ones, which choose the bucket */
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

uint64_t
flow_id(const struct flow_key *key, int64_t start_ns)
{
    struct hash_key start = {STR_HASH_STORED.k0 ^ (uint64_t)start_ns, STR_HASH_STORED.k1};

    return str_hash(&start, key, sizeof(*key));
}
