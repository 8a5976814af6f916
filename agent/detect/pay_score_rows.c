/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_score_private.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"

static void
party_put(const void *cell, struct buf *out)
{
    const struct score_party_cell *p = cell;

    codec_put_i64(out, p->since_ns);
    pay_run_put(&p->run, out);
}

static void
party_get(void *cell, struct slice *in)
{
    struct score_party_cell *p = cell;

    p->since_ns = codec_time(in);
    pay_run_get(&p->run, in);
}

enum vg_err
score_tables_new(struct pay_score *s)
{
    static const struct keytab_options cards = {.cell_bytes = sizeof(struct pay_holder),
                                                .cells_max = SCORE_CARDS_MAX,
                                                .roomy = true,
                                                .row_bits = 10,
                                                .name = 'c',
                                                .version = SCORE_STATE_VERSION,
                                                .put = pay_holder_put,
                                                .get = pay_holder_get};
    static const struct keytab_options parties = {.cell_bytes = sizeof(struct score_party_cell),
                                                  .cells_max = SCORE_PARTIES_MAX,
                                                  .roomy = true,
                                                  .row_bits = 8,
                                                  .name = 'p',
                                                  .version = SCORE_STATE_VERSION,
                                                  .put = party_put,
                                                  .get = party_get};
    enum vg_err err = keytab_new(&cards, &s->cards);

    if (err == VG_OK)
        err = keytab_new(&parties, &s->parties);
    if (err == VG_OK)
        err = pay_cases_new(&s->cases);
    return err;
}

struct score_money *
score_money_new(const char *currency)
{
    struct score_money *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    (void)vg_strcpy(m->currency, sizeof m->currency, currency);
    score_money_shape(m);
    return m;
}

/* ---- rows: 't' tables, 'm' and an index: a currency, and those of the keyed tables ---- */

static void
money_put(const struct score_money *m, struct buf *out)
{
    codec_put_text(out, m->currency, strlen(m->currency));
    moments_put(&m->all, out);
    moments_put(&m->variation, out);
    pay_curve_put(&m->amounts, out);
    buf_put_be32(out, m->since_shaped);
    buf_put_be32(out, m->median);
}

static void
money_get(struct score_money *m, struct slice *in)
{
    struct slice name = slice_sub(in, slice_be32(in));

    if (name.left >= sizeof m->currency) {
        in->bad = true;
        return;
    }
    (void)slice_copy(&name, m->currency, name.left);
    moments_get(&m->all, in);
    moments_get(&m->variation, in);
    pay_curve_get(&m->amounts, in);
    m->since_shaped = slice_be32(in);
    m->median = slice_be32(in);
    if (m->median >= PAY_CURVE_BINS_MAX) {
        in->bad = true;
        return;
    }
    score_money_draw(m); /* as it was drawn at an earlier median */
}

static void
tables_put(const struct pay_score *s, struct buf *out)
{
    pay_curve_put(&s->habits, out);
    for (unsigned i = 0; i < SCORE_FACETS; i++)
        pay_facet_put(&s->facets[i], out);
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        pay_runs_put(&s->runs[i], out);
    quantile_put(&s->ranks, out);
    codec_put_f64(out, s->large);
    codec_put_f64(out, s->unseen);
    codec_put_f64(out, s->payments);
    codec_put_f64(out, s->labels);
    codec_put_i64(out, s->forgot_ns);
    buf_put_be64(out, s->frauds);
    buf_put_be64(out, s->genuine);
}

static void
tables_get(struct pay_score *s, struct slice *in)
{
    pay_curve_get(&s->habits, in);
    for (unsigned i = 0; i < SCORE_FACETS; i++)
        pay_facet_get(&s->facets[i], in);
    for (unsigned i = 0; i < SCORE_PARTIES; i++)
        pay_runs_get(&s->runs[i], in);
    quantile_get(&s->ranks, in);
    s->large = codec_f64(in);
    s->unseen = codec_f64(in);
    s->payments = codec_f64(in);
    s->labels = codec_f64(in);
    s->forgot_ns = codec_time(in);
    s->frauds = slice_be64(in);
    s->genuine = slice_be64(in);
    if (s->large < 0 || s->unseen < 0 || s->payments < 0 || s->labels < 0)
        in->bad = true;
}

void
score_save(void *self, struct state_out *out)
{
    struct pay_score *s = self;
    struct buf blob;

    keytab_save(s->cards, out);
    keytab_save(s->parties, out);
    pay_cases_save(s->cases, out, SCORE_STATE_VERSION);
    if (!s->changed)
        return;
    s->changed = false;
    buf_init(&blob, STATE_BLOB_MAX);
    tables_put(s, &blob);
    if (!blob.bad)
        state_put(out, slice_of("t", 1), SCORE_STATE_VERSION, buf_slice(&blob));
    for (uint8_t i = 0; i < SCORE_CURRENCIES_MAX && s->monies[i] != NULL; i++) {
        const uint8_t key[2] = {'m', i};

        buf_clear(&blob);
        money_put(s->monies[i], &blob);
        if (!blob.bad)
            state_put(out, slice_of(key, 2), SCORE_STATE_VERSION, buf_slice(&blob));
    }
    buf_done(&blob);
}

static enum vg_err
money_load(struct pay_score *s, uint8_t i, struct slice blob)
{
    struct score_money *m = score_money_new("");

    if (m == NULL)
        return VG_ERR_NOMEM;
    money_get(m, &blob);
    if (blob.bad || blob.left > 0) {
        free(m);
        return VG_ERR_FORMAT;
    }
    free(s->monies[i]);
    s->monies[i] = m;
    return VG_OK;
}

enum vg_err
score_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct pay_score *s = self;
    struct keytab *const tables[] = {s->cards, s->parties};
    struct slice name = key;
    uint8_t kind, i;

    for (size_t k = 0; k < VG_ARRAY_LEN(tables); k++)
        if (keytab_owns(tables[k], key))
            return keytab_load(tables[k], key, version, blob);
    kind = slice_u8(&name);
    if (version != SCORE_STATE_VERSION || name.bad)
        return VG_ERR_FORMAT;
    if (kind == PAY_CASES_NAME)
        return pay_cases_load(s->cases, key, blob);
    if (kind == 't' && name.left == 0) {
        tables_get(s, &blob);
        return blob.bad || blob.left > 0 ? VG_ERR_FORMAT : VG_OK;
    }
    i = slice_u8(&name);
    if (kind != 'm' || name.bad || name.left > 0 || i >= SCORE_CURRENCIES_MAX)
        return VG_ERR_FORMAT;
    return money_load(s, i, blob);
}
