/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/platform/platform.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static struct buf hit, miss;

static void *
start(void)
{
    fake_judge_done(&judge);
    return fake_make(&NET_YARA, &judge, NULL);
}

struct sending {
    void *self;
    const struct detector *d;
    struct flow_view flow;
    uint64_t stream, offset;
    int64_t t;
    bool again;
};

static void
send_piece(struct sending *s, struct slice bytes, bool last)
{
    struct body_view b = {.flow = &s->flow,
                          .stream = s->stream,
                          .from_server = true,
                          .name = str_of("/a/4111111111111111/x.js?card=4111111111111111"),
                          .mime = str_of("text/javascript"),
                          .host = str_of("shop.example"),
                          .bytes = bytes.at,
                          .len = bytes.left,
                          .offset = s->offset,
                          .first = s->offset == 0,
                          .last = last};
    struct obs obs = {.kind = OBS_BODY, .time_ns = s->t += VG_MS_NS, .body = &b};

    s->offset += bytes.left;
    if (s->again)
        NET_YARA.again(s->self, &obs);
    else
        NET_YARA.observe(s->self, &obs);
}

static struct sending
begin(void *self, uint64_t stream)
{
    return (struct sending){.self = self,
                            .stream = stream,
                            .t = T0,
                            .flow = flow_of(ip4(192, 168, 1, 9), ip4(93, 184, 216, 34), 80, T0)};
}

/* Padding, then the text in pieces of `piece` bytes, then padding. */
static void
send_padded(struct sending *s, size_t before, const struct buf *text, size_t piece, size_t after)
{
    static uint8_t pad[4096];
    struct slice in = buf_slice(text);

    memset(pad, 'x', sizeof(pad));
    for (size_t n; before > 0; before -= n) {
        n = before < sizeof(pad) ? before : sizeof(pad);
        send_piece(s, slice_of(pad, n), false);
    }
    while (in.left > 0)
        send_piece(s, slice_sub(&in, in.left < piece ? in.left : piece), false);
    for (size_t n; after > 0; after -= n) {
        n = after < sizeof(pad) ? after : sizeof(pad);
        send_piece(s, slice_of(pad, n), false);
    }
    send_piece(s, slice_of(NULL, 0), true);
}

static void
test_found_in_pieces(void **state)
{
    static const size_t pieces[] = {1, 7, 100, 100000};

    for (size_t i = 0; i < VG_ARRAY_LEN(pieces); i++) {
        void *self = start();
        struct sending s = begin(self, 5);

        send_padded(&s, 1000, &hit, pieces[i], 2000);
        assert_int_equal(judge.count, 1);
        assert_string_equal(judge.report[0].subject, "192.168.1.9");
        assert_string_equal(judge.report[0].peer, "shop.example");
        assert_string_equal(judge.report[0].group, "Vigia_Card_Skimmer_JavaScript");
        assert_int_equal(judge.report[0].severity, SEVERITY_CRITICAL);
        NET_YARA.free(self);
    }
}

/* Also where it lies across two windows, and then only once. */
static void
test_found_across_windows(void **state)
{
    for (size_t back = 0; back < 700; back += 90) {
        void *self = start();
        struct sending s = begin(self, 5);
        json_t *strings;

        send_padded(&s, 512 * 1024 - back, &hit, 1400, 600 * 1024);
        assert_int_equal(judge.count, 1);
        strings = json_object_get(json_array_get(judge.report[0].evidence, 0), "strings");
        assert_true(json_integer_value(json_object_get(json_array_get(strings, 0), "offset")) >=
                    512 * 1024 - (json_int_t)back);
        NET_YARA.free(self);
    }
}

static void
test_no_card_number_in_records(void **state)
{
    void *self = start();
    struct sending s = begin(self, 5);
    char *facts;

    send_padded(&s, 0, &hit, 1000, 0);
    facts = json_dumps(judge.report[0].facts, 0);
    assert_null(strstr(facts, "4111"));
    assert_non_null(strstr(facts, "/a/XXXX"));
    free(facts);
    NET_YARA.free(self);
}

static void
test_clean_bodies_are_quiet(void **state)
{
    void *self = start();

    for (uint64_t i = 0; i < 200; i++) {
        struct sending s = begin(self, i);

        send_padded(&s, 100, &miss, 300, 100);
    }
    assert_int_equal(judge.count, 0);
    NET_YARA.free(self);
}

static json_int_t
counter(void *self, const char *name)
{
    json_t *all = json_object();
    json_int_t value;

    NET_YARA.health(self, all);
    value = json_integer_value(json_object_get(all, name));
    json_decref(all);
    return value;
}

static void
test_a_gap_parts_the_body(void **state)
{
    void *self = start();
    struct sending s = begin(self, 5);
    struct slice in = buf_slice(&hit);

    send_piece(&s, slice_sub(&in, hit.len / 2), false);
    s.offset += 100;
    send_piece(&s, in, true);
    assert_int_equal(judge.count, 0); /* both halves were looked at, neither alone is enough */
    assert_int_equal(counter(self, "gaps"), 1);
    assert_int_equal(counter(self, "bytes_scanned"), hit.len);
    NET_YARA.free(self);
}

