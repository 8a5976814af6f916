/* SPDX-License-Identifier: Apache-2.0 */
/* The cap of all datagrams together, and that those below it come out whole. */
#include "agent/net/decode/fragment.h"

#include "net_kit.h"

enum { PIECE = 1480, PIECES = 40, WHOLE = PIECE * PIECES };

struct bench {
    struct net_counters counters;
    struct fragments *fragments;
    struct net_addr src, dst;
    uint8_t bytes[WHOLE];
};

static void
begin(struct bench *b)
{
    *b = (struct bench){.src = {.family = 4}, .dst = {.family = 4}};
    b->dst.bytes[0] = 1;
    for (size_t i = 0; i < WHOLE; i++)
        b->bytes[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(fragments_new(&b->counters, &b->fragments), VG_OK);
}

/* One piece of the datagram `id`, whose bytes begin with other ones than those of its neighbours. */
static enum vg_err
give(struct bench *b, uint32_t id, unsigned piece, unsigned pieces, struct slice *whole)
{
    struct fragment p = {.src = &b->src,
                         .dst = &b->dst,
                         .id = id,
                         .proto = IPPROTO_NUM_UDP,
                         .offset = piece * PIECE,
                         .more = piece + 1 < pieces,
                         .ip_bytes = PIECE + 20,
                         .time_ns = 1000 + id,
                         .bytes = slice_of(b->bytes + (size_t)piece * PIECE, PIECE)};
    uint32_t ip_bytes;

    return fragments_add(b->fragments, &p, whole, &ip_bytes);
}

static void
test_pool_is_bounded(void **state)
{
    enum { MANY = 100, FIT = FRAGMENT_POOL_BYTES / 65536 };
    struct bench b;
    struct slice whole;
    unsigned joined = 0;

    (void)state;
    begin(&b);
    for (uint32_t id = 0; id < MANY; id++)
        for (unsigned piece = 0; piece + 1 < PIECES; piece++)
            assert_int_equal(give(&b, id, piece, PIECES, &whole), VG_AGAIN);
    assert_int_equal(b.counters.fragments_dropped, MANY - FIT);
    for (uint32_t id = MANY; id-- > 0;) { /* the newest are there */
        if (give(&b, id, PIECES - 1, PIECES, &whole) != VG_OK)
            continue;
        assert_int_equal(id, MANY - 1 - joined);
        assert_int_equal(whole.left, WHOLE);
        assert_memory_equal(whole.at, b.bytes, WHOLE);
        joined++;
    }
    assert_int_equal(joined, FIT);
    fragments_free(b.fragments);
}

static void
test_small_ones_all_fit(void **state)
{
    struct bench b;
    struct slice whole;

    (void)state;
    begin(&b);
    for (uint32_t id = 0; id < FRAGMENT_DATAGRAMS_MAX; id++)
        assert_int_equal(give(&b, id, 1, 2, &whole), VG_AGAIN);
    for (uint32_t id = 0; id < FRAGMENT_DATAGRAMS_MAX; id++) {
        assert_int_equal(give(&b, id, 0, 2, &whole), VG_OK);
        assert_memory_equal(whole.at, b.bytes, 2 * PIECE);
    }
    assert_int_equal(b.counters.fragments_dropped, 0);
    fragments_reset(b.fragments);
    assert_int_equal(give(&b, 1, 1, 2, &whole), VG_AGAIN);
    fragments_free(b.fragments);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_is_bounded),
        cmocka_unit_test(test_small_ones_all_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
