/* SPDX-License-Identifier: Apache-2.0 */
/* Names, places and texts that all net detectors share; and the names and addresses they rest on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/detect/domain.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

#define T0 (INT64_C(1750000000) * VG_SEC_NS)
enum { ROWS_MAX = 1024 };

/* ---- addresses and names ---- */

static void
test_addresses(void **state)
{
    static const struct {
        const char *text, *again; /* again: NULL where it is no address */
    } rows[] = {
        {"192.168.1.9", "192.168.1.9"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"256.1.1.1", NULL},
        {"1.2.3", NULL},
        {"1.2.3.4.5", NULL},
        {"1..3.4", NULL},
        {"1.2.3.4 ", NULL},
        {"", NULL},
        {"2001:db8::1", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"fe80::1:2:3:4", "fe80::1:2:3:4"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"::ffff:192.0.2.1", NULL}, /* told below: its text has more than one form */
        {"1:2:3:4:5:6:7", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"1::2::3", NULL},
        {"1:2:3:4:5:6:7:", NULL},
        {"12345::", NULL},
        {"g::1", NULL},
        {":1", NULL},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct net_addr a;
        char text[NET_ADDR_TEXT_MAX];

        if (strstr(rows[i].text, "ffff") != NULL) {
            assert_true(net_addr_parse(str_of(rows[i].text), &a));
            assert_int_equal(a.bytes[11] << 8 | a.bytes[12], 0xffc0);
            continue;
        }
        if (net_addr_parse(str_of(rows[i].text), &a) != (rows[i].again != NULL))
            fail_msg("%s", rows[i].text);
        if (rows[i].again != NULL)
            assert_string_equal(net_addr_format(&a, text), rows[i].again);
        else
            assert_int_equal(a.family, 0);
    }
}

static void
test_domains(void **state)
{
    static const struct {
        const char *name, *registered, *prefix;
    } rows[] = {
        {"www.example.com", "example.com", "www"},
        {"a.b.Example.com.MX.", "Example.com.MX", "a.b"},
        {"example.com", "example.com", ""},
        {"com", "com", ""},
        {"caja-1", "caja-1", ""},
        {"203.0.113.9", "203.0.113.9", ""},
        {"[2001:db8::1]:443", "[2001:db8::1]:443", ""},
        {"", "", ""},
        {"tienda.github.io", "tienda.github.io", ""},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        if (!str_is(domain_registered(str_of(rows[i].name)), rows[i].registered) ||
            !str_is(domain_prefix(str_of(rows[i].name)), rows[i].prefix))
            fail_msg("%s", rows[i].name);
    }
    assert_true(domain_under(str_of("a.EXAMPLE.com."), str_of("example.com")));
    assert_true(domain_under(str_of("example.com"), str_of("example.com")));
    assert_false(domain_under(str_of("badexample.com"), str_of("example.com")));
    assert_false(domain_under(str_of("com"), str_of("example.com")));
    assert_true(domain_hash(str_of("WWW.x.mx.")) == domain_hash(str_of("www.x.mx")));
    assert_true(domain_is_address(str_of("203.0.113.9:8080")));
    assert_true(domain_is_address(str_of("2001:db8::1")));
    assert_false(domain_is_address(str_of("face.book")));
    assert_false(domain_is_address(str_of("1.2.3.example")));
}

/* ---- the scene ---- */

struct rows {
    struct {
        uint8_t key[STATE_KEY_MAX];
        size_t key_len, len;
        uint16_t version;
        uint8_t *blob;
    } row[ROWS_MAX];
    size_t count;
};

static void
take_row(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct rows *r = ctx;
    size_t i = 0;

    assert_string_equal(detector, NET_SCENE_STATE_NAME);
    while (i < r->count &&
           (r->row[i].key_len != key.left || memcmp(r->row[i].key, key.at, key.left) != 0))
        i++;
    assert_true(i < ROWS_MAX);
    if (i == r->count)
        r->count++;
    free(r->row[i].blob);
    memcpy(r->row[i].key, key.at, key.left);
    r->row[i].key_len = key.left;
    r->row[i].version = version;
    r->row[i].len = blob.left;
    r->row[i].blob = malloc(blob.left + 1);
    assert_non_null(r->row[i].blob);
    memcpy(r->row[i].blob, blob.at, blob.left);
}

static struct net_scene *
make(void)
{
    struct net_scene *s;

    assert_int_equal(net_scene_new(&(struct net_scene_options){0}, &s), VG_OK);
    return s;
}

