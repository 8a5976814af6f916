/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_issuer.h"

#include <math.h>

#include "agent/detect/beta.h"
#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/pay_common.h"
#include "common/vtime.h"

/* The busiest day against the average one, and what even a quiet range may see. */
#define PEAK  2.0
#define FLOOR 0.5
/* Size of the negative binomial: a bank that is out of order declines many, so the tail is long. */
#define SIZE 1.5
/* Of the last four digits of unrelated cards so many are neighbours. */
#define NEAR_SHARE ((2.0 * PAY_ISSUER_NEAR + 1) / 10000)

static void
issuer_put(const void *cell, struct buf *out)
{
    const struct pay_issuer *c = cell;

    codec_put_i64(out, c->at_ns);
    codec_put_i64(out, c->since_ns);
    codec_put_f32(out, c->declined);
    codec_put_f32(out, c->base);
    buf_put_be32(out, c->next);
    for (size_t i = 0; i < PAY_ISSUER_KEPT; i++) {
        codec_put_i64(out, c->kept[i].time_ns);
        buf_put_be32(out, c->kept[i].card);
        buf_put_be16(out, c->kept[i].last4);
    }
}

static void
issuer_get(void *cell, struct slice *in)
{
    struct pay_issuer *c = cell;

    c->at_ns = codec_time(in);
    c->since_ns = codec_time(in);
    c->declined = codec_f32(in);
    c->base = codec_f32(in);
    c->next = slice_be32(in);
    for (size_t i = 0; i < PAY_ISSUER_KEPT; i++) {
        c->kept[i].time_ns = codec_time(in);
        c->kept[i].card = slice_be32(in);
        c->kept[i].last4 = slice_be16(in);
    }
}

const struct keytab_options PAY_ISSUERS = {.cell_bytes = sizeof(struct pay_issuer),
                                           .cells_max = PAY_ISSUERS_MAX,
                                           .row_bits = 5,
                                           .name = 'i',
                                           .version = 1,
                                           .put = issuer_put,
                                           .get = issuer_get};

static void
issuer_forget(struct pay_issuer *c, int64_t now_ns)
{
    double dt = (double)(now_ns - c->at_ns);

    if (dt <= 0)
        return;
    c->declined = (float)((double)c->declined * exp(-dt / (double)PAY_ISSUER_WINDOW_NS));
    c->base = (float)((double)c->base * exp(-dt / (double)PAY_ISSUER_MEMORY_NS));
    c->at_ns = now_ns;
}

static bool
in_window(const struct pay_issuer_card *k, int64_t now_ns)
{
    return k->time_ns != 0 && now_ns - k->time_ns < PAY_ISSUER_WINDOW_NS;
}

struct pay_issuer *
pay_issuer_count(struct keytab *issuers, uint64_t key, uint64_t card, unsigned last4, bool declined,
                 int64_t now_ns)
{
    bool fresh;
    struct pay_issuer *c = keytab_touch(issuers, key, &fresh);

    if (c == NULL)
        return NULL;
    if (fresh)
        c->at_ns = c->since_ns = now_ns;
    issuer_forget(c, now_ns);
    for (size_t i = 0; i < PAY_ISSUER_KEPT; i++)
        if (c->kept[i].card == (uint32_t)card && in_window(&c->kept[i], now_ns))
            return NULL;
    c->kept[c->next++ % PAY_ISSUER_KEPT] = (struct pay_issuer_card){
        .time_ns = now_ns, .card = (uint32_t)card, .last4 = (uint16_t)last4};
    c->declined += declined ? 1 : 0;
    return c;
}

/* How many of `others` unrelated cards may be neighbours: P(X >= near), a binomial's upper tail. */
static double
near_p(unsigned near, unsigned others)
{
    return near == 0 ? 1 : beta_lower(near, others - near + 1.0, NEAR_SHARE);
}

static double
usual_of(const struct pay_issuer *c, int64_t now_ns)
{
    double age = (double)(now_ns - c->since_ns), memory = (double)PAY_ISSUER_MEMORY_NS;
    double span = memory * (1 - exp(-age / memory)), window = (double)PAY_ISSUER_WINDOW_NS;

    /* A range that is younger than some days has no past to speak of. */
    return FLOOR + (age > 3 * window ? PEAK * (double)c->base / span * window : 0);
}

struct pay_issuer_look
pay_issuer_look(const struct pay_issuer *c, double min_cards, int64_t now_ns)
{
    const struct pay_issuer_card *newest = &c->kept[(c->next - 1) % PAY_ISSUER_KEPT];
    struct pay_issuer_look look = {.p = 1, .usual = usual_of(c, now_ns), .near = 1};
    double by_number, by_row = 1;
    struct cauchy both = {0};

    for (size_t i = 0; i < PAY_ISSUER_KEPT; i++) {
        const struct pay_issuer_card *k = &c->kept[i];
        int apart = (int)k->last4 - (int)newest->last4;

        if (!in_window(k, now_ns))
            continue;
        look.cards++;
        look.near += k != newest && apart >= -PAY_ISSUER_NEAR && apart <= PAY_ISSUER_NEAR;
    }
    if (look.cards < min_cards)
        return look;
    by_number = pay_count_p((double)c->declined, look.usual, SIZE);
    if (look.near >= min_cards)
        by_row = near_p(look.near - 1, look.cards - 1);
    cauchy_add_share(&both, by_number, 0.5);
    cauchy_add_share(&both, by_row, 0.5);
    look.p = cauchy_sum(&both);
    look.in_a_row = by_row < by_number;
    return look;
}

void
pay_issuer_learn(struct pay_issuer *c, bool declined, double w)
{
    c->base += declined ? (float)w : 0;
}
