/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/txn.h"

#include <stdlib.h>

static void
text(struct buf *out, const char *key, struct str value)
{
    if (value.len > 0)
        vg_json_put_str(out, key, value.at, value.len);
}

void
txn_write(const struct txn_view *t, struct buf *out)
{
    const char *kind = txn_kind_name(t->kind), *outcome = txn_outcome_name(t->outcome);

    buf_put_u8(out, '{');
    vg_json_put_time(out, "time", t->time_ns);
    text(out, "id", t->id);
    text(out, "kind", str_of(kind));
    text(out, "outcome", str_of(outcome));
    text(out, "reason", t->reason);
    if (t->has_amount) {
        vg_json_put_int(out, "amount", t->amount);
        text(out, "currency", str_of(t->currency));
    }
    text(out, "card", t->card);
    text(out, "bin", str_of(t->bin));
    text(out, "last4", str_of(t->last4));
    text(out, "customer", t->customer);
    text(out, "email", t->email);
    text(out, "ip", t->ip);
    text(out, "device", t->device);
    text(out, "terminal", t->terminal);
    text(out, "employee", t->employee);
    text(out, "order", t->order);
    text(out, "original", t->original);
    text(out, "account", t->account);
    text(out, "country", str_of(t->country));
    if (t->label >= 0)
        vg_json_put_int(out, "label", t->label);
    buf_put_u8(out, '}');
}

enum { TEXTS = 15 };

static void
texts_of(struct txn_view *t, struct str *out[TEXTS])
{
    struct str *all[TEXTS] = {&t->id,       &t->reason,  &t->card,       &t->customer, &t->email,
                              &t->ip,       &t->device,  &t->terminal,   &t->employee, &t->order,
                              &t->original, &t->account, &t->mail_shape, &t->mailbox,  &t->source};

    memcpy(out, all, sizeof all);
}

static size_t
texts_bytes(const struct txn_view *t)
{
    struct txn_view copy = *t;
    struct str *texts[TEXTS];
    size_t bytes = 0;

    texts_of(&copy, texts);
    for (size_t i = 0; i < TEXTS; i++)
        bytes += texts[i]->len;
    return bytes;
}

bool
txn_copy_into(const struct txn_view *t, struct txn_view *own, char *texts, size_t room)
{
    struct str *each[TEXTS];

    *own = *t;
    texts_of(own, each);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t len = each[i]->len;

        if (len > room)
            return false;
        if (len > 0) /* an absent text may be NULL */
            memcpy(texts, each[i]->at, len);
        *each[i] = str_n(texts, len);
        texts += len;
        room -= len;
    }
    return true;
}

struct txn_view *
txn_copy(const struct txn_view *t)
{
    size_t bytes = texts_bytes(t);
    struct txn_view *own = malloc(sizeof *own + bytes);

    if (own != NULL)
        (void)txn_copy_into(t, own, (char *)(own + 1), bytes);
    return own;
}