static struct net_addr
addr(const char *text)
{
    struct net_addr a;

    assert_true(net_addr_parse(str_of(text), &a));
    return a;
}

static struct flow_view
flow(const char *src, const char *dst, const char *name)
{
    return (struct flow_view){.src = addr(src),
                              .dst = addr(dst),
                              .proto = 6,
                              .dport = 443,
                              .packets_in = 3,
                              .has_mac = true,
                              .src_mac = {2, 0, 0, 0, 0, 9},
                              .app = str_of(""),
                              .protocol = str_of("tls"),
                              .category = str_of(""),
                              .server_name = str_of(name)};
}

static void
see(struct net_scene *s, enum obs_kind kind, const struct flow_view *f, int64_t t_ns)
{
    struct obs obs = {.kind = kind, .time_ns = t_ns, .flow = f};

    net_scene_observe(s, &obs);
}

static void
see_dhcp(struct net_scene *s, const char *address, const char *name, int64_t t_ns)
{
    struct flow_view f = flow("0.0.0.0", "255.255.255.255", "");
    struct record_field fields[] = {
        {.name = "host_name", .type = FIELD_TEXT, .text = str_of(name)},
        {.name = "requested", .type = FIELD_TEXT, .text = str_of(address)}};
    struct record_view record = {.flow = &f, .type = "dhcp", .fields = fields, .count = 2};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = t_ns, .record = &record};

    net_scene_observe(s, &obs);
}

static void
see_lookup(struct net_scene *s, const char *name, const char *address, int64_t t_ns)
{
    struct flow_view f = flow("192.168.1.9", "192.168.1.1", "");
    struct net_addr a = addr(address);
    struct dns_view dns = {
        .flow = &f, .query = str_of(name), .qtype = 1, .addresses = &a, .address_count = 1};
    struct obs obs = {.kind = OBS_DNS, .time_ns = t_ns, .dns = &dns};

    net_scene_observe(s, &obs);
}

static void
test_places(void **state)
{
    struct net_scene *s = make();
    struct net_place_view p;
    struct flow_view f = flow("192.168.1.9", "203.0.113.9", "www.example.com");
    struct flow_view other = flow("192.168.1.8", "203.0.113.10", "api.example.com");
    struct net_addr bare = addr("203.0.113.77");

    (void)state;
    assert_false(net_scene_place(s, str_of("example.com"), &f.dst, &p));
    see(s, OBS_FLOW_END, &f, T0);
    assert_true(net_scene_place(s, str_of("example.com"), &f.dst, &p));
    assert_true(p.first_ns == T0 && p.callers == 1 && p.days == 1);
    see(s, OBS_FLOW_END, &other, T0 + VG_DAY_NS);
    assert_true(net_scene_place(s, str_of("example.com"), &f.dst, &p));
    assert_true(p.first_ns == T0 && p.last_ns == T0 + VG_DAY_NS && p.callers == 2 && p.days == 2);
    assert_true(net_scene_since_ns(s) == T0);
    assert_int_equal(net_scene_hours(s), 2);
    /* an address is the place of the name that it was looked up by */
    see_lookup(s, "cdn.example.com", "203.0.113.77", T0);
    assert_true(net_scene_place(s, str_of(""), &bare, &p));
    /* unanswered calls, calls within the shop and calls from outside are no places */
    f = flow("192.168.1.9", "198.51.100.1", "");
    f.packets_in = 0;
    see(s, OBS_FLOW_END, &f, T0);
    assert_false(net_scene_place(s, str_of(""), &f.dst, &p));
    f = flow("198.51.100.1", "192.168.1.9", "");
    see(s, OBS_FLOW_END, &f, T0);
    assert_false(net_scene_place(s, str_of(""), &f.dst, &p));
    net_scene_free(s);
}

