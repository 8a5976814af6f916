/* SPDX-License-Identifier: Apache-2.0 */
/* BitTorrent: peers, the distributed table, trackers, local search, uTP. */
#include "dialog.h"

#define HASH                                                                                       \
    "\x01\x23\x45\x67\x89\xab\xcd\xef"                                                             \
    "ABCDEFGHIJKL"
#define HASH_HEX "0123456789abcdef4142434445464748494a4b4c"
#define SHAKE                                                                                      \
    "\x13"                                                                                         \
    "BitTorrent protocol"                                                                          \
    "\0\0\0\0\0\x10\0\5" HASH
#define NODE "abcdefghij0123456789"

static const struct line PEERS[] = {
    {0, TEXT(SHAKE "-qB4500-123456789012")},
    {1, TEXT(SHAKE "-TR3000-abcdefghijkl\0\0\0\1\2")},
    {0, TEXT("\0\0\0\1\2")},
};

static void
test_peers(void **state)
{
    static const size_t pieces[] = {DIALOG_WHOLE, 1, 7};

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(pieces); i++) {
        struct kit_log log;

        dialog_tcp(&log, PEERS, VG_ARRAY_LEN(PEERS), 6881, pieces[i]);
        assert_int_equal(log.count[OBS_RECORD], 2);
        assert_true(kit_says(&log, "\"kind\":\"peer\",\"infohash\":\"" HASH_HEX
                                   "\",\"client\":\"qB4500\"}"));
        assert_true(kit_says(&log, "\"client\":\"TR3000\"}"));
        assert_true(kit_says(&log, "\"app\":\"bittorrent\",\"protocol\":\"bittorrent\""));
        kit_log_free(&log);
    }
    dialog_survives_cuts(PEERS, VG_ARRAY_LEN(PEERS), 6881, false);
    dialog_seed("fuzz_net_bittorrent", "peers", PEERS, VG_ARRAY_LEN(PEERS));
}

static const struct line DHT[] = {
    {0, TEXT("d1:ad2:id20:" NODE "9:info_hash20:" HASH "e1:q9:get_peers1:t2:aa1:y1:qe")},
    {1, TEXT("d1:rd2:id20:" NODE "5:token8:aoeusnthe1:t2:aa1:y1:re")},
    {0, TEXT("d1:ad2:id20:" NODE "e1:q4:ping1:t2:ab1:y1:qe")},
};

static void
test_dht(void **state)
{
    struct kit_log log;

    (void)state;
    dialog_udp(&log, DHT, VG_ARRAY_LEN(DHT), 6881);
    assert_int_equal(log.count[OBS_RECORD], 1);
    assert_true(
        kit_says(&log, "\"kind\":\"dht\",\"infohash\":\"" HASH_HEX "\",\"method\":\"get_peers\"}"));
    kit_log_free(&log);
    dialog_udp(&log, DHT + 1, 1, 6881);
    assert_true(kit_says(&log, "\"method\":\"answer\"}"));
    kit_log_free(&log);
    dialog_survives_cuts(DHT, VG_ARRAY_LEN(DHT), 6881, true);
    dialog_seed("fuzz_net_bittorrent_udp", "dht", DHT, VG_ARRAY_LEN(DHT));
}

static void
test_other_datagrams(void **state)
{
    static const struct line tracker[] = {{0, TEXT("\0\0\4\x17\x27\x10\x19\x80\0\0\0\0\1\2\3\4")}};
    static const struct line utp[] = {
        {0, TEXT("\x41\0\x12\x34\0\1\2\3\0\0\0\0\0\x10\0\0\0\1\0\0")}};
    static const struct line local[] = {
        {0, TEXT("BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n"
                 "Infohash: " HASH_HEX "\r\n\r\n\r\n")}};
    struct kit_log log;

    (void)state;
    dialog_udp(&log, tracker, 1, 1337);
    assert_true(kit_says(&log, "\"kind\":\"tracker\"}"));
    kit_log_free(&log);
    dialog_udp(&log, utp, 1, 30000);
    assert_true(kit_says(&log, "\"kind\":\"utp\"}"));
    kit_log_free(&log);
    dialog_udp(&log, local, 1, 6771);
    assert_true(kit_says(&log, "\"kind\":\"local\",\"infohash\":\"" HASH_HEX "\"}"));
    kit_log_free(&log);
    dialog_survives_cuts(local, 1, 6771, true);
    dialog_seed("fuzz_net_bittorrent_udp", "tracker", tracker, 1);
    dialog_seed("fuzz_net_bittorrent_udp", "utp", utp, 1);
    dialog_seed("fuzz_net_bittorrent_udp", "local", local, 1);
}

/* What looks like it and is not. */
static void
test_others(void **state)
{
    static const struct line http[] = {{0, TEXT("\x13"
                                                "BitTorrent protocoX and on and on")}};
    static const struct line bencode[] = {
        {0, TEXT("d1:ad2:id20:" NODE "e1:q4:pong1:t2:ab1:y1:qe")},
        {0, TEXT("\x41\0\x12\x34\0\1\2\3\0\0\0\0\0\x10\0\0\0\2\0\0")},
        {0, TEXT("\0\0\4\x17\x27\x10\x19\x80\0\0\0\1\1\2\3\4")}};
    struct kit_log log;

    (void)state;
    dialog_tcp(&log, http, 1, 6881, DIALOG_WHOLE);
    assert_true(kit_says(&log, "\"app\":\"\""));
    kit_log_free(&log);
    for (size_t i = 0; i < VG_ARRAY_LEN(bencode); i++) {
        dialog_udp(&log, &bencode[i], 1, 6881);
        assert_int_equal(log.count[OBS_RECORD], 0);
        kit_log_free(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_dht),
        cmocka_unit_test(test_other_datagrams),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
