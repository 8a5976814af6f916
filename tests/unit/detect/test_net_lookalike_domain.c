/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/detect/fake_judge.h"

#include "agent/detect/lookalike.h"
#include "agent/detect/name_skeleton.h"

static struct judge judge;

static void
test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned d;
    } rows[] = {
        {"banorte", "banorte", 0},           {"banorte", "banort", 1},  {"banorte", "banrote", 1},
        {"banorte", "banortes", 1},          {"banorte", "benarte", 2}, {"banorte", "inbursa", 3},
        {"mercadolibre", "mercadolirbe", 1}, {"a", "abcdef", 3},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        assert_int_equal(skeleton_distance(rows[i].a, rows[i].b, 2), rows[i].d);
        assert_int_equal(skeleton_distance(rows[i].b, rows[i].a, 2), rows[i].d);
    }
}

/* Every name that the shipped list must call, and every one that it must not. */
static void
test_names(void **state)
{
    static const struct {
        const char *name;
        enum lookalike_how how;
        const char *brand;
    } rows[] = {
        {"www.bbva.mx", LOOKALIKE_NONE, NULL},
        {"bbva.top", LOOKALIKE_ENDING, "BBVA"},
        {"www.banorte.com", LOOKALIKE_NONE, NULL},
        {"xn--bnorte-3nf.com", LOOKALIKE_LETTERS, "Banorte"}, /* Cyrillic a */
        {"rnercadolibre.com", LOOKALIKE_LETTERS, "Mercado Libre"},
        {"paypa1.com", LOOKALIKE_LETTERS, "PayPal"},
        {"g00gle.com", LOOKALIKE_LETTERS, "Google"},
        {"mercadolirbe.com.mx", LOOKALIKE_NEAR, "Mercado Libre"},
        {"whatsap.com", LOOKALIKE_NEAR, "WhatsApp"},
        {"bbva-seguridad.com", LOOKALIKE_WORD, "BBVA"},
        {"seguridadbanorte.online", LOOKALIKE_WORD, "Banorte"},
        {"sat-devoluciones.mx", LOOKALIKE_WORD, "SAT"},
        {"dhl-paquete24.xyz", LOOKALIKE_WORD, "DHL"},
        {"bbva.mx.login-cliente.top", LOOKALIKE_WITHIN, "BBVA"},
        {"www.mercadolibre.com.mx.ofertas-hoy.shop", LOOKALIKE_WITHIN, "Mercado Libre"},
        /* ordinary life */
        {"www.bbva.mx.edgekey.net", LOOKALIKE_NONE, NULL},
        {"satellite.com", LOOKALIKE_NONE, NULL},
        {"sat.org", LOOKALIKE_NONE, NULL},
        {"satmexico.com", LOOKALIKE_NONE, NULL},
        {"eclipse.org", LOOKALIKE_NONE, NULL},
        {"clipart.com", LOOKALIKE_NONE, NULL},
        {"amazonia.org", LOOKALIKE_NEAR, "Amazon"}, /* a test, no finding */
        {"docs.aws.amazon.com", LOOKALIKE_NONE, NULL},
        {"fbcdn.net", LOOKALIKE_NONE, NULL},
        {"login.microsoftonline.com", LOOKALIKE_NONE, NULL},
        {"r3---sn-4g5e6nez.googlevideo.com", LOOKALIKE_NONE, NULL},
        {"accounts.google.co.il", LOOKALIKE_NONE, NULL}, /* a page in each country */
        {"www.google.com.sv", LOOKALIKE_NONE, NULL},
        {"google.tk", LOOKALIKE_ENDING, "Google"}, /* given away for nothing */
        {"google.top", LOOKALIKE_ENDING, "Google"},
        {"banorte.co", LOOKALIKE_ENDING, "Banorte"},
        {"example.com", LOOKALIKE_NONE, NULL},
        {"caja-1", LOOKALIKE_NONE, NULL},
        {"203.0.113.9", LOOKALIKE_NONE, NULL},
        {"", LOOKALIKE_NONE, NULL},
        {"xn--.com", LOOKALIKE_NONE, NULL},
        {"xn--99999999999999999999999999999999999999999999999999999999999.com", LOOKALIKE_NONE,
         NULL},
    };
    struct lookalikes *list;
    struct conf_error wrong;

    (void)state;
    if (lookalikes_load("rules", &list, &wrong) != VG_OK)
        fail_msg("%s", wrong.text);
    assert_true(lookalikes_count(list) > 40);
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct lookalike_hit hit = lookalike_of(list, str_of(rows[i].name));

        if (strcmp(rows[i].name, "amazonia.org") == 0) {
            assert_true(hit.how == LOOKALIKE_NONE || hit.how >= LOOKALIKE_NEAR);
            continue;
        }
        if (hit.how != rows[i].how ||
            (hit.brand != NULL && strcmp(hit.brand->name, rows[i].brand) != 0))
            fail_msg("%s: %s %s", rows[i].name, lookalike_how_name(hit.how),
                     hit.brand != NULL ? hit.brand->name : "");
    }
    lookalikes_free(list);
}

static void
look_up(void *self, const char *name, bool answered)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), ip4(192, 168, 1, 1), 53, T0);
    struct net_addr a = ip4(203, 0, 113, 9);
    struct dns_view dns = {
        .flow = &f, .query = str_of(name), .qtype = 1, .addresses = &a, .address_count = answered};
    struct obs obs = {.kind = OBS_DNS, .time_ns = T0, .dns = &dns};

    NET_LOOKALIKE_DOMAIN.observe(self, &obs);
}

static void
test_detector(void **state)
{
    void *self;

    (void)state;
    fake_judge_done(&judge);
    self = fake_make(&NET_LOOKALIKE_DOMAIN, &judge, NULL);
    look_up(self, "www.bbva.mx", true);
    look_up(self, "www.example.com", true);
    look_up(self, "bbva-seguridad.com", false); /* nobody is there */
    assert_int_equal(judge.count, 0);
    look_up(self, "bbva-seguridad.com", true);
    look_up(self, "mercadolirbe.com", true);
    assert_int_equal(judge.count, 2);
    assert_true(judge.report[0].is_finding);
    assert_int_equal(judge.report[0].severity, SEVERITY_HIGH);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "true_domain")),
                        "bbva.mx");
    assert_false(judge.report[1].is_finding);
    NET_LOOKALIKE_DOMAIN.free(self);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_detector),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    fake_judge_done(&judge);
    return failed;
}
