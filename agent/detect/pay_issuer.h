/* SPDX-License-Identifier: Apache-2.0 */
/* pay_issuer: which cards of one issuer's range (BIN) were declined, or tried with small amounts, in the
 * last day: whoever makes up card numbers goes through a range, a few tries from each address, too
 * slowly for what counts minutes.
 *
 * Of each range the last PAY_ISSUER_KEPT such cards are kept with their last four digits. Two things
 * are told: how many of them have neighbouring last four digits (within PAY_ISSUER_NEAR), which those
 * of unrelated customers have by chance alone, so that no past is needed (binomial tail); and how many
 * different ones were declined within a day, against the range's own past (negative binomial tail).
 * Time that goes backwards forgets nothing. Owner: pay.card_testing. */
#pragma once

#include "agent/detect/keytab.h"

enum { PAY_ISSUER_KEPT = 16, PAY_ISSUERS_MAX = 2048, PAY_ISSUER_NEAR = 100 };
#define PAY_ISSUER_WINDOW_NS (INT64_C(24) * 3600 * 1000000000)
#define PAY_ISSUER_MEMORY_NS (INT64_C(30) * 24 * 3600 * 1000000000)

struct pay_issuer_card {
    int64_t time_ns; /* 0: none */
    uint32_t card;   /* a part of its key */
    uint16_t last4;
};

struct pay_issuer {
    int64_t at_ns, since_ns;
    float declined, base; /* different cards, within the window; forgotten with the memory */
    uint32_t next;
    struct pay_issuer_card kept[PAY_ISSUER_KEPT];
};

struct pay_issuer_look {
    double p, usual; /* usual: declined cards to expect in a window */
    unsigned cards;  /* different ones that are kept, of this window */
    unsigned near;   /* how many of them are neighbours of the newest, itself included; 1: none */
    bool in_a_row;   /* the neighbours say more than the number */
};

extern const struct keytab_options PAY_ISSUERS; /* a table of them */
/* Counts a card that was declined or tried with a small amount; `last4` from 0 to 9999. NULL: it is
 * one of those that are kept (or no memory). Borrowed until the next call. */
struct pay_issuer *pay_issuer_count(struct keytab *issuers, uint64_t key, uint64_t card,
                                    unsigned last4, bool declined, int64_t now_ns);
/* What the cards of the window look like, the newest being counted. p is 1 below min_cards. */
struct pay_issuer_look pay_issuer_look(const struct pay_issuer *c, double min_cards,
                                       int64_t now_ns);
/* What becomes usual here, with the weight of a judge_learn_weight(). */
void pay_issuer_learn(struct pay_issuer *c, bool declined, double w);
