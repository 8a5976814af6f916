/* SPDX-License-Identifier: Apache-2.0 */
/* One question, two answers. Owners of networks are told by this file in place of the scene: 20.x to
 * 40.x have one each, others nobody known; reports are counted. */
#include "agent/detect/net_dns_hijack_private.h"

#include "tests/unit/detect/fake_judge.h"

static const struct net_addr PC = {4, {192, 168, 1, 9}}, ROUTER = {4, {192, 168, 1, 1}},
                             PUBLIC = {4, {8, 8, 8, 8}};
static unsigned reports;
static const char *style;
static double p;

bool
net_scene_where(const struct net_scene *s, const struct net_addr *a, struct geo_place *out)
{
    unsigned n = a->bytes[0];

    (void)s;
    *out = (struct geo_place){.country = ""};
    if (n < 20 || n > 40)
        return false;
    out->asn = n;
    snprintf(out->owner, sizeof(out->owner), "%s", n == 40 ? "Owner Uno" : "Hosting");
    out->owner[0] = (char)('A' + n % 26);
    return true;
}

void
hijack_report(struct hijack *h, const struct told *t)
{
    (void)h;
    assert_non_null(t->other);
    reports++;
    style = t->style;
    p = t->p;
}

uint64_t
hijack_hash(const struct net_addr *a)
{
    return a->bytes[3];
}

bool
hijack_lists(const json_t *list, const char *text)
{
    (void)list;
    (void)text;
    return false;
}

static void
start(struct hijack *h)
{
    *h = (struct hijack){.banks = json_pack("[s]", "bbva.mx")};
    assert_int_equal(hijack_tables(h), VG_OK);
    reports = 0;
}

static void
stop(struct hijack *h)
{
    json_decref((json_t *)(uintptr_t)h->banks);
    keytab_free(h->clients);
    keytab_free(h->addresses);
    keytab_free(h->wanted);
    keytab_free(h->handed);
    keytab_free(h->twice);
}

struct reply {
    const char *name, *alias; /* alias: a CNAME before the address */
    struct net_addr resolver, with;
    bool again;
    uint32_t ttl;
};

static void
reply(struct hijack *h, struct reply r, int64_t t)
{
    struct flow_view f = flow_of(PC, r.resolver, 53, t);
    struct str answers[2] = {str_of(r.alias != NULL ? r.alias : "20.0.0.1"), str_of("20.0.0.1")};
    struct dns_view d = {.flow = &f,
                         .query = str_of(r.name),
                         .qtype = 1,
                         .again = r.again,
                         .ttl_min = r.ttl,
                         .answers = answers,
                         .answer_count = 2,
                         .addresses = &r.with,
                         .address_count = 1};

    hijack_twice(h, &d, t);
}

static void
test_race(void **state)
{
    struct hijack h;
    struct reply r = {.name = "www.bank.example", .resolver = ROUTER, .with = ip4(20, 1, 0, 1)};

    (void)state;
    start(&h);
    reply(&h, r, T0);
    r.again = true;
    r.with = ip4(20, 1, 7, 7); /* the list turned round */
    reply(&h, r, T0 + VG_MS_NS);
    r.with = ip4(20, 9, 0, 1); /* another machine of the same owner */
    reply(&h, r, T0 + 2 * VG_MS_NS);
    assert_int_equal(reports, 0);
    r.with = ip4(30, 0, 0, 1);
    reply(&h, r, T0 + 3 * VG_MS_NS);
    assert_int_equal(reports, 1);
    assert_string_equal(style, "race");
    assert_true(p == 0); /* certain */
    r.again = false;     /* asked anew, a new answer: sites move */
    r.name = "www.moved.example";
    reply(&h, r, T0);
    r.with = ip4(20, 0, 0, 1);
    reply(&h, r, T0 + VG_MIN_NS);
    assert_int_equal(reports, 1);
    stop(&h);
}

static void
test_disagreement(void **state)
{
    struct hijack h;
    struct reply a = {.name = "www.a.example", .resolver = ROUTER, .with = ip4(20, 0, 0, 1)};
    struct reply b = a;

    (void)state;
    start(&h);
    b.resolver = PUBLIC;
    b.with = ip4(30, 0, 0, 1);
    a.ttl = b.ttl = 300;
    reply(&h, a, T0);
    reply(&h, b, T0 + VG_MIN_NS);
    assert_int_equal(reports, 1);
    assert_string_equal(style, "disagree");
    assert_true(p > 1e-3 && p <= 1e-2);
    reply(&h, a, T0 + 2 * VG_MIN_NS); /* once is enough */
    reply(&h, b, T0 + 3 * VG_MIN_NS);
    assert_int_equal(reports, 1);
    a.name = b.name = "www.bbva.mx";
    b.ttl = 1;
    reply(&h, a, T0);
    reply(&h, b, T0 + VG_MIN_NS);
    assert_int_equal(reports, 2);
    assert_true(p <= 1e-3);
    a.name = b.name = "cdn.example"; /* served by who is near */
    a.alias = b.alias = "x.network-of-delivery.example";
    reply(&h, a, T0);
    reply(&h, b, T0 + VG_MIN_NS);
    a.name = b.name = "old.example"; /* long ago */
    a.alias = b.alias = NULL;
    reply(&h, a, T0);
    reply(&h, b, T0 + 2 * VG_HOUR_NS);
    a.name = b.name = "unknown.example";
    b.with = ip4(203, 0, 113, 1);
    reply(&h, a, T0);
    reply(&h, b, T0 + VG_MIN_NS);
    assert_int_equal(reports, 2);
    stop(&h);
}

static void
test_many_names(void **state)
{
    struct hijack h;
    char name[32];

    (void)state;
    start(&h);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "n%u.example", i);
        reply(&h, (struct reply){.name = name, .resolver = ROUTER, .with = ip4(20, 0, 0, 1)}, T0);
    }
    assert_int_equal(keytab_count(h.twice), TWICE_MAX);
    stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_disagreement),
        cmocka_unit_test(test_many_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
