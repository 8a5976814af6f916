/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_ICMP_TUNNEL, &judge, NULL);
}

static void
message(void *self, uint8_t type, uint16_t seq, const void *data, size_t len, int64_t at_ns)
{
    bool answer = type == 0;
    struct icmp_view v = {.src = answer ? ip4(203, 0, 113, 9) : ip4(192, 168, 1, 20),
                          .dst = answer ? ip4(192, 168, 1, 20) : ip4(203, 0, 113, 9),
                          .type = type,
                          .payload_len = (uint32_t)len + 4,
                          .echo_id = 7,
                          .echo_seq = seq,
                          .data = str_n(data, len)};
    struct obs obs = {.kind = OBS_ICMP, .time_ns = at_ns, .icmp = &v};

    NET_ICMP_TUNNEL.observe(self, &obs);
}

static const char *
sign(size_t i)
{
    return json_string_value(json_object_get(judge.report[i].facts, "sign"));
}

static void
fill(uint8_t *out, size_t len, unsigned seed)
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (size_t i = 0; i < len; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(x >> 40);
    }
}

static void
shell(void *self, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "C:\\Users\\caja> dir %u\r\n", i * 17);

        message(self, 8, (uint16_t)i, text, i % 4 == 0 ? (size_t)n : 0, T0 + i * VG_SEC_NS);
        message(self, 0, (uint16_t)i, "whoami\n", i % 5 == 0 ? 7 : 0, T0 + i * VG_SEC_NS);
    }
}

static void
test_shell(void **state)
{
    void *self = start();

    shell(self, 0, 60);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].subject, "192.168.1.20");
    assert_string_equal(judge.report[0].peer, "203.0.113.9");
    NET_ICMP_TUNNEL.free(self);
}

static void
test_packets_inside(void **state)
{
    void *self = start();
    uint8_t packet[84] = {0x45, 0, 0, 84, 0, 0, 0x40, 0, 64, 1, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2};
    uint32_t sum = 0;

    for (size_t i = 0; i < 20; i += 2)
        sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
    sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
    fill(packet + 20, 64, 1);
    for (unsigned i = 0; i < 5; i++)
        message(self, 8, 0, packet, sizeof packet, T0 + i * VG_SEC_NS);
    assert_int_equal(judge.count, 1);
    assert_string_equal(sign(0), "packets");
    NET_ICMP_TUNNEL.free(self);
}

static void
test_data_one_way_and_odd_types(void **state)
{
    void *self = start();
    uint8_t data[200];

    for (unsigned i = 0; i < 80; i++) {
        fill(data, sizeof data, i + 1);
        message(self, 8, (uint16_t)i, data, sizeof data, T0 + i * VG_SEC_NS);
        message(self, 0, (uint16_t)i, data, sizeof data, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 1);
    assert_string_equal(sign(0), "data");
    NET_ICMP_TUNNEL.free(self);
    self = start();
    for (unsigned i = 0; i < 8; i++) {
        fill(data, sizeof data, i + 1);
        message(self, 13, (uint16_t)i, data, sizeof data, T0 + i * VG_SEC_NS);
    }
    assert_int_equal(judge.count, 1);
    assert_string_equal(sign(0), "types");
    NET_ICMP_TUNNEL.free(self);
}

/* Windows, Linux, a router's zeros, a test of the largest packet whose answer is cut short, a line
 * tester that sends the same random bytes, errors that quote packets. */
static void
test_look_alikes(void **state)
{
    void *self = start();
    uint8_t unix_ping[56], big[1472] = {0}, noise[64];
    const char *windows = "abcdefghijklmnopqrstuvwabcdefghi";

    fill(noise, sizeof noise, 99);
    for (unsigned i = 0; i < 500; i++) {
        int64_t at = T0 + i * VG_SEC_NS;

        fill(unix_ping, 16, i + 1);
        for (uint8_t n = 16; n < sizeof unix_ping; n++)
            unix_ping[n] = n;
        message(self, 8, (uint16_t)i, unix_ping, sizeof unix_ping, at);
        message(self, 0, (uint16_t)i, unix_ping, sizeof unix_ping, at);
        message(self, 8, (uint16_t)i, windows, 32, at);
        message(self, 0, (uint16_t)i, windows, 32, at);
        message(self, 8, (uint16_t)i, big, sizeof big, at);
        message(self, 0, (uint16_t)i, big, 68, at);
        message(self, 8, (uint16_t)i, noise, sizeof noise, at);
        message(self, 0, (uint16_t)i, noise, sizeof noise, at);
        fill(big, 60, i);
        message(self, 3, 0, big, 60, at);
        memset(big, 0, 60);
    }
    assert_int_equal(judge.count, 0);
    NET_ICMP_TUNNEL.free(self);
}

static void
test_restart(void **state)
{
    static struct judge once;
    static struct fake_store store;
    void *self = fake_make(&NET_ICMP_TUNNEL, &once, NULL);

    shell(self, 0, 60);
    NET_ICMP_TUNNEL.free(self);
    self = start();
    shell(self, 0, 9);
    assert_int_equal(judge.count, 0);
    self = fake_restart(&NET_ICMP_TUNNEL, self, &store, &judge);
    shell(self, 9, 60);
    fake_same_reports(&once, &judge);
    NET_ICMP_TUNNEL.free(self);
    fake_truncate_rows(&NET_ICMP_TUNNEL, &store, &judge);
    fake_store_done(&store);
    fake_judge_done(&once);
}

static int
done(void **state)
{
    fake_judge_done(&judge);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shell),
        cmocka_unit_test(test_packets_inside),
        cmocka_unit_test(test_data_one_way_and_odd_types),
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, NULL, done);
}
