/* SPDX-License-Identifier: Apache-2.0 */
#include "handshakes.h"

static void
expect(struct handshake *h, const char *const *parts)
{
    struct kit_log log;

    dialog_udp(&log, h->line, h->count, 5349);
    assert_int_equal(log.count[OBS_TLS], 1);
    for (; *parts != NULL; parts++)
        if (!kit_says(&log, *parts))
            fail_msg("lacks %s: %s", *parts, buf_str(&log.text));
    kit_log_free(&log);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
test_whole(void **state)
{
    struct handshake h = handshake_load("dtls");

    (void)state;
    expect(&h, SAYS("\"type\":\"dtls\"", "\"sni\":\"voz.example.mx\"",
                    "\"alpn\":\"webrtc,c-webrtc\"", "\"ja4\":\"dd2d", "\"version\":\"DTLS 1.2\"",
                    "\"server_name\":\"voz.example.mx\"", "\"app\":\"dtls\""));
    dialog_seed("fuzz_net_dtls", "whole", h.line, h.count);
    dialog_survives_cuts(h.line, h.count, 5349, true);
    handshake_free(&h);
}

static void
test_fragments(void **state)
{
    struct handshake h = handshake_load("dtls-pieces");

    (void)state;
    assert_true(h.count >= 2);
    expect(&h, SAYS("\"sni\":\"una-tienda-con-un-nombre-muy-largo.", "\"ja4\":\"dd2d"));
    dialog_seed("fuzz_net_dtls", "fragments", h.line, h.count);
    dialog_survives_cuts(h.line, h.count, 5349, true);
    for (size_t i = 0; i < h.count / 2; i++) { /* the last fragment first */
        struct line swap = h.line[i];

        h.line[i] = h.line[h.count - 1 - i];
        h.line[h.count - 1 - i] = swap;
    }
    expect(&h, SAYS("\"sni\":\"una-tienda-con-un-nombre-muy-largo.", "\"ja4\":\"dd2d"));
    handshake_free(&h);
}

/* Not DTLS: what else begins with the same numbers. */
static void
test_others(void **state)
{
    static const uint8_t other[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 9, 9, 9, 9};
    static const struct line line = {0, other, sizeof(other)};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, &line, 1, 5349);
    assert_false(kit_says(&log, "\"app\":\"dtls\""));
    kit_log_free(&log);
}

/* WebRTC (RFC 7983): checks of reachability, media, and the hello between them. */
static void
test_beside_stun(void **state)
{
    static const uint8_t check[] = {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 1,  2,
                                    3,    4,    5,    6,    7,    8,    9,    10,   11, 12};
    static const uint8_t media[] = {0x80, 111, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 9, 9, 9, 9};
    static const char *const names[] = {"dtls", "dtls-pieces"};
    static const char *const servers[] = {"\"sni\":\"voz.example.mx\"",
                                          "\"sni\":\"una-tienda-con-un-nombre-muy-largo."};

    (void)state;
    for (unsigned n = 0; n < VG_ARRAY_LEN(names); n++) {
        struct handshake h = handshake_load(names[n]);
        struct line lines[3 * HANDSHAKE_LINES_MAX + 1] = {{0, BYTES(check)}};
        size_t count = 1;
        struct kit_log log;

        for (size_t i = 0; i < h.count; i++) {
            lines[count++] = (struct line){1, BYTES(media)};
            lines[count++] = h.line[i];
            lines[count++] = (struct line){1, BYTES(check)};
        }
        dialog_udp(&log, lines, count, 50000);
        assert_int_equal(log.count[OBS_TLS], 1);
        assert_int_equal(log.count[OBS_RECORD], 1);
        assert_true(kit_says(&log, "\"type\":\"stun\""));
        assert_true(kit_says(&log, "\"type\":\"dtls\""));
        assert_true(kit_says(&log, servers[n]));
        assert_true(kit_says(&log, "\"app\":\"stun\""));
        kit_log_free(&log);
        dialog_survives_cuts(lines, count, 50000, true);
        handshake_free(&h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_beside_stun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
