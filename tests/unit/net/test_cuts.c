/* SPDX-License-Identifier: Apache-2.0 */
/* Every golden capture, cut at every byte of its first 64 packets. */
#include <dirent.h>

#include "net_kit.h"

enum { PACKETS = 64, AFTER = 8 };

struct kept {
    int link;
    size_t count;
    struct {
        int64_t time_ns;
        uint8_t *bytes;
        size_t len;
        uint32_t wire;
    } frame[PACKETS];
};

static void
keep(struct kept *k, const char *path)
{
    struct capture *c = kit_open(path);
    struct frame f;

    k->link = capture_link(c);
    for (k->count = 0; k->count < PACKETS && capture_next(c, &f) == VG_OK; k->count++) {
        k->frame[k->count].time_ns = f.time_ns;
        k->frame[k->count].len = f.bytes.left;
        k->frame[k->count].wire = f.wire;
        k->frame[k->count].bytes = malloc(f.bytes.left > 0 ? f.bytes.left : 1);
        assert_non_null(k->frame[k->count].bytes);
        (void)slice_copy(&f.bytes, k->frame[k->count].bytes, f.bytes.left);
    }
    capture_free(c);
}

/* The first `len` bytes of a frame, in a heap block of their own. */
static void
give(struct net_engine *e, const struct kept *k, size_t i, size_t len)
{
    uint8_t *copy;

    if (len > k->frame[i].len)
        len = k->frame[i].len;
    copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, k->frame[i].bytes, len);
    net_engine_frame(e, k->link, k->frame[i].time_ns, slice_of(copy, len), k->frame[i].wire);
    free(copy);
}

static void
finish(struct net_engine *e, struct kit_log *log)
{
    net_engine_flush(e);
    assert_int_equal(log->count[OBS_FLOW_START], log->count[OBS_FLOW_END]);
    assert_int_equal(net_engine_flows(e), 0);
    buf_clear(&log->text);
}

/* All packets cut at one byte, for every byte of the longest. */
static void
cut_all(struct net_engine *e, struct kit_log *log, const struct kept *k)
{
    size_t longest = 0;

    for (size_t i = 0; i < k->count; i++)
        longest = k->frame[i].len > longest ? k->frame[i].len : longest;
    for (size_t cut = 0; cut <= longest; cut++) {
        for (size_t i = 0; i < k->count; i++)
            give(e, k, i, cut);
        finish(e, log);
    }
}

/* One packet cut at each of its bytes, those before and some after whole. */
static void
cut_one(struct net_engine *e, struct kit_log *log, const struct kept *k)
{
    for (size_t one = 0; one < k->count; one++)
        for (size_t cut = 0; cut < k->frame[one].len; cut++) {
            for (size_t i = one > PACKETS / 4 ? one - PACKETS / 4 : 0;
                 i < k->count && i < one + AFTER; i++)
                give(e, k, i, i == one ? cut : SIZE_MAX);
            finish(e, log);
        }
}

static void
test_cuts(void **state)
{
    DIR *dir = opendir("tests/fixtures/net");
    struct dirent *entry;
    unsigned captures = 0;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        struct kept k;
        struct kit_log log;
        struct net_engine *e;

        if (strstr(entry->d_name, ".pcap") == NULL)
            continue;
        snprintf(path, sizeof(path), "tests/fixtures/net/%s", entry->d_name);
        keep(&k, path);
        e = kit_engine(&log);
        cut_all(e, &log, &k);
        cut_one(e, &log, &k);
        assert_true(net_engine_counters(e)->packets > k.count);
        net_engine_free(e);
        buf_done(&log.text);
        for (size_t i = 0; i < k.count; i++)
            free(k.frame[i].bytes);
        captures++;
    }
    closedir(dir);
    assert_true(captures >= 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
