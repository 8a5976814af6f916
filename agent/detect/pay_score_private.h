/* SPDX-License-Identifier: Apache-2.0 */
/* pay_score_private: the inside of pay.score, for the pay_score*.c files alone.
 *
 * A payment is fraud by one of several causes (noisy-OR): its card is in a thief's hands, its amount is
 * out of all proportion for the shop, whoever handled it (terminal, employee, device) is in a run of
 * fraud, or nothing that can be seen here. Each cause has odds of its own: a hidden state or a base rate, times how much likelier fraud
 * makes what was seen (the amount against the card's habit or the shop's; the circumstances). A label
 * is shared among the causes by their responsibility, and moves the tables by that: an exact step of
 * expectation-maximisation. Without labels the tables hold what they began with, and a little of what
 * the score itself suspects. Reasons are the causes' shares of the score, split over what made them.
 *
 * pay_score.c: life, observations, alerts. pay_score_look.c: from a transaction to what is seen of it.
 * pay_score_learn.c: what payments and labels teach. pay_score_reasons.c: why. pay_score_rows.c: state. */
#pragma once

#include "agent/detect/keytab.h"
#include "agent/detect/moments.h"
#include "agent/detect/pay_cases.h"
#include "agent/detect/pay_common.h"
#include "agent/detect/pay_curve.h"
#include "agent/detect/pay_facet.h"
#include "agent/detect/pay_holder.h"
#include "agent/detect/pay_keys.h"
#include "agent/detect/pay_run.h"
#include "agent/detect/quantile.h"
#include "agent/detect/season.h"

/* At most about 22 MiB: 8 of cards, 1.4 of parties, 12 of cases, 0.2 of tables. A shop with 500 payments a day
 * fills the cases in half a year: charge-backs find theirs. */
enum {
    SCORE_CARDS_MAX = 65536,
    SCORE_PARTIES_MAX = 16384,
    SCORE_CURRENCIES_MAX = 4,
    SCORE_STATE_VERSION = 1,
};

/* Circumstances: each takes one of a few cases. */
enum score_facet {
    FACET_HOUR,     /* local hour */
    FACET_PACE,     /* payments of this card within the hour */
    FACET_DECLINES, /* of this card within the day */
    FACET_ABROAD,   /* its country against the last one of this card */
    FACET_COUNTRY,  /* the country itself */
    FACET_FRESH,    /* how long the card is known */
    FACET_KIND,     /* kind of transaction, and its outcome */
    FACET_PLACE,    /* how long the terminal is known */
    SCORE_FACETS
};
/* Who handled it. */
enum score_party { PARTY_TERMINAL, PARTY_EMPLOYEE, PARTY_DEVICE, SCORE_PARTIES };
/* Causes: the card, the amount, what nothing here can see, then the parties. */
enum {
    CAUSE_HOLDER,
    CAUSE_LARGE,
    CAUSE_UNSEEN,
    CAUSE_PARTY,
    SCORE_CAUSES = CAUSE_PARTY + SCORE_PARTIES
};

_Static_assert((int)SCORE_PARTIES == (int)PAY_CASE_PARTIES &&
                   (int)SCORE_CAUSES == (int)PAY_CASE_CAUSES &&
                   (int)SCORE_FACETS == (int)PAY_CASE_FACETS,
               "a case has them all");

struct score_party_cell {
    int64_t since_ns;
    struct pay_run run;
};

/* What is usual in one currency. */
struct score_money {
    char currency[4];
    struct moments all, variation; /* of amounts; of ((x - mean) / mean)^2 within cards */
    struct pay_curve amounts;
    uint32_t median, since_shaped; /* the bin that the shapes stand around, and how many ago */
};

/* What one payment looks like before it is learned. Pointers are borrowed. */
struct score_look {
    struct pay_case c;
    struct score_money *money; /* NULL: none */
    struct pay_holder *holder; /* never NULL: `nobody` where there is no card */
    struct pay_holder nobody;
    double habit, large;        /* ratios of the amount; 1 without one */
    double circumstances;       /* product of the facets' ratios, bounded */
    double facet[SCORE_FACETS]; /* each ratio */
    double spell;               /* the holder's, before this payment */
    double p;
};

struct pay_score {
    struct judge *judge;
    char currency[4]; /* the shop's */
    struct season_clock clock;
    struct keytab *cards, *parties;
    struct pay_cases *cases;
    struct score_money *monies[SCORE_CURRENCIES_MAX];
    struct pay_curve habits;
    struct pay_facet facets[SCORE_FACETS];
    struct pay_runs runs[SCORE_PARTIES];
    struct quantile ranks;    /* of scores */
    double large, unseen;     /* frauds by their amount, and by nothing that we know */
    double payments, labels;  /* since labels come */
    int64_t forgot_ns;        /* when the tables last forgot */
    uint64_t frauds, genuine; /* labels that were learned */
    uint64_t unknown, other_currencies;
    struct score_look look; /* of the latest payment */
    bool changed;
};

/* ---- pay_score_look.c ---- */

/* Tables' prior ratios and shapes, before state is loaded. */
void score_tables_init(struct pay_score *s);
/* Draws the shapes of amounts around m->median; the other one takes the median of now first. */
void score_money_draw(struct score_money *m);
void score_money_shape(struct score_money *m);
/* False without memory. */
bool score_look(struct pay_score *s, const struct obs *obs, struct score_look *out);
/* The ratio by the holder's cause; bounded. */
double score_holder_ratio(const struct score_look *look);

/* ---- pay_score_learn.c ---- */

void score_learn(struct pay_score *s, struct score_look *look, const struct txn_view *t);
/* What became of a payment; one that was labelled before is corrected. */
void score_label(struct pay_score *s, struct pay_case *c, bool fraud, int64_t now_ns);

/* ---- pay_score_reasons.c ---- */

/* `look` is a struct score_look. */
void score_reasons(const void *look, struct judge_scored *out);

/* ---- pay_score_rows.c ---- */

void score_save(void *self, struct state_out *out);
enum vg_err score_load(void *self, struct slice key, uint16_t version, struct slice blob);
enum vg_err score_tables_new(struct pay_score *s);
struct score_money *score_money_new(const char *currency);
