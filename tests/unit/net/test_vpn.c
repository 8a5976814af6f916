/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard and OpenVPN: how tunnels begin; AnyDesk's search in the local network. */
#include "dialog.h"

enum { WG_FIRST = 148, WG_ANSWER = 92 };

static void
test_wireguard(void **state)
{
    uint8_t first[WG_FIRST] = {1, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0xdd},
            answer[WG_ANSWER] = {2, 0, 0, 0, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd};
    const struct line lines[] = {{0, BYTES(first)}, {1, BYTES(answer)}};
    struct kit_log log;

    (void)state;
    memset(first + 8, 0x5a, WG_FIRST - 8 - 16);
    dialog_udp(&log, lines, 2, 7777);
    assert_int_equal(log.count[OBS_RECORD], 1);
    assert_true(kit_says(&log, "\"type\":\"wireguard\""));
    assert_true(kit_says(&log, "\"answered\":true}"));
    assert_true(kit_says(&log, "\"app\":\"wireguard\",\"protocol\":\"wireguard\""));
    kit_log_free(&log);
    dialog_udp(&log, lines, 1, 7777);
    assert_true(kit_says(&log, "\"answered\":false}"));
    kit_log_free(&log);
    dialog_survives_cuts(lines, 2, 7777, true);
    dialog_seed("fuzz_net_wireguard", "tunnel", lines, 2);
    answer[8] = 0; /* somebody else's index */
    dialog_udp(&log, lines, 2, 7777);
    assert_true(kit_says(&log, "\"answered\":false}"));
    kit_log_free(&log);
    first[WG_FIRST - 1] = 1; /* under load: only on the usual port */
    dialog_udp(&log, lines, 1, 7777);
    assert_int_equal(log.count[OBS_RECORD], 0);
    kit_log_free(&log);
    dialog_udp(&log, lines, 1, 51820);
    assert_int_equal(log.count[OBS_RECORD], 1);
    kit_log_free(&log);
}

/* A new try has an index of its own. */
static void
test_wireguard_again(void **state)
{
    uint8_t first[WG_FIRST] = {1, 0, 0, 0, 1}, second[WG_FIRST] = {1, 0, 0, 0, 2},
            answer[WG_ANSWER] = {2, 0, 0, 0, 9, 9, 9, 9, 2};
    const struct line lines[] = {{0, BYTES(first)}, {0, BYTES(second)}, {1, BYTES(answer)}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, lines, VG_ARRAY_LEN(lines), 51820);
    assert_true(kit_says(&log, "\"answered\":true}"));
    kit_log_free(&log);
}

/* The dialogues' time is 1700000000 (0x6553f100). */
#define SESSION "\x11\x22\x33\x44\x55\x66\x77\x88"
#define SERVER  "\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8"
#define REPLAY  "\0\0\0\1\x65\x53\xf1\0"
#define HMAC20  "hmachmachmachmachmac"
#define HMAC32  "hmachmachmachmachmachmachmachmac"
#define EMPTY   "\0\0\0\0\0"
#define PLAIN_C "\x38" SESSION EMPTY
#define PLAIN_S "\x40" SERVER "\1\0\0\0\0" SESSION "\0\0\0\0"

static const struct line PLAIN[] = {{0, TEXT(PLAIN_C)}, {1, TEXT(PLAIN_S)}};
static const struct line AUTH[] = {
    {0, TEXT("\x38" SESSION HMAC20 REPLAY EMPTY)},
    {1, TEXT("\x40" SERVER HMAC20 REPLAY "\1\0\0\0\0" SESSION "\0\0\0\0")}};
static const struct line CRYPT[] = {{0, TEXT("\x38" SESSION REPLAY HMAC32 "12345")},
                                    {1, TEXT("\x40" SERVER REPLAY HMAC32 "12345678901234567")}};
static const struct line TCP_PLAIN[] = {{0, TEXT("\0\x0e" PLAIN_C)},
                                        {1, TEXT("\0\x1a" PLAIN_S "\0\x04more")}};

static void
says_openvpn(const struct line *lines, bool tcp, const char *protection)
{
    char expected[100];
    struct kit_log log;

    snprintf(expected, sizeof(expected), "\"protection\":\"%s\",\"answered\":true}", protection);
    for (size_t piece = 1; piece < 2000; piece += tcp ? 999 : 2000) {
        if (tcp)
            dialog_tcp(&log, lines, 2, 443, piece);
        else
            dialog_udp(&log, lines, 2, 443);
        assert_int_equal(log.count[OBS_RECORD], 1);
        if (!kit_says(&log, expected))
            fail_msg("%s", buf_str(&log.text));
        assert_true(kit_says(&log, "\"protocol\":\"openvpn\""));
        kit_log_free(&log);
    }
    dialog_survives_cuts(lines, 2, 443, !tcp);
}

static void
test_openvpn(void **state)
{
    struct kit_log log;

    (void)state;
    says_openvpn(PLAIN, false, "none");
    says_openvpn(AUTH, false, "auth");
    says_openvpn(CRYPT, false, "crypt");
    says_openvpn(TCP_PLAIN, true, "none");
    dialog_udp(&log, PLAIN, 1, 1194);
    assert_true(kit_says(&log, "\"answered\":false}"));
    kit_log_free(&log);
    dialog_seed("fuzz_net_openvpn_udp", "plain", PLAIN, 2);
    dialog_seed("fuzz_net_openvpn_udp", "auth", AUTH, 2);
    dialog_seed("fuzz_net_openvpn_udp", "crypt", CRYPT, 2);
    dialog_seed("fuzz_net_openvpn", "plain", TCP_PLAIN, 2);
}

static void
test_others(void **state)
{
    static const struct line lines[] = {
        {0, TEXT("\x38" SESSION "\0\0\0\0\1")},
        {0, TEXT("\x38" SESSION EMPTY "x")},
        {0, TEXT("\x38" SESSION HMAC20 "\0\0\0\1\x10\0\0\0" EMPTY)}, /* long ago */
        {0, TEXT("\x38" SESSION "\1\0\0\1\x65\x53\xf1\0" HMAC32 "12345")},
        {0, TEXT("\x38\0\0\0\0\0\0\0\0" EMPTY)},
    };
    struct kit_log log;

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(lines); i++) {
        dialog_udp(&log, &lines[i], 1, 1194);
        assert_int_equal(log.count[OBS_RECORD], 0);
        assert_true(kit_says(&log, "\"protocol\":\"\""));
        kit_log_free(&log);
    }
}

/* One datagram from 10.0.0.2 to the group of AnyDesk. */
static void
test_anydesk(void **state)
{
    static const uint8_t frame[] = {0x45, 0,    0, 32, 0, 0,   0,    0,    64, 17,   0,
                                    0,    10,   0, 0,  2, 239, 255,  102,  18, 0x9c, 0x40,
                                    0xc3, 0x51, 0, 12, 0, 0,   0x3e, 0xd1, 1,  0};
    struct kit_log log;
    struct net_engine *e = kit_engine(&log);

    (void)state;
    net_engine_frame(e, 12, 1000, slice_of(frame, sizeof(frame)), sizeof(frame));
    net_engine_flush(e);
    net_engine_free(e);
    assert_true(kit_says(&log, "\"tool\":\"anydesk\",\"session\":false}"));
    assert_true(kit_says(&log, "\"protocol\":\"anydesk\""));
    kit_log_free(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wireguard), cmocka_unit_test(test_wireguard_again),
        cmocka_unit_test(test_openvpn),   cmocka_unit_test(test_others),
        cmocka_unit_test(test_anydesk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
