/* SPDX-License-Identifier: Apache-2.0 */
/* agent.yaml: DESIGN's example, the defaults, and every mistake told with its line and a remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/config.h"
#include "common/vtime.h"

static struct agent_config
parse(const char *text)
{
    struct agent_config config;
    struct conf_error err;

    if (agent_config_parse("agent.yaml", slice_of(text, strlen(text)), &config, &err) != VG_OK)
        fail_msg("%s", err.text);
    return config;
}

static void
test_example(void **state)
{
    struct agent_config c = parse(
        "shop: {name: Tacos El Güero, zone: America/Mexico_City, language: es-MX, currency: MXN,\n"
        "       hours: {mon-fri: 09:00-20:00, sat: 10:00-15:00}}\n"
        "network: {interfaces: auto, mode: endpoint}\n"
        "payments: [{path: /srv/pos/export, format: auto}]\n"
        "files: [~/Downloads]\n"
        "alerts: {budget_per_week: 3}\n"
        "mail: {to: owner@example.mx, transport: maildir}\n");

    (void)state;
    assert_string_equal(c.shop_name, "Tacos El Güero");
    assert_string_equal(zone_name(c.zone), "America/Mexico_City");
    assert_string_equal(c.language, "es-MX");
    assert_string_equal(c.currency, "MXN");
    assert_true(c.hours.known);
    for (int day = 0; day < 5; day++) {
        assert_int_equal(c.hours.day[day].open_min, 540);
        assert_int_equal(c.hours.day[day].close_min, 1200);
    }
    assert_int_equal(c.hours.day[5].open_min, 600);
    assert_int_equal(c.hours.day[6].open_min, c.hours.day[6].close_min);
    assert_true(c.net_enabled);
    assert_int_equal(c.mode, NET_MODE_ENDPOINT);
    assert_false(c.promiscuous);
    assert_int_equal(c.interface_count, 1);
    assert_string_equal(c.interfaces[0], "auto");
    assert_int_equal(c.payment_count, 1);
    assert_string_equal(c.payments[0].path, "/srv/pos/export");
    assert_string_equal(c.payments[0].format, "auto");
    assert_int_equal(c.file_count, 1);
    assert_true(c.files[0][0] == '/'); /* ~ resolved */
    assert_non_null(strstr(c.files[0], "/Downloads"));
    assert_true(c.budget_per_week == 3);
    assert_string_equal(c.mail_to, "owner@example.mx");
    assert_string_equal(c.mail_transport, "maildir");
    assert_null(c.smtp);
    agent_config_done(&c);
}

static void
test_defaults(void **state)
{
    struct agent_config c;
    struct conf_error err;

    (void)state;
    assert_int_equal(agent_config_default(&c, &err), VG_OK);
    assert_string_equal(c.state_dir, "/var/lib/vigia");
    assert_int_equal(c.store_bytes_max, INT64_C(512) << 20);
    assert_int_equal(c.alerts_keep_ns, 365 * VG_DAY_NS);
    assert_int_equal(c.observations_keep_ns, 7 * VG_DAY_NS);
    assert_true(c.sandbox);
    assert_true(c.net_enabled);
    assert_int_equal(c.snaplen, 65535);
    assert_int_equal(c.buffer_bytes, 4 << 20);
    assert_string_equal(c.bpf, "");
    assert_string_equal(c.user, "");
    assert_string_equal(c.mail_to, "");
    assert_true(c.shop_name[0] != '\0');
    assert_true(strcmp(c.language, "es-MX") == 0 || strcmp(c.language, "en") == 0);
    assert_false(c.hours.known);
    assert_true(c.budget_per_week == 3);
    agent_config_done(&c);
}

static void
test_all_keys(void **state)
{
    struct agent_config c = parse(
        "network: {interfaces: [eth0, eth1], mode: mirror, bpf: not port 22, snaplen: 256,\n"
        "          buffer: 64 MiB}\n"
        "store: {path: /srv/vigia, size: 1 GiB, alerts: 730d, observations: 2d}\n"
        "mail: {to: a@b.mx, from: c@b.mx, smtp: {host: smtp.b.mx, user: u, password: p, tls: tls,\n"
        "       port: 465}}\n"
        "service: {user: vigia}\n"
        "sandbox: false\n"
        "rules: /srv/rules\n"
        "shop: {hours: {lun-vie: 18:00-02:00, sab: closed, sun: 00:00-24:00}}\n");
    json_t *worker;

    (void)state;
    assert_int_equal(c.interface_count, 2);
    assert_true(c.promiscuous); /* a mirror port is nothing without it */
    assert_string_equal(c.bpf, "not port 22");
    assert_int_equal(c.snaplen, 256);
    assert_int_equal(c.buffer_bytes, 64 << 20);
    assert_string_equal(c.state_dir, "/srv/vigia");
    assert_int_equal(c.store_bytes_max, INT64_C(1) << 30);
    assert_int_equal(c.alerts_keep_ns, 730 * VG_DAY_NS);
    assert_string_equal(c.mail_transport, "smtp");
    assert_string_equal(vg_json_str(c.smtp, "host", ""), "smtp.b.mx");
    assert_int_equal(vg_json_int(c.smtp, "port", 0), 465);
    assert_string_equal(c.user, "vigia");
    assert_false(c.sandbox);
    assert_string_equal(c.rules_dir, "/srv/rules");
    assert_int_equal(c.hours.day[1].open_min, 1080);
    assert_int_equal(c.hours.day[1].close_min, 120);
    assert_int_equal(c.hours.day[5].open_min, c.hours.day[5].close_min);
    assert_int_equal(c.hours.day[6].close_min, 1440);
    /* A worker never gets a password. */
    worker = agent_config_for_worker(&c);
    assert_non_null(worker);
    assert_null(json_object_get(worker, "mail"));
    agent_config_done(&c);
    json_decref(worker);
}

