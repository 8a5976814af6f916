/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/sensor.h"

#include "common/vtime.h"

enum vg_err
pay_sensor_init(struct pay_sensor *s, struct panel *panel, struct tokens *tokens)
{
    struct hash_key key;
    uint64_t words[2];
    enum vg_err err = tokens_derive(tokens, "seen transactions", words);

    if (err != VG_OK)
        return err;
    key = (struct hash_key){words[0], words[1]};
    *s = (struct pay_sensor){.panel = panel};
    err = seen_new(&key, &s->seen);
    return err == VG_OK ? pay_queue_new(&s->queue) : err;
}

void
pay_sensor_done(struct pay_sensor *s)
{
    seen_free(s->seen);
    pay_queue_free(s->queue);
    s->seen = NULL;
    s->queue = NULL;
}

static void
observe_cards(struct pay_sensor *s, const struct card_view *cards, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct obs obs = {.kind = OBS_CARD, .time_ns = s->latest_ns, .card = &cards[i]};

        s->cards++;
        if (s->latest_ns == 0)
            s->cards_untimed++; /* nothing in the log has said what time it is */
        else if (s->panel != NULL)
            panel_observe(s->panel, &obs);
    }
}

static void
observe_txn(struct pay_sensor *s, const struct txn_view *t, const struct pay_keys *keys)
{
    struct obs obs = {.kind = OBS_TXN, .time_ns = t->time_ns, .txn = t, .keys = keys};
    double score = 0;

    if (s->before != NULL)
        s->before(s->ctx, t->time_ns);
    if (s->panel != NULL) {
        judge_observation_begin(panel_judge(s->panel));
        panel_observe(s->panel, &obs);
        score = judge_observation_score(panel_judge(s->panel));
    }
    if (s->scored != NULL)
        s->scored(s->ctx, t, score);
    if (s->panel != NULL)
        judge_observation_begin(panel_judge(s->panel)); /* what comes next is none of its */
}

/* The one that has waited longest: counts it unless it was there before. */
static enum vg_err
observe_next(struct pay_sensor *s)
{
    const struct pay_waiting *w = pay_queue_take(s->queue);
    bool before;
    enum vg_err err = VG_OK;

    if (!w->has_txn) {
        observe_cards(s, w->cards, w->card_count);
        return VG_OK;
    }
    err = seen_before(s->seen, w->digest, &before);
    if (err != VG_OK)
        return err;
    s->duplicates += before;
    if (!before) {
        s->transactions++;
        s->latest_ns = w->txn.time_ns;
        observe_txn(s, &w->txn, &w->keys);
    }
    observe_cards(s, w->cards, w->card_count);
    return VG_OK;
}

enum vg_err
pay_sensor_settle(struct pay_sensor *s)
{
    enum vg_err err = VG_OK;

    while (err == VG_OK && pay_queue_count(s->queue) > 0)
        err = observe_next(s);
    return err;
}

/* Records that cannot be read, and all since the last ones that could not. */
static enum vg_err
observe_bad(struct pay_sensor *s, const struct logfile *f, struct seen_recent *recent)
{
    const struct logfile_counts *c = logfile_counts(f);
    uint64_t bad = c->bad + c->too_long;
    struct log_view view = {.source = str_of(logfile_source(f)),
                            .like = str_of(logfile_bad_newest(f))};
    struct obs obs = {.kind = OBS_LOG, .log = &view};
    enum vg_err err;

    recent->untold += c->records - recent->counted;
    recent->spans.rows += c->records - recent->counted;
    recent->untold_bad += bad - recent->counted_bad;
    recent->counted = c->records;
    recent->counted_bad = bad;
    if (recent->untold_bad == 0 || s->panel == NULL)
        return VG_OK;
    err = pay_sensor_settle(s);
    if (err != VG_OK || s->latest_ns == 0)
        return err;
    obs.time_ns = s->latest_ns;
    view.records = recent->untold;
    view.bad = recent->untold_bad;
    recent->untold = recent->untold_bad = 0;
    panel_observe(s->panel, &obs);
    return VG_OK;
}

void
pay_sensor_told(struct pay_sensor *s, const char *source, bool known)
{
    const struct log_view view = {.source = str_of(source), .like = {"", 0}, .unknown = !known};
    struct obs obs = {.kind = OBS_LOG, .time_ns = s->latest_ns, .log = &view};

    if (s->latest_ns != 0 && s->panel != NULL)
        panel_observe(s->panel, &obs);
}

