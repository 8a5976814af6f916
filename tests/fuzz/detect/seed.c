/* SPDX-License-Identifier: Apache-2.0 */
/* seed: makes the corpus of fuzz_state: runs each panel over seeded observations and keeps one row of
 * each kind (owner and first byte of the key), some in a file, with observations behind them.
 *   build/release/fuzzers/fuzz_state_seed tests/fuzz/corpus/fuzz_state    (from the source root) */
#include <stdio.h>
#include <string.h>

#include "state_fuzz.h"

enum { KINDS_MAX = 256, BLOB_MAX = 1500, FILE_ROWS_MAX = 8000, OBSERVATIONS = 6000, BEHIND = 25 };

struct seed {
    const char *folder;
    const char *sensor;
    uint8_t random[5 * OBSERVATIONS];
    unsigned seen[KINDS_MAX]; /* owner << 8 | kind of key */
    size_t count;
    struct buf rows; /* of the file under way */
    uint8_t row_count;
    unsigned files;
};

static bool
seen_before(struct seed *s, unsigned kind)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->seen[i] == kind)
            return true;
    }
    if (s->count == KINDS_MAX)
        return true;
    s->seen[s->count++] = kind;
    return false;
}

static void
on_event(void *ctx, json_t *event)
{
    (void)ctx;
    json_decref(event);
}

static void
write_file(struct seed *s)
{
    struct buf out;
    char path[1200];
    FILE *f;

    if (s->row_count == 0)
        return;
    buf_init(&out, 64 * 1024);
    buf_put_u8(&out, strcmp(s->sensor, "pay") == 0);
    buf_put_u8(&out, s->row_count);
    buf_put(&out, buf_str(&s->rows), s->rows.len);
    buf_put(&out, s->random, (size_t)5 * BEHIND);
    (void)snprintf(path, sizeof path, "%s/%s-%u", s->folder, s->sensor, ++s->files);
    f = fopen(path, "wb");
    FUZZ_HOLDS(f != NULL && !out.bad && fwrite(buf_str(&out), 1, out.len, f) == out.len);
    FUZZ_HOLDS(fclose(f) == 0);
    buf_done(&out);
    buf_clear(&s->rows);
    s->row_count = 0;
}

static void
on_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct seed *s = ctx;
    struct slice k = key;
    uint8_t owner = 0, prefix = slice_u8(&k);

    while (strcmp(fuzz_owner(owner), detector) != 0)
        owner++;
    if (version == 0 || blob.left > BLOB_MAX || seen_before(s, (unsigned)owner << 8 | prefix))
        return;
    if (s->rows.len + blob.left > FILE_ROWS_MAX)
        write_file(s);
    buf_put_u8(&s->rows, owner);
    buf_put_u8(&s->rows, (uint8_t)version);
    buf_put_u8(&s->rows, (uint8_t)key.left);
    buf_put_be16(&s->rows, (uint16_t)blob.left);
    buf_put(&s->rows, key.at, key.left);
    buf_put(&s->rows, blob.at, blob.left);
    s->row_count++;
}

static void
run(struct seed *s, const struct texts *texts, const struct zone *zone)
{
    static const struct sink_ops ops = {.event = on_event, .state = on_state};
    const struct sink sink = {.ops = &ops, .ctx = s};
    struct panel *panel = fuzz_panel(s->sensor, texts, zone, &sink);
    struct slice in = slice_of(s->random, sizeof s->random);
    int64_t t = FUZZ_START_NS;

    for (int i = 0; i < OBSERVATIONS; i++) {
        t += fuzz_step(slice_u8(&in) & 0xde); /* no whole hours: short-lived rows stay */
        if (strcmp(s->sensor, "pay") == 0)
            fuzz_pay(panel, &in, t);
        else
            fuzz_net(panel, &in, t);
        if (i % 50 == 0)
            panel_save(panel);
    }
    panel_save(panel);
    panel_free(panel);
    write_file(s);
}

int
main(int argc, char **argv)
{
    static struct seed s;
    struct texts *texts = NULL;
    struct zone *zone = zone_utc();
    struct conf_error wrong;
    uint32_t x = 2463534242; /* xorshift32 */

    if (argc != 2 || zone == NULL || texts_load("rules", &texts, &wrong) != VG_OK) {
        fputs("usage, in the source root: fuzz_state_seed FOLDER\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof s.random; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        s.random[i] = (uint8_t)(x >> 9);
    }
    buf_init(&s.rows, 64 * 1024);
    s.folder = argv[1];
    s.sensor = "net";
    run(&s, texts, zone);
    s.sensor = "pay";
    run(&s, texts, zone);
    printf("%zu kinds of rows in %u files\n", s.count, s.files);
    buf_done(&s.rows);
    texts_free(texts);
    zone_free(zone);
    return 0;
}
