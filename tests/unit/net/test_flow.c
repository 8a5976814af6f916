/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table: directions, states, timeouts by event time, the cap. */
#include "agent/net/flow.h"
#include "net_kit.h"

#define SEC INT64_C(1000000000)

struct bench {
    struct net_counters counters;
    struct flow_table *table;
    unsigned ended, by_state[FLOW_CUT + 1];
    int64_t last_end_ns;
    bool ordered;
};

static void
on_end(void *ctx, struct flow *flow)
{
    struct bench *b = ctx;

    b->ended++;
    b->by_state[flow->state]++;
    b->ordered = b->ordered && flow->last_ns >= b->last_end_ns;
    b->last_end_ns = flow->last_ns;
}

static void
begin(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    b->ordered = true;
    assert_int_equal(flow_table_new(&b->counters, 0, on_end, b, &b->table), VG_OK);
}

static struct packet
packet(uint32_t from, uint16_t sport, uint32_t to, uint16_t dport, uint8_t proto, uint8_t flags,
       int64_t t)
{
    struct packet p = {.time_ns = t,
                       .proto = proto,
                       .sport = sport,
                       .dport = dport,
                       .flags = flags,
                       .ip_bytes = 40,
                       .src.family = 4,
                       .dst.family = 4};

    for (int i = 0; i < 4; i++) {
        p.src.bytes[i] = (uint8_t)(from >> (24 - 8 * i));
        p.dst.bytes[i] = (uint8_t)(to >> (24 - 8 * i));
    }
    return p;
}

enum { ME = 0x0a000002, IT = 0x0a000001 };

/* flags > 0: from me; < 0: from it. */
static struct flow *
tcp(struct bench *b, int flags, int64_t t)
{
    struct packet p = flags > 0 ? packet(ME, 4000, IT, 80, 6, (uint8_t)flags, t)
                                : packet(IT, 80, ME, 4000, 6, (uint8_t)-flags, t);
    unsigned dir;
    bool fresh;

    p.ack = 1; /* the SYN, where the ACK flag is set */
    return flow_table_packet(b->table, &p, &dir, &fresh);
}

static void
test_states(void **state)
{
    struct flow_view v;
    struct flow *f;
    struct bench b;

    (void)state;
    begin(&b);
    f = tcp(&b, TCP_SYN, 1);
    assert_int_equal(f->state, FLOW_NEW);
    f = tcp(&b, -(TCP_SYN | TCP_ACK), 2);
    assert_int_equal(f->state, FLOW_ESTABLISHED);
    flow_view_fill(f, f->client, &v);
    assert_int_equal(v.sport, 4000);
    assert_int_equal(v.packets_out, 1);
    assert_int_equal(v.flags_in, TCP_SYN | TCP_ACK);
    assert_false(v.midstream);
    (void)tcp(&b, TCP_FIN | TCP_ACK, 3);
    f = tcp(&b, -(TCP_FIN | TCP_ACK), 4);
    assert_int_equal(f->state, FLOW_CLOSED);
    (void)tcp(&b, TCP_SYN, 5); /* the ports again, at once */
    assert_int_equal(b.by_state[FLOW_CLOSED], 1);
    (void)tcp(&b, -(TCP_RST | TCP_ACK), 6);
    (void)tcp(&b, TCP_SYN, 7);
    assert_int_equal(b.by_state[FLOW_REFUSED], 1);
    (void)tcp(&b, -(TCP_SYN | TCP_ACK), 8);
    (void)tcp(&b, TCP_RST, 9);
    flow_table_advance(b.table, 9 + FLOW_CLOSED_NS + 1);
    assert_int_equal(b.by_state[FLOW_RESET], 1);
    assert_int_equal(flow_table_count(b.table), 0);
    flow_table_free(b.table);
}

static void
test_midway(void **state)
{
    struct bench b;
    struct flow *f;

    (void)state;
    begin(&b);
    f = tcp(&b, -TCP_ACK, 1); /* the well-known port is the server */
    assert_true(f->midstream);
    assert_int_equal(f->key.port[f->client], 4000);
    flow_table_flush(b.table);
    assert_int_equal(b.by_state[FLOW_CUT], 1);
    f = tcp(&b, -(TCP_SYN | TCP_ACK), 2);
    assert_int_equal(f->key.port[f->client], 4000);
    flow_table_flush(b.table);
    flow_table_free(b.table);
}

static void
test_timeouts(void **state)
{
    struct bench b;

    (void)state;
    begin(&b);
    (void)tcp(&b, TCP_SYN, SEC);
    flow_table_advance(b.table, SEC + FLOW_UNANSWERED_NS);
    assert_int_equal(b.ended, 0);
    flow_table_advance(b.table, SEC + FLOW_UNANSWERED_NS + 1);
    assert_int_equal(b.by_state[FLOW_UNANSWERED], 1);
    (void)tcp(&b, TCP_SYN, 100 * SEC);
    (void)tcp(&b, -(TCP_SYN | TCP_ACK), 100 * SEC);
    flow_table_advance(b.table, 100 * SEC + FLOW_TCP_IDLE_NS);
    assert_int_equal(b.ended, 1);
    flow_table_advance(b.table, 100 * SEC + FLOW_TCP_IDLE_NS + 1);
    assert_int_equal(b.by_state[FLOW_TIMEOUT], 1);
    flow_table_free(b.table);
}

