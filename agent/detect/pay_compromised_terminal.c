/* SPDX-License-Identifier: Apache-2.0 */
/* pay.compromised_terminal: cards that paid at one terminal come back as fraud, those of the others
 * do not: its reader was swapped or copies cards, or what is sold there is bought with stolen ones.
 *
 * A charge-back (or a label) belongs to the terminal that it names, else to that of the sale that it
 * refers to, else to where its card paid last. Cumulative sums (pay_share.h) of these among the
 * terminal's sales, against the larger of the other terminals' share and its own past: when the
 * whole shop has more of them it is pay.chargeback_spike's matter. A card counts once within CARD_NS. */
#include <math.h>
#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/pay_ahead.h"
#include "agent/detect/pay_frame.h"
#include "agent/detect/pay_share.h"
#include "agent/detect/pay_stamp.h"
#include "common/vtime.h"

#define CARD_NS (30 * VG_DAY_NS)
#define PRIOR   400.0

enum { TERMINALS_MAX = 256, CARDS_MAX = 1024, SALES_MAX = 16384, STATE_VERSION = 1 };

struct terminal {
    struct pay_share share;
    char name[64];
};

/* Where a sale or a card was. */
struct sale {
    uint64_t terminal;
};

enum { AT_TERMINALS, AT_SALES, AT_CARDS };

struct compromised {
    struct pay_frame
        frame; /* tables: terminal by name; sale by id or card; when a card came back */
    struct pay_share all;
};

static void
terminal_put(const void *cell, struct buf *out)
{
    pay_share_put(&((const struct terminal *)cell)->share, out);
    pay_frame_put_text(((const struct terminal *)cell)->name, out);
}

static void
terminal_get(void *cell, struct slice *in)
{
    struct terminal *c = cell;

    pay_share_get(&c->share, in);
    pay_frame_get_text(c->name, sizeof c->name, in);
}

static void
sale_put(const void *cell, struct buf *out)
{
    buf_put_be64(out, ((const struct sale *)cell)->terminal);
}

static void
sale_get(void *cell, struct slice *in)
{
    ((struct sale *)cell)->terminal = slice_be64(in);
}

/* The others' share; a terminal of its own past where it is the only one. */
static double
usual_of(const struct compromised *c, const struct pay_share *s)
{
    return fmax(pay_share_usual(fmax(c->all.n - s->n, 0), fmax(c->all.k - s->k, 0), PRIOR),
                pay_share_usual(s->n, s->k, PRIOR));
}

/* Whether the shop knows now. */
static bool
report(struct compromised *c, const struct txn_view *t, int64_t now_ns, const struct terminal *at,
       double usual, double p)
{
    const struct pay_share *s = &at->share;
    struct party subject;
    struct test test = {
        .detector = "pay.compromised_terminal", .time_ns = now_ns, .subject = &subject, .p = p};

    if (!pay_party(&subject, "terminal", str_of(at->name), NULL))
        return false;
    if (judge_wants(c->frame.judge, p)) {
        test.facts =
            json_pack("{s:I, s:I, s:I, s:f, s:f, s:I, s:s}", "cards", (json_int_t)llround(s->run_k),
                      "sales", (json_int_t)llround(s->run_n - s->run_k), "seconds",
                      (json_int_t)((now_ns - s->run_ns) / VG_SEC_NS), "share", s->run_k / s->run_n,
                      "usual_share", usual, "total", (json_int_t)llround(s->run_amount), "currency",
                      pay_frame_currency(&c->frame, t));
        test.evidence = json_pack("[o]", pay_evidence(t));
    }
    return judge_test(c->frame.judge, &test);
}

/* ---- what happens ---- */

static void
see_sale(struct compromised *c, const struct obs *obs)
{
    const struct txn_view *t = obs->txn;
    uint64_t key = obs->keys->key[KEY_TERMINAL], id = obs->keys->key[KEY_SALE];
    struct terminal *at;
    struct sale *sale;
    bool fresh;

    if (key == 0 || t->ip.len > 0) /* a web shop has no reader */
        return;
    at = keytab_touch(c->frame.tables[AT_TERMINALS], key, &fresh);
    if (at == NULL)
        return;
    if (fresh)
        pay_frame_copy(at->name, sizeof at->name, t->terminal);
    pay_share_forget(&at->share, t->time_ns);
    pay_share_forget(&c->all, t->time_ns);
    if (pay_frame_learned(&c->frame))
        (void)pay_share_see(&at->share, usual_of(c, &at->share), false, 0, t->time_ns);
    pay_share_learn(&at->share, false, 1);
    pay_share_learn(&c->all, false, 1);
    id = id != 0 ? id : obs->keys->key[KEY_CARD];
    sale = id != 0 ? keytab_touch(c->frame.tables[AT_SALES], id, NULL) : NULL;
    if (sale != NULL)
        sale->terminal = key;
}

