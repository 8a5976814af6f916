/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static json_t *settings;

static uint64_t seed;
static double
chance(void) /* xorshift64*, in (0, 1) */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return ((double)(seed * UINT64_C(2685821657736338717) >> 11) + 0.5) / 9007199254740992.0;
}

static void *
start(void)
{
    fake_judge_done(&judge);
    seed = 88172645463325252u;
    return fake_make(&NET_BEACON, &judge, settings);
}

static void
call(void *self, struct net_addr src, struct net_addr dst, uint16_t port, int64_t t, uint64_t bytes,
     const char *name)
{
    struct flow_view f = flow_of(src, dst, port, t);

    f.state = FLOW_CLOSED;
    f.flags_in = TCP_SYN | TCP_ACK;
    f.packets_in = 6;
    f.bytes_out = bytes;
    f.server_name = str_of(name);
    see_flow(&NET_BEACON, self, OBS_FLOW_END, &f);
}

static void
request(void *self, struct net_addr dst, int64_t t, const char *host, const char *uri)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), dst, 80, t);
    struct http_view h = {.flow = &f,
                          .method = str_of("GET"),
                          .host = str_of(host),
                          .uri = str_of(uri),
                          .user_agent = str_of(""),
                          .mime = str_of(""),
                          .status = 200};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = t, .http = &h};

    NET_BEACON.observe(self, &obs);
}

/* Tests that would alert on a busy day: p under the strictest threshold of a new judge. */
static size_t
alerts(void)
{
    size_t n = 0;

    for (size_t i = 0; i < judge.count; i++)
        n += judge.report[i].p < 3e-5;
    return n;
}

static void
test_clock_with_jitter(void **state)
{
    static const double jitter[] = {0, 0.05, 0.15, 0.25, 0.5};

    for (size_t k = 0; k < VG_ARRAY_LEN(jitter); k++) {
        void *self = start();
        double t = 0;

        for (int i = 0; i < 40; i++) {
            t += 60 * (1 + jitter[k] * (2 * chance() - 1));
            call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0 + (int64_t)(t * 1e9),
                 900 + (uint64_t)(60 * chance()), "cdn.example");
        }
        assert_int_equal(alerts(), 1); /* and only once for one pair */
        assert_string_equal(judge.report[judge.count - 1].subject, "192.168.1.9");
        assert_string_equal(judge.report[judge.count - 1].peer, "cdn.example");
        NET_BEACON.free(self);
    }
}

/* Ten minutes with a third of jitter, over two days, the PC off at night. */
static void
test_sleeps_and_wakes(void **state)
{
    void *self = start();
    double t = 0;

    call(self, ip4(192, 168, 1, 8), ip4(45, 77, 9, 9), 443, T0 - 3 * VG_DAY_NS, 900, "x.example");
    for (int day = 0; day < 2; day++)
        for (t = day * 86400; t < day * 86400 + 9 * 3600; t += 600 * (1 + 0.3 * (2 * chance() - 1)))
            call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0 + (int64_t)(t * 1e9),
                 900 + (uint64_t)(60 * chance()), "cdn.example");
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

static void
test_changing_paths_on_a_bare_local_address(void **state)
{
    static const char *const paths[] = {"/index.asp", "/admin/get.php", "/news.php"};
    void *self = start();

    for (int i = 0; i < 30; i++)
        request(self, ip4(192, 168, 1, 161), T0 + i * 5 * VG_SEC_NS, "192.168.1.161",
                paths[(unsigned)(chance() * 3)]);
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

static void
test_poll_of_a_bare_address(void **state)
{
    void *self = start();
    double t = 0;

    for (int i = 0; i < 2000; i++) {
        t += 0.02 + 0.1 * chance();
        request(self, ip4(45, 77, 1, 2), T0 + (int64_t)(t * 1e9), "45.77.1.2", "/match");
    }
    assert_int_equal(alerts(), 1);
    assert_string_equal(
        json_string_value(json_object_get(judge.report[judge.count - 1].facts, "style")), "poll");
    NET_BEACON.free(self);
}

/* ---- ordinary life ---- */

/* People come by chance: over many pairs hardly one passes, as the p promises. */
static void
test_null_rate(void **state)
{
    size_t pairs = 0, alarmed = 0;

    for (unsigned round = 0; round < 300; round++) {
        void *self = start();
        double t = 0;

        seed += round * 7919u + 1;
        for (int i = 0; i < 64; i++) {
            t += 1 - 40 * log(chance());
            call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0 + (int64_t)(t * 1e9), 900,
                 "shop.example");
        }
        pairs++;
        for (size_t i = 0; i < judge.count; i++)
            alarmed += judge.report[i].p < 0.01;
        NET_BEACON.free(self);
    }
    assert_int_equal(pairs, 300);
    assert_true(alarmed <= 6);
}

