/* SPDX-License-Identifier: Apache-2.0 */
/* pay_many: what the tests of the payment detectors do to a shop beside ordinary sales. */
#pragma once

#include "pay_kit.h"

/* An approved sale now, by whom and where. NULL: whoever the shop chose. */
static inline void
many_sale(struct shop *s, struct shop_txn *t, const char *terminal, const char *employee)
{
    shop_sale(s, t);
    t->view.outcome = TXN_APPROVED;
    if (terminal != NULL)
        (void)vg_strcpy(t->terminal, sizeof t->terminal, terminal);
    if (employee != NULL)
        (void)vg_strcpy(t->employee, sizeof t->employee, employee);
    shop_give(s, t);
}

/* Something that refers to a sale, now: refund, void or charge-back. */
static inline void
many_after(struct shop *s, const struct shop_txn *sale, enum txn_kind kind)
{
    struct shop_txn t = *sale;

    t.view.time_ns = s->now_ns;
    t.view.kind = kind;
    (void)vg_strcpy(t.original, sizeof t.original, sale->id);
    (void)snprintf(t.id, sizeof t.id, "x%llu", (unsigned long long)s->next_id++);
    shop_give(s, &t);
}

/* So much later an ordinary sale: what waits is told with the log's time, not with the clock's. */
static inline void
many_later(struct shop *s, int64_t ns)
{
    struct shop_txn t;

    s->now_ns += ns;
    many_sale(s, &t, NULL, NULL);
}

/* Days of business in which every employee refunds, voids and is declined as people do. */
static inline void
many_days(struct shop *s, int days)
{
    for (int day = 0; day < days; day++) {
        struct shop_txn t;

        shop_run(s, 1);
        for (int i = 0; i < 2; i++) {
            many_sale(s, &t, NULL, NULL);
            s->now_ns += VG_MIN_NS;
            many_after(s, &t, i == 0 ? TXN_VOID : TXN_REFUND);
        }
    }
}

/* A payout or settings: `account` NULL: none. */
static inline void
many_office(struct shop *s, enum txn_kind kind, const char *account, int64_t amount)
{
    struct shop_txn t = {.view = {.time_ns = s->now_ns, .kind = kind, .label = -1}};

    t.view.has_amount = amount > 0;
    t.view.amount = amount;
    (void)vg_strcpy(t.view.currency, sizeof t.view.currency, "MXN");
    (void)snprintf(t.id, sizeof t.id, "o%llu", (unsigned long long)s->next_id++);
    (void)vg_strcpy(t.account, sizeof t.account, account != NULL ? account : "");
    shop_give(s, &t);
}
