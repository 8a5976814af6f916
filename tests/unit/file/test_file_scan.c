/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/file/file_scan.h"
#include "agent/file/file_walk.h"
#include "agent/platform/linux.h"
#include "common/vtime.h"
#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static struct file_scan *scan;
static char scratch[96];

static int
setup(void **state)
{
    struct yara_report report;

    snprintf(scratch, sizeof(scratch), "/tmp/vigia-test-file-%lld",
             (long long)platform_clock_monotonic());
    if (file_scan_new(&judge, &scan) != VG_OK)
        return 1;
    return file_scan_load(scan, "rules", &report) == VG_OK ? 0 : 1;
}

static int
teardown(void **state)
{
    file_scan_free(scan);
    fake_judge_done(&judge);
    return 0;
}

static const char *
in_scratch(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", scratch, name);
    return path;
}

static void
put(const char *folder, const char *name, const char *text)
{
    char path[300];

    assert_int_equal(platform_folder_make(in_scratch(folder), false), VG_OK);
    snprintf(path, sizeof(path), "%s/%s", in_scratch(folder), name);
    assert_int_equal(platform_file_replace(path, slice_of(text, strlen(text)), false), VG_OK);
}

static void
drop(const char *name)
{
    assert_int_equal(remove(in_scratch(name)), 0);
}

/* Files in the order of their names, folders where their name stands. */
static void
test_walk(void **state)
{
    static const char *const wanted[] = {"a.txt", "b/c/deep.txt", "b/x.txt", "z.txt"};
    struct file_walk *walk;
    struct platform_stat stat;
    const char *path;
    size_t n = 0;

    put(".", "z.txt", "z");
    put("b/c", "deep.txt", "deep");
    put("b", "x.txt", "x");
    put(".", "a.txt", "a");
    assert_int_equal(file_walk_new(&walk), VG_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(file_walk_begin(walk, scratch), VG_OK);
        for (n = 0; file_walk_next(walk, &path, &stat) == VG_OK; n++) {
            assert_true(n < VG_ARRAY_LEN(wanted));
            assert_string_equal(path + strlen(scratch) + 1, wanted[n]);
            assert_true(stat.regular);
        }
        assert_int_equal(n, VG_ARRAY_LEN(wanted));
    }
    assert_int_equal(file_walk_counts(walk)->files, 8);
    /* A folder left out is gone into only where it is begun at. */
    file_walk_leave_out(walk, NULL);
    file_walk_leave_out(walk, in_scratch("none"));
    file_walk_leave_out(walk, in_scratch("b"));
    assert_int_equal(file_walk_begin(walk, scratch), VG_OK);
    for (n = 0; file_walk_next(walk, &path, &stat) == VG_OK; n++)
        assert_null(strstr(path + strlen(scratch), "/b/"));
    assert_int_equal(n, 2);
    assert_int_equal(file_walk_counts(walk)->own, 1);
    assert_int_equal(file_walk_begin(walk, in_scratch("b")), VG_OK);
    for (n = 0; file_walk_next(walk, &path, &stat) == VG_OK; n++)
        assert_non_null(strstr(path, "/b/"));
    assert_int_equal(n, 2);
    assert_int_equal(file_walk_begin(walk, in_scratch("a.txt")), VG_OK);
    assert_int_equal(file_walk_next(walk, &path, &stat), VG_OK);
    assert_string_equal(path, in_scratch("a.txt"));
    assert_int_equal(file_walk_next(walk, &path, &stat), VG_END);
    assert_int_equal(file_walk_begin(walk, in_scratch("none")), VG_ERR_NOENT);
    assert_int_equal(file_walk_next(walk, &path, &stat), VG_END);
    file_walk_free(walk);
    drop("a.txt");
    drop("b/c/deep.txt");
    drop("b/c");
    drop("b/x.txt");
    drop("b");
    drop("z.txt");
    assert_int_equal(remove(scratch), 0);
}

/* A drive that is mounted below and belongs to another machine: --wrap makes one of /dev/shm. */
static bool shm_is_remote;

bool __real_platform_path_remote(const char *path);
bool __wrap_platform_path_remote(const char *path);
bool
__wrap_platform_path_remote(const char *path)
{
    return strcmp(path, "/dev/shm") == 0 ? shm_is_remote : __real_platform_path_remote(path);
}

