/* SPDX-License-Identifier: Apache-2.0 */
/* No card number of the input is in any output, ever, and ids that only look like one survive: seeded
 * records through every reader and all payment detectors; transactions, scores, events, state rows,
 * health and shapes of bad lines are searched, however a number may be written there.
 *
 *   test_no_card [LINES [SEED]]       (tests/bench/run cards: ten million) */
#define _GNU_SOURCE /* memmem() */
#include "card_records.h"

#include "agent/detect/feedback.h"
#include "agent/pay/pay_health.h"
#include "agent/pay/sensor.h"
#include "agent/pay/txn.h"
#include "pay_bench.h"

/* State is saved and searched each SAVE batches, for the numbers of all of them. */
enum { BATCH = 1000, SAVE = 24, SET_BITS = 18, SET_ROOM = 1 << SET_BITS };
enum { LINES_SHORT = 240000, OUT_MAX = 64 << 20 };

struct totals {
    uint64_t lines, transactions, cards, events, rows, bytes, bad;
};

struct world {
    struct pay_bench b;
    struct texts *texts;
    struct panel *panel;
    struct pay_sensor sensor;
    struct pay_health health;
    struct sink sink;
    struct profile *profile[LINE_READERS];
    struct buf in, out;
    struct line *line; /* BATCH of them */
    uint64_t set[SET_ROOM];
    struct totals totals;
};

static void
profiles_make(struct world *w)
{
    for (int r = 0; r < LINE_READERS; r++) {
        struct conf_error why = {.text = ""};
        struct buf yaml;

        buf_init(&yaml, 8192);
        buf_printf(&yaml, "format: never-%d\nfamily: never\nabout: test\n%s", r, RECORD_HEADS[r]);
        /* An element of an XML record is named by its path within it. */
        buf_put_str(&yaml, RECORD_MAP);
        if (profile_parse("never", buf_slice(&yaml), &w->profile[r], &why) != VG_OK)
            fail_msg("reader %d: %s", r, why.text);
        buf_done(&yaml);
    }
}

/* ---- what comes out ---- */

/* What is shipped: of one card the token with the last four digits, or the first six alone. */
static void
event_check_cards(const json_t *event)
{
    const json_t *subject = json_object_get(event, "subject"), *v;
    const json_t *evidence = json_object_get(event, "evidence");
    bool range = strncmp(vg_json_str(subject, "id", ""), "bin:", 4) == 0 ||
                 json_object_get(json_object_get(event, "facts"), "bin") != NULL;
    size_t i;

    json_array_foreach(evidence, i, v)
    {
        assert_null(json_object_get(v, "bin"));
        assert_true(!range ||
                    (json_object_get(v, "card") == NULL && json_object_get(v, "last4") == NULL));
    }
}

static void
take_event(void *ctx, json_t *event)
{
    struct world *w = ctx;

    event_check_cards(event);
    w->totals.events++;
    vg_json_write(event, &w->out);
    buf_put_u8(&w->out, '\n');
    json_decref(event);
}

static void
take_text(void *ctx, struct slice text)
{
    struct world *w = ctx;

    buf_put(&w->out, text.at, text.left);
    buf_put_u8(&w->out, '\n');
}

static void
take_state(void *ctx, const char *detector, struct slice key, uint16_t version, struct slice blob)
{
    struct world *w = ctx;

    (void)version;
    w->totals.rows++;
    buf_printf(&w->out, "\n%s ", detector);
    buf_put(&w->out, key.at, key.left);
    buf_put_u8(&w->out, '\n');
    buf_put(&w->out, blob.at, blob.left);
    buf_put_u8(&w->out, '\n');
}

static void
take_position(void *ctx, const char *source, struct slice json)
{
    buf_printf(&((struct world *)ctx)->out, "%s ", source);
    take_text(ctx, json);
}

static enum vg_err
take_commit(void *ctx)
{
    (void)ctx;
    return VG_OK;
}

static void
take_score(void *ctx, const struct txn_view *t, double score)
{
    struct world *w = ctx;

    buf_put(&w->out, t->id.at, t->id.len);
    buf_printf(&w->out, ",%.6g\n", score);
}

/* ---- the search ---- */

static void
set_add(struct world *w, uint64_t number)
{
    size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SET_BITS));

    while (w->set[at] != 0 && w->set[at] != number)
        at = (at + 1) % SET_ROOM;
    w->set[at] = number;
}

static bool
set_has(const struct world *w, uint64_t number)
{
    size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SET_BITS));

    while (w->set[at] != 0 && w->set[at] != number)
        at = (at + 1) % SET_ROOM;
    return w->set[at] == number;
}

