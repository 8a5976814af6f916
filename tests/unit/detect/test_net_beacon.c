/* SPDX-License-Identifier: Apache-2.0 */
/* How even contacts are, how long they last, and what of a run is kept. */
#include "tests/unit/detect/beacon_calls.h"

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

/* Up to half of jitter over each carrier of connections and requests. */
static void
test_carriers_with_jitter(void **state)
{
    static const struct {
        const char *protocol;
        uint16_t port;
        uint8_t proto;
    } carriers[] = {{"", 4444, 6}, {"tls", 443, 6}, {"quic", 443, 17}, {"http", 80, 6}};

    for (size_t k = 0; k < VG_ARRAY_LEN(carriers); k++) {
        void *self = start();
        bool http = strcmp(carriers[k].protocol, "http") == 0;
        double t = 0;

        for (int i = 0; i < 60; i++) {
            struct flow_view f;

            t += 60 * (1 + 0.5 * (2 * chance() - 1));
            if (http) {
                request(self, ip4(45, 77, 1, 2), T0 + (int64_t)(t * 1e9), "cdn.example", "/a");
                continue;
            }
            f = flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), carriers[k].port,
                        T0 + (int64_t)(t * 1e9));
            f.proto = carriers[k].proto;
            f.sport = (uint16_t)(40000 + i);
            f.protocol = str_of(carriers[k].protocol);
            f.state = FLOW_CLOSED;
            f.flags_in = TCP_SYN | TCP_ACK;
            f.packets_in = 6;
            f.bytes_out = 900;
            f.server_name = str_of(k == 0 ? "" : "cdn.example");
            see_flow(&NET_BEACON, self, OBS_FLOW_END, &f);
        }
        if (alerts() != 1)
            fail_msg("%s on port %u: %zu", carriers[k].protocol, carriers[k].port, alerts());
        NET_BEACON.free(self);
    }
}

/* Ten minutes with a third of jitter, over two days, the PC off at night. */
static void
test_sleeps_and_wakes(void **state)
{
    void *self = start_watched(3 * VG_DAY_NS);
    double t = 0;

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

/* Every two hours of office time, the PC off at night and on Sunday. */
static void
test_slow_in_office_hours(void **state)
{
    void *self = start_watched(3 * VG_DAY_NS);

    for (int day = 0; day < 9; day++)
        for (double t = day * 86400.; t < day * 86400. + 10 * 3600 && day % 7 != 6;
             t += 7200 * (1 + 0.3 * (2 * chance() - 1)))
            call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0 + (int64_t)(t * 1e9),
                 900 + (uint64_t)(60 * chance()), "cdn.example");
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

/* A name on many addresses is one place. */
static void
test_changing_addresses(void **state)
{
    void *self = start();

    for (int i = 0; i < 40; i++)
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2 + (unsigned)i % 9), 443,
             T0 + i * 60 * VG_SEC_NS, 900, "cdn.example");
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

/* A page left open, in a shop that is watched for long; the same for hours is no page. */
static void
test_page_left_open(void **state)
{
    void *self = start_watched(5 * VG_DAY_NS);

    for (int i = 0; i < 60; i++)
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0 + i * 30 * VG_SEC_NS, 900,
             "page.example");
    assert_int_equal(alerts(), 0);
    for (int i = 60; i < 300; i++)
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443, T0 + i * 30 * VG_SEC_NS, 900,
             "page.example");
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

/* Twice on some days, always a minute apart: a visit now and then has no clock. */
static void
test_visits_now_and_then(void **state)
{
    void *self = start_watched(3 * VG_DAY_NS);

    for (int i = 0; i < 60; i++)
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 80,
             T0 + i / 2 * 2 * VG_DAY_NS + i % 2 * 77 * VG_SEC_NS, 900, "status.example");
    assert_int_equal(alerts(), 0);
    NET_BEACON.free(self);
}

/* Figures of RITA's own definitions, worked out by hand. */
static void
test_scores(void **state)
{
    void *self = start();
    json_t *facts;

    for (int i = 0; i < 20; i++) /* over nine hours */
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443,
             T0 + i * 1500 * VG_SEC_NS + i % 3 * 20 * VG_SEC_NS, 1000, "");
    assert_true(judge.count >= 1);
    facts = judge.report[judge.count - 1].facts;
    assert_non_null(facts);
    /* 1520 thirteen times, 1460 six: Q1 1460, median and Q3 1520 (so no skew), deviation 0 */
    assert_float_equal(json_real_value(json_object_get(facts, "time_score")), 1, 1e-9);
    assert_float_equal(json_real_value(json_object_get(facts, "size_score")), 1, 1e-9);
    /* every hour that was watched but the first */
    assert_float_equal(json_real_value(json_object_get(facts, "lasting_score")), 0.9, 1e-9);
    assert_true(json_real_value(json_object_get(facts, "day_score")) > 0.5);
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

/* A heartbeat that runs when the watching begins is the device's own; one that comes later is not. */
static void
test_heartbeat(void **state)
{
    for (int late = 0; late < 2; late++) {
        void *self = start();

        for (int i = 0; i < 200; i++)
            call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443,
                 T0 + (late - 1) * VG_HOUR_NS + (30 + i * 45) * VG_SEC_NS, 400, "beat.example");
        assert_int_equal(alerts(), late);
        NET_BEACON.free(self);
    }
}

/* A pair inside the shop that is new after days of watching does count. */
static void
test_new_local_clock_after_learning(void **state)
{
    void *self = start();

    call(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, 2), 8080, T0, 500, "");
    for (int i = 0; i < 200; i++)
        call(self, ip4(192, 168, 1, 9), ip4(192, 168, 1, 66), 4444,
             T0 + 3 * VG_DAY_NS + i * 30 * VG_SEC_NS, 500, "");
    assert_int_equal(alerts(), 1);
    NET_BEACON.free(self);
}

/* ---- state ---- */

static void
part(void *self, int from, int to)
{
    char name[64];

    for (int i = from; i < to; i++) {
        call(self, ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 443,
             T0 + i * 60 * VG_SEC_NS + i % 7 * VG_SEC_NS, 900 + (uint64_t)(i % 5), "cdn.example");
        request(self, ip4(45, 77, 9, 2), T0 + i * 60 * VG_SEC_NS, "45.77.9.2",
                i % 9 == 0 ? "/x" : "/y");
        snprintf(name, sizeof(name), "%x.example.com", (unsigned)i * 2654435761u);
        ask(self, ip4(192, 168, 1, 7), T0 + i * 61 * VG_SEC_NS,
            (struct query){name, 16, 0, {0}, "none"});
        pong(self, ip4(45, 77, 9, 3), T0 + i * 62 * VG_SEC_NS, str_of("id=84f2a7; no new orders"));
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
    assert_true(whole.count >= 4);
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
        cmocka_unit_test(test_carriers_with_jitter),
        cmocka_unit_test(test_sleeps_and_wakes),
        cmocka_unit_test(test_changing_paths_on_a_bare_local_address),
        cmocka_unit_test(test_poll_of_a_bare_address),
        cmocka_unit_test(test_slow_in_office_hours),
        cmocka_unit_test(test_changing_addresses),
        cmocka_unit_test(test_page_left_open),
        cmocka_unit_test(test_visits_now_and_then),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_null_rate),
        cmocka_unit_test(test_browsing_is_quiet),
        cmocka_unit_test(test_clocks_of_ordinary_life_are_quiet),
        cmocka_unit_test(test_heartbeat),
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