static bool
walk_finds(struct file_walk *walk, const char *begin, const char *wanted)
{
    struct platform_stat stat;
    const char *path;
    bool found = false;

    assert_int_equal(file_walk_begin(walk, begin), VG_OK);
    while (file_walk_next(walk, &path, &stat) == VG_OK)
        found |= strcmp(path, wanted) == 0;
    return found;
}

static void
test_network_drive(void **state)
{
    char file[64];
    struct platform_stat dev, shm;
    struct file_walk *walk;

    if (platform_path_stat("/dev", &dev) != VG_OK ||
        platform_path_stat("/dev/shm", &shm) != VG_OK || dev.identity.volume == shm.identity.volume)
        skip();
    snprintf(file, sizeof(file), "/dev/shm/vigia-test-%lld", (long long)platform_clock_monotonic());
    assert_int_equal(platform_file_replace(file, slice_of("x", 1), true), VG_OK);
    assert_int_equal(file_walk_new(&walk), VG_OK);
    assert_true(walk_finds(walk, "/dev", file)); /* a drive of this machine */
    shm_is_remote = true;
    assert_false(walk_finds(walk, "/dev", file));
    assert_int_equal(file_walk_counts(walk)->remote, 1);
    assert_true(walk_finds(walk, "/dev/shm", file)); /* named: asked for */
    file_walk_remote(walk, true);
    assert_true(walk_finds(walk, "/dev", file));
    file_walk_remote(walk, false);
    assert_false(walk_finds(walk, "/dev", file));
    shm_is_remote = false;
    file_walk_free(walk);
    assert_int_equal(remove(file), 0);
}

static void
test_findings(void **state)
{
    size_t matches = 9;

    fake_judge_done(&judge);
    assert_int_equal(file_scan_path(scan, "tests/fixtures/yara/ransom_note.hit", T0, &matches),
                     VG_OK);
    assert_int_equal(matches, 1);
    assert_int_equal(judge.count, 1);
    assert_string_equal(judge.report[0].detector, "file.yara");
    assert_string_equal(judge.report[0].kind, "file");
    assert_string_equal(judge.report[0].subject, "tests/fixtures/yara/ransom_note.hit");
    assert_int_equal(judge.report[0].time_ns, T0);
    assert_string_equal(json_string_value(json_object_get(judge.report[0].facts, "name")),
                        "ransom_note.hit");
    assert_int_equal(file_scan_path(scan, "tests/fixtures/yara/ransom_note.miss", T0, &matches),
                     VG_OK);
    assert_int_equal(matches, 0);
    assert_int_equal(judge.count, 1);
}

static void
test_what_cannot_be_read(void **state)
{
    uint64_t refused = file_scan_counts(scan)->refused;
    size_t matches = 0;

    assert_int_equal(file_scan_path(scan, "tests/fixtures/no such file", T0, &matches),
                     VG_ERR_NOENT);
    assert_int_not_equal(file_scan_path(scan, "tests/fixtures", T0, &matches), VG_OK);
    assert_int_equal(file_scan_counts(scan)->refused, refused + 2);
}

/* A card number in a file's name is in no record. */
static void
test_card_number_in_a_name(void **state)
{
    char *facts;
    struct buf text;

    fake_judge_done(&judge);
    buf_init(&text, 65536);
    assert_int_equal(platform_file_slurp("tests/fixtures/yara/ransom_note.hit", 65536, &text),
                     VG_OK);
    put(".", "4111-1111-1111-1111.txt", buf_str(&text));
    assert_int_equal(file_scan_path(scan, in_scratch("4111-1111-1111-1111.txt"), T0, NULL), VG_OK);
    assert_int_equal(judge.count, 1);
    facts = json_dumps(judge.report[0].facts, 0);
    assert_null(strstr(facts, "1111"));
    assert_non_null(strstr(facts, "XXXX-XXXX-XXXX-XXXX.txt"));
    assert_null(strstr(judge.report[0].subject, "1111"));
    free(facts);
    buf_done(&text);
    drop("4111-1111-1111-1111.txt");
    assert_int_equal(remove(scratch), 0);
}

/* What the evidence of report `i` shows of its first string. */
static const char *
context_of(size_t i)
{
    json_t *strings = json_object_get(json_array_get(judge.report[i].evidence, 0), "strings");

    return json_string_value(json_object_get(json_array_get(strings, 0), "context"));
}

/* Owner and fingerprint, and the text around a match without any part of a card number, however it is
 * written and wherever it is cut. */