/* The digit at i, however it is written; its length. -1: none. */
static int
digit_at(const uint8_t *p, size_t n, size_t i, size_t *len)
{
    *len = 1;
    if (isdigit(p[i]))
        return p[i] - '0';
    *len = 3;
    if (i + 2 < n && p[i] == 0xef && p[i + 1] == 0xbc && p[i + 2] >= 0x90 && p[i + 2] <= 0x99)
        return p[i + 2] - 0x90;
    if (i + 2 < n && p[i] == '%' && p[i + 1] == '3' && isdigit(p[i + 2]))
        return p[i + 2] - '0';
    *len = 6;
    if (i + 5 < n && memcmp(p + i, "\\u003", 5) == 0 && isdigit(p[i + 5]))
        return p[i + 5] - '0';
    *len = 1;
    return -1;
}

/* Any run of digits with up to six other bytes that are no letters between two of them, in all windows
 * of a card's length. */
static void
search(const struct world *w)
{
    const uint8_t *p = w->out.data;
    uint8_t chain[CARD_DIGITS_MAX];
    size_t count = 0, between = 0, len;

    for (size_t i = 0; i < w->out.len; i += len) {
        int d = digit_at(p, w->out.len, i, &len);
        uint64_t number = 0, unit = 1;

        if (d < 0) {
            if (isalpha(p[i]) && p[i] != 'C' && p[i] != 'D' && p[i] != 'E' && p[i] != 'A')
                count = 0;
            else if (++between > 6)
                count = 0;
            continue;
        }
        between = 0;
        memmove(chain, chain + 1, CARD_DIGITS_MAX - 1);
        chain[CARD_DIGITS_MAX - 1] = (uint8_t)d;
        count++;
        for (size_t n = 1; n <= CARD_DIGITS_MAX && n <= count; n++, unit *= 10) {
            number += unit * chain[CARD_DIGITS_MAX - n];
            if (n >= CARD_DIGITS_MIN && number != 0 && set_has(w, number))
                fail_msg("%llu is in the output: %.*s", (unsigned long long)number, 160,
                         (const char *)p + (i > 80 ? i - 80 : 0));
        }
    }
    assert_null(memmem(p, w->out.len, "ZZTRACK", 7));
    assert_null(memmem(p, w->out.len, "qqmail", 6));
    assert_null(memmem(p, w->out.len, "Xanadu", 6));
}

/* ---- one batch ---- */

static void
same(struct str got, const char *want, const char *what)
{
    if (!str_eq(got, str_of(want)))
        fail_msg("%s: %.*s instead of %s", what, (int)got.len, got.at, want);
}

static void
record_check(struct world *w, const struct txn_view *t, const struct line *l)
{
    char token[TOKEN_TEXT_MAX];

    same(t->id, l->id, "id");
    same(t->order, l->order, "order");
    assert_int_equal(t->customer.len, TOKEN_LEN);
    assert_int_equal(t->email.len, TOKEN_LEN);
    assert_int_equal(t->account.len, TOKEN_LEN);
    same(t->device.len > 3 ? str_of("long") : t->device, "long", "device");
    if (!l->has_card) {
        same(str_of(t->bin), "411111", "bin");
        return;
    }
    assert_int_equal(tokens_make(w->b.tokens, TOKEN_CARD,
                                 slice_of(l->card_digits, strlen(l->card_digits)), token),
                     VG_OK);
    same(t->card, token, l->card);
    w->totals.cards++;
}

static void
read_batch(struct world *w, int reader, const char *source, size_t records)
{
    const struct logfile_options options = {.profile = w->profile[reader],
                                            .tokens = w->b.tokens,
                                            .zone = w->b.zone,
                                            .currency = "MXN",
                                            .source = source,
                                            .mark_key = {1, 2}};
    struct seen_recent recent = {.next = 0};
    struct logfile *f;
    platform_file file;
    char path[256];
    size_t k = 0;

    (void)snprintf(path, sizeof path, "%s/in", w->b.folder);
    pay_bench_write(&w->b, "in", "wb", w->in.data, w->in.len);
    assert_int_equal(platform_file_open(path, &file), VG_OK);
    assert_int_equal(logfile_new(&options, file, &f), VG_OK);
    while (logfile_next(f, true) == VG_OK) {
        size_t count;
        const struct txn_view *t = logfile_txns(f, &count);

        assert_int_equal(pay_sensor_take(&w->sensor, f, &recent), VG_OK);
        if (count == 0)
            continue;
        while (reader < LINE_XML && k < records && w->line[k].broken)
            k++;
        assert_true(k < records);
        record_check(w, t, &w->line[k++]);
        txn_write(t, &w->out);
        buf_put_u8(&w->out, '\n');
        w->totals.transactions++;
    }
    while (reader < LINE_XML && k < records && w->line[k].broken)
        k++;
    assert_int_equal(k, records);
    for (size_t i = 0; i < LOGFILE_SHAPES; i++)
        buf_printf(&w->out, "%s\n", logfile_bad_shape(f, i));
    w->totals.bad += logfile_counts(f)->bad;
    pay_health_file(&w->health, logfile_source(f), "never", logfile_counts(f));
    buf_printf(&w->out, "%s\n", w->health.file[w->health.files - 1]);
    logfile_free(f);
}