static void
test_browsing_is_quiet(void **state)
{
    void *self = start();
    double t = 0;

    for (int page = 0; page < 400; page++) {
        t += 3 - 30 * log(chance());
        for (unsigned i = 0; i < 12; i++) {
            unsigned site = (unsigned)(chance() * 30);

            call(self, ip4(192, 168, 1, 9), ip4(93, site, 7, 8), 443,
                 T0 + (int64_t)((t + 0.3 * chance()) * 1e9),
                 600 + (uint64_t)(20000 * chance() * chance()), "");
        }
    }
    assert_int_equal(alerts(), 0);
    NET_BEACON.free(self);
}

static void
test_clocks_of_ordinary_life_are_quiet(void **state)
{
    void *self = start();

    for (int i = 0; i < 500; i++) {
        int64_t t = T0 + i * 64 * VG_SEC_NS;
        struct flow_view ntp = flow_of(ip4(192, 168, 1, 9), ip4(17, 253, 2, 1), 123, t);

        ntp.proto = 17;
        ntp.packets_in = 1;
        ntp.state = FLOW_ESTABLISHED;
        see_flow(&NET_BEACON, self, OBS_FLOW_END, &ntp);
        call(self, ip4(192, 168, 1, 9), ip4(13, 107, 4, 52), 80, t, 400, "www.msftconnecttest.com");
        /* the till and its own server */
        call(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, 2), 8080, t, 500, "");
        request(self, ip4(192, 168, 1, 3), t, "192.168.1.3", "/api/orders");
        /* a service that the whole shop uses */
        for (unsigned d = 0; d < 4; d++)
            call(self, ip4(192, 168, 1, 10 + d), ip4(52, 1, 1, 1), 443, t + d, 500, "pos.example");
        /* nobody answers: a printer that is off */
        ntp = flow_of(ip4(192, 168, 1, 9), ip4(52, 9, 9, 9), 9100, t);
        see_flow(&NET_BEACON, self, OBS_FLOW_END, &ntp);
    }
    assert_int_equal(alerts(), 0);
    NET_BEACON.free(self);
}

/* A pair inside the shop that is new after days of watching does count. */
static void
test_new_local_clock_after_learning(void **state)
{
    void *self = start();

    call(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, 2), 8080, T0, 500, "");
    for (int i = 0; i < 40; i++)
        call(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, 66), 4444,
             T0 + 3 * VG_DAY_NS + i * 30 * VG_SEC_NS, 500, "");
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

/* ---- state ---- */

static void
part(void *self, int from, int to)
{
    for (int i = from; i < to; i++) {
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443,
             T0 + i * 60 * VG_SEC_NS + i % 7 * VG_SEC_NS, 900 + (uint64_t)(i % 5), "cdn.example");
        request(self, ip4(45, 77, 9, 2), T0 + i * 60 * VG_SEC_NS, "45.77.9.2",
                i % 9 == 0 ? "/x" : "/y");
    }
}

static void
test_restart_goes_on(void **state)
{
    static struct judge whole, parts;
    static struct fake_store store;
    void *a = fake_make(&NET_BEACON, &whole, NULL), *b = fake_make(&NET_BEACON, &parts, NULL);

    part(a, 0, 120);
    for (int at = 0; at < 120; at += 7) {
        part(b, at, at + 7 < 120 ? at + 7 : 120);
        b = fake_restart(&NET_BEACON, b, &store, &parts);
    }
    assert_true(whole.count >= 2);
    fake_same_reports(&whole, &parts);
    fake_truncate_rows(&NET_BEACON, &store, &parts);
    NET_BEACON.free(a);
    NET_BEACON.free(b);
    fake_judge_done(&whole);
    fake_judge_done(&parts);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_with_jitter),
        cmocka_unit_test(test_sleeps_and_wakes),
        cmocka_unit_test(test_changing_paths_on_a_bare_local_address),
        cmocka_unit_test(test_poll_of_a_bare_address),
        cmocka_unit_test(test_null_rate),
        cmocka_unit_test(test_browsing_is_quiet),
        cmocka_unit_test(test_clocks_of_ordinary_life_are_quiet),
        cmocka_unit_test(test_new_local_clock_after_learning),
        cmocka_unit_test(test_restart_goes_on),
    };
    int failed;

    settings = json_pack("{s:s}", "known", "example.org msftconnecttest.com");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(settings);
    fake_judge_done(&judge);
    return failed;
}