static void
test_told(void **state)
{
    struct buf note;
    const char *text;

    for (size_t gap = 0; gap < 40; gap++) {
        char more[200] = "";

        memset(more, ' ', gap);
        snprintf(more + gap, sizeof(more) - gap, "4111 1111 1111 1111 5500005555555559");
        fake_judge_done(&judge);
        buf_init(&note, 65536);
        assert_int_equal(platform_file_slurp("tests/fixtures/yara/ransom_note.hit", 65536, &note),
                         VG_OK);
        text = buf_str(&note);
        for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
            ((char *)note.data)[at - text] = ' ';
        buf_put_str(&note, more);
        put(".", "note.txt", buf_str(&note));
        assert_int_equal(file_scan_path(scan, in_scratch("note.txt"), T0, NULL), VG_OK);
        assert_int_equal(judge.count, 1);
        assert_non_null(context_of(0));
        assert_null(strstr(context_of(0), "111"));
        assert_null(strstr(context_of(0), "555"));
        assert_int_equal(
            strlen(json_string_value(json_object_get(judge.report[0].facts, "sha256"))), 64);
        assert_string_not_equal(json_string_value(json_object_get(judge.report[0].facts, "owner")),
                                "");
        buf_done(&note);
    }
    drop("note.txt");
    assert_int_equal(remove(scratch), 0);
}

/* By several threads, told in the order in which they were given. */
static void
test_threads(void **state)
{
    enum { FILES = 700 };
    struct yara_report report;
    struct file_scan *many;
    struct buf bad;
    char name[32];

    fake_judge_done(&judge);
    assert_int_equal(platform_file_slurp("tests/fixtures/yara/ransom_note.hit", 65536, &bad),
                     VG_OK);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%04d.txt", i);
        put(".", name, i % 7 == 0 ? buf_str(&bad) : "nothing");
    }
    assert_int_equal(file_scan_new(&judge, &many), VG_OK);
    assert_int_equal(file_scan_load(many, "rules", &report), VG_OK);
    assert_int_equal(file_scan_threads(many, 4, NULL), VG_OK);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%04d.txt", i);
        assert_int_equal(file_scan_put(many, in_scratch(name)), VG_OK);
    }
    assert_int_equal(file_scan_put(many, in_scratch("none")), VG_OK);
    file_scan_finish(many);
    assert_int_equal(file_scan_counts(many)->files, FILES);
    assert_int_equal(file_scan_counts(many)->refused, 1);
    assert_int_equal(judge.count, FILES / 7);
    for (int i = 0; i < FILES; i += 7) {
        snprintf(name, sizeof(name), "%04d.txt", i);
        assert_string_equal(json_string_value(json_object_get(judge.report[i / 7].facts, "name")),
                            name);
    }
    assert_int_equal(file_scan_put(many, in_scratch("0000.txt")), VG_OK);
    file_scan_free(many); /* with one that was not told */
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "%04d.txt", i);
        drop(name);
    }
    assert_int_equal(remove(scratch), 0);
    buf_done(&bad);
}

/* Takes what is left of large pieces within the limit; to be given back one by one. */
static size_t
take_all(void *pieces[], size_t max)
{
    size_t n = 0;

    while (n < max && (pieces[n] = malloc(1024 * 1024)) != NULL)
        n++;
    return n;
}

/* A file that finds no memory is told, and those after it are scanned. */
static void
test_starved(void **state)
{
    struct yara_report report;
    struct file_scan *one;
    struct rlimit usual, none;
    void *pieces[64];
    size_t taken;

    if (LINUX_SANITIZERS)
        skip();
    put(".", "a.txt", "nothing");
    assert_int_equal(file_scan_new(&judge, &one), VG_OK);
    assert_int_equal(file_scan_load(one, "rules", &report), VG_OK);
    assert_int_equal(file_scan_threads(one, 1, NULL), VG_OK);
    assert_int_equal(file_scan_put(one, in_scratch("a.txt")), VG_OK);
    assert_int_equal(getrlimit(RLIMIT_DATA, &usual), 0);
    none = usual;
    none.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_DATA, &none), 0);
    taken = take_all(pieces, VG_ARRAY_LEN(pieces));
    file_scan_finish(one);
    assert_int_equal(setrlimit(RLIMIT_DATA, &usual), 0);
    while (taken > 0)
        free(pieces[--taken]);
    assert_int_equal(file_scan_counts(one)->refused, 1);
    assert_int_equal(file_scan_counts(one)->starved, 1);
    assert_int_equal(file_scan_put(one, in_scratch("a.txt")), VG_OK);
    file_scan_finish(one);
    assert_int_equal(file_scan_counts(one)->files, 1);
    file_scan_free(one);
    drop("a.txt");
    assert_int_equal(remove(scratch), 0);
}

