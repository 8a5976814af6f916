/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums against the sum as RFC 1071 writes it; whose wrong ones are believed. */
#include "agent/net/decode/checksum.h"
#include "agent/net/trust.h"
#include "net_kit.h"

static uint16_t
naive(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void
test_sums(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (size_t len = 0; len < 300; len++) {
        uint8_t bytes[300], folded[2];
        uint16_t sum;

        for (size_t i = 0; i < len; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            bytes[i] = len % 7 == 0 ? 0xff : (uint8_t)(seed >> 56);
        }
        sum = checksum_of(slice_of(bytes, len));
        memcpy(folded, &sum, 2);
        assert_int_equal(folded[0] << 8 | folded[1], naive(bytes, len, 0));
    }
}

enum { RIGHT, WRONG, PARTIAL, ZERO };

/* A TCP segment of `host` whose checksum is so. */
static bool
believed(struct trust *t, uint8_t host, unsigned kind, size_t len)
{
    static uint8_t segment[12000];
    struct packet pkt = {.proto = IPPROTO_NUM_TCP};
    uint8_t pseudo[12] = {10, 0, 0, host, 10, 0, 0, 99, 0, 6, (uint8_t)(len >> 8), (uint8_t)len};
    uint16_t half = naive(pseudo, sizeof(pseudo), 0);

    memset(segment, 'a', len);
    segment[16] = segment[17] = 0;
    memcpy(pkt.src.bytes, pseudo, 4);
    memcpy(pkt.dst.bytes, pseudo + 4, 4);
    pkt.src.family = pkt.dst.family = 4;
    pkt.sum = kind == PARTIAL ? half : kind == ZERO ? 0 : (uint16_t)~naive(segment, len, half);
    pkt.sum ^= kind == WRONG ? 0x0110 : 0;
    segment[16] = (uint8_t)(pkt.sum >> 8);
    segment[17] = (uint8_t)pkt.sum;
    pkt.segment = slice_of(segment, len);
    return trust_packet(t, &pkt);
}

static void
test_trust(void **state)
{
    struct trust t = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++) { /* the card fills them in */
        assert_true(believed(&t, 1, i % 2 == 0 ? PARTIAL : ZERO, 100));
        assert_true(believed(&t, 2, WRONG, 100));
        assert_true(believed(&t, 3, i % 2 == 0 ? RIGHT : WRONG, 100));
    }
    for (unsigned i = 0; i < 1000; i++)
        assert_true(believed(&t, 4, RIGHT, 61 + i));
    assert_false(believed(&t, 4, WRONG, 100));
    assert_false(believed(&t, 4, PARTIAL, 100));
    assert_true(believed(&t, 4, WRONG, 10000)); /* joined after its checksum was seen to */
    assert_true(believed(&t, 4, RIGHT, 100));
    assert_true(believed(&t, 1, PARTIAL, 100));
    assert_true(believed(&t, 5, WRONG, 100)); /* of whom nothing is known */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_trust),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
