/* SPDX-License-Identifier: Apache-2.0 */
/* pay_tries: the last few transactions that mattered, kept in a small ring of fixed size to become
 * the evidence of an alert: no JSON is made for what never alerts. Longer texts are cut. */
#pragma once

#include "agent/detect/pay_common.h"

enum { PAY_TRIES = 12 };

struct pay_try {
    int64_t time_ns, amount; /* amount -1: none */
    uint64_t line;
    uint8_t outcome;
    char id[48], card[48], last4[5], bin[7], currency[4], ip[48], terminal[32], source[64];
};

struct pay_tries {
    uint32_t next;
    struct pay_try kept[PAY_TRIES];
};

/* One of them by itself. */
void pay_try_set(struct pay_try *k, const struct txn_view *t);
json_t *pay_try_evidence(const struct pay_try *k); /* new reference */
void pay_try_put(const struct pay_try *k, struct buf *out);
void pay_try_get(struct pay_try *k, struct slice *in);

void pay_tries_keep(struct pay_tries *r, const struct txn_view *t);
/* Those since `from_ns`, oldest first, as an array. New reference. */
json_t *pay_tries_evidence(const struct pay_tries *r, int64_t from_ns);
void pay_tries_put(const struct pay_tries *r, struct buf *out);
void pay_tries_get(struct pay_tries *r, struct slice *in);
