/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way: kinds by first bytes, hashes, holes, caps. */
#include "agent/net/magic.h"
#include "net_kit.h"

static const char PE[] = "MZ\x90 this program cannot be run in DOS mode";
#define PE_SHA256 "0d94c58e4753ce19d98f1b3c37e3a088d9dfd61ec57d8c3b072ae2b9405f5b58"

struct bench {
    struct kit_log log;
    struct net_engine *engine;
    struct flow flow;
    struct protocol_call call;
};

static void
bench_begin(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    b->engine = kit_engine(&b->log);
    b->flow.key.family = 4;
    b->flow.app = "http";
    b->call = (struct protocol_call){.engine = b->engine, .flow = &b->flow};
}

static void
bench_end(struct bench *b)
{
    assert_int_equal(net_transfers(b->engine)->open, 0);
    net_engine_free(b->engine);
    buf_done(&b->log.text);
}

static struct transfer_about
about(const char *name, const char *mime)
{
    return (struct transfer_about){.service = "http",
                                   .name = str_of(name),
                                   .mime = str_of(mime),
                                   .host = str_of("h"),
                                   .from_server = true};
}

/* In pieces of at most `step` bytes, each in a block of its own. */
static void
give(struct bench *b, struct transfer *t, const void *bytes, size_t len, size_t step)
{
    struct slice in = slice_of(bytes, len);

    while (in.left > 0) {
        size_t n = in.left < step ? in.left : step;
        uint8_t *copy = malloc(n);

        assert_non_null(copy);
        assert_true(slice_copy(&in, copy, n));
        transfer_bytes(t, &b->call, slice_of(copy, n));
        free(copy);
    }
}

static void
test_kinds(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *name;
        bool carries;
    } rows[] = {
#define ROW(bytes, name, carries) {bytes, sizeof(bytes) - 1, name, carries}
        ROW("MZ\x90", "exe", true),
        ROW("\x7f"
            "ELF\2",
            "elf", true),
        ROW("\xca\xfe\xba\xbe\0\0\0\x34", "class", true),
        ROW("\xca\xfe\xba\xbe\0\0\0\2", "macho", true),
        ROW("PK\3\4", "zip", true),
        ROW("PK", "text", false),
        ROW("#!/bin/sh\n", "script", true),
        ROW("  <!DOCTYPE HTML>", "html", false),
        ROW("\xef\xbb\xbf<?xml version", "xml", false),
        ROW("hola \xc3\xb1\r\n", "text", false),
        ROW("\0\1\2\3", "", false),
        ROW("", "", false),
        ROW("RIFF....WEBPVP8", "webp", false),
        ROW("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", true),
#undef ROW
    };
    char tar[MAGIC_BYTES] = "name";

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        const struct magic *m = magic_of(slice_of(rows[i].bytes, rows[i].len));

        assert_string_equal(m->name, rows[i].name);
        assert_int_equal(m->carries, rows[i].carries);
    }
    memcpy(tar + 257, "ustar", 5);
    assert_string_equal(magic_of(slice_of(tar, sizeof(tar)))->name, "tar");
    assert_true(magic_name_carries(str_of("/a/B.PS1?x=.png")));
    assert_false(magic_name_carries(str_of("/a/b.png?x=.ps1")));
    assert_false(magic_name_carries(str_of(".ps1")));
}

/* However the bytes are cut the record is the same, and the pieces are all of them. */
static void
test_pieces(void **state)
{
    char body[700];

    (void)state;
    memset(body, 'x', sizeof(body));
    memcpy(body, PE, sizeof(PE) - 1);
    for (size_t step = 1; step < sizeof(body) + 1; step += step < 300 ? 1 : 50) {
        struct transfer_about a = about("/a.exe", "text/plain");
        struct transfer *t;
        struct bench b;

        bench_begin(&b);
        t = transfer_begin(&b.call, &a);
        assert_non_null(t);
        give(&b, t, body, sizeof(body), step);
        transfer_end(t, &b.call, true);
        assert_int_equal(b.log.count[OBS_RECORD], 1);
        assert_int_equal(b.log.count[OBS_BODY], 1 + (sizeof(body) + step - 1) / step);
        assert_true(kit_says(&b.log, "\"bytes\":700,\"missing\":0,\"whole\":true,\"magic\":\"exe\","
                                     "\"sha256\":\"" PE_SHA256 "\""));
        bench_end(&b);
    }
}