static void
test_names(void **state)
{
    struct net_scene *s = make();
    struct flow_view f = flow("192.168.1.9", "203.0.113.9", "");
    char out[NET_TELL_MAX];
    struct net_device_view d;
    struct party p;
    json_t *facts;

    (void)state;
    see(s, OBS_FLOW_START, &f, T0);
    assert_string_equal(net_tell_device(s, &f.src, NULL, out), "192.168.1.9");
    see_dhcp(s, "192.168.1.9", "caja-2", T0);
    assert_string_equal(net_tell_device(s, &f.src, NULL, out), "caja-2 (192.168.1.9)");
    f.program = &(struct program_view){
        .name = str_of("chrome.exe"), .path = str_of(""), .user = str_of(""), .sha256 = str_of("")};
    see_lookup(s, "mal.example", "203.0.113.9", T0);
    facts = net_tell_flow(s, &f, str_of(""));
    assert_string_equal(json_string_value(json_object_get(facts, "device")),
                        "caja-2 (192.168.1.9, chrome.exe)");
    assert_string_equal(json_string_value(json_object_get(facts, "place")),
                        "mal.example (203.0.113.9)");
    assert_string_equal(json_string_value(json_object_get(facts, "site")), "mal.example");
    assert_string_equal(json_string_value(json_object_get(facts, "host")), "192.168.1.9");
    json_decref(facts);
    net_tell_party(s, &p, &f.src);
    assert_string_equal(p.kind, "device");
    assert_string_equal(p.id, "192.168.1.9");
    assert_string_equal(p.label, "caja-2 (192.168.1.9)");
    net_tell_peer(s, &p, str_of("mal.example"), &f.dst);
    assert_string_equal(p.kind, "domain");
    /* the address goes to another device: its name is no longer known */
    f.src_mac[5] = 77;
    see(s, OBS_FLOW_START, &f, T0 + VG_SEC_NS);
    assert_true(net_scene_device(s, &f.src, &d));
    assert_string_equal(d.name, "");
    net_scene_free(s);
}

static void
test_without_a_scene(void **state)
{
    struct flow_view f = flow("192.168.1.9", "203.0.113.9", "x.example");
    struct net_place_view p;
    json_t *facts = net_tell_flow(NULL, &f, str_of(""));

    (void)state;
    assert_string_equal(json_string_value(json_object_get(facts, "place")),
                        "x.example (203.0.113.9)");
    json_decref(facts);
    assert_false(net_scene_place(NULL, str_of("x.example"), &f.dst, &p));
    assert_int_equal(net_scene_resolved(NULL, &f.dst).len, 0);
}

/* Tables are bounded, and every row comes back; damaged ones are refused. */
static void
test_rows(void **state)
{
    static const struct sink_ops ops = {.state = take_row};
    struct rows *rows = calloc(1, sizeof(*rows));
    struct sink sink = {&ops, rows};
    struct net_scene *s = make(), *again = make();
    struct net_place_view a, b;
    json_t *counters = json_object();

    (void)state;
    assert_non_null(rows);
    for (unsigned i = 0; i < 9000; i++) {
        char name[64], text[32];
        struct flow_view f;

        snprintf(name, sizeof(name), "www.site%u.example", i);
        snprintf(text, sizeof(text), "203.0.%u.%u", i / 250, i % 250);
        f = flow("192.168.1.9", text, name);
        see(s, OBS_FLOW_START, &f, T0 + i * VG_SEC_NS);
        see(s, OBS_FLOW_END, &f, T0 + i * VG_SEC_NS);
        see_lookup(s, name, text, T0 + i * VG_SEC_NS);
    }
    net_scene_health(s, counters);
    assert_int_equal(json_integer_value(json_object_get(counters, "scene.places")), 4096);
    assert_true(json_integer_value(json_object_get(counters, "scene.places_turned_away")) > 4000);
    json_decref(counters);
    net_scene_save(s, &sink);
    for (size_t i = 0; i < rows->count; i++) {
        struct slice key = slice_of(rows->row[i].key, rows->row[i].key_len);

        assert_int_equal(net_scene_load(again, key, rows->row[i].version,
                                        slice_of(rows->row[i].blob, rows->row[i].len)),
                         VG_OK);
        if (rows->row[i].len > 0 && i < 40) {
            struct net_scene *third = make();

            assert_int_not_equal(net_scene_load(third, key, rows->row[i].version,
                                                slice_of(rows->row[i].blob, rows->row[i].len - 1)),
                                 VG_OK);
            net_scene_free(third);
        }
        free(rows->row[i].blob);
    }
    assert_true(net_scene_place(s, str_of("site8999.example"), &(struct net_addr){0}, &a));
    assert_true(net_scene_place(again, str_of("site8999.example"), &(struct net_addr){0}, &b));
    assert_memory_equal(&a, &b, sizeof(a));
    assert_true(net_scene_since_ns(again) == T0);
    free(rows);
    net_scene_free(s);
    net_scene_free(again);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_domains),
        cmocka_unit_test(test_places),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_without_a_scene),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
