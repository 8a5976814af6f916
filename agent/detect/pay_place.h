/* SPDX-License-Identifier: Apache-2.0 */
/* pay_place: how many different cards are tried at one place (an address, a terminal, an issuer, ...).
 *
 * Within PAY_PLACE_WINDOW_NS of event time each place keeps forgotten counts of tries, of different cards,
 * and of those that were declined or paid a small amount; a card tried ten times counts once (linear
 * counting over 256 bits). Over PAY_PLACE_MEMORY_NS it keeps what is usual. Time that goes backwards
 * forgets nothing. PAY_PLACES_MAX of them. Owner: pay.card_testing. */
#pragma once

#include "agent/detect/keytab.h"

#define PAY_PLACE_WINDOW_NS (INT64_C(20) * 60 * 1000000000)
#define PAY_PLACE_MEMORY_NS (INT64_C(30) * 24 * 3600 * 1000000000)
enum { PAY_PLACES_MAX = 65536 };

struct pay_place {
    int64_t at_ns, since_ns;
    uint64_t cards[4]; /* seen in this window, as bits: linear counting */
    uint32_t marked;   /* of these bits; not saved */
    float tries, different, declined, small;
    float base_declined, base_small; /* forgotten with PAY_PLACE_MEMORY_NS */
};

/* One try, as a place counts it. */
struct pay_place_try {
    int64_t time_ns;
    uint64_t card;        /* pay_key() of it */
    bool declined, small; /* small: a small amount was paid or tried */
};

/* A table of pay_place whose rows are named `name` and have the form `version`. */
enum vg_err pay_places_new(char name, uint16_t version, struct keytab **out) VG_MUST_CHECK;
/* Counts a try at the place of this key. NULL: no memory. Borrowed until the next call. */
struct pay_place *pay_place_count(struct keytab *places, uint64_t key,
                                  const struct pay_place_try *t);
/* Upper tail p of what the window holds against the place's own busiest rate; *usual takes the usual
 * number of declined cards in a window. 1 below min_cards different ones, *usual then untouched. */
double pay_place_p(const struct pay_place *c, double min_cards, int64_t now_ns, double *usual);
/* What becomes usual here, with the weight of a judge_learn_weight(). */
void pay_place_learn(struct pay_place *c, const struct pay_place_try *t, double w);
