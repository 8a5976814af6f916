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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
