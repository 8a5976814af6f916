/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/gquic_hello.h"
#include "agent/net/proto/quic_packet.h"
#include "handshakes.h"

static const char *const TALKS[] = {
    "quic-rfc9001",     "quic-rfc9369",   "quic-pieces", "quic-retry",
    "quic-negotiation", "quic-coalesced", "gquic-43",    "gquic-46",
};

static struct slice
dcid(void)
{
    return slice_of("\x83\x94\xc8\xf0\x3e\x51\x57\x08", 8);
}

static void
expect_keys(uint32_t version, const char *key, const char *iv, const char *hp)
{
    const struct quic_scheme *schemes[QUIC_SCHEMES_MAX];
    struct quic_keys keys;
    char text[33];

    assert_int_equal(quic_schemes(version, schemes), 1);
    assert_int_equal(quic_keys_derive(schemes[0], dcid(), &keys), VG_OK);
    hex_put(keys.key, sizeof(keys.key), text);
    assert_string_equal(text, key);
    hex_put(keys.iv, sizeof(keys.iv), text);
    assert_string_equal(text, iv);
    hex_put(keys.hp, sizeof(keys.hp), text);
    assert_string_equal(text, hp);
}

/* RFC 9001, A.1 and RFC 9369, A.1. */
static void
test_keys(void **state)
{
    (void)state;
    expect_keys(1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
                "9f50449e04a0e810283a1e9933adedd2");
    expect_keys(0x6b3343cf, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
                "45b95e15235d6f45a6b19cbcb0294ba9");
}

/* RFC 9001, A.2 and RFC 9369, A.2: the packet opens, and no packet that differs in a byte does. */
static void
test_open(void **state)
{
    static const char *const NAMES[] = {"quic-rfc9001", "quic-rfc9369"};
    struct quic_crypto *c = quic_crypto_new();
    struct buf plain;

    (void)state;
    assert_non_null(c);
    buf_init(&plain, 4096);
    for (size_t i = 0; i < VG_ARRAY_LEN(NAMES); i++) {
        struct handshake h = handshake_load(NAMES[i]);
        struct slice datagram = slice_of(h.line[0].bytes, h.line[0].len);
        const struct quic_scheme *schemes[QUIC_SCHEMES_MAX];
        struct quic_packet p;
        struct quic_keys keys;

        assert_int_equal(quic_packet_take(&datagram, &p), VG_OK);
        assert_int_equal(p.type, QUIC_INITIAL);
        assert_int_equal(p.bytes.left, 1200);
        assert_int_equal(datagram.left, 0);
        assert_int_equal(quic_schemes(p.version, schemes), 1);
        assert_int_equal(quic_keys_derive(schemes[0], p.dcid, &keys), VG_OK);
        buf_clear(&plain);
        assert_int_equal(quic_open(c, &keys, p.bytes, p.number_at, &plain), VG_OK);
        assert_int_equal(plain.len, 1162);
        assert_memory_equal(plain.data, "\x06\x00\x40\xf1\x01\x00\x00\xed\x03\x03", 10);
        for (size_t at = 0; at < p.bytes.left; at += at < 60 ? 1 : 97) {
            buf_clear(&plain);
            h.bytes[0][at] ^= 1;
            assert_int_not_equal(quic_open(c, &keys, p.bytes, p.number_at, &plain), VG_OK);
            h.bytes[0][at] ^= 1;
        }
        handshake_free(&h);
    }
    buf_done(&plain);
    quic_crypto_free(c);
}

static void
expect(const char *name, uint16_t port, const char *const *parts)
{
    struct handshake h = handshake_load(name);
    struct kit_log log;

    dialog_udp(&log, h.line, h.count, port);
    for (; *parts != NULL; parts++)
        if (!kit_says(&log, *parts))
            fail_msg("%s lacks %s: %s", name, *parts, buf_str(&log.text));
    assert_int_equal(log.count[OBS_TLS] + log.count[OBS_RECORD], 1);
    assert_true(kit_says(&log, "\"server_name\":\""));
    kit_log_free(&log);
    if (name[0] == 'g')
        dialog_seed("fuzz_net_gquic", name, h.line, h.count);
    handshake_free(&h);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RFC_JA4   "\"ja4\":\"q13d0211an_"

static void
test_conversations(void **state)
{
    (void)state;
    expect("quic-rfc9001", 443,
           SAYS("\"type\":\"quic\"", "\"sni\":\"example.com\"", "\"alpn\":\"alpn\"", RFC_JA4,
                "\"version\":\"1\"", "\"app\":\"quic\""));
    expect("quic-rfc9369", 4433, SAYS("\"sni\":\"example.com\"", RFC_JA4, "\"version\":\"2\""));
    expect("quic-pieces", 443, SAYS("\"sni\":\"example.com\"", RFC_JA4));
    expect("quic-retry", 443, SAYS("\"sni\":\"example.com\"", RFC_JA4));
    expect("quic-negotiation", 443, SAYS("\"sni\":\"example.com\"", "\"version\":\"draft-29\""));
    expect("quic-coalesced", 443, SAYS("\"sni\":\"example.com\"", "\"version\":\"2\""));
    expect("gquic-43", 443,
           SAYS("\"type\":\"gquic\"", "\"sni\":\"www.example.mx\"", "\"version\":\"Q043\"",
                "\"user_agent\":\"Chrome/60 test\""));
    expect("gquic-46", 443, SAYS("\"sni\":\"www.example.mx\"", "\"version\":\"Q046\""));
}

/* The second piece before the first. */
static void
test_out_of_order(void **state)
{
    struct handshake h = handshake_load("quic-pieces");
    struct line swapped[2] = {h.line[1], h.line[0]};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, swapped, 2, 443);
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, "\"sni\":\"example.com\""));
    kit_log_free(&log);
    dialog_udp(&log, swapped, 1, 443); /* the first never comes: what it was is told all the same */
    assert_int_equal(log.count[OBS_TLS], 1);
    assert_true(kit_says(&log, "\"sni\":\"\""));
    assert_false(kit_says(&log, "\"ja4\""));
    kit_log_free(&log);
    handshake_free(&h);
}

