/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/trust.h"

#include "agent/net/decode/checksum.h"

/* Never 0. The same in every run: whom a collision hits is no secret worth keeping. */
static uint32_t
name_of(const struct net_addr *a)
{
    struct slice in = slice_of(a->bytes, sizeof(a->bytes));
    uint64_t h = slice_le64(&in) * UINT64_C(0x9e3779b97f4a7c15) ^ slice_le64(&in);

    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return (uint32_t)h != 0 ? (uint32_t)h : 1;
}

static void
count(uint16_t *this, uint16_t *that)
{
    if (++*this < UINT16_MAX)
        return;
    *this /= 2; /* the past counts less and less */
    *that /= 2;
}

bool
trust_packet(struct trust *t, const struct packet *pkt)
{
    enum checksum sum = checksum_judge(pkt);
    uint32_t sender = name_of(&pkt->src), i = sender % TRUST_SENDERS;
    bool refuse;

    if (sum == CHECKSUM_NONE && !pkt->ip_sum_wrong)
        return true;
    if (t->of[i].sender != sender) {
        t->of[i].sender = sender;
        t->of[i].right = t->of[i].wrong = 0;
    }
    if (sum == CHECKSUM_RIGHT && !pkt->ip_sum_wrong) {
        count(&t->of[i].right, &t->of[i].wrong);
        return true;
    }
    if (sum == CHECKSUM_OFFLOADED && !pkt->ip_sum_wrong)
        refuse = t->of[i].right >= TRUST_FINISHED_LEAST &&
                 t->of[i].right >= t->of[i].wrong * TRUST_FINISHED_SHARE;
    else
        refuse = t->of[i].right >= TRUST_RIGHT_LEAST &&
                 t->of[i].right >= t->of[i].wrong * TRUST_RIGHT_SHARE;
    count(&t->of[i].wrong, &t->of[i].right);
    return !refuse;
}
