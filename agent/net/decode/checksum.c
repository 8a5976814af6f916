/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/decode/checksum.h"

enum { SEGMENT_BYTES_MAX = 1500 }; /* on a wire; what is larger a card has yet to cut, or joined */

static uint16_t
fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* Whole words of 32 bytes at a time: carries gather in the upper half and are folded at the end. */
static uint64_t
add(uint64_t sum, struct slice in)
{
    uint64_t words[4];
    uint8_t rest[32] = {0};

    while (in.left >= sizeof(words)) {
        (void)slice_copy(&in, words, sizeof(words));
        for (unsigned i = 0; i < 4; i++)
            sum += (words[i] & 0xffffffff) + (words[i] >> 32);
    }
    (void)slice_copy(&in, rest, in.left);
    memcpy(words, rest, sizeof(words));
    for (unsigned i = 0; i < 4; i++)
        sum += (words[i] & 0xffffffff) + (words[i] >> 32);
    return sum;
}

uint16_t
checksum_of(struct slice in)
{
    return fold(add(0, in));
}

/* Addresses, protocol and length (RFC 9293, 3.1; RFC 8200, 8.1). */
static uint64_t
pseudo_header(const struct packet *pkt)
{
    uint32_t len = (uint32_t)pkt->segment.left;
    uint8_t tail[8] = {(uint8_t)(len >> 24),
                       (uint8_t)(len >> 16),
                       (uint8_t)(len >> 8),
                       (uint8_t)len,
                       0,
                       0,
                       0,
                       pkt->proto};
    size_t address = pkt->src.family == 4 ? 4 : 16;
    uint64_t sum = add(0, slice_of(tail, sizeof(tail)));

    sum = add(sum, slice_of(pkt->src.bytes, address));
    return add(sum, slice_of(pkt->dst.bytes, address));
}

enum checksum
checksum_judge(const struct packet *pkt)
{
    uint8_t field[2] = {(uint8_t)(pkt->sum >> 8), (uint8_t)pkt->sum};
    uint64_t pseudo;

    if (pkt->segment.bad || pkt->segment.left > SEGMENT_BYTES_MAX ||
        (pkt->proto == IPPROTO_NUM_UDP && pkt->sum == 0))
        return CHECKSUM_NONE;
    pseudo = pseudo_header(pkt);
    if (fold(add(pseudo, pkt->segment)) == 0xffff)
        return CHECKSUM_RIGHT;
    if (pkt->sum == 0 || checksum_of(slice_of(field, 2)) == fold(pseudo))
        return CHECKSUM_OFFLOADED;
    return CHECKSUM_WRONG;
}