/* Three times as many flows as there is room for: the oldest idle ones go, nothing is lost count
 * of, and the table finds what it holds. */
static void
test_cap(void **state)
{
    enum { MANY = FLOWS_MAX * 3 };
    struct bench b;

    (void)state;
    begin(&b);
    for (uint32_t i = 0; i < MANY; i++) {
        struct packet p = packet(0x0b000000 + i, (uint16_t)i, IT, 53, 17, 0, SEC + i);
        unsigned dir;
        bool fresh;
        struct flow *f = flow_table_packet(b.table, &p, &dir, &fresh);

        assert_true(fresh);
        assert_int_equal(f->packets[dir], 1);
        assert_true(flow_table_count(b.table) <= FLOWS_MAX);
        if (i >= 1000) { /* one that is still there, from the other side */
            struct packet back =
                packet(IT, 53, 0x0b000000 + i - 1000, (uint16_t)(i - 1000), 17, 0, SEC + i);

            assert_non_null(flow_table_find(b.table, &back));
        }
    }
    assert_int_equal(b.counters.flows_evicted, MANY - FLOWS_MAX);
    flow_table_flush(b.table);
    assert_int_equal(b.ended, MANY);
    assert_int_equal(b.counters.flows, MANY);
    assert_true(b.ordered);
    flow_table_free(b.table);
}

/* Under a flood of connections that nobody answers, or whose callers never go on, the conversations
 * of a shop stay; when nothing but they is there, the oldest of them goes. */
static void
flood(struct bench *b, bool answered)
{
    enum { SHOP = FLOWS_MAX / 4 };
    unsigned dir;
    bool fresh;

    begin(b);
    for (uint32_t i = 0; i < SHOP; i++) {
        const uint8_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK};

        for (unsigned k = 0; k < 3; k++) {
            struct packet p = k == 1 ? packet(IT, 80, 0x0b000000 + i, 5000, 6, flags[k], SEC)
                                     : packet(0x0b000000 + i, 5000, IT, 80, 6, flags[k], SEC);

            (void)flow_table_packet(b->table, &p, &dir, &fresh);
        }
    }
    for (uint32_t i = 0; i < FLOWS_MAX * 2; i++) {
        struct packet syn = packet(0x0c000000 + i, 5000, IT, 80, 6, TCP_SYN, SEC + i),
                      ack = packet(IT, 80, 0x0c000000 + i, 5000, 6, TCP_SYN | TCP_ACK, SEC + i);

        (void)flow_table_packet(b->table, &syn, &dir, &fresh);
        if (answered)
            (void)flow_table_packet(b->table, &ack, &dir, &fresh);
    }
    for (uint32_t i = 0; i < SHOP; i++) {
        struct packet p = packet(0x0b000000 + i, 5000, IT, 80, 6, TCP_ACK, 2 * SEC);

        (void)flow_table_packet(b->table, &p, &dir, &fresh);
        assert_false(fresh);
    }
    assert_int_equal(b->by_state[FLOW_UNANSWERED] > 0, !answered);
    flow_table_free(b->table);
}

static void
test_floods(void **state)
{
    struct bench b;

    (void)state;
    flood(&b, false);
    flood(&b, true);
}

/* Shedding ends the closed ones first, then whoever was silent the longest. */
static void
test_shed(void **state)
{
    struct bench b;
    struct packet p = packet(ME, 1, IT, 53, 17, 0, SEC);
    unsigned dir;
    bool fresh;

    (void)state;
    begin(&b);
    assert_false(flow_table_shed(b.table, false));
    (void)flow_table_packet(b.table, &p, &dir, &fresh);
    assert_false(flow_table_shed(b.table, true));
    (void)tcp(&b, TCP_SYN, 2 * SEC);
    (void)tcp(&b, -(TCP_RST | TCP_ACK), 2 * SEC);
    assert_true(flow_table_shed(b.table, true));
    assert_int_equal(b.by_state[FLOW_REFUSED], 1);
    assert_true(flow_table_shed(b.table, false));
    assert_int_equal(b.by_state[FLOW_UNANSWERED], 1);
    assert_int_equal(flow_table_count(b.table), 0);
    flow_table_free(b.table);
}

/* A long conversation is told of in its time, also after the milliseconds wrapped. */
static void
test_updates(void **state)
{
    struct bench b;
    struct flow *f;
    unsigned due = 0;

    (void)state;
    printf("a flow costs %zu bytes of %d\n", sizeof(struct flow), FLOW_BYTES);
    begin(&b);
    f = tcp(&b, TCP_SYN, SEC);
    assert_false(flow_update_due(f, SEC + FLOW_UPDATE_NS - 1));
    assert_true(flow_update_due(f, SEC + FLOW_UPDATE_NS));
    assert_false(flow_update_due(f, SEC + 2 * FLOW_UPDATE_NS - 1));
    for (int64_t t = SEC; t < SEC + 100 * INT64_C(86400) * SEC; t += FLOW_UPDATE_NS / 2)
        due += flow_update_due(f, t);
    assert_in_range(due, 100 * 288 - 2, 100 * 288);
    flow_table_free(b.table);
}

