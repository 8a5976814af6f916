/* SPDX-License-Identifier: Apache-2.0 */
/* Tables by key: what leaves first, rows that are kept and read again, names in them. */
#include "judge_kit.h"

#include "agent/detect/codec.h"
#include "agent/detect/keytab.h"
#include "common/vtime.h"

static void
num_put(const void *cell, struct buf *out)
{
    buf_put_be64(out, *(const uint64_t *)cell);
}

static void
num_get(void *cell, struct slice *in)
{
    *(uint64_t *)cell = slice_be64(in);
}

/* A table that is saved and restored at random moments holds and evicts what one does that lives
 * on; keys that share all their high bits stay bounded. */
static void
keytab_lives(bool by_place)
{
    const struct keytab_options o = {.cell_bytes = 8,
                                     .cells_max = 500,
                                     .row_bits = 4,
                                     .name = 'k',
                                     .version = 3,
                                     .by_place = by_place,
                                     .put = num_put,
                                     .get = num_get};
    struct keytab *whole = NULL, *parts = NULL;
    struct kit kit;
    struct state_out out;
    struct kit_rng rng;

    kit_init(&kit);
    out = (struct state_out){&kit.sink, "pay.test"};
    kit_seed(&rng, 61);
    assert_int_equal(keytab_new(&o, &whole), VG_OK);
    assert_int_equal(keytab_new(&o, &parts), VG_OK);
    for (int i = 0; i < 20000; i++) {
        uint64_t n = kit_next(&rng) % 900;
        uint64_t key = str_hash(&STR_HASH_STORED, &n, sizeof n);
        struct keytab *both[2] = {whole, parts};

        for (int k = 0; k < 2; k++) {
            bool fresh;
            uint64_t *v = keytab_touch(both[k], key, &fresh);

            assert_non_null(v);
            *v = fresh ? 1 : *v + 1;
            if (n % 50 == 0)
                keytab_remove(both[k], key);
        }
        assert_int_equal(keytab_find(whole, key) != NULL, keytab_find(parts, key) != NULL);
        if (n % 50 != 0)
            assert_true(memcmp(keytab_find(whole, key), keytab_find(parts, key), 8) == 0);
        if (i % 1777 != 0)
            continue;
        keytab_save(parts, &out);
        keytab_free(parts);
        assert_int_equal(keytab_new(&o, &parts), VG_OK);
        for (size_t r = kit.row_count; r-- > 0;)
            if (kit.rows[r].version != 0)
                assert_int_equal(keytab_load(parts, slice_of(kit.rows[r].key, kit.rows[r].key_len),
                                             kit.rows[r].version,
                                             slice_of(kit.rows[r].blob, kit.rows[r].blob_len)),
                                 VG_OK);
        assert_int_equal(keytab_count(whole), keytab_count(parts));
    }
    assert_int_equal(keytab_count(whole) <= 500, 1);
    assert_true(keytab_evicted(whole) > 1000 && keytab_evicted(whole) == keytab_evicted(parts));
    for (uint64_t i = 0; i < 400; i++) {
        bool fresh;

        (void)keytab_touch(whole, i, &fresh); /* all in one chain */
    }
    assert_true(keytab_find(whole, 399) != NULL && keytab_find(whole, 0) == NULL);
    keytab_free(whole);
    keytab_free(parts);
    kit_done(&kit);
}

static void
test_keytab(void **state)
{
    (void)state;
    keytab_lives(false);
    keytab_lives(true);
}

/* Rows far larger than a chain may be: each comes back whole, in whatever order. */
static void
test_keytab_long_rows(void **state)
{
    const struct keytab_options o = {.cell_bytes = 8,
                                     .cells_max = 4096,
                                     .row_bits = 4,
                                     .name = 'k',
                                     .version = 3,
                                     .put = num_put,
                                     .get = num_get};
    struct keytab *whole = NULL, *back = NULL;
    struct kit kit;
    struct state_out out;

    (void)state;
    kit_init(&kit);
    out = (struct state_out){&kit.sink, "pay.test"};
    assert_int_equal(keytab_new(&o, &whole), VG_OK);
    assert_int_equal(keytab_new(&o, &back), VG_OK);
    for (uint64_t n = 0; n < 4096; n++) {
        bool fresh;

        assert_non_null(keytab_touch(whole, str_hash(&STR_HASH_STORED, &n, sizeof n), &fresh));
    }
    keytab_save(whole, &out);
    for (size_t r = 0; r < kit.row_count; r++)
        assert_int_equal(keytab_load(back, slice_of(kit.rows[r].key, kit.rows[r].key_len),
                                     kit.rows[r].version,
                                     slice_of(kit.rows[r].blob, kit.rows[r].blob_len)),
                         VG_OK);
    assert_int_equal(keytab_count(whole), 4096);
    assert_int_equal(keytab_count(back), 4096);
    assert_int_equal(keytab_evicted(back), 0);
    for (uint64_t n = 0; n < 4096; n++)
        assert_non_null(keytab_find(back, str_hash(&STR_HASH_STORED, &n, sizeof n)));
    keytab_free(whole);
    keytab_free(back);
    kit_done(&kit);
}

/* Texts of rows: what has no room, or ends before its length says, is damage. */
static void
test_names_in_rows(void **state)
{
    static const char rows[][6] = {"\4four", "\3a\0b", "\3ab"};
    char name[4] = "";
    struct slice in;
    struct buf out;

    buf_init(&out, 64);
    codec_put_name(&out, "abc");
    in = buf_slice(&out);
    codec_name(&in, name, sizeof(name));
    assert_false(in.bad);
    assert_int_equal(in.left, 0);
    assert_string_equal(name, "abc");
    buf_done(&out);
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        in = slice_of(rows[i], i < 2 ? (size_t)rows[i][0] + 1 : 3);
        codec_name(&in, name, sizeof(name));
        assert_true(in.bad);
        assert_string_equal(name, "");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keytab),
        cmocka_unit_test(test_keytab_long_rows),
        cmocka_unit_test(test_names_in_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
