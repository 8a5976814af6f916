/* SPDX-License-Identifier: Apache-2.0 */
/* pay_kit: a panel of the payment detectors, a simulated shop, and the checks that every event of a
 * detector must pass. */
#pragma once

#include "judge_kit.h"

#include <math.h>
#include <stdio.h>

#include "common/vtime.h"

#define SHOP_START (INT64_C(1709251200) * VG_SEC_NS) /* 2024-03-01 */

struct shop {
    const char *kind;    /* NULL: not known */
    const char *geo_dir; /* NULL: nobody knows where an address is */
    struct kit kit;
    struct texts *texts;
    struct zone *zone;
    struct panel *panel;
    struct kit_rng rng;
    int64_t now_ns;
    uint64_t next_id;
    double score; /* of the last transaction */
    double budget_per_week;
};

/* One transaction of the shop; the texts live in it. */
struct shop_txn {
    struct txn_view view;
    char id[24], card[24], terminal[16], employee[16], ip[24], original[24], account[24], mail[48];
    char device[24], customer[24], shape[48], mailbox[48]; /* "": as mail */
};

static inline void
shop_panel(struct shop *s)
{
    const struct panel_options options = {
        .sensor = "pay",
        .rules_dir = "rules",
        .geo_dir = s->geo_dir,
        .texts = s->texts,
        .zone = s->zone,
        .currency = "MXN",
        .shop_kind = s->kind,
        .judge = {.budget_per_week = s->budget_per_week, .target_per_week = 0.6},
        .history = true};
    char why[DETECT_WHY_MAX];

    if (panel_new(&options, &s->kit.sink, &s->panel, why) != VG_OK)
        fail_msg("panel: %s", why);
}

/* A shop that may be told as much as the tests want to see. */
static inline void
shop_open_budget(struct shop *s, uint64_t seed, double budget_per_week)
{
    struct conf_error err;

    *s = (struct shop){.now_ns = SHOP_START, .budget_per_week = budget_per_week};
    kit_init(&s->kit);
    kit_seed(&s->rng, seed);
    s->zone = zone_utc();
    assert_non_null(s->zone);
    if (texts_load("rules", &s->texts, &err) != VG_OK)
        fail_msg("%s", err.text);
    shop_panel(s);
}

/* The same, and it is known what it sells. */
static inline void
shop_open_kind(struct shop *s, uint64_t seed, const char *kind)
{
    shop_open_budget(s, seed, 100);
    panel_free(s->panel);
    s->kind = kind;
    shop_panel(s);
}

static inline void
shop_open(struct shop *s, uint64_t seed)
{
    shop_open_budget(s, seed, 1.5);
}

static inline void
shop_close(struct shop *s)
{
    panel_free(s->panel);
    texts_free(s->texts);
    zone_free(s->zone);
    kit_done(&s->kit);
}

static inline double
shop_normal(struct shop *s)
{
    return sqrt(-2 * log(kit_uniform(&s->rng))) * cos(6.283185307179586 * kit_uniform(&s->rng));
}

/* An ordinary sale: one of 300 cards, each with its own usual amount, three terminals, 2 % declined. */
static inline void
shop_sale(struct shop *s, struct shop_txn *t)
{
    unsigned card = (unsigned)(kit_next(&s->rng) % 300);

    *t = (struct shop_txn){.view = {.time_ns = s->now_ns, .has_amount = true, .label = -1}};
    (void)snprintf(t->id, sizeof t->id, "t%llu", (unsigned long long)s->next_id++);
    (void)snprintf(t->card, sizeof t->card, "card%u", card);
    (void)snprintf(t->terminal, sizeof t->terminal, "caja%u", (unsigned)(kit_next(&s->rng) % 3));
    (void)snprintf(t->employee, sizeof t->employee, "emp%u", (unsigned)(kit_next(&s->rng) % 4));
    t->view.amount = 500 + llround((5000 + 100.0 * card) * exp(0.3 * shop_normal(s)));
    t->view.outcome = kit_uniform(&s->rng) < 0.02 ? TXN_DECLINED : TXN_APPROVED;
    (void)vg_strcpy(t->view.currency, sizeof t->view.currency, "MXN");
    (void)vg_strcpy(t->view.bin, sizeof t->view.bin, "411111");
    (void)snprintf(t->view.last4, sizeof t->view.last4, "%04u", card * 7919 % 10000);
}

static inline void
shop_give(struct shop *s, struct shop_txn *t)
{
    struct txn_view *v = &t->view;
    struct obs obs = {.kind = OBS_TXN, .time_ns = v->time_ns, .txn = v};

    v->id = str_of(t->id);
    v->card = str_of(t->card);
    v->terminal = str_of(t->terminal);
    v->employee = str_of(t->employee);
    v->ip = str_of(t->ip);
    v->original = str_of(t->original);
    v->account = str_of(t->account);
    v->email = str_of(t->mail);
    v->mail_shape = str_of(t->shape[0] != '\0' ? t->shape : t->mail);
    v->mailbox = str_of(t->mailbox[0] != '\0' ? t->mailbox : t->mail);
    v->customer = str_of(t->customer);
    v->device = str_of(t->device);
    v->reason = v->order = str_of("");
    v->source = str_of("pos.csv");
    v->line = s->next_id;
    judge_observation_begin(panel_judge(s->panel));
    panel_observe(s->panel, &obs);
    s->score = judge_observation_score(panel_judge(s->panel));
}

