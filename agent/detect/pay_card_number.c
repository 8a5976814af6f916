/* SPDX-License-Identifier: Apache-2.0 */
/* pay.card_number_exposed: a full card number stands in a log. A finding, grouped by log: the judge
 * speaks at the first and each time that the group has grown tenfold. The number itself never gets
 * here; different cards are counted by linear counting over their tokens (Whang and others 1990). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/keytab.h"
#include "agent/detect/pay_common.h"

enum { LOGS_MAX = 1024, WORDS = 16, STATE_VERSION = 1 };

struct exposed_log {
    uint64_t numbers;
    uint64_t bits[WORDS];
};

/* The log that the latest number stood in: thousands come from one. */
struct latest {
    char source[PARTY_ID_MAX];
    size_t len; /* 0: none */
    uint64_t key;
    struct party subject;
    struct judge_known known;
};

struct exposed {
    struct judge *judge;
    struct keytab *logs;
    struct latest latest;
};

static void
log_put(const void *cell, struct buf *out)
{
    const struct exposed_log *seen = cell;

    buf_put_be64(out, seen->numbers);
    for (size_t i = 0; i < WORDS; i++)
        buf_put_be64(out, seen->bits[i]);
}

static void
log_get(void *cell, struct slice *in)
{
    struct exposed_log *seen = cell;

    seen->numbers = slice_be64(in);
    for (size_t i = 0; i < WORDS; i++)
        seen->bits[i] = slice_be64(in);
}

/* About how many different tokens were seen: good to a few per cent up to a few thousand. */
static int64_t
distinct(const struct exposed_log *seen)
{
    const double bits = WORDS * 64;
    int set = 0;

    for (size_t i = 0; i < WORDS; i++)
        set += __builtin_popcountll(seen->bits[i]);
    return set < WORDS * 64 ? llround(-bits * log1p(-set / bits)) : llround(bits * log(bits));
}

struct exposure {
    const struct card_view *card;
    const struct exposed_log *seen;
};

static void
fill(struct finding *finding, void *ctx)
{
    const struct exposure *x = ctx;
    const struct card_view *c = x->card;

    finding->facts = json_pack("{s:o, s:I, s:o, s:o, s:I, s:I}", "log", pay_text(c->source), "line",
                               (json_int_t)c->line, "field", pay_text(c->field), "last4",
                               pay_text(str_of(c->last4)), "numbers", (json_int_t)x->seen->numbers,
                               "cards", (json_int_t)distinct(x->seen));
    finding->evidence = json_pack("[{s:s, s:o, s:I, s:o, s:o}]", "type", "card", "source",
                                  pay_text(c->source), "line", (json_int_t)c->line, "card",
                                  pay_text(c->token), "last4", pay_text(str_of(c->last4)));
}

static void
turn_to(struct latest *l, struct str source)
{
    if (l->len == source.len && source.len > 0 && memcmp(l->source, source.at, source.len) == 0)
        return;
    *l = (struct latest){.key = pay_key("log", source)};
    if (source.len <= sizeof l->source) { /* an absent or very long one is not kept */
        l->len = source.len;
        memcpy(l->source, source.at, source.len);
    }
    if (!pay_party(&l->subject, "log", source, NULL))
        party_set(&l->subject, "log", "-", NULL);
}

static void
exposed_observe(void *self, const struct obs *obs)
{
    struct exposed *e = self;
    const struct card_view *c = obs->card;
    uint64_t bit = pay_key("card", c->token) % (WORDS * 64);
    struct exposed_log *seen;
    struct exposure exposure = {.card = c};
    struct finding finding = {.detector = "pay.card_number_exposed",
                              .time_ns = obs->time_ns,
                              .subject = &e->latest.subject,
                              .score = 90,
                              .fill = fill,
                              .ctx = &exposure,
                              .known = &e->latest.known};

    turn_to(&e->latest, c->source);
    seen = keytab_touch(e->logs, e->latest.key, NULL);
    if (seen == NULL)
        return;
    seen->numbers++;
    seen->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    exposure.seen = seen;
    judge_finding(e->judge, &finding);
}

static void
exposed_free(void *self)
{
    struct exposed *e = self;

    if (e == NULL)
        return;
    keytab_free(e->logs);
    free(e);
}

static enum vg_err
exposed_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options logs = {.cell_bytes = sizeof(struct exposed_log),
                                               .cells_max = LOGS_MAX,
                                               .row_bits = 6,
                                               .name = 'l',
                                               .version = STATE_VERSION,
                                               .put = log_put,
                                               .get = log_get};
    struct exposed *e = calloc(1, sizeof *e);
    enum vg_err err;

    (void)why;
    if (e == NULL)
        return VG_ERR_NOMEM;
    e->judge = env->judge;
    err = keytab_new(&logs, &e->logs);
    if (err != VG_OK) {
        exposed_free(e);
        return err;
    }
    *self = e;
    return VG_OK;
}

static void
exposed_save(void *self, struct state_out *out)
{
    keytab_save(((struct exposed *)self)->logs, out);
}

static enum vg_err
exposed_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct exposed *e = self;

    return keytab_owns(e->logs, key) ? keytab_load(e->logs, key, version, blob) : VG_ERR_FORMAT;
}

static void
exposed_health(const void *self, json_t *counters)
{
    const struct exposed *e = self;

    (void)json_object_set_new(counters, "logs", json_integer((json_int_t)keytab_count(e->logs)));
    (void)json_object_set_new(counters, "logs_turned_away",
                              json_integer((json_int_t)keytab_evicted(e->logs)));
}

const struct detector PAY_CARD_NUMBER_EXPOSED = {
    .name = "pay.card_number_exposed",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_CARD,
    .make = exposed_make,
    .observe = exposed_observe,
    .save = exposed_save,
    .load = exposed_load,
    .free = exposed_free,
    .health = exposed_health,
};
