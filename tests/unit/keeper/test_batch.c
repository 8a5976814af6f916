/* SPDX-License-Identifier: Apache-2.0 */
/* A batch takes what fits, refuses what does not, and forgets all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/keeper/batch.h"

static struct slice
text(const char *s)
{
    return slice_of(s, strlen(s));
}

static void
test_holds_copies(void **state)
{
    struct batch b;
    char key[] = "key";

    batch_init(&b, "net");
    assert_int_equal(batch_event(&b, json_pack("{s:i}", "v", 1)), VG_OK);
    assert_int_equal(batch_observation(&b, text("{\"a\":1}")), VG_OK);
    assert_int_equal(batch_row(&b, text("net.scan"), text(key), 3, text("blob")), VG_OK);
    assert_int_equal(batch_row(&b, text("net.scan"), text(key), 0, slice_of(NULL, 0)), VG_OK);
    assert_int_equal(batch_row(&b, text("net.scan"), text(key), 1, slice_of(NULL, 0)), VG_OK);
    assert_int_equal(batch_position(&b, text("/x"), text("{}")), VG_OK);
    memset(key, 'z', sizeof key - 1);
    assert_int_equal(b.event_count, 1);
    assert_string_equal(b.observations[0], "{\"a\":1}");
    assert_string_equal(b.rows[0].detector, "net.scan");
    assert_memory_equal(b.rows[0].key, "key", 3);
    assert_int_equal(b.rows[0].blob_len, 4);
    assert_null(b.rows[1].blob);
    assert_non_null(b.rows[2].blob);
    assert_int_equal(b.rows[2].blob_len, 0);
    assert_string_equal(b.positions[0].source, "/x");
    batch_clear(&b);
    assert_string_equal(b.sensor, "net");
    assert_int_equal(b.event_count + b.row_count + b.position_count + b.bytes, 0);
    batch_clear(&b);
}

static void
test_caps(void **state)
{
    struct batch b;
    struct slice big;
    uint8_t *bytes = calloc(1, 1024 * 1024);

    assert_non_null(bytes);
    big = slice_of(bytes, 1024 * 1024);
    batch_init(&b, "net");
    for (size_t i = 0; i < BATCH_EVENTS_MAX; i++)
        assert_int_equal(batch_event(&b, json_object()), VG_OK);
    assert_int_equal(batch_event(&b, json_object()), VG_ERR_LIMIT);
    for (size_t i = 0; i < BATCH_OBSERVATIONS_MAX + 5; i++)
        assert_int_equal(batch_observation(&b, text("{}")), VG_OK);
    assert_int_equal(b.observations_dropped, 5);
    for (size_t i = 0; i < BATCH_POSITIONS_MAX; i++)
        assert_int_equal(batch_position(&b, text("s"), text("{}")), VG_OK);
    assert_int_equal(batch_position(&b, text("s"), text("{}")), VG_ERR_LIMIT);
    for (size_t i = 0; i < 63; i++)
        assert_int_equal(batch_row(&b, text("d"), text("k"), 1, big), VG_OK);
    assert_int_equal(batch_row(&b, text("d"), text("k"), 1, big), VG_ERR_LIMIT);
    assert_int_equal(b.row_count, 63);
    batch_clear(&b);
    for (size_t i = 0; i < BATCH_ROWS_MAX; i++)
        assert_int_equal(batch_row(&b, text("d"), text("k"), 1, text("b")), VG_OK);
    assert_int_equal(batch_row(&b, text("d"), text("k"), 1, text("b")), VG_ERR_LIMIT);
    batch_clear(&b);
    free(bytes);
}

/* A small text can be a large tree: what is held counts, not what came. */
static void
test_weighs_trees(void **state)
{
    struct batch b;
    char *line = malloc(EVENT_BYTES_MAX + 1);
    size_t n = 0, taken = 0;
    json_t *tree;

    assert_non_null(line);
    line[n++] = '[';
    while (n + 6 < EVENT_BYTES_MAX) {
        memcpy(line + n, n > 1 ? ",[]" : "[] ", 3);
        n += 3;
    }
    line[n++] = ']';
    assert_int_equal(vg_json_parse(slice_of(line, n), EVENT_BYTES_MAX, &tree), VG_OK);
    batch_init(&b, "net");
    while (taken < BATCH_EVENTS_MAX && batch_event(&b, json_incref(tree)) == VG_OK)
        taken++;
    assert_in_range(taken, 1, BATCH_BYTES_MAX / (n / 3 * 100));
    assert_in_range(b.event_bytes, 1, BATCH_BYTES_MAX);
    batch_clear(&b);
    assert_int_equal(b.event_bytes, 0);
    json_decref(tree);
    free(line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_copies),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_weighs_trees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