static void
batch(struct world *w, uint64_t *rng, uint64_t first, size_t count)
{
    int reader = (int)(first / BATCH % LINE_READERS);
    bool save = (first / BATCH + 1) % SAVE == 0;
    char number[LINE_NUMBER_MAX], source[64];
    json_t *health = json_object();

    if (first / BATCH % SAVE == 0)
        memset(w->set, 0, sizeof w->set);
    buf_clear(&w->in);
    buf_clear(&w->out);
    line_card(rng, number);
    set_add(w, strtoull(number, NULL, 10));
    (void)sprintf(source, "caja-%s.log", number);
    buf_put_str(&w->in, head_of(reader));
    for (size_t i = 0; i < count; i++) {
        line_make(rng, first + i, &w->line[i]);
        record_put(&w->in, reader, &w->line[i]);
        for (size_t k = 0; k < w->line[i].forbidden_count; k++)
            set_add(w, w->line[i].forbidden[k]);
    }
    if (reader >= LINE_XML)
        buf_put_str(&w->in, "</txs>\n");
    assert_false(w->in.bad);
    read_batch(w, reader, source, count);
    if (save) {
        panel_save(w->panel);
        seen_save(w->sensor.seen, &w->sink);
    }
    panel_health(w->panel, health);
    vg_json_write(health, &w->out);
    json_decref(health);
    assert_false(w->out.bad);
    search(w);
    w->totals.lines += count;
    w->totals.bytes += w->out.len;
}

/* ---- the test ---- */

static const struct sink_ops OPS = {.event = take_event,
                                    .observation = take_text,
                                    .state = take_state,
                                    .position = take_position,
                                    .commit = take_commit,
                                    .health = take_text};

static void
world_make(struct world *w)
{
    struct conf_error err = {.text = ""};
    struct panel_options options = {.sensor = "pay",
                                    .rules_dir = "rules",
                                    .currency = "MXN",
                                    .judge = pay_sensor_judge(3),
                                    .history = true};
    char why[DETECT_WHY_MAX] = "";

    pay_bench_init(&w->b);
    w->sink = (struct sink){.ops = &OPS, .ctx = w};
    if (texts_load("rules", &w->texts, &err) != VG_OK)
        fail_msg("%s", err.text);
    options.texts = w->texts;
    options.zone = w->b.zone;
    if (panel_new(&options, &w->sink, &w->panel, why) != VG_OK)
        fail_msg("%s", why);
    assert_int_equal(pay_sensor_init(&w->sensor, w->panel, w->b.tokens), VG_OK);
    w->sensor.scored = take_score;
    w->sensor.ctx = w;
    pay_health_init(&w->health);
    w->health.told.burst = 0; /* the log itself is not what is looked at here */
    profiles_make(w);
    buf_init(&w->in, OUT_MAX);
    buf_init(&w->out, OUT_MAX);
    w->line = calloc(BATCH, sizeof *w->line);
    assert_non_null(w->line);
}

struct order {
    uint64_t lines, seed;
};

static void
test_no_card(void **state)
{
    const struct order *order = *state;
    struct world *w = calloc(1, sizeof *w);
    uint64_t rng = order->seed;

    assert_non_null(w);
    world_make(w);
    for (uint64_t n = 0; n < order->lines; n += BATCH)
        batch(w, &rng, n, order->lines - n < BATCH ? (size_t)(order->lines - n) : BATCH);
    (void)printf("{\"lines\": %llu, \"transactions\": %llu, \"card_tokens\": %llu, \"bad\": %llu, "
                 "\"events\": %llu, \"rows\": %llu, \"output_bytes\": %llu}\n",
                 (unsigned long long)w->totals.lines, (unsigned long long)w->totals.transactions,
                 (unsigned long long)w->totals.cards, (unsigned long long)w->totals.bad,
                 (unsigned long long)w->totals.events, (unsigned long long)w->totals.rows,
                 (unsigned long long)w->totals.bytes);
    /* The search is no use when there is nothing in the way: half of the lines have a card. */
    assert_true(w->totals.cards > w->totals.transactions / 3);
    assert_true(w->totals.events > 0 && w->totals.bad > 0);
    assert_true(w->totals.rows > 0 || order->lines < SAVE * BATCH);
    for (int r = 0; r < LINE_READERS; r++)
        profile_free(w->profile[r]);
    pay_sensor_done(&w->sensor);
    panel_free(w->panel);
    texts_free(w->texts);
    pay_bench_done(&w->b);
    buf_done(&w->in);
    buf_done(&w->out);
    free(w->line);
    free(w);
}

int
main(int argc, char **argv)
{
    struct order order = {.lines = argc > 1 ? strtoull(argv[1], NULL, 10) : LINES_SHORT,
                          .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261130};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_no_card, &order)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
