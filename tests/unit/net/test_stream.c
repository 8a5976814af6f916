/* SPDX-License-Identifier: Apache-2.0 */
/* One direction put in order: a known text, cut, shuffled, repeated and lost at seeded places. */
#include "agent/net/stream.h"
#include "net_kit.h"
#include "stream_model.h"

enum { TEXT = 20000 };

struct sink {
    uint8_t got[TEXT + 64];
    size_t at;
    unsigned gaps, ends;
};

static void
on_bytes(void *ctx, struct slice bytes)
{
    struct sink *s = ctx;
    size_t n = bytes.left;

    assert_true(s->at + n <= TEXT);
    assert_true(slice_copy(&bytes, s->got + s->at, n));
    s->at += n;
}

static void
on_gap(void *ctx, uint32_t bytes)
{
    struct sink *s = ctx;

    assert_true(s->at + bytes <= TEXT);
    memset(s->got + s->at, 0xee, bytes);
    s->at += bytes;
    s->gaps++;
}

static void
on_end(void *ctx)
{
    ((struct sink *)ctx)->ends++;
}

static uint32_t
next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static uint8_t
letter(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

struct bench {
    struct net_counters counters;
    struct stream_pool *pool;
    struct stream stream;
    struct sink sink;
    struct stream_user user;
    uint32_t base; /* sequence number of the first byte */
};

static void
begin(struct bench *b, uint32_t base)
{
    struct stream_segment syn = {.seq = base - 1, .syn = true, .bytes = slice_of(NULL, 0)};

    memset(b, 0, sizeof(*b));
    b->base = base;
    assert_int_equal(stream_pool_new(&b->counters, &b->pool), VG_OK);
    b->user = (struct stream_user){on_bytes, on_gap, on_end, &b->sink};
    stream_segment(b->pool, &b->stream, &syn, &b->user);
}

/* `captured` of `len` bytes from `at` on. */
static void
give(struct bench *b, size_t at, size_t len, size_t captured, bool fin)
{
    uint8_t *copy = malloc(captured > 0 ? captured : 1);
    struct stream_segment seg = {.seq = b->base + (uint32_t)at, .fin = fin, .wire = (uint32_t)len};

    assert_non_null(copy);
    for (size_t i = 0; i < captured; i++)
        copy[i] = letter(at + i);
    seg.bytes = slice_of(copy, captured);
    stream_segment(b->pool, &b->stream, &seg, &b->user);
    free(copy);
}

static void
expect_whole(const struct bench *b)
{
    assert_int_equal(b->sink.at, TEXT);
    for (size_t i = 0; i < TEXT; i++)
        assert_int_equal(b->sink.got[i], letter(i));
    assert_int_equal(b->sink.gaps, 0);
}

static void
end(struct bench *b)
{
    stream_ignore(b->pool, &b->stream);
    stream_pool_free(b->pool);
}

/* Whatever the order, overlaps and repetitions: the same bytes once. */
static void
test_shuffled(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 300; round++) {
        uint64_t seed = round;
        struct bench b;
        size_t at = 0, count = 0, from[400], len[400];

        begin(&b, round % 3 == 0 ? UINT32_C(0xffffff00) : next(&seed)); /* also around zero */
        while (at < TEXT) {
            size_t n = 1 + next(&seed) % 1800, back = next(&seed) % 4 == 0 ? next(&seed) % 500 : 0;

            back = back < at ? back : at;
            n = n < TEXT - at ? n : TEXT - at;
            from[count] = at - back;
            len[count++] = n + back;
            at += n;
            if (next(&seed) % 5 == 0) {
                from[count] = from[count - 1];
                len[count] = len[count - 1];
                count++;
            }
        }
        for (size_t i = count - 1; i > 0; i--) {
            size_t j = i - next(&seed) % (i < 12 ? i + 1 : 12), f = from[i], l = len[i];

            from[i] = from[j], len[i] = len[j];
            from[j] = f, len[j] = l;
        }
        for (size_t i = 0; i < count; i++)
            give(&b, from[i], len[i], len[i], false);
        give(&b, TEXT, 0, 0, true);
        expect_whole(&b);
        assert_int_equal(b.sink.ends, 1);
        assert_null(b.stream.waiting);
        end(&b);
    }
}

static void
test_holes(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, 1);
    give(&b, 0, 100, 100, false);
    give(&b, 200, 100, 100, false);
    assert_int_equal(b.sink.at, 100);
    for (unsigned i = 0; i <= STREAM_ACKED_SEGMENTS; i++)
        stream_acked(b.pool, &b.stream, b.base + 300, &b.user);
    assert_int_equal(b.sink.at, 300);
    assert_int_equal(b.sink.gaps, 1);
    give(&b, 150, 100, 100, false); /* too late */
    give(&b, 300, 100, 60, false);  /* cut by the snap length */
    assert_int_equal(b.sink.at, 400);
    assert_int_equal(b.sink.gaps, 2);
    give(&b, 500, 10, 10, true);
    stream_flush(b.pool, &b.stream, &b.user);
    assert_int_equal(b.sink.at, 510);
    assert_int_equal(b.sink.ends, 1);
    assert_int_equal(b.counters.stream_gap_bytes, 100 + 40 + 100);
    end(&b);
}