static uint64_t
terminal_of(const struct compromised *c, const struct txn_view *t)
{
    const uint64_t keys[] = {pay_key("sale", t->original), pay_key("sale", t->order),
                             pay_key("card", t->card)};

    if (t->terminal.len > 0)
        return pay_key("terminal", t->terminal);
    for (size_t i = 0; i < VG_ARRAY_LEN(keys); i++) {
        const struct sale *s =
            keys[i] != 0 ? keytab_find(c->frame.tables[AT_SALES], keys[i]) : NULL;

        if (s != NULL)
            return s->terminal;
    }
    return 0;
}

static void
see_fraud(struct compromised *c, const struct txn_view *t, int64_t now_ns)
{
    uint64_t key = terminal_of(c, t), card = pay_key("card", t->card);
    struct terminal *at = key != 0 ? keytab_change(c->frame.tables[AT_TERMINALS], key) : NULL;
    double usual, p = 1;

    if (at == NULL || pay_stamp(c->frame.tables[AT_CARDS], card, now_ns, CARD_NS))
        return;
    pay_share_forget(&at->share, now_ns);
    pay_share_forget(&c->all, now_ns);
    usual = usual_of(c, &at->share);
    if (pay_frame_learned(&c->frame)) {
        p = pay_share_see(&at->share, usual, true, (double)t->amount, now_ns);
        if (!pay_share_is_hushed(&at->share, now_ns) && report(c, t, now_ns, at, usual, p))
            pay_share_hush(&at->share, now_ns);
    }
    pay_share_learn(&at->share, true, judge_learn_weight(p));
    pay_share_learn(&c->all, true, judge_learn_weight(p));
}

static void
compromised_observe(void *self, const struct obs *obs)
{
    struct compromised *c = self;
    const struct txn_view *t = obs->txn;

    if (obs->kind == OBS_LABEL ? t->label != 1 : t->kind != TXN_CHARGEBACK) {
        if (obs->kind == OBS_TXN && t->kind == TXN_SALE && t->outcome == TXN_APPROVED) {
            pay_frame_time(&c->frame, t->time_ns);
            see_sale(c, obs);
        }
        return;
    }
    pay_frame_time(&c->frame, obs->time_ns);
    see_fraud(c, t, obs->time_ns);
}

/* ---- state ---- */

static void
compromised_put(const void *self, struct buf *out)
{
    pay_share_put(&((const struct compromised *)self)->all, out);
}

static void
compromised_get(void *self, struct slice *in)
{
    pay_share_get(&((struct compromised *)self)->all, in);
}

static enum vg_err
compromised_make(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX])
{
    static const struct keytab_options terminals = {.cell_bytes = sizeof(struct terminal),
                                                    .cells_max = TERMINALS_MAX,
                                                    .row_bits = 3,
                                                    .name = 't',
                                                    .version = STATE_VERSION,
                                                    .put = terminal_put,
                                                    .get = terminal_get};
    static const struct keytab_options sales = {.cell_bytes = sizeof(struct sale),
                                                .cells_max = SALES_MAX,
                                                .row_bits = 9,
                                                .name = 's',
                                                .by_place = true,
                                                .version = STATE_VERSION,
                                                .put = sale_put,
                                                .get = sale_get};
    struct compromised *c = calloc(1, sizeof *c);
    enum vg_err err;

    if (c == NULL)
        return VG_ERR_NOMEM;
    c->frame.version = STATE_VERSION;
    c->frame.put = compromised_put;
    c->frame.get = compromised_get;
    err = pay_frame_init(&c->frame, env, 30, why);
    if (err == VG_OK)
        err = keytab_new(&terminals, &c->frame.tables[AT_TERMINALS]);
    if (err == VG_OK)
        err = keytab_new(&sales, &c->frame.tables[AT_SALES]);
    if (err == VG_OK)
        err = pay_stamps_new('c', STATE_VERSION, CARDS_MAX, &c->frame.tables[AT_CARDS]);
    if (err != VG_OK) {
        pay_frame_free(c);
        return err;
    }
    pay_ahead_add(env->ahead, c->frame.tables[AT_SALES], KEY_SALE);
    *self = c;
    return VG_OK;
}

const struct detector PAY_COMPROMISED_TERMINAL = {
    .name = "pay.compromised_terminal",
    .sensor = "pay",
    .kinds = UINT32_C(1) << OBS_TXN | UINT32_C(1) << OBS_LABEL,
    .make = compromised_make,
    .observe = compromised_observe,
    .save = pay_frame_save,
    .load = pay_frame_load,
    .free = pay_frame_free,
    .health = pay_frame_health,
};