/* A hole: what is behind it goes on, the hash is gone, the kind stays known. */
static void
test_hole(void **state)
{
    struct transfer_about a = about("/a.exe", "");
    struct transfer *t;
    struct bench b;

    (void)state;
    bench_begin(&b);
    t = transfer_begin(&b.call, &a);
    give(&b, t, PE, 10, 5);
    transfer_gap(t, &b.call, 90);
    give(&b, t, "rest", 4, 4);
    transfer_end(t, &b.call, true);
    assert_true(kit_says(&b.log, "at 100: rest"));
    assert_true(kit_says(&b.log, "\"bytes\":14,\"missing\":90,\"whole\":false,\"magic\":\"exe\"}"));
    bench_end(&b);

    bench_begin(&b); /* the beginning is missing: no kind */
    t = transfer_begin(&b.call, &a);
    transfer_gap(t, &b.call, 5);
    give(&b, t, PE, 10, 5);
    transfer_end(t, &b.call, true);
    assert_true(kit_says(&b.log, "\"missing\":5,\"whole\":false,\"magic\":\"\"}"));
    bench_end(&b);

    bench_begin(&b); /* a piece out of the middle */
    a.offset = 4096;
    t = transfer_begin(&b.call, &a);
    give(&b, t, PE, 10, 5);
    transfer_end(t, &b.call, true);
    assert_true(kit_says(&b.log, "at 4096: first"));
    assert_true(kit_says(&b.log, "\"bytes\":10,\"offset\":4096,\"missing\":0"));
    assert_false(kit_says(&b.log, "sha256"));
    bench_end(&b);
}

static void
test_hash_only_for_what_carries(void **state)
{
    static const struct {
        const char *name, *mime, *bytes;
        bool hashed;
    } rows[] = {
        {"/a.png", "image/png", "\x89PNG\r\n\x1a\n", false},
        {"/a.txt", "text/plain", "hello", false},
        {"/a.ps1", "text/plain", "hello", true},
        {"/x", "application/octet-stream", "\x01\x02\x03", true},
        {"/x", "application/octet-stream", "hello", false},
        {"/x", "video/odd", "\x01\x02\x03", false},
        {"/x", "", "%PDF-1.4", true},
    };

    (void)state;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        struct transfer_about a = about(rows[i].name, rows[i].mime);
        struct transfer *t;
        struct bench b;

        bench_begin(&b);
        t = transfer_begin(&b.call, &a);
        give(&b, t, rows[i].bytes, strlen(rows[i].bytes), SIZE_MAX);
        transfer_end(t, &b.call, true);
        assert_int_equal(kit_says(&b.log, "sha256"), rows[i].hashed);
        bench_end(&b);
    }
}

/* Cut short it has no hash: it would be one of something else. */
static void
test_not_whole(void **state)
{
    struct transfer_about a = about("/a.exe", "");
    struct transfer *t;
    struct bench b;

    (void)state;
    bench_begin(&b);
    t = transfer_begin(&b.call, &a);
    give(&b, t, PE, sizeof(PE) - 1, SIZE_MAX);
    transfer_end(t, &b.call, false);
    assert_true(kit_says(&b.log, "\"whole\":false,\"magic\":\"exe\"}"));
    bench_end(&b);
}

static void
test_cap(void **state)
{
    static struct transfer *all[TRANSFERS_MAX];
    struct transfer_about a = about("/", "");
    struct bench b;

    (void)state;
    bench_begin(&b);
    for (size_t i = 0; i < TRANSFERS_MAX; i++)
        assert_non_null(all[i] = transfer_begin(&b.call, &a));
    assert_null(transfer_begin(&b.call, &a));
    assert_int_equal(net_engine_counters(b.engine)->transfers_refused, 1);
    transfer_bytes(NULL, &b.call, slice_of("x", 1));
    transfer_gap(NULL, &b.call, 1);
    transfer_end(NULL, &b.call, true);
    for (size_t i = 0; i < TRANSFERS_MAX; i++)
        transfer_end(all[i], &b.call, true);
    assert_int_equal(b.log.count[OBS_RECORD], TRANSFERS_MAX);
    bench_end(&b);
}

/* What nobody wants is not made. */
static void
test_wanted(void **state)
{
    struct transfer_about a = about("/a.exe", "");
    struct transfer *t;
    struct bench b;

    (void)state;
    bench_begin(&b);
    net_engine_want(b.engine, 0);
    assert_null(transfer_begin(&b.call, &a));
    net_engine_want(b.engine, 1u << OBS_BODY);
    t = transfer_begin(&b.call, &a);
    give(&b, t, PE, sizeof(PE) - 1, 4);
    transfer_end(t, &b.call, true);
    assert_int_equal(b.log.count[OBS_RECORD], 0);
    assert_true(b.log.count[OBS_BODY] > 1);
    net_engine_want(b.engine, 1u << OBS_RECORD);
    b.log.count[OBS_BODY] = 0;
    t = transfer_begin(&b.call, &a);
    give(&b, t, PE, sizeof(PE) - 1, 4);
    transfer_end(t, &b.call, true);
    assert_int_equal(b.log.count[OBS_RECORD], 1);
    assert_int_equal(b.log.count[OBS_BODY], 0);
    bench_end(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_hole),      cmocka_unit_test(test_hash_only_for_what_carries),
        cmocka_unit_test(test_not_whole), cmocka_unit_test(test_cap),
        cmocka_unit_test(test_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
