/* SPDX-License-Identifier: Apache-2.0 */
/* What counts once: by id, by content in overlapping exports, across a restart, beyond the cap. */
#include "pay_own.h"

#include "agent/pay/seen.h"

enum { CHUNKS_MAX = SEEN_CHUNKS + 64 };
static const struct hash_key KEY = {3, 4};

static struct seen *
seen_make(void)
{
    struct seen *s;

    assert_int_equal(seen_new(&KEY, &s), VG_OK);
    return s;
}

static bool
by_id(struct seen *s, const char *family, const char *id, enum txn_kind kind,
      enum txn_outcome outcome)
{
    const struct txn_view t = {.id = str_of(id), .kind = kind, .outcome = outcome};
    bool before;

    assert_int_equal(seen_before(s, seen_id(s, family, &t), &before), VG_OK);
    return before;
}

static void
test_ids(void **state)
{
    struct seen *s = seen_make();

    assert_false(by_id(s, "pos", "A1", TXN_SALE, TXN_APPROVED));
    assert_true(by_id(s, "pos", "A1", TXN_SALE, TXN_APPROVED));
    assert_true(by_id(s, "pos", "A1", TXN_SALE, TXN_DECLINED)); /* a result is a result */
    assert_false(by_id(s, "pos", "A1", TXN_SALE, TXN_PENDING)); /* its announcement */
    assert_true(by_id(s, "pos", "A1", TXN_SALE, TXN_PENDING));
    assert_false(by_id(s, "pos", "A1", TXN_REFUND, TXN_APPROVED));
    assert_false(by_id(s, "stripe", "A1", TXN_SALE, TXN_APPROVED));
    assert_false(by_id(s, "pos", "A2", TXN_SALE, TXN_APPROVED));
    assert_false(by_id(s, "po", "sA1", TXN_SALE, TXN_APPROVED)); /* parts do not run together */
    assert_int_equal(seen_count(s), 6);
    seen_free(s);
}

/* Mercado Pago's refunds bear the sale's id: two of them are two, each counts once. */
static void
test_refunds_of_one_sale(void **state)
{
    struct seen *s = seen_make();
    struct txn_view t = {.id = str_of("7001"),
                         .original = str_of("7001"),
                         .kind = TXN_REFUND,
                         .time_ns = 5,
                         .amount = 100};
    bool before;

    assert_int_equal(seen_before(s, seen_id(s, "mp", &t), &before), VG_OK);
    assert_false(before);
    assert_int_equal(seen_before(s, seen_id(s, "mp", &t), &before), VG_OK);
    assert_true(before);
    t.time_ns = 6;
    assert_int_equal(seen_before(s, seen_id(s, "mp", &t), &before), VG_OK);
    assert_false(before);
    t.amount = 50;
    assert_int_equal(seen_before(s, seen_id(s, "mp", &t), &before), VG_OK);
    assert_false(before);
    t.original = str_of("6000"); /* an id of its own: time and amount do not matter */
    assert_int_equal(seen_before(s, seen_id(s, "mp", &t), &before), VG_OK);
    assert_false(before);
    t.amount = 51;
    assert_int_equal(seen_before(s, seen_id(s, "mp", &t), &before), VG_OK);
    assert_true(before);
    seen_free(s);
}

/* Reads rows [from, to) of a day whose every third sale looks like the one before; how many count. */
static unsigned
export_read(struct seen *s, int from, int to)
{
    struct seen_recent recent = {.next = 0};
    unsigned counted = 0;

    for (int i = from; i < to; i++) {
        const struct txn_view t = {.kind = TXN_SALE,
                                   .time_ns = (i - (i % 3 == 2)) * INT64_C(1000000000),
                                   .amount = 500,
                                   .has_amount = true,
                                   .terminal = str_of("T1"),
                                   .currency = "MXN"};
        bool before;

        assert_int_equal(seen_before(s, seen_content(s, "pos", &t, &recent), &before), VG_OK);
        counted += !before;
    }
    return counted;
}

/* Exports without ids: the same file again, today's with yesterday's rows, a copy of a part. */
static void
test_overlapping_exports(void **state)
{
    struct seen *s = seen_make();

    assert_int_equal(export_read(s, 0, 300), 300); /* also the equal ones */
    assert_int_equal(export_read(s, 0, 300), 0);
    assert_int_equal(export_read(s, 0, 450), 150);
    assert_int_equal(export_read(s, 150, 600), 150);
    assert_int_equal(export_read(s, 30, 90), 0);
    seen_free(s);
}

static void
test_contents_differ(void **state)
{
    struct txn_view t = {.kind = TXN_SALE, .time_ns = 7, .amount = 500, .currency = "MXN"};
    struct seen *s = seen_make();
    bool before;

    for (int i = 0; i < 9; i++) {
        struct seen_recent recent = {.next = 0};
        struct txn_view other = t;

        switch (i) {
        case 1:
            other.amount++;
            break;
        case 2:
            other.time_ns++;
            break;
        case 3:
            other.kind = TXN_VOID;
            break;
        case 4:
            other.outcome = TXN_DECLINED;
            break;
        case 5:
            other.terminal = str_of("T1");
            break;
        case 6:
            other.employee = str_of("T1");
            break; /* the same text in another field */
        case 7:
            memcpy(other.last4, "1111", 5);
            break;
        case 8:
            memcpy(other.currency, "USD", 4);
            break;
        default:
            break;
        }
        assert_int_equal(seen_before(s, seen_content(s, "pos", &other, &recent), &before), VG_OK);
        if (before)
            fail_msg("case %d", i);
    }
    assert_int_equal(seen_count(s), 9);
    seen_free(s);
}