static void
count_bytes(void *ctx, struct slice bytes)
{
    *(uint64_t *)ctx += bytes.left;
}

static void
count_gap(void *ctx, uint32_t bytes)
{
    *(uint64_t *)ctx += bytes;
}

static void
ignore_end(void *ctx)
{
    (void)ctx;
}

/* A hole that nobody fills: memory stays within the cap, and nothing is told twice. */
static void
test_caps(void **state)
{
    static uint8_t block[60000];
    uint64_t told = 0;
    struct bench b;

    (void)state;
    begin(&b, 7);
    b.user = (struct stream_user){count_bytes, count_gap, ignore_end, &told};
    for (uint32_t i = 0; i < 200; i++) {
        struct stream_segment seg = {.seq = b.base + 1 + i * 60001, /* one byte lost before each */
                                     .wire = sizeof(block),
                                     .bytes = slice_of(block, sizeof(block))};

        stream_segment(b.pool, &b.stream, &seg, &b.user);
        assert_true(b.stream.waiting_bytes <= STREAM_PENDING_MAX);
    }
    stream_flush(b.pool, &b.stream, &b.user);
    assert_int_equal(told, 200 * 60001);
    assert_int_equal(b.stream.next, b.base + 200 * 60001);
    end(&b);
}

/* Overlapping segments that contradict each other, held against the naive model. */
static void
test_model(void **state)
{
    static struct stream_model m;

    (void)state;
    for (uint64_t round = 0; round < 300; round++) {
        uint64_t seed = round;
        uint64_t overlap;

        assert_true(model_begin(&m, round % 2 == 0 ? UINT32_C(0xffffe000) : next(&seed)));
        for (unsigned i = 0; i < 200; i++) {
            uint8_t bytes[900];
            size_t len = next(&seed) % sizeof(bytes);

            for (size_t j = 0; j < len; j++)
                bytes[j] = (uint8_t)next(&seed);
            assert_true(model_give(&m, m.whole + next(&seed) % 3000 - (m.whole > 500 ? 500 : 0),
                                   slice_of(bytes, len), i > 190));
            if (m.whole > MODEL_BYTES - 4000)
                break;
        }
        overlap = m.counters.stream_overlap;
        assert_true(overlap > 0 && m.counters.stream_conflict > 0);
        model_done(&m);
    }
}

/* What somebody forges: an end before the end, bytes far from the window. */
static void
test_forged(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, 1);
    give(&b, 0, 1000, 1000, false);
    give(&b, 500, 0, 0, true); /* a FIN in the midst of what came */
    assert_int_equal(b.sink.ends, 0);
    give(&b, 100000000, 10, 10, true);
    assert_int_equal(b.counters.stream_refused, 3);
    assert_null(b.stream.waiting);
    give(&b, 1000, TEXT - 1000, TEXT - 1000, true);
    expect_whole(&b);
    assert_int_equal(b.sink.ends, 1);
    end(&b);
}

/* Much was lost: told by what the peer acknowledges, or by how much comes from beyond. */
static void
test_lost(void **state)
{
    static uint8_t block[1000];
    uint32_t far = STREAM_AHEAD_MAX + 5000;

    (void)state;
    for (unsigned acked = 0; acked < 2; acked++) {
        uint64_t told = 0;
        struct bench b;
        struct stream_segment seg = {.wire = sizeof(block),
                                     .bytes = slice_of(block, sizeof(block))};

        begin(&b, 7);
        b.user = (struct stream_user){count_bytes, count_gap, ignore_end, &told};
        for (uint32_t i = 0; i <= STREAM_LOST_SEGMENTS + 5; i++) {
            seg.seq = b.base + far + i * (uint32_t)sizeof(block);
            stream_segment(b.pool, &b.stream, &seg, &b.user);
            if (acked)
                stream_acked(b.pool, &b.stream, seg.seq, &b.user);
        }
        assert_int_equal(told, far + (STREAM_LOST_SEGMENTS + 6) * sizeof(block));
        assert_int_equal(b.counters.stream_refused, acked ? 1 : STREAM_LOST_SEGMENTS + 1);
        end(&b);
    }
}

