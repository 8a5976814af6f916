/* SPDX-License-Identifier: Apache-2.0 */
/* In the steady state a packet costs no allocation: the linker wraps the allocator's functions
 * (CMakeLists.txt), and what the engine asks of them for the packets of conversations that go on is
 * counted. */
#include "net_kit.h"

enum { PACKETS = 20000, WARM = 64, FRAME_MAX = 2048 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static unsigned long asked;

void *
__wrap_malloc(size_t size)
{
    asked++;
    return __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    asked++;
    return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
    asked++;
    return __real_realloc(p, size);
}

struct bench {
    struct net_engine *engine;
    uint8_t frame[FRAME_MAX];
    uint32_t seq[2];
    int64_t t;
    unsigned long observed;
};

static void
observe(void *ctx, const struct obs *obs)
{
    struct bench *b = ctx;

    (void)obs;
    b->observed++;
}

static void
be(uint8_t *out, unsigned len, uint32_t v)
{
    for (unsigned i = 0; i < len; i++)
        out[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

/* One IPv4 packet between client `n` and the server; flags 0: UDP. */
static void
say(struct bench *b, uint32_t n, unsigned dir, uint16_t port, uint8_t flags, const void *bytes,
    size_t len)
{
    size_t head = flags != 0 ? 40 : 28;
    uint8_t *p = b->frame;

    assert_true(head + len <= FRAME_MAX);
    memset(p, 0, head);
    p[0] = 0x45;
    be(p + 2, 2, (uint32_t)(head + len));
    p[8] = 64;
    p[9] = flags != 0 ? 6 : 17;
    be(p + 12, 4, dir == 0 ? 0x0a000002 + n : 0x0a000001);
    be(p + 16, 4, dir == 0 ? 0x0a000001 : 0x0a000002 + n);
    be(p + 20, 2, dir == 0 ? 40000 : port);
    be(p + 22, 2, dir == 0 ? port : 40000);
    if (flags != 0) {
        be(p + 24, 4, b->seq[dir]);
        be(p + 28, 4, b->seq[1 - dir]);
        p[32] = 0x50;
        p[33] = flags;
        p[34] = 0xff;
        b->seq[dir] += (uint32_t)len + ((flags & TCP_SYN) != 0);
    } else {
        be(p + 24, 2, (uint32_t)(8 + len));
    }
    if (len > 0)
        memcpy(p + head, bytes, len);
    net_engine_frame(b->engine, 12 /* DLT_RAW */, b->t += 1000000, slice_of(p, head + len),
                     (uint32_t)(head + len));
}

static void
begin(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    b->t = INT64_C(1700000000000000000);
    b->seq[0] = 1000;
    b->seq[1] = 9000;
    assert_int_equal(net_engine_new(observe, b, 1024, &b->engine), VG_OK);
}

static void
connect_tcp(struct bench *b, uint16_t port)
{
    say(b, 0, 0, port, TCP_SYN, "", 0);
    say(b, 0, 1, port, TCP_SYN | TCP_ACK, "", 0);
    say(b, 0, 0, port, TCP_ACK, "", 0);
}

static void
end(struct bench *b)
{
    net_engine_flush(b->engine);
    net_engine_free(b->engine);
}

/* Bytes of no protocol, and a download that goes on: each packet is looked at, none allocates. */
static void
test_streams(void **state)
{
    static const char get[] = "GET /film HTTP/1.1\r\nHost: a.example\r\n\r\n";
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"
                             "Content-Length: 100000000\r\n\r\n";
    uint8_t data[1400];

    (void)state;
    memset(data, 'x', sizeof(data));
    for (unsigned http = 0; http < 2; http++) {
        unsigned long before = 0;
        struct bench b;

        begin(&b);
        connect_tcp(&b, http ? 80 : 9999);
        if (http) {
            say(&b, 0, 0, 80, TCP_ACK | TCP_PSH, get, sizeof(get) - 1);
            say(&b, 0, 1, 80, TCP_ACK | TCP_PSH, ok, sizeof(ok) - 1);
        }
        for (unsigned i = 0; i < WARM + PACKETS; i++) {
            if (i == WARM)
                before = asked;
            say(&b, 0, 1, http ? 80 : 9999, TCP_ACK, data, sizeof(data));
            say(&b, 0, 0, http ? 80 : 9999, TCP_ACK, "", 0);
        }
        assert_int_equal(asked - before, 0);
        assert_true(!http || b.observed > PACKETS); /* the pieces of the file */
        end(&b);
    }
}

/* A table that is full of flows, and ever new ones: neither beginning nor end allocates. */
static void
test_new_flows(void **state)
{
    unsigned long before = 0;
    struct bench b;

    (void)state;
    begin(&b);
    for (unsigned i = 0; i < 4096 + PACKETS; i++) {
        if (i == 4096)
            before = asked;
        say(&b, i, 0, 443, TCP_SYN, "", 0);
        say(&b, i, 0, 9999, 0, "\x01\x02\x03\x04", 4);
    }
    assert_int_equal(asked - before, 0);
    assert_true(net_engine_counters(b.engine)->flows_evicted > PACKETS);
    end(&b);
}

/* Datagrams of a conversation that no protocol takes. */
static void
test_datagrams(void **state)
{
    unsigned long before = 0;
    struct bench b;

    (void)state;
    begin(&b);
    for (unsigned i = 0; i < WARM + PACKETS; i++) {
        if (i == WARM)
            before = asked;
        say(&b, 0, i & 1, 9999, 0, "\x01\x02\x03\x04", 4);
    }
    assert_int_equal(asked - before, 0);
    end(&b);
}

/* The counting counts. */
static void
test_counting(void **state)
{
    unsigned long before = asked;
    struct bench b;

    (void)state;
    begin(&b);
    assert_true(asked > before);
    end(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_new_flows),
        cmocka_unit_test(test_datagrams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
