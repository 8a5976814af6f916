/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the payment detectors that damage or a hostile hand has changed: refused or taken, never the end
 * of the sensor, and what the shop is told afterwards is still something that can be read. */
#include "pay_kit.h"

enum { ROUNDS = 24, BASE_DAYS = 40, DAYS_AFTER = 4 };

static void
tick(struct shop *s)
{
    struct obs obs = {.kind = OBS_TICK, .time_ns = s->now_ns};

    panel_observe(s->panel, &obs);
}

/* All kinds of payment of everybody, so that all tables hold something. */
static void
business(struct shop *s, int days)
{
    static const enum txn_kind kinds[] = {TXN_REFUND,   TXN_VOID,   TXN_AUTH,   TXN_CHARGEBACK,
                                          TXN_SETTINGS, TXN_PAYOUT, TXN_REFUND, TXN_SALE};
    static const char *const countries[] = {"MX", "MX", "MX", "US", "RU"};
    static const char *const mails[] = {"a0@gmail.com", "a.a@example.org", "a0@mailinator.com"};

    for (int day = 0; day < days; day++) {
        shop_run(s, 1);
        for (unsigned i = 0; i < 60; i++) {
            struct shop_txn t;

            shop_sale(s, &t);
            t.view.kind = kinds[i % VG_ARRAY_LEN(kinds)];
            t.view.time_ns += i * VG_MIN_NS;
            (void)vg_strcpy(t.view.country, sizeof t.view.country,
                            countries[kit_next(&s->rng) % VG_ARRAY_LEN(countries)]);
            (void)vg_strcpy(t.mail, sizeof t.mail, mails[kit_next(&s->rng) % VG_ARRAY_LEN(mails)]);
            (void)snprintf(t.ip, sizeof t.ip, "203.0.113.%u", (unsigned)(kit_next(&s->rng) % 9));
            (void)snprintf(t.account, sizeof t.account, "acct%u",
                           (unsigned)(kit_next(&s->rng) % 3));
            (void)snprintf(t.original, sizeof t.original, "t%llu",
                           (unsigned long long)(kit_next(&s->rng) % s->next_id));
            shop_give(s, &t);
        }
        tick(s);
    }
}

/* Some eight bytes on end become a number that nobody expects there. */
static void
scramble(struct kit_rng *rng, uint8_t *blob, size_t n)
{
    static const double odd[] = {-1, 0, 1e308, -1e308, 1e-308, 1e19, -1e19, 1.5};
    static const uint64_t whole[] = {
        0, 1, UINT64_MAX, UINT64_C(1) << 63, INT64_MAX, UINT64_C(1) << 62, UINT32_MAX};
    unsigned times = 1 + (unsigned)(kit_next(rng) % 3);

    for (; n >= 8 && times > 0; times--) {
        size_t at = kit_next(rng) % (n - 7);
        uint64_t bits = kit_next(rng);

        if (bits % 3 == 0)
            memcpy(&bits, &odd[kit_next(rng) % VG_ARRAY_LEN(odd)], sizeof bits);
        else if (bits % 3 == 1)
            bits = whole[kit_next(rng) % VG_ARRAY_LEN(whole)];
        for (unsigned i = 0; i < 8; i++)
            blob[at + i] = (uint8_t)(bits >> (56 - 8 * i));
    }
}

static void
load_scrambled(struct shop *s, const struct kit *from, struct kit_rng *rng)
{
    for (size_t i = 0; i < from->row_count; i++) {
        const struct kit_row *r = &from->rows[i];
        uint8_t *blob;
        bool known;

        if (r->version == 0)
            continue;
        blob = malloc(r->blob_len + 1);
        assert_non_null(blob);
        memcpy(blob, r->blob, r->blob_len);
        scramble(rng, blob, r->blob_len);
        assert_int_equal(panel_load(s->panel, r->detector, slice_of(r->key, r->key_len), r->version,
                                    slice_of(blob, r->blob_len), &known),
                         VG_OK);
        free(blob);
    }
}

static void
test_hostile_rows(void **state)
{
    struct shop good;

    (void)state;
    shop_open_budget(&good, 5, 1000);
    business(&good, BASE_DAYS);
    panel_save(good.panel);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct shop s;
        struct kit_rng rng;

        kit_seed(&rng, round);
        shop_open_budget(&s, round, 1000);
        s.now_ns = good.now_ns;
        s.next_id = good.next_id;
        load_scrambled(&s, &good.kit, &rng);
        business(&s, DAYS_AFTER);
        panel_save(s.panel);
        shop_close(&s);
    }
    shop_close(&good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