/* What is done with a file that matched is decided before it is told, and told again where that came out
 * otherwise; a file that the owner wants is not told. */
struct response {
    const char *begin, *end;
    bool now;
    bool changed, collection;
    size_t begun, ended;
};

static bool
begin_response(void *ctx, const char *path, const struct file_verdict *v,
               struct file_response *response)
{
    struct response *r = ctx;

    r->begun++;
    r->changed = v->changed;
    r->collection = v->collection;
    response->outcome = r->begin;
    snprintf(response->id, sizeof(response->id), "%s",
             strcmp(r->begin, "quarantine") == 0 ? "0123abcd" : "");
    snprintf(response->program, sizeof(response->program), "firefox");
    return r->now;
}

static void
end_response(void *ctx, struct file_response *response)
{
    struct response *r = ctx;

    r->ended++;
    response->outcome = r->end;
    if (strcmp(r->end, "quarantine") != 0)
        response->id[0] = '\0';
}

static const char *
fact(size_t report, const char *name)
{
    return json_string_value(json_object_get(judge.report[report].facts, name));
}

static void
test_response(void **state)
{
    struct response r = {.begin = "quarantine", .end = "quarantine", .now = true};
    const struct file_responder responder = {
        .begin = begin_response, .end = end_response, .ctx = &r};
    const char *bad = "tests/fixtures/yara/ransom_note.hit";

    file_scan_respond(scan, &responder);
    fake_judge_done(&judge);
    assert_int_equal(file_scan_path(scan, bad, T0, NULL), VG_OK);
    assert_int_equal(judge.count, 1);
    assert_string_equal(fact(0, "response"), "quarantine");
    assert_string_equal(fact(0, "quarantine"), "0123abcd");
    assert_string_equal(fact(0, "restore"), "vigia-agent quarantine restore 0123abcd");
    assert_string_equal(fact(0, "program"), "firefox");
    assert_false(r.changed || r.collection);

    r.end = "changed"; /* in the last moment: both are told */
    fake_judge_done(&judge);
    assert_int_equal(file_scan_path(scan, bad, T0, NULL), VG_OK);
    assert_int_equal(judge.count, 2);
    assert_string_equal(fact(1, "response"), "report");
    assert_string_equal(fact(1, "outcome"), "changed");
    assert_string_equal(fact(1, "restore"), "");
    assert_string_not_equal(judge.report[0].group, judge.report[1].group);

    r.begin = FILE_WANTED;
    fake_judge_done(&judge);
    assert_int_equal(file_scan_path(scan, bad, T0, NULL), VG_OK);
    assert_int_equal(judge.count, 0);
    r.begin = "busy";
    r.now = false;
    assert_int_equal(file_scan_path(scan, bad, T0, NULL), VG_OK);
    assert_int_equal(judge.count, 0);
    assert_int_equal(r.ended, 2);
    assert_int_equal(file_scan_path(scan, "tests/fixtures/yara/ransom_note.miss", T0, NULL), VG_OK);
    assert_int_equal(r.begun, 4); /* only what matched */

    /* A mailbox with a bad mail in it. */
    {
        struct buf note, box;
        char path[] = "/tmp/vigia-test-mbox";

        assert_int_equal(platform_file_slurp(bad, 65536, &note), VG_OK);
        buf_init(&box, 70000);
        buf_put_str(&box, "From ana@shop.example Mon Jan  1 00:00:00 2026\n\n");
        buf_put(&box, note.data, note.len);
        assert_int_equal(platform_file_replace(path, buf_slice(&box), true), VG_OK);
        assert_int_equal(file_scan_path(scan, path, T0, NULL), VG_OK);
        assert_true(r.collection);
        assert_int_equal(remove(path), 0);
        buf_done(&note);
        buf_done(&box);
    }
    file_scan_respond(scan, NULL);
}

/* The clock jumps each time that it is read, and reading a file fails in the end: --wrap. */
static int64_t clock_step_ns, clock_ahead_ns;
static size_t reads_left = SIZE_MAX;

