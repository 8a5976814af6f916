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
    return seen_new(&key, &s->seen);
}

void
pay_sensor_done(struct pay_sensor *s)
{
    seen_free(s->seen);
    s->seen = NULL;
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
observe_txn(struct pay_sensor *s, const struct txn_view *t)
{
    struct obs obs = {.kind = OBS_TXN, .time_ns = t->time_ns, .txn = t};
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

/* Records that cannot be read, and all since the last ones that could not. */
static void
observe_bad(struct pay_sensor *s, const struct logfile *f, struct seen_recent *recent)
{
    const struct logfile_counts *c = logfile_counts(f);
    uint64_t bad = c->bad + c->too_long;
    struct log_view view = {.source = str_of(logfile_source(f)),
                            .like = str_of(logfile_bad_newest(f))};
    struct obs obs = {.kind = OBS_LOG, .time_ns = s->latest_ns, .log = &view};

    recent->untold += c->records - recent->counted;
    recent->spans.rows += c->records - recent->counted;
    recent->untold_bad += bad - recent->counted_bad;
    recent->counted = c->records;
    recent->counted_bad = bad;
    if (recent->untold_bad == 0 || s->latest_ns == 0 || s->panel == NULL)
        return;
    view.records = recent->untold;
    view.bad = recent->untold_bad;
    recent->untold = recent->untold_bad = 0;
    panel_observe(s->panel, &obs);
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
                                  .first_ns = p->was.first_ns,
                                  .last_ns = p->was.last_ns};
    struct obs obs = {.kind = OBS_LOG, .time_ns = s->latest_ns, .log = &view};

    if (view.lost > 0 && s->latest_ns != 0 && s->panel != NULL)
        panel_observe(s->panel, &obs);
    p->was = (struct span){0};
}

enum vg_err
pay_sensor_take(struct pay_sensor *s, const struct logfile *f, struct seen_recent *recent)
{
    size_t txn_count, card_count;
    const struct txn_view *txn = logfile_txns(f, &txn_count);
    const struct card_view *cards = logfile_cards(f, &card_count);
    const struct profile *profile = logfile_profile(f);

    observe_bad(s, f, recent);
    if (txn_count + card_count == 0)
        return VG_OK;
    for (size_t i = 0; i < txn_count; i++) {
        bool before;
        enum vg_err err;

        span_see(&recent->spans, &txn[i]);
        if (s->clock_ns != 0 && txn[i].time_ns > s->clock_ns + VG_DAY_NS) {
            s->future++;
            continue;
        }
        err = txn[i].id.len > 0 ? seen_id(s->seen, profile->family, &txn[i], &before)
                                : seen_content(s->seen, profile->family, &txn[i], recent, &before);
        if (err != VG_OK)
            return err;
        if (before) {
            s->duplicates++;
            continue;
        }
        s->transactions++;
        s->latest_ns = txn[i].time_ns;
        observe_txn(s, &txn[i]);
    }
    if (span_is_past(&recent->spans))
        pay_sensor_replaced(s, logfile_source(f), recent);
    observe_cards(s, cards, card_count);
    return VG_OK;
}

struct judge_settings
pay_sensor_judge(double budget_per_week)
{
    const double share = 0.5, aim = 1.2 / 3.0;

    return (struct judge_settings){.budget_per_week = budget_per_week * share,
                                   .target_per_week = budget_per_week * share * aim};
}
