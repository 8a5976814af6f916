/* SPDX-License-Identifier: Apache-2.0 */
/* Owners of networks are told by this file in place of the scene: 20.x and 21.x are two networks of
 * one owner, 30.x and 40.x of others, 50.x of nobody known. */
#include "agent/detect/net_tls_elsewhere.h"

#include "tests/unit/detect/fake_judge.h"

static const struct detector NOBODY = {.name = "test"};
static const char *asked_as = "";

bool
net_scene_where(const struct net_scene *s, const struct net_addr *a, struct geo_place *out)
{
    static const char *const owners[] = {"BIGCLOUD-02", "Bigcloud.example, Inc.", "Hosting Uno",
                                         "Hosting Dos"};
    unsigned n = a->bytes[0];

    (void)s;
    *out = (struct geo_place){.country = ""};
    if (n != 20 && n != 21 && n != 30 && n != 40)
        return false;
    out->asn = n;
    (void)vg_strcpy(out->owner, sizeof(out->owner), owners[n < 22 ? n - 20 : n / 10 - 1]);
    return true;
}

struct str
net_scene_resolved(const struct net_scene *s, const struct net_addr *a)
{
    (void)s;
    (void)a;
    return str_of(asked_as);
}

static struct tls_elsewhere *
start(void)
{
    static int some; /* a scene that nobody looks into */
    struct tls_elsewhere *e;

    assert_int_equal(tls_elsewhere_new((const struct net_scene *)(const void *)&some, &e), VG_OK);
    return e;
}

static void
answer(struct tls_elsewhere *e, const char *name, struct net_addr a, int64_t t)
{
    struct dns_view d = {
        .query = str_of(name), .rcode = 0, .addresses = &a, .address_count = 1, .answers = NULL};

    tls_elsewhere_answer(e, &d, t);
}

static bool
is(const struct tls_elsewhere *e, const char *name, unsigned net, int64_t t)
{
    struct net_addr to = ip4(net, 0, 0, 99);

    return tls_elsewhere_is(e, str_of(name), &to, t);
}

static void
test_elsewhere(void **state)
{
    struct tls_elsewhere *e = start();

    (void)state;
    asked_as = "";
    assert_false(is(e, "www.shop.example", 40, T0)); /* never looked up here */
    answer(e, "WWW.shop.example", ip4(20, 0, 0, 1), T0);
    assert_true(is(e, "www.shop.example", 40, T0 + VG_MIN_NS));
    assert_false(is(e, "www.shop.example", 20, T0 + VG_MIN_NS)); /* a neighbour */
    assert_false(is(e, "www.shop.example", 21, T0 + VG_MIN_NS)); /* the owner's other network */
    assert_false(is(e, "www.shop.example", 50, T0 + VG_MIN_NS)); /* nobody known */
    assert_false(is(e, "www.shop.example", 40, T0 + 7 * VG_HOUR_NS)); /* long ago */
    assert_false(is(e, "20.0.0.1", 40, T0 + VG_MIN_NS));
    asked_as = "cdn.shop.example"; /* who is called there is the same domain's */
    assert_false(is(e, "www.shop.example", 40, T0 + VG_MIN_NS));
    asked_as = "";
    answer(e, "www.shop.example", ip4(30, 0, 0, 1), T0 + VG_MIN_NS); /* of several networks */
    assert_false(is(e, "www.shop.example", 40, T0 + VG_MIN_NS));
    answer(e, "intra.example", ip4(192, 168, 1, 3), T0); /* the shop answers itself */
    assert_false(is(e, "intra.example", 40, T0));
    tls_elsewhere_free(e);
}

static void
test_full_and_restored(void **state)
{
    static struct fake_store store;
    struct tls_elsewhere *e = start(), *back = start();
    char name[32];

    (void)state;
    for (int i = 0; i < 2 * ELSEWHERE_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "n%d.example", i);
        answer(e, name, ip4(20, 0, 0, 1), T0 + i);
    }
    assert_false(is(e, "n0.example", 40, T0 + VG_MIN_NS)); /* made room */
    for (unsigned i = 0; i < 3 * ELSEWHERE_ADDRESSES_MAX; i++)
        answer(e, name, ip4(20, 0, 0, i), T0 + VG_SEC_NS);
    tls_elsewhere_save(e, fake_out(&store, &NOBODY));
    for (size_t i = 0; i < store.count; i++) {
        const struct fake_row *r = &store.row[i];

        assert_true(tls_elsewhere_owns(back, slice_of(r->key, r->key_len)));
        assert_int_equal(tls_elsewhere_load(back, slice_of(r->key, r->key_len), r->version,
                                            slice_of(r->blob, r->len)),
                         VG_OK);
    }
    assert_true(is(back, name, 40, T0 + VG_MIN_NS));
    assert_true(is(back, "n760.example", 40, T0 + VG_MIN_NS));
    tls_elsewhere_free(e);
    tls_elsewhere_free(back);
    fake_store_done(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_elsewhere),
                                       cmocka_unit_test(test_full_and_restored)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
