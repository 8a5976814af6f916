/* SPDX-License-Identifier: Apache-2.0 */
/* `pay --labels`: which rows are labels, and when the panel hears of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cli/pay_labels.h"
#include "agent/platform/platform.h"
#include "common/vtime.h"

static const uint8_t KEY[TOKEN_KEY_SIZE] = {9};

struct rig {
    struct tokens *tokens;
    char path[64];
};

static void
rig_init(struct rig *r)
{
    int fd;

    assert_int_equal(tokens_new(KEY, &r->tokens), VG_OK);
    (void)snprintf(r->path, sizeof r->path, "/tmp/vigia-labels-XXXXXX");
    fd = mkstemp(r->path);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void
rig_done(struct rig *r)
{
    tokens_free(r->tokens);
    (void)remove(r->path);
}

static enum vg_err
load(struct rig *r, const void *text, size_t n, int64_t delay_ns, struct pay_labels **out)
{
    FILE *f = fopen(r->path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return pay_labels_load(r->path, r->tokens, delay_ns, out);
}

/* Whether a transaction of that id has a label: then it waits for its time. */
static bool
labelled(struct pay_labels *l, const char *id)
{
    const struct txn_view t = {.id = str_of(id), .time_ns = VG_DAY_NS, .label = -1};
    size_t before = pay_labels_waiting(l);

    assert_int_equal(pay_labels_wait(l, &t), VG_OK);
    return pay_labels_waiting(l) == before + 1;
}

static void
test_rows(void **state)
{
    static const char text[] = "\xef\xbb\xbfid,fraud\r\nA1,1\r\nA2,0\r\n \"A,3\" , 1\r\n\"A "
                               "\"\"4\"\"\",0\r\nA5,2\r\nA6\r\n,1\r\n"
                               "A7,1,more\r\n4111 1111 1111 1111,1\r\nA8,yes\r\nA9,1";
    struct rig r;
    struct pay_labels *l;
    char token[TOKEN_TEXT_MAX];

    rig_init(&r);
    assert_int_equal(load(&r, text, strlen(text), 0, &l), VG_OK);
    assert_true(labelled(l, "A1"));
    assert_true(labelled(l, "A2"));
    assert_true(labelled(l, "A \"4\""));
    assert_true(labelled(l, "A7"));
    assert_true(labelled(l, "A9"));
    assert_false(labelled(l, "A5"));
    assert_false(labelled(l, "A6"));
    assert_false(labelled(l, "A8"));
    assert_false(labelled(l, "id"));
    assert_false(labelled(l, ""));
    assert_false(labelled(l, "a1"));
    /* A card number as an id is found by the token that the log's reader gives it. */
    assert_int_equal(tokens_make(r.tokens, TOKEN_CARD, slice_of("4111111111111111", 16), token),
                     VG_OK);
    assert_true(labelled(l, token));
    assert_false(labelled(l, "4111 1111 1111 1111"));
    pay_labels_free(l);
    rig_done(&r);
}

static void
test_refused(void **state)
{
    struct rig r;
    struct pay_labels *l = NULL;

    rig_init(&r);
    assert_int_equal(load(&r, "", 0, 0, &l), VG_ERR_FORMAT);
    assert_int_equal(load(&r, "id,fraud\n", 9, 0, &l), VG_ERR_FORMAT);
    assert_int_equal(load(&r, "hello\nworld\n", 12, 0, &l), VG_ERR_FORMAT);
    (void)remove(r.path);
    assert_int_equal(pay_labels_load(r.path, r.tokens, 0, &l), VG_ERR_NOENT);
    assert_null(l);
    rig_done(&r);
}

/* A label is told when its delay has passed in event time, in the order of the transactions, also
 * when the ring had to grow and wrap. */
static void
test_delay(void **state)
{
    enum { COUNT = 5000 };
    struct rig r;
    struct pay_labels *l;
    char *text = malloc(COUNT * 16);
    size_t n = 0;
    int released = 0;

    assert_non_null(text);
    for (int i = 0; i < COUNT; i++)
        n += (size_t)sprintf(text + n, "N%d,%d\n", i, i % 2);
    rig_init(&r);
    assert_int_equal(load(&r, text, n, VG_DAY_NS, &l), VG_OK);
    for (int i = 0; i < COUNT; i++) {
        char id[16];
        struct txn_view t = {.time_ns = i * VG_MIN_NS, .label = -1};

        (void)snprintf(id, sizeof id, "N%d", i);
        t.id = str_of(id);
        pay_labels_release(l, t.time_ns, NULL);
        assert_int_equal(pay_labels_wait(l, &t), VG_OK);
        released = i >= 1440 ? i - 1440 + 1 : 0;
        assert_int_equal(pay_labels_waiting(l), i + 1 - released);
    }
    assert_true(released > COUNT / 2);
    pay_labels_release(l, COUNT * VG_MIN_NS + VG_DAY_NS, NULL);
    assert_int_equal(pay_labels_waiting(l), 0);
    pay_labels_free(l);
    free(text);
    rig_done(&r);
}

/* Every beginning of a file: read, or refused. */
static void
test_truncations(void **state)
{
    static const char text[] = "id,fraud\r\n\"A \"\"1\"\"\",1\r\n4111111111111111,0\r\nA2,1\r\n";
    struct rig r;

    rig_init(&r);
    for (size_t n = 0; n < sizeof text; n++) {
        struct pay_labels *l = NULL;
        enum vg_err err = load(&r, text, n, 0, &l);

        assert_true(err == VG_OK || err == VG_ERR_FORMAT);
        assert_true((err == VG_OK) == (l != NULL));
        pay_labels_free(l);
    }
    rig_done(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_truncations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
