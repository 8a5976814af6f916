/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a contact, by carrier, and how rare a place is. */
#include "tests/unit/detect/beacon_calls.h"

/* What several call is the shop's own, but no honest program asks for a stager's path by the clock. */
static void
test_stager_path(void **state)
{
    /* the bytes of the first add up to 92, modulo 256; of the second to 91 */
    static const char *const paths[] = {"/aaa9", "/aaa8"};

    for (unsigned k = 0; k < VG_ARRAY_LEN(paths); k++) {
        void *self = start();

        for (unsigned d = 0; d < 3; d++)
            call(self, ip4(192, 168, 1, 20 + d), ip4(45, 77, 1, 2), 443, T0 + d, 500,
                 "www.stage.example");
        for (int i = 0; i < 40; i++)
            request(self, ip4(45, 77, 1, 2), T0 + i * 60 * VG_SEC_NS, "www.stage.example",
                    paths[k]);
        assert_int_equal(alerts(), k == 0);
        NET_BEACON.free(self);
    }
}

/* ---- DNS ---- */

static void
test_dns_with_names_that_change(void **state)
{
    void *self = start();
    double t = 0;

    for (int i = 0; i < 40; i++) {
        char name[64];

        t += 60 * (1 + 0.5 * (2 * chance() - 1));
        snprintf(name, sizeof(name), "%x.s.example.com", (unsigned)(chance() * 1e9));
        ask(self, ip4(192, 168, 1, 9), T0 + (int64_t)(t * 1e9),
            (struct query){name, 1, 3, {0}, NULL});
    }
    assert_int_equal(alerts(), 1);
    assert_string_equal(judge.report[judge.count - 1].peer, "example.com");
    assert_string_equal(
        json_string_value(json_object_get(judge.report[judge.count - 1].facts, "carrier")), "DNS");
    NET_BEACON.free(self);
}

/* One name: an answer that leads nowhere says "nothing to do", a text says what to do. */
static void
test_dns_that_idles(void **state)
{
    static const struct query rows[] = {
        {"1a2b3c4d.example.com", 1, 0, {.family = 4}, NULL},
        {"cmd.example.com", 16, 0, {0}, "sleep"},
    };

    for (size_t k = 0; k < VG_ARRAY_LEN(rows); k++) {
        void *self = start();

        call(self, ip4(192, 168, 1, 9), ip4(93, 1, 1, 1), 443, T0, 900, "www.example.net");
        for (int i = 0; i < 40; i++)
            ask(self, ip4(192, 168, 1, 9), T0 + i * 60 * VG_SEC_NS, rows[k]);
        assert_int_equal(alerts(), 1);
        NET_BEACON.free(self);
    }
}

static void
test_dns_of_ordinary_life_is_quiet(void **state)
{
    static const char *const blocked[] = {"ads.example.com", "ads.example.net", "ads.example.org"};
    const struct net_addr resolver = ip4(192, 168, 1, 1);
    void *self = start();

    for (int i = 0; i < 200; i++) {
        int64_t t = T0 + i * 60 * VG_SEC_NS;
        char name[64];

        snprintf(name, sizeof(name), "m%d.example.co.uk", i);
        /* asked and called, whenever its time is over; also under names that change */
        ask(self, ip4(192, 168, 1, 9), t,
            (struct query){"api.example.mx", 1, 0, ip4(93, 1, 1, 1), NULL});
        begin_call(self, ip4(93, 1, 1, 1), t + VG_SEC_NS, "api.example.mx");
        ask(self, ip4(192, 168, 1, 9), t, (struct query){name, 1, 0, ip4(93, 1, 1, 2), NULL});
        begin_call(self, ip4(93, 1, 1, 2), t + VG_SEC_NS, name);
        /* only kept fresh; gone; blocked by the resolver; of the shop's own */
        ask(self, ip4(192, 168, 1, 9), t,
            (struct query){"dyn.example.info", 1, 0, ip4(93, 1, 1, 3), NULL});
        ask(self, ip4(192, 168, 1, 9), t, (struct query){"gone.example.biz", 1, 3, {0}, NULL});
        for (size_t k = 0; k < VG_ARRAY_LEN(blocked); k++)
            ask(self, ip4(192, 168, 1, 9), t,
                (struct query){blocked[k], 1, 0, {.family = 4}, NULL});
        snprintf(name, sizeof(name), "n%d.tienda.local", i);
        ask(self, ip4(192, 168, 1, 9), t, (struct query){name, 1, 3, {0}, NULL});
        /* a block list */
        snprintf(name, sizeof(name), "%x.dbl.example.ca", (unsigned)i * 2654435761u);
        ask(self, ip4(192, 168, 1, 9), t, (struct query){name, 1, 0, ip4(127, 0, 1, 2), NULL});
        /* the resolver asks for others */
        snprintf(name, sizeof(name), "r%d.example.fr", i);
        ask(self, resolver, t, (struct query){name, 1, 0, ip4(93, 1, 1, 4), NULL});
    }
    assert_int_equal(alerts(), 0);
    NET_BEACON.free(self);
}

