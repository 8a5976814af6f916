/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/link/frame.h"

static void
build(struct buf *out)
{
    size_t mark;

    buf_init(out, 4096);
    frame_put(out, FRAME_EVENT, slice_of("{\"v\":1}", 7));
    frame_put(out, FRAME_GO, slice_of(NULL, 0));
    mark = frame_begin(out, FRAME_STATE);
    frame_put_text(out, "net.scan", 8);
    frame_put_text(out, "k\0y", 3);
    buf_put_be16(out, 7);
    buf_put(out, "blob", 4);
    frame_end(out, mark);
    assert_false(out->bad);
}

static void
test_round_trip(void **state)
{
    struct buf out;
    struct slice in, payload, name, key;
    enum frame_type type;

    build(&out);
    in = buf_slice(&out);
    assert_int_equal(frame_next(&in, &type, &payload), VG_OK);
    assert_int_equal(type, FRAME_EVENT);
    assert_int_equal(payload.left, 7);
    assert_memory_equal(payload.at, "{\"v\":1}", 7);
    assert_int_equal(frame_next(&in, &type, &payload), VG_OK);
    assert_int_equal(type, FRAME_GO);
    assert_int_equal(payload.left, 0);
    assert_int_equal(frame_next(&in, &type, &payload), VG_OK);
    assert_int_equal(type, FRAME_STATE);
    name = frame_text(&payload);
    key = frame_text(&payload);
    assert_int_equal(name.left, 8);
    assert_int_equal(key.left, 3);
    assert_memory_equal(key.at, "k\0y", 3);
    assert_int_equal(slice_be16(&payload), 7);
    assert_int_equal(payload.left, 4);
    assert_false(payload.bad);
    assert_int_equal(frame_next(&in, &type, &payload), VG_AGAIN);
    buf_done(&out);
}

/* Every beginning of the stream gives only whole frames and leaves the rest untouched; every
 * beginning of the STATE payload ends in a bad slice or a shorter blob, never past its end. */
static void
test_truncations(void **state)
{
    struct buf out;

    build(&out);
    for (size_t n = 0; n < out.len; n++) {
        uint8_t *block = malloc(n > 0 ? n : 1);
        struct slice in, payload;
        enum frame_type type;
        size_t whole = 0;

        assert_non_null(block);
        memcpy(block, out.data, n);
        in = slice_of(block, n);
        while (frame_next(&in, &type, &payload) == VG_OK) {
            whole++;
            (void)frame_text(&payload);
            (void)frame_text(&payload);
            (void)slice_be16(&payload);
        }
        assert_true(whole <= 2);
        assert_true(in.left == n || whole > 0);
        free(block);
    }
    buf_done(&out);
}

static void
test_bad_lengths(void **state)
{
    const uint8_t zero[] = {0, 0, 0, 0, 'E'};
    const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 'E'};
    struct buf over;
    struct slice in, payload;
    enum frame_type type;
    char *big = calloc(1, FRAME_BYTES_MAX + 1);

    in = slice_of(zero, sizeof zero);
    assert_int_equal(frame_next(&in, &type, &payload), VG_ERR_FORMAT);
    in = slice_of(huge, sizeof huge);
    assert_int_equal(frame_next(&in, &type, &payload), VG_ERR_LIMIT);
    assert_non_null(big);
    buf_init(&over, 2 * FRAME_BYTES_MAX);
    frame_put(&over, FRAME_EVENT, slice_of(big, FRAME_BYTES_MAX));
    assert_false(over.bad);
    in = buf_slice(&over);
    assert_int_equal(frame_next(&in, &type, &payload), VG_OK);
    assert_int_equal(payload.left, FRAME_BYTES_MAX);
    buf_clear(&over);
    frame_put(&over, FRAME_EVENT, slice_of(big, FRAME_BYTES_MAX + 1));
    assert_true(over.bad);
    buf_done(&over);
    free(big);
}

static enum vg_err
count_call(void *role, struct slice payload)
{
    (*(int *)role)++;
    return VG_OK;
}

static const struct frame_rule RULES[] = {
    {FRAME_READY, 2, 100, 1, FRAME_ANY_TIMES, FRAME_ANY_TIMES, count_call},
    {FRAME_EVENT, 2, 50, FRAME_ANY_TIMES, 3, 100, count_call},
    {FRAME_COMMIT, 8, 8, FRAME_ANY_TIMES, FRAME_ANY_TIMES, FRAME_ANY_TIMES, count_call},
};

static enum vg_err
pass(struct frame_gate *gate, int *calls, enum frame_type type, size_t size)
{
    static const char bytes[200];

    return frame_gate_pass(gate, calls, type, slice_of(bytes, size));
}

static void
test_gate(void **state)
{
    struct frame_gate gate = {.rules = RULES, .count = VG_ARRAY_LEN(RULES)};
    int calls = 0;

    assert_int_equal(pass(&gate, &calls, FRAME_OBSERVATION, 10), VG_ERR_DENIED); /* unknown */
    assert_int_equal(pass(&gate, &calls, FRAME_READY, 1), VG_ERR_DENIED);        /* short */
    assert_int_equal(pass(&gate, &calls, FRAME_READY, 101), VG_ERR_DENIED);      /* long */
    assert_int_equal(calls, 0);
    assert_int_equal(pass(&gate, &calls, FRAME_READY, 100), VG_OK);
    assert_int_equal(pass(&gate, &calls, FRAME_READY, 100), VG_ERR_DENIED); /* once in a life */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(pass(&gate, &calls, FRAME_EVENT, 10), VG_OK);
        assert_int_equal(pass(&gate, &calls, FRAME_EVENT, 10), VG_ERR_DENIED); /* too many */
        assert_int_equal(pass(&gate, &calls, FRAME_COMMIT, 8), VG_OK);
    }
    assert_int_equal(pass(&gate, &calls, FRAME_READY, 100), VG_ERR_DENIED);
    assert_int_equal(pass(&gate, &calls, FRAME_EVENT, 50), VG_OK);
    assert_int_equal(pass(&gate, &calls, FRAME_EVENT, 50), VG_OK);
    assert_int_equal(pass(&gate, &calls, FRAME_EVENT, 2), VG_ERR_DENIED); /* too many bytes */
    assert_int_equal(calls, 1 + 9 + 3 + 2);
    assert_int_equal(
        frame_gate_pass(&gate, &calls, FRAME_EVENT, (struct slice){.at = NULL, .bad = true}),
        VG_ERR_DENIED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_bad_lengths),
        cmocka_unit_test(test_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