/* Bytes that came with a SYN: who acknowledges them, or goes on after them, makes them count. */
static void
test_offered(void **state)
{
    enum { ACKED, NOT_ACKED, WENT_ON, SENT_AGAIN, ENDED, CASES };

    (void)state;
    for (unsigned c = 0; c < CASES; c++) {
        static const uint8_t early[4] = {9, 9, 9, 9};
        struct bench b;
        struct stream_segment syn = {.syn = true, .offered = true, .wire = 4};
        bool counts = c == ACKED || c == WENT_ON || c == ENDED;

        begin(&b, 1);
        syn.seq = b.base - 1;
        syn.bytes = slice_of(early, sizeof(early));
        stream_segment(b.pool, &b.stream, &syn, &b.user);
        assert_int_equal(b.sink.at, 0);
        if (c == ACKED || c == NOT_ACKED)
            stream_acked(b.pool, &b.stream, b.base + (c == ACKED ? 4 : 0), &b.user);
        if (c == ENDED)
            stream_flush(b.pool, &b.stream, &b.user);
        else
            give(&b, c == WENT_ON || c == ACKED ? 4 : 0, 20, 20, false);
        assert_int_equal(b.sink.got[0], counts ? 9 : letter(0));
        assert_int_equal(b.sink.gaps, 0);
        assert_int_equal(b.sink.at, c == ENDED ? 4 : counts ? 24 : 20);
        assert_int_equal(b.counters.stream_early_data, counts ? 0 : 1);
        end(&b);
    }
}

/* An urgent byte takes its number and is not seen, in order or early; a hole while nobody answers
 * is not waited for forever. */
static void
test_urgent_and_alone(void **state)
{
    static const uint8_t one[1] = {7};
    struct bench b;
    struct stream_segment seg = {.quiet = true, .wire = 1, .bytes = slice_of(one, 1)};

    (void)state;
    begin(&b, 1);
    seg.seq = b.base;
    stream_segment(b.pool, &b.stream, &seg, &b.user);
    assert_int_equal(b.sink.at, 0);
    seg.seq = b.base + 11;
    stream_segment(b.pool, &b.stream, &seg, &b.user);
    give(&b, 1, 10, 10, false);
    assert_int_equal(b.sink.at, 10);
    assert_int_equal(b.stream.next, b.base + 12);
    assert_int_equal(b.counters.stream_urgent, 2);
    for (uint32_t i = 0; i <= STREAM_UNHEARD_SEGMENTS; i++) {
        seg = (struct stream_segment){
            .seq = b.base + 20 + i, .alone = true, .wire = 1, .bytes = slice_of(one, 1)};
        stream_segment(b.pool, &b.stream, &seg, &b.user);
        assert_int_equal(b.sink.gaps, i == STREAM_UNHEARD_SEGMENTS ? 1 : 0);
    }
    end(&b);
}

/* The same with a wrong checksum: other bytes. */
static void
give_doubted(struct bench *b, size_t at, size_t len, bool right_bytes)
{
    uint8_t copy[512];
    struct stream_segment seg = {
        .seq = b->base + (uint32_t)at, .doubted = true, .wire = (uint32_t)len};

    assert_true(len <= sizeof(copy));
    for (size_t i = 0; i < len; i++)
        copy[i] = right_bytes ? letter(at + i) : (uint8_t)~letter(at + i);
    seg.bytes = slice_of(copy, len);
    stream_segment(b->pool, &b->stream, &seg, &b->user);
}

static void
ack(struct bench *b, size_t at)
{
    stream_acked(b->pool, &b->stream, b->base + (uint32_t)at, &b->user);
}

/* A wrong checksum: the bytes count when the peer took them, and only where none came that is
 * right. */
static void
test_doubted(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, 0xffffff00); /* over the end of the numbers */
    give(&b, 0, 100, 100, false);
    give_doubted(&b, 100, 300, true);
    assert_int_equal(b.sink.at, 100);
    ack(&b, 300); /* a part of it says nothing */
    assert_int_equal(b.sink.at, 100);
    ack(&b, 400);
    assert_int_equal(b.sink.at, 400);
    assert_int_equal(b.stream.waiting_bytes, 0);
    give_doubted(&b, 400, 300, false); /* dropped by the receiver, and sent again */
    give(&b, 500, 300, 300, false);    /* overlaps: now it is sure */
    give(&b, 400, 100, 100, false);
    assert_int_equal(b.sink.at, 800);
    give_doubted(&b, 800, 100, true); /* the sender goes on before the answer */
    give(&b, 900, 100, 100, false);
    assert_int_equal(b.sink.at, 800);
    give_doubted(&b, 900, 100, false); /* already there */
    ack(&b, 1000);
    assert_int_equal(b.sink.at, 1000);
    give_doubted(&b, 900, 100, false); /* old */
    give_doubted(&b, 1000, 100, false);
    ack(&b, 1000); /* nobody takes it */
    give(&b, 1000, TEXT - 1000, TEXT - 1000, true);
    expect_whole(&b);
    assert_int_equal(b.sink.ends, 1);
    end(&b);

    begin(&b, 77); /* never acknowledged: a hole at the end, not these bytes */
    give_doubted(&b, 0, 100, false);
    give(&b, 100, 100, 100, false);
    stream_flush(b.pool, &b.stream, &b.user);
    assert_int_equal(b.sink.gaps, 1);
    assert_int_equal(b.sink.got[0], 0xee);
    assert_int_equal(b.sink.at, 200);
    give_doubted(&b, 200, 100, false);
    stream_flush(b.pool, &b.stream, &b.user);
    assert_int_equal(b.sink.at, 200);
    assert_int_equal(b.stream.waiting_bytes, 0);
    assert_null(b.stream.waiting);
    end(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_doubted),
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_urgent_and_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