static void
test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(TALKS); i++) {
        struct handshake h = handshake_load(TALKS[i]);

        dialog_survives_cuts(h.line, h.count, 443, true);
        handshake_free(&h);
    }
}

/* Attempts at packets that no key opens are few: the flow costs counting afterwards. */
static void
test_attempts_end(void **state)
{
    struct handshake h = handshake_load("quic-rfc9001");
    struct net_engine *e;
    struct kit_log log;

    (void)state;
    e = kit_engine(&log);
    h.bytes[0][1190] ^= 1;
    for (unsigned i = 0; i < 100; i++)
        dialog_packet(e, 0, 443, NULL, 0, h.line[0].bytes, h.line[0].len, 1700000000000000000 + i);
    assert_int_equal(log.count[OBS_TLS], 1); /* told when given up, not at the end */
    assert_true(kit_says(&log, "\"version\":\"1\""));
    net_engine_flush(e);
    assert_int_equal(log.count[OBS_TLS], 1);
    net_engine_free(e);
    kit_log_free(&log);
    handshake_free(&h);
}

static void
test_pieces(void **state)
{
    struct net_engine *e;
    struct kit_log log;
    struct pieces p;
    uint8_t byte = 'x';

    (void)state;
    e = kit_engine(&log);
    pieces_init(&p);
    assert_int_equal(pieces_put(e, &p, 4, slice_of("efgh", 4)), VG_OK);
    assert_int_equal(pieces_start(&p).left, 0);
    assert_int_equal(pieces_put(e, &p, 10, slice_of("kl", 2)), VG_OK);
    assert_int_equal(pieces_put(e, &p, 2, slice_of("cde", 3)), VG_OK);
    assert_int_equal(p.count, 2);
    assert_int_equal(pieces_put(e, &p, 0, slice_of("ab", 2)), VG_OK);
    assert_int_equal(pieces_start(&p).left, 8);
    assert_int_equal(pieces_put(e, &p, 7, slice_of("hijk", 4)), VG_OK);
    assert_int_equal(p.count, 1);
    assert_int_equal(pieces_start(&p).left, 12);
    assert_memory_equal(pieces_start(&p).at, "abcdefghijkl", 12);
    assert_int_equal(pieces_put(e, &p, PIECES_BYTES_MAX, slice_of(&byte, 1)), VG_ERR_LIMIT);
    assert_int_equal(pieces_put(e, &p, UINT64_MAX, slice_of(&byte, 1)), VG_ERR_LIMIT);
    assert_int_equal(pieces_put(e, &p, PIECES_BYTES_MAX - 1, slice_of(&byte, 1)), VG_OK);
    for (unsigned i = 1; i + 1 < PIECES_RANGES_MAX; i++)
        assert_int_equal(pieces_put(e, &p, 100 + 2 * i, slice_of(&byte, 1)), VG_OK);
    assert_int_equal(pieces_put(e, &p, 90, slice_of(&byte, 1)), VG_ERR_LIMIT);
    pieces_clear(&p);
    assert_int_equal(pieces_start(&p).left, 0);
    pieces_done(e, &p);
    net_engine_free(e);
    kit_log_free(&log);
}

static void
test_versions(void **state)
{
    char name[QUIC_VERSION_TEXT_MAX];

    (void)state;
    assert_string_equal(quic_version_name(1, name), "1");
    assert_string_equal(quic_version_name(0x6b3343cf, name), "2");
    assert_string_equal(quic_version_name(0xff00001d, name), "draft-29");
    assert_string_equal(quic_version_name(0x54303531, name), "T051");
    assert_string_equal(quic_version_name(0x51303433, name), "Q043");
    assert_string_equal(quic_version_name(0x1a2a3a4a, name), "0x1a2a3a4a");
    assert_true(quic_version_forces_negotiation(0x1a2a3a4a));
    assert_false(quic_version_forces_negotiation(1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),          cmocka_unit_test(test_open),
        cmocka_unit_test(test_conversations), cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_cuts),          cmocka_unit_test(test_attempts_end),
        cmocka_unit_test(test_pieces),        cmocka_unit_test(test_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