/* ---- ICMP and UDP ---- */

static void
test_pings(void **state)
{
    static const struct {
        struct str data;
        bool fires;
    } rows[] = {
        {{"id=84f2a7; no new orders", 24}, true},
        {{"abcdefghijklmnopqrstuvwabcdefghi", 32}, false},
        {{"", 0}, false},
    };

    for (size_t k = 0; k < VG_ARRAY_LEN(rows); k++) {
        void *self = start();

        for (int i = 0; i < 60; i++) {
            pong(self, ip4(45, 77, 1, 2), T0 + i * 30 * VG_SEC_NS, rows[k].data);
            pong(self, ip4(192, 168, 1, 1), T0 + i * 30 * VG_SEC_NS, rows[k].data);
        }
        assert_int_equal(alerts(), rows[k].fires);
        NET_BEACON.free(self);
    }
}

/* A conversation that pauses keeps its ports; what calls anew has others. */
static void
test_udp(void **state)
{
    for (unsigned standing = 0; standing < 2; standing++) {
        void *self = start();

        for (unsigned i = 0; i < 60; i++) {
            struct flow_view f =
                flow_of(ip4(192, 168, 1, 9), ip4(45, 77, 1, 2), 8800, T0 + i * 100 * VG_SEC_NS);

            f.proto = 17;
            f.sport = (uint16_t)(standing ? 31000 : 31000 + i);
            f.state = FLOW_TIMEOUT;
            f.bytes_out = 90;
            see_flow(&NET_BEACON, self, OBS_FLOW_END, &f);
        }
        assert_int_equal(alerts(), !standing);
        NET_BEACON.free(self);
    }
}

/* ---- places ---- */

/* What the shop has called for days is no implant's, even where this device is new to it. */
static void
test_place_known_before(void **state)
{
    static const struct net_scene_options options = {.geo_dir = NULL};

    for (unsigned known = 0; known < 2; known++) {
        struct net_scene *scene;
        struct detector_env env = {.judge = &judge, .rules_dir = "rules"};
        char why[DETECT_WHY_MAX];
        void *self;

        fake_judge_done(&judge);
        assert_int_equal(net_scene_new(&options, &scene), VG_OK);
        env.scene = scene;
        assert_int_equal(NET_BEACON.make(&env, &self, why), VG_OK);
        for (int i = 0; i < 5 * 48; i++) {
            int64_t t = T0 + i * VG_HOUR_NS / 2;
            bool late = i >= 4 * 48;
            struct flow_view f = flow_of(ip4(192, 168, 1, late ? 9 : 8), ip4(45, 77, 1, 2), 443, t);
            struct obs obs = {.kind = OBS_FLOW_END, .time_ns = t, .flow = &f};

            f.state = FLOW_CLOSED;
            f.bytes_out = 700;
            f.server_name = str_of(late || known ? "sync.example" : "other.example");
            if (!late && chance() < 0.7)
                continue;
            net_scene_observe(scene, &obs);
            NET_BEACON.observe(self, &obs);
        }
        assert_int_equal(alerts(), known ? 0 : 1);
        NET_BEACON.free(self);
        net_scene_free(scene);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stager_path),
        cmocka_unit_test(test_dns_with_names_that_change),
        cmocka_unit_test(test_dns_that_idles),
        cmocka_unit_test(test_dns_of_ordinary_life_is_quiet),
        cmocka_unit_test(test_pings),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_place_known_before),
    };
    int failed;

    settings = json_pack("{s:s}", "known", "example.org msftconnecttest.com");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(settings);
    fake_judge_done(&judge);
    return failed;
}