/* Ordinary business from nine to nine, about 100 sales a day. */
static inline void
shop_run(struct shop *s, int days)
{
    int64_t until = s->now_ns + days * VG_DAY_NS;

    while (s->now_ns < until) {
        struct shop_txn t;

        s->now_ns += (int64_t)(-log(kit_uniform(&s->rng)) * 432 * (double)VG_SEC_NS);
        if (s->now_ns % VG_DAY_NS < 9 * VG_HOUR_NS)
            s->now_ns += 9 * VG_HOUR_NS - s->now_ns % VG_DAY_NS;
        if (s->now_ns % VG_DAY_NS > 21 * VG_HOUR_NS)
            s->now_ns += VG_DAY_NS - s->now_ns % VG_DAY_NS;
        shop_sale(s, &t);
        shop_give(s, &t);
    }
}

/* Alerts of a detector (NULL: of any), without the events that say that one has grown tenfold. */
static inline size_t
shop_alerts(const struct shop *s, const char *detector)
{
    size_t i, n = 0;
    json_t *e;

    json_array_foreach(s->kit.events, i, e)
    {
        if (strcmp(vg_json_str(e, "severity", ""), "info") == 0 || vg_json_int(e, "count", 1) >= 10)
            continue;
        n += detector == NULL || strcmp(vg_json_str(e, "detector", ""), detector) == 0;
    }
    return n;
}

/* The facts are those that the rules file names, and every message renders whole. */
static inline void
shop_check_events(const struct shop *s)
{
    static const char *const languages[] = {"es-MX", "en"};
    size_t i;
    json_t *e;

    json_array_foreach(s->kit.events, i, e)
    {
        const char *detector = vg_json_str(e, "detector", "");
        const json_t *named = json_object_get(texts_detector(s->texts, detector), "facts");
        json_t *facts = json_object_get(e, "facts"), *v;
        const char *name;

        json_object_foreach(facts, name, v)
        {
            if (strcmp(name, "also") != 0 && strcmp(name, "suppressed") != 0 &&
                strcmp(name, "risk") != 0 && strcmp(name, "reasons") != 0 &&
                json_object_get(named, name) == NULL)
                fail_msg("%s: fact %s is not in the rules file", detector, name);
        }
        json_object_foreach((json_t *)named, name, v)
        {
            if (json_object_get(facts, name) == NULL)
                fail_msg("%s: fact %s is missing", detector, name);
        }
        for (size_t k = 0; k < VG_ARRAY_LEN(languages); k++) {
            const struct text_view view = {
                .language = languages[k], .shop = "Tacos", .zone = s->zone};
            struct text_message m;
            const char *parts[5];

            assert_int_equal(texts_render(s->texts, e, &view, &m), VG_OK);
            parts[0] = m.title;
            parts[1] = m.brief;
            parts[2] = m.what;
            parts[3] = m.why;
            parts[4] = m.what_to_do;
            for (size_t p = 0; p < VG_ARRAY_LEN(parts); p++)
                if (parts[p][0] == '\0' || strchr(parts[p], '?') != NULL)
                    fail_msg("%s: \"%s\"", detector, parts[p]);
            if (getenv("SHOW_TEXTS") != NULL)
                print_message("%s\n  %s\n  %s\n", m.title, m.brief, m.what);
            texts_message_done(&m);
        }
    }
}

/* Closes the panel and opens it from its rows. */
static inline void
shop_reopen(struct shop *s)
{
    bool known;

    panel_save(s->panel);
    panel_free(s->panel);
    shop_panel(s);
    for (size_t i = s->kit.row_count; i-- > 0;) {
        const struct kit_row *r = &s->kit.rows[i];

        if (r->version == 0)
            continue;
        assert_int_equal(panel_load(s->panel, r->detector, slice_of(r->key, r->key_len), r->version,
                                    slice_of(r->blob, r->blob_len), &known),
                         VG_OK);
        if (!known)
            fail_msg("%s refused its own row", r->detector);
    }
}

/* Loads its rows, cut short anywhere, each in a block of its own, into a fresh panel: refused or taken. */
static inline void
shop_damage_rows(struct shop *s)
{
    bool known;

    panel_save(s->panel);
    panel_free(s->panel);
    shop_panel(s);
    for (size_t i = 0; i < s->kit.row_count; i += 1 + i / 40) {
        const struct kit_row *r = &s->kit.rows[i];

        for (size_t n = 0; n < r->blob_len; n += 1 + n / 32) {
            uint8_t *cut = malloc(n > 0 ? n : 1);

            assert_non_null(cut);
            memcpy(cut, r->blob, n);
            assert_int_equal(panel_load(s->panel, r->detector, slice_of(r->key, r->key_len),
                                        r->version, slice_of(cut, n), &known),
                             VG_OK);
            free(cut);
        }
    }
}