/* What the keeper sends its workers makes the same configuration. */
static void
test_for_worker(void **state)
{
    struct agent_config c = parse("shop: {zone: Europe/Madrid, hours: {mon: 09:00-10:00}}\n"
                                  "network: {replay: [~/a.pcap]}\nfiles: ~/x\n"),
                        w;
    struct conf_error err;

    (void)state;
    assert_int_equal(agent_config_from_tree(agent_config_for_worker(&c), &w, &err), VG_OK);
    assert_string_equal(w.shop_name, c.shop_name);
    assert_string_equal(zone_name(w.zone), "Europe/Madrid");
    assert_string_equal(w.replay[0], c.replay[0]);
    assert_true(w.replay[0][0] == '/');
    assert_int_equal(w.interface_count, 0); /* only replaying */
    assert_true(w.net_enabled);
    assert_string_equal(w.files[0], c.files[0]);
    assert_memory_equal(&w.hours, &c.hours, sizeof(w.hours));
    assert_string_equal(w.language, c.language);
    agent_config_done(&c);
    agent_config_done(&w);
}

static void
test_network_off(void **state)
{
    struct agent_config c = parse("network: off\nshop: {name: X}\n");

    (void)state;
    assert_false(c.net_enabled);
    assert_int_equal(c.interface_count, 0);
    assert_string_equal(c.shop_name, "X");
    agent_config_done(&c);
    c = parse("network: {interfaces: none}\n");
    assert_false(c.net_enabled);
    agent_config_done(&c);
    c = parse("network: {interfaces: eth0, replay: /a.pcap, promiscuous: true}\n");
    assert_int_equal(c.interface_count, 1);
    assert_int_equal(c.replay_count, 1);
    assert_true(c.promiscuous);
    agent_config_done(&c);
}

static void
test_detectors_off(void **state)
{
    struct agent_config c = parse("detectors: {off: [net.scan, pay.*]}\n");

    (void)state;
    assert_int_equal(c.detectors_off_count, 2);
    assert_string_equal(c.detectors_off[0], "net.scan");
    assert_string_equal(c.detectors_off[1], "pay.*");
    agent_config_done(&c);
    c = parse("alerts: {budget_per_week: 3}\n");
    assert_int_equal(c.detectors_off_count, 0);
    agent_config_done(&c);
}