static struct flow *
segment(struct bench *b, int flags, uint32_t seq, uint32_t ack, int64_t t)
{
    struct packet p = flags > 0 ? packet(ME, 4000, IT, 80, 6, (uint8_t)flags, t)
                                : packet(IT, 80, ME, 4000, 6, (uint8_t)-flags, t);
    unsigned dir;
    bool fresh;

    p.seq = seq;
    p.ack = ack;
    return flow_table_packet(b->table, &p, &dir, &fresh);
}

/* RST and FIN end a flow where the receiver would believe them (RFC 5961). */
static void
test_forged(void **state)
{
    struct bench b;
    struct flow *f;

    (void)state;
    begin(&b);
    (void)segment(&b, TCP_SYN, 1000, 0, 1);
    f = segment(&b, -(TCP_RST | TCP_ACK), 0, 7, 2); /* answers another SYN */
    assert_int_equal(f->state, FLOW_NEW);
    f = segment(&b, -TCP_RST, 0, 0, 2);
    assert_int_equal(f->state, FLOW_NEW);
    (void)segment(&b, -(TCP_SYN | TCP_ACK), 5000, 1001, 3);
    (void)segment(&b, TCP_ACK, 1001, 5001, 4);
    f = segment(&b, TCP_RST, 1001 + (1U << 30), 0, 5);
    assert_int_equal(f->state, FLOW_ESTABLISHED);
    assert_int_equal(b.counters.tcp_refused, 3);
    f = segment(&b, TCP_RST, 1001 + 70000, 0, 6); /* in doubt, */
    assert_true(f->reset_doubt);
    f = segment(&b, -TCP_ACK, 5001, 1001, 7); /* the receiver asks, */
    assert_false(f->reset_doubt);
    f = segment(&b, TCP_ACK, 1001, 5001, 8); /* and the connection lives */
    assert_int_equal(f->state, FLOW_ESTABLISHED);
    (void)segment(&b, TCP_FIN | TCP_ACK, 900, 5001, 9); /* before what was sent */
    f = segment(&b, -(TCP_FIN | TCP_ACK), 5001, 1001, 10);
    assert_int_equal(f->state, FLOW_ESTABLISHED);
    (void)segment(&b, -TCP_RST, 5002, 0, 11);
    assert_int_equal(f->state, FLOW_RESET);
    flow_table_flush(b.table);
    (void)segment(&b, TCP_SYN, 1000, 0, 1);
    (void)segment(&b, -(TCP_SYN | TCP_ACK), 5000, 1001, 3);
    (void)segment(&b, TCP_RST, 1001 + 70000, 0, 6);
    flow_table_advance(b.table, 7 + FLOW_CLOSED_NS); /* silence: it was meant */
    assert_int_equal(b.by_state[FLOW_RESET], 2);
    flow_table_free(b.table);
}

static struct flow *
hop(struct bench *b, int flags, uint8_t hop_limit, uint32_t payload, int64_t t)
{
    struct packet p = flags > 0 ? packet(ME, 4000, IT, 80, 6, (uint8_t)flags, t)
                                : packet(IT, 80, ME, 4000, 6, (uint8_t)-flags, t);
    unsigned dir;
    bool fresh;

    p.ack = 1;
    p.hop_limit = hop_limit;
    p.payload_wire = payload;
    return flow_table_packet(b->table, &p, &dir, &fresh);
}

/* An RST in the name of the server, then the server goes on and is answered. */
static void
test_forged_reset(void **state)
{
    static const struct {
        uint8_t of_rst, after;
        bool answered;
        unsigned forged;
    } cases[] = {
        {64, 52, true, 1},  /* somebody near by */
        {52, 52, true, 0},  /* its own, late data */
        {64, 52, false, 0}, /* what was under way */
        {64, 64, true, 0},  /* the way changed */
        {53, 52, true, 0},  /* a hop more or less */
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(cases); i++) {
        struct bench b;
        struct flow *f;

        begin(&b);
        (void)hop(&b, TCP_SYN, 128, 0, 1);
        (void)hop(&b, -(TCP_SYN | TCP_ACK), 52, 0, 2);
        (void)hop(&b, TCP_ACK, 128, 0, 3);
        (void)hop(&b, -TCP_ACK, 52, 0, 4);
        (void)hop(&b, -TCP_RST, cases[i].of_rst, 0, 5);
        f = hop(&b, -TCP_ACK, cases[i].after, 100, 6);
        if (cases[i].answered)
            f = hop(&b, TCP_ACK, 128, 0, 7);
        assert_int_equal(f->forged, cases[i].forged);
        flow_table_free(b.table);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_reset), cmocka_unit_test(test_states),
        cmocka_unit_test(test_midway),       cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_cap),          cmocka_unit_test(test_floods),
        cmocka_unit_test(test_shed),         cmocka_unit_test(test_updates),
        cmocka_unit_test(test_forged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
