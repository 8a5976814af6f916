/* SPDX-License-Identifier: Apache-2.0 */
/* pay_ahead: which tables the payment detectors will ask, and for which keys, so that the records of
 * the payments that come next are fetched while one is judged. Nothing depends on it but speed. */
#pragma once

#include "agent/detect/keytab.h"
#include "agent/detect/pay_keys.h"

enum { PAY_AHEAD_MAX = 48 };

/* Nothing to be looked ahead for: all zero. */
struct pay_ahead {
    struct {
        const struct keytab *table; /* borrowed */
        enum pay_key_kind kind;
    } tables[PAY_AHEAD_MAX];
    struct {
        void (*expect)(const void *self, uint64_t key);
        const void *self;
        enum pay_key_kind kind;
    } others[PAY_AHEAD_MAX];
    size_t table_count, other_count;
};

/* The table is asked for this key of most payments; it outlives the looking. `a` may be NULL. Beyond
 * PAY_AHEAD_MAX it is not looked ahead for. */
void pay_ahead_add(struct pay_ahead *a, const struct keytab *table, enum pay_key_kind kind);
/* The same for what is no keytab. */
void pay_ahead_call(struct pay_ahead *a, void (*expect)(const void *self, uint64_t key),
                    const void *self, enum pay_key_kind kind);

/* The steps of one payment in their order, with some time (other payments) in between. */
void pay_ahead_look(const struct pay_ahead *a, const struct pay_keys *keys, enum keytab_step step);
