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

/* Sixty cards in fifteen minutes at one address, most declined, small amounts. */
static inline void
many_attack(struct shop *s, int tries, bool same_card)
{
    for (int i = 0; i < tries; i++) {
        struct shop_txn t;

        s->now_ns += 15 * VG_SEC_NS;
        shop_sale(s, &t);
        (void)snprintf(t.card, sizeof t.card, "stolen%d", same_card ? 0 : i);
        (void)vg_strcpy(t.ip, sizeof t.ip, "198.51.100.7");
        (void)vg_strcpy(t.terminal, sizeof t.terminal, "web");
        t.view.amount = 100 + i;
        t.view.outcome = i % 5 == 4 ? TXN_APPROVED : TXN_DECLINED;
        shop_give(s, &t);
    }
}

static inline void
many_refund(struct shop *s, const struct shop_txn *sale, const char *card, int64_t amount,
            const char *original)
{
    struct shop_txn t = *sale;

    s->now_ns += VG_MIN_NS;
    t.view.time_ns = s->now_ns;
    t.view.kind = TXN_REFUND;
    t.view.outcome = TXN_APPROVED;
    t.view.amount = amount;
    (void)snprintf(t.id, sizeof t.id, "r%llu", (unsigned long long)s->next_id++);
    (void)vg_strcpy(t.card, sizeof t.card, card);
    (void)vg_strcpy(t.original, sizeof t.original, original);
    shop_give(s, &t);
}

/* A sale and its refund, as they happen. */
static inline void
many_refunded(struct shop *s)
{
    struct shop_txn t;

    shop_sale(s, &t);
    t.view.outcome = TXN_APPROVED;
    shop_give(s, &t);
    many_refund(s, &t, t.card, t.view.amount, t.id);
}

static inline void
many_order(struct shop *s, struct shop_txn *t, const char *card, const char *country,
           const char *mail)
{
    s->now_ns += 7 * VG_MIN_NS;
    shop_sale(s, t);
    t->view.outcome = TXN_APPROVED;
    (void)vg_strcpy(t->card, sizeof t->card, card);
    (void)vg_strcpy(t->mail, sizeof t->mail, mail);
    (void)vg_strcpy(t->terminal, sizeof t->terminal, "web");
    (void)vg_strcpy(t->view.country, sizeof t->view.country, country);
    shop_give(s, t);
}

static inline void
many_web_days(struct shop *s, int days)
{
    for (int day = 0; day < days; day++) {
        shop_run(s, 1);
        for (int i = 0; i < 30; i++) {
            unsigned who = (unsigned)(kit_next(&s->rng) % 200),
                     at = (unsigned)(kit_next(&s->rng) % 50);
            char card[24], mail[48];
            struct shop_txn t;

            (void)snprintf(card, sizeof card, "web%u", who);
            (void)snprintf(mail, sizeof mail, "a%u@example.com", who);
            many_order(s, &t, card, at == 0 ? "US" : "MX", mail);
        }
    }
}

/* A month in which one terminal, or the whole shop, brings charge-backs. */
static inline void
many_dispute(struct shop *s, const char *terminal, int count)
{
    struct shop_txn t;

    for (int i = 0; i < count; i++) {
        shop_sale(s, &t);
        t.view.outcome = TXN_APPROVED;
        (void)snprintf(t.card, sizeof t.card, "victim%d-%u", i,
                       (unsigned)(kit_next(&s->rng) % 1000));
        (void)vg_strcpy(t.terminal, sizeof t.terminal,
                        terminal != NULL ? terminal
                        : i % 3 == 0     ? "caja0"
                        : i % 3 == 1     ? "caja1"
                                         : "caja2");
        shop_give(s, &t);
        shop_run(s, 1);
        t.terminal[0] = '\0';
        many_after(s, &t, TXN_CHARGEBACK);
    }
}
