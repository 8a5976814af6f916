/* SPDX-License-Identifier: Apache-2.0 */
/* One packet on every link that we read; cut at every byte; tunnels without end. */
#include <pcap/dlt.h>

#include "agent/net/decode/decode.h"
#include "net_kit.h"

/* 10.0.0.2:4000 to 10.0.0.1:9, "hello". */
#define IP4                                                                                        \
    "450000210001000040110000"                                                                     \
    "0a0000020a000001"                                                                             \
    "0fa00009000d0000"                                                                             \
    "68656c6c6f"
#define MACS "020000000001020000000002"
#define SNAP "aaaa030000000800"
#define WIFI                                                                                       \
    "08010000" MACS "020000000003"                                                                 \
    "0000"

static const struct {
    int link;
    const char *hex;
} LINKS[] = {
    {DLT_EN10MB, MACS "0800" IP4},
    {DLT_EN10MB, MACS "91000001"
                      "88a80002"
                      "81000003"
                      "92000004"
                      "0800" IP4},
    {DLT_EN10MB, MACS "0029" SNAP IP4 "0000"},
    {DLT_EN10MB, MACS "0024060603" IP4},
    {DLT_EN10MB, MACS "8864"
                      "110000010023"
                      "0021" IP4},
    {DLT_EN10MB, MACS "8847"
                      "00064000"
                      "000651ff" IP4},
    {DLT_LINUX_SLL, "000000010006020000000002"
                    "0000"
                    "0800" IP4},
    {DLT_LINUX_SLL2, "0800"
                     "0000"
                     "00000001"
                     "0001"
                     "00"
                     "06"
                     "0200000000020000" IP4},
    {DLT_NULL, "02000000" IP4},
    {DLT_LOOP, "00000002" IP4},
    {DLT_RAW, IP4},
    {DLT_IPV4, IP4},
    {DLT_PPP, "ff030021" IP4},
    {DLT_PPP, "21" IP4},
    {DLT_PPP_SERIAL, "ff030021" IP4},
    {DLT_PPP_ETHER, "110000010023"
                    "0021" IP4},
    {DLT_PPP_PPPD, "01ff030021" IP4},
    {DLT_PPP_WITH_DIR, "00ff030021" IP4},
    {DLT_C_HDLC, "0f000800" IP4},
    {DLT_FRELAY, "184103cc" IP4},
    {DLT_FRELAY, "18410300800000000800" IP4},
    {DLT_SLIP, "00000000000000000000000000000000" IP4},
    {DLT_IEEE802, "1040" MACS SNAP IP4},
    {DLT_IEEE802, "1040"
                  "020000000001"
                  "820000000002"
                  "06300000"
                  "0000" SNAP IP4},
    {DLT_FDDI, "50" MACS SNAP IP4},
    {DLT_ATM_RFC1483, SNAP IP4},
    {DLT_ARCNET_LINUX, "01020000f0" IP4},
    {DLT_ARCNET_LINUX, "01020000d4000001" IP4},
    {DLT_IEEE802_11, WIFI SNAP IP4},
    {DLT_IEEE802_11, "88830000" MACS "020000000003"
                     "0000"
                     "020000000004"
                     "0000"
                     "00000000" SNAP IP4},
    {DLT_IEEE802_11_RADIO, "00000900"
                           "02000000"
                           "10" WIFI SNAP IP4 "00000000"},
    {DLT_IEEE802_11_RADIO, "00001900"
                           "030000a0"
                           "00000020"
                           "00000000"
                           "0000000000000000"
                           "00" WIFI SNAP IP4},
    {DLT_IEEE802_11_RADIO_AVS, "8021100100000010"
                               "0000000000000000" WIFI SNAP IP4},
    {DLT_PRISM_HEADER, "8021100100000010"
                       "0000000000000000" WIFI SNAP IP4},
    {DLT_PPI, "00000800"
              "69000000" WIFI SNAP IP4},
    {DLT_NFLOG, "02000000"
                "08000a00"
                "00000001"
                "25000900" IP4},
    {DLT_PKTAP, "14000000"
                "01000000"
                "01000000"
                "0000000000000000" MACS "0800" IP4},
    {DLT_ENC, "020000000000000000000000" IP4},
    {DLT_MPLS, "000651ff" IP4},
};

static size_t
unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; hex[2 * n] != '\0'; n++) {
        char two[3] = {hex[2 * n], hex[2 * n + 1], '\0'};

        out[n] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

/* In a heap block of its own. */
static enum decode_result
decode(int link, const uint8_t *bytes, size_t len, struct net_counters *counters,
       struct packet *pkt)
{
    struct decoder d = {.counters = counters};
    uint8_t *copy = malloc(len > 0 ? len : 1);
    enum decode_result result;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    pkt->time_ns = 1;
    result = decode_frame(&d, link, slice_of(copy, len), pkt);
    free(copy);
    return result;
}

static void
test_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(LINKS); i++) {
        struct net_counters counters = {0};
        struct packet pkt;
        uint8_t frame[256];
        size_t len = unhex(LINKS[i].hex, frame), packets = 0;

        assert_true(decode_link_known(LINKS[i].link));
        print_message("link %d, case %zu\n", LINKS[i].link, i);
        assert_int_equal(decode(LINKS[i].link, frame, len, &counters, &pkt), DECODE_PACKET);
        assert_int_equal(pkt.proto, IPPROTO_NUM_UDP);
        assert_int_equal(pkt.src.bytes[3], 2);
        assert_int_equal(pkt.sport, 4000);
        assert_int_equal(pkt.dport, 9);
        assert_int_equal(pkt.payload_wire, 5);
        if (pkt.has_mac) {
            assert_true(pkt.src_mac[5] == 2 || pkt.src_mac[5] == 4); /* 4: through a bridge */
            assert_true(pkt.dst_mac[5] == 1 || pkt.dst_mac[5] == 3); /* 3: by a station */
        }
        for (size_t cut = 0; cut < len; cut++) { /* at most the payload is missing */
            if (decode(LINKS[i].link, frame, cut, &counters, &pkt) != DECODE_PACKET)
                continue;
            assert_int_equal(pkt.sport, 4000);
            assert_int_equal(pkt.payload_wire, 5);
            assert_true(pkt.payload.left <= 5);
            packets++;
        }
        assert_in_range(packets, 5, 9); /* after the ports; and what follows the packet */
        assert_int_equal(counters.malformed + counters.link_unknown + packets, len);
    }
}

/* A tunnel in a tunnel in a tunnel: looked into as deep as the budget goes, and counted. */
static void
test_depth(void **state)
{
    uint8_t frame[20 * 12];
    struct net_counters counters = {0};
    struct packet pkt;

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        size_t total = sizeof(frame) - 20 * i;

        memset(frame + 20 * i, 0, 20);
        frame[20 * i] = 0x45;
        frame[20 * i + 2] = (uint8_t)(total >> 8);
        frame[20 * i + 3] = (uint8_t)total;
        frame[20 * i + 9] = IPPROTO_NUM_IPIP;
        frame[20 * i + 19] = (uint8_t)i;
    }
    assert_int_equal(decode(DLT_RAW, frame, sizeof(frame), &counters, &pkt), DECODE_PACKET);
    assert_int_equal(counters.tunnels_deep, 1);
    assert_int_equal(pkt.proto, IPPROTO_NUM_IPIP);
    assert_int_equal(pkt.dst.bytes[3], DECODE_DEPTH_MAX - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
