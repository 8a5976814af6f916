/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_place.h"

#include <math.h>
#include <string.h>

#include "agent/detect/cauchy.h"
#include "agent/detect/codec.h"
#include "agent/detect/pay_common.h"
#include "common/vtime.h"

/* The busiest window against the average one, and what even a quiet place may see. */
#define PEAK 4.0
/* After so many windows nothing is left that a float can hold. */
#define LONG_AGO   120.0
#define MARKED_MAX 200
#define FLOOR      0.5
/* Size of the negative binomial: declines come in clumps, so the tail is long. */
#define SIZE 1.5

static void
place_put(const void *cell, struct buf *out)
{
    const struct pay_place *c = cell;

    codec_put_i64(out, c->at_ns);
    codec_put_i64(out, c->since_ns);
    for (size_t i = 0; i < VG_ARRAY_LEN(c->cards); i++)
        buf_put_be64(out, c->cards[i]);
    codec_put_f32(out, c->tries);
    codec_put_f32(out, c->different);
    codec_put_f32(out, c->declined);
    codec_put_f32(out, c->small);
    codec_put_f32(out, c->base_declined);
    codec_put_f32(out, c->base_small);
}

static void
place_get(void *cell, struct slice *in)
{
    struct pay_place *c = cell;

    c->at_ns = codec_time(in);
    c->since_ns = codec_time(in);
    c->marked = 0;
    for (size_t i = 0; i < VG_ARRAY_LEN(c->cards); i++) {
        c->cards[i] = slice_be64(in);
        c->marked += (uint32_t)__builtin_popcountll(c->cards[i]);
    }
    c->tries = codec_f32(in);
    c->different = codec_f32(in);
    c->declined = codec_f32(in);
    c->small = codec_f32(in);
    c->base_declined = codec_f32(in);
    c->base_small = codec_f32(in);
}

static void
unmark(struct pay_place *c)
{
    memset(c->cards, 0, sizeof c->cards);
    c->marked = 0;
}

static void
place_forget(struct pay_place *c, int64_t now_ns)
{
    double dt = (double)(now_ns - c->at_ns), keep, base;

    if (dt <= 0)
        return;
    /* Most places are met again long after their window, and most never see a declined card. */
    keep = dt < LONG_AGO * (double)PAY_PLACE_WINDOW_NS ? exp(-dt / (double)PAY_PLACE_WINDOW_NS) : 0;
    c->tries = (float)((double)c->tries * keep);
    c->different = (float)((double)c->different * keep);
    c->declined = (float)((double)c->declined * keep);
    c->small = (float)((double)c->small * keep);
    if (c->base_declined > 0 || c->base_small > 0) {
        base = exp(-dt / (double)PAY_PLACE_MEMORY_NS);
        c->base_declined = (float)((double)c->base_declined * base);
        c->base_small = (float)((double)c->base_small * base);
    }
    if (c->tries < 0.5F) /* the window is over: every card counts anew */
        unmark(c);
    c->at_ns = now_ns;
}

/* Marks the card; true when it is new in this window. */
static bool
place_card(struct pay_place *c, uint64_t card)
{
    uint64_t *word = &c->cards[(card >> 6) % VG_ARRAY_LEN(c->cards)];
    uint64_t bit = UINT64_C(1) << (card & 63);

    if ((*word & bit) != 0)
        return false;
    *word |= bit;
    if (++c->marked > MARKED_MAX) /* nearly full: cards would be mistaken for known ones */
        unmark(c);
    return true;
}

static double
usual_of(const struct pay_place *c, double base, int64_t now_ns)
{
    double age = (double)(now_ns - c->since_ns), memory = (double)PAY_PLACE_MEMORY_NS;
    double span = memory * (1 - exp(-age / memory));

    /* A place younger than a day has no past to speak of. */
    return FLOOR + (age > (double)VG_DAY_NS ? PEAK * base / span * (double)PAY_PLACE_WINDOW_NS : 0);
}

double
pay_place_p(const struct pay_place *c, double min_cards, int64_t now_ns, double *usual)
{
    struct cauchy both = {0};

    if ((double)c->different < min_cards)
        return 1;
    *usual = usual_of(c, (double)c->base_declined, now_ns);
    cauchy_add_share(&both, pay_count_p((double)c->declined, *usual, SIZE), 0.7);
    cauchy_add_share(
        &both, pay_count_p((double)c->small, usual_of(c, (double)c->base_small, now_ns), SIZE),
        0.3);
    return cauchy_sum(&both);
}

struct pay_place *
pay_place_count(struct keytab *places, uint64_t key, const struct pay_place_try *t)
{
    bool fresh, first;
    struct pay_place *c = keytab_touch(places, key, &fresh);

    if (c == NULL)
        return NULL;
    if (fresh)
        c->at_ns = c->since_ns = t->time_ns;
    place_forget(c, t->time_ns);
    first = place_card(c, t->card);
    c->tries += 1;
    if (!first)
        return c;
    c->different += 1;
    c->declined += t->declined ? 1 : 0;
    c->small += t->small ? 1 : 0;
    return c;
}

void
pay_place_learn(struct pay_place *c, const struct pay_place_try *t, double w)
{
    c->base_declined += t->declined ? (float)w : 0;
    c->base_small += t->small ? (float)w : 0;
}

enum vg_err
pay_places_new(char name, uint16_t version, struct keytab **out)
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct pay_place),
                                           .cells_max = PAY_PLACES_MAX,
                                           .roomy = true,
                                           .row_bits = 10,
                                           .name = name,
                                           .version = version,
                                           .put = place_put,
                                           .get = place_get};

    return keytab_new(&options, out);
}