/* ---- rows ---- */

struct rows {
    uint8_t *blob[CHUNKS_MAX];
    size_t len[CHUNKS_MAX];
    unsigned written, removed;
};

static void
on_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct rows *r = ctx;
    uint32_t number = slice_be32(&key);

    assert_string_equal(detector, SEEN_STATE_NAME);
    assert_true(number < CHUNKS_MAX);
    free(r->blob[number]);
    r->blob[number] = NULL;
    r->written++;
    r->removed += version == 0;
    if (version == 0)
        return;
    assert_int_equal(version, 1);
    r->blob[number] = malloc(blob.left + 1);
    assert_non_null(r->blob[number]);
    memcpy(r->blob[number], blob.at, blob.left);
    r->len[number] = blob.left;
}

static const struct sink_ops OPS = {.state = on_state};

static void
save(struct seen *s, struct rows *r)
{
    const struct sink sink = {.ops = &OPS, .ctx = r};

    r->written = 0;
    seen_save(s, &sink);
}

/* In reverse order, as a store may give them. */
static struct seen *
load(const struct rows *r)
{
    struct seen *s = seen_make();

    for (uint32_t i = CHUNKS_MAX; i-- > 0;) {
        uint8_t key[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

        if (r->blob[i] != NULL)
            assert_int_equal(seen_load(s, slice_of(key, 4), 1, slice_of(r->blob[i], r->len[i])),
                             VG_OK);
    }
    assert_int_equal(seen_loaded(s), VG_OK);
    return s;
}

static void
rows_done(struct rows *r)
{
    for (size_t i = 0; i < CHUNKS_MAX; i++)
        free(r->blob[i]);
    free(r);
}

static bool
take(struct seen *s, unsigned i)
{
    char id[16];

    (void)snprintf(id, sizeof id, "N%u", i);
    return by_id(s, "pos", id, TXN_SALE, TXN_APPROVED);
}

static void
test_restart(void **state)
{
    struct rows *r = calloc(1, sizeof *r);
    struct seen *s = seen_make();

    assert_non_null(r);
    for (unsigned i = 0; i < SEEN_CHUNK * 2 + 10; i++)
        assert_false(take(s, i));
    save(s, r);
    assert_int_equal(r->written, 3);
    for (unsigned i = 0; i < 5; i++)
        assert_false(take(s, 100000 + i));
    save(s, r);
    assert_int_equal(r->written, 1); /* what changed, no more */
    save(s, r);
    assert_int_equal(r->written, 0);
    assert_false(take(s, 200000)); /* lost with the process */
    seen_free(s);

    s = load(r);
    assert_int_equal(seen_count(s), SEEN_CHUNK * 2 + 15);
    for (unsigned i = 0; i < SEEN_CHUNK * 2 + 10; i++)
        assert_true(take(s, i));
    for (unsigned i = 0; i < 5; i++)
        assert_true(take(s, 100000 + i));
    assert_false(take(s, 200000));
    save(s, r);
    assert_int_equal(r->written, 1);
    seen_free(s);
    rows_done(r);
}

/* Beyond SEEN_MAX the oldest are forgotten, their row is removed, the newest stay. */
static void
test_cap(void **state)
{
    struct rows *r = calloc(1, sizeof *r);
    struct seen *s = seen_make();
    unsigned n = SEEN_MAX + SEEN_CHUNK;

    assert_non_null(r);
    for (unsigned i = 0; i < n; i++) {
        assert_false(take(s, i));
        if (i % (SEEN_CHUNK * 64) == 0)
            save(s, r);
    }
    save(s, r);
    assert_true(seen_count(s) <= SEEN_MAX);
    assert_null(r->blob[1]);
    assert_int_equal(r->removed, 1);
    assert_true(take(s, n - 1));
    assert_true(take(s, SEEN_CHUNK)); /* the oldest of those that stayed */
    assert_false(take(s, 0));
    seen_free(s);
    rows_done(r);
}

static void
test_bad_rows(void **state)
{
    static const uint8_t key[4] = {0, 0, 0, 1}, zero[4] = {0};
    static const uint8_t blob[16] = {1};
    struct seen *s = seen_make();

    assert_int_equal(seen_load(s, slice_of(key, 4), 2, slice_of(blob, 16)), VG_ERR_FORMAT);
    assert_int_equal(seen_load(s, slice_of(key, 3), 1, slice_of(blob, 16)), VG_ERR_FORMAT);
    assert_int_equal(seen_load(s, slice_of(zero, 4), 1, slice_of(blob, 16)), VG_ERR_FORMAT);
    assert_int_equal(seen_load(s, slice_of(key, 4), 1, slice_of(blob, 15)), VG_ERR_FORMAT);
    assert_int_equal(seen_loaded(s), VG_OK);
    assert_int_equal(seen_count(s), 0);
    seen_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_refunds_of_one_sale),
        cmocka_unit_test(test_overlapping_exports),
        cmocka_unit_test(test_contents_differ),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_bad_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