int64_t __real_platform_clock_monotonic(void);
int64_t __wrap_platform_clock_monotonic(void);
int64_t
__wrap_platform_clock_monotonic(void)
{
    clock_ahead_ns += clock_step_ns;
    return __real_platform_clock_monotonic() + clock_ahead_ns;
}

enum vg_err __real_platform_file_read(platform_file file, uint64_t offset, void *to, size_t size,
                                      size_t *got);
enum vg_err __wrap_platform_file_read(platform_file file, uint64_t offset, void *to, size_t size,
                                      size_t *got);
enum vg_err
__wrap_platform_file_read(platform_file file, uint64_t offset, void *to, size_t size, size_t *got)
{
    if (reads_left == 0)
        return VG_ERR_SYS;
    reads_left -= reads_left != SIZE_MAX;
    return __real_platform_file_read(file, offset, to, size, got);
}

/* A gzip file (RFC 1952) that is cut off in its first block, with `text` stored in that. */
static const char *
put_damaged(const char *text)
{
    static const uint8_t head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 0xff, 0xff, 0, 0};
    struct buf all;

    buf_init(&all, 70000);
    buf_put(&all, head, sizeof(head));
    buf_put_str(&all, text);
    put(".", "damaged.gz", "");
    assert_int_equal(platform_file_replace(in_scratch("damaged.gz"), buf_slice(&all), true), VG_OK);
    buf_done(&all);
    return in_scratch("damaged.gz");
}

/* Whether a look at the file lets it be known; *left is what is then told of it without a look. */
static bool
becomes_known(const char *path, struct file_known_left *left)
{
    static const uint8_t rules[YARA_DIGEST] = {1};
    struct file_known *known;
    struct platform_stat stat;
    char kept[256];
    bool has;

    snprintf(kept, sizeof(kept), "%s.known", path);
    assert_int_equal(file_known_open(kept, rules, file_look_limits(), &known), VG_OK);
    file_scan_known(scan, known);
    assert_int_equal(file_scan_path(scan, path, vtime_now() + VG_HOUR_NS, NULL), VG_OK);
    file_scan_known(scan, NULL);
    assert_int_equal(platform_path_stat(path, &stat), VG_OK);
    has = file_known_has(known, &stat, left, NULL);
    file_known_free(known);
    assert_int_equal(remove(kept), 0);
    return has;
}

/* What is damaged stays so, and is known with that; not where something was found, and not where time or
 * reading was the reason. */
static void
test_known(void **state)
{
    const struct file_scan_counts *n = file_scan_counts(scan);
    struct file_known_left left;
    struct buf note;
    uint64_t damaged, given_up;

    fake_judge_done(&judge);
    assert_true(becomes_known(put_damaged("nothing"), &left));
    assert_int_equal(left.damaged, 1);
    assert_int_equal(left.capped + left.locked + left.unscanned, 0);
    damaged = n->inside.damaged;
    file_scan_recall(scan, &left);
    assert_int_equal(n->inside.damaged, damaged + 1);

    given_up = n->timeouts;
    clock_step_ns = 20 * VG_SEC_NS;
    assert_false(becomes_known(in_scratch("damaged.gz"), &left));
    clock_step_ns = 0;
    assert_int_equal(n->timeouts, given_up + 1);

    for (size_t reads = 1; reads < 6; reads++) { /* the first is that of the file as it lies */
        uint64_t failed = n->inside.failed;

        reads_left = reads;
        if (becomes_known(in_scratch("damaged.gz"), &left)) {
            assert_int_equal(n->inside.failed, failed);
            assert_true(reads > 3);
        }
        reads_left = SIZE_MAX;
    }
    assert_true(n->inside.failed > 0);
    assert_int_equal(judge.count, 0);

    buf_init(&note, 65536);
    assert_int_equal(platform_file_slurp("tests/fixtures/yara/ransom_note.hit", 65536, &note),
                     VG_OK);
    damaged = n->inside.damaged;
    assert_false(becomes_known(put_damaged(buf_str(&note)), &left));
    assert_int_equal(n->inside.damaged, damaged + 1);
    assert_true(judge.count > 0);
    buf_done(&note);
    drop("damaged.gz");
    assert_int_equal(remove(scratch), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_network_drive),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_card_number_in_a_name),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_known),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