/* Thousands of bodies that never end: the table and the memory stay bounded, what is dropped is
 * counted. */
static void
test_bounded(void **state)
{
    static uint8_t pad[4096];
    void *self = start();
    uint64_t sent = 0;

    for (uint64_t i = 0; i < 3000; i++) {
        struct sending s = begin(self, i);

        for (int k = 0; k < 4; k++)
            send_piece(&s, slice_of(pad, sizeof(pad)), false);
        sent += 4 * sizeof(pad);
    }
    assert_int_equal(counter(self, "bodies_cut"), 3000 - 64);
    assert_int_equal(counter(self, "bytes_skipped"), (json_int_t)(sent - 64 * 4 * sizeof(pad)));
    for (uint64_t i = 0; i < 40; i++) {
        struct sending s = begin(self, 100000 + i);

        for (int k = 0; k < 100; k++)
            send_piece(&s, slice_of(pad, sizeof(pad)), false);
    }
    assert_true(counter(self, "bodies_cut") > 3000);
    NET_YARA.free(self);
}

static void
test_long_body_is_cut_and_counted(void **state)
{
    json_t *settings = json_pack("{s:i}", "body_bytes", 65536);
    struct sending s;
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&NET_YARA, &judge, settings);
    s = begin(self, 5);
    send_padded(&s, 200000, &hit, 1000, 0);
    assert_int_equal(judge.count, 0);
    assert_true(counter(self, "bytes_skipped") >= (json_int_t)hit.len);
    NET_YARA.free(self);
    json_decref(settings);
}

/* So many bytes a second, and what was saved up; the rest is counted, and the next second has its own. */
static void
test_budget(void **state)
{
    static uint8_t pad[65536];
    json_t *settings = json_pack("{s:i}", "bytes_a_second", 65536);
    struct fake_store store = {0};
    struct sending s;
    void *self;

    fake_judge_done(&judge);
    self = fake_make(&NET_YARA, &judge, settings);
    for (uint64_t i = 0; i < 20; i++) { /* 16 seconds' worth, then nothing more */
        s = begin(self, i);
        s.t = T0 + (int64_t)i; /* at once */
        send_piece(&s, slice_of(pad, sizeof(pad)), true);
    }
    assert_int_equal(counter(self, "bytes_scanned"), 16 * 65536);
    assert_int_equal(counter(self, "bytes_over_budget"), 4 * 65536);
    s = begin(self, 30);
    s.t = T0 + 100 * VG_MS_NS;
    send_piece(&s, buf_slice(&hit), true); /* a tenth of a second is enough for this one */
    assert_int_equal(judge.count, 1);
    s = begin(self, 31);
    s.t = T0 + 101 * VG_MS_NS;
    send_piece(&s, slice_of(pad, sizeof(pad)), true);
    assert_int_equal(counter(self, "bytes_over_budget"), 5 * 65536);
    /* A restart has no more than was left. */
    self = fake_restart(&NET_YARA, self, &store, &judge);
    s = begin(self, 32);
    s.t = T0 + 102 * VG_MS_NS;
    send_piece(&s, slice_of(pad, sizeof(pad)), true);
    assert_int_equal(counter(self, "bytes_over_budget"), 65536);
    NET_YARA.free(self);
    fake_truncate_rows(&NET_YARA, &store, &judge);
    fake_store_done(&store);
    json_decref(settings);
}

/* Killed in the middle of a body: shown again, then on; the report comes once, neither lost nor
 * doubled. */
static void
test_restart(void **state)
{
    for (size_t at = 0; at <= hit.len; at += 97) {
        void *self = start();
        struct sending s = begin(self, 5);
        struct slice in = buf_slice(&hit);

        s.again = true;
        if (at > 0)
            send_piece(&s, slice_sub(&in, at), false);
        s.again = false;
        send_piece(&s, in, true);
        assert_int_equal(judge.count, 1);
        NET_YARA.free(self);
    }
}

static int
setup(void **state)
{
    return platform_file_slurp("tests/fixtures/yara/skimmer_js.hit", 65536, &hit) == VG_OK &&
                   platform_file_slurp("tests/fixtures/yara/skimmer_js.miss", 65536, &miss) == VG_OK
               ? 0
               : 1;
}

static int
teardown(void **state)
{
    buf_done(&hit);
    buf_done(&miss);
    fake_judge_done(&judge);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_in_pieces),
        cmocka_unit_test(test_found_across_windows),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_no_card_number_in_records),
        cmocka_unit_test(test_clean_bodies_are_quiet),
        cmocka_unit_test(test_a_gap_parts_the_body),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_long_body_is_cut_and_counted),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