static void
test_mistakes(void **state)
{
    static const struct {
        const char *text, *where, *tells;
    } rows[] = {
        {"shop: {zone: Mars/Olympus}", ":1: shop.zone:", "zone: America/Mexico_City"},
        {"shop: {zone: ../../etc/passwd}", ":1: shop.zone:", "zone: America/Mexico_City"},
        {"shop:\n  language: fr", ":2: shop.language:", "language: es-MX"},
        {"shop:\n  currency: pesos", ":2: shop.currency:", "currency: MXN"},
        {"shop: {currency: mxn}", ":1: shop.currency:", "currency: MXN"},
        {"shop: {currency: XXN}", ":1: shop.currency:", "currency: MXN"},
        {"shop: {currency: N A}", ":1: shop.currency:", "currency: MXN"},
        {"shop:\n  hours:\n    mon-fry: 09:00-20:00", ":3: shop.hours.mon-fry:", "mon-fri"},
        {"shop: {hours: {monday: 09:00-20:00}}", ":1: shop.hours.monday:", "mon-fri"},
        {"shop: {hours: {mon: 9-20}}", ":1: shop.hours.mon:", "09:00-20:00"},
        {"shop: {hours: {mon: 09:00-25:00}}", ":1: shop.hours.mon:", "09:00-20:00"},
        {"shop: {hours: {mon: 09:60-10:00}}", ":1: shop.hours.mon:", "09:00-20:00"},
        {"shop: {hours: {mon: 09:00-09:00}}", ":1: shop.hours.mon:", "09:00-20:00"},
        {"shop: {hours:\n {mon-fri: 09:00-10:00,\n  fri: 09:00-10:00}}",
         ":3: shop.hours.fri:", "already"},
        {"shop: {name: ''}", ":1: shop.name:", "name: Tacos"},
        {"shop: {name: \"a\\x07b\"}", ":1: shop.name:", "control"},
        {"shops: {}", ":1:", "shop"},
        {"network: of", ":1: network:", "network: off"},
        {"network: {mode: tap}", ":1: network.mode:", "mode: endpoint"},
        {"network: {snaplen: 5}", ":1: network.snaplen:", "snaplen: 65535"},
        {"network: {buffer: lots}", ":1: network.buffer:", "buffer: 4 MiB"},
        {"network: {promiscuous: yes}", ":1: network.promiscuous:", "promiscuous: true"},
        {"network: off\nshop: {zone: Mars/X}", ":2: shop.zone:", "zone:"},
        {"payments: [{format: auto}]", ":1: payments[0].path:", "path: /srv/pos/export"},
        {"payments:\n  - path: /a\n  - path: /b\n    fromat: csv", ":4:", "format"},
        {"alerts: {budget_per_week: many}", ":1: alerts.budget_per_week:", "budget_per_week: 3"},
        {"alerts: {budget_per_week: -1}", ":1: alerts.budget_per_week:", "budget_per_week: 3"},
        {"detectors: {off: [scan]}", ":1: detectors.off[0]:", "off: [net.scan]"},
        {"detectors: {off: [net.]}", ":1: detectors.off[0]:", "off: [net.scan]"},
        {"detectors: {on: [net.scan]}", ":1: detectors:", "off"},
        {"store: {size: 1}", ":1: store.size:", "size: 512 MiB"},
        {"store: {alerts: 1h}", ":1: store.alerts:", "alerts: 365d"},
        {"store: {observations: 010}", ":1: store.observations:", "observations: 7d"},
        {"mail: {to: owner}", ":1: mail.to:", "to: owner@example.mx"},
        {"mail: {to: \"a@b\\r\\nBcc: c@d\"}", ":1: mail.to:", "to: owner@example.mx"},
        {"mail: {transport: pigeon}", ":1: mail.transport:", "transport: maildir"},
        {"mail:\n  to: a@b.mx\n  transport: smtp", ":3: mail.transport:", "smtp: {host:"},
        {"mail: {smtp: {port: 25}}", ":1: mail.smtp.host:", "host: smtp"},
        {"mail: {smtp: {host: 'a/b'}}", ":1: mail.smtp.host:", "host: smtp"},
        {"mail: {smtp: {host: a, port: 70000}}", ":1: mail.smtp.port:", "port: 587"},
        {"mail: {smtp: {host: a, tls: maybe}}", ":1: mail.smtp.tls:", "tls: starttls"},
        {"service: {user: -x}", ":1: service.user:", "user: vigia"},
        {"service: {user: a b}", ":1: service.user:", "user: vigia"},
        {"sandbox: maybe", ":1: sandbox:", "sandbox: true"},
        {"shop: {name: A}\nshop: {name: B}", ":2:", "shop"},
        {"shop: &a {name: A}\n", ":1:", ""},
        {"shop: [", ":", ""},
        {"- a\n- b\n", ":1:", ""},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct agent_config c;
        struct conf_error err = {.text = ""};
        enum vg_err result = agent_config_parse(
            "agent.yaml", slice_of(rows[i].text, strlen(rows[i].text)), &c, &err);

        if (result != VG_ERR_CONFIG)
            fail_msg("accepted: %s", rows[i].text);
        if (strncmp(err.text, "agent.yaml:", 11) != 0 || strstr(err.text, rows[i].where) == NULL ||
            strstr(err.text, rows[i].tells) == NULL)
            fail_msg("%s\n gives: %s\n wanted: %s ... %s", rows[i].text, err.text, rows[i].where,
                     rows[i].tells);
    }
}

static void
test_missing_file(void **state)
{
    struct agent_config c;
    struct conf_error err;

    (void)state;
    assert_int_equal(agent_config_load("/nowhere/agent.yaml", &c, &err), VG_ERR_NOENT);
    assert_non_null(strstr(err.text, "/nowhere/agent.yaml"));
}

/* Every truncation of a whole file: a configuration or an error with a text, never a crash. */
static void
test_truncations(void **state)
{
    static const char text[] =
        "shop: {name: Tacos El Güero, zone: America/Mexico_City, hours: {mon-fri: 09:00-20:00}}\n"
        "network: {interfaces: [eth0], mode: mirror, replay: [/a]}\n"
        "payments: [{path: /srv/pos/export, format: auto}]\n"
        "mail: {to: owner@example.mx, smtp: {host: h}}\n";

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        char *copy = malloc(n > 0 ? n : 1);
        struct agent_config c;
        struct conf_error err = {.text = ""};
        enum vg_err result;

        assert_non_null(copy);
        memcpy(copy, text, n);
        result = agent_config_parse("agent.yaml", slice_of(copy, n), &c, &err);
        free(copy);
        if (result == VG_OK)
            agent_config_done(&c);
        else
            assert_true(err.text[0] != '\0');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),     cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_keys),    cmocka_unit_test(test_for_worker),
        cmocka_unit_test(test_network_off), cmocka_unit_test(test_detectors_off),
        cmocka_unit_test(test_mistakes),    cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