void
pay_sensor_replaced(struct pay_sensor *s, const char *source, struct seen_recent *recent)
{
    struct spans *p = &recent->spans;
    const struct log_view view = {.source = str_of(source),
                                  .like = {"", 0},
                                  .lost = span_lost(p),
                                  .held = p->was.rows,
                                  .first_ns = p->was.head[0].time_ns,
                                  .last_ns = p->was.last_ns};
    struct obs obs = {.kind = OBS_LOG, .time_ns = s->latest_ns, .log = &view};

    if (view.lost > 0 && s->latest_ns != 0 && s->panel != NULL)
        panel_observe(s->panel, &obs);
    p->was = (struct span){0};
}

/* The newest one has come: sends for what it will need, and a little later for what that leads to. */
static void
expect(struct pay_sensor *s)
{
    static const size_t ago[KEYTAB_STEPS] = {
        [KEYTAB_BUCKET] = 0, [KEYTAB_RECORD] = PAY_QUEUE / 3, [KEYTAB_CHAIN] = 2 * PAY_QUEUE / 3};

    for (enum keytab_step step = KEYTAB_BUCKET; step < KEYTAB_STEPS; step++) {
        const struct pay_waiting *w = pay_queue_ago(s->queue, ago[step]);

        if (w == NULL || !w->has_txn)
            continue;
        if (step == KEYTAB_BUCKET)
            seen_expect(s->seen, w->digest);
        if (s->panel != NULL)
            panel_expect(s->panel, &w->keys, step);
    }
}

/* `t` may be NULL: card numbers alone. */
static enum vg_err
wait_for_turn(struct pay_sensor *s, const struct txn_view *t, uint64_t digest,
              const struct card_view *cards, size_t card_count)
{
    enum vg_err err = VG_OK;

    if (pay_queue_count(s->queue) == PAY_QUEUE)
        err = observe_next(s);
    if (err != VG_OK)
        return err;
    err = pay_queue_put(s->queue, t, digest, cards, card_count);
    if (err == VG_OK)
        expect(s);
    return err;
}

enum vg_err
pay_sensor_take(struct pay_sensor *s, const struct logfile *f, struct seen_recent *recent)
{
    size_t txn_count, card_count;
    const struct txn_view *txn = logfile_txns(f, &txn_count);
    const struct card_view *cards = logfile_cards(f, &card_count);
    const char *family = txn_count > 0 ? logfile_profile(f)->family : "";
    enum vg_err err = observe_bad(s, f, recent);
    bool past;

    for (size_t i = 0; i < txn_count; i++)
        span_see(&recent->spans, &txn[i]);
    past = txn_count + card_count > 0 && span_is_past(&recent->spans);
    for (size_t i = 0; i < txn_count && err == VG_OK; i++) {
        uint64_t digest;
        size_t with;

        /* Judged by the clock of now: while one waits the keeper may tell the next time. */
        if (s->clock_ns != 0 && txn[i].time_ns > s->clock_ns + VG_DAY_NS) {
            s->future++;
            continue;
        }
        digest = txn[i].id.len > 0 ? seen_id(s->seen, family, &txn[i])
                                   : seen_content(s->seen, family, &txn[i], recent);
        with = !past && i + 1 == txn_count && card_count <= PAY_QUEUE_CARDS ? card_count : 0;
        err = wait_for_turn(s, &txn[i], digest, cards, with);
        card_count -= with;
    }
    if (past && err == VG_OK) {
        err = pay_sensor_settle(s);
        pay_sensor_replaced(s, logfile_source(f), recent);
    }
    for (size_t i = 0; i < card_count && err == VG_OK; i += PAY_QUEUE_CARDS)
        err = wait_for_turn(s, NULL, 0, cards + i,
                            card_count - i < PAY_QUEUE_CARDS ? card_count - i : PAY_QUEUE_CARDS);
    return err;
}

struct judge_settings
pay_sensor_judge(double budget_per_week)
{
    const double share = 0.5, aim = 1.2 / 3.0;

    return (struct judge_settings){.budget_per_week = budget_per_week * share,
                                   .target_per_week = budget_per_week * share * aim};
}
